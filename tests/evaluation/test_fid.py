"""Frechet distance and its limit: against torch-fidelity, closed forms and collapsed samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from ganlab.evaluation.fid import Moments, fid_infinity, frechet_distance, moments


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def features(count: int, dimension: int = 32, seed: int = 0) -> torch.Tensor:
    """Correlated, skewed and non-negative, as a network's are."""
    mixing = normal(dimension, dimension, seed=99) / math.sqrt(dimension)
    return (normal(count, dimension, seed=seed) @ mixing + 0.2 * (seed + 1)).relu()


# Frechet distance


def test_frechet_agrees_with_torch_fidelity() -> None:
    reference = pytest.importorskip("torch_fidelity.metric_fid")
    a, b = features(700), features(900, seed=1)
    statistics = [reference.fid_features_to_statistics(x.double()) for x in (a, b)]
    expected = reference.fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)


def test_frechet_of_gaussians_with_given_moments() -> None:
    root = normal(6, 6).double()
    first, second = root @ root.T, torch.diag(torch.arange(1.0, 7).double())
    shift = torch.full((6,), 0.5).double()
    cross = np.trace(sqrtm(first.numpy() @ second.numpy()).real)
    expected = 6 * 0.25 + float(first.trace() + second.trace()) - 2 * cross
    assert frechet_distance(Moments(shift, first), Moments(0 * shift, second)) == pytest.approx(expected, rel=1e-9)


def test_frechet_of_samples_approaches_the_closed_form() -> None:
    # N(0, I) and N(1, 4 I) in 3 dimensions: 3 + 3 (2 - 1)^2.
    assert frechet_distance(normal(50_000, 3), 1 + 2 * normal(50_000, 3, seed=1)) == pytest.approx(6, rel=0.01)


@pytest.mark.parametrize("count", [2, 10, 40, 500])
def test_frechet_of_a_set_to_itself_is_zero_at_any_rank(count: int) -> None:
    a = features(count, 64)
    scale = float(moments(a).covariance.trace())
    assert 0 <= frechet_distance(a, a) < 1e-5 * scale
    assert frechet_distance(a, a.flip(0) + 1) == pytest.approx(64, rel=1e-5)


def test_frechet_is_symmetric_and_takes_moments() -> None:
    a, b = features(300), features(40, seed=1)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-6)
    assert frechet_distance(moments(a), moments(b)) == frechet_distance(a, b)


def test_frechet_of_a_collapsed_set_is_that_of_a_point() -> None:
    reals, point = features(400), features(1, seed=3)
    known = moments(reals)
    expected = float((known.mean - point[0]).square().sum() + known.covariance.trace())
    assert frechet_distance(point.repeat(50, 1), reals) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(reals, point.repeat(50, 1)) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(point.repeat(50, 1), point.repeat(70, 1)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("scale", [1e-15, 1e15])
def test_frechet_scales_with_the_square(scale: float) -> None:
    a, b = features(100), features(100, seed=1)
    expected = scale**2 * frechet_distance(a, b)
    assert frechet_distance(scale * a, scale * b) == pytest.approx(expected, rel=1e-4)


# FID-infinity


@pytest.mark.parametrize("dimension", [32, 128, 256])
def test_fid_infinity_takes_away_the_bias_of_the_samples(dimension: int) -> None:
    # Against the exact moments the truth is 0. Equal eigenvalues are the worst case: a line leaves a tenth of the bias.
    exact = Moments(torch.zeros(dimension).double(), torch.eye(dimension).double())
    fakes = [normal(2000, dimension, seed=seed) for seed in range(4)]
    biased = np.mean([frechet_distance(fake, exact) for fake in fakes])
    assert biased > dimension**2 / 4 / 2000
    assert abs(np.mean([fid_infinity(fake, exact, seed=0) for fake in fakes])) < 0.15 * biased


def test_fid_infinity_depends_on_its_seed_alone() -> None:
    fake, reals = features(300), features(300, seed=1)
    assert fid_infinity(fake, reals, seed=3) == fid_infinity(fake, moments(reals), seed=3)
    assert fid_infinity(fake, reals, seed=3) != fid_infinity(fake, reals, seed=4)


def test_fid_infinity_keeps_what_is_no_bias() -> None:
    assert fid_infinity(1 + normal(4000, 8), normal(4000, 8, seed=1), seed=0) == pytest.approx(8, rel=0.03)


@pytest.mark.parametrize("count", [2, 3, 5, 10, 19, 21])
def test_fid_infinity_of_few_or_equal_samples_is_finite(count: int) -> None:
    reals = features(100)
    assert math.isfinite(fid_infinity(features(count, seed=1), reals, seed=0))
    point = features(1, seed=3).repeat(count, 1)
    assert fid_infinity(point, reals, seed=0) == pytest.approx(frechet_distance(point, reals), rel=1e-6)
    assert fid_infinity(point, point, seed=0) == pytest.approx(0, abs=1e-9)


def test_a_non_finite_number_gives_nan() -> None:
    bad, good = features(30), features(30, seed=1)
    bad[3, 4] = math.inf
    for value in (
        frechet_distance(bad, good),
        frechet_distance(good, bad),
        fid_infinity(bad, good, seed=0),
        fid_infinity(good, bad, seed=0),
    ):
        assert math.isnan(value)


def test_too_few_samples_are_refused() -> None:
    one, many = features(1), features(9)
    for refused in (frechet_distance, lambda a, b: fid_infinity(a, b, 0)):
        for pair in ((one, many), (many, one)):
            with pytest.raises(ValueError, match="at least 2 samples"):
                refused(*pair)
