"""The page of induced failures is a function of the results and remarks in the repository."""

from docs.make.failures import PAGE, PICTURES, page, stored
from docs.make.remarks import read_remarks


def test_the_page_is_what_its_script_makes_of_the_results() -> None:
    assert PAGE.read_text() == page(*stored(), read_remarks("failures"))


def test_every_picture_of_the_page_is_there_and_none_besides() -> None:
    text = PAGE.read_text()
    assert {file.stem for file in PICTURES.glob("*.png") if f"failures/{file.name})" not in text} == {"overview"}
    assert text.count("](images/failures/") == len(list(PICTURES.glob("*.png"))) - 1


def test_runs_that_were_planned_but_never_trained_are_not_counted() -> None:
    induced, guide = stored()
    assert (len(guide.runs), len(guide.judged)) == (12, 9)
    assert f"{len(induced.judged) + len(guide.judged)} real runs" in PAGE.read_text()
