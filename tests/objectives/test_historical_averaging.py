"""Historical averaging: the gradient of its term, and the mean of the past."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from ganlab.config.stabilizers import HistoricalAveragingOptions
from ganlab.objectives.historical_averaging import HistoricalAveraging, pull


def test_the_pull_is_the_gradient_of_the_term() -> None:
    """weight * |theta - mean|^2 by autograd, on top of a gradient that is there."""
    theta, mean = torch.randn(4, requires_grad=True), torch.randn(4)
    cost = theta.sin().sum() + 0.7 * (theta - mean).square().sum()
    (expected,) = torch.autograd.grad(cost, theta)
    gradients = [theta.detach().cos()]
    pull(gradients, [theta.detach() - mean], 0.7)
    torch.testing.assert_close(gradients[0], expected)


def test_the_mean_is_that_of_all_weights_updated_before(points: Any) -> None:
    """Descent with weight .4 and rate .5 against the same written out; a parameter without a gradient has no past."""
    still, weight = nn.Parameter(torch.ones(2)), nn.Parameter(torch.tensor([1.0, -3.0]))
    options = HistoricalAveragingOptions(name="historical_averaging", weight=0.4)
    part = HistoricalAveraging(options, points(), torch.device("cpu"))
    optimizer = part.wrap("generator", torch.optim.SGD([still, weight], lr=0.5))
    past: list[torch.Tensor] = []
    for step in range(10):
        now, gradient = weight.detach().clone(), torch.tensor([step - 5.0, 1.0])
        mean = torch.stack(past).mean(0) if past else now
        expected = now - 0.5 * (gradient + 2 * 0.4 * (now - mean))
        past.append(now)
        weight.grad = gradient
        optimizer.step()
        torch.testing.assert_close(weight.detach(), expected)
    state = part.state()
    assert state["generator/count"].tolist() == [0, 10]
    torch.testing.assert_close(state["generator/1"], torch.stack(past).mean(0))
    assert state["generator/0"].tolist() == still.tolist() == pytest.approx([1, 1])
