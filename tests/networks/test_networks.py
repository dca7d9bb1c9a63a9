"""Every architecture, as the experiment builds it."""

from __future__ import annotations

import copy
import hashlib
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn

from ganlab.config.experiment import Experiment
from ganlab.config.networks import DcganDiscriminatorOptions
from ganlab.config.rules import problems
from ganlab.networks import build_discriminator, build_generator, dcgan, describe

LATENT = 5
CASES = [("guide", 28)] + [("dcgan", size) for size in (28, 32, 64, 128)]
NORMS = ["batch", "instance", "layer", "spectral", "none"]


def experiment(
    name: str, size: int | tuple[int, int] = 28, *, points: bool = False, seed: int = 0, **options: object
) -> Experiment:
    """Both players alike; an option that ends in _g or _d is of one player alone."""
    data = {"name": "ring"} if points else {"name": "cifar10" if size == 32 else "mnist", "image_size": size}
    shared = {"name": name, "width": 2} | {key: value for key, value in options.items() if key[-2:] not in ("_g", "_d")}
    generator, discriminator = (
        shared | {key[:-2]: value for key, value in options.items() if key.endswith(player)} for player in ("_g", "_d")
    )
    return Experiment.model_validate(
        {"data": data, "latent": {"dim": LATENT}, "generator": generator, "discriminator": discriminator, "seed": seed}
    )


def checksum(network: nn.Module) -> str:
    values = b"".join(tensor.contiguous().numpy().tobytes() for tensor in network.state_dict().values())
    return hashlib.sha256(values).hexdigest()[:12]


def assert_plays(setup: Experiment) -> None:
    """Samples and scores have their shapes, and a gradient reaches every parameter of both networks."""
    generator, discriminator = build_generator(setup), build_discriminator(setup)
    latents = torch.randn(3, LATENT, generator=torch.Generator().manual_seed(0))
    samples = generator(latents)
    assert samples.shape == (3, *setup.data.shape)
    if len(setup.data.shape) == 3:
        assert samples.abs().max() <= 1
    scores = discriminator(samples)
    assert scores.shape == (3,)
    scores.square().sum().backward()
    for network in (generator, discriminator):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name


@pytest.mark.parametrize("kernel_size", range(1, 16))
@pytest.mark.parametrize(("name", "size"), CASES)
def test_any_kernel_keeps_the_shapes(name: str, size: int, kernel_size: int) -> None:
    setup = experiment(name, size, kernel_size=kernel_size)
    assert not [problem for problem in problems(setup) if "kernel" in problem.path]
    assert_plays(setup)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(("name", "size"), CASES)
def test_any_norm_on_maps(name: str, size: int, norm: str) -> None:
    assert_plays(experiment(name, size, norm=norm))


@pytest.mark.parametrize("size", [16, 20, 100, 256, (48, 32), (16, 248), (124, 136)])
@pytest.mark.parametrize("options", [{}, {"dense": 1}, {"downsampling_d": "max_pooling"}, {"kernel_size": 5}])
def test_any_size_that_can_be_halved_twice(size: int | tuple[int, int], options: dict[str, Any]) -> None:
    setup = experiment("dcgan", size, **({"width": 1} | options))
    assert problems(setup) == []
    assert_plays(setup)


@pytest.mark.parametrize("size", [16, 17, 100, 256, (17, 23), (48, 32)])
def test_mlps_take_any_size(size: int | tuple[int, int]) -> None:
    setup = experiment("mlp", size)
    assert problems(setup) == []
    assert_plays(setup)


@pytest.mark.parametrize("points", [False, True])
@pytest.mark.parametrize("norm", ["batch", "layer", "spectral", "none"])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "tanh"])
def test_mlp(norm: str, activation: str, points: bool) -> None:
    assert_plays(experiment("mlp", points=points, norm=norm, activation=activation, depth=2))


def test_mlp_output_is_linear_for_points_only() -> None:
    latents = 100 * torch.ones(1, LATENT)
    for points, largest in ((False, 1.0), (True, 50.0)):
        generator = build_generator(experiment("mlp", points=points))
        with torch.no_grad():
            for parameter in generator.parameters():
                parameter.fill_(1.0)
        samples = generator(latents)
        assert (samples.max() > 1) == points
        assert samples.max() >= largest


