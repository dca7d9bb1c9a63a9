"""Labelled runs: which verdicts are right for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.truth.test_scoring import row
from truth.corpora import of_rules


@pytest.mark.parametrize(
    ("configuration", "label", "early"),
    [("img_guide_short_96", "garbage", True), ("img_guide_short_96", "good", False), ("img_dcgan", "garbage", False)],
)
def test_of_a_failed_run_of_a_few_steps_it_is_right_to_say_nothing(
    tmp_path: Path, configuration: str, label: str, early: bool
) -> None:
    known = {"configuration": configuration, "seed": 0, "run": "a run"}
    (tmp_path / "labels.json").write_text(json.dumps([{**row(label, earlier={"step": 10}), **known}]))
    [run] = of_rules(tmp_path)
    assert run.hit("inconclusive") is early
    assert run.hit("healthy") is (label == "good")
