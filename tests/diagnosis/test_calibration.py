"""How sure a verdict is."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from ganlab.config.load import experiment_from_mapping
from ganlab.diagnosis import calibration
from ganlab.diagnosis.calibration import DOMAINS, ENOUGH_RUNS, UNCALIBRATED, confidence, domain_of
from ganlab.diagnosis.case import Case, Charge
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.findings import Finding
from ganlab.evaluation.classifier import shipped

SHIPPED = calibration.table()


def charge(value: float = 2.0) -> Charge:
    """A charge as clear as the distance of a value from its threshold, 1."""
    found = Finding("good", value, 1.0, (10, 20), "", "")
    return Charge(severity=1.0, onset=10, window=(10, 20), findings=(found,), summary="All samples are alike.")


def run(samples: int = 1000, snapshots: int = 12, features: str = "mnist-cnn-0", **row: Any) -> Evidence:
    """A run that was judged on so many samples and snapshots."""
    rows = ({"step": 10 * step + 10, "n": samples, "good": 0.9, "protocol": {"features": features}, **row}
            for step in range(snapshots))  # fmt: skip
    curves = {"d_loss": Series(np.arange(1, 21), np.ones(20))}
    return Evidence("run", curves=curves, snapshots=tuple(rows))


def cell(samples: int, snapshots: int, right: int, runs: int, domain: str = "mnist") -> dict[str, Any]:
    bins = [{"from": 0.0, "right": right, "runs": runs}]
    return {"domain": domain, "samples": samples, "snapshots": snapshots, "bins": bins}


RING = experiment_from_mapping(
    {"data": {"name": "ring"}, "generator": {"name": "mlp"}, "discriminator": {"name": "mlp"}}, ()
)
CELLS = [
    cell(25, 1, 8, 9),
    cell(64, 1, 39, 40),
    cell(64, 4, 35, 40),
    cell(1000, 1, 38, 40),
    {**cell(1000, 4, 0, 0), "bins": [{"from": 0.0, "right": 7, "runs": 10}, {"from": 0.5, "right": 30, "runs": 30}]},
    cell(64, 1, 12, 12, "classes"),
    cell(0, 0, 13, 14, "losses"),
]


@pytest.fixture(autouse=True)
def _calibrated(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"cells": CELLS, "failures": {"mode_collapse": 40, "degraded": 3}}
    monkeypatch.setattr(calibration, "table", lambda: known)


def sure(evidence: Evidence, name: str = "mode_collapse/total", value: float = 2.0) -> tuple[float, str]:
    return confidence(name, charge(value), Case(evidence))


def test_as_often_as_runs_of_the_same_domain_and_size_were_judged_right() -> None:
    assert sure(run(64, 4)) == (
        pytest.approx(36 / 42, abs=1e-3),
        "35 of 40 labelled runs on MNIST, judged on 64 samples and 4 snapshots, were judged right",
    )
    assert sure(run(64, 4, "folder-pyramid-0", class_counts=[30, 34]))[1] == (
        "12 of 12 labelled runs on pictures with classes, judged on 64 samples and 1 snapshot, were judged right"
    )


def test_a_run_is_held_against_the_largest_sizes_that_it_reaches() -> None:
    assert sure(run(999, 3)) == sure(run(64, 1))
    assert sure(run(999, 11)) == sure(run(64, 4))
    assert sure(run(5000, 100)) == sure(run(1000, 4))


def test_clearer_verdicts_are_held_against_clearer_ones() -> None:
    assert sure(run(1000, 4), value=1.1) == (
        pytest.approx(8 / 12, abs=1e-3),
        "7 of 10 labelled runs on MNIST with a verdict as clear as this one, judged on 1,000 samples and 4 snapshots, "
        "were judged right",
    )
    assert sure(run(1000, 4), value=1.9)[0] == pytest.approx(31 / 32, abs=1e-3)


def test_more_evidence_makes_no_run_look_less_sure() -> None:
    """39 of 40 were judged right by one snapshot, and 35 of 40 by four: one is trusted no more than four."""
    assert sure(run(64, 1)) == sure(run(64, 4))
    for value, (samples, snapshots) in product((1.1, 1.9), ((64, 1), (64, 4), (1000, 1))):
        assert sure(run(samples, snapshots), value=value)[0] <= sure(run(samples, 4), value=value)[0]


@pytest.mark.parametrize(
    ("evidence", "name", "why"),
    [
        (replace(run(), damaged=True), "mode_collapse/total", "parts of the run are missing or damaged"),
        (replace(run(), snapshots=()), "mode_collapse/total", "no samples were seen"),
        (run(), "degraded", "3 labelled runs had this failure"),
        (run(), "oscillation", "0 labelled runs had this failure"),
        (run(game="infogan"), "mode_collapse/total", "no labelled run used this game"),
        (run(24), "mode_collapse/total", "only 24 samples were seen"),
        (run(25), "mode_collapse/total", "only 9 labelled runs on MNIST, judged on 25 samples and 1 snapshot"),
        (run(protocol=None), "mode_collapse/total", "it isn't recorded what the samples were seen through"),
        (run(features="ring-coordinates"), "mode_collapse/total", "there are no labelled runs on points"),
    ],
)
def test_no_surer_than_is_known(evidence: Evidence, name: str, why: str) -> None:
    assert sure(evidence, name) == (UNCALIBRATED, f"uncalibrated: {why}")


def test_few_runs_of_which_few_were_judged_right_are_no_reason_to_be_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"cells": [cell(25, 1, 3, 9)], "failures": {"mode_collapse": 40}}
    monkeypatch.setattr(calibration, "table", lambda: known)
    assert sure(run())[0] == pytest.approx(4 / 11, abs=1e-3)


def test_one_run_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "table", lambda: {"cells": [cell(25, 1, 1, 1)], "failures": {}})
    assert (
        sure(run(25, 1), "degraded")[1]
        == "uncalibrated: only 1 labelled run on MNIST, judged on 25 samples and 1 snapshot"
    )


def test_losses_alone_are_held_against_losses_alone() -> None:
    own = replace(run(), snapshots=(), experiment=experiment_from_mapping({}, ()))
    assert sure(own) == (
        pytest.approx(14 / 16, abs=1e-3),
        "13 of 14 labelled runs of ganlab's, judged on the losses alone, were judged right",
    )
    assert sure(replace(run(), snapshots=()))[1] == "uncalibrated: no samples were seen"


@pytest.mark.parametrize(
    ("evidence", "domain"),
    [
        (run(), "mnist"),
        (run(features="grid-coordinates"), "points"),
        (run(features="array-coordinates"), "points"),
        (run(features="folder-pyramid-1a2b", class_counts=[3, 4]), "classes"),
        (run(features="folder-pyramid-1a2b"), "pictures"),
        (run(features="array-pyramid-1a2b", class_counts=[7]), "pictures"),
        (run(features="their own"), None),
        (run(protocol="damaged"), None),
        (replace(run(protocol=None), experiment=RING), "points"),
        (replace(run(protocol=None), experiment=experiment_from_mapping({}, ())), "mnist"),
        (replace(run(), snapshots=()), "logs"),
    ],
)
def test_domains_are_told_apart_by_what_samples_were_seen_through(evidence: Evidence, domain: str | None) -> None:
    assert domain_of(Case(evidence)) == domain


def test_damage_stays_with_an_earlier_part_of_a_run() -> None:
    assert replace(run(), damaged=True).until(10).damaged


def test_the_shipped_table_was_made_with_the_features_of_today() -> None:
    """After a change of the classifier, samples score differently: the corpus must be judged again."""
    assert f"mnist-cnn-{shipped()[1]}" in SHIPPED["made_from"]["features"]


def test_the_shipped_table_says_from_which_runs_and_code_it_was_made() -> None:
    made_from = SHIPPED["made_from"]
    assert set(made_from["runs"]) <= {"own", "colour", "trainers"}
    assert re.match("[0-9a-f]{40}", made_from["commit"])
    assert {each["domain"] for each in SHIPPED["cells"]} == set(DOMAINS)
    for each in SHIPPED["cells"]:
        bins = each["bins"]
        assert sum(its["runs"] for its in bins) <= 2 * sum(made_from["runs"].values())
        shares = [(its["right"] + 1) / (its["runs"] + 2) for its in bins]
        assert shares == sorted(shares)
        assert bins[0]["from"] == 0
        assert len(bins) == 1 or min(its["runs"] for its in bins) >= ENOUGH_RUNS
