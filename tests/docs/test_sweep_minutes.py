"""Shipped sweeps state the time that `--dry-run` estimates."""

from __future__ import annotations

import pytest

from docs.make.minutes import PAGE
from docs.make.sweep_minutes import NAMES, Measured, Range, row, runs_of, stated, table
from ganlab.config.shipped import find_sweep
from ganlab.sweeps.plan import make_plan
from ganlab.sweeps.spec import load_spec

MEASURED = {each.name: each for each in table(PAGE.read_text())}


def test_the_table_has_every_sweep() -> None:
    assert list(MEASURED) == NAMES, "run python -m docs.make.sweep_minutes"


@pytest.mark.parametrize("name", NAMES)
def test_what_a_sweep_states_was_measured_on_the_runs_that_it_has(name: str) -> None:
    measured = MEASURED[name]
    assert measured.runs == runs_of(make_plan(load_spec(name))), f"run python -m docs.make.sweep_minutes {name}"
    says = stated(find_sweep(name).read_text())
    assert says is not None
    assert says.near(measured.minutes), f"--dry-run says {measured.minutes}"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("# So and so. About four minutes on two\n# cores; more.", Range(4, 4)),
        ("# About 8\n# minutes on two cores: 5 sizes.", Range(8, 8)),
        ("# more, about 20 to\n# 65 minutes on two cores", Range(20, 65)),
        ("# 600 steps, which take a while", None),
    ],
)
def test_statements_are_found_in_comments(text: str, minutes: Range | None) -> None:
    assert stated(text) == minutes


def test_both_ends_of_a_statement_hold_within_half_as_much_again() -> None:
    assert [Range(10, 60).near(Range(least, 60)) for least in (6, 7, 15, 16)] == [False, True, True, False]
    assert [Range(10, 60).near(Range(10, most)) for most in (39, 41, 90, 91)] == [False, True, True, False]


def test_a_row_of_the_table_is_read_as_it_is_written() -> None:
    measured = [Measured("x", Range(87, 405), Range(20, 65)), Measured("y", Range(40, 40), Range(4, 4))]
    assert row(measured[0]) == "| `x` | 87 to 405 | 20 to 65 |\n"
    page = "text\n\n| sweep | runs | minutes |\n| --- | --- | --- |\n" + "".join(map(row, measured)) + "\nmore\n"
    assert list(table(page)) == measured
