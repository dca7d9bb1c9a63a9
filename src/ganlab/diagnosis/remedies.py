"""Remedies: what to change, checked against the run's own configuration. The cures themselves are in cures.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from ganlab.config.experiment import Experiment
from ganlab.config.load import with_settings
from ganlab.config.optimizer import SgdOptions
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.findings import Remedy
from ganlab.diagnosis.record import RECORD, record_of
from ganlab.errors import ConfigError

Change = dict[str, Any]

MOST = 8
"""Remedies that a verdict offers: the first of its failure's cures that fit the run."""


SCORE_PENALTIES = ("lecam",)
"""Penalties of scores, not of gradients: they stay when the gradient penalties are exchanged."""


@dataclass(frozen=True)
class Cure:
    """A remedy before it is known whom it is for.

    Attributes:
        name: what it is called wherever it is measured or asked for, such as `packing`: the same for every run.
        why: what to do and why it helps, in one sentence.
        source: who showed it.
        change: from an experiment to the keys to set; an empty dict if the experiment already has it. None if
            the cure takes words.
        seen: whether the log of a foreign run shows that it has it already; None if no log shows that.
        foreign: whether it is for runs of other code only, as ganlab does what it asks for in every run.
        glaring: whether an experiment needs it so clearly that it comes first, whatever it did for other runs.
        price: time of a training step with it, over that without; 1 below 1.25.
    """

    name: str
    why: str
    source: str
    change: Callable[[Experiment], Change] | None = None
    seen: Callable[[Evidence], bool] | None = None
    foreign: bool = False
    glaring: Callable[[Experiment], bool] = lambda experiment: False
    price: float = 1.0


def prescribe(cures: Iterable[Cure], evidence: Evidence, failure: str = "") -> tuple[Remedy, ...]:
    """Return the first MOST cures of a failure that can still be applied to a run; see `ranked` and `remedies`."""
    found = ranked(cures, failure)
    if evidence.experiment is not None:
        experiment = evidence.experiment
        found.sort(key=lambda cure: not cure.glaring(experiment))
    return tuple(islice(remedies(found, evidence, failure), MOST))


def ranked(cures: Iterable[Cure], failure: str, path: Path = RECORD) -> list[Cure]:
    """Return cures in the order to try them: those that are verified by trials, by how often they worked, the cheaper
    of equals first; then the others in the order that they come in; last those that worked in no trial.

    Args:
        cures: a failure's, the likeliest first as far as papers tell.
        failure: `failure`, or `failure/variant`.
        path: of the trials' record.
    """

    def place(cure: Cure) -> tuple[int, float, float]:
        record = record_of(failure, cure.name, path)
        if record is None or (record.cured and not record.verified):
            return 1, 0.0, 0.0
        return 0 if record.verified else 2, -record.share, cure.price

    return sorted(cures, key=place)


def remedies(cures: Iterable[Cure], evidence: Evidence, failure: str = "") -> Iterator[Remedy]:
    """Yield every cure that can still be applied to a run; for a foreign one those its log does not show, in words."""
    experiment = evidence.experiment
    for cure in cures:
        record = record_of(failure, cure.name)
        known = "" if record is None else record.words
        if experiment is None:
            if cure.seen is None or not cure.seen(evidence):
                yield Remedy(cure.why, cure.source, name=cure.name, record=known)
        elif cure.change is not None:
            change = cure.change(experiment)
            if change and is_valid(experiment, change):
                yield Remedy(cure.why, cure.source, change, cure.name, known)
        elif not cure.foreign:
            yield Remedy(cure.why, cure.source, name=cure.name, record=known)


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


UNEVEN = 4
"""Times the generator's learning rate that the discriminator's is in self-attention GANs; more is unusual."""


def equal_rates(experiment: Experiment) -> Change:
    """The discriminator's learning rate for a generator whose own is under a quarter of it; at most 2e-3, ten times
    DCGAN's, so that one rate that is too high does not become two."""
    players = experiment.optimizer
    if isinstance(players.generator, SgdOptions) or isinstance(players.discriminator, SgdOptions):
        return {}
    slow, fast = players.generator.lr, players.discriminator.lr
    rate = min(fast, 2e-3)
    return {"optimizer.generator.lr": rate} if fast > UNEVEN * slow and rate > slow else {}


