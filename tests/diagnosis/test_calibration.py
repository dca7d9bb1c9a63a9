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
from ganlab.diagnosis.calibration import (
    DOMAINS,
    ENOUGH_RUNS,
    SURE,
    UNCALIBRATED,
    Cell,
    confidence,
    domain_of,
    of_others,
)
from ganlab.diagnosis.case import Case
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.evaluation.classifier import shipped

SHIPPED = calibration.table()


def run(samples: int = 1000, snapshots: int = 12, features: str = "mnist-cnn-0", **row: Any) -> Evidence:
    """A run of ganlab's that was judged on so many samples and snapshots."""
    rows = ({"step": 10 * step + 10, "n": samples, "good": 0.9, "protocol": {"features": features}, **row}
            for step in range(snapshots))  # fmt: skip
    curves = {"d_loss": Series(np.arange(1, 21), np.ones(20))}
    return Evidence("run", curves=curves, snapshots=tuple(rows), experiment=experiment_from_mapping({}, ()))


def others(evidence: Evidence) -> Evidence:
    """The same run, trained by another program."""
    return replace(evidence, experiment=None)


def cell(
    samples: int, snapshots: int, right: int, runs: int, domain: str = "mnist", accusing: bool = True
) -> dict[str, Any]:
    return {
        "domain": domain,
        "accusing": accusing,
        "samples": samples,
        "snapshots": snapshots,
        "right": right,
        "runs": runs,
    }


RING = experiment_from_mapping(
    {"data": {"name": "ring"}, "generator": {"name": "mlp"}, "discriminator": {"name": "mlp"}}, ()
)
CELLS = [
    cell(25, 1, 8, 9),
    cell(64, 1, 39, 40),
    cell(64, 4, 35, 40),
    cell(1000, 1, 38, 40),
    cell(1000, 4, 37, 40),
    cell(1000, 12, 9, 9),
    cell(64, 1, 12, 12, "classes"),
    cell(25, 1, 6, 10, "mnist, other code"),
    cell(64, 1, 3, 3, "mnist, other code"),
    cell(0, 0, 13, 14, "losses"),
    cell(64, 1, 20, 30, accusing=False),
    cell(64, 1, 4, 4, "points", accusing=False),
]


@pytest.fixture(autouse=True)
def _calibrated(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        "cells": CELLS,
        "verdicts": {
            "ours": {"mode_collapse": 30, "degraded": 3, "healthy": 20, "under_trained": 5},
            "others": {"mode_collapse": 10},
        },
    }
    monkeypatch.setattr(calibration, "table", lambda: known)


def sure(evidence: Evidence, name: str = "mode_collapse/total") -> tuple[float, str]:
    return confidence(name, Case(evidence))


def test_as_often_as_runs_of_the_same_domain_and_size_were_judged_right() -> None:
    assert sure(run(64, 4)) == (
        pytest.approx(36 / 42, abs=1e-3),
        "35 of 40 labelled runs on MNIST in which a failure was found, judged on 64 samples and 4 snapshots, "
        "were judged right",
    )
    assert sure(run(64, 4, "folder-pyramid-0", class_counts=[30, 34]))[1] == (
        "12 of 12 labelled runs on pictures with classes in which a failure was found, judged on 64 samples and "
        "1 snapshot, were judged right"
    )


def test_a_run_is_held_against_the_largest_sizes_that_it_reaches() -> None:
    assert sure(run(999, 3)) == sure(run(64, 1))
    assert sure(run(999, 11)) == sure(run(64, 4))
    assert sure(run(5000, 100)) == sure(run(1000, 4))


def test_runs_of_other_trainers_are_held_against_theirs_alone() -> None:
    assert sure(others(run(25, 1))) == (
        pytest.approx(7 / 12, abs=1e-3),
        "6 of 10 labelled runs of other trainers on MNIST in which a failure was found, judged on 25 samples "
        "and 1 snapshot, were judged right",
    )
    assert sure(others(run(64, 1))) == sure(others(run(25, 1)))  # of 64 samples there are three runs
    assert sure(others(run(features="ring-coordinates")))[1] == (
        "uncalibrated: there are no labelled runs of other trainers on points in which a failure was found"
    )


