"""What an experiment's objective is made of: one adversarial loss, and penalties and stabilizers as parts with hooks.

Games ask for what an update needs and know no part by name. A part may hold state; it is in every checkpoint.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar, Generic, Literal, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from ganlab.config.base import Options
from ganlab.config.experiment import Experiment
from ganlab.config.objectives import LOSSES
from ganlab.config.penalties import PENALTIES, PenaltyOptions
from ganlab.config.stabilizers import STABILIZERS, StabilizerOptions
from ganlab.objectives.adversarial import Adversarial, Targets


@dataclass
class Trace:
    """What one step showed, as detached tensors on the device: scores (N,), losses (), gradients (N, ...)."""

    real_scores: Tensor = field(init=False)
    fake_scores: Tensor = field(init=False)
    losses: dict[str, Tensor] = field(default_factory=dict)
    """The terms of the discriminator's loss, `g_loss`, `penalty_<name>` and columns of parts and games, each of shape
    ()."""
    output_gradient: Tensor = field(init=False)
    """Gradient of the generator's mean loss at its output, of the shape of the batch."""
    generator_scores: int = field(init=False)
    """Scores that the generator's loss is a mean over."""


class Judged(NamedTuple):
    """What the discriminator says of a batch.

    Attributes:
        inputs: the batch as it was shown, (N, *shape).
        labels: (N,), the class that each sample is to be of; None if the game has none.
        scores: raw scores (N,), float32.
        heads: what else it says, (N, k); None if it has no heads.
    """

    inputs: Tensor
    labels: Tensor | None
    scores: Tensor
    heads: Tensor | None


Score = Callable[[Tensor], Tensor]
"""What says of samples (N, *shape) what a discriminator does: one, or one that does not exist yet."""


@dataclass(frozen=True)
class Contest:
    """A round, as stabilizers look at it that ask for both players' losses.

    Attributes:
        generator, discriminator: the players.
        discriminator_loss, generator_loss: what each minimises on the round's batches if this discriminator judges,
            of shape (); differentiable by its weights and, through the fakes, by the generator's. Nothing is written
            down of it.
    """

    generator: nn.Module
    discriminator: nn.Module
    discriminator_loss: Callable[[Score], Tensor]
    generator_loss: Callable[[Score], Tensor]


@dataclass(frozen=True)
class Update:
    """One update of the discriminator, as penalties look at it.

    Attributes:
        real, fake: the batches and what it said of them; one is None if the update shows only the other.
        score: asks it again, in full precision: inputs (N, *shape) and their labels -> scores (N,).
        source: name of a stream -> the generator of its draws, a function of seed, name and update.
    """

    real: Judged | None
    fake: Judged | None
    score: Callable[[Tensor, Tensor | None], Tensor]
    source: Callable[[str], torch.Generator]

    def holds(self, batches: Literal["real", "fake", "both"]) -> bool:
        """Return whether these batches were shown."""
        return (self.real is not None or batches == "fake") and (self.fake is not None or batches == "real")


Chosen = TypeVar("Chosen", bound=Options)
ChosenPenalty = TypeVar("ChosenPenalty", bound=PenaltyOptions)
ChosenStabilizer = TypeVar("ChosenStabilizer", bound=StabilizerOptions)


class Part(Generic[Chosen]):
    """A penalty or stabilizer of one run, the same for every game that plays it.

    Args:
        options: what the experiment says of it.
        experiment: the whole of it.
        device: where the players are.
    """

    def __init__(self, options: Chosen, experiment: Experiment, device: torch.device) -> None:
        self.options = options
        self.seed = experiment.seed
        self.device = device

    def state(self) -> dict[str, Tensor]:
        """Return by name the tensors without which a resumed run would not go on bit for bit; here there are none."""
        return {}

    @torch.no_grad()
    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take over a state that `state` returned, of the same names, shapes and types; here in place."""
        for name, own in self.state().items():
            own.copy_(tensors[name])

    def after_update(self, discriminator: nn.Module, trace: Trace) -> None:
        """Act after an update of the discriminator; `trace.losses` takes columns of history.csv."""


class Penalty(Part[ChosenPenalty], ABC):
    """A term of the discriminator's loss in addition to the adversarial one."""

    at_inputs: ClassVar[bool] = False
    """Whether it differentiates the scores of an update by their inputs, which must then require gradients."""

    @abstractmethod
    def __call__(self, update: Update) -> Tensor:
        """Return the weighted penalty, of shape (), differentiable; the batches that it looks at are there."""

    def is_due(self, update: int) -> bool:
        """Return whether an update of the discriminator, counted from 0, has this penalty: with `every` k, each kth."""
        return update % self.options.every == 0


