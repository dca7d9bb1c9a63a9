"""Networks that grow: what they make at each size, that growing is seamless, and each part against an oracle."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate, linear

from ganlab.config.experiment import Experiment
from ganlab.config.networks import NormalInitOptions, ProgressiveDiscriminatorOptions, ProgressiveGeneratorOptions
from ganlab.networks import describe
from ganlab.networks.parts import EqualConv, EqualLinear, initialise
from ganlab.networks.progressive import Growing, PixelNorm, discriminator, generator, grow
from ganlab.objectives.penalties import wgan_gp
from ganlab.training.optimizers import NetworkOptimizer

LATENT, CHANNELS, BATCH = 6, 2, 5
STAGES = [(28, [7, 14, 28]), (32, [4, 8, 16, 32])]


def players(side: int, outputs: int = 1, width: int = 3) -> tuple[Growing, Growing]:
    """Both networks in float64, with biases that are not 0."""
    torch.manual_seed(0)
    shape = (CHANNELS, side, side)
    networks = (
        generator(ProgressiveGeneratorOptions(name="progressive", width=width, max_width=8), (LATENT,), shape),
        discriminator(ProgressiveDiscriminatorOptions(name="progressive", width=width, max_width=8), shape, outputs),
    )
    for network in networks:
        for name, parameter in network.named_parameters():
            if name.endswith("bias"):
                nn.init.normal_(parameter)
        network.double()
    return networks


def latents(number: int = BATCH) -> Tensor:
    return torch.randn(number, LATENT, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def images(side: int, number: int = BATCH) -> Tensor:
    values = torch.rand(number, CHANNELS, side, side, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    return 2 * values - 1


@pytest.mark.parametrize(("side", "sizes"), STAGES)
@pytest.mark.parametrize("outputs", [1, 4])
def test_shapes_at_each_size(side: int, sizes: list[int], outputs: int) -> None:
    made_by, judge = players(side, outputs)
    assert made_by(latents()).shape == (BATCH, CHANNELS, side, side), "whole when built"
    for size in sizes:
        for fade in (1.0,) if size == sizes[0] else (0.0, 0.5, 1.0):
            pair = nn.ModuleList([made_by, judge])
            grow(pair, size, fade)
            samples = made_by(latents())
            assert samples.shape == (BATCH, CHANNELS, size, size)
            assert samples.abs().max() <= 1
            assert judge(samples).shape == ((BATCH,) if outputs == 1 else (BATCH, outputs))


@pytest.mark.parametrize(("side", "sizes"), STAGES)
def test_growing_is_seamless(side: int, sizes: list[int]) -> None:
    """A network of twice the size whose new layer has no share is the one before, of pixels twice as large."""
    made_by, judge = players(side)
    for small in sizes[:-1]:
        for network in (made_by, judge):
            grow(network, small, 1.0)
        samples, scores = made_by(latents()), judge(images(small))
        for network in (made_by, judge):
            grow(network, 2 * small, 0.0)
        torch.testing.assert_close(made_by(latents()), interpolate(samples, scale_factor=2))
        torch.testing.assert_close(judge(interpolate(images(small), scale_factor=2)), scores)
        for network in (made_by, judge):
            grow(network, 2 * small, 1e-6)
        torch.testing.assert_close(made_by(latents()), interpolate(samples, scale_factor=2), rtol=0, atol=1e-4)
        torch.testing.assert_close(judge(interpolate(images(small), scale_factor=2)), scores, rtol=0, atol=1e-4)


def test_the_fade_is_linear_before_the_tanh() -> None:
    made_by, _ = players(32)
    values = []
    for fade in (0.0, 0.25, 1.0):
        grow(made_by, 16, fade)
        values.append(made_by(latents()).atanh())
    old, quarter, new = values
    assert not torch.allclose(old, new)
    torch.testing.assert_close(quarter, 0.75 * old + 0.25 * new)


def test_only_what_plays_gets_gradients() -> None:
    made_by, judge = players(32)
    unseen = {  # for each size and fade: those prefixes get no gradient, and everything else does
        (4, 1.0): [
            "blocks.8",
            "blocks.16",
            "blocks.32",
            *(f"{way}_image.{s}" for way in ("to", "from") for s in (8, 16, 32)),
        ],
        (16, 0.5): ["blocks.32", *(f"{way}_image.{s}" for way in ("to", "from") for s in (4, 32))],
        (32, 1.0): [f"{way}_image.{s}" for way in ("to", "from") for s in (4, 8, 16)],
    }
    for (size, fade), idle in unseen.items():
        for network in (made_by, judge):
            network.zero_grad(set_to_none=True)
            grow(network, size, fade)
        judge(made_by(latents())).square().sum().backward()
        for network in (made_by, judge):
            for name, parameter in network.named_parameters():
                assert (parameter.grad is None) == any(name.startswith(f"{each}.") for each in idle), name


def test_size_and_fade_are_no_state() -> None:
    made_by, _ = players(28)
    names = set(made_by.state_dict())
    grow(made_by, 7, 1.0)
    assert set(made_by.state_dict()) == names == {name for name, _ in made_by.named_parameters()}
    twin = copy.deepcopy(made_by)
    assert twin(latents()).shape[-1] == 7
    grow(twin, 28, 0.5)
    assert (made_by.size, made_by.fade) == (7, 1.0)


@pytest.mark.parametrize(("size", "fade"), [(12, 1.0), (64, 1.0), (4, 0.5)])
def test_sizes_that_do_not_exist_are_refused(size: int, fade: float) -> None:
    made_by, _ = players(32)
    with pytest.raises(ValueError, match=r"sizes \[4, 8, 16, 32\]"):
        grow(made_by, size, fade)


def test_channels_double_inwards_up_to_the_largest() -> None:
    setup = {"name": "progressive", "width": 3, "max_width": 8}
    made_by = generator(ProgressiveGeneratorOptions(**setup), (LATENT,), (1, 32, 32))  # type: ignore[arg-type]
    judge = discriminator(ProgressiveDiscriminatorOptions(**setup), (1, 32, 32), 1)  # type: ignore[arg-type]
    maps = [row.output_shape for row in describe(made_by, (LATENT,)) if row.kind == "EqualConv"]
    expected = [(8, 4, 4), (8, 8, 8), (8, 8, 8), (6, 16, 16), (6, 16, 16), (3, 32, 32), (3, 32, 32), (1, 32, 32)]
    assert maps == expected
    maps = [row.output_shape for row in describe(judge, (1, 32, 32)) if row.kind == "EqualConv"]
    assert maps == [(3, 32, 32), (3, 32, 32), (6, 32, 32), (6, 16, 16), (8, 16, 16), (8, 8, 8), (8, 8, 8), (8, 4, 4)]


def test_equalised_layers_against_hand_computation() -> None:
    torch.manual_seed(0)
    conv, dense, output = EqualConv(12, 40, 3), EqualLinear(50, 40), EqualLinear(50, 40, gain=1.0)
    initialise(nn.ModuleList([conv, dense, output]), NormalInitOptions(std=0.02))
    for layer in (conv, dense, output):
        assert layer.weight.std().item() == pytest.approx(1, abs=0.05), "weight_init must not change it"
        assert layer.bias is not None
        assert not layer.bias.any()
        nn.init.normal_(layer.bias)
    maps, values = torch.randn(2, 12, 5, 5), torch.randn(2, 50)
    for layer, found, wanted in (
        (conv, conv(maps), conv2d(maps, conv.weight * (2 / 108) ** 0.5, conv.bias, padding=1)),
        (dense, dense(values), linear(values, dense.weight * 0.2, dense.bias)),
        (output, output(values), linear(values, output.weight * 0.02**0.5, output.bias)),
    ):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5, msg=str(layer))


def test_every_layer_keeps_the_scale_of_what_it_is_given() -> None:
    """He's constant: rectified features of mean square 1 keep it, at every depth, so that no layer learns first."""
    torch.manual_seed(0)
    judge = discriminator(ProgressiveDiscriminatorOptions(name="progressive", width=64, max_width=64), (1, 32, 32), 1)
    squares: list[float] = []
    for module in judge.modules():
        if isinstance(module, nn.LeakyReLU):
            module.register_forward_hook(lambda *event: squares.append(event[2].square().mean().item()))
    judge(torch.randn(4, 1, 32, 32))
    assert len(squares) == 9
    assert all(0.1 < square < 10 for square in squares), squares


