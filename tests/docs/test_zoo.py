"""The page of named GANs: its tables are made from figures.json, and its text was written for the verdicts there."""

import re
from typing import Any

import pytest

from docs.make.zoo import FIGURES, PAGE, Row, figure_cell, fill
from ganlab.runs.files import read_json

FOUND: dict[str, list[Row]] = read_json(FIGURES)["runs"]


def test_the_page_is_what_its_script_makes_of_the_figures() -> None:
    assert fill(PAGE.read_text(), FOUND) == PAGE.read_text()


def test_averages_that_are_spoiled_have_no_median() -> None:
    rows: list[Row] = [{"ema": {"fid": value}, "live": {"fid": 50.0}, "ema_spoiled": "why"} for value in (88.4, 261)]
    assert figure_cell(rows, "ema", "fid") == "spoiled (88.4, 261)"
    assert figure_cell(rows, "live", "fid") == "**50** (50, 50)"


def test_text_about_runs_says_so_once_their_verdicts_have_become_others() -> None:
    page = "<!-- written for a: healthy, healthy -->\nAll is well.\n"
    same: dict[str, list[Row]] = {"a": [{"verdict": "healthy"}, {"verdict": "healthy"}]}
    assert fill(page, same) == page
    other: dict[str, Any] = {"a": [{"verdict": "healthy"}, {"verdict": "diverged"}]}
    dated = fill(page, other)
    assert "the verdicts of `a` were: healthy, healthy. They are now: healthy, diverged." in dated
    assert fill(dated, other) == dated
    assert fill(dated, same) == page


@pytest.mark.parametrize("mark", re.findall(r"<!-- written for (\S+): ", PAGE.read_text()))
def test_text_is_about_configurations_in_the_figures(mark: str) -> None:
    assert mark in FOUND
