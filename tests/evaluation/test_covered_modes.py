"""Modes that samples cover: of points and of stacked digits, on samples whose answer is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ganlab.config.data import DataOptions, GridOptions, MnistOptions, RingOptions, StackedMnistOptions
from ganlab.data import RealData, load, mnist, to_float
from ganlab.data import points as of_points
from ganlab.data.stacked_mnist import rows_of_digits
from ganlab.evaluation.battery import CERTAIN, FEATURES, Reference, Sample
from ganlab.evaluation.evaluate import evaluate
from ganlab.evaluation.features import Features, features_for
from ganlab.evaluation.modes import Covered, covered
from ganlab.evaluation.statistics import SampleStatistics
from ganlab.runs.snapshots import Row

RING, GRID = RingOptions(name="ring", points=2000), GridOptions(name="grid", points=2000)
STACKED = StackedMnistOptions(name="stacked_mnist", images=3000)


@pytest.fixture(scope="module")
def stacked() -> RealData:
    return load(STACKED, 1)


@pytest.fixture(scope="module")
def digits(stacked: RealData) -> Features:
    return features_for(STACKED, stacked)


def true_modes(count: int) -> Tensor:
    """Return the modes of the first training images, by their labels in MNIST."""
    labels = torch.from_numpy(mnist.unpack()[1][: mnist.TRAINING_IMAGES]).long()
    return labels[rows_of_digits(count, len(labels), STACKED.seed, "stacked_mnist/train")] @ torch.tensor([100, 10, 1])


def seen(features: Features, samples: Tensor) -> Covered:
    found = features.see(samples)
    assert found.modes is not None
    return covered(found.modes, features.modes)


def test_divergence_from_the_uniform() -> None:
    every = torch.arange(8)
    assert covered(every, 8) == (8, 0.0)
    assert covered(every * 0, 8) == (1, pytest.approx(math.log(8)))
    assert covered(every % 2, 8) == (2, pytest.approx(math.log(4)))
    assert covered(torch.tensor([0, 0, 0, 1]), 2).mode_kl == pytest.approx(
        0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    )
    assert covered(torch.where(every < 4, every, -1), 8) == (4, pytest.approx(math.log(2)))
    assert covered(-torch.ones_like(every), 8) == (0, pytest.approx(math.log(8)))


@pytest.mark.parametrize(("count", "modes"), [(2500, 8), (2500, 25), (26_000, 1000)])
def test_a_perfect_generator_has_the_divergence_of_its_sample(count: int, modes: int) -> None:
    """2 n KL is nearly chi-squared with K - 1 degrees of freedom: mean K - 1, variance 2 (K - 1)."""
    drawn = torch.randint(modes, (count,), generator=torch.Generator().manual_seed(0))
    found = covered(drawn, modes)
    assert found.modes == modes
    error = 4 * math.sqrt(2 * (modes - 1)) / (2 * count)
    assert found.mode_kl == pytest.approx((modes - 1) / (2 * count), abs=error)


@pytest.mark.parametrize("options", [RING, GRID], ids=["ring", "grid"])
def test_points_count_within_three_sigma_of_the_nearest_mode(options: RingOptions | GridOptions) -> None:
    features = features_for(options, load(options, 1))
    centres = of_points.modes(options)
    count = len(centres)
    assert features.modes == count
    assert seen(features, centres) == (count, pytest.approx(0.0, abs=1e-9))
    assert seen(features, centres[:1].expand(50, 2)) == (1, pytest.approx(math.log(count)))
    for direction in ([1.0, 0.0], [0.6, -0.8]):
        inside = centres + 2.99 * options.std * torch.tensor(direction)
        outside = centres + 3.01 * options.std * torch.tensor(direction)
        assert seen(features, inside).modes == count, direction
        assert seen(features, outside) == (0, pytest.approx(math.log(count))), direction
        both = torch.cat([inside[:3], outside[3:]])
        assert seen(features, both) == (3, pytest.approx(math.log(count / 3))), "of those outside none counts"
        assert features.see(both).passing.float().mean() == pytest.approx(3 / count), "the high-quality share"


def test_stacked_digits_are_told_apart(stacked: RealData, digits: Features) -> None:
    found = digits.see(to_float(stacked.train.values))
    truth = true_modes(len(stacked.train))
    assert found.modes is not None
    assert (found.modes == truth).float().mean() > 0.98
    assert found.passing.float().mean() > 0.99
    assert found.features.shape == (3000, 3 * 64)
    assert torch.allclose(found.appearance.norm(dim=1), torch.ones(3000), atol=1e-5)
    counted, exact = covered(found.modes, 1000), covered(truth, 1000)
    assert counted.modes == pytest.approx(exact.modes, abs=8)
    assert counted.mode_kl == pytest.approx(exact.mode_kl, abs=0.01)


def test_a_known_part_of_the_modes_is_counted(stacked: RealData, digits: Features) -> None:
    """Images whose first digit is 7: 100 modes, ln 10 away from all of them."""
    truth = true_modes(len(stacked.train))
    sevens = seen(digits, to_float(stacked.train.values[(truth // 100) == 7]))
    assert 85 <= sevens.modes <= 105
    exact = covered(truth[(truth // 100) == 7], 1000)
    assert sevens.mode_kl == pytest.approx(exact.mode_kl, abs=0.1)
    assert sevens.mode_kl > math.log(10)
    one = seen(digits, to_float(stacked.train.values[:1]).expand(200, -1, -1, -1))
    assert one == (1, pytest.approx(math.log(1000)))


def test_an_image_of_which_a_channel_is_no_digit_is_garbage(stacked: RealData, digits: Features) -> None:
    images = to_float(stacked.train.values[:200])
    broken = images.clone()
    broken[:, 1] = torch.rand(200, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert digits.see(images).passing.float().mean() > 0.99
    assert digits.see(broken).passing.float().mean() < 0.05
    sure = [each.certainty for each in (digits.see(images), digits.see(broken))]
    assert [float((each > CERTAIN).float().mean()) for each in sure if each is not None] == [
        pytest.approx(0.98, abs=0.02),
        pytest.approx(0.0, abs=0.02),
    ]
    noise = torch.rand(2000, 3, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert not digits.see(noise).passing.any()
    assert 50 < seen(digits, noise).modes < 200, "counted as published"
    [entry] = [entry for entry in FEATURES if "good_modes" in entry.names]
    found = digits.see(torch.cat([images[:30], broken]))
    reals = Reference(digits, found, torch.zeros(230).long(), found.appearance, torch.zeros(0).long(), seed=0)
    of_good = entry(Sample(found), reals)
    assert of_good["good_modes"] == pytest.approx(seen(digits, images[:30]).modes, abs=1)
    assert of_good["good_mode_kl"] == pytest.approx(seen(digits, images[:30]).mode_kl, abs=0.05)


def test_larger_stacks_are_counted_alike() -> None:
    options = STACKED.model_copy(update={"image_size": 64, "images": 300})
    data = load(options, 1)
    found = features_for(options, data).see(to_float(data.train.values))
    assert found.modes is not None
    assert (found.modes == true_modes(300)).float().mean() > 0.9


@pytest.mark.parametrize("options", [RING, STACKED], ids=["ring", "stacked"])
def test_snapshots_and_evaluations_count_modes_of_samples_and_reals(options: DataOptions) -> None:
    data = load(options, 1)
    features = features_for(options, data)
    half = to_float(data.train.values[: 2 * (len(data.train) // 8)])
    row = SampleStatistics(features, data.train, data.held_out, 300, seed=0).row(half[:300], thorough=False)
    assert (row["modes"], row["mode_kl"]) == seen(features, half[:300])
    assert row["modes_real"] == pytest.approx(row["modes"], rel=0.15)
    assert row["mode_kl_real"] == pytest.approx(row["mode_kl"], rel=0.15, abs=0.02)
    assert ("good_modes" in row) == (options is STACKED), "good points alone show modes anyway"
    if options is RING:
        assert row["modes"] == Row(row).number("classes_seen"), "where modes are classes, both count alike"
        figures = evaluate(features, half, data.train, data.held_out, seed=0)
        assert (figures["modes"]["value"], figures["mode_kl"]["value"]) == seen(features, half)
        assert figures["modes"]["protocol"].startswith("modes-ring-coordinates-")


def test_data_without_known_modes_have_no_count() -> None:
    options = MnistOptions(fraction=0.02)
    data = load(options, 1)
    features = features_for(options, data)
    assert features.modes == 0
    assert features.see(to_float(data.train.values[:5])).modes is None
    [entry] = [entry for entry in FEATURES if "modes" in entry.names]
    assert entry.why == "the modes of such data are not known"
