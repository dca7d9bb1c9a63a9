"""The Dirac-GAN of Mescheder et al. 2018: the game's linearisation by our own losses and R1 against its eigenvalues.

Data stand at 0, the generator makes theta, D(x) = psi x. Gradient descent of both players moves (theta, psi) along
v = -(dL_G/dtheta, dL_D/dpsi); the eigenvalues of v's Jacobian at the equilibrium (0, 0) decide what it does.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganlab.objectives.losses import LOSSES
from ganlab.objectives.penalties import r1


def eigenvalues(loss_name: str, gamma: float = 0.0) -> list[complex]:
    """Eigenvalues at the equilibrium, with R1 of weight gamma, in ascending order."""
    loss = LOSSES[loss_name]

    def velocity(point: Tensor) -> Tensor:
        theta, psi = point[0], point[1]
        real = torch.zeros(1, 1, dtype=torch.float64, requires_grad=True)
        real_scores, fake_scores = (psi * real).view(1), (psi * theta).view(1)
        d_loss = loss.real(real_scores, 1.0) + loss.fake(fake_scores, 0.0) + r1(real_scores, real, gamma)
        (d_theta,) = torch.autograd.grad(loss.generator(fake_scores), theta, create_graph=True)
        (d_psi,) = torch.autograd.grad(d_loss, psi, create_graph=True)
        return -torch.stack([d_theta, d_psi])

    jacobian = torch.autograd.functional.jacobian(velocity, torch.zeros(2, dtype=torch.float64))
    return sorted(torch.linalg.eigvals(jacobian).tolist(), key=lambda z: (z.real, z.imag))


@pytest.mark.parametrize("name", ["minimax", "non_saturating"])
@pytest.mark.parametrize(
    ("gamma", "expected"),
    [
        (0.0, [-0.5j, 0.5j]),
        (0.5, [-0.25 - 0.4330127018922193j, -0.25 + 0.4330127018922193j]),
        (1.0, [-0.5, -0.5]),
        (2.0, [-1 - 0.75**0.5, -1 + 0.75**0.5]),
    ],
)
def test_cross_entropy_and_r1(name: str, gamma: float, expected: list[complex]) -> None:
    """-g/2 +- sqrt(g^2/4 - 1/4): no linear convergence without R1, critical damping at gamma = 1."""
    # A double root is found to the square root of the machine's precision.
    assert eigenvalues(name, gamma) == pytest.approx(expected, abs=1e-7)


def test_wasserstein_orbits() -> None:
    """f(t) = t: eigenvalues +-i."""
    assert eigenvalues("wasserstein") == pytest.approx([-1j, 1j], abs=1e-12)


def test_simultaneous_steps_spiral_out() -> None:
    """r^2 <- r^2 (1 + h^2 / 4) at first order around the equilibrium."""
    loss, rate = LOSSES["non_saturating"], 0.2
    theta, psi = (torch.tensor([1e-4], dtype=torch.float64, requires_grad=True) for _ in range(2))
    (d_theta,) = torch.autograd.grad(loss.generator(psi * theta), theta)
    (d_psi,) = torch.autograd.grad(loss.fake(psi * theta, 0.0), psi)
    moved = (theta - rate * d_theta).square() + (psi - rate * d_psi).square()
    before = theta.square() + psi.square()
    assert (moved / before).item() == pytest.approx(1 + rate**2 / 4, rel=1e-6)
