"""One experiment, whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, field_validator

from ganlab.config.base import Options, Problem, Seed
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
from ganlab.config.objectives import Loss, Penalty, Stabilizer
from ganlab.config.optimizer import OptimizersOptions
from ganlab.config.training import MonitorOptions, TrainingOptions

VERDICTS: dict[str, tuple[str, ...]] = {
    "healthy": (),
    "mode_collapse": ("total", "partial", "within_mode", "cycling", "within_class", "one_direction"),
    "convergence_failure": (
        "discriminator_dominates",
        "vanishing_gradient",
        "generator_dominates",
        "batch_norm_leak",
    ),
    "diverged": ("phase_change",),
    "oscillation": (),
    "discriminator_overfit": (),
    "memorisation": (),
    "degraded": (),
    "condition_ignored": (),
    "codes_ignored": (),
    "cycle_shortcut": (),
    "never_learned": (),
    "under_trained": (),
    "inconclusive": (),
}
"""Every verdict a run can be given, with its variants."""


MEANINGS: dict[str, str] = {
    "healthy": "good and varied samples, and nothing else was found",
    "mode_collapse/total": "all samples are nearly the same",
    "mode_collapse/partial": "good samples that leave out kinds of the data",
    "mode_collapse/within_mode": "every kind is there, each with few faces",
    "mode_collapse/cycling": "few kinds at a time, other ones each time",
    "mode_collapse/within_class": "of a class that is asked for always the same few faces",
    "mode_collapse/one_direction": "one of two translators makes nearly the same image of everything",
    "convergence_failure/discriminator_dominates": "it tells every fake from every real; the generator cannot follow",
    "convergence_failure/vanishing_gradient": "the same with the saturating loss: nothing reaches the generator",
    "convergence_failure/generator_dominates": "a weak discriminator takes garbage for real",
    "convergence_failure/batch_norm_leak": "both players win: batch statistics give away what is real",
    "diverged": "NaN, Inf, or a gradient or loss that explodes and stays there",
    "diverged/phase_change": "a growing GAN that came apart when a new size began",
    "oscillation": "the losses circle with one period and do not settle",
    "discriminator_overfit": "real images it never saw are scored like fakes",
    "memorisation": "samples are copies of training images",
    "degraded": "good once, worse now",
    "condition_ignored": "the samples do not depend on the class that is asked for",
    "codes_ignored": "the generator does not use its codes: they cannot be read from the samples",
    "cycle_shortcut": "a translation hides the original in a faint pattern, so that the way back is cheap",
    "never_learned": "no snapshot ever held samples like the data",
    "under_trained": "still improving: no accusation",
    "inconclusive": "the evidence proves nothing; the verdict says what is missing",
}
"""What each verdict says, in one line, by `failure` or `failure/variant`."""


class Experiment(Options):
    """Everything that makes a run what it is: the same experiment gives the same tensors."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")] = "experiment"
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
    expect: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """The verdict this experiment claims: `failure`, `failure/variant`, or a list of which any will do."""
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

    def check(self, path: str) -> Iterator[Problem]:
        """A penalty or stabilizer is named once; an expected verdict exists."""
        for key in ("penalties", "stabilizers"):
            names = [item.name for item in getattr(self, key)]
            for index, name in enumerate(names):
                if name in names[:index]:
                    yield Problem(f"{key}.{index}", f"{name} is named twice", "name it once, with the weight you mean")
        for verdict in self.expect:
            failure, _, variant = verdict.partition("/")
            if failure not in VERDICTS:
                yield Problem("expect", f"{failure!r} is no verdict", f"verdicts are {', '.join(VERDICTS)}")
            elif variant and variant not in VERDICTS[failure]:
                variants = ", ".join(VERDICTS[failure]) or "none"
                yield Problem("expect", f"{failure} has no variant {variant!r}", f"its variants: {variants}")
