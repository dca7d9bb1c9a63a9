"""The trials of cures, and the record that verdicts rank by: the shipped record is that of the shipped trials."""

from __future__ import annotations

import json
from typing import Any

from ganlab.config.load import load_experiment
from ganlab.diagnosis.failures import FAILURES
from ganlab.diagnosis.record import RECORD
from truth.cures import COLUMNS, patients, read_trials, record


def trial(patient: str, arm: str, kind: str, seed: int, cured: int, failure: str = "collapse") -> dict[str, Any]:
    return {"patient": patient, "failure": failure, "arm": arm, "kind": kind, "seed": seed, "cured": cured}


def test_a_record_takes_patients_of_one_failure_together_with_their_own_controls() -> None:
    trials = [
        trial(patient, arm, kind, seed, cured)
        for patient, arm, kind, cured in (
            ("one", "unchanged", "unchanged", 0),
            ("one", "random", "random", 1),
            ("one", "r1", "remedy", 1),
            ("two", "unchanged", "unchanged", 1),
            ("two", "random", "random", 0),
            ("two", "r1", "remedy", 0),
            ("two", "packing", "remedy", 1),
        )
        for seed in (1, 2)
    ]
    trials.append(trial("three", "r1", "remedy", 1, 1, "diverged"))
    numbers = ("cured", "trials", "unchanged", "unchanged_trials", "random", "random_trials", "verified")
    found = {(row["failure"], row["cure"]): [row[name] for name in numbers] for row in record(trials)}
    assert found == {
        ("collapse", "r1"): [2, 4, 2, 4, 2, 4, False],
        ("collapse", "packing"): [2, 2, 2, 2, 0, 2, False],
        ("diverged", "r1"): [1, 1, 0, 0, 0, 0, False],
    }


def test_three_of_three_against_a_run_that_never_heals_is_verified_unless_chance_does_as_well() -> None:
    for by_chance, verified in ((0, True), (1, False)):
        trials = [
            trial("one", arm, kind, seed, cured)
            for arm, kind, cured in (
                ("unchanged", "unchanged", 0),
                ("random", "random", by_chance),
                ("r1", "remedy", 1),
            )
            for seed in (1, 2, 3)
        ]
        assert [row["verified"] for row in record(trials)] == [verified]


def test_the_shipped_record_is_that_of_the_shipped_trials() -> None:
    trials = read_trials()
    assert tuple(trials[0]) == COLUMNS
    assert json.loads(RECORD.read_text())["cures"] == record(trials), "run python -m truth.cures collect"
    for row in trials:
        assert row["cured"] in ("0", "1")
        assert (row["good_from"] != "") == (row["cured"] == "1")


def test_a_failure_offers_the_cures_that_were_shown_to_work_on_it() -> None:
    offered = {failure.name: {cure.name for cure in failure.cures} for failure in FAILURES}
    shown = {(row["failure"], row["arm"]) for row in read_trials() if row["conclusion"] == "cured"}
    assert [(failure, cure) for failure, cure in sorted(shown) if cure not in offered[failure]] == []


def test_every_patient_can_be_trained() -> None:
    names = [patient["name"] for patient in patients()]
    assert len(names) == len(set(names))
    assert len(names) >= 10
    for patient in patients():
        load_experiment(patient["config"], patient.get("set", []))
