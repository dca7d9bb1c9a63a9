"""How far samples lie from each other and from real ones, in sample space."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

ROWS_AT_ONCE = 256
"""Rows taken at a time: memory stays at 256 x N distances, and most of a symmetric matrix's mirrored half is spared."""


@dataclass(frozen=True)
class Spread:
    """Distances within and between samples and reals, all divided by sqrt(d), d the numbers in one sample.

    That makes them root-mean-square differences per coordinate, which compare across image sizes: two images in [-1, 1]
    are at most 2 apart. NaN if the set or sets it is taken over hold a non-finite number.
    """

    diversity: float
    """Mean distance between two samples, >= 0: about 0 where all samples are alike."""
    diversity_real: float
    """Mean distance between two reals, >= 0."""
    energy_distance: float
    """Squared energy distance of samples and reals: 0 in expectation where they are alike, so at times just below 0."""


def compare(samples: Tensor, reals: Tensor, diversity_real: float | None = None) -> Spread:
    """Return the spread of samples and that of reals, and the energy distance between the two.

    Args:
        samples: (N, ...), N >= 2, any floating type, on any device.
        reals: (M, ...), M >= 2, of the same shape per sample and on the same device.
        diversity_real: `mean_pairwise_distance(reals)` if it is already known; that saves a third of the work.

    Raises:
        ValueError: fewer than two samples or reals.
    """
    diversity = mean_pairwise_distance(samples)
    if diversity_real is None:
        diversity_real = mean_pairwise_distance(reals)
    # Means over distinct pairs (U-statistics) leave no bias in N and M.
    between = _mean_distance_between(samples, reals)
    return Spread(diversity, diversity_real, 2 * between - diversity - diversity_real)


def energy_distance(a: Tensor, b: Tensor) -> float:
    """Return 2 E|X - Y| - E|X - X'| - E|Y - Y'|, divided by sqrt(d), of a (N, ...) and b (M, ...).

    It is the squared energy distance of Szekely & Rizzo 2013. `compare` gives its terms too, at the same cost.

    Raises:
        ValueError: fewer than two samples in a or b.
    """
    return compare(a, b).energy_distance


@torch.no_grad()
def mean_pairwise_distance(a: Tensor) -> float:
    """Return the mean Euclidean distance over the distinct pairs of a (N, ...), N >= 2, divided by sqrt(d).

    Exact to about 1e-8 of the largest deviation from the mean, also for near-duplicates. NaN if a number in `a` is
    not finite.

    Raises:
        ValueError: fewer than two samples.
    """
    if len(a) < 2:
        raise ValueError(f"a mean over pairs needs at least 2 samples, got {len(a)}")
    points = _points(a)
    points = points - points.mean(0)
    total = 0.0
    for start in range(0, len(points), ROWS_AT_ONCE):
        block, after = points[start : start + ROWS_AT_ONCE], points[start + ROWS_AT_ONCE :]
        # A point's distance to itself is rounding, not 0: it is left out.
        inside = _distances(block, block)
        total += float(inside.sum() - inside.trace() + 2 * _distances(block, after).sum())
    count = len(points)
    return total / (count * (count - 1)) / _scale(points)


@torch.no_grad()
def _mean_distance_between(a: Tensor, b: Tensor) -> float:
    a, b = _points(a), _points(b)
    centre = b.mean(0)
    a, b = a - centre, b - centre
    total = sum(float(_distances(a[start : start + ROWS_AT_ONCE], b).sum()) for start in range(0, len(a), ROWS_AT_ONCE))
    return total / (len(a) * len(b)) / _scale(a)


def _points(samples: Tensor) -> Tensor:
    """Flatten to (N, d) in double precision."""
    # |x|^2 + |y|^2 - 2 x.y is 20 times as fast as differences, but in single precision it puts duplicates 3e-4 apart.
    # MPS has no double precision.
    samples = samples.detach().flatten(1)
    return (samples.cpu() if samples.device.type == "mps" else samples).double()


def _distances(a: Tensor, b: Tensor) -> Tensor:
    squares_a, squares_b = (torch.linalg.vector_norm(x, dim=1).square() for x in (a, b))
    squared = torch.addmm(squares_a[:, None] + squares_b, a, b.T, alpha=-2)
    # Rounding may leave a duplicate's square a hair below 0; clamp keeps NaN.
    return squared.clamp_(min=0).sqrt_()


def _scale(points: Tensor) -> float:
    return float(points.shape[1] ** 0.5)
