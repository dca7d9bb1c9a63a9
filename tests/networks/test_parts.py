"""How weights are drawn, and how layers are run."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from ganlab.config.networks import DefaultInitOptions, NormalInitOptions, OrthogonalInitOptions, XavierInitOptions
from ganlab.networks.parts import KerasDense, Layers, initialise


@pytest.fixture
def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(8, 32, 5),
        nn.BatchNorm2d(32),
        nn.ConvTranspose2d(32, 16, 5),
        nn.GroupNorm(1, 16),
        nn.Linear(300, 200),
        nn.LayerNorm(200),
        KerasDense(200, 100),
    )


def starts(network: nn.Sequential) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in network.parameters()]


def test_default_is_what_the_constructors_drew(network: nn.Sequential) -> None:
    before = starts(network)
    initialise(network, DefaultInitOptions(name="default"))
    assert all(torch.equal(a, b) for a, b in zip(before, starts(network), strict=True))


def test_normal(network: nn.Sequential) -> None:
    initialise(network, NormalInitOptions(std=0.05))
    for layer in (network[0], network[2], network[4]):
        assert layer.weight.std().item() == pytest.approx(0.05, rel=0.05)
        assert not layer.bias.any()
    for layer in (network[1], network[3], network[5]):
        assert layer.weight.mean().item() == pytest.approx(1, abs=0.05)
        assert layer.weight.std().item() == pytest.approx(0.05, rel=0.5)
        assert not layer.bias.any()


def test_xavier(network: nn.Sequential) -> None:
    initialise(network, XavierInitOptions(name="xavier"))
    for layer, fans in ((network[0], (8 + 32) * 25), (network[2], (32 + 16) * 25), (network[4], 500)):
        bound = (6 / fans) ** 0.5
        assert layer.weight.abs().max() <= bound
        assert layer.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)
        assert not layer.bias.any()
    assert network[1].weight.eq(1).all()


def test_orthogonal(network: nn.Sequential) -> None:
    initialise(network, OrthogonalInitOptions(name="orthogonal"))
    for layer in (network[0], network[2], network[4]):
        rows = layer.weight.detach().flatten(1)
        gram = rows @ rows.T if len(rows) <= rows.shape[1] else rows.T @ rows
        torch.testing.assert_close(gram, torch.eye(len(gram)), atol=1e-5, rtol=0)
        assert not layer.bias.any()


@pytest.mark.parametrize(
    "options", [NormalInitOptions(), XavierInitOptions(name="xavier"), OrthogonalInitOptions(name="orthogonal")]
)
def test_a_layer_with_its_own_start_keeps_it(network: nn.Sequential, options: NormalInitOptions) -> None:
    before = network[6].weight.detach().clone()
    initialise(network, options)
    assert torch.equal(network[6].weight, before)
    assert before.abs().max() <= (6 / 300) ** 0.5
    assert not network[6].bias.any()


def test_layers_are_run_as_the_sequence_that_they_are() -> None:
    inner = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True))
    layers = Layers(inner, nn.Sequential(nn.Sequential(spectral_norm(nn.Linear(4, 4))), nn.Tanh()), nn.Linear(4, 2))
    layers.eval()
    values = torch.randn(5, 3)
    expected = nn.Sequential(*layers)(values)
    assert torch.equal(layers(values), expected)

    seen = []
    hook = inner[0].register_forward_hook(lambda *_: seen.append(1))
    layers(values)
    hook.remove()
    assert seen == [1], "a layer's hooks are called, whenever they come"

    other = copy.deepcopy(layers)
    nn.init.zeros_(other[2].weight)
    assert not torch.equal(other(values), expected)
    assert torch.equal(layers(values), expected)
