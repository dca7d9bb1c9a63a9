"""What every failure offers, against experiments that could have it."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganlab.config.experiment import Experiment
from ganlab.config.load import apply_overrides, difference, experiment_from_mapping, load_experiment, with_settings
from ganlab.config.optimizer import AdamOptions
from ganlab.config.shipped import list_configs
from ganlab.diagnosis.cures import (
    BOUNDED_CRITIC,
    COLLAPSE_CURES,
    CONSENSUS,
    CRITIC,
    LARGER_LATENT,
    NON_SATURATING,
    ONE_UPDATE_EACH,
    PACKING,
    R1,
    RELATIVISTIC,
    SPECTRAL,
    STEADIER_ADAM,
    UNROLLING,
)
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.failures import FAILURES
from ganlab.diagnosis.findings import Remedy
from ganlab.diagnosis.read_report import ReadColumn, ReadReport
from ganlab.diagnosis.record import Record
from ganlab.diagnosis.remedies import (
    MOST,
    Cure,
    added,
    at_least,
    at_most,
    current,
    equal_rates,
    fewer_updates,
    fuller_data,
    halved_rates,
    prescribe,
    ranked,
    remedies,
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
    **{name: load_experiment(name) for name, _ in list_configs()},
    **{name: experiment_from_mapping(values) for name, values in OTHERS.items()},
}
"""Every shipped experiment, and others that are wrong in their own way."""

CURES = list({cure.why: cure for failure in FAILURES for cure in failure.cures}.values())

WORDS = (
    "Use the best snapshot",  # which one, only its rows say
    "Look at the data",
    "Add noise to the translated image before the way back",
)
"""How the advice begins that no setting follows, for runs of ganlab."""


@cache
def offers(cure: Cure, name: str) -> tuple[Remedy, ...]:
    return tuple(remedies([cure], Evidence("run", experiment=EXPERIMENTS[name])))


@pytest.mark.parametrize("cure", CURES, ids=[cure.why[:40] for cure in CURES])
def test_every_change_can_be_run_and_changes_what_it_says(cure: Cure) -> None:
    """In every experiment that it is offered for; who took it is not offered it again, or more of the same."""
    offered = 0
    for name, experiment in EXPERIMENTS.items():
        for remedy in offers(cure, name):
            if not remedy.change:
                continue
            changed = with_settings(experiment, remedy.change)
            if not offered:  # as pages print it, to be typed
                typed = [f"{key}={json.dumps(value)}" for key, value in remedy.change.items()]
                assert apply_overrides(experiment, typed) == changed
            offered += 1
            keys = {key for key, _, _ in difference(experiment, changed)}
            for key, value in remedy.change.items():
                assert current(experiment, key) != value, name
                assert any(each == key or each.startswith(f"{key}.") for each in keys), (name, key, keys)
            for further in remedies([cure], Evidence("run", experiment=changed)):
                for key, value in further.change.items():  # longer and smaller is always possible
                    old, new = current(experiment, key), remedy.change[key]
                    assert (value - new) * (new - old) > 0, (name, key)
    assert offered or cure.change is None, "no experiment takes it"


@pytest.mark.parametrize("cure", CURES, ids=[cure.why[:40] for cure in CURES])
def test_a_cure_is_a_sentence_with_its_source(cure: Cure) -> None:
    assert cure.why
    assert cure.source
    assert not cure.why.endswith(".")


def test_words_are_for_what_no_setting_does() -> None:
    """All other advice for a run of ganlab is a change that its experiment takes."""
    advice = [cure for cure in CURES if cure.change is None]
    words = {remedy.why for name in EXPERIMENTS for cure in advice for remedy in offers(cure, name)}
    assert {why for why in words if not why.startswith(WORDS)} == set()
    assert {start for start in WORDS if not any(why.startswith(start) for why in words)} == set()


CONCERNS = {
    "convergence_failure/batch_norm_leak": lambda experiment: experiment.discriminator.has_batch_norm,
    "condition_ignored": lambda experiment: experiment.game.asks_for_classes,
    "codes_ignored": lambda experiment: experiment.game.name == "infogan",
    "cycle_shortcut": lambda experiment: experiment.game.name == "cycle",
    "mode_collapse/one_direction": lambda experiment: experiment.game.name == "cycle",
    "diverged/phase_change": lambda experiment: experiment.game.name == "progressive",
}
"""Which experiments can have a failure at all, where not every one can."""


@pytest.mark.parametrize("failure", FAILURES, ids=[failure.name for failure in FAILURES])
def test_every_failure_has_a_change_for_every_experiment_that_can_have_it(failure: Failure) -> None:
    if failure.name in ("healthy", "inconclusive"):
        assert failure.cures == ()
        return
    concerned = CONCERNS.get(failure.name, lambda experiment: True)
    names = [name for name, experiment in EXPERIMENTS.items() if concerned(experiment)]
    found = {name: [remedy for cure in failure.cures for remedy in offers(cure, name)][:MOST] for name in names}
    assert [name for name, offered in found.items() if not any(remedy.change for remedy in offered)] == []
    for name in names[:2]:
        assert list(prescribe(failure.cures, Evidence("run", experiment=EXPERIMENTS[name]))) == found[name]


@pytest.mark.parametrize("failure", FAILURES, ids=[failure.name for failure in FAILURES])
def test_a_foreign_run_gets_the_first_cures_in_words(failure: Failure) -> None:
    log = Evidence("run", experiment=None)
    found = prescribe(failure.cures, log)
    unseen = [cure for cure in failure.cures if cure.seen is None or not cure.seen(log)]
    assert [remedy.why for remedy in found] == [cure.why for cure in unseen[:MOST]]
    assert not any(remedy.change for remedy in found)


def test_what_ganlab_does_in_every_run_is_said_of_other_code_only() -> None:
    cure = Cure("share", "Share the layers", "practice", foreign=True)
    assert prescribe([cure], Evidence("log"))
    assert not prescribe([cure], Evidence("run", experiment=Experiment()))


@pytest.mark.parametrize(
    ("settings", "first"),
    [
        ({"latent.dim": 1}, {"latent.dim": 64}),
        ({"optimizer.discriminator.lr": 1e-2}, {"optimizer.discriminator.lr": 2e-4}),
    ],
)
def test_what_is_far_from_any_recipe_comes_before_what_worked_for_other_runs(
    settings: dict[str, Any], first: dict[str, Any]
) -> None:
    experiment = with_settings(experiment_from_mapping({}), {"latent.dim": 64})
    verdict = "mode_collapse/total"
    assert "trials" in prescribe(COLLAPSE_CURES, Evidence("run", experiment=experiment), verdict)[0].record
    odd = Evidence("run", experiment=with_settings(experiment, settings))
    assert first.items() <= prescribe(COLLAPSE_CURES, odd, verdict)[0].change.items()


def test_the_price_of_a_cure_is_the_measured_one() -> None:
    """docs/cures/points.txt: benchmarks/step_time.py --cures points."""
    text = (Path(__file__).parents[2] / "docs" / "cures" / "points.txt").read_text()
    measured = {name: float(times) for name, times in re.findall(r"^  (\S.*?) +(\d+\.\d+)$", text, re.MULTILINE)}
    named = {
        "minibatch_stddev": "minibatch: stddev",
        "spectral_norm": "spectral norm",
        "dropout": "dropout: 0.3",
        "relativistic": "relativistic, r1 and r2",
        "gradient_penalty": "wgan_gp",
    }
    checked = 0
    for cure in {cure.name: cure for failure in FAILURES for cure in failure.cures}.values():
        times = measured.get(named.get(cure.name, cure.name))
        if times is not None:
            assert cure.price == (1.0 if times < 1.25 else pytest.approx(times, abs=0.06)), cure.name
            checked += 1
    assert checked >= 12


def test_a_cure_has_one_name_in_all_failures() -> None:
    for failure in FAILURES:
        names = [cure.name for cure in failure.cures]
        assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in names)
        assert len(names) == len(set(names))
    offered = prescribe(COLLAPSE_CURES, Evidence("run", experiment=EXPERIMENTS["latent of one"]))
    assert "packing" in {remedy.name for remedy in offered}


def test_what_worked_in_trials_comes_first_and_what_did_not_comes_last(tmp_path: Path) -> None:
    known = {
        "r1": Record(3, 3, 0, 3, 1, 3, True),
        "packing": Record(2, 3, 0, 3, 1, 3, False),
        "consensus": Record(3, 3, 0, 3, 1, 3, True),  # as good as R1, and dearer
        "larger_latent": Record(0, 3, 0, 3, 0, 3, False),
        "unrolling": Record(3, 3, 3, 3, 0, 3, False),  # it heals by itself
    }
    path = tmp_path / "record.json"
    rows = [{"failure": "collapse", "cure": name, **record._asdict()} for name, record in known.items()]
    path.write_text(json.dumps({"cures": rows}))
    cures = (LARGER_LATENT, PACKING, UNROLLING, STEADIER_ADAM, CONSENSUS, R1)
    assert ranked(cures, "collapse", path) == [R1, CONSENSUS, PACKING, UNROLLING, STEADIER_ADAM, LARGER_LATENT]
    assert ranked(cures, "diverged", path) == list(cures)


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
    descent = with_settings(EXPERIMENTS["descent"], changes([STEADIER_ADAM], "descent")[0])
    assert descent.optimizer.generator == AdamOptions(lr=2e-4, betas=(0.5, 0.999))
    assert changes([NON_SATURATING], "saturating, 15 to 1") == [{"loss": "non_saturating"}]
    assert changes([SPECTRAL], "ring") == [{"discriminator.norm": "spectral"}]
    assert changes([Cure("", "", "", fuller_data)], "few images") == [{"data.fraction": 1.0}]
    assert changes([Cure("", "", "", halved_rates)], "hot")[0]["optimizer.generator.lr"] == 5e-4


def test_updates_are_taken_from_the_player_that_wins() -> None:
    fewer = [Cure("", "", "", fewer_updates(player)) for player in ("discriminator", "generator")]
    assert changes(fewer, "saturating, 15 to 1") == [{"training.discriminator_steps": 1}]
    assert changes(fewer, "1 to 10") == [{"training.generator_steps": 1}]
    assert changes([*fewer, ONE_UPDATE_EACH], "ring with a critic") == []


@pytest.mark.parametrize(("batch", "generator", "size"), [(64, None, 2), (9, None, 3), (16, 12, 2), (25, 15, 5)])
def test_packs_divide_the_batches(batch: int, generator: int | None, size: int) -> None:
    training = {"batch_size": batch, "generator_batch_size": generator}
    experiment = experiment_from_mapping({**RING, "training": training})
    (remedy,) = prescribe([PACKING], Evidence("run", experiment=experiment))
    assert remedy.change == {"stabilizers": [{"name": "packing", "size": size}]}


def test_no_pack_divides_a_batch_of_eleven() -> None:
    experiment = experiment_from_mapping({**RING, "training": {"batch_size": 11}})
    assert not prescribe([PACKING], Evidence("run", experiment=experiment))


def test_another_loss_comes_with_what_it_needs() -> None:
    """Batches that can be compared, and its own gradient penalties in the place of others."""
    needy = experiment_from_mapping(
        {
            "penalties": [{"name": "lecam"}, {"name": "r1", "weight": 3.0}],
            "training": {"batch_size": 16, "generator_batch_size": 32},
        }
    )
    (recipe,) = prescribe([RELATIVISTIC], Evidence("run", experiment=needy))
    assert set(recipe.change) == {"loss", "penalties", "training.generator_batch_size"}
    assert [each["name"] for each in recipe.change["penalties"]] == ["r1", "r2", "lecam"]
    assert recipe.change["penalties"][0]["weight"] == 3.0
    (recipe,) = prescribe([RELATIVISTIC], Evidence("run", experiment=EXPERIMENTS["hinge, separate"]))
    assert recipe.change["training.discriminator_batches"] == "summed"
    (critic,) = prescribe([CRITIC], Evidence("run", experiment=experiment_from_mapping({})))
    assert critic.change == {
        "loss": "wasserstein",
        "penalties": [{"name": "wgan_gp"}],
        "training.discriminator_steps": 5,
        "discriminator.norm": "layer",
    }
    assert changes([CRITIC], "ring with a critic") == []


def test_a_critic_that_nothing_bounds_gets_a_penalty_first() -> None:
    unbounded = EXPERIMENTS["failures/ring_wgan_unclipped"]
    diverged = next(failure for failure in FAILURES if failure.name == "diverged")
    first = prescribe(diverged.cures, Evidence("run", experiment=unbounded))[0]
    assert first.change == {"penalties": [{"name": "wgan_gp", "weight": 10.0}]}
    assert changes([BOUNDED_CRITIC], "failures/ring_wgan_clipped") == []


def test_penalties_are_added_to_those_that_are_there_and_not_twice() -> None:
    (change,) = changes([R1], "ring with a critic")
    assert [penalty["name"] for penalty in change["penalties"]] == ["wgan_gp", "r1"]
    smoothing = Cure("", "", "", added("stabilizers", name="label_smoothing", real=0.9))
    assert changes([R1, smoothing], "has it all") == []
    assert changes([smoothing], "hinge, separate") == []  # the hinge loss has no labels


def test_cures_leave_keys_alone_that_an_experiment_does_not_have() -> None:
    kernel = Cure("", "", "", set_to("generator.kernel_size", 4))
    assert changes([kernel, Cure("", "", "", at_least("generator.kernel_size", 4))], "ring") == []
    assert changes([kernel], "one pixel") == [{"generator.kernel_size": 4}]
    assert changes([Cure("", "", "", at_least("training.ema", 0.999))], "few images") == [{"training.ema": 0.999}]
    assert changes([Cure("", "", "", at_most("game.cycle", 5.0))], "cycle above all") == [{"game.cycle": 5.0}]
    assert changes([Cure("", "", "", at_most("game.cycle", 5.0))], "cycle of no weight") == []


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


@pytest.mark.parametrize(
    ("slow", "fast", "change"),
    [
        (1e-4, 3e-3, {"optimizer.generator.lr": 2e-3}),
        (1e-4, 1e-3, {"optimizer.generator.lr": 1e-3}),
        (1e-4, 4e-4, {}),  # as in self-attention GANs
        (2e-3, 1e-2, {}),  # not made faster than 2e-3
    ],
)
def test_a_generator_that_is_left_behind_gets_the_rate_of_the_discriminator(
    slow: float, fast: float, change: dict[str, float]
) -> None:
    rates = {"optimizer": {"generator": {"lr": slow}, "discriminator": {"lr": fast}}}
    assert equal_rates(experiment_from_mapping({**RING, **rates})) == change
