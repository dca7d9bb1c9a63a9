"""What every failure offers, against experiments that could have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from ganlab.config.experiment import Experiment
from ganlab.config.load import apply_overrides, difference, experiment_from_mapping, load_experiment
from ganlab.config.optimizer import AdamOptions
from ganlab.config.shipped import list_configs
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.failures import FAILURES
from ganlab.diagnosis.failures.phase_change import longer_fade
from ganlab.diagnosis.read_report import ReadColumn, ReadReport
from ganlab.diagnosis.remedies import (
    COLLAPSE_CURES,
    NON_SATURATING,
    ONE_UPDATE_EACH,
    R1,
    SPECTRAL,
    STEADIER_ADAM,
    Cure,
    added,
    at_least,
    at_most,
    current,
    fewer_updates,
    fuller_data,
    halved_rates,
    longer,
    prescribe,
    set_to,
)

NETWORKS = {
    player: {"name": "mlp", "width": 8, "depth": 1} for player in ("generator", "discriminator")
}  # fmt: skip
RING: dict[str, Any] = {"data": {"name": "ring"}, **NETWORKS}
OTHERS: dict[str, dict[str, Any]] = {
    "ring": RING,
    "ring with a critic": {
        **RING,
        "loss": "wasserstein",
        "penalties": [{"name": "wgan_gp"}],
        "training": {"discriminator_steps": 5},
    },
    "saturating, 15 to 1": {**RING, "loss": "minimax", "training": {"discriminator_steps": 15}},
    "1 to 10": {**RING, "training": {"generator_steps": 10}},
    "latent of one": {"latent": {"dim": 1}},
    "leak": {"training": {"discriminator_batches": "mixed"}},
    "hinge, separate": {"loss": "hinge", "training": {"discriminator_batches": "separate"}},
    "one filter": {"generator": {"name": "dcgan", "width": 1}, "discriminator": {"name": "dcgan", "width": 1}},
    "one pixel": {"generator": {"kernel_size": 1}, "discriminator": {"kernel_size": 1}},
    "guide beside dcgan": {"generator": {"name": "guide", "kernel_size": 2}, "discriminator": {"name": "mlp"}},
    "hot": {"optimizer": {player: {"lr": 1e-3, "betas": [0.9, 0.999]} for player in ("generator", "discriminator")}},
    "cold": {"optimizer": {player: {"lr": 1e-6} for player in ("generator", "discriminator")}},
    "descent": {"optimizer": {player: {"name": "sgd"} for player in ("generator", "discriminator")}},
    "rmsprop": {"optimizer": {player: {"name": "rmsprop", "lr": 1e-3} for player in ("generator", "discriminator")}},
    "few images": {"data": {"name": "mnist", "fraction": 0.01}, "training": {"ema": 0.0}},
    "conditional, no label true": {"game": {"name": "conditional", "label_noise": 1.0}},
    "auxiliary, hardly paid": {"game": {"name": "auxiliary", "weight": 0.1}},
    "infogan, hardly paid": {"game": {"name": "infogan", "categories": 20, "weight": 0.01}},
    "progressive": {
        "generator": {"name": "progressive"},
        "discriminator": {"name": "progressive"},
        "game": {"name": "progressive", "sizes": [7, 14, 28], "fade": 0},
    },
    "cycle above all": {
        "generator": {"name": "translator"},
        "game": {"name": "cycle", "source": {"name": "mnist"}, "cycle": 100.0},
    },
    "cycle of no weight": {
        "generator": {"name": "translator", "width": 8, "blocks": 1},
        "game": {"name": "cycle", "source": {"name": "mnist"}, "cycle": 0.0, "identity": 0.0, "pool": 0},
    },
    "has it all": {
        "data": {"name": "mnist", "classes": [8]},
        "latent": {"dim": 128},
        "discriminator": {"name": "dcgan", "norm": "spectral"},
        "penalties": [{"name": "r1", "weight": 5}],
        "stabilizers": [{"name": "instance_noise", "std": 0.2}, {"name": "label_smoothing", "real": 0.8}],
    },
}
EXPERIMENTS: dict[str, Experiment] = {
    **{name: load_experiment(name) for name, _ in list_configs() if not name.startswith("failures/")},
    **{name: experiment_from_mapping(values) for name, values in OTHERS.items()},
}
CURES = [pytest.param(failure, id=failure.name) for failure in FAILURES]


def applied(experiment: Experiment, change: Mapping[str, Any]) -> Experiment:
    """The experiment after a remedy, as a user would type it."""
    return apply_overrides(experiment, [f"{key}={value}".replace("'", "") for key, value in change.items()])


@pytest.mark.parametrize("failure", CURES)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_change_can_be_run_and_changes_what_it_says(failure: Failure, name: str) -> None:
    experiment = EXPERIMENTS[name]
    for remedy in prescribe(failure.cures, Evidence("run", experiment=experiment)):
        assert remedy.why
        assert remedy.source
        assert not remedy.why.endswith(".")
        if not remedy.change:
            continue
        changed = {key for key, _, _ in difference(experiment, applied(experiment, remedy.change))}
        for key, value in remedy.change.items():
            assert current(experiment, key) != value
            assert any(each == key or each.startswith(f"{key}.") for each in changed), (key, changed)


@pytest.mark.parametrize("failure", CURES)
def test_a_foreign_run_gets_every_cure_in_words(failure: Failure) -> None:
    remedies = prescribe(failure.cures, Evidence("run", experiment=None))
    assert [remedy.why for remedy in remedies] == [cure.why for cure in failure.cures]
    assert not any(remedy.change for remedy in remedies)


@pytest.mark.parametrize("failure", CURES)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_cure_that_was_taken_is_not_offered_again(failure: Failure, name: str) -> None:
    experiment = EXPERIMENTS[name]
    without_end = (halved_rates, longer, longer_fade)  # smaller and longer is always possible
    for cure in failure.cures:
        for remedy in prescribe([cure], Evidence("run", experiment=experiment)):
            if remedy.change and cure.change not in without_end:
                again = applied(experiment, remedy.change)
                assert not prescribe([cure], Evidence("run", experiment=again)), cure.why


@pytest.mark.parametrize("failure", CURES)
def test_every_failure_has_a_cure_for_some_experiment_and_sources(failure: Failure) -> None:
    if failure.name in ("healthy", "inconclusive"):
        assert failure.cures == ()
        return
    offered = [
        remedy
        for experiment in EXPERIMENTS.values()
        for remedy in prescribe(failure.cures, Evidence("run", experiment=experiment))
    ]
    for cure in failure.cures:
        if cure.change:
            assert any(remedy.why == cure.why and remedy.change for remedy in offered), cure.why


def changes(cures: Any, name: str) -> list[dict[str, Any]]:
    return [
        dict(remedy.change)
        for remedy in prescribe(cures, Evidence("run", experiment=EXPERIMENTS[name]))
        if remedy.change
    ]


def test_collapse_on_a_latent_of_one_asks_for_more_dimensions_first() -> None:
    assert prescribe(COLLAPSE_CURES, Evidence("run", experiment=EXPERIMENTS["latent of one"]))[0].change == {
        "latent.dim": 64
    }


def test_what_each_experiment_is_told() -> None:
    assert changes([STEADIER_ADAM], "hot") == [
        {
            "optimizer.generator.lr": 2e-4,
            "optimizer.generator.betas": [0.5, 0.999],
            "optimizer.discriminator.lr": 2e-4,
            "optimizer.discriminator.betas": [0.5, 0.999],
        }
    ]
    assert changes([STEADIER_ADAM], "rmsprop") == [{"optimizer.generator.lr": 2e-4, "optimizer.discriminator.lr": 2e-4}]
    descent = applied(EXPERIMENTS["descent"], changes([STEADIER_ADAM], "descent")[0])
    assert descent.optimizer.generator == AdamOptions(lr=2e-4, betas=(0.5, 0.999))
    assert changes([NON_SATURATING], "saturating, 15 to 1") == [{"loss": "non_saturating"}]
    assert changes([SPECTRAL], "ring") == [{"discriminator.norm": "spectral"}]
    assert changes([Cure("", "", fuller_data)], "few images") == [{"data.fraction": 1.0}]
    assert changes([Cure("", "", halved_rates)], "hot")[0]["optimizer.generator.lr"] == 5e-4


def test_updates_are_taken_from_the_player_that_wins() -> None:
    fewer = [Cure("", "", fewer_updates(player)) for player in ("discriminator", "generator")]
    assert changes(fewer, "saturating, 15 to 1") == [{"training.discriminator_steps": 1}]
    assert changes(fewer, "1 to 10") == [{"training.generator_steps": 1}]
    assert changes([*fewer, ONE_UPDATE_EACH], "ring with a critic") == []


def test_penalties_are_added_to_those_that_are_there_and_not_twice() -> None:
    (change,) = changes([R1], "ring with a critic")
    assert [penalty["name"] for penalty in change["penalties"]] == ["wgan_gp", "r1"]
    smoothing = Cure("", "", added("stabilizers", name="label_smoothing", real=0.9))
    assert changes([R1, smoothing], "has it all") == []
    assert changes([smoothing], "hinge, separate") == []  # the hinge loss has no labels


def test_cures_leave_keys_alone_that_an_experiment_does_not_have() -> None:
    kernel = Cure("", "", set_to("generator.kernel_size", 4))
    assert changes([kernel, Cure("", "", at_least("generator.kernel_size", 4))], "ring") == []
    assert changes([kernel], "one pixel") == [{"generator.kernel_size": 4}]
    assert changes([Cure("", "", at_least("training.ema", 0.999))], "few images") == [{"training.ema": 0.999}]
    assert changes([Cure("", "", at_most("game.cycle", 5.0))], "cycle above all") == [{"game.cycle": 5.0}]
    assert changes([Cure("", "", at_most("game.cycle", 5.0))], "cycle of no weight") == []


def test_a_log_that_shows_a_cure_is_not_told_to_take_it() -> None:
    steps = np.arange(3)

    def advised(cure: Cure, rate: float = 1e-3, penalty: float = 0.0) -> bool:
        controls = {name: Series(steps, np.full(3, rate)) for name in ("lr_g", "lr_d")}
        columns = (ReadColumn("Loss/r1_penalty", "penalty", "", 3, 0.0, penalty),)
        report = ReadReport("a text log", None, 3, (0, 2), "step", "", None, (), (), columns)
        return bool(prescribe([cure], Evidence("log", controls=controls, read=report)))

    assert advised(STEADIER_ADAM)
    assert not advised(STEADIER_ADAM, rate=2e-4)
    assert advised(R1)
    assert not advised(R1, penalty=0.1)
    assert prescribe([STEADIER_ADAM, R1], Evidence("log"))


def test_another_loss_is_no_cure_for_a_log_of_another_family() -> None:
    assert prescribe([NON_SATURATING], Evidence("log"))
    assert prescribe([NON_SATURATING], Evidence("log", family="cross_entropy", saturating=True))
    assert not prescribe([NON_SATURATING], Evidence("log", family="cross_entropy", saturating=False))
    assert not prescribe([NON_SATURATING], Evidence("log", family="least_squares"))