def has_even_rates(evidence: Evidence) -> bool:
    """Return whether a log does not show that the discriminator's learning rate was far above the generator's."""
    slow, fast = (evidence.controls.get(name) for name in ("lr_g", "lr_d"))
    if slow is None or fast is None or not len(slow) or not len(fast):
        return True
    return not fast.values.max() > UNEVEN * slow.values.max()


def has_huge_rates(experiment: Experiment) -> bool:
    """Return whether a network's learning rate is at least fifty times DCGAN's; plain gradient descent has others."""
    players = (experiment.optimizer.generator, experiment.optimizer.discriminator)
    return any(not isinstance(options, SgdOptions) and options.lr >= 1e-2 for options in players)


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


def halved(key: str, least: int) -> Callable[[Experiment], Change]:
    """A cure that halves a number, if the experiment has it and half of it is not below the least."""
    return lambda experiment: {key: value // 2} if (value := current(experiment, key, 0)) // 2 >= least else {}


def doubled(key: str, least: int, most: int) -> Callable[[Experiment], Change]:
    """A cure that doubles a number, at least to the least, if the experiment has it and that is not above the most."""

    def change(experiment: Experiment) -> Change:
        value = current(experiment, key)
        return {} if value is None or 2 * value > most else {key: max(2 * value, least)}

    return change


def packed(experiment: Experiment) -> Change:
    """Packs of two samples, or of the next more that divide the batches of both players."""
    training = experiment.training
    sizes = (size for size in range(2, 9) if not (training.batch_size % size or training.generator_batch % size))
    size = next(sizes, None)
    return added("stabilizers", name="packing", size=size)(experiment) if size else {}


def relativistic_recipe(experiment: Experiment) -> Change:
    """The relativistic loss with R1 and R2 in the place of other gradient penalties; batches that can be paired."""
    change = _loss_with_penalties(experiment, "relativistic", ({"name": "r1"}, {"name": "r2"}))
    if change and experiment.training.generator_batch != experiment.training.batch_size:
        change["training.generator_batch_size"] = None
    return change


def gradient_penalised_critic(experiment: Experiment) -> Change:
    """The Wasserstein loss with a gradient penalty and five updates of the critic, which has no batch norm."""
    change = _loss_with_penalties(experiment, "wasserstein", ({"name": "wgan_gp"},))
    if change:
        change |= at_least("training.discriminator_steps", 5)(experiment)
        if experiment.discriminator.has_batch_norm:
            change["discriminator.norm"] = "layer"
    return change


def _loss_with_penalties(experiment: Experiment, loss: str, penalties: tuple[Change, ...]) -> Change:
    """Set a loss and its gradient penalties, which need reals and fakes in one update; {} if all of them are there."""
    names = {each["name"] for each in penalties}
    present = {each.name: each.model_dump(mode="json") for each in experiment.penalties}
    change: Change = {} if experiment.loss == loss else {"loss": loss}
    if not names <= present.keys():
        change["penalties"] = [present.get(each["name"], each) for each in penalties]
        change["penalties"] += [each for name, each in present.items() if name in SCORE_PENALTIES]
    if change and experiment.training.discriminator_batches == "separate":
        change["training.discriminator_batches"] = "summed"
    return change


def bounded_critic(experiment: Experiment) -> Change:
    """A gradient penalty for a critic that has nothing which bounds its slope."""
    clipped = any(each.name == "weight_clipping" for each in experiment.stabilizers)
    if experiment.loss != "wasserstein" or clipped:
        return {}
    return added("penalties", name="wgan_gp", weight=10.0)(experiment)


def another_seed(experiment: Experiment) -> Change:
    """The next seed."""
    return {"seed": experiment.seed + 1}


def longer(experiment: Experiment) -> Change:
    """Twice the number of steps."""
    return {"training.steps": 2 * experiment.training.steps}


def fuller_data(experiment: Experiment) -> Change:
    """All of the data."""
    return {"data.fraction": 1.0} if experiment.data.fraction < 1 else {}
