"""Label smoothing, instance noise and weight clipping."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganlab.config.objectives import InstanceNoiseOptions
from ganlab.objectives.stabilizers import clip_weights, instance_noise_std


@pytest.mark.parametrize(("step", "std"), [(0, 0.4), (25, 0.3), (50, 0.2), (100, 0.0), (1000, 0.0)])
def test_instance_noise_falls_linearly_to_zero(step: int, std: float) -> None:
    options = InstanceNoiseOptions(name="instance_noise", std=0.4, until=100)
    assert instance_noise_std(options, step) == pytest.approx(std)


def test_instance_noise_without_end_stays() -> None:
    assert instance_noise_std(InstanceNoiseOptions(name="instance_noise", std=0.4), 10**6) == 0.4


def test_clipping_touches_parameters_beyond_the_limit_only() -> None:
    network = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    values = torch.tensor([-5.0, -0.01, -0.003, 0.0, 0.003, 0.01, 5.0, 0.02, -0.02]).view(3, 3)
    with torch.no_grad():
        network[0].weight.copy_(values)
    clip_weights(network, 0.01)
    assert network[0].weight.equal(values.clamp(-0.01, 0.01))
    assert max(parameter.abs().max().item() for parameter in network.parameters()) <= 0.01 + 1e-9
    assert network[1].running_var.eq(1).all(), "buffers are no weights"
    assert network[0].weight.requires_grad
