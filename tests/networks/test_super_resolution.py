"""The enlarging generator's shape, its parts, and that it learns more than interpolation knows."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, mse_loss

from ganlab.config.networks import Norm, NormalInitOptions, SuperResolutionGeneratorOptions
from ganlab.networks import describe
from ganlab.networks.parts import initialise
from ganlab.networks.super_resolution import generator


def build(
    factor: int = 4, width: int = 4, blocks: int = 2, norm: Norm = "none", channels: int = 1, side: int = 28
) -> nn.Module:
    torch.manual_seed(0)
    options = SuperResolutionGeneratorOptions(name="super_resolution", width=width, blocks=blocks, norm=norm)
    small = side // factor
    network = generator(options, (channels, small, small), (channels, side, side))
    initialise(network, NormalInitOptions())
    return network


def images(count: int, *shape: int) -> Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_height_and_width_both_grow() -> None:
    options = SuperResolutionGeneratorOptions(name="super_resolution", width=4, blocks=1)
    network = generator(options, (3, 12, 8), (3, 48, 32))
    assert network(images(2, 3, 12, 8)).shape == (2, 3, 48, 32)
    assert {"details.to_24x16.0", "details.to_48x32.0"} <= {name for name, _ in network.named_modules()}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [28, 32, 64, 128])
@pytest.mark.parametrize("factor", [2, 4])
def test_images_grow_by_the_factor(factor: int, side: int, channels: int) -> None:
    small = side // factor
    made = build(factor, channels=channels, side=side)(images(2, channels, small, small))
    assert made.shape == (2, channels, side, side)
    assert made.abs().max() <= 1


def test_layers_by_factor() -> None:
    """`width` at full size, doubled at each halving; four maps a channel before each shuffle."""
    rows = [row for row in describe(build(4, width=8), (1, 7, 7)) if row.kind == "Conv2d"]
    assert [row.output_shape[:2] for row in rows] == [*[(32, 7)] * 5, (64, 7), (32, 14), (1, 28)]
    assert [row.parameters for row in rows][-3:] == [32 * 64 * 9 + 64, 16 * 32 * 9 + 32, 8 * 81 + 1]
    rows = [row for row in describe(build(2, width=8), (1, 14, 14)) if row.kind == "Conv2d"]
    assert [row.output_shape[:2] for row in rows] == [*[(16, 14)] * 5, (32, 14), (1, 28)]


@pytest.mark.parametrize(("norm", "kind"), [("batch", "BatchNorm2d"), ("instance", "InstanceNorm2d"), ("none", None)])
def test_norm_stands_inside_the_blocks_only(norm: Norm, kind: str | None) -> None:
    rows = [row for row in describe(build(norm=norm), (1, 7, 7)) if "Norm" in row.kind]
    assert [row.kind for row in rows] == [kind] * (4 if kind else 0)
    assert all(".block_" in row.name for row in rows)


def test_without_details_it_is_the_enlarged_input() -> None:
    network, small = build(), images(2, 1, 7, 7)
    for parameter in network.parameters():
        nn.init.zeros_(parameter)
    expected = torch.tanh(2 * interpolate(small, size=28, mode="bilinear"))
    torch.testing.assert_close(network(small), expected)


def test_every_weight_gets_a_gradient() -> None:
    network = build(norm="batch")
    network(images(2, 1, 7, 7)).square().sum().backward()
    assert all(p.grad.any() for name, p in network.named_parameters() if name.endswith("weight"))


def test_learns_what_interpolation_cannot_know() -> None:
    """Upright and lying bars whose squares of 4 x 4 have the same mean: left dark and right bright."""
    network = build(width=8, blocks=1)
    optimizer = torch.optim.Adam(network.parameters(), 5e-3)
    stream = torch.Generator().manual_seed(2)
    pattern = torch.tensor([-1.0, -1.0, 1.0, 1.0]).expand(4, 4).repeat(7, 7)
    for _ in range(30):
        small = torch.randint(0, 2, (8, 1, 7, 7), generator=stream) * 2.0 - 1
        large = interpolate(small, scale_factor=4.0) * pattern
        error = mse_loss(network(small), large)
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
    assert error < 0.3  # 1 for grey
