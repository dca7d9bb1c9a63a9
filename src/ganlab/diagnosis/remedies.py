"""Remedies: what to change, checked against the run's own configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ganlab.config.experiment import Experiment
from ganlab.config.load import with_settings
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.findings import Remedy
from ganlab.errors import ConfigError

Change = dict[str, Any]


@dataclass(frozen=True)
class Cure:
    """A remedy before it is known whom it is for.

    Attributes:
        why: what to do and why it helps, in one sentence.
        source: who showed it.
        change: from an experiment to the keys to set; an empty dict if the experiment already has it. None if
            the cure takes words.
        seen: whether the log of a foreign run shows that it has it already; None if no log shows that.
    """

    why: str
    source: str
    change: Callable[[Experiment], Change] | None = None
    seen: Callable[[Evidence], bool] | None = None


def prescribe(cures: Iterable[Cure], evidence: Evidence) -> tuple[Remedy, ...]:
    """Return the cures that can still be applied to a run; for a foreign one those its log does not show, in words."""
    experiment = evidence.experiment
    if experiment is None:
        return tuple(Remedy(cure.why, cure.source) for cure in cures if cure.seen is None or not cure.seen(evidence))
    remedies = []
    for cure in cures:
        change = cure.change(experiment) if cure.change else {}
        if cure.change is None or (change and is_valid(experiment, change)):
            remedies.append(Remedy(cure.why, cure.source, change))
    return tuple(remedies)


def is_valid(experiment: Experiment, change: Change) -> bool:
    """Return whether an experiment with these keys set can be run and differs from this one."""
    try:
        changed = with_settings(experiment, change)
    except ConfigError:
        # The cure does not fit this experiment's architecture or loss; it is no cure for it.
        return False
    return changed != experiment


def current(experiment: Experiment, key: str, default: Any = None) -> Any:
    """Return the value of a dotted key, a default if the experiment has no such key."""
    value: Any = experiment
    for part in key.split("."):
        value = getattr(value, part, default)
    return value


def set_to(key: str, value: Any) -> Callable[[Experiment], Change]:
    """A cure that sets a key, if the experiment has it and it is not set so already."""
    return lambda experiment: {key: value} if current(experiment, key) not in (None, value) else {}


def at_least(key: str, value: float) -> Callable[[Experiment], Change]:
    """A cure that raises a number to a value, if the experiment has it."""
    return lambda experiment: {key: value} if current(experiment, key, value) < value else {}


def at_most(key: str, value: float) -> Callable[[Experiment], Change]:
    """A cure that lowers a number to a value, if the experiment has it."""
    return lambda experiment: {key: value} if current(experiment, key, value) > value else {}


def fewer_updates(*players: str) -> Callable[[Experiment], Change]:
    """A cure that gives these players one update per step; a Wasserstein critic needs several."""

    def change(experiment: Experiment) -> Change:
        keys = [f"training.{player}_steps" for player in players]
        if experiment.loss == "wasserstein":
            keys = [key for key in keys if "discriminator" not in key]
        return {key: 1 for key in keys if current(experiment, key) > 1}

    return change


def steadier_adam(experiment: Experiment) -> Change:
    """DCGAN's Adam settings, for each network whose rate or beta1 is higher, or that uses plain gradient descent."""
    change: Change = {}
    for player in ("generator", "discriminator"):
        key, options = f"optimizer.{player}", getattr(experiment.optimizer, player)
        betas = getattr(options, "betas", None)
        if options.name == "sgd":
            change |= {f"{key}.name": "adam", f"{key}.lr": 2e-4, f"{key}.betas": [0.5, 0.999]}
            continue
        if options.lr > 2e-4:
            change[f"{key}.lr"] = 2e-4
        if betas and betas[0] > 0.5:
            change[f"{key}.betas"] = [0.5, betas[1]]
    return change


def has_low_rates(evidence: Evidence) -> bool:
    """Return whether a log shows the learning rates of both networks, and none was ever above DCGAN's."""
    rates = [evidence.controls.get(name) for name in ("lr_g", "lr_d")]
    return all(rate is not None and len(rate) and rate.values.max() <= 2e-4 for rate in rates)


def has_r1(evidence: Evidence) -> bool:
    """Return whether a log has a column of an R1 penalty that is not always 0."""
    columns = evidence.read.columns if evidence.read else ()
    return any(each.quantity == "penalty" and "r1" in each.name.lower() and each.high > 0 for each in columns)


def halved_rates(experiment: Experiment) -> Change:
    """Halve the learning rate for both networks."""
    return {
        f"optimizer.{player}.lr": getattr(experiment.optimizer, player).lr / 2
        for player in ("generator", "discriminator")
    }


