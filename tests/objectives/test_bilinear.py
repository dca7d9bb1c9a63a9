"""The bilinear game through the optimisers that train networks: who converges, and how fast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganlab.config.load import experiment_from_mapping
from ganlab.objectives.bilinear import lookahead_rate, optimistic_rate, plain_rate, played
from ganlab.objectives.parts import Parts, build_parts

Make = Callable[[list[nn.Parameter]], torch.optim.Optimizer]


def parts(*stabilizers: dict[str, Any]) -> Parts:
    return build_parts(experiment_from_mapping({"stabilizers": list(stabilizers)}), torch.device("cpu"))


def descent(h: float) -> Make:
    return lambda weights: torch.optim.SGD(weights, lr=h)


def distances(make: Make, ours: Parts, steps: int, in_turn: bool = False) -> Tensor:
    found: Tensor = played(make, ours, steps, in_turn).norm(dim=1)
    return found


def rate(found: Tensor, first: int) -> float:
    """What a step multiplied the distance by, from `first` to the last."""
    return float((found[-1] / found[first]) ** (1 / (len(found) - 1 - first)))


@pytest.mark.parametrize("h", [0.05, 0.1, 0.3])
def test_plain_descent_spirals_out(h: float) -> None:
    found = distances(descent(h), parts(), 100)
    assert plain_rate(h) > 1
    assert found.tolist() == pytest.approx([2**0.5 * plain_rate(h) ** step for step in range(101)])


@pytest.mark.parametrize("h", [0.05, 0.1, 0.3])
def test_optimism_converges(h: float) -> None:
    found = distances(descent(h), parts({"name": "optimism"}), 300)
    assert optimistic_rate(h) < 1
    assert rate(found, 200) == pytest.approx(optimistic_rate(h), rel=1e-6)


@pytest.mark.parametrize("h", [0.05, 0.1, 0.3])
@pytest.mark.parametrize(("every", "alpha"), [(5, 0.5), (10, 0.3)])
def test_lookahead_converges(h: float, every: int, alpha: float) -> None:
    found = distances(descent(h), parts({"name": "lookahead", "every": every, "alpha": alpha}), 100)
    assert lookahead_rate(h, every, alpha) < 1
    assert rate(found, 0) == pytest.approx(lookahead_rate(h, every, alpha), rel=1e-9)


def test_in_turn_plain_descent_goes_round_and_the_others_converge() -> None:
    """y first, then x, as a training step does: the product of both moves has determinant 1."""
    plain = distances(descent(0.1), parts(), 300, in_turn=True)
    assert 1.3 < plain.min() < plain.max() < 1.6
    for name in ("optimism", "lookahead"):
        assert distances(descent(0.1), parts({"name": name}), 600, in_turn=True)[-1] < 0.05


def test_with_adam_the_same_cures_come_nearer_but_not_to_rest() -> None:
    """Adam scales every step to the learning rate, however near the equilibrium is."""

    def adam(weights: list[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.Adam(weights, lr=0.1, betas=(0.0, 0.9))

    plain, *others = (
        distances(adam, ours, 400)[200:].mean()
        for ours in (parts(), parts({"name": "optimism"}), parts({"name": "lookahead"}))
    )
    assert plain > 0.8
    assert all(0.05 < other < plain / 3 for other in others)
