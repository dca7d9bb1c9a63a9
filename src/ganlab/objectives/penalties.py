"""Gradient penalties on the discriminator: scalars to be added to its loss, themselves differentiable.

Each is an equation, a pure function, and the part of a game that applies it to an update of the discriminator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor

from ganlab.config.penalties import DraganOptions, R1Options, R2Options, WganGpOptions, ZeroCentredLineOptions
from ganlab.objectives.parts import Penalty, Update


def r1(scores: Tensor, real: Tensor, weight: float) -> Tensor:
    """weight / 2 * E |grad D(x)|^2 at real samples x (Mescheder et al. 2018, eq. 9).

    Args:
        scores: D(real), (N,), computed with gradients on.
        real: the samples (N, *shape) the scores were computed from; must have required gradients before.
        weight: gamma.
    """
    return weight / 2 * _gradients(scores, real).square().sum(1).mean()


def r2(scores: Tensor, fake: Tensor, weight: float) -> Tensor:
    """weight / 2 * E |grad D(x)|^2 at generated samples x (Mescheder et al. 2018, eq. 10); arguments as for `r1`."""
    return r1(scores, fake, weight)


def wgan_gp(
    discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, mix: Tensor, weight: float
) -> Tensor:
    """weight * E (|grad D(x^)| - 1)^2 at x^ = mix * real + (1 - mix) * fake (Gulrajani et al. 2017, eq. 3).

    Args:
        discriminator: maps samples to scores (N,); called once, outside autocast.
        real: real samples (N, *shape), float32 or better.
        fake: generated samples (N, *shape); no gradient reaches the generator.
        mix: the share of the real sample in each pair, (N,), drawn from U[0, 1].
        weight: lambda.
    """
    return weight * (_lengths(_gradients_at(discriminator, between(real, fake, mix))) - 1).square().mean()


def zero_centred_line(
    discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, mix: Tensor, weight: float
) -> Tensor:
    """weight * E |grad D(x^)|^2 at x^ = mix * real + (1 - mix) * fake (Thanh-Tung et al. 2019, arXiv:1902.03984: 0-GP).

    Arguments as for `wgan_gp`.
    """
    return weight * _gradients_at(discriminator, between(real, fake, mix)).square().sum(1).mean()


def dragan(discriminator: Callable[[Tensor], Tensor], real: Tensor, delta: Tensor, weight: float) -> Tensor:
    """weight * E (|grad D(x + delta)| - 1)^2 at real samples x (Kodali et al. 2017, arXiv:1705.07215, with k = 1).

    Args:
        discriminator: maps samples to scores (N,); called once, outside autocast.
        real: real samples (N, *shape), float32 or better.
        delta: where around each of them, (N, *shape).
        weight: lambda.
    """
    return weight * (_lengths(_gradients_at(discriminator, real + delta)) - 1).square().mean()


def between(real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """Return mix * real + (1 - mix) * fake, of shape (N, *shape); mix (N,) is the share of the real sample."""
    mix = mix.view(-1, *[1] * (real.dim() - 1))
    return mix * real + (1 - mix) * fake


def _gradients_at(discriminator: Callable[[Tensor], Tensor], places: Tensor) -> Tensor:
    """Gradient of the score at each place, flattened to (N, values); computed in full precision."""
    places = places.detach().requires_grad_()
    with torch.autocast(places.device.type, enabled=False):
        return _gradients(discriminator(places), places)


def _gradients(scores: Tensor, inputs: Tensor) -> Tensor:
    """Gradient of each score with respect to its own sample, flattened to (N, values)."""
    (gradients,) = torch.autograd.grad(scores.sum(), inputs, create_graph=True)
    return gradients.flatten(1)


def _lengths(gradients: Tensor) -> Tensor:
    """Euclidean length of each row, (N,)."""
    # vector_norm has gradient 0 where the norm is 0; sqrt(sum of squares) would have none.
    lengths: Tensor = torch.linalg.vector_norm(gradients, dim=1)
    return lengths


class R1(Penalty[R1Options]):
    """`r1` of the scores that the loss is computed from."""

    at_inputs: ClassVar[bool] = True

    def __call__(self, update: Update) -> Tensor:
        """Return the penalty at the reals."""
        assert update.real is not None
        return r1(update.real.scores, update.real.inputs, self.options.weight)


class R2(Penalty[R2Options]):
    """`r2` of the scores that the loss is computed from."""

    at_inputs: ClassVar[bool] = True

    def __call__(self, update: Update) -> Tensor:
        """Return the penalty at the fakes."""
        assert update.fake is not None
        return r2(update.fake.scores, update.fake.inputs, self.options.weight)


class WganGp(Penalty[WganGpOptions]):
    """`wgan_gp` between the reals and fakes of an update, judged as of the fakes' classes."""

    def __call__(self, update: Update) -> Tensor:
        """Return the penalty at random points between them."""
        return wgan_gp(*_line(update, self.device), self.options.weight)


class ZeroCentredLine(Penalty[ZeroCentredLineOptions]):
    """`zero_centred_line` between the reals and fakes of an update, judged as of the fakes' classes."""

    def __call__(self, update: Update) -> Tensor:
        """Return the penalty at random points between them."""
        return zero_centred_line(*_line(update, self.device), self.options.weight)


def _line(update: Update, device: torch.device) -> tuple[Callable[[Tensor], Tensor], Tensor, Tensor, Tensor]:
    """Return what a penalty between reals and fakes is computed from: discriminator, reals, fakes, mix."""
    assert update.real is not None
    assert update.fake is not None
    labels, real = update.fake.labels, update.real.inputs
    mix = torch.rand(len(real), generator=update.source("mix")).to(device)
    return lambda x: update.score(x, labels), real, update.fake.inputs, mix


class Dragan(Penalty[DraganOptions]):
    """`dragan` around the reals of an update, as far from them as the options say."""

    def __call__(self, update: Update) -> Tensor:
        """Return the penalty at random points around them."""
        assert update.real is not None
        real, labels = update.real.inputs.detach(), update.real.labels
        delta = self.options.noise * real.std() * self.directions(real.shape, update.source("dragan")).to(self.device)
        return dragan(lambda x: update.score(x, labels), real, delta, self.options.weight)

    def directions(self, shape: torch.Size, source: torch.Generator) -> Tensor:
        """Draw delta (N, *shape) in units of its size."""
        if self.options.distribution == "normal":
            return torch.randn(shape, generator=source)
        share = torch.rand(shape[0], *[1] * (len(shape) - 1), generator=source)
        return share * torch.rand(shape, generator=source)
