"""The runs on colour pictures: their configurations, their split, their index and their labels."""

import json
from collections import Counter
from pathlib import Path

import pytest

from ganlab.config.load import experiment_from_mapping
from ganlab.verdicts import refusal
from truth import colour
from truth.colour import CONFIGURATIONS, FAULTS, GOOD, LABELS, SETS, SHORT, key, order, write_index

LABELLED = json.loads(LABELS.read_text(encoding="utf-8"))


def test_every_configuration_is_valid_and_named_once(tmp_path: Path) -> None:
    assert len(CONFIGURATIONS) == len([*GOOD, *SHORT, *FAULTS])
    for each in CONFIGURATIONS.values():
        experiment = experiment_from_mapping(each.mapping(tmp_path), ())
        assert each.pictures in SETS
        assert experiment.monitor.keep_samples, experiment.name


def test_about_a_third_of_the_runs_is_tuned_on() -> None:
    splits = Counter(configuration.split for configuration, _ in order())
    assert 0.25 < splits["tune"] / splits.total() < 0.42


def test_a_corpus_cut_short_has_faults_good_runs_and_short_ones() -> None:
    first = Counter(configuration.family for configuration, _ in order()[:24])
    assert first["good"] >= 6
    assert first["short"] >= 6
    assert first.total() - first["good"] - first["short"] >= 6


def test_every_label_is_that_of_a_run_and_names_verdicts_that_exist() -> None:
    runs = {key(*pair) for pair in order()}
    assert len(LABELLED) >= 100
    for name, label in LABELLED.items():
        assert name in runs
        assert set(label) == {"seen", "state", "right"}, name
        assert label["state"] in ("good", "poor", "failed"), name
        assert len(label["seen"]) > 10, name
        assert label["right"], name
        for verdict in label["right"]:
            assert refusal(verdict, accusing=False) is None, (name, verdict)


def test_no_failed_run_is_rightly_healthy_and_no_good_one_rightly_accused_of_mush() -> None:
    for name, label in LABELLED.items():
        if label["state"] == "failed":
            assert not {"healthy", "inconclusive"} & set(label["right"]), name
        if label["state"] == "good":
            assert "healthy" in label["right"], name
            assert not {"never_learned", "mode_collapse"} & set(label["right"]), name


def test_a_label_says_which_network_won_and_a_collapsed_run_is_not_merely_short_of_training() -> None:
    for name, label in LABELLED.items():
        assert "convergence_failure" not in label["right"], name
        if label["state"] == "failed" and any(each.startswith("mode_collapse") for each in label["right"]):
            assert "under_trained" not in label["right"], name


def test_the_index_lists_what_was_trained_with_its_label_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [key(*pair) for pair in order()[:2]]
    label = {"seen": "sharp digits of every kind", "state": "good", "right": ["healthy"]}
    (tmp_path / "runs.json").write_text(json.dumps({name: f"{name[:-2]}-1" for name in names}))
    (tmp_path / "labels.json").write_text(json.dumps({names[0]: label}))
    monkeypatch.setattr(colour, "LABELS", tmp_path / "labels.json")
    write_index(tmp_path)
    first, second = json.loads((tmp_path / "index.json").read_text())
    assert [first["name"], second["name"]] == names
    assert first["run"] == f"runs/{names[0][:-2]}-1"
    assert {name: first[name] for name in label} == label
    assert second["state"] is None
