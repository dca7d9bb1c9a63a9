"""Self-attention against the paper's equations, and the two networks around it."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck

from ganlab.config.experiment import Experiment
from ganlab.config.networks import SaganDiscriminatorOptions
from ganlab.config.rules import problems
from ganlab.errors import RunError
from ganlab.networks import build_discriminator, build_generator, describe
from ganlab.networks.parts import WEIGHTED, StartsAt
from ganlab.networks.sagan import SelfAttention, attention_maps, discriminator

LATENT = 5
PLACES = [(28, None), (28, 14), (28, 7), (32, None), (32, 16), (32, 8), (32, 4)]


def experiment(size: int = 28, attention: int | None = 14, **more: object) -> Experiment:
    network = {"name": "sagan", "width": 8, "attention": attention}
    data = {"name": "cifar10" if size == 32 else "mnist", "image_size": size}
    return Experiment.model_validate(
        {"data": data, "latent": {"dim": LATENT}, "generator": network, "discriminator": network, **more}
    )


def conditional(attention: int | None = 14) -> Experiment:
    setup = experiment(attention=attention, game={"name": "conditional"})
    norm = {"norm": "conditional_batch"}
    return setup.model_copy(update={"generator": setup.generator.model_copy(update=norm)})


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def block(channels: int, gamma: float) -> SelfAttention:
    torch.manual_seed(0)
    made = SelfAttention(channels)
    nn.init.constant_(made.gate.gamma, gamma)
    return made


def open_gates(network: nn.Module, gamma: float = 0.7) -> nn.Module:
    """Let the attention of a network have a part in its output."""
    for module in network.modules():
        if isinstance(module, SelfAttention):
            nn.init.constant_(module.gate.gamma, gamma)
    return network


class TestSelfAttention:
    @pytest.mark.parametrize(("channels", "height", "width"), [(16, 4, 4), (3, 5, 5), (9, 4, 7)])
    def test_equations_of_the_paper_place_by_place(self, channels: int, height: int, width: int) -> None:
        layer, maps = block(channels, gamma=0.7), noise(2, channels, height, width)
        f, g, h, v = (m.weight.detach().double().numpy()[:, :, 0, 0] for m in (layer.f, layer.g, layer.h, layer.v))
        assert (len(f), len(g), len(h)) == (max(1, channels // 8), max(1, channels // 8), channels // 2)
        expected, shares = np.zeros(maps.shape), []
        for image, x in enumerate(maps.double().numpy()):
            windows = [
                x[:, i : i + 2, j : j + 2].reshape(channels, -1)
                for i in range(0, height, 2)
                for j in range(0, width, 2)
            ]
            keys, values = ([(matrix @ window).max(axis=1) for window in windows] for matrix in (f, h))
            for i in range(height):
                for j in range(width):
                    scores = np.array([key @ (g @ x[:, i, j]) for key in keys])
                    share = np.exp(scores) / np.exp(scores).sum()
                    gathered = sum(part * value for part, value in zip(share, values, strict=True))
                    expected[image, :, i, j] = 0.7 * (v @ gathered) + x[:, i, j]
                    shares.append(share)
        for memory_format in (torch.contiguous_format, torch.channels_last):
            laid_out = maps.contiguous(memory_format=memory_format)
            np.testing.assert_allclose(layer(laid_out).detach().numpy(), expected, rtol=1e-4, atol=1e-5)
            weights = layer.weights(laid_out).detach().numpy().reshape(len(shares), -1)
            np.testing.assert_allclose(weights, shares, rtol=1e-4, atol=1e-6)

    def test_leaves_its_input_alone_at_the_start(self) -> None:
        maps = noise(3, 16, 6, 6)
        assert SelfAttention(16)(maps).equal(maps)

    def test_gamma_learns_from_the_start_and_the_rest_once_it_has(self) -> None:
        for gamma in (0.0, 0.5):
            layer = block(16, gamma)
            layer(noise(3, 16, 6, 6)).square().sum().backward()
            assert layer.gate.gamma.grad
            for convolution in (layer.f, layer.g, layer.h, layer.v):
                assert bool(convolution.weight.grad.any()) == (gamma > 0)

    def test_gradients_of_second_order(self) -> None:
        layer = block(4, gamma=0.7).double()
        maps = noise(1, 4, 4, 4).double().requires_grad_()
        assert gradcheck(layer, (maps,))
        assert gradgradcheck(layer, (maps,))


@pytest.mark.parametrize(("size", "attention"), PLACES)
def test_shapes_places_and_gradients(size: int, attention: int | None) -> None:
    setup = experiment(size, attention)
    assert not [problem for problem in problems(setup) if "attention" in problem.path]
    generator, discriminator = (open_gates(build(setup)) for build in (build_generator, build_discriminator))
    samples = generator(noise(3, LATENT))
    assert samples.shape == (3, *setup.data.shape)
    assert samples.abs().max() <= 1
    scores = discriminator(samples)
    assert scores.shape == (3,)
    scores.square().sum().backward()
    for network, given in ((generator, (LATENT,)), (discriminator, setup.data.shape)):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
        rows = describe(network, given)
        gates = [row.output_shape for row in rows if row.name == "attention.gate"]
        assert [shape[1:] for shape in gates] == ([] if attention is None else [(attention, attention)])
        assert sum(row.parameters for row in rows) == sum(parameter.numel() for parameter in network.parameters())


def test_attention_follows_the_stage_of_its_side() -> None:
    setup = experiment(32, 8)
    for network, order in (
        (build_generator(setup), ["latent", "to_4", "to_8", "attention", "to_16", "image", "tanh"]),
        (build_discriminator(setup), ["to_16", "to_8", "attention", "to_4", "output", "score"]),
    ):
        assert [name for name, _ in network.named_children()] == order


def test_heads() -> None:
    made = discriminator(SaganDiscriminatorOptions(name="sagan", width=8), (1, 28, 28), outputs=12)
    assert made(noise(3, 1, 28, 28)).shape == (3, 12)


def test_attention_starts_without_a_part_in_the_output() -> None:
    """Spectral norm and gamma = 0: the network with attention is the one without, given the same other weights."""
    with_, without = build_generator(experiment()).eval(), build_generator(experiment(attention=None)).eval()
    without.load_state_dict({k: v for k, v in with_.state_dict().items() if not k.startswith("attention.")})
    latents = noise(4, LATENT)
    assert with_(latents).equal(without(latents))
    assert not open_gates(with_)(latents).equal(without(latents))


@pytest.mark.parametrize("init", ["normal", "orthogonal", "default"])
def test_every_weight_has_spectral_norm_one(init: str) -> None:
    setup = experiment(weight_init={"name": init})
    generator, discriminator = build_generator(setup), build_discriminator(setup)
    for _ in range(50):
        discriminator(generator(noise(2, LATENT)))
    for network in (generator.eval(), discriminator.eval()):
        layers = [module for module in network.modules() if isinstance(module, WEIGHTED)]
        assert len(layers) == 7
        for layer in layers:
            rows = layer.weight.detach().transpose(0, int(isinstance(layer, nn.ConvTranspose2d))).flatten(1)
            assert torch.linalg.matrix_norm(rows, ord=2).item() == pytest.approx(1, abs=0.02)


def test_tables_of_conditional_norm_are_not_divided() -> None:
    generator = build_generator(conditional())
    samples = generator(torch.cat([noise(10, LATENT), torch.eye(10)], dim=1))
    assert samples.shape == (10, 1, 28, 28)
    tables = [module for module in generator.modules() if isinstance(module, StartsAt)]
    assert len(tables) == 4
    for table in tables:
        assert (table.weight == table.value).all()
    assert hasattr(generator.to_7.weights, "parametrizations")


@pytest.mark.parametrize("setup", [experiment(), experiment(32, 16), conditional()], ids=["28", "32", "conditional"])
def test_exports_for_any_number_of_samples(setup: Experiment) -> None:
    generator = open_gates(build_generator(setup)).eval().requires_grad_(False)
    inputs = noise(7, *setup.input_shape)
    expected = generator(inputs)
    program = torch.export.export(generator, (inputs[:2],), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    torch.testing.assert_close(torch.export.load(file).module()(inputs), expected)


class TestAttentionMaps:
    @pytest.mark.parametrize(("size", "side", "pooled"), [(28, 14, 7), (28, 7, 4), (32, 16, 8)])
    def test_both_players_weights_sum_to_one(self, size: int, side: int, pooled: int) -> None:
        setup = experiment(size, side)
        for network, given in ((build_generator(setup), (LATENT,)), (build_discriminator(setup), setup.data.shape)):
            maps = attention_maps(network, noise(3, *given))
            assert maps.shape == (3, side**2, pooled**2)
            assert not maps.requires_grad
            assert (maps >= 0).all()
            torch.testing.assert_close(maps.sum(dim=2), torch.ones(3, side**2))

    def test_are_those_of_the_block_in_eval_mode(self) -> None:
        network, images = build_discriminator(experiment()), noise(3, 1, 28, 28)
        before = {name: value.clone() for name, value in network.state_dict().items()}
        maps = attention_maps(network, images)
        assert network.training
        assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
        network.eval()
        assert maps.equal(network.attention.weights(network.to_14(images)))
        attention_maps(network, images)
        assert not network.training
        assert not network.attention._forward_hooks

    def test_a_network_without_attention_is_refused(self) -> None:
        network = build_generator(experiment(attention=None))
        with pytest.raises(RunError, match="no attention"):
            attention_maps(network, noise(3, LATENT))
