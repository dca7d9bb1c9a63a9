"""One generator against one discriminator (Goodfellow et al. 2014, algorithm 1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from torch import Tensor, nn

from ganlab.config.experiment import Experiment
from ganlab.config.networks import LatentOptions
from ganlab.config.objectives import InstanceNoise, LabelSmoothing, WeightClipping
from ganlab.objectives.losses import LOSSES
from ganlab.objectives.penalties import r1, r2, wgan_gp
from ganlab.objectives.stabilizers import clip_weights, instance_noise_std
from ganlab.randomness import generator as seeded

PRECISIONS = {"bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass
class Trace:
    """What one step showed, as detached tensors on the device: scores (N,), losses (), gradients (N, ...)."""

    real_scores: Tensor = field(init=False)
    fake_scores: Tensor = field(init=False)
    losses: dict[str, Tensor] = field(default_factory=dict)
    """`d_loss_real`, `d_loss_fake`, `g_loss` and `penalty_<name>`, each of shape ()."""
    output_gradient: Tensor = field(init=False)
    """Gradient of the generator's mean loss at its output, of the shape of the batch."""


Stabilizer = TypeVar("Stabilizer", LabelSmoothing, InstanceNoise, WeightClipping)


def chosen(experiment: Experiment, kind: type[Stabilizer]) -> Stabilizer | None:
    """Return the experiment's stabilizer of a kind, or None."""
    return next((each for each in experiment.stabilizers if isinstance(each, kind)), None)


def draw_latents(options: LatentOptions, count: int, source: torch.Generator) -> Tensor:
    """Draw latents of shape (count, dim) from N(0, I), or uniformly from [-1, 1] in each dimension."""
    if options.distribution == "normal":
        return torch.randn(count, options.dim, generator=source)
    return torch.rand(count, options.dim, generator=source) * 2 - 1


class StandardGame:
    """The losses of both players, as the training step asks for them.

    `turns` yields what the discriminator minimises, one item an update; `generator_loss` what the generator does.
    Both write what they saw into a Trace.
    """

    def __init__(
        self, experiment: Experiment, generator: nn.Module, discriminator: nn.Module, device: torch.device
    ) -> None:
        self.experiment = experiment
        self.generator = generator
        self.discriminator = discriminator
        self.device = device
        self.loss = LOSSES[experiment.loss]
        self.penalties = {penalty.name: penalty.weight for penalty in experiment.penalties}
        self.smoothing = chosen(experiment, LabelSmoothing)
        self.noise = chosen(experiment, InstanceNoise)
        self.clipping = chosen(experiment, WeightClipping)
        precision = experiment.training.precision
        self.autocast = (
            nullcontext() if precision == "float32" else torch.autocast(device.type, dtype=PRECISIONS[precision])
        )

    def inputs(self, stream: str, count: int, draw: int = 0) -> Tensor:
        """Draw latents of shape (count, latent.dim): a function of (seed, stream, draw)."""
        latents = draw_latents(self.experiment.latent, count, seeded(self.experiment.seed, stream, draw))
        return latents.to(self.device, non_blocking=True)

    def sample(self, inputs: Tensor) -> Tensor:
        """Generate float32 samples of shape (count, *data.shape) from latents."""
        with self.autocast:
            samples: Tensor = self.generator(inputs)
        return samples.float()

    def score(self, samples: Tensor) -> Tensor:
        """Return the discriminator's float32 raw scores, shape (count,)."""
        with self.autocast:
            scores: Tensor = self.discriminator(samples)
        return scores.float()

    def turns(self, real: Tensor, fake: Tensor, update: int, step: int, trace: Trace) -> Iterator[Tensor]:
        """Yield the discriminator's loss, once for each of its optimiser steps on this pair of batches.

        A generator, so that with `separate` batches the fakes are scored by the weights that the reals have just moved.

        Args:
            real: real samples (N, *shape).
            fake: generated samples (N, *shape), without gradient.
            update: number of this pair of batches since the start of the run, for the draws of noise.
            step: training step, for what is scheduled.
            trace: where scores and losses are written.
        """
        real, fake = self.noisy(real, "real", update, step), self.noisy(fake, "fake", update, step)
        real.requires_grad_("r1" in self.penalties)
        fake.requires_grad_("r2" in self.penalties)
        batches = self.experiment.training.discriminator_batches
        if batches == "separate":
            yield self.real_half(real, self.score(real), trace)
            yield self.fake_half(fake, self.score(fake), trace)
            return
        if batches == "mixed":
            scores = self.score(torch.cat([real, fake]))
            real_scores, fake_scores = scores[: len(real)], scores[len(real) :]
        else:
            real_scores, fake_scores = self.score(real), self.score(fake)
        loss = self.real_half(real, real_scores, trace) + self.fake_half(fake, fake_scores, trace)
        if "wgan_gp" in self.penalties:
            mix = torch.rand(len(real), generator=seeded(self.experiment.seed, "mix", update)).to(self.device)
            penalty = wgan_gp(self.discriminator, real, fake, mix, self.penalties["wgan_gp"])
            trace.losses["penalty_wgan_gp"] = penalty.detach()
            loss = loss + penalty
        yield loss

    def real_half(self, real: Tensor, scores: Tensor, trace: Trace) -> Tensor:
        """Return the discriminator's loss on reals, R1 included."""
        loss = self.loss.real(scores, self.smoothing.real if self.smoothing else 1.0)
        trace.real_scores, trace.losses["d_loss_real"] = scores.detach(), loss.detach()
        if "r1" in self.penalties:
            penalty = r1(scores, real, self.penalties["r1"])
            trace.losses["penalty_r1"] = penalty.detach()
            loss = loss + penalty
        return loss

    def fake_half(self, fake: Tensor, scores: Tensor, trace: Trace) -> Tensor:
        """Return the discriminator's loss on fakes, R2 included."""
        loss = self.loss.fake(scores, self.smoothing.fake if self.smoothing else 0.0)
        trace.fake_scores, trace.losses["d_loss_fake"] = scores.detach(), loss.detach()
        if "r2" in self.penalties:
            penalty = r2(scores, fake, self.penalties["r2"])
            trace.losses["penalty_r2"] = penalty.detach()
            loss = loss + penalty
        return loss

    def generator_loss(self, fake: Tensor, update: int, step: int, trace: Trace) -> Tensor:
        """Return the generator's loss on samples (N, *shape) that carry its gradient."""
        fake.register_hook(lambda gradient: setattr(trace, "output_gradient", gradient.detach()))
        loss = self.loss.generator(self.score(self.noisy(fake, "generator", update, step)))
        trace.losses["g_loss"] = loss.detach()
        return loss

    def noisy(self, samples: Tensor, stream: str, update: int, step: int) -> Tensor:
        """Return the samples with instance noise, where the experiment asks for it."""
        std = instance_noise_std(self.noise, step) if self.noise else 0.0
        if std == 0.0:
            return samples
        noise = torch.randn(samples.shape, generator=seeded(self.experiment.seed, f"noise/{stream}", update))
        return samples + std * noise.to(self.device)

    def after_discriminator(self) -> None:
        """Clip the discriminator's weights after one of its updates, where the experiment asks for it."""
        if self.clipping:
            clip_weights(self.discriminator, self.clipping.limit)


build = StandardGame