def test_pixel_norm_gives_mean_square_1() -> None:
    for values in (100 * torch.randn(3, 7), torch.randn(3, 7, 2, 5)):
        normed = PixelNorm()(values)
        torch.testing.assert_close(normed.square().mean(1), torch.ones_like(normed[:, 0]), rtol=1e-4, atol=0)
        torch.testing.assert_close(normed / normed[:, :1], values / values[:, :1], rtol=1e-4, atol=1e-5)
    assert not PixelNorm()(torch.zeros(2, 3)).any()


def test_only_the_direction_of_a_latent_counts() -> None:
    made_by, _ = players(28)
    torch.testing.assert_close(made_by(100 * latents()), made_by(latents()), rtol=1e-5, atol=1e-6)


def test_a_collapsed_batch_is_scored_otherwise_than_a_varied_one() -> None:
    """The same sample, alone among equals and among others."""
    _, judge = players(32)
    varied = images(32)
    alone = varied[:1].expand(BATCH, -1, -1, -1)
    assert (judge(varied)[0] - judge(alone)[0]).abs() > 1e-3


class Plain(nn.Module):
    """PyTorch's own convolution in the place of one of ours."""

    def __init__(self, ours: EqualConv) -> None:
        super().__init__()
        self.weight, self.bias, self.scale, self.padding = ours.weight, ours.bias, ours.scale, ours.padding

    def forward(self, maps: Tensor) -> Tensor:
        return conv2d(maps, self.weight * self.scale, self.bias, padding=self.padding)


