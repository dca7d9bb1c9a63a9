"""Precision, recall, density, coverage and PRD: against prdc, brute force, expectations and collapsed samples."""

from __future__ import annotations

import math
from dataclasses import astuple

import numpy as np
import pytest
import torch

from ganlab.evaluation import neighbours
from ganlab.evaluation.manifold import Manifold, Prd, balls, manifold, prd


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# Manifold


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize(("fakes", "reals"), [(200, 200), (300, 150), (90, 400)])
def test_agrees_with_prdc(k: int, fakes: int, reals: int, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = pytest.importorskip("prdc")
    monkeypatch.setattr(neighbours, "BLOCK_ENTRIES", 5000)
    fake, real = 0.3 + 0.8 * normal(fakes, 6), normal(reals, 6, seed=1)
    expected = reference.compute_prdc(real.double().numpy(), fake.double().numpy(), nearest_k=k)
    found = manifold(fake, real, k=k, k_density=k)
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, abs=1e-12), name
    assert found.f1 == pytest.approx(2 / (1 / found.precision + 1 / found.recall))
    assert manifold(fake, balls(real), k=k, k_density=k) == found


def test_each_pair_of_figures_has_its_own_number_of_neighbours() -> None:
    fake, real = 0.5 + normal(150, 4), normal(150, 4, seed=1)
    three, five = manifold(fake, real, k=3, k_density=3), manifold(fake, real, k=5, k_density=5)
    found = manifold(fake, real)
    assert (found.precision, found.recall, found.f1) == (three.precision, three.recall, three.f1)
    assert (found.density, found.coverage) == (five.density, five.coverage)


def test_expectations_of_two_samples_of_one_distribution() -> None:
    # A ball of a real holds no fake where its k nearest among all others are real: hypergeometric (Naeem 2020, eq. 8).
    reals, fakes, k = 1500, 1000, 5
    missed = math.prod((reals - i) / (reals + fakes - i) for i in range(1, k + 1))
    draws = [
        manifold(normal(fakes, 16, seed=2 * seed), normal(reals, 16, seed=2 * seed + 1), k_density=k)
        for seed in range(4)
    ]
    assert np.mean([draw.coverage for draw in draws]) == pytest.approx(1 - missed, abs=0.01)
    assert np.mean([draw.density for draw in draws]) == pytest.approx(1, abs=0.05)


@pytest.mark.slow
def test_published_figures_at_ten_thousand() -> None:
    # N(0, I), d = 1000, as Naeem et al. 2020 check theirs.
    found = manifold(normal(10_000, 1000), normal(10_000, 1000, seed=1), k=5)
    assert found.precision == pytest.approx(0.477, abs=0.02)
    assert found.recall == pytest.approx(0.471, abs=0.02)
    assert found.density == pytest.approx(1.056, abs=0.08)
    assert found.coverage == pytest.approx(0.974, abs=0.01)


def test_copies_of_the_reals_are_perfect_and_their_balls_stay_open() -> None:
    real = 50 + normal(400, 8).float()
    # Each ball holds its own centre and k - 1 others; the k-th lies on its edge.
    assert manifold(real.flip(0), real) == Manifold(1.0, 1.0, 1.0, pytest.approx(1.0), 1.0)


def test_disjoint_sets_share_nothing() -> None:
    assert manifold(normal(50, 4) + 1000, normal(60, 4, seed=1)) == Manifold(0.0, 0.0, 0.0, 0.0, 0.0)


def test_one_real_repeated_is_precise_and_recalls_nothing() -> None:
    real = normal(200, 4)
    found = manifold(real[:1].repeat(100, 1), real)
    assert (found.precision, found.recall, found.f1) == (1.0, 0.0, 0.0)
    assert 0 < found.coverage < 0.1


def test_part_of_the_reals_is_precise_and_recalls_that_part() -> None:
    near, far = normal(300, 3), normal(300, 3, seed=1) + 100
    found = manifold(normal(300, 3, seed=2), torch.cat([near, far]))
    assert found.precision > 0.9
    assert 0.4 < found.recall <= 0.5
    assert 0.4 < found.coverage <= 0.5


@pytest.mark.parametrize("fakes", [1, 2, 3, 5, 10])
@pytest.mark.parametrize("reals", [1, 2, 6, 10])
def test_tiny_and_collapsed_sets_are_finite(fakes: int, reals: int) -> None:
    fake, real = normal(fakes, 3), normal(reals, 3, seed=1)
    for found in (
        manifold(fake, real),
        manifold(0 * fake, real),
        manifold(fake, 0 * real),
        manifold(0 * fake, 0 * real),
    ):
        assert all(math.isfinite(value) for value in astuple(found))
        assert all(0 <= value <= 1 for value in (found.precision, found.recall, found.f1, found.coverage))
    assert manifold(0 * fake, 0 * real) == Manifold(0.0, 0.0, 0.0, 0.0, 0.0)


