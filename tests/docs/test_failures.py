"""The page of induced failures is a function of the results in the repository."""

from docs.make.failures import PAGE, PICTURES, answer, page, stored
from ganlab.runs.status import ENDED


def test_the_page_is_what_its_script_makes_of_the_results() -> None:
    assert PAGE.read_text() == page(*stored())


def test_every_picture_of_the_page_is_there_and_none_besides() -> None:
    text = PAGE.read_text()
    assert {file.stem for file in PICTURES.glob("*.png") if f"failures/{file.name})" not in text} == {"overview"}
    assert text.count("](images/failures/") == len(list(PICTURES.glob("*.png"))) - 1


def test_runs_that_were_planned_but_never_trained_are_not_counted() -> None:
    sweeps = stored()
    for sweep in sweeps:
        assert len(sweep.judged) == sum(row["state"] in ENDED for row in sweep.runs)
    assert f"{sum(len(sweep.judged) for sweep in sweeps)} real runs" in PAGE.read_text()


def test_every_claim_is_on_the_page_with_its_answer() -> None:
    text = PAGE.read_text()
    for sweep in stored():
        for row in sweep.claims:
            assert f"**{answer(row)}**" in text
            assert f"Replicated: {answer(row)}.** Claim: " in text