def test_verdicts_that_name_no_failure_are_held_against_such_verdicts_alone() -> None:
    assert sure(run(64, 4), "healthy") == (
        pytest.approx(21 / 32, abs=1e-3),
        "20 of 30 labelled runs on MNIST in which no failure was found, judged on 64 samples and 1 snapshot, "
        "were judged right",
    )
    points = run(features="ring-coordinates")
    assert sure(points, "healthy")[1] == (
        "uncalibrated: only 4 labelled runs on points in which no failure was found, judged on 64 samples and "
        "1 snapshot"
    )
    assert "there are no" in sure(points)[1]


def test_how_many_labelled_runs_had_a_verdict_is_counted_apart_for_other_trainers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cells = [cell(25, 1, 20, 20, domain, accusing=False) for domain in ("mnist", "mnist, other code")]
    known = {"cells": cells, "verdicts": {"ours": {"healthy": 20}, "others": {"healthy": 6, "under_trained": 14}}}
    monkeypatch.setattr(calibration, "table", lambda: known)
    assert sure(run(25, 1), "healthy")[0] == pytest.approx(21 / 22, abs=1e-3)
    theirs = others(run(25, 1))
    assert sure(theirs, "healthy") == (UNCALIBRATED, "uncalibrated: 6 labelled runs of other trainers had this verdict")
    assert sure(theirs, "under_trained")[0] == pytest.approx(21 / 22, abs=1e-3)


def test_what_was_not_measured_is_not_sure() -> None:
    assert sure(run(24))[0] == UNCALIBRATED < SURE


def test_stacked_digits_are_not_held_against_runs_on_digits() -> None:
    assert sure(run(features="stacked-mnist-cnn-0")) == (
        UNCALIBRATED,
        "uncalibrated: there are no labelled runs on stacked MNIST in which a failure was found",
    )


def test_more_evidence_makes_no_run_look_less_sure() -> None:
    """39 of 40 were judged right by one snapshot, and 35 of 40 by four: one is trusted no more than four."""
    assert sure(run(64, 1)) == sure(run(64, 4))
    sizes = list(product((24, 25, 64, 100, 1000), (1, 4, 12)))
    for less, more in product(sizes, sizes):
        if less[0] <= more[0] and less[1] <= more[1]:
            assert sure(run(*less))[0] <= sure(run(*more))[0]


def test_more_samples_make_no_run_look_less_sure_than_more_snapshots_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """No run was judged on 64 samples and four snapshots: one is at least as sure as by 25 samples and four."""
    known = {"cells": [cell(25, 4, 19, 20), cell(64, 1, 10, 20)], "verdicts": {"ours": {"mode_collapse": 40}}}
    monkeypatch.setattr(calibration, "table", lambda: known)
    assert sure(run(64, 4)) == sure(run(25, 4))
    assert sure(run(64, 1))[0] == pytest.approx(11 / 22)


def test_no_run_looks_surer_than_what_was_measured_of_runs_of_its_size() -> None:
    for each in CELLS:
        if each["domain"] == "mnist" and each["runs"] >= ENOUGH_RUNS:
            name = "mode_collapse/total" if each["accusing"] else "healthy"
            found = sure(run(each["samples"], each["snapshots"]), name)[0]
            assert found <= round((each["right"] + 1) / (each["runs"] + 2), 3)


def test_without_enough_runs_of_a_size_better_known_ones_are_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"cells": [cell(25, 1, 9, 9), cell(64, 1, 6, 10)], "verdicts": {"ours": {"mode_collapse": 40}}}
    monkeypatch.setattr(calibration, "table", lambda: known)
    assert sure(run(25, 1)) == (
        pytest.approx(7 / 12, abs=1e-3),
        "uncalibrated: only 9 labelled runs on MNIST in which a failure was found, judged on 25 samples and 1 snapshot",
    )


