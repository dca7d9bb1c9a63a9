"""The residual pair: what it computes and how it starts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate, leaky_relu, linear

from ganlab.config.experiment import Experiment
from ganlab.config.load import experiment_from_mapping
from ganlab.errors import ConfigError
from ganlab.networks import build_discriminator, build_generator, describe
from ganlab.networks.resnet import RECTIFIED, SLOPE, Block

LATENT = 6


def playing(size: int | list[int] = 28, *settings: str, **options: Any) -> Experiment:
    """A narrow pair; an option that ends in _g or _d is of one player alone."""
    shared = {"name": "resnet", "width": 2} | {
        key: value for key, value in options.items() if key[-2:] not in ("_g", "_d")
    }
    players = {
        player: shared | {key[:-2]: value for key, value in options.items() if key.endswith(end)}
        for player, end in (("generator", "_g"), ("discriminator", "_d"))
    }
    data = {"name": "cifar10" if size == 32 else "mnist", "image_size": size}
    return experiment_from_mapping({"data": data, "latent": {"dim": LATENT}, **players}, settings)


def latents(count: int = 4) -> Tensor:
    return torch.randn(count, LATENT, generator=torch.Generator().manual_seed(0))


def stirred(network: nn.Module) -> nn.Module:
    """Let no weight be 0, in double precision."""
    source = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=source))
    return network.double()


@pytest.mark.parametrize("norms", [{}, {"norm": "spectral"}, {"norm_g": "batch"}])
@pytest.mark.parametrize("size", [16, 28, 32, 64, [28, 64]])
def test_it_plays(size: int | list[int], norms: dict[str, str]) -> None:
    setup = playing(size, **norms)
    generator, discriminator = build_generator(setup), build_discriminator(setup)
    samples = generator(latents())
    assert samples.shape == (4, *setup.data.shape)
    assert samples.abs().max() <= 1
    scores = discriminator(samples)
    assert scores.shape == (4,)
    scores.square().sum().backward()
    for network in (generator, discriminator):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name


def test_layers_of_both_players() -> None:
    setup = playing(28, width=4)
    rows = describe(build_generator(setup), (LATENT,))
    assert [(row.name, row.output_shape) for row in rows if row.name.endswith("conv_2") or "." not in row.name] == [
        ("latent", (16 * 7 * 7,)),
        ("map", (16, 7, 7)),
        ("at_7.branch.conv_2", (16, 7, 7)),
        ("up_14", (16, 14, 14)),
        ("at_14.branch.conv_2", (8, 14, 14)),
        ("up_28", (8, 28, 28)),
        ("at_28.branch.conv_2", (4, 28, 28)),
        ("activation", (4, 28, 28)),
        ("image", (1, 28, 28)),
        ("tanh", (1, 28, 28)),
    ]
    rows = describe(build_discriminator(setup), setup.data.shape)
    assert [(row.name, row.output_shape) for row in rows if row.name.endswith("conv_2") or "." not in row.name] == [
        ("image", (4, 28, 28)),
        ("at_28.branch.conv_2", (8, 28, 28)),
        ("from_28", (8, 14, 14)),
        ("at_14.branch.conv_2", (16, 14, 14)),
        ("from_14", (16, 7, 7)),
        ("at_7.branch.conv_2", (16, 7, 7)),
        ("activation", (16, 7, 7)),
        ("vector", (16 * 7 * 7,)),
        ("output", (1,)),
        ("score", ()),
    ]
    assert not [row for row in rows if "norm" in row.kind.lower()]


def test_what_it_computes() -> None:
    """Both players against PyTorch's functions: x + conv(a(conv(a(x)))), resized in between."""
    setup = playing(28)
    generator, discriminator = (stirred(build(setup)) for build in (build_generator, build_discriminator))

    def block(maps: Tensor, block: nn.Module) -> Tensor:
        first, second = block.branch.conv_1, block.branch.conv_2
        branch = conv2d(leaky_relu(maps, 0.2), first.weight, first.bias, padding=1)
        branch = conv2d(leaky_relu(branch, 0.2), second.weight, second.bias, padding=1)
        same = isinstance(block.skip, nn.Identity)
        return branch + (maps if same else conv2d(maps, block.skip.weight, block.skip.bias))

    inputs = latents().double()
    maps = linear(inputs, generator.latent.weight, generator.latent.bias).view(4, 8, 7, 7)
    for number, side in enumerate((7, 14, 28)):
        maps = block(interpolate(maps, scale_factor=2) if number else maps, getattr(generator, f"at_{side}"))
    made = conv2d(leaky_relu(maps, 0.2), generator.image.weight, generator.image.bias, padding=1).tanh()
    torch.testing.assert_close(generator(inputs), made)

    maps = conv2d(made, discriminator.image.weight, discriminator.image.bias, padding=1)
    for side in (28, 14, 7):
        maps = block(maps, getattr(discriminator, f"at_{side}"))
        maps = avg_pool2d(maps, 2) if side > 7 else maps
    scores = linear(leaky_relu(maps, 0.2).flatten(1), discriminator.output.weight, discriminator.output.bias)
    torch.testing.assert_close(discriminator(made), scores[:, 0])