class Stabilizer(Part[ChosenStabilizer]):
    """Whatever else steadies the game. Every hook does nothing here; a stabilizer overrides those that it needs."""

    def see(self, samples: Tensor, stream: str, update: int, step: int) -> Tensor:
        """Return samples (N, *shape) as the discriminator is to see them in an update, differentiably.

        Args:
            samples: real or generated ones.
            stream: names what they are, for draws: `real`, `fake`, `generator` and others.
            update: number of updates of the player before, since the start of the run, for draws.
            step: training step, from 1, for what is scheduled.
        """
        return samples

    def recall(self, fakes: Tensor, update: int) -> Tensor:
        """Return the generated samples (N, *shape) that an update of the discriminator is to show, before `see`.

        It changes no state: a discriminator's loss may be asked for again.

        Args:
            fakes: what the generator made for this update.
            update: number of updates of the discriminator before, since the start of the run.
        """
        return fakes

    def remember(self, fakes: Tensor, update: int) -> None:
        """Take note of what the generator made for an update of the discriminator, after it; see `recall`."""

    def arrange(self, samples: Tensor) -> Tensor:
        """Return samples (N, *shape) in the form the discriminator is built for, in training and snapshots alike.

        `StabilizerOptions.joins` must say the same of their shape.
        """
        return samples

    def targets(self, targets: Targets) -> Targets:
        """Return the labels of an update of the discriminator."""
        return targets

    def choose(self, scores: Tensor, step: int) -> Tensor:
        """Return those of the fakes' scores (N,) that the generator's loss is to look at, in a training step."""
        return scores

    needs_reals: ClassVar[bool] = False
    """Whether `generator_loss` looks at reals."""

    def generator_loss(self, loss: Tensor, fake: Judged, real: Judged | None, score: Score, trace: Trace) -> Tensor:
        """Return what the generator minimises, of shape ().

        Args:
            loss: what it minimises without this stabilizer.
            fake: its samples, with its gradient.
            real: reals that the discriminator was shown, if a loss or a stabilizer needs them.
            score: the discriminator that judged them.
            trace: takes columns of history.csv.
        """
        return loss

    foresees: ClassVar[bool] = False
    """Whether it has the generator play against another discriminator than the one that there is."""

    def opponent(self, contest: Contest) -> Score:
        """Return the discriminator that the generator plays against in its update."""
        return contest.discriminator

    couples: ClassVar[bool] = False
    """Whether `coupling` adds something to both players' losses."""

    def coupling(self, contest: Contest, player: str) -> Tensor:
        """Return what `generator` or `discriminator` minimises beside its own loss, of shape ()."""
        raise NotImplementedError

    def after_step(self, step: int) -> None:
        """Act at the end of a training step, before the generator's moving average."""

    def wrap(self, player: str, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """Return what moves the weights of `generator` or `discriminator`: the optimiser, or one around it."""
        return optimizer


@dataclass(frozen=True)
class Parts:
    """The objective of one run. Its parts are made once: games that play with the same networks share them.

    Attributes:
        loss: the adversarial loss.
        compares: whether the generator's loss, or a stabilizer of it, looks at reals too.
        penalties: those on reals first, then on fakes, then on both.
        stabilizers: in the order of the experiment, in which they act.
        foresees, couples: those of them that do.
    """

    loss: Adversarial
    compares: bool
    penalties: tuple[Penalty[Any], ...]
    stabilizers: tuple[Stabilizer[Any], ...]
    foresees: tuple[Stabilizer[Any], ...]
    couples: tuple[Stabilizer[Any], ...]

    def show(self, samples: Tensor, stream: str, update: int, step: int) -> Tensor:
        """Return samples as the discriminator is shown them in an update: seen, then arranged. See Stabilizer.see."""
        for stabilizer in self.stabilizers:
            samples = stabilizer.see(samples, stream, update, step)
        return self.arrange(samples)

    def recall(self, fakes: Tensor, update: int) -> Tensor:
        """Return the fakes that an update of the discriminator is to show."""
        for stabilizer in self.stabilizers:
            fakes = stabilizer.recall(fakes, update)
        return fakes

    def remember(self, fakes: Tensor, update: int) -> None:
        """Let every stabilizer take note of the fakes of an update of the discriminator, after it."""
        for stabilizer in self.stabilizers:
            stabilizer.remember(fakes, update)

    def arrange(self, samples: Tensor) -> Tensor:
        """Return samples in the form the discriminator is built for."""
        for stabilizer in self.stabilizers:
            samples = stabilizer.arrange(samples)
        return samples

    def targets(self) -> Targets:
        """Return the labels of an update of the discriminator."""
        targets = Targets()
        for stabilizer in self.stabilizers:
            targets = stabilizer.targets(targets)
        return targets

    def differentiates(self, batch: Literal["real", "fake"], update: int) -> bool:
        """Return whether a penalty needs gradients at the inputs of a batch in an update."""
        return any(
            each.at_inputs and each.options.looks_at in (batch, "both") and each.is_due(update)
            for each in self.penalties
        )

    def choose(self, scores: Tensor, step: int) -> Tensor:
        """Return those of the fakes' scores (N,) that the generator's loss is to look at."""
        for stabilizer in self.stabilizers:
            scores = stabilizer.choose(scores, step)
        return scores

    def generator_loss(self, loss: Tensor, fake: Judged, real: Judged | None, score: Score, trace: Trace) -> Tensor:
        """Return what the generator minimises, given what it does without stabilizers."""
        for stabilizer in self.stabilizers:
            loss = stabilizer.generator_loss(loss, fake, real, score, trace)
        return loss

    def after_update(self, discriminator: nn.Module, trace: Trace) -> None:
        """Let every part act after an update of the discriminator."""
        for penalty in self.penalties:
            penalty.after_update(discriminator, trace)
        for stabilizer in self.stabilizers:
            stabilizer.after_update(discriminator, trace)

    def after_step(self, step: int) -> None:
        """Let every stabilizer act at the end of a training step."""
        for stabilizer in self.stabilizers:
            stabilizer.after_step(step)

    def wrap(self, player: str, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """Return what moves the weights of a player, after every stabilizer had the chance to wrap it."""
        for stabilizer in self.stabilizers:
            optimizer = stabilizer.wrap(player, optimizer)
        return optimizer

    @property
    def by_name(self) -> dict[str, Part[Any]]:
        """Every penalty and stabilizer by its name."""
        return {part.options.name: part for part in (*self.penalties, *self.stabilizers)}


def build_parts(experiment: Experiment, device: torch.device) -> Parts:
    """Make the parts that an experiment names, as they stand at the start of a run."""

    def made(options: PenaltyOptions | StabilizerOptions, entries: dict[str, Any]) -> Any:
        return resolve(entries[options.name].made_by)(options, experiment, device)

    order = ("real", "fake", "both")
    penalties = sorted(experiment.penalties, key=lambda options: order.index(options.looks_at))
    stabilizers = tuple(made(options, STABILIZERS) for options in experiment.stabilizers)
    return Parts(
        find_loss(experiment.loss),
        LOSSES[experiment.loss].compares is not None or any(each.needs_reals for each in stabilizers),
        tuple(made(options, PENALTIES) for options in penalties),
        stabilizers,
        tuple(each for each in stabilizers if each.foresees),
        tuple(each for each in stabilizers if each.couples),
    )


def find_loss(name: str) -> Adversarial:
    """Return a registered loss."""
    loss: Adversarial = resolve(LOSSES[name].made_by)
    return loss


def resolve(made_by: str) -> Any:
    """Return what `module:attribute` names."""
    module, _, attribute = made_by.partition(":")
    return getattr(import_module(module), attribute)
