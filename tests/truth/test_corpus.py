"""The corpus: its configurations, its halves, and its labels."""

from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from ganlab.config.load import experiment_from_mapping
from ganlab.runs.files import read_json
from truth import corpus
from truth.corpora import KINDS
from truth.corpus import (
    ADDED,
    CONFIGURATIONS,
    IMAGES,
    POINTS,
    SEEDS,
    SEEN,
    check,
    halves,
    key,
    order,
    split,
    train_missing,
)


def test_every_configuration_is_valid_and_named_once() -> None:
    check()
    assert len(CONFIGURATIONS) == len([*IMAGES, *POINTS, *ADDED])


def test_kinds_are_those_of_the_data_and_samples_are_kept() -> None:
    """Samples of every snapshot are what the course of a run is judged from."""
    for configuration in CONFIGURATIONS.values():
        experiment = experiment_from_mapping(configuration.mapping, ())
        assert configuration.kind == ("points" if len(experiment.data.shape) == 1 else "images"), experiment.name
        assert experiment.monitor.keep_samples, experiment.name


def test_every_configuration_is_in_one_half_with_all_its_seeds() -> None:
    half = halves()
    assert set(half) == set(CONFIGURATIONS)
    assert Counter(half.values()) == {"tune": 66, "test": 40}
    assert all(half[name] == "tune" for name in SEEN)


def test_a_configuration_that_is_added_moves_no_other_to_the_other_half() -> None:
    """Those that came later are strata of their own."""
    first = split({each.name: (each.kind, each.family) for each in [*IMAGES, *POINTS]})
    assert all(halves()[name] == half for name, half in first.items())


def test_halves_of_a_stratum_are_equal_and_do_not_depend_on_the_order() -> None:
    strata = {f"run_{index}": ("points", "healthy") for index in range(20)}
    assert Counter(split(strata)[name] for name in strata) == {"tune": 10, "test": 10}
    assert split(dict(reversed(strata.items()))) == split(strata)


def test_a_corpus_cut_short_is_balanced() -> None:
    """Seed 0 of all comes first, and points and images take turns."""
    pairs = order()
    assert len({key(*pair) for pair in pairs}) == len(pairs) == len(CONFIGURATIONS) * len(SEEDS)
    assert [seed for _, seed in pairs] == sorted(seed for _, seed in pairs)
    kinds = Counter(configuration.kind for configuration, _ in pairs[:60])
    assert abs(kinds["points"] - kinds["images"]) <= 15


def test_the_page_of_accuracy_lists_wrong_verdicts_of_the_half_that_nothing_was_tuned_on() -> None:
    found = read_json(Path(__file__).parents[2] / "docs" / "verdicts" / "accuracy.json")["wrong"]
    listed = [each["run"].split(",")[0] for name in KINDS.values() for each in found.get(name, ())]
    assert {halves()[name] for name in listed} == {"test"}


def test_training_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[str] = []

    def train(mapping: dict[str, str], overrides: list[str], **_: object) -> SimpleNamespace:
        trained.append(f"{mapping['name']}, {overrides[0]}")
        return SimpleNamespace(path=Path(f"run_{len(trained)}"), status={"status": "finished"})

    monkeypatch.setattr(corpus, "train", train)
    runs = [("a/0", {"name": "a"}, 0), ("a/1", {"name": "a"}, 1)]
    indexed: list[int] = []
    for minutes, wanted in ((0.0, []), (1.0, ["a, seed=0", "a, seed=1"]), (1.0, ["a, seed=0", "a, seed=1"])):
        train_missing(runs, tmp_path, "index.json", minutes, lambda: indexed.append(len(trained)))
        assert trained == wanted
    assert read_json(tmp_path / "index.json") == {"a/0": "run_1", "a/1": "run_2"}
    assert indexed == [1, 2]
