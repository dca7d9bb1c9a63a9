"""Kernel distance: against torch-fidelity, by hand and on collapsed samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ganlab.evaluation.kid import kernel_distance


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def features(count: int, dimension: int = 32, seed: int = 0) -> torch.Tensor:
    """Correlated, skewed and non-negative, as a network's are."""
    mixing = normal(dimension, dimension, seed=99) / math.sqrt(dimension)
    return (normal(count, dimension, seed=seed) @ mixing + 0.2 * (seed + 1)).relu()


@pytest.mark.parametrize("count", [300, 1000])
def test_kernel_distance_agrees_with_torch_fidelity(count: int) -> None:
    reference = pytest.importorskip("torch_fidelity.metric_kid")
    a, b = features(count), features(count, seed=1)
    # A subset that is the whole set: no chance in it.
    expected = reference.kid_features_to_metric(
        a.double(), b.double(), kid_subsets=1, kid_subset_size=count, rng_seed=0, verbose=False
    )["kernel_inception_distance_mean"]
    assert kernel_distance(a, b, seed=0) == pytest.approx(expected, rel=1e-9)


def test_kernel_distance_by_subsets_agrees_with_torch_fidelity() -> None:
    reference = pytest.importorskip("torch_fidelity.metric_kid")
    a, b = features(2000), features(2500, seed=1)
    expected = reference.kid_features_to_metric(a, b, kid_subsets=100, kid_subset_size=200, rng_seed=0, verbose=False)
    error = expected["kernel_inception_distance_std"] / 10
    value = kernel_distance(a, b, seed=0, size=200)
    assert value == pytest.approx(expected["kernel_inception_distance_mean"], abs=5 * error)
    assert value == kernel_distance(a, b, seed=0, size=200) != kernel_distance(a, b, seed=1, size=200)


def test_kernel_distance_by_hand() -> None:
    a, b = torch.tensor([[0.0, 0.0], [2.0, 0.0]]), torch.tensor([[0.0, 2.0], [0.0, 0.0]])
    # Products over d + 1, cubed: 1 between any two of these but none with itself, so 1 + 1 - 2.
    assert kernel_distance(a, b, seed=0) == pytest.approx(0)
    # Two twins at (2, 0): their own kernel is 27; with (0, 0) it is 1.
    assert kernel_distance(a[[1, 1]], a[[0, 0]], seed=0) == pytest.approx(27 + 1 - 2)


def test_kernel_distance_is_unbiased_at_any_number() -> None:
    values = [kernel_distance(normal(20, 4, seed=2 * i), normal(30, 4, seed=2 * i + 1), seed=0) for i in range(300)]
    assert abs(np.mean(values)) < 3 * np.std(values) / math.sqrt(300)
    assert min(values) < 0


@pytest.mark.parametrize("count", [2, 3, 10, 120])
def test_kernel_distance_of_collapsed_samples_is_finite(count: int) -> None:
    point, reals = features(1).repeat(count, 1), features(50, seed=1)
    assert kernel_distance(point, reals, seed=0, size=100) > 0
    assert kernel_distance(point, point, seed=0, size=100) == pytest.approx(0, abs=1e-9)


def test_a_non_finite_number_gives_nan() -> None:
    bad, good = features(30), features(30, seed=1)
    bad[3, 4] = math.inf
    assert math.isnan(kernel_distance(bad, good, seed=0))
    assert math.isnan(kernel_distance(good, bad, seed=0))


def test_too_few_samples_are_refused() -> None:
    one, many = features(1), features(9)
    for pair in ((one, many), (many, one)):
        with pytest.raises(ValueError, match="at least 2 samples"):
            kernel_distance(*pair, 0)