@pytest.mark.parametrize("size", [28, 64])
def test_without_norms_it_starts_by_fix_up(size: int) -> None:
    """Each block is its skip at first, its first convolution 1 / sqrt(blocks) of He's; variances are kept."""
    setup = playing(size, width=8)
    generator, discriminator = build_generator(setup), build_discriminator(setup)
    blocks = {28: 3, 64: 5}[size]
    for network in (generator, discriminator):
        found = [module for module in network.modules() if isinstance(module, Block)]
        assert len(found) == blocks
        for block in found:
            maps = torch.randn(2, block.branch.conv_1.in_channels, 4, 4)
            assert torch.equal(block(maps), block.skip(maps))
            first = block.branch.conv_1.weight
            he = (2 / (1.04 * first[0].numel())) ** 0.5
            assert first.std().item() == pytest.approx(he / blocks**0.5, rel=0.1)
    made = generator(latents(64))
    before_tanh = made.atanh()
    assert 0.5 < before_tanh.std() < 2
    scores = discriminator(torch.randn(64, *setup.data.shape, generator=torch.Generator().manual_seed(1)))
    assert 0.01 < scores.std() < 2


def test_the_gain_keeps_variances_through_the_rectifier() -> None:
    """He et al. 2015, equation 15: weights of variance RECTIFIED / inputs undo what leaky ReLU takes."""
    rectified = leaky_relu(torch.randn(1_000_000, generator=torch.Generator().manual_seed(0)), SLOPE)
    assert RECTIFIED * rectified.square().mean() == pytest.approx(1, rel=5e-3)


def test_fix_up_is_the_start_whatever_weight_init_says() -> None:
    def first(norm: str, init: str) -> Tensor:
        weights: Tensor = build_discriminator(playing(28, f"weight_init.name={init}", norm_d=norm)).image.weight
        return weights.detach()

    assert torch.equal(first("none", "normal"), first("none", "xavier"))
    assert not torch.equal(first("spectral", "normal"), first("spectral", "xavier"))


def test_spectral_norm_is_on_every_weight() -> None:
    network = build_discriminator(playing(28, norm="spectral", width=8)).eval()
    layers = [module for module in network.modules() if isinstance(module, nn.Linear | nn.Conv2d)]
    assert len(layers) == 10
    for layer in layers:
        assert torch.linalg.matrix_norm(layer.weight.detach().flatten(1), ord=2).item() == pytest.approx(1, abs=0.05)


def test_batch_norm_is_in_front_of_each_activation_of_the_generator() -> None:
    rows = [row.kind for row in describe(build_generator(playing(28, norm_g="batch")), (LATENT,))]
    assert rows.count("BatchNorm2d") == rows.count("LeakyReLU") == 7
    assert all(rows[place + 1] == "LeakyReLU" for place, kind in enumerate(rows) if kind == "BatchNorm2d")


@pytest.mark.parametrize(
    ("options", "size", "words"),
    [
        ({"norm_d": "batch"}, 28, "the resnet discriminator has no batch normalisation"),
        ({"norm": "layer"}, 28, "the resnet generator has no layer normalisation"),
        ({}, 30, "resnet makes images whose height and width are multiples of 4"),
        ({"kernel_size": 3}, 28, "unknown key"),
    ],
)
def test_what_it_does_not_have_is_refused(options: dict[str, Any], size: int, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        playing(size, **options)
