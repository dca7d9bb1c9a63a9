"""A change at random: what any cure has to beat, as a random change repairs failing trainings often enough."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from ganlab.config.experiment import Experiment
from ganlab.config.load import with_settings
from ganlab.config.penalties import PENALTIES
from ganlab.config.stabilizers import STABILIZERS
from ganlab.errors import ConfigError, GanlabError
from ganlab.sweeps.plan import identity
from ganlab.treatment.arms import Change, keeps_networks

FACTORS = (0.1, 0.2, 0.5, 2.0, 5.0, 10.0)
"""What learning rates are multiplied by."""

NUMBERS = {
    "generator.width": (0.5, 2),
    "discriminator.width": (0.5, 2),
    "generator.depth": (0.5, 2),
    "discriminator.depth": (0.5, 2),
    "training.batch_size": (0.5, 2),
    "latent.dim": (0.5, 2),
    "training.discriminator_steps": (2, 3, 5),
    "training.generator_steps": (2, 3, 5),
}
"""Whole numbers of an experiment, and what they are multiplied by."""

CHOICES: dict[str, tuple[Any, ...]] = {
    "generator.norm": ("none", "batch", "layer", "spectral"),
    "discriminator.norm": ("none", "batch", "layer", "spectral"),
    "generator.activation": ("relu", "leaky_relu", "tanh"),
    "discriminator.activation": ("relu", "leaky_relu", "tanh"),
    "generator.kernel_size": (3, 4, 5),
    "discriminator.kernel_size": (3, 4, 5),
    "weight_init": ({"name": "normal"}, {"name": "xavier"}, {"name": "orthogonal"}),
    "loss": ("non_saturating", "minimax", "least_squares", "hinge", "wasserstein"),
    "training.ema": (0.0, 0.99, 0.999),
}
"""Other keys, and values that they can have."""

FIRST_BETAS = (0.0, 0.5, 0.9)
"""Adam's first beta."""


def random_change(
    experiment: Experiment, letters: str, seed: int, taken: Collection[str], same_networks: bool = False
) -> dict[str, Any]:
    """Return one change at random: a function of the run's letters and the seed.

    Args:
        experiment: what it changes.
        letters: identity of the run.
        seed: of the trial.
        taken: identities of experiments that other arms train; none of them is drawn.
        same_networks: whether trained networks must fit the changed experiment.

    Raises:
        GanlabError: nothing of the experiment can be changed.
    """
    rng = np.random.default_rng([*letters.encode(), seed])
    found = list(_changes(experiment))
    # A kind of key first, then one of its values: learning rates have no more chances because they have more values.
    for key in rng.permutation(sorted({key for key, _ in found})):
        values = [change for name, change in found if name == key]
        for index in rng.permutation(len(values)):
            change = dict(values[index])
            try:
                changed = with_settings(experiment, change)
            except ConfigError:
                continue  # it does not fit this experiment: the next draw
            if same_networks and not keeps_networks(experiment, changed):
                continue
            if identity(changed) not in {*taken, identity(experiment)}:
                return change
    raise GanlabError("no change at random fits this experiment", "judge its cures by hand")


def _changes(experiment: Experiment) -> Iterator[tuple[str, Change]]:
    """Yield what is changed, and how, for every change that may be drawn, valid or not."""
    for player in ("generator", "discriminator"):
        options = getattr(experiment.optimizer, player)
        for factor in FACTORS:
            yield f"{player}'s rate", {f"optimizer.{player}.lr": float(f"{options.lr * factor:.4g}")}
        if (betas := getattr(options, "betas", None)) is not None:
            for beta in FIRST_BETAS:
                yield f"{player}'s betas", {f"optimizer.{player}.betas": [beta, betas[1]]}
    for key, factors in NUMBERS.items():
        value = _current(experiment, key)
        for factor in factors if isinstance(value, int) else ():
            yield key, {key: max(1, int(value * factor))}
    for key, values in CHOICES.items():
        if _current(experiment, key) is not None:
            yield from ((key, {key: value}) for value in values)
    for section, parts in (("penalties", PENALTIES), ("stabilizers", STABILIZERS)):
        present = [part.model_dump(mode="json") for part in getattr(experiment, section)]
        for name in parts:
            yield section, {section: [*present, {"name": name}]}


def _current(experiment: Experiment, key: str) -> Any:
    value: Any = experiment
    for part in key.split("."):
        value = getattr(value, part, None)
    return value
