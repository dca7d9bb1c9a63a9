"""The Dirac-GAN (Mescheder et al. 2018, definition 2.1): the smallest game in which training fails to converge.

Data stand at 0, the generator makes theta, D(x) = psi x. Gradient descent of both players moves (theta, psi) along
v = -(dL_G/dtheta, dL_D/dpsi); the eigenvalues of v's Jacobian at the equilibrium (0, 0) decide what it does there.
Played with ganlab's own losses and penalties.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganlab.config import objectives
from ganlab.objectives.adversarial import Targets, total
from ganlab.objectives.parts import find_loss
from ganlab.objectives.penalties import r1


def _quantiles(count: int) -> Tensor:
    values: Tensor = torch.special.ndtri((torch.arange(count, dtype=torch.float64) + 0.5) / count)
    return values / values.square().mean().sqrt()


NOISE = _quantiles(64)
"""Equally likely points that stand for N(0, 1): mean 0 and variance 1 to rounding, so that averages are no draws."""


@dataclass(frozen=True)
class DiracGame:
    """The game and what is done to steady it.

    Attributes:
        loss: name of the losses.
        gamma: weight of R1 (Mescheder et al. 2018, eq. 9).
        noise: standard deviation of instance noise on data and fakes (Sonderby et al. 2017, section 3).
        consensus: weight of consensus optimisation (Mescheder et al. 2017, eq. 9): both players also descend |v|^2 / 2.
    """

    loss: objectives.Loss = "minimax"
    gamma: float = 0.0
    noise: float = 0.0
    consensus: float = 0.0

    def velocity(self, point: Tensor) -> Tensor:
        """Return v (2,) at a point (theta, psi), float64 with gradients on; differentiable."""
        loss, (theta, psi) = find_loss(self.loss), point
        real = (self.noise * NOISE[:, None]).requires_grad_()
        real_scores, fake_scores = (psi * real).flatten(), psi * (theta + self.noise * NOISE)
        d_loss = total(loss.discriminator(real_scores, fake_scores, Targets()).values())
        d_loss = d_loss + r1(real_scores, real, self.gamma)
        (d_theta,) = torch.autograd.grad(loss.generator(fake_scores, real_scores), theta, create_graph=True)
        (d_psi,) = torch.autograd.grad(d_loss, psi, create_graph=True)
        velocity = -torch.stack([d_theta, d_psi])
        if self.consensus:
            (rise,) = torch.autograd.grad(velocity.square().sum() / 2, point, create_graph=True)
            velocity = velocity - self.consensus * rise
        return velocity

    def eigenvalues(self) -> list[complex]:
        """Return those of v's Jacobian at the equilibrium, by real, then imaginary part."""
        jacobian = torch.autograd.functional.jacobian(self.velocity, torch.zeros(2, dtype=torch.float64))
        return sorted(torch.linalg.eigvals(jacobian).tolist(), key=lambda z: (z.real, z.imag))

    def orbit(self, start: tuple[float, float], step_size: float, steps: int) -> Tensor:
        """Return the points (steps + 1, 2) that simultaneous gradient steps reach from a start (theta, psi)."""
        points = [torch.tensor(start, dtype=torch.float64)]
        for _ in range(steps):
            point = points[-1].clone().requires_grad_()
            points.append((point + step_size * self.velocity(point)).detach())
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
