"""The translator's shape, its parts, and that it can learn."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ganlab.config.networks import Norm, NormalInitOptions, TranslatorGeneratorOptions
from ganlab.networks import describe
from ganlab.networks.parts import initialise
from ganlab.networks.translator import Residual, generator


def build(width: int = 4, blocks: int = 2, norm: Norm = "instance", channels: int = 1, side: int = 28) -> nn.Module:
    torch.manual_seed(0)
    shape = (channels, side, side)
    network = generator(
        TranslatorGeneratorOptions(name="translator", width=width, blocks=blocks, norm=norm), shape, shape
    )
    initialise(network, NormalInitOptions())
    return network


def images(count: int, *shape: int) -> Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_images_that_are_not_square_keep_their_size() -> None:
    options = TranslatorGeneratorOptions(name="translator", width=4, blocks=1)
    network = generator(options, (1, 48, 20), (1, 48, 20))
    assert network(images(2, 1, 48, 20)).shape == (2, 1, 48, 20)
    assert network.down_12x5(network.down_24x10(network.read(images(2, 1, 48, 20)))).shape == (2, 16, 12, 5)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [28, 32, 64, 128])
def test_images_keep_their_size(side: int, channels: int) -> None:
    network = build(channels=channels, side=side)
    made = network(images(2, channels, side, side))
    assert made.shape == (2, channels, side, side)
    assert made.abs().max() <= 1
    sides = [row.output_shape[1] for row in describe(network, (channels, side, side)) if "Conv" in row.kind]
    assert sides == [side, side // 2, *[side // 4] * 5, side // 2, side, side]


def test_layers_are_those_of_the_paper() -> None:
    """c7s1-w, d2w, d4w, R4w ..., u2w, uw, c7s1-1 in the notation of Zhu et al. 2017, section 7.2."""
    rows = describe(build(width=8, blocks=3), (1, 28, 28))
    channels = [row.output_shape[0] for row in rows if "Conv" in row.kind]
    assert channels == [8, 16, 32, *[32] * 6, 16, 8, 1]
    weights = [row.parameters for row in rows if "Conv" in row.kind]
    up_and_down = [8 * 16 * 9 + 16, 16 * 32 * 9 + 32, *[32 * 32 * 9 + 32] * 6, 32 * 16 * 9 + 16, 16 * 8 * 9 + 8]
    assert weights == [49 * 8 + 8, *up_and_down, 49 * 8 + 1]
    assert [row.kind for row in rows].count("InstanceNorm2d") == len(channels) - 1
    assert [row.kind for row in rows].count("ReLU") == 1 + 2 + 3 + 2


@pytest.mark.parametrize(("norm", "kind"), [("batch", "BatchNorm2d"), ("layer", "GroupNorm"), ("none", None)])
def test_other_norms_take_the_place_of_the_instance_s(norm: Norm, kind: str | None) -> None:
    kinds = [type(module).__name__ for module in build(norm=norm).modules() if "Norm" in type(module).__name__]
    assert kinds == [kind] * 9 if kind else not kinds


def test_instance_norm_keeps_samples_apart() -> None:
    network, batch = build(), images(3, 1, 28, 28)
    torch.testing.assert_close(network(batch)[1:2], network(batch[1:2]), atol=1e-5, rtol=1e-4)


def test_residual_adds_to_what_it_reads() -> None:
    block, maps = Residual(4, "none"), images(2, 4, 7, 7)
    nn.init.zeros_(block.body[1].weight)
    block.body[1].bias.data = torch.arange(4.0)
    before = maps.clone()
    torch.testing.assert_close(block(maps), before + torch.arange(4.0)[:, None, None])
    assert maps.equal(before)


def test_every_weight_gets_a_gradient() -> None:
    network = build()
    network(images(2, 1, 28, 28)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert all(p.grad.any() for name, p in network.named_parameters() if name.endswith("weight"))


def test_learns_to_invert_colours() -> None:
    network = build(blocks=1)
    optimizer = torch.optim.Adam(network.parameters(), 5e-3)
    stream = torch.Generator().manual_seed(2)
    for _ in range(30):
        corners = torch.randint(0, 2, (8, 1, 7, 7), generator=stream) * 2.0 - 1
        squares = corners.repeat_interleave(4, 2).repeat_interleave(4, 3)
        error = (network(squares) + squares).abs().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
    assert error < 0.2  # 1 for grey, 2 for the squares as they are
