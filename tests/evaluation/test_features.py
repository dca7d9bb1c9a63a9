from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import fold, interpolate, unfold

from ganlab.config.data import GridOptions, MnistOptions, RingOptions, SwissRollOptions
from ganlab.config.load import experiment_from_mapping
from ganlab.data import RealData, load, to_float, to_uint8
from ganlab.evaluation.classifier import shipped
from ganlab.evaluation.features import Features, features_for, look
from ganlab.evaluation.manifold import manifold
from ganlab.evaluation.modes import vendi
from ganlab.evaluation.statistics import SampleStatistics
from ganlab.networks import build_generator

N = 1000


@pytest.fixture(scope="module")
def data() -> RealData:
    return load(MnistOptions(), 1)


@pytest.fixture(scope="module")
def digits(data: RealData) -> Features:
    return features_for(MnistOptions(), data)


@pytest.fixture(scope="module")
def held_out(data: RealData) -> Tensor:
    return to_float(data.held_out.values)


@pytest.fixture(scope="module")
def statistics(data: RealData, digits: Features) -> list[SampleStatistics]:
    """What snapshots are measured with, against three sets of 1,000 held-out images."""
    return [SampleStatistics(digits, data.train, data.held_out, N, seed) for seed in range(3)]


def _patches(images: Tensor, size: int, source: torch.Generator) -> Tensor:
    pieces = unfold(images, size, stride=size)
    order = torch.rand(len(images), pieces.shape[2], generator=source).argsort(1)[:, None].expand_as(pieces)
    return fold(pieces.gather(2, order), images.shape[2:], size, stride=size)


def _broken(kind: str, real: Tensor) -> Tensor:
    """Garbage made independently of what the classifier was trained on."""
    source = torch.Generator().manual_seed(1)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=source) * 2 - 1

    shape = real.shape
    return {
        "uniform noise": lambda: uniform(*shape),
        "faint uniform noise": lambda: 0.3 * uniform(*shape),
        "normal noise": lambda: torch.randn(shape, generator=source).clamp(-1, 1),
        "dots": lambda: (uniform(*shape) > 0.8).float() * 2 - 1,
        "few dots": lambda: (uniform(*shape) > 0.96).float() * 2 - 1,
        "grey": lambda: torch.zeros(shape),
        "greys": lambda: uniform(len(real), 1, 1, 1).expand(shape),
        "black": lambda: -torch.ones(shape),
        "white": lambda: torch.ones(shape),
        "shuffled pixels": lambda: _patches(real, 1, source),
        "shuffled patches of 4": lambda: _patches(real, 4, source),
        "shuffled patches of 7": lambda: _patches(real, 7, source),
        "negatives": lambda: -real,
    }[kind]()


BROKEN = (
    "uniform noise",
    "faint uniform noise",
    "normal noise",
    "dots",
    "few dots",
    "grey",
    "greys",
    "black",
    "white",
    "shuffled pixels",
    "shuffled patches of 4",
    "shuffled patches of 7",
    "negatives",
)


@pytest.mark.parametrize("kind", BROKEN)
def test_garbage_does_not_pass(kind: str, digits: Features, held_out: Tensor) -> None:
    assert digits.see(_broken(kind, held_out[:N])).passing.float().mean() < 0.05


@pytest.mark.parametrize("kind", BROKEN)
def test_garbage_is_no_precise_sample(kind: str, held_out: Tensor, statistics: list[SampleStatistics]) -> None:
    made = _broken(kind, held_out[:N])
    assert all(each.row(made, thorough=False)["precision"] < 0.05 for each in statistics)


@pytest.mark.parametrize("kind", BROKEN)
def test_garbage_covers_nothing(kind: str, held_out: Tensor, statistics: list[SampleStatistics]) -> None:
    made = _broken(kind, held_out[:N])
    assert all(each.row(made, thorough=False)["coverage"] < 0.05 for each in statistics)


UNTRAINED: list[tuple[str, dict[str, Any], int, str]] = [
    ("dcgan", {"width": 24, "norm": "batch"}, 50, "normal"),
    ("dcgan", {"width": 64, "norm": "none"}, 2, "default"),
    ("dcgan", {"width": 48, "norm": "layer"}, 64, "orthogonal"),
    ("mlp", {"width": 128, "norm": "none"}, 50, "default"),
    ("mlp", {"width": 256, "norm": "batch"}, 3, "orthogonal"),
    ("guide", {"width": 64}, 50, "normal"),
    ("guide", {"width": 24, "norm": "batch"}, 1, "orthogonal"),
]
"""Widths, norms and starts that the classifier never saw."""


@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize(("name", "options", "latent", "start"), UNTRAINED)
def test_an_untrained_generator_makes_garbage(
    name: str,
    options: dict[str, Any],
    latent: int,
    start: str,
    train: bool,
    statistics: list[SampleStatistics],
) -> None:
    experiment = experiment_from_mapping(
        {
            "seed": 31,
            "generator": {"name": name, **options},
            "discriminator": {"name": name},
            "latent": {"dim": latent},
            "weight_init": {"name": start},
        },
        (),
    )
    with torch.no_grad():
        latents = torch.randn(N, latent, generator=torch.Generator().manual_seed(2))
        made = build_generator(experiment).train(train)(latents)
    for each in statistics:
        row = each.row(made, thorough=False)
        assert row["good"] < 0.05
        assert row["precision"] < 0.05
        assert row["coverage"] < 0.05


