"""The Dirac-GAN of Mescheder et al. 2018: our own losses and R1 against the eigenvalues found by hand."""

from __future__ import annotations

import cmath

import pytest

from ganlab.config import objectives
from ganlab.objectives.dirac import DiracGame, measured_eigenvalues

CROSS_ENTROPIES: list[objectives.Loss] = ["minimax", "non_saturating"]


@pytest.mark.parametrize("name", CROSS_ENTROPIES)
@pytest.mark.parametrize(
    ("gamma", "expected"),
    [
        (0.0, [-0.5j, 0.5j]),
        (0.5, [-0.25 - 0.4330127018922193j, -0.25 + 0.4330127018922193j]),
        (1.0, [-0.5, -0.5]),
        (2.0, [-1 - 0.75**0.5, -1 + 0.75**0.5]),
    ],
)
def test_cross_entropy_and_r1(name: objectives.Loss, gamma: float, expected: list[complex]) -> None:
    """-g/2 +- sqrt(g^2/4 - 1/4): no linear convergence without R1, critical damping at gamma = 1."""
    # A double root is found to the square root of the machine's precision.
    assert DiracGame(name, gamma=gamma).eigenvalues() == pytest.approx(expected, abs=1e-7)


def test_relativistic_losses_orbit_like_the_others() -> None:
    """A score of 0 at the data: softplus(psi theta) against softplus(-psi theta), of which the average counts two."""
    assert DiracGame("relativistic").eigenvalues() == pytest.approx([-0.5j, 0.5j], abs=1e-12)
    assert DiracGame("relativistic_average").eigenvalues() == pytest.approx([-1j, 1j], abs=1e-12)
    assert DiracGame("relativistic", gamma=1.0).eigenvalues() == pytest.approx([-0.5, -0.5], abs=1e-7)


def test_wasserstein_orbits() -> None:
    """f(t) = t: eigenvalues +-i."""
    assert DiracGame("wasserstein").eigenvalues() == pytest.approx([-1j, 1j], abs=1e-12)


@pytest.mark.parametrize("name", CROSS_ENTROPIES)
@pytest.mark.parametrize("std", [0.5, 1.0, 2.0])
def test_instance_noise(name: objectives.Loss, std: float) -> None:
    """f'' s^2 +- sqrt(f''^2 s^4 - f'^2), f' = 1/2, f'' = -1/4: damped, critically where s^2 = 2."""
    middle, root = -(std**2) / 4, complex(std**4 / 16 - 1 / 4) ** 0.5
    expected = sorted([middle - root, middle + root], key=lambda z: (z.real, z.imag))
    assert DiracGame(name, noise=std).eigenvalues() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("weight", [0.5, 1.0, 2.0])
def test_consensus(weight: float) -> None:
    """-g/4 +- i/2."""
    expected = [-weight / 4 - 0.5j, -weight / 4 + 0.5j]
    assert DiracGame(consensus=weight).eigenvalues() == pytest.approx(expected, abs=1e-12)


def test_simultaneous_steps_spiral_out() -> None:
    """r^2 <- r^2 (1 + h^2 / 4) at first order around the equilibrium."""
    before, after = DiracGame("non_saturating").orbit((1e-4, 1e-4), 0.2, 1).square().sum(1)
    assert (after / before).item() == pytest.approx(1 + 0.2**2 / 4, rel=1e-6)


@pytest.mark.parametrize(
    "game",
    [
        DiracGame(),
        DiracGame("non_saturating"),
        DiracGame(gamma=0.5),
        DiracGame(gamma=1.0),
        DiracGame(noise=1.0),
        DiracGame(consensus=1.0),
    ],
)
def test_an_orbit_of_small_steps_shows_the_eigenvalues(game: DiracGame) -> None:
    """Steps of h multiply by 1 + h l, which is e^(h l') with l' = log(1 + h l) / h."""
    step = 0.01
    expected = [cmath.log(1 + step * each) / step for each in game.eigenvalues()]
    measured = measured_eigenvalues(game.orbit((1e-4, 0.0), step, 300), step)
    assert measured == pytest.approx(expected, abs=1e-4)