def test_balls_reach_to_the_farthest_where_there_are_few() -> None:
    real = torch.tensor([[0.0], [1.0], [3.0]])
    # Radii 3, 2 and 3; 2.5 is in all three balls, 100 in none; density has k = 2, the most there are.
    found = manifold(torch.tensor([[2.5], [100.0]]), real)
    assert found == Manifold(0.5, 1.0, pytest.approx(2 / 3), 3 / (2 * 2), 1.0)


def test_a_non_finite_number_gives_nan() -> None:
    bad, good = normal(20, 3), normal(20, 3, seed=1)
    bad[4, 1] = math.nan
    for pair in ((bad, good), (good, bad)):
        assert all(math.isnan(value) for value in astuple(manifold(*pair)))
        assert all(math.isnan(value) for value in astuple(prd(*pair, seed=0)))


def test_impossible_requests_are_refused() -> None:
    few = normal(3, 2)
    for pair in ((few[:0], few), (few, few[:0])):
        with pytest.raises(ValueError, match="at least 1 point"):
            manifold(*pair)
        with pytest.raises(ValueError, match="at least 1 point"):
            prd(*pair, seed=0)
    with pytest.raises(ValueError, match="balls of 7 neighbours wanted, but only 5"):
        manifold(few, balls(normal(30, 2)), k_density=7)


# PRD


def naive_prd(fake: np.ndarray, real: np.ndarray) -> Prd:
    """The definition, a histogram cell a distinct point, in plain loops."""
    cells = sorted({tuple(row) for row in np.concatenate([fake, real])})
    q = [sum(tuple(row) == cell for row in fake) / len(fake) for cell in cells]
    p = [sum(tuple(row) == cell for row in real) / len(real) for cell in cells]
    best = {8.0: 0.0, 0.125: 0.0}
    for step in range(1, 1000):
        slope = math.tan(math.pi / 2 * step / 1000)
        precision = sum(min(slope * real_share, share) for real_share, share in zip(p, q, strict=True))
        recall = precision / slope
        for beta in best:
            if precision:
                score = (1 + beta**2) * precision * recall / (beta**2 * precision + recall)
                best[beta] = max(best[beta], score)
    return Prd(best[8.0], best[0.125])


@pytest.mark.parametrize("seed", range(4))
def test_prd_agrees_with_the_definition_where_clusters_are_points(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Far corners of a simplex, few enough that every run starts a cluster at each.
    places = 100 * np.eye(3)
    fake, real = places[rng.integers(0, 3, 7)], places[rng.integers(0, 2, 9)]
    found, expected = prd(torch.tensor(fake), torch.tensor(real), seed=0), naive_prd(fake, real)
    assert found.f8 == pytest.approx(expected.f8, abs=1e-6)
    assert found.f1_8 == pytest.approx(expected.f1_8, abs=1e-6)


def test_prd_of_identical_and_of_disjoint_sets() -> None:
    real = normal(300, 5)
    assert prd(real.flip(0), real, seed=0) == Prd(pytest.approx(1.0), pytest.approx(1.0))
    assert prd(normal(300, 5) + 1000, real, seed=0) == Prd(0.0, 0.0)


def test_half_the_modes_keep_precision_and_half_the_garbage_keeps_recall() -> None:
    both = torch.cat([normal(400, 2), normal(400, 2, seed=1) + 100])
    half = normal(800, 2, seed=2)
    dropped, spread = prd(half, both, seed=0), prd(both, half, seed=0)
    # On the curve (1, 1/2): F_1/8 = (1 + 1/64) (1/2) / (1/64 + 1/2) = .985, F_8 = .504.
    assert dropped.f1_8 == pytest.approx(0.985, abs=0.03)
    assert dropped.f8 == pytest.approx(0.504, abs=0.03)
    assert spread.f8 == pytest.approx(dropped.f1_8, abs=0.03)
    assert spread.f1_8 == pytest.approx(dropped.f8, abs=0.03)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("fakes", [1, 2, 10, 50])
@pytest.mark.parametrize("reals", [1, 7, 40])
def test_prd_of_tiny_and_collapsed_sets_is_finite(fakes: int, reals: int) -> None:
    fake, real = normal(fakes, 3), normal(reals, 3, seed=1)
    for pair in ((fake, real), (0 * fake, real), (fake, 0 * real)):
        assert all(0 <= value <= 1 for value in astuple(prd(*pair, seed=0)))
    assert prd(0 * fake, 0 * real, seed=0) == Prd(pytest.approx(1.0), pytest.approx(1.0))


def test_prd_depends_on_nothing_but_its_seed() -> None:
    fake, real = 0.5 + normal(200, 4), normal(200, 4, seed=1)
    torch.manual_seed(1)
    first = prd(fake, real, seed=0)
    torch.manual_seed(2)
    assert prd(fake, real, seed=0) == first
    assert prd(fake, real, seed=1) != first
