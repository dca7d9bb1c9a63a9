"""What passes between the training step, a game and its head: batches, draws, rounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from ganlab.objectives.parts import Trace


class Batch(NamedTuple):
    """Real samples (N, *shape) with their labels (N,), int64."""

    values: Tensor
    labels: Tensor

    def of(self, rows: Tensor) -> Batch:
        """Return some of the samples, int64 (M,)."""
        return Batch(self.values[rows], self.labels[rows])


class Draw(NamedTuple):
    """What the generator starts from, drawn at random.

    Attributes:
        inputs: (N, *experiment.input_shape), floats.
        asked: (N,) int64, the class (or code) that each sample is to be of; None if none is asked for.
        truth: (N, *shape), what a perfect generator would make of each input; None if there is no such thing.
    """

    inputs: Tensor
    asked: Tensor | None = None
    truth: Tensor | None = None

    def of(self, rows: Tensor) -> Draw:
        """Return some of what was drawn, int64 (M,)."""
        asked, truth = (None if each is None else each[rows] for each in self[1:])
        return Draw(self.inputs[rows], asked, truth)


class Phase(NamedTuple):
    """A stretch of a run whose samples are compared with reals of their own kind.

    Attributes:
        size: side of the images in pixels.
        since: its first step.
    """

    size: int
    since: int


@dataclass(frozen=True)
class Round:
    """One update of a player: what it is shown, and where what it shows is written.

    Attributes:
        real: real samples; in the generator's update those that the discriminator saw last.
        drawn: what the fakes were made from.
        fake: generated samples (N, *shape); with gradient in the generator's update only.
        update: number of updates of this player before, since the start of the run, for draws.
        step: training step, for what is scheduled.
        trace: where scores and losses are written.
    """

    real: Batch
    drawn: Draw
    fake: Tensor
    update: int
    step: int
    trace: Trace