@pytest.mark.parametrize(
    ("evidence", "name", "why"),
    [
        (replace(run(), damaged=True), "mode_collapse/total", "parts of the run are missing or damaged"),
        (others(replace(run(), snapshots=())), "mode_collapse/total", "no samples were seen"),
        (run(), "degraded", "3 labelled runs had this verdict"),
        (run(), "oscillation", "0 labelled runs had this verdict"),
        (run(game="infogan"), "mode_collapse/total", "no labelled run used this game"),
        (run(24), "mode_collapse/total", "only 24 samples were seen"),
        (
            run(25),
            "mode_collapse/total",
            "only 9 labelled runs on MNIST in which a failure was found, judged on 25 samples and 1 snapshot",
        ),
        (others(run(protocol=None)), "mode_collapse/total", "it isn't recorded what the samples were seen through"),
        (
            run(features="ring-coordinates"),
            "mode_collapse/total",
            "there are no labelled runs on points in which a failure was found",
        ),
    ],
)
def test_no_surer_than_is_known(evidence: Evidence, name: str, why: str) -> None:
    assert sure(evidence, name) == (UNCALIBRATED, f"uncalibrated: {why}")


def test_few_runs_of_which_few_were_judged_right_are_no_reason_to_be_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"cells": [cell(25, 1, 3, 9)], "verdicts": {"ours": {"mode_collapse": 40}}}
    monkeypatch.setattr(calibration, "table", lambda: known)
    assert sure(run())[0] == pytest.approx(4 / 11, abs=1e-3)


@pytest.mark.parametrize(("runs", "limit"), [(4, UNCALIBRATED), (5, 1 / 7)])
def test_a_handful_of_runs_says_nothing(monkeypatch: pytest.MonkeyPatch, runs: int, limit: float) -> None:
    known = {"cells": [cell(25, 1, 0, runs)], "verdicts": {"ours": {"mode_collapse": 40}}}
    monkeypatch.setattr(calibration, "table", lambda: known)
    assert sure(run())[0] == pytest.approx(limit, abs=1e-3)


def test_one_run_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "table", lambda: {"cells": [cell(25, 1, 1, 1)], "verdicts": {}})
    said = "only 1 labelled run on MNIST in which a failure was found, judged on 25 samples and 1 snapshot"
    assert sure(run(25, 1), "degraded")[1] == f"uncalibrated: {said}"


def test_losses_alone_are_held_against_losses_alone() -> None:
    own = replace(run(), snapshots=())
    assert sure(own) == (
        pytest.approx(14 / 16, abs=1e-3),
        "13 of 14 labelled runs of ganlab's in which a failure was found, judged on the losses alone, were judged "
        "right",
    )
    assert sure(others(own))[1] == "uncalibrated: no samples were seen"


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
        (others(run(protocol="damaged")), None),
        (replace(run(protocol=None), experiment=RING), "points"),
        (run(protocol=None), "mnist"),
        (others(run()), "mnist, other code"),
        (others(run(features="ring-coordinates")), "points, other code"),
        (others(run(features="array-pyramid-1a2b", class_counts=[3, 4])), "classes, other code"),
        (others(run(features="array-pyramid-1a2b")), "pictures, other code"),
        (others(run(protocol=None)), None),
        (replace(run(), snapshots=()), "losses"),
        (others(replace(run(), snapshots=())), "logs"),
    ],
)
def test_domains_are_told_apart_by_whose_runs_they_are_and_what_samples_were_seen_through(
    evidence: Evidence, domain: str | None
) -> None:
    assert domain_of(Case(evidence)) == domain


def test_damage_stays_with_an_earlier_part_of_a_run() -> None:
    assert replace(run(), damaged=True).until(10).damaged


def test_the_shipped_table_was_made_with_the_features_of_today() -> None:
    """After a change of the classifier, samples score differently: the corpus must be judged again."""
    assert f"mnist-cnn-{shipped()[1]}" in SHIPPED["made_from"]["ours"]["features"]


def test_the_shipped_table_says_from_which_runs_and_code_it_was_made() -> None:
    made_from = SHIPPED["made_from"]
    assert set(made_from["ours"]["runs"]) <= {"own", "colour"}
    assert set(made_from["others"]["runs"]) <= {"trainers"}
    assert all(re.match("[0-9a-f]{40}", its["commit"]) for its in made_from.values())
    assert {each["domain"] for each in SHIPPED["cells"]} <= set(DOMAINS)
    for each in (Cell(**its) for its in SHIPPED["cells"]):
        whose = "others" if of_others(each.domain) else "ours"
        assert 0 < each.runs <= sum(made_from[whose]["measured"].values())
        assert 0 <= each.right <= each.runs