def faster(experiment: Experiment) -> Change:
    """DCGAN's learning rate, for each network whose rate is under a twentieth of it."""
    return {
        f"optimizer.{player}.lr": 2e-4
        for player in ("generator", "discriminator")
        if getattr(experiment.optimizer, player).lr < 1e-5
    }


def added(section: str, **item: Any) -> Callable[[Experiment], Change]:
    """A cure that adds a penalty or a stabilizer, if the experiment has none of that name."""

    def change(experiment: Experiment) -> Change:
        present = [each.model_dump(mode="json") for each in getattr(experiment, section)]
        return {} if any(each["name"] == item["name"] for each in present) else {section: [*present, item]}

    return change


def longer(experiment: Experiment) -> Change:
    """Twice the number of steps."""
    return {"training.steps": 2 * experiment.training.steps}


def fuller_data(experiment: Experiment) -> Change:
    """All of the data."""
    return {"data.fraction": 1.0} if experiment.data.fraction < 1 else {}


STEADIER_ADAM = Cure(
    "Adam at 2e-4 with beta1 .5: smaller steps and less momentum keep the two networks in step",
    "Radford et al. 2015, section 3",
    steadier_adam,
    has_low_rates,
)
R1 = Cure(
    "R1 keeps the discriminator flat near the data and damps the game's rotation",
    "Mescheder et al. 2018",
    added("penalties", name="r1", weight=10.0),
    has_r1,
)
SPECTRAL = Cure(
    "Spectral normalisation limits how steep the discriminator can get",
    "Miyato et al. 2018",
    set_to("discriminator.norm", "spectral"),
)
ONE_UPDATE_EACH = Cure(
    "One update of each network per step, as in algorithm 1",
    "Goodfellow et al. 2014",
    fewer_updates("discriminator", "generator"),
)
NON_SATURATING = Cure(
    "The non-saturating loss passes on a gradient however confident the discriminator is",
    "Goodfellow et al. 2014, section 3",
    lambda experiment: {"loss": "non_saturating"} if experiment.loss == "minimax" else {},
    seen=lambda evidence: evidence.saturating is False or evidence.family not in (None, "cross_entropy"),
)
FULLER_DATA = Cure("Train on all of the data", "Karras et al. 2020 (ADA), figure 1", fuller_data)

LARGER_LATENT = Cure(
    "A larger latent: too few numbers cannot represent all modes of the data",
    "Radford et al. 2015",
    at_least("latent.dim", 64),
)

COLLAPSE_CURES = (
    LARGER_LATENT,
    STEADIER_ADAM,
    ONE_UPDATE_EACH,
    FULLER_DATA,
    R1,
    Cure("PacGAN: show the discriminator several samples at once, so that it sees that they are alike", "Lin 2018"),
    Cure("Minibatch standard deviation or minibatch discrimination", "Salimans et al. 2016; Karras et al. 2018"),
    Cure("A relativistic loss with R1 and R2", "Huang et al. 2024 (R3GAN)"),
)
"""For every kind of mode collapse."""

VICTORY_CURES = (
    STEADIER_ADAM,
    Cure(
        "One discriminator update per step gives the generator time to catch up",
        "Goodfellow et al. 2014, algorithm 1 (k = 1)",
        fewer_updates("discriminator"),
    ),
    NON_SATURATING,
    R1,
    Cure(
        "Instance noise makes the two distributions overlap again",
        "Sonderby et al. 2017",
        added("stabilizers", name="instance_noise", std=0.1),
    ),
    Cure(
        "One-sided label smoothing keeps the discriminator from becoming overconfident",
        "Salimans et al. 2016, section 3.4",
        added("stabilizers", name="label_smoothing", real=0.9),
    ),
    SPECTRAL,
    Cure("A smaller discriminator or a larger generator", "practice"),
)
"""For a discriminator that has won."""

ORBIT_CURES = (
    R1,
    LARGER_LATENT,
    STEADIER_ADAM,
    Cure("Halve the learning rate to narrow the orbit", "Mescheder et al. 2017", halved_rates),
    Cure("Unrolling the discriminator lets the generator anticipate its response", "Metz et al. 2017"),
    Cure("A moving average of the generator hides the cycle but does not end it", "Yazici et al. 2019"),
)
"""For a game whose players circle each other."""

OVERFIT_CURES = (
    FULLER_DATA,
    R1,
    Cure("Augment what the discriminator sees (DiffAugment, ADA)", "Zhao et al. 2020; Karras et al. 2020"),
    Cure("Stop at the best snapshot: `ganlab sample RUN --step best`", "early stopping"),
    Cure("Dropout in the discriminator", "Radford et al. 2015; practice"),
)
"""For a discriminator or generator that knows the training images by heart."""
