"""Distances within and between samples, against SciPy and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist, pdist

from ganlab.evaluation.spread import ROWS_AT_ONCE, Spread, compare, energy_distance, mean_pairwise_distance


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("count", [2, 3, ROWS_AT_ONCE, ROWS_AT_ONCE + 1, 2 * ROWS_AT_ONCE + 77])
@pytest.mark.parametrize("shape", [(2,), (1, 28, 28)])
def test_agrees_with_scipy(count: int, shape: tuple[int, ...]) -> None:
    samples, reals = normal(count, *shape), 0.3 + 2 * normal(50, *shape, seed=1)
    a, b = samples.flatten(1).double().numpy(), reals.flatten(1).double().numpy()
    scale = math.sqrt(a.shape[1])
    within, within_reals, between = pdist(a).mean() / scale, pdist(b).mean() / scale, cdist(a, b).mean() / scale

    spread = compare(samples, reals)

    assert spread.diversity == pytest.approx(within, rel=1e-9)
    assert spread.diversity_real == pytest.approx(within_reals, rel=1e-9)
    assert spread.energy_distance == pytest.approx(2 * between - within - within_reals, abs=1e-9)
    assert mean_pairwise_distance(samples) == spread.diversity
    assert energy_distance(samples, reals) == spread.energy_distance
    assert compare(samples, reals, diversity_real=spread.diversity_real) == spread


def test_two_draws_of_a_standard_normal_are_two_over_root_pi_apart() -> None:
    # The mean's standard error at n = 4,000 is about 0.010.
    assert mean_pairwise_distance(normal(4000, 1)) == pytest.approx(2 / math.sqrt(math.pi), abs=0.04)


def test_two_point_masses_have_twice_their_distance_as_energy_distance() -> None:
    a, b = torch.zeros(7, 3, 4), torch.full((5, 3, 4), 1.5)
    assert compare(a, b) == Spread(diversity=0.0, diversity_real=0.0, energy_distance=pytest.approx(3.0, abs=1e-12))


def test_normals_apart_have_the_energy_distance_of_the_closed_form() -> None:
    # X ~ N(m, 1), Y ~ N(0, 1): X - Y ~ N(m, 2), so E|X - Y| is a folded normal's mean.
    m, s = 1.5, math.sqrt(2)
    between = s * math.sqrt(2 / math.pi) * math.exp(-(m**2) / (2 * s**2)) + m * math.erf(m / (s * math.sqrt(2)))
    expected = 2 * between - 2 * 2 / math.sqrt(math.pi)
    assert energy_distance(m + normal(4000, 1), normal(4000, 1, seed=1)) == pytest.approx(expected, abs=0.06)


def test_energy_distance_is_unbiased_where_the_distributions_are_equal() -> None:
    values = [energy_distance(normal(20, 8, seed=2 * i), normal(20, 8, seed=2 * i + 1)) for i in range(200)]
    standard_error = np.std(values) / math.sqrt(len(values))
    assert abs(np.mean(values)) < 3 * standard_error
    assert min(values) < 0


def test_duplicates_are_no_distance_apart() -> None:
    image = normal(1, 784).tanh()
    assert mean_pairwise_distance(image.repeat(600, 1)) < 1e-6
    assert abs(energy_distance(image.repeat(600, 1), image.repeat(300, 1))) < 1e-6
    # Groups of duplicates lie on both sides of the mean, where nothing cancels by itself.
    pair = torch.cat([image.repeat(300, 1), -image.repeat(300, 1)])
    apart = 2 * float(image.double().norm()) / 28
    assert mean_pairwise_distance(pair) == pytest.approx(apart * 300 * 300 / (600 * 599 / 2), abs=1e-6)


def test_small_differences_far_from_the_origin_survive() -> None:
    samples = 1e4 + torch.arange(8).reshape(8, 1) / 64 * torch.ones(8, 784)
    steps = pdist(np.arange(8)[:, None] / 64).mean()
    assert mean_pairwise_distance(samples) == pytest.approx(steps, rel=1e-6)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_extreme_scales_stay_finite(scale: float) -> None:
    samples = normal(10, 5)
    assert mean_pairwise_distance(scale * samples) == pytest.approx(scale * mean_pairwise_distance(samples), rel=1e-5)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_non_finite_samples_give_nan_and_leave_the_reals_alone(bad: float) -> None:
    samples, reals = normal(300, 4), normal(300, 4, seed=1)
    samples[299, 2] = bad
    spread = compare(samples, reals)
    assert math.isnan(spread.diversity)
    assert math.isnan(spread.energy_distance)
    assert spread.diversity_real == mean_pairwise_distance(reals)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_any_floating_type(dtype: torch.dtype) -> None:
    samples = normal(9, 4).to(dtype)
    assert mean_pairwise_distance(samples) == pytest.approx(pdist(samples.double().numpy()).mean() / 2, rel=1e-9)


def test_one_sample_has_no_pairs() -> None:
    with pytest.raises(ValueError, match="at least 2 samples, got 1"):
        mean_pairwise_distance(torch.zeros(1, 4))


def test_leaves_no_graph_and_no_change_behind() -> None:
    samples = normal(6, 4).requires_grad_()
    before = samples.detach().clone()
    compare(samples, normal(6, 4, seed=1))
    assert torch.equal(samples, before)
    assert samples.grad is None
