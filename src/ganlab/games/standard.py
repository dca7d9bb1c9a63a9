"""One generator against one discriminator (Goodfellow et al. 2014, algorithm 1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from ganlab.config.experiment import Experiment
from ganlab.config.networks import LatentOptions
from ganlab.config.objectives import InstanceNoiseOptions, LabelSmoothingOptions, WeightClippingOptions
from ganlab.data import RealData, to_float
from ganlab.objectives.losses import LOSSES
from ganlab.objectives.penalties import r1, r2, wgan_gp
from ganlab.objectives.stabilizers import clip_weights, instance_noise_std
from ganlab.randomness import seeded_generator

PRECISIONS = {"bfloat16": torch.bfloat16, "float16": torch.float16}


class Batch(NamedTuple):
    """Real samples (N, *shape) with their labels (N,), int64."""

    values: Tensor
    labels: Tensor


class Draw(NamedTuple):
    """What the generator starts from, drawn at random.

    Attributes:
        inputs: (N, *experiment.input_shape), floats.
        asked: (N,) int64, the class (or code) that each sample is to be of; None where none is asked for.
        truth: (N, *shape), what a perfect generator would make of each input; None where there is no such thing.
    """

    inputs: Tensor
    asked: Tensor | None = None
    truth: Tensor | None = None


class Phase(NamedTuple):
    """A stretch of a run whose samples are compared with reals of their own kind.

    Attributes:
        size: side of the images in pixels.
        since: its first step.
    """

    size: int
    since: int


class Judged(NamedTuple):
    """What the discriminator says of samples: raw scores (N,), and its heads (N, k), None where it has none."""

    scores: Tensor
    heads: Tensor | None


@dataclass
class Trace:
    """What one step showed, as detached tensors on the device: scores (N,), losses (), gradients (N, ...)."""

    real_scores: Tensor = field(init=False)
    fake_scores: Tensor = field(init=False)
    losses: dict[str, Tensor] = field(default_factory=dict)
    """`d_loss_real`, `d_loss_fake`, `g_loss`, `penalty_<name>` and the game's own columns, each of shape ()."""
    output_gradient: Tensor = field(init=False)
    """Gradient of the generator's mean loss at its output, of the shape of the batch."""


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


Stabilizer = TypeVar("Stabilizer", LabelSmoothingOptions, InstanceNoiseOptions, WeightClippingOptions)


def chosen(experiment: Experiment, kind: type[Stabilizer]) -> Stabilizer | None:
    """Return the experiment's stabilizer of a kind, or None."""
    return next((each for each in experiment.stabilizers if isinstance(each, kind)), None)


def draw_latents(options: LatentOptions, count: int, source: torch.Generator) -> Tensor:
    """Draw latents of shape (count, dim) from N(0, I), or uniformly from [-1, 1] in each dimension."""
    if options.distribution == "normal":
        return torch.randn(count, options.dim, generator=source)
    return torch.rand(count, options.dim, generator=source) * 2 - 1