def test_instance_norm_on_vectors_is_refused() -> None:
    assert [problem.path for problem in problems(experiment("mlp", norm="instance"))] == [
        "generator.norm",
        "discriminator.norm",
    ]


@pytest.mark.parametrize(
    ("norm", "kind"), [("batch", "BatchNorm2d"), ("instance", "InstanceNorm2d"), ("layer", "GroupNorm")]
)
def test_dcgan_norm_stands_everywhere_but_at_output_and_input(norm: str, kind: str) -> None:
    setup = experiment("dcgan", 64, norm=norm)
    for network, shape, places in (
        (build_generator(setup), (LATENT,), ["to_4.norm", "to_8.norm", "to_16.norm", "to_32.norm"]),
        (build_discriminator(setup), setup.data.shape, ["to_16.norm", "to_8.norm", "to_4.norm"]),
    ):
        rows = describe(network, shape)
        assert [row.name for row in rows if row.kind == kind] == places


def test_no_bias_in_front_of_batch_norm() -> None:
    for name in ("dcgan", "guide", "mlp"):
        for network in (build_generator(experiment(name, norm="batch")), build_discriminator(experiment(name))):
            for block in network.children():
                if isinstance(block, nn.Sequential):
                    weights = block[0]
                    assert (weights.bias is None) == hasattr(block, "norm")


def dcgan_parameters(size: int, width: int, kernel: int, latent: int, channels: int) -> tuple[int, int]:
    """Weights by hand: in * out * kernel^2, two values a channel for batch norm, biases where there is no norm."""
    base, stages = {28: (7, 2), 32: (4, 3), 64: (4, 4), 128: (4, 5)}[size]
    widths = [width * 2**stage for stage in range(stages)]
    between = sum(a * b * kernel**2 for a, b in pairwise(widths))
    generator = latent * widths[-1] * base**2 + between + 2 * sum(widths) + width * channels * kernel**2 + channels
    discriminator = channels * width * kernel**2 + width + between + 2 * sum(widths[1:]) + widths[-1] * base**2 + 1
    return generator, discriminator


@pytest.mark.parametrize("size", [28, 32, 64, 128])
def test_dcgan_parameter_counts(size: int) -> None:
    setup = experiment("dcgan", size, width=4, kernel_size=5, norm="batch")
    counts = dcgan_parameters(size, width=4, kernel=5, latent=LATENT, channels=setup.data.shape[0])
    for network, shape, count in zip(
        (build_generator(setup), build_discriminator(setup)), ((LATENT,), setup.data.shape), counts, strict=True
    ):
        assert sum(parameter.numel() for parameter in network.parameters()) == count
        assert sum(row.parameters for row in describe(network, shape)) == count


def test_dcgan_has_no_fully_connected_layer() -> None:
    setup = experiment("dcgan", 64)
    for network in (build_generator(setup), build_discriminator(setup)):
        assert not [module for module in network.modules() if isinstance(module, nn.Linear)]


SWITCHES: list[dict[str, Any]] = [
    {"dense": 1},
    {"dense": 3},
    {"norm_output_g": True, "norm_input_d": True},
    {"output_g": "sigmoid"},
    {"downsampling_d": "max_pooling"},
    {
        "dense": 2,
        "norm_output_g": True,
        "output_g": "sigmoid",
        "norm_input_d": True,
        "downsampling_d": "max_pooling",
    },
]
"""What the DCGAN paper advises against, one guideline at a time, and all of it together."""


@pytest.mark.parametrize("norm", ["batch", "layer", "spectral", "none"])
@pytest.mark.parametrize("size", [28, 32, 64])
@pytest.mark.parametrize("switches", SWITCHES)
def test_dcgan_plays_whatever_guideline_is_broken(switches: dict[str, Any], size: int, norm: str) -> None:
    assert_plays(experiment("dcgan", size, norm=norm, **switches))


