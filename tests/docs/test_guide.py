"""The page of the guide's figures shows what was measured."""

from __future__ import annotations

import json
from typing import Any

import pytest

from docs.make.guide import CHANGES, one_factor
from docs.make.one_factor import FACTORS, STUDIES, changed
from ganlab.config.load import load_experiment

MEASURED = json.loads(CHANGES.read_text())


def test_every_change_was_measured_on_every_run_that_it_is_one_of() -> None:
    assert MEASURED["changes"] == {name: factor.words for name, factor in FACTORS.items()}
    for key in STUDIES:
        names = [name for name, factor in FACTORS.items() if key in factor.studies]
        assert list(MEASURED["runs"][key]) == names, f"run python -m docs.make.one_factor {key}"


@pytest.mark.parametrize(("key", "name"), [(key, name) for key in STUDIES for name in FACTORS])
def test_every_change_changes_something_and_can_be_made(key: str, name: str) -> None:
    factor, study = FACTORS[name], STUDIES[key]
    if key not in factor.studies:
        return
    ours = changed(study, FACTORS["none"])
    assert name == "none" or factor.act is not None or changed(study, factor) != ours
    assert ours.optimizer == load_experiment(study.config).optimizer


def test_what_is_as_the_guide_says_is_bold_and_named_below_the_table() -> None:
    ours: dict[str, Any] = {"d_loss_real": 0.1, "d_loss_fake": 0.0001, "g_loss": 3.0, "g_peak": 6.0, "g_way": "rises"}
    other = {**ours, "d_loss_real": 0.0001}
    text = one_factor({"none": "none", "x": "something"}, {"b": {"none": ours, "x": other}})
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith(("| none", "| something"))]
    assert [row[3:6] for row in rows] == [["0.100", "6.00", "**rises**"], ["**1.0e-04**", "6.00", "**rises**"]]
    assert "- (b) D's losses: something." in text
    assert "- (b) G's loss: none; something." in text
    assert "- (b) largest G's loss: none of these changes." in text