def draw_images(data: RealData, count: int, source: torch.Generator, held_out: bool) -> Batch:
    """Draw real images as floats with their labels: training images, or held-out ones, each once while they last."""
    samples = data.held_out if held_out else data.train
    if held_out:
        rows = torch.randperm(len(samples), generator=source).repeat(-(-count // len(samples)))[:count]
    else:
        rows = torch.randint(len(samples), (count,), generator=source)
    return Batch(to_float(samples.values[rows]), samples.labels[rows])


class StandardGame:
    """The losses of both players, as the training step asks for them.

    `turns` yields what the discriminator minimises, one item an update; `generator_loss` what the generator does.
    Both write what they saw into the round's trace. Other games are made from this one by what they do otherwise.

    Args:
        experiment: what is played.
        generator, discriminator: the players, as `ganlab.networks` builds them.
        device: where they are.
        data: the real samples, for games that draw from them; None where a game is only to generate from latents.
    """

    def __init__(
        self,
        experiment: Experiment,
        generator: nn.Module,
        discriminator: nn.Module,
        device: torch.device,
        data: RealData | None = None,
    ) -> None:
        self.experiment = experiment
        self.options: Any = experiment.game
        self.generator = generator
        self.discriminator = discriminator
        self.device = device
        self.data = data
        self.loss = LOSSES[experiment.loss]
        self.penalties = {penalty.name: penalty.weight for penalty in experiment.penalties}
        self.smoothing = chosen(experiment, LabelSmoothingOptions)
        self.noise = chosen(experiment, InstanceNoiseOptions)
        self.clipping = chosen(experiment, WeightClippingOptions)
        precision = experiment.training.precision
        self.autocast = (
            nullcontext() if precision == "float32" else torch.autocast(device.type, dtype=PRECISIONS[precision])
        )

    @property
    def fingerprint(self) -> str:
        """What tells the data that are played with from any other."""
        return self.data.fingerprint if self.data else ""

    def begin(self, step: int) -> None:
        """Make the players ready for a step; here they are always."""

    # -- what is played with ------------------------------------------------------------------------------------

    def draw(self, count: int, source: torch.Generator, held_out: bool = False) -> Draw:
        """Draw `count` inputs of the generator, on the CPU.

        Args:
            count: how many.
            source: decides which.
            held_out: inputs that are made from data come from data that are never trained on.
        """
        return Draw(draw_latents(self.experiment.latent, count, source))

    def inputs(self, stream: str, count: int, number: int = 0, held_out: bool = False) -> Draw:
        """Draw inputs on the device: a function of (seed, stream, number)."""
        drawn = self.draw(count, seeded_generator(self.experiment.seed, stream, number), held_out)
        asked, truth = (None if each is None else each.to(self.device, non_blocking=True) for each in drawn[1:])
        return Draw(drawn.inputs.to(self.device, non_blocking=True), asked, truth)

    def real(self, batch: Batch) -> Batch:
        """Return real samples as the discriminator is to see them; here as they are."""
        return batch

    def sample(self, inputs: Tensor) -> Tensor:
        """Generate float32 samples of shape (count, *data.shape) from inputs."""
        with self.autocast:
            samples: Tensor = self.generator(inputs)
        return samples.float()

    # -- what is said of it -------------------------------------------------------------------------------------

    def judge(self, samples: Tensor, labels: Tensor | None) -> Judged:
        """Return what the discriminator says of samples, in float32.

        Args:
            samples: (N, *shape).
            labels: (N,), the class each one is to be of; None where the game has none.
        """
        with self.autocast:
            found: Tensor = self.discriminator(samples)
        found = found.float()
        return Judged(found, None) if found.dim() == 1 else Judged(found[:, 0], found[:, 1:])

    def score(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the discriminator's float32 raw scores, shape (count,)."""
        return self.judge(samples, labels).scores

    # -- what the players minimise ------------------------------------------------------------------------------

    def turns(self, round: Round) -> Iterator[Tensor]:
        """Yield the discriminator's loss, once for each of its optimiser steps on this pair of batches.

        A generator, so that with `separate` batches the fakes are scored by the weights that the reals have just moved.
        """
        real = self.noisy(round.real.values, "real", round)
        fake = self.noisy(round.fake, "fake", round)
        real.requires_grad_("r1" in self.penalties)
        fake.requires_grad_("r2" in self.penalties)
        real_labels, fake_labels = self.real_labels(round), round.drawn.asked
        batches = self.experiment.training.discriminator_batches
        if batches == "separate":
            yield self.real_half(real, self.judge(real, real_labels), round)
            yield self.fake_half(fake, self.judge(fake, fake_labels), round)
            return
        if batches == "mixed":
            labels = None if fake_labels is None else torch.cat([real_labels, fake_labels])
            both = self.judge(torch.cat([real, fake]), labels)
            count, heads = len(real), both.heads
            judged_real = Judged(both.scores[:count], None if heads is None else heads[:count])
            judged_fake = Judged(both.scores[count:], None if heads is None else heads[count:])
        else:
            judged_real, judged_fake = self.judge(real, real_labels), self.judge(fake, fake_labels)
        loss = self.real_half(real, judged_real, round) + self.fake_half(fake, judged_fake, round)
        if "wgan_gp" in self.penalties:
            mix = torch.rand(len(real), generator=seeded_generator(self.experiment.seed, "mix", round.update)).to(
                self.device
            )
            penalty = wgan_gp(lambda x: self.score(x, fake_labels), real, fake, mix, self.penalties["wgan_gp"])
            round.trace.losses["penalty_wgan_gp"] = penalty.detach()
            loss = loss + penalty
        yield loss

    def real_labels(self, round: Round) -> Tensor:
        """Return the labels that the discriminator is told of the reals."""
        return round.real.labels

    def real_half(self, real: Tensor, judged: Judged, round: Round) -> Tensor:
        """Return the discriminator's loss on reals, R1 included."""
        scores, trace = judged.scores, round.trace
        loss = self.loss.real(scores, self.smoothing.real if self.smoothing else 1.0)
        trace.real_scores, trace.losses["d_loss_real"] = scores.detach(), loss.detach()
        if "r1" in self.penalties:
            penalty = r1(scores, real, self.penalties["r1"])
            trace.losses["penalty_r1"] = penalty.detach()
            loss = loss + penalty
        return loss

    def fake_half(self, fake: Tensor, judged: Judged, round: Round) -> Tensor:
        """Return the discriminator's loss on fakes, R2 included."""
        scores, trace = judged.scores, round.trace
        loss = self.loss.fake(scores, self.smoothing.fake if self.smoothing else 0.0)
        trace.fake_scores, trace.losses["d_loss_fake"] = scores.detach(), loss.detach()
        if "r2" in self.penalties:
            penalty = r2(scores, fake, self.penalties["r2"])
            trace.losses["penalty_r2"] = penalty.detach()
            loss = loss + penalty
        return loss

    def generator_loss(self, round: Round) -> Tensor:
        """Return what the generator minimises on the round's fakes, which carry its gradient."""
        trace = round.trace
        round.fake.register_hook(lambda gradient: setattr(trace, "output_gradient", gradient.detach()))
        judged = self.judge(self.noisy(round.fake, "generator", round), round.drawn.asked)
        loss = self.loss.generator(judged.scores)
        trace.losses["g_loss"] = loss.detach()
        return loss + self.generator_extra(judged, round)

    def generator_extra(self, judged: Judged, round: Round) -> Tensor | float:
        """Return what else the generator minimises; here nothing."""
        return 0.0

    def noisy(self, samples: Tensor, stream: str, round: Round) -> Tensor:
        """Return the samples with instance noise, where the experiment asks for it."""
        std = instance_noise_std(self.noise, round.step) if self.noise else 0.0
        if std == 0.0:
            return samples
        noise = torch.randn(
            samples.shape, generator=seeded_generator(self.experiment.seed, f"noise/{stream}", round.update)
        )
        return samples + std * noise.to(self.device)

    def after_discriminator(self, round: Round) -> None:
        """Clip the discriminator's weights after one of its updates, where the experiment asks for it."""
        if self.clipping:
            clip_weights(self.discriminator, self.clipping.limit)

    # -- what a snapshot shows ----------------------------------------------------------------------------------

    matched: ClassVar[bool] = False
    """Whether what is asked for are codes of the generator's own choice, to be matched to classes."""

    def shown(self, samples: Tensor) -> Tensor:
        """Return samples as they are compared with data: (N, *data.shape)."""
        return samples

    def phase(self, step: int) -> Phase | None:
        """Return what the samples of a step are to be compared with where that is not the data as they are."""
        return None

    def gallery(self) -> Tensor | None:
        """Return up to 100 images, ten a row, that show what this game is about; None: samples show it as well."""
        return None

    def measure(self, drawn: Draw, samples: Tensor) -> dict[str, float]:
        """Return the game's own statistics of a snapshot: networks in eval mode, no gradients.

        Args:
            drawn: what the samples were made from, on the device.
            samples: (N, *shape) on the CPU.
        """
        return {}


build = StandardGame