@pytest.mark.parametrize("kernel_size", range(1, 16))
def test_max_pooling_halves_maps_with_any_kernel(kernel_size: int) -> None:
    setup = experiment("dcgan", 28, kernel_size=kernel_size, downsampling_d="max_pooling")
    rows = describe(build_discriminator(setup), setup.data.shape)
    larger = (kernel_size + 1) % 2
    assert [(row.name, row.kind, row.output_shape) for row in rows] == [
        ("before_14.conv", "Conv2d", (2, 28 + larger, 28 + larger)),
        ("before_14.activation", "LeakyReLU", (2, 28 + larger, 28 + larger)),
        ("to_14", "MaxPool2d", (2, 14, 14)),
        ("before_7.conv", "Conv2d", (4, 14 + larger, 14 + larger)),
        ("before_7.norm", "BatchNorm2d", (4, 14 + larger, 14 + larger)),
        ("before_7.activation", "LeakyReLU", (4, 14 + larger, 14 + larger)),
        ("to_7", "MaxPool2d", (4, 7, 7)),
        ("output", "Conv2d", (1, 1, 1)),
        ("score", "Flatten", ()),
    ]
    # The weights are those of strides, so that the two differ in how maps shrink and in nothing else.
    strides = build_discriminator(experiment("dcgan", 28, kernel_size=kernel_size))
    pairs = zip(build_discriminator(setup).parameters(), strides.parameters(), strict=True)
    assert all(torch.equal(pooled, strided) for pooled, strided in pairs)


@pytest.mark.parametrize(("size", "base"), [(28, 7), (32, 4), (64, 4)])
def test_dcgan_dense_layers_stand_beyond_the_maps(size: int, base: int) -> None:
    setup = experiment("dcgan", size, dense=2)
    generator = describe(build_generator(setup), (LATENT,))
    discriminator = describe(build_discriminator(setup), setup.data.shape)
    layers = [(f"dense_{number}.{part}", (32,)) for number in (1, 2) for part in ("linear", "norm", "activation")]
    assert [(row.name, row.output_shape) for row in generator[:7]] == [*layers, ("latent", (32, 1, 1))]
    deepest = (2 << {28: 1, 32: 2, 64: 3}[size], base, base)
    assert generator[7].output_shape == discriminator[-10].output_shape == deepest
    ends = [("vector", (deepest[0] * base**2,)), *layers, ("output", (1,)), ("score", ())]
    assert [(row.name, row.output_shape) for row in discriminator[-9:]] == ends
    assert [row.kind for row in generator if row.name.endswith("linear")] == ["Linear", "Linear"]
    assert [row.kind for row in discriminator if row.parameters][-5:] == [
        *(2 * ["Linear", "BatchNorm1d"]),
        "Linear",
    ]


def test_dcgan_batch_norm_everywhere_leaves_no_layer_without() -> None:
    setup = experiment("dcgan", 32, norm_output_g=True, norm_input_d=True)
    generator = [row.kind for row in describe(build_generator(setup), (LATENT,))]
    discriminator = [row.kind for row in describe(build_discriminator(setup), setup.data.shape)]
    block = ["ConvTranspose2d", "BatchNorm2d"]
    assert generator == ["Unflatten", *(3 * [*block, "ReLU"]), *block, "Tanh"]
    assert discriminator == [*(3 * ["Conv2d", "BatchNorm2d", "LeakyReLU"]), "Conv2d", "Flatten"]
    for network in (build_generator(setup), build_discriminator(setup)):
        biases = [name for name, module in network.named_modules() if getattr(module, "bias", None) is not None]
        assert all("norm" in name or name == "output" for name in biases), "a bias that batch norm takes out again"


def test_dcgan_sigmoid_makes_no_value_below_zero() -> None:
    generator = build_generator(experiment("dcgan", output_g="sigmoid"))
    samples = generator(1000 * torch.randn(64, LATENT, generator=torch.Generator().manual_seed(0)))
    assert 0 <= samples.min() < samples.max() <= 1
    assert [row.kind for row in describe(generator, (LATENT,))][-1] == "Sigmoid"
    tanh = build_generator(experiment("dcgan"))
    pairs = zip(generator.parameters(), tanh.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs), "the switch changed the weights"


@pytest.mark.parametrize("dense", [0, 1])
def test_dcgan_heads_share_the_discriminators_body(dense: int) -> None:
    network = dcgan.discriminator(DcganDiscriminatorOptions(width=2, dense=dense), (1, 28, 28), outputs=11)
    assert network(torch.zeros(3, 1, 28, 28)).shape == (3, 11)


