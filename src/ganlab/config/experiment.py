"""One experiment, whole."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, field_validator

from ganlab import verdicts
from ganlab.config.base import Options, Problem, Seed, Suggested
from ganlab.config.data import Data, MnistOptions
from ganlab.config.games import Game, StandardGameOptions
from ganlab.config.networks import (
    DcganDiscriminatorOptions,
    DcganGeneratorOptions,
    Discriminator,
    Generator,
    LatentOptions,
    NormalInitOptions,
    WeightInit,
)
from ganlab.config.objectives import Loss
from ganlab.config.optimizer import OptimizersOptions
from ganlab.config.penalties import Penalty
from ganlab.config.stabilizers import Stabilizer
from ganlab.config.training import MonitorOptions, TrainingOptions

NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
"""What an experiment or a run can be called."""


class Experiment(Options):
    """Everything that makes a run what it is: the same experiment gives the same tensors."""

    name: Annotated[str, Field(pattern=f"^{NAME}$")] = "experiment"
    """Name of the experiment, the first part of its run directories' names: letters, digits, `_`, `-` and `.`."""
    seed: Seed = 0
    """Seed of weights, latents and batch order."""
    data: Data = MnistOptions()
    """Where real samples come from."""
    latent: LatentOptions = LatentOptions()
    """What the generator starts from."""
    generator: Generator = DcganGeneratorOptions()
    """The generator's architecture."""
    discriminator: Discriminator = DcganDiscriminatorOptions()
    """The discriminator's architecture."""
    weight_init: WeightInit = NormalInitOptions()
    """How the weights of both networks are drawn."""
    game: Game = StandardGameOptions()
    """Who plays whom."""
    loss: Loss = "non_saturating"
    """What the two networks minimise."""
    penalties: Annotated[tuple[Penalty, ...], Field(strict=False)] = ()
    """Gradient penalties on the discriminator."""
    stabilizers: Annotated[tuple[Stabilizer, ...], Field(strict=False)] = ()
    """What else steadies the game."""
    optimizer: OptimizersOptions = OptimizersOptions()
    """How each network's weights are moved."""
    training: TrainingOptions = TrainingOptions()
    """The training loop."""
    monitor: MonitorOptions = MonitorOptions()
    """What is watched and kept."""
    expect: Annotated[tuple[str, ...], Field(strict=False), Suggested(tuple(verdicts.KINDS))] = ()
    """The verdict this experiment claims: `failure`, `failure/variant`, or a list, any of which will do."""
    claim: Annotated[str, Field(max_length=2000)] = ""
    """The claim in words, with its source."""

    @field_validator("expect", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input of the generator."""
        return self.game.input_shape(self.latent.dim, self.data)

    @property
    def joined(self) -> int:
        """Samples that one input of the discriminator is made of."""
        return math.prod(stabilizer.joins for stabilizer in self.stabilizers)

    def judged_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of one input of the discriminator, if samples have this shape."""
        return (self.joined * shape[0], *shape[1:])

    def check(self, path: str) -> Iterator[Problem]:
        """A penalty or stabilizer is named once; an expected verdict exists."""
        for key in ("penalties", "stabilizers"):
            names = [item.name for item in getattr(self, key)]
            for index, name in enumerate(names):
                if name in names[:index]:
                    yield Problem(f"{key}.{index}", f"{name} is named twice", "name it once, with the options you mean")
        for verdict in self.expect:
            if wrong := verdicts.refusal(verdict):
                yield Problem("expect", *wrong)
