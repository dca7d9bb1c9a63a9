"""Layers that look at the whole batch, against their equations and batches whose values are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganlab.config.networks import NormalInitOptions
from ganlab.networks.minibatch import DIMENSIONS, FEATURES, BatchCloseness, BatchDeviation, among_copies
from ganlab.networks.parts import initialise, normalise_spectrally


def draw(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


# -- standard deviation -----------------------------------------------------------------------------------------


def test_the_deviation_of_a_batch_made_by_hand() -> None:
    """Features 0 and 6 deviate by 3 from their mean, 5 and 5 by 0, -1 and 1 by 1: 4/3 on average."""
    values = torch.tensor([[0.0, 5.0, -1.0], [6.0, 5.0, 1.0]])
    found = BatchDeviation()(values)
    assert found.shape == (2, 4)
    assert torch.equal(found[:, :3], values)
    torch.testing.assert_close(found[:, 3], torch.full((2,), 4 / 3), atol=1e-4, rtol=0)


def test_batch_deviation_is_numpys() -> None:
    maps = draw(6, 3, 4, 4) * torch.tensor([1.0, 5.0, 0.2]).view(3, 1, 1)
    found = BatchDeviation()(maps)
    assert torch.equal(found[:, :3], maps)
    np.testing.assert_allclose(found[:, 3].numpy(), maps.numpy().std(axis=0).mean(), rtol=1e-5)
    same = maps[:1].expand(6, -1, -1, -1)
    assert BatchDeviation()(same)[:, 3].abs().max() < 2e-4
    assert BatchDeviation()(maps[:1])[:, 3].abs().max() < 2e-4


def test_in_half_precision_alike_samples_have_a_gradient() -> None:
    """EPSILON is 0 in float16, and the root of 0 has an infinite slope."""
    values = torch.ones(4, 3, dtype=torch.float16, requires_grad=True)
    found = BatchDeviation()(values)
    assert found.dtype == torch.float16
    found.float().sum().backward()
    assert values.grad is not None
    assert torch.equal(values.grad, torch.ones_like(values))


# -- discrimination ---------------------------------------------------------------------------------------------


def test_alike_samples_are_as_close_as_can_be() -> None:
    layer = BatchCloseness(3).double()
    values = draw(1, 3).expand(5, -1)
    torch.testing.assert_close(layer(values), torch.cat([values, torch.ones(5, FEATURES).double()], 1))


def test_two_samples_by_hand() -> None:
    """Each is at distance 0 of itself and d of the other: (1 + e^-d) / 2, with d = |T x - T y| / C in each row."""
    layer = BatchCloseness(1).double()
    with torch.no_grad():
        layer.tensor.weight.copy_(torch.arange(FEATURES * DIMENSIONS)[:, None] / 100)
    found = layer(torch.tensor([[1.0], [-1.0]]).double())[:, 1:]
    for feature in range(FEATURES):
        steps = [2 * (DIMENSIONS * feature + coordinate) / 100 for coordinate in range(DIMENSIONS)]
        expected = (1 + math.exp(-sum(steps) / DIMENSIONS)) / 2
        assert found[:, feature].tolist() == pytest.approx([expected, expected])


def test_closeness_is_its_equation_summed_over_the_batch() -> None:
    """o(x_i)_b = sum_j exp(-|M_ib - M_jb|_1), with M = T f(x), but for the two factors."""
    values = draw(7, 2, 3, 3)
    layer = BatchCloseness(18).double()
    found = layer(values)
    assert found.shape == (7, 2 + FEATURES, 3, 3)
    assert torch.equal(found[:, :2], values)
    tensor = layer.tensor.weight.detach().numpy().reshape(FEATURES, DIMENSIONS, 18)
    rows = np.einsum("bcv,nv->nbc", tensor, values.flatten(1).numpy())
    for sample in range(7):
        near = [np.exp(-np.abs(rows[sample] - other).sum(1) / DIMENSIONS) for other in rows]
        for row, column in ((0, 0), (2, 1)):
            np.testing.assert_allclose(found[sample, 2:, row, column].detach(), sum(near) / 7)


def test_a_sample_far_from_the_others_is_told_from_them() -> None:
    values = torch.cat([0.01 * draw(7, 4), 50 + draw(1, 4)])
    closeness = BatchCloseness(4).double()(values)[:, 4:].mean(1)
    assert closeness[-1] < 0.3 < 0.8 < closeness[:-1].min()


@pytest.mark.parametrize("spectral", [False, True])
@pytest.mark.parametrize("inputs", [64, 6272])
def test_it_starts_where_it_has_something_to_say(inputs: int, spectral: bool) -> None:
    """Of features around 1, closeness is neither 0 nor 1, whatever weight_init and the norm are."""
    torch.manual_seed(0)
    network = nn.Sequential(BatchCloseness(inputs))
    initialise(network, NormalInitOptions(std=1e-5))
    if spectral:
        normalise_spectrally(network)
    closeness = network(torch.randn(64, inputs))[:, inputs:]
    assert 0.2 < closeness.mean() < 0.8


# -- both -------------------------------------------------------------------------------------------------------

LAYERS = [BatchDeviation, lambda: BatchCloseness(2 * 3 * 3)]


@pytest.mark.parametrize("layer", [BatchDeviation(), BatchCloseness(2)])
def test_gradients_of_both_orders(layer: nn.Module) -> None:
    layer, values = layer.double(), draw(3, 2).requires_grad_()
    assert torch.autograd.gradcheck(layer, values)
    assert torch.autograd.gradgradcheck(layer, values)


@pytest.mark.parametrize("make", LAYERS)
def test_a_sample_among_copies_of_itself_is_what_a_batch_of_copies_says(make) -> None:  # type: ignore[no-untyped-def]
    network, values = nn.Sequential(make().double()), draw(4, 2, 3, 3)
    with among_copies(network):
        alone = network(values)
    for sample, expected in zip(alone, values, strict=True):
        torch.testing.assert_close(sample, network(expected.expand(5, -1, -1, -1))[0])
    assert not torch.allclose(network(values), alone), "the layer is put back"


@pytest.mark.parametrize("make", LAYERS)
def test_the_layer_is_put_back_after_an_error(make) -> None:  # type: ignore[no-untyped-def]
    network, values = nn.Sequential(make().double()), draw(4, 2, 3, 3)
    before = network(values)
    with pytest.raises(RuntimeError), among_copies(network):
        raise RuntimeError
    assert torch.equal(network(values), before)


@pytest.mark.parametrize("make", LAYERS)
def test_what_it_says_hardly_depends_on_the_size_of_the_batch(make) -> None:  # type: ignore[no-untyped-def]
    layer, values = make().double(), draw(512, 2, 3, 3)
    few, many = (layer(part)[:, 2:].mean().item() for part in (values[:64], values))
    assert few == pytest.approx(many, rel=0.1)
