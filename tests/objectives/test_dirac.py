"""The Dirac-GAN of Mescheder et al. 2018: our own losses and penalties against the eigenvalues found by hand."""

from __future__ import annotations

import cmath
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganlab.config import objectives
from ganlab.config.stabilizers import ConsensusOptions
from ganlab.objectives.consensus import Consensus
from ganlab.objectives.dirac import DiracGame, measured_eigenvalues
from ganlab.objectives.parts import Contest

CROSS_ENTROPIES: list[objectives.Loss] = ["minimax", "non_saturating"]


R1_ALONE, R2_ALONE, BOTH, LINE = ({"r1": 1.0}, {"r2": 1.0}, {"r1": 0.3, "r2": 0.7}, {"zero_centred_line": 0.5})


@pytest.mark.parametrize("name", CROSS_ENTROPIES)
@pytest.mark.parametrize("penalties", [R1_ALONE, R2_ALONE, BOTH, LINE])
@pytest.mark.parametrize(
    ("gamma", "expected"),
    [
        (0.5, [-0.25 - 0.4330127018922193j, -0.25 + 0.4330127018922193j]),
        (1.0, [-0.5, -0.5]),
        (2.0, [-1 - 0.75**0.5, -1 + 0.75**0.5]),
    ],
)
def test_zero_centred_penalties(
    name: objectives.Loss, penalties: dict[str, float], gamma: float, expected: list[complex]
) -> None:
    """-g/2 +- sqrt(g^2/4 - 1/4), critical damping at g = 1: D has one slope everywhere, so that it matters not where.

    R1 and R2 have half their weight in front, the penalty on the line has all of it.
    """
    game = DiracGame(name, {penalty: gamma * weight for penalty, weight in penalties.items()})
    # A double root is found to the square root of the machine's precision.
    assert game.eigenvalues() == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("name", CROSS_ENTROPIES)
@pytest.mark.parametrize("rates", [(1.0, 1.0), (1.0, 4.0), (4.0, 1.0), (0.3, 0.7)])
def test_two_learning_rates_alone_do_not_damp(name: objectives.Loss, rates: tuple[float, float]) -> None:
    """+-(i/2) sqrt(ab)."""
    turn = 0.5j * (rates[0] * rates[1]) ** 0.5
    assert DiracGame(name, rates=rates).eigenvalues() == pytest.approx([-turn, turn], abs=1e-12)


def test_relativistic_losses_orbit_like_the_others() -> None:
    """A score of 0 at the data: softplus(psi theta) against softplus(-psi theta), of which the average counts two."""
    assert DiracGame("relativistic").eigenvalues() == pytest.approx([-0.5j, 0.5j], abs=1e-12)
    assert DiracGame("relativistic_average").eigenvalues() == pytest.approx([-1j, 1j], abs=1e-12)
    assert DiracGame("relativistic", {"r1": 1.0}).eigenvalues() == pytest.approx([-0.5, -0.5], abs=1e-7)


@pytest.mark.parametrize("name", CROSS_ENTROPIES)
def test_cross_entropy_alone_orbits(name: objectives.Loss) -> None:
    """+-i/2: no linear convergence."""
    assert DiracGame(name).eigenvalues() == pytest.approx([-0.5j, 0.5j], abs=1e-12)


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


