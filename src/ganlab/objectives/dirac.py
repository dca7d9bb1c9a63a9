"""The Dirac-GAN (Mescheder et al. 2018, definition 2.1): the smallest game in which training fails to converge.

Data stand at 0, the generator makes theta, D(x) = psi x. Gradient descent of both players moves (theta, psi) along
v = -(dL_G/dtheta, dL_D/dpsi); the eigenvalues of v's Jacobian at the equilibrium (0, 0) decide what it does there.
Played with ganlab's own losses and penalties.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ganlab.config import objectives
from ganlab.config.experiment import Experiment
from ganlab.config.penalties import PENALTIES
from ganlab.objectives.adversarial import Targets, total
from ganlab.objectives.consensus import squared
from ganlab.objectives.parts import Judged, Penalty, Update, find_loss, resolve


def _quantiles(count: int) -> Tensor:
    values: Tensor = torch.special.ndtri((torch.arange(count, dtype=torch.float64) + 0.5) / count)
    return values / values.square().mean().sqrt()


NOISE = _quantiles(64)[:, None]
"""Equally likely points that stand for N(0, 1): mean 0 and variance 1 to rounding, so that averages are no draws."""


@dataclass(frozen=True)
class DiracGame:
    """The game and what is done to steady it.

    Attributes:
        loss: name of the losses.
        penalties: weights of gradient penalties, by their names.
        noise: standard deviation of instance noise on data and fakes (Sonderby et al. 2017, section 3).
        consensus: weight of consensus optimisation (Mescheder et al. 2017, eq. 12).
        rates: learning rates of generator and discriminator.
    """

    loss: objectives.Loss = "minimax"
    penalties: Mapping[str, float] = field(default_factory=dict)
    noise: float = 0.0
    consensus: float = 0.0
    rates: tuple[float, float] = (1.0, 1.0)

    @cached_property
    def _penalties(self) -> list[Penalty[Any]]:
        """The penalties as a run makes them."""
        experiment, found = Experiment(), []
        for name, weight in self.penalties.items():
            options = PENALTIES[name].options(name=name, weight=weight)
            found.append(resolve(PENALTIES[name].made_by)(options, experiment, torch.device("cpu")))
        return found

    def losses(self, theta: Tensor, psi: Tensor) -> tuple[Tensor, Tensor]:
        """Return what generator and discriminator minimise at theta and psi, each of shape (), as they are."""
        loss = find_loss(self.loss)
        real, fake = self.noise * NOISE, theta + self.noise * NOISE
        real.requires_grad_()

        def score(inputs: Tensor, labels: Tensor | None = None) -> Tensor:
            return (psi * inputs).flatten()

        update = Update(
            Judged(real, None, score(real), None),
            Judged(fake, None, score(fake), None),
            score,
            lambda stream: torch.Generator().manual_seed(0),
        )
        terms = [*loss.discriminator(score(real), score(fake), Targets()).values()]
        terms += [penalty(update) for penalty in self._penalties]
        return loss.generator(score(fake), score(real)), total(terms)

    def velocity(self, point: Tensor) -> Tensor:
        """Return v (2,) at a point (theta, psi), float64 with gradients on; differentiable."""
        theta, psi = point
        g_loss, d_loss = self.losses(theta, psi)
        (d_theta,) = torch.autograd.grad(g_loss, theta, create_graph=True)
        (d_psi,) = torch.autograd.grad(d_loss, psi, create_graph=True)
        velocity = -torch.stack([d_theta, d_psi])
        if self.consensus:
            squares = squared(g_loss, [theta]) + squared(d_loss, [psi])
            (rise,) = torch.autograd.grad(self.consensus / 2 * squares, point, create_graph=True)
            velocity = velocity - rise
        return velocity * torch.tensor(self.rates, dtype=torch.float64)

    def eigenvalues(self) -> list[complex]:
        """Return those of v's Jacobian at the equilibrium, by real, then imaginary part.

        Raises:
            ValueError: v has none there, as with wgan_gp, whose penalty has a kink at psi = 0.
        """
        jacobian = torch.autograd.functional.jacobian(self.velocity, torch.zeros(2, dtype=torch.float64))
        if not bool(jacobian.isfinite().all()):
            raise ValueError(f"the gradients of {self} cannot be differentiated at the equilibrium")
        return sorted(torch.linalg.eigvals(jacobian).tolist(), key=lambda z: (z.real, z.imag))

    def orbit(
        self, start: tuple[float, float], step_size: float, steps: int, discriminator_steps: int | None = None
    ) -> Tensor:
        """Return the points (steps + 1, 2) that gradient steps reach from a start (theta, psi).

        Args:
            start: where the first point is.
            step_size: of each gradient step.
            steps: how many of the generator's.
            discriminator_steps: how many of the discriminator come before each of them, as in training; None: both
                move at once.
        """
        theta_only, psi_only = torch.eye(2, dtype=torch.float64) * step_size
        moves = [psi_only] * discriminator_steps + [theta_only] if discriminator_steps else [theta_only + psi_only]
        points = [torch.tensor(start, dtype=torch.float64)]
        for _ in range(steps):
            point = points[-1]
            for move in moves:
                point = (point + move * self.velocity(point.clone().requires_grad_())).detach()
            points.append(point)
        return torch.stack(points)


def measured_eigenvalues(points: Tensor, step_size: float) -> list[complex]:
    """Return eigenvalues as an orbit near the equilibrium shows them, by real, then imaginary part.

    One linear map is fitted from each point to the next; the logarithm of its eigenvalues, divided by the step, is the
    rate of decay (real part) and the angle turned (imaginary part) in a unit of time.

    Args:
        points: (N, 2), N > 2, as `DiracGame.orbit` returns them.
        step_size: of the orbit.
    """
    step = torch.linalg.lstsq(points[:-1], points[1:], driver="gelsd").solution
    rates = torch.linalg.eigvals(step).log() / step_size
    return sorted(rates.tolist(), key=lambda z: (z.real, z.imag))
