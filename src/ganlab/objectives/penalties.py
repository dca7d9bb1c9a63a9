"""Gradient penalties on the discriminator: scalars to be added to its loss, themselves differentiable.

Each is an equation, a pure function, and the part of a game that asks it of what the discriminator was update.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor

from ganlab.config.penalties import R1Options, R2Options, WganGpOptions
from ganlab.objectives.parts import Penalty, Update


def r1(scores: Tensor, real: Tensor, weight: float) -> Tensor:
    """weight / 2 * E |grad D(x)|^2 at real samples x (Mescheder et al. 2018, eq. 9).

    Args:
        scores: D(real), (N,), computed outside autocast with gradients on.
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
    mix = mix.view(-1, *[1] * (real.dim() - 1))
    between = (mix * real + (1 - mix) * fake).detach().requires_grad_()
    with torch.autocast(between.device.type, enabled=False):
        gradients = _gradients(discriminator(between), between)
    # vector_norm has gradient 0 where the norm is 0; sqrt(sum of squares) would have none.
    norms: Tensor = torch.linalg.vector_norm(gradients, dim=1)
    return weight * (norms - 1).square().mean()


def _gradients(scores: Tensor, inputs: Tensor) -> Tensor:
    """Gradient of each score with respect to its own sample, flattened to (N, values)."""
    (gradients,) = torch.autograd.grad(scores.sum(), inputs, create_graph=True)
    return gradients.flatten(1)


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
        assert update.real is not None
        assert update.fake is not None
        labels, real = update.fake.labels, update.real.inputs
        mix = torch.rand(len(real), generator=update.source("mix")).to(self.device)
        return wgan_gp(lambda x: update.score(x, labels), real, update.fake.inputs, mix, self.options.weight)
