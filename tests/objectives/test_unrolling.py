"""The discriminator of k updates later: Adam's own steps, the gradient through them, and nothing left behind."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import softplus

from ganlab.config.stabilizers import UnrollingOptions
from ganlab.objectives.parts import Contest
from ganlab.objectives.unrolling import Unrolling, foreseen

CPU = torch.device("cpu")


def number(value: float) -> nn.Linear:
    """D(x) = value * x."""
    layer = nn.Linear(1, 1, bias=False).double()
    nn.init.constant_(layer.weight, value)
    return layer


def contest(discriminator: nn.Module, theta: Tensor) -> Contest:
    """The Dirac-GAN: reals at 0, the only fake at theta."""
    fake, real = theta.view(1, 1), torch.zeros(1, 1, dtype=torch.float64)
    return Contest(
        nn.Identity(),
        discriminator,
        lambda score: (softplus(-score(real)) + softplus(score(fake))).sum(),
        lambda score: softplus(-score(fake)).sum(),
    )


def unrolling(points: Any, discriminator: nn.Module, optimizer: torch.optim.Optimizer, steps: int) -> Unrolling:
    part = Unrolling(UnrollingOptions(name="unrolling", steps=steps), points(), CPU)
    part.wrap("discriminator", optimizer)
    return part


def test_the_gradient_passes_through_the_foreseen_updates(points: Any) -> None:
    """Eq. 4 and 5 by hand: psi' = psi - h theta sigmoid(psi theta), and so on; G minimises softplus(-psi_k theta)."""
    psi, h, discriminator = 0.7, 0.3, number(0.7)
    theta = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
    part = unrolling(points, discriminator, torch.optim.SGD(discriminator.parameters(), lr=h), 3)
    game = contest(discriminator, theta)
    (found,) = torch.autograd.grad(game.generator_loss(part.opponent(game)), theta)

    def by_hand(at: float) -> float:
        slope = psi
        for _ in range(3):
            slope -= h * at / (1 + torch.exp(torch.tensor(-slope * at, dtype=torch.float64)).item())
        return softplus(torch.tensor(-slope * at, dtype=torch.float64)).item()

    step = 1e-5
    assert found.item() == pytest.approx((by_hand(0.4 + step) - by_hand(0.4 - step)) / (2 * step), abs=1e-9)
    (blind,) = torch.autograd.grad(softplus(-psi * theta), theta)
    assert abs(found.item() - blind.item()) > 0.05
    assert discriminator.weight.item() == psi


def test_adam_is_foreseen_as_it_comes(points: Any) -> None:
    """Weights after k foreseen updates are those after k real ones, from moments that are there already."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01, betas=(0.5, 0.9))
    data = torch.randn(5, 3, dtype=torch.float64)

    def loss(output: Tensor) -> Tensor:
        return (output - 1).square().mean()

    def descend() -> None:
        optimizer.zero_grad()
        loss(network(data)).backward()
        optimizer.step()

    for before in range(2):  # without moments, and with some
        weights: Any = {name: weight.detach().requires_grad_() for name, weight in network.named_parameters()}
        update = foreseen(optimizer, dict(network.named_parameters()))
        for _ in range(3):
            found = loss(functional_call(network, weights, (data,)))
            gradients = torch.autograd.grad(found, list(weights.values()), create_graph=True)
            weights = update(weights, dict(zip(weights, gradients, strict=True)))
        for _ in range(3):
            descend()
        for name, weight in network.named_parameters():
            torch.testing.assert_close(weights[name], weight, rtol=0, atol=1e-8, msg=f"{name}, {before}")


def test_a_weight_that_is_not_reached_has_a_finite_gradient(points: Any) -> None:
    """Adam's root of a square that is still 0 has an infinite slope: behind a dead unit, at the first step."""
    discriminator = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1)).double()
    with torch.no_grad():
        discriminator[0].bias.fill_(-100.0)
    theta = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
    part = unrolling(points, discriminator, torch.optim.Adam(discriminator.parameters()), 2)
    game = contest(discriminator, theta)
    (found,) = torch.autograd.grad(game.generator_loss(part.opponent(game)), theta)
    assert found.isfinite()


def test_batch_statistics_and_weights_stay(points: Any) -> None:
    discriminator = nn.Sequential(nn.Linear(1, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)).double()
    kept = {name: value.clone() for name, value in discriminator.state_dict().items()}
    theta = torch.ones(6, 1, dtype=torch.float64, requires_grad=True)
    game = Contest(
        nn.Identity(),
        discriminator,
        lambda score: (softplus(score(theta)) + softplus(-score(2 * theta))).mean(),
        lambda score: softplus(-score(theta)).mean(),
    )
    part = unrolling(points, discriminator, torch.optim.Adam(discriminator.parameters(), lr=0.1), 2)
    game.generator_loss(part.opponent(game)).backward()
    for name, value in discriminator.state_dict().items():
        assert value.equal(kept[name]), name
    assert all(weight.grad is None for weight in discriminator.parameters())
