"""How well samples lie on the manifold of reals, and how much of it they fill."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlab.evaluation.modes import cells_of, kmeans
from ganlab.evaluation.neighbours import nearest, squared_distances
from ganlab.randomness import derived_seed

NEAREST = 3
"""Neighbours that make a ball for precision and recall (Kynkaanniemi et al. 2019)."""

NEAREST_DENSITY = 5
"""Neighbours that make a ball for density and coverage (Naeem et al. 2020)."""

CLUSTERS, ANGLES, RUNS = 20, 1001, 10
"""Of the curve of precision and recall (Sajjadi et al. 2018)."""


@dataclass(frozen=True)
class Manifold:
    """What balls around reals and around samples hold of each other, a ball reaching to the k-th nearest of its own."""

    precision: float
    """Share of samples inside a ball of reals, 0 to 1."""
    recall: float
    """Share of reals inside a ball of samples, 0 to 1."""
    f1: float
    """Harmonic mean of precision and recall; 0 where both are."""
    density: float
    """Mean number of balls of reals that a sample is in, divided by k: about 1 if the two are alike; unbounded."""
    coverage: float
    """Share of balls of reals that hold a sample, 0 to 1; 1 - 2^-k if the two are alike."""


@dataclass(frozen=True, eq=False)
class Balls:
    """A set of points with the distances, float64 (N, K), from each to its K nearest others, nearest first."""

    points: Tensor
    distances: Tensor

    def squared_radii(self, k: int) -> Tensor:
        """Return the squares (N,) of the distances to the k-th nearest other, or to the farthest if there are fewer.

        A lone point's is 0.

        Raises:
            ValueError: k is more than was measured.
        """
        known = self.distances.shape[1]
        if k > known and known < len(self.points) - 1:
            raise ValueError(f"balls of {k} neighbours wanted, but only {known} were measured")
        if not known:
            return self.distances.new_zeros(len(self.points))
        # A ball is open: its k-th neighbour is outside, and rounding in the distances it is compared with is not to
        # let it in. That matters if the samples are copies of the reals.
        return self.distances[:, min(k, known) - 1].square() * (1 - 1e-9)


def balls(points: Tensor, k: int = NEAREST_DENSITY) -> Balls:
    """Return points (N, d), finite or not, with the distances to their k nearest others; spares `manifold` that work.

    Raises:
        ValueError: no points.
    """
    if not len(points):
        raise ValueError("balls need at least 1 point, got 0")
    points = points.double()
    return Balls(points, nearest(points, points, k, exclude_self=True)[0])


@torch.no_grad()
def manifold(fake: Tensor, real: Tensor | Balls, k: int = NEAREST, k_density: int = NEAREST_DENSITY) -> Manifold:
    """Return precision, recall, density and coverage of fake (N, d) against real (M, d).

    Improved precision and recall (Kynkaanniemi et al. 2019, equation 2), density and coverage (Naeem et al. 2020,
    equations 3 and 4), with open balls as there. Duplicates have balls of radius 0, which hold nothing, not even a
    copy: samples that are all alike give recall 0, reals that are all alike give precision, density and coverage 0.
    Sets of k points or fewer have balls that reach to their farthest other point. All NaN if a number is not finite.

    Args:
        fake: samples' features.
        real: reals' features, or `balls` of them where they serve more than once.
        k: neighbours that make a ball for precision and recall.
        k_density: neighbours that make a ball for density and coverage.

    Raises:
        ValueError: one of the sets is empty, or k is more than the `balls` were given.
    """
    real_balls = real if isinstance(real, Balls) else balls(real, max(k, k_density))
    fake_balls = balls(fake, k)
    if not (fake_balls.points.isfinite().all() and real_balls.points.isfinite().all()):
        return Manifold(math.nan, math.nan, math.nan, math.nan, math.nan)
    centre = real_balls.points.mean(0)
    real_radii, dense_radii = real_balls.squared_radii(k), real_balls.squared_radii(k_density)
    fake_radii = fake_balls.squared_radii(k)
    precise, inside = 0, 0
    recalled, covered = (torch.zeros(len(real_radii), dtype=torch.bool) for _ in range(2))
    for start, squared in squared_distances(fake_balls.points - centre, real_balls.points - centre):
        in_dense = squared < dense_radii
        inside += int(in_dense.count_nonzero())
        covered |= _any(in_dense, 0)
        precise += int(_any(squared < real_radii, 1).count_nonzero())
        recalled |= _any(squared < fake_radii[start : start + len(squared), None], 0)
    precision, recall = precise / len(fake), float(recalled.double().mean())
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    neighbours = max(min(k_density, len(dense_radii) - 1), 1)
    return Manifold(precision, recall, f1, inside / (neighbours * len(fake)), float(covered.double().mean()))


def manifold_of_passing(fake: Tensor, real: Tensor | Balls, passing: Tensor) -> Manifold:
    """Return `manifold` where only samples that pass the garbage test, bool (N,), can be precise or cover anything.

    A real that hardly passes itself has a wide ball, which would take garbage in. Recall is that of what passes.
    """
    share = float(passing.double().mean())
    if passing.sum() < 2:
        return Manifold(0.0, 0.0, 0.0, 0.0, 0.0)
    found = manifold(fake[passing], real)
    precision = share * found.precision
    f1 = 2 * precision * found.recall / (precision + found.recall) if precision + found.recall else 0.0
    return Manifold(precision, found.recall, f1, share * found.density, found.coverage)


def _any(mask: Tensor, dim: int) -> Tensor:
    # Torch's own `any` takes six times as long.
    return mask.view(torch.uint8).amax(dim).bool()


@dataclass(frozen=True)
class Prd:
    """Precision and recall of distributions, each the best F score on their curve, 0 to 1."""

    f8: float
    """F_8, which weighs recall 8 times as much as precision."""
    f1_8: float
    """F_1/8, which weighs precision 8 times as much as recall."""


@torch.no_grad()
def prd(fake: Tensor, real: Tensor, seed: int) -> Prd:
    """Return the F scores of the precision-recall curve of fake (N, d) against real (M, d).

    Both sets are sorted into the same k-means clusters; the curve is that of the two histograms, averaged over runs
    (Sajjadi et al. 2018, algorithm 1). Sets of less than 20 points have a cluster a point. NaN if a number is not
    finite. Sizes that differ are allowed, though the larger set then says more about where the clusters lie.

    Raises:
        ValueError: one of the sets is empty.
    """
    if not (len(fake) and len(real)):
        raise ValueError(f"histograms need at least 1 point each, got {len(fake)} and {len(real)}")
    union = torch.cat([real, fake])
    if not union.isfinite().all():
        return Prd(math.nan, math.nan)
    union = union - union.mean(0)
    curves = []
    for run in range(RUNS):
        cells = cells_of(union, kmeans(union, CLUSTERS, derived_seed(seed, "evaluation/prd", run)))
        real_shares, fake_shares = (
            (torch.bincount(part, minlength=CLUSTERS) / len(part)).double().numpy()
            for part in (cells[: len(real)], cells[len(real) :])
        )
        curves.append(_curve(fake_shares, real_shares))
    precision, recall = np.mean(curves, axis=0)
    return Prd(_best_f(precision, recall, 8.0), _best_f(precision, recall, 1 / 8))


def _curve(fake: NDArray[np.float64], real: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return precision and recall, each (1001,), of two histograms: equations 1 to 3 of Sajjadi et al. 2018."""
    slopes = np.tan(np.linspace(1e-10, math.pi / 2 - 1e-10, ANGLES))
    precision = np.minimum(slopes[:, None] * real, fake).sum(1)
    return np.minimum(precision, 1), np.minimum(precision / slopes, 1)


def _best_f(precision: NDArray[np.float64], recall: NDArray[np.float64], beta: float) -> float:
    total = beta**2 * precision + recall
    scores = np.divide((1 + beta**2) * precision * recall, total, out=np.zeros_like(total), where=total > 0)
    return float(scores.max())