def test_consensus_as_a_run_plays_it(points: Any) -> None:
    """Its part adds to the losses of two networks what it takes from v."""
    place = torch.tensor([0.4, -0.7], dtype=torch.float64)
    part = Consensus(ConsensusOptions(name="consensus", weight=0.8), points(), torch.device("cpu"))
    added = []
    for player in ("generator", "discriminator"):
        theta, psi = (nn.Linear(1, 1, bias=False).double() for _ in range(2))
        for network, value in zip((theta, psi), place, strict=True):
            nn.init.constant_(network.weight, float(value))
        psi.weight.requires_grad_(player == "discriminator")

        def losses(score: Any, theta: nn.Linear = theta) -> tuple[Tensor, Tensor]:
            slope = score(torch.ones(1, 1, dtype=torch.float64))[0, 0]
            return DiracGame("non_saturating").losses(theta.weight[0, 0], slope)

        contest = Contest(theta, psi, lambda score: losses(score)[1], lambda score: losses(score)[0])
        own = {"generator": theta, "discriminator": psi}[player].weight
        added.append(float(torch.autograd.grad(part.coupling(contest, player), own)[0]))
    without, with_it = (
        DiracGame("non_saturating", consensus=weight).velocity(place.clone().requires_grad_()) for weight in (0.0, 0.8)
    )
    assert added == pytest.approx((without - with_it).tolist(), rel=1e-12)


def test_simultaneous_steps_spiral_out() -> None:
    """r^2 <- r^2 (1 + h^2 / 4) at first order around the equilibrium."""
    before, after = DiracGame("non_saturating").orbit((1e-4, 1e-4), 0.2, 1).square().sum(1)
    assert (after / before).item() == pytest.approx(1 + 0.2**2 / 4, rel=1e-6)


@pytest.mark.parametrize(
    "game",
    [
        DiracGame(),
        DiracGame("non_saturating"),
        DiracGame(penalties={"r1": 0.5}),
        DiracGame(penalties={"r1": 1.0}),
        DiracGame(noise=1.0),
        DiracGame(consensus=1.0),
        DiracGame(penalties={"zero_centred_line": 0.25}),
        DiracGame(rates=(0.5, 2.0)),
        DiracGame("wasserstein"),
    ],
)
def test_an_orbit_of_small_steps_shows_the_eigenvalues(game: DiracGame) -> None:
    """Steps of h multiply by 1 + h l, which is e^(h l') with l' = log(1 + h l) / h."""
    step = 0.01
    expected = [cmath.log(1 + step * each) / step for each in game.eigenvalues()]
    measured = measured_eigenvalues(game.orbit((1e-4, 0.0), step, 300), step)
    assert measured == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("discriminator_steps", [1, 3])
def test_wgan_gp_does_not_converge(discriminator_steps: int) -> None:
    """However often the discriminator moves (Mescheder et al. 2018, section 3.3), and unlike R1.

    D's slope is pulled to 1 or -1, and carries the generator past the data. A light penalty makes a cycle of that. One
    of weight w >= 1 lets the slope fall to 0 only where the losses pull as hard as it does: at a theta of 2 w.
    """

    def late(penalty: str, weight: float) -> Tensor:
        game = DiracGame("wasserstein", {penalty: weight})
        return game.orbit((1.0, 0.5), 0.2, 120, discriminator_steps)[60:]

    light = late("wgan_gp", 0.25)
    assert light.norm(dim=1).min() > 0.5
    assert light[:, 0].min() < -0.5 < 0.5 < light[:, 0].max()
    assert late("wgan_gp", 1.0)[-1].tolist() == pytest.approx([2, 0], abs=1e-3)
    assert late("r1", 1.0)[-1].norm() < 1e-3


@pytest.mark.parametrize("discriminator_steps", [None, 1, 3])
def test_wgan_does_not_converge(discriminator_steps: int | None) -> None:
    """At once it spirals out by sqrt(1 + h^2) a step; in turn, it goes round and round."""
    distances = DiracGame("wasserstein").orbit((1.0, 0.5), 0.1, 150, discriminator_steps).norm(dim=1)
    if discriminator_steps is None:
        assert (distances[1:] / distances[:-1]).tolist() == pytest.approx([1.01**0.5] * 150)
    else:
        assert 0.4 < distances[75:].min() < distances[75:].max() < 2.5


def test_where_a_penalty_has_a_kink_there_are_no_eigenvalues() -> None:
    with pytest.raises(ValueError, match="cannot be differentiated at the equilibrium"):
        DiracGame("wasserstein", {"wgan_gp": 1.0}).eigenvalues()