def test_held_out_digits_pass_and_are_told_apart(data: RealData, digits: Features, held_out: Tensor) -> None:
    seen = digits.see(held_out)
    labels = data.held_out.labels
    assert digits.class_names == tuple("0123456789")
    assert seen.passing.float().mean() > 0.97
    assert all(seen.passing[labels == digit].float().mean() > 0.95 for digit in range(10))
    assert seen.probabilities is not None
    assert seen.probabilities.shape == (10_000, 10)
    assert torch.allclose(seen.probabilities.sum(1), torch.ones(10_000), atol=1e-5)
    assert (seen.probabilities.argmax(1) == labels).float().mean() >= 0.993
    found = manifold(seen.features[5000:6000], seen.features[:N])
    assert found.precision > 0.8
    assert found.coverage > 0.8


def test_blends_that_pass_are_recognised_less_often_the_more_of_another_digit_they_hold(
    digits: Features, held_out: Tensor, statistics: list[SampleStatistics]
) -> None:
    rows = [
        statistics[0].row(torch.maximum(held_out[:N], at * held_out[N : 2 * N] + at - 1), False)
        for at in (0.0, 0.4, 1.0)
    ]
    recognised = [row["recognised"] for row in rows]
    assert recognised[0] > 0.98
    assert recognised[1] > recognised[2] + 0.2
    assert recognised[2] < 0.6
    assert rows[0]["recognised_real"] == pytest.approx(recognised[0], abs=0.02)
    seen = digits.see(held_out[:N])
    network, _ = shipped()
    with torch.no_grad():
        likeliest = network(held_out[:N]).softmax(1)[:, :-1].amax(1)
    assert seen.certainty is not None
    assert torch.allclose(seen.certainty, likeliest, atol=1e-4)


def test_small_noise_leaves_a_digit_a_digit(digits: Features, held_out: Tensor) -> None:
    noise = 0.1 * torch.randn(N, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    seen = digits.see((held_out[:N] + noise).clamp(-1, 1))
    assert seen.passing.float().mean() > 0.9


def test_seeing_changes_nothing_and_does_not_depend_on_company(digits: Features, held_out: Tensor) -> None:
    images = held_out[:300].clone()
    whole, again, part = digits.see(images), digits.see(images), digits.see(images[:7])
    assert torch.equal(images, held_out[:300])
    assert not whole.features.requires_grad
    assert whole.features.dtype == torch.float32
    assert torch.equal(whole.features, again.features)
    assert torch.allclose(whole.features[:7], part.features, atol=1e-4)
    assert torch.equal(whole.passing[:7], part.passing)


def test_larger_digits_are_seen_as_the_same_digits(digits: Features, held_out: Tensor) -> None:
    large = interpolate(held_out[:N], (64, 64), mode="bilinear")
    small, seen = digits.see(held_out[:N]), digits.see(large)
    assert small.probabilities is not None
    assert seen.probabilities is not None
    assert (seen.probabilities.argmax(1) == small.probabilities.argmax(1)).float().mean() > 0.97
    assert seen.passing.float().mean() > 0.95
    assert seen.appearance.shape == small.appearance.shape


def test_appearance_is_cosine_similarity_of_brightness(held_out: Tensor) -> None:
    images = held_out[:50]
    looks = look(images)
    assert torch.allclose(looks.norm(dim=1), torch.ones(50), atol=1e-5)
    squares = ((images + 1) / 2).reshape(50, 14, 2, 14, 2).mean((2, 4)).flatten(1)
    squares = squares / squares.norm(dim=1, keepdim=True)
    assert torch.allclose(looks @ looks.T, squares @ squares.T, atol=1e-4)


def test_a_black_image_has_an_appearance_too() -> None:
    looks = look(-torch.ones(20, 3, 32, 32))
    assert torch.allclose(looks.norm(dim=1), torch.ones(20), atol=1e-5)
    assert vendi(looks) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("options", [RingOptions(name="ring"), GridOptions(name="grid")], ids=["ring", "grid"])
def test_points_know_their_modes(options: RingOptions | GridOptions) -> None:
    data = load(options, 1)
    features = features_for(options, data)
    points, labels = data.held_out.values[:2000], data.held_out.labels[:2000]
    seen = features.see(points)
    assert torch.equal(seen.features, points)
    assert features.class_names == data.train.class_names
    assert seen.probabilities is not None
    assert torch.equal(seen.probabilities.argmax(1), labels)
    # Within 3 sigma of a 2-D Gaussian: 1 - exp(-9/2) = .989.
    assert seen.passing.float().mean() == pytest.approx(0.989, abs=0.008)
    assert not features.see(points + 7 * options.std).passing.any()
    # Modes look nothing like each other: all of them are as many times as varied as one of them.
    count = len(features.class_names)
    one, all_of_them = vendi(seen.appearance[labels == 0]), vendi(seen.appearance)
    assert 0.75 * count < all_of_them / one < 1.1 * count
    assert vendi(features.see(points[:1].expand(100, 2)).appearance) == pytest.approx(1.0, abs=1e-3)


def test_the_swiss_roll_has_no_classes() -> None:
    options = SwissRollOptions(name="swiss_roll")
    data = load(options, 1)
    features = features_for(options, data)
    seen = features.see(data.held_out.values[:N])
    assert features.class_names == ()
    assert seen.probabilities is None
    assert seen.passing.float().mean() > 0.97
    assert not features.see(torch.full((5, 2), 3.0)).passing.any()


def test_bytes_and_back_are_seen_alike(digits: Features, held_out: Tensor) -> None:
    assert torch.equal(digits.see(to_float(to_uint8(held_out[:50]))).features, digits.see(held_out[:50]).features)
