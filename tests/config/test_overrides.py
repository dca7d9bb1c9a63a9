"""Changes by dotted path."""

from __future__ import annotations

from typing import Any

import pytest

from ganlab.config.experiment import Experiment
from ganlab.config.load import apply_overrides, experiment_from_mapping, load_experiment
from ganlab.config.overrides import for_both_players, for_each_player
from ganlab.errors import ConfigError


@pytest.mark.parametrize(
    ("override", "values"),
    [
        ("training.steps=500", {"training": {"steps": 500}}),
        ("training.ema = 0.5", {"training": {"ema": 0.5}}),
        ("data.classes=[3,8]", {"data": {"classes": [3, 8]}}),
        ("data.classes=", {}),
        ("training.generator_batch_size=null", {}),
        ("training.device=cuda:0", {"training": {"device": "cuda:0"}}),
        ("claim='a: b'", {"claim": "a: b"}),
        ("optimizer.generator.betas=[0.5,0.9]", {"optimizer": {"generator": {"betas": [0.5, 0.9]}}}),
        ("optimizer.lr=1e-3", {"optimizer": {"generator": {"lr": 1e-3}, "discriminator": {"lr": 1e-3}}}),
        ("optimizer={lr: 1e-3}", {"optimizer": {"generator": {"lr": 1e-3}, "discriminator": {"lr": 1e-3}}}),
        ("optimizer.name=sgd", {"optimizer": {"generator": {"name": "sgd"}, "discriminator": {"name": "sgd"}}}),
        ("penalties=[{name: r1, weight: 5}]", {"penalties": [{"name": "r1", "weight": 5}]}),
        ("stabilizers=[]", {}),
        ("training={steps: 3, ema: 0}", {"training": {"steps": 3, "ema": 0}}),
        ("generator={name: mlp, width: 3}", {"generator": {"name": "mlp", "width": 3}}),
    ],
)
def test_an_override_says_what_a_file_would(override: str, values: dict[str, Any]) -> None:
    assert experiment_from_mapping({}, [override]) == experiment_from_mapping(values)


def test_overrides_reach_into_lists() -> None:
    values = {"penalties": [{"name": "r1", "weight": 3}, {"name": "r2", "weight": 4}]}
    weights = experiment_from_mapping(values, ["penalties.1.weight=5"]).penalties
    assert [penalty.weight for penalty in weights] == [3, 5]
    renamed = experiment_from_mapping(values, ["penalties.1.name=wgan_gp", "discriminator.norm=none"]).penalties
    assert [(penalty.name, penalty.weight) for penalty in renamed] == [("r1", 3), ("wgan_gp", 10)]
    betas = {"optimizer": {"generator": {"betas": [0.1, 0.2]}}}
    assert experiment_from_mapping(betas, ["optimizer.generator.betas.0=0.3"]).optimizer.generator.betas == (0.3, 0.2)  # type: ignore[attr-defined]


def test_names_come_first_lists_before_their_entries_and_the_last_of_two_counts() -> None:
    experiment = experiment_from_mapping(
        {},
        [
            *("generator.depth=7", "seed=1", "penalties.0.weight=5", "penalties.0.name=r2", "optimizer.momentum=0.1"),
            *("generator.name=mlp", "penalties=[{name: r1}]", "optimizer.name=sgd", "seed=2"),
        ],
    )
    assert experiment == experiment_from_mapping(
        {
            "seed": 2,
            "generator": {"name": "mlp", "depth": 7},
            "penalties": [{"name": "r2", "weight": 5}],
            "optimizer": {
                "generator": {"name": "sgd", "momentum": 0.1},
                "discriminator": {"name": "sgd", "momentum": 0.1},
            },
        }
    )


def test_overrides_on_an_experiment_start_from_all_it_says() -> None:
    experiment = load_experiment("ring")
    changed = apply_overrides(
        experiment, ["training.steps=5", "generator.name=dcgan", "data.name=mnist", "discriminator.name=dcgan"]
    )
    assert changed.training == experiment.training.model_copy(update={"steps": 5})
    assert changed.generator == Experiment().generator
    assert apply_overrides(experiment, []) == experiment
    with pytest.raises(ConfigError, match=r"^override seed=-1: must be at least 0, got -1$"):
        apply_overrides(experiment, ["seed=-1"])


def test_a_key_of_the_optimizers_stands_for_both_players() -> None:
    both = [("optimizer", "generator", "lr"), ("optimizer", "discriminator", "lr")]
    assert for_each_player(("optimizer", "lr")) == both
    assert [for_both_players(path) for path in both] == [("optimizer", "lr")] * 2
    for path in (("optimizer",), ("optimizer", "generator"), both[0], ("latent", "dim")):
        assert for_each_player(path) == [path]
    for alone in (("optimizer", "generator"), ("latent", "dim"), ("generator", "width")):
        assert for_both_players(alone) is None
