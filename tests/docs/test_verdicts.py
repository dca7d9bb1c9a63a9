"""The page of verdicts is a function of the code, and of the runs and remarks in the repository."""

import pytest

from docs.make.remarks import outdated, read_remarks
from docs.make.verdicts import FAILURE, PAGE, RUNS, SHOWN, criteria, outcome, page, picture_of
from ganlab.diagnosis.calibration import Cell, earned, table
from ganlab.diagnosis.early import NEEDS
from ganlab.runs.files import read_json
from ganlab.verdicts import words

RUNS_SHOWN, REMARKS = read_json(RUNS), read_remarks("verdicts")


def test_the_page_is_what_its_script_makes() -> None:
    """After a change of a threshold, a cure or a docstring: `python -m docs.make.verdicts`."""
    assert PAGE.read_text() == page(RUNS_SHOWN, REMARKS)


def test_the_page_says_what_each_verdict_needs() -> None:
    text = PAGE.read_text()
    assert all(f"| {words(name)} | " in text for name in NEEDS)
    assert f"| oscillation | {NEEDS['oscillation'].rows} | {NEEDS['oscillation'].seen} |" in text


def test_every_failure_has_a_section() -> None:
    text = PAGE.read_text()
    for name in FAILURE:
        assert "\n\n".join(filter(None, criteria(name))) in text, name


def test_remarks_were_written_for_the_verdicts_that_are_shown() -> None:
    assert set(REMARKS) == {name for name, _ in SHOWN}
    assert not outdated(REMARKS, {name: outcome(run) for name, run in RUNS_SHOWN.items()})


@pytest.mark.parametrize("name", RUNS_SHOWN)
def test_confidences_are_those_of_the_table_that_ships(name: str) -> None:
    """After `python -m truth.accuracy calibrate`: `python -m docs.make.verdicts --corpora FOLDER`."""
    cells = [Cell(**each) for each in table()["cells"]]
    known = [earned(table(), FAILURE[name].name, cell.domain, *cell.size) for cell in cells]
    shown = RUNS_SHOWN[name]["verdict"][2].partition("; severity")[0]
    assert shown in {f"confidence {100 * sure:.0f} % ({basis})" for sure, basis in known}


@pytest.mark.parametrize(("name", "run"), SHOWN)
def test_the_run_that_shows_a_verdict_is_the_one_in_the_results(name: str, run: str) -> None:
    assert RUNS_SHOWN[name]["run"] == run
    assert name.replace("_", " ") in RUNS_SHOWN[name]["verdict"][0].lower()
    assert picture_of(name).is_file()