@pytest.mark.parametrize("norm", NORMS)
def test_weights_are_a_function_of_seed_and_player(norm: str) -> None:
    setup = experiment("dcgan", norm=norm)
    torch.manual_seed(1)
    first, before = checksum(build_generator(setup)), torch.get_rng_state()
    torch.manual_seed(2)
    second = checksum(build_generator(setup))
    torch.manual_seed(1)
    assert first == second
    assert torch.equal(torch.get_rng_state(), before), "building drew from the global generator"

    other_judge = setup.model_copy(update={"discriminator": experiment("mlp", depth=1).discriminator})
    assert checksum(build_generator(other_judge)) == first
    assert checksum(build_generator(experiment("dcgan", norm=norm, seed=1))) != first


@pytest.mark.parametrize(
    ("name", "norm", "sums"),
    [
        ("guide", "none", (70.48031787606101, 42.53959880280263)),
        ("dcgan", "batch", (120.37161370092758, 61.612700268500475)),
        ("dcgan", "spectral", (97.05773031966714, 45.71113109062367)),
        ("mlp", "batch", (125.61706688554682, 125.63773486153787)),
    ],
)
def test_first_weights_stay_what_they_are(name: str, norm: str, sums: tuple[float, float]) -> None:
    """Golden numbers: a change here changes every experiment's start."""
    setup = experiment(name, width=8, norm=norm)
    for network, expected in zip((build_generator(setup), build_discriminator(setup)), sums, strict=True):
        total = sum(parameter.double().abs().sum().item() for parameter in network.parameters())
        assert total == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("norm", ["batch", "spectral"])
def test_copies_and_state_dicts_carry_everything(norm: str) -> None:
    setup = experiment("dcgan", norm=norm)
    network = build_discriminator(setup)
    samples = torch.randn(4, *setup.data.shape, generator=torch.Generator().manual_seed(0))
    network(samples)  # moves the buffers
    twin = copy.deepcopy(network)
    fresh = build_discriminator(experiment("dcgan", norm=norm, seed=3))
    fresh.load_state_dict(network.state_dict())
    expected = network.eval()(samples)
    assert torch.equal(twin.eval()(samples), expected)
    assert torch.equal(fresh.eval()(samples), expected)
    with torch.no_grad():
        next(twin.parameters()).zero_()
    assert torch.equal(network(samples), expected), "the copy shares its weights"


def test_describe_lists_layers_in_order_and_changes_nothing() -> None:
    setup = experiment("dcgan", norm="batch")
    network = build_discriminator(setup)
    before = checksum(network)
    rows = describe(network, setup.data.shape)
    assert [(row.name, row.kind, row.output_shape) for row in rows] == [
        ("to_14.conv", "Conv2d", (2, 14, 14)),
        ("to_14.activation", "LeakyReLU", (2, 14, 14)),
        ("to_7.conv", "Conv2d", (4, 7, 7)),
        ("to_7.norm", "BatchNorm2d", (4, 7, 7)),
        ("to_7.activation", "LeakyReLU", (4, 7, 7)),
        ("output", "Conv2d", (1, 1, 1)),
        ("score", "Flatten", ()),
    ]
    assert checksum(network) == before
    assert network.training
    assert not network.eval().training
    describe(network, setup.data.shape)
    assert not network.training


def test_describe_sees_through_spectral_norm() -> None:
    setup = experiment("dcgan", norm="spectral")
    network = build_discriminator(setup)
    before = checksum(network)
    rows = describe(network, setup.data.shape)
    assert [row.kind for row in rows if row.parameters] == ["Conv2d", "Conv2d", "Conv2d"]
    assert sum(row.parameters for row in rows) == sum(parameter.numel() for parameter in network.parameters())
    assert checksum(network) == before


def test_spectral_norm_bounds_the_slope_and_rests_in_eval_mode() -> None:
    setup = experiment("mlp", norm="spectral", width=16, depth=2)
    network = build_discriminator(setup)
    for module in network.modules():
        if isinstance(module, nn.Linear):
            # The first singular vectors come from 15 power iterations, so the largest value is only nearly 1.
            assert torch.linalg.matrix_norm(module.weight.detach(), ord=2).item() == pytest.approx(1, abs=0.05)
    first, second = torch.randn(2, 64, *setup.data.shape, generator=torch.Generator().manual_seed(0))
    network.eval()
    before = checksum(network)
    slopes = (network(first) - network(second)).abs() / (first - second).flatten(1).norm(dim=1)
    assert slopes.max() <= 1.05
    assert checksum(network) == before
    network.train()(first)
    assert checksum(network) != before
