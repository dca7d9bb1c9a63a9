"""How sure a verdict is."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from ganlab.diagnosis import calibration
from ganlab.diagnosis.calibration import UNCALIBRATED, confidence
from ganlab.diagnosis.case import Case, Charge
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.evaluation.classifier import shipped

SHIPPED = calibration.table()

CHARGE = Charge(severity=1.0, onset=10, window=(10, 20), findings=(), summary="All samples are alike.")
EVIDENCE = Evidence(
    "run",
    curves={"d_loss": Series(np.arange(1, 21), np.ones(20))},
    snapshots=({"step": 10, "good": 0.9}, {"step": 20, "good": 0.9}),
)


@pytest.fixture(autouse=True)
def _calibrated(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"bins": [{"from": 0.0, "right": 98, "runs": 100}], "failures": {"mode_collapse": 40}}
    monkeypatch.setattr(calibration, "table", lambda: known)


def test_as_often_as_runs_as_clear_were_judged_right() -> None:
    sure, basis = confidence("mode_collapse/total", CHARGE, Case(EVIDENCE))
    assert sure == pytest.approx(99 / 102, abs=1e-3)
    assert basis.startswith("98 of 100 labelled runs")


@pytest.mark.parametrize(
    ("evidence", "name", "why"),
    [
        (replace(EVIDENCE, damaged=True), "mode_collapse/total", "parts of the run are missing or damaged"),
        (replace(EVIDENCE, snapshots=()), "mode_collapse/total", "no samples were seen"),
        (EVIDENCE, "degraded", "0 labelled runs had this failure"),
    ],
)
def test_no_surer_than_is_known(evidence: Evidence, name: str, why: str) -> None:
    assert confidence(name, CHARGE, Case(evidence)) == (UNCALIBRATED, f"uncalibrated: {why}")


def test_damage_stays_with_an_earlier_part_of_a_run() -> None:
    assert replace(EVIDENCE, damaged=True).until(10).damaged


def test_the_shipped_table_was_made_with_the_features_of_today() -> None:
    """After a change of the classifier, samples score differently: the corpus must be judged again."""
    assert f"mnist-cnn-{shipped()[1]}" in SHIPPED["made_from"]["features"]


def test_the_shipped_table_says_from_which_runs_and_code_it_was_made() -> None:
    made_from = SHIPPED["made_from"]
    runs = sum(SHIPPED["failures"].values())
    assert made_from["corpus"].startswith(f"{runs} runs of truth/corpus.py")
    assert re.fullmatch("[0-9a-f]{40}", made_from["commit"])
    assert sum(each["runs"] for each in SHIPPED["bins"]) == runs - SHIPPED["failures"]["inconclusive"]
