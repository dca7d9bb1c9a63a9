"""Optimism against the equations that it goes by, with every optimiser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganlab.config.stabilizers import OptimismOptions
from ganlab.objectives.optimism import Optimism

Optimizer = Callable[[list[nn.Parameter]], torch.optim.Optimizer]
OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": lambda weights: torch.optim.SGD(weights, lr=0.1),
    "momentum": lambda weights: torch.optim.SGD(weights, lr=0.1, momentum=0.5),
    "adam": lambda weights: torch.optim.Adam(weights, lr=0.1, betas=(0.5, 0.9), fused=True),
    "rmsprop": lambda weights: torch.optim.RMSprop(weights, lr=0.1),
}
START = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
MATRIX = torch.tensor([[0.5, 1.0, 0.0], [-1.0, 0.2, 0.3], [0.0, -0.3, 0.1]], dtype=torch.float64)
"""Its product with a point is a field that turns, as that of a game does."""


def optimistic(make: Optimizer, points: Any, steps: int) -> list[Tensor]:
    """The points that a wrapped optimiser reaches."""
    weight = nn.Parameter(START.clone())
    part = Optimism(OptimismOptions(name="optimism"), points(), torch.device("cpu"))
    optimizer = part.wrap("generator", make([weight]))
    reached = []
    for _ in range(steps):
        weight.grad = MATRIX @ weight.detach()
        optimizer.step()
        reached.append(weight.detach().clone())
    return reached


def from_the_past(make: Optimizer, steps: int) -> list[Tensor]:
    """The points looked ahead to by the last step, where each gradient is taken (Gidel et al. 2019, section 3.3)."""
    kept = nn.Parameter(START.clone())
    optimizer, last, reached = make([kept]), torch.zeros_like(START), [START]
    for _ in range(steps):
        kept.grad = MATRIX @ reached[-1]
        before = kept.detach().clone()
        optimizer.step()
        last = kept.detach() - before
        reached.append(kept.detach() + last)
    return reached[1:]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_it_is_extrapolation_from_the_past(name: str, points: Any) -> None:
    ours, theirs = optimistic(OPTIMIZERS[name], points, 12), from_the_past(OPTIMIZERS[name], 12)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_with_descent_each_gradient_counts_twice_less_the_one_before(points: Any) -> None:
    """w_(t+1) = w_t - 2 h g_t + h g_(t-1) (Daskalakis et al. 2018, section 2), with g_0 = 0."""
    before, weight = torch.zeros_like(START), START
    for reached in optimistic(OPTIMIZERS["sgd"], points, 12):
        gradient = MATRIX @ weight
        weight = weight - 2 * 0.1 * gradient + 0.1 * before
        before = gradient
        torch.testing.assert_close(reached, weight, rtol=1e-12, atol=1e-12)


def test_with_adam_it_is_optimistic_adam(points: Any) -> None:
    """Daskalakis et al. 2018, algorithm 1, written out."""
    weight, last = START, torch.zeros_like(START)
    mean, square = torch.zeros_like(START), torch.zeros_like(START)
    for step, reached in enumerate(optimistic(OPTIMIZERS["adam"], points, 12), 1):
        gradient = MATRIX @ weight
        mean = 0.5 * mean + 0.5 * gradient
        square = 0.9 * square + 0.1 * gradient**2
        ratio = mean / (1 - 0.5**step) / ((square / (1 - 0.9**step)).sqrt() + 1e-8)
        weight = weight - 2 * 0.1 * ratio + 0.1 * last
        last = ratio
        torch.testing.assert_close(reached, weight, rtol=1e-9, atol=1e-9)


def test_a_step_that_is_skipped_moves_nothing_and_the_moves_before_it_stay_the_last(points: Any) -> None:
    """Fused optimisers skip a step themselves if a gradient scaler met Inf."""
    weight = nn.Parameter(START.clone())
    part = Optimism(OptimismOptions(name="optimism"), points(), torch.device("cpu"))
    optimizer: Any = part.wrap("generator", torch.optim.SGD([weight], lr=0.1, fused=True))
    first, last = (
        torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64),
        torch.tensor([-1.0, 0.5, 2.0], dtype=torch.float64),
    )
    expected = START - 2 * 0.1 * first
    for gradient, skipped in ((first, 0.0), (torch.full_like(first, torch.inf), 1.0)):
        weight.grad, optimizer.found_inf = gradient.clone(), torch.tensor(skipped)
        optimizer.step()
        torch.testing.assert_close(weight.detach(), expected)
    optimizer.found_inf = torch.tensor(0.0)
    for gradient, before in ((last, first), (first, last)):
        weight.grad = gradient.clone()
        optimizer.step()
        expected = expected - 2 * 0.1 * gradient + 0.1 * before
        torch.testing.assert_close(weight.detach(), expected)