def plainly(network: nn.Module) -> nn.Module:
    """A copy of the network on PyTorch's convolutions; parameters have the same order."""
    twin = copy.deepcopy(network)
    for module in list(twin.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, EqualConv):
                setattr(module, name, Plain(child))
    return twin


@pytest.mark.parametrize(("size", "fade"), [(4, 1.0), (8, 0.3), (16, 1.0)])
def test_double_backward_agrees_with_pytorch(size: int, fade: float) -> None:
    """WGAN-GP's gradient in the weights goes through the gradient in the images."""
    _, judge = players(16)
    grow(judge, size, fade)
    gradients: list[list[Tensor]] = []
    for network in (judge, plainly(judge)):
        mix = torch.linspace(0, 1, BATCH, dtype=torch.float64)
        penalty = wgan_gp(network, images(size), -images(size).flip(0), mix, weight=10.0)
        gradients.append(torch.autograd.grad(penalty, list(network.parameters()), allow_unused=True))  # type: ignore[arg-type]
    moved = 0
    for ours, theirs in zip(*gradients, strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-11)
            moved += bool(ours.any())
    assert moved >= 4


def test_second_derivatives_are_those_of_the_function() -> None:
    _, judge = players(8, width=2)
    grow(judge, 8, 0.5)
    point = images(8, 2).requires_grad_()
    assert torch.autograd.gradgradcheck(judge, [point], fast_mode=True)


def updates(network: Growing, optimizer: NetworkOptimizer, steps: range) -> Iterator[None]:
    """One update a step growing on the way: 7 pixels, then 14 fading in, then 28."""
    for step in steps:
        grow(network, *[(7, 1.0), (7, 1.0), (14, 0.5), (14, 0.75), (28, 0.5), (28, 1.0)][step - 1])
        optimizer.set_step(step)
        optimizer.minimise(network(latents().float()).square().mean())
        assert torch.stack(optimizer.gradient_norms()).norm() > 0
        yield


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop"])
@pytest.mark.parametrize("stop", range(1, 6))
def test_an_optimizer_stopped_on_the_way_goes_on_bit_for_bit(name: str, stop: int) -> None:
    setup = Experiment.model_validate({"optimizer": {"generator": {"name": name, "lr": 0.01}}})
    options = setup.optimizer.generator

    whole = players(28)[0].float()
    list(updates(whole, NetworkOptimizer(whole, options, 6, scaled=False), range(1, 7)))

    first = players(28)[0].float()
    before = NetworkOptimizer(first, options, 6, scaled=False)
    list(updates(first, before, range(1, stop + 1)))
    idle = {name for name, parameter in first.named_parameters() if parameter not in before.optimizer.state}
    assert bool(idle) == (stop < 5)

    second = players(28)[0].float()
    second.load_state_dict(first.state_dict())
    after = NetworkOptimizer(second, options, 6, scaled=False)
    after.load({key: value.clone() for key, value in before.tensors().items()})
    list(updates(second, after, range(stop + 1, 7)))
    for a, b in zip(whole.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)
