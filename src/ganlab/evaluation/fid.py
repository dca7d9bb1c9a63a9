"""FID: the Frechet distance between the features of samples and of reals, and its limit for infinitely many samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganlab.randomness import seeded_generator

SIZES = 15
"""Sample sizes through which `fid_infinity` lays its line (Chong & Forsyth 2020, section 4.2)."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean (d,) and covariance (d, d) of a set of features, float64."""

    mean: Tensor
    covariance: Tensor


@torch.no_grad()
def moments(features: Tensor) -> Moments:
    """Return the moments of features (N, d), N >= 2, the covariance with N - 1 as divisor.

    Raises:
        ValueError: fewer than two samples.
    """
    if len(features) < 2:
        raise ValueError(f"a covariance needs at least 2 samples, got {len(features)}")
    # NumPy makes only half of a product that is symmetric, which Torch does not.
    points = features.numpy().astype(np.float64)
    with np.errstate(invalid="ignore"):  # a number that is not finite is to show in the result, not in a warning
        mean = points.mean(0)
        points -= mean
        covariance = points.T @ points / (len(points) - 1)
    return Moments(torch.from_numpy(mean), torch.from_numpy(covariance))


@torch.no_grad()
def frechet_distance(a: Tensor | Moments, b: Tensor | Moments) -> float:
    """Return |dmean|^2 + Tr(C1 + C2 - 2 (C1 C2)^1/2), at least 0 (Heusel et al. 2017, equation 6).

    It falls with the number of samples, so that only values at the same numbers compare. Finite for samples of any
    rank, also for a single one repeated (then the trace term is that of the other set's covariance). NaN if a number
    is not finite.

    Args:
        a: features (N, d), N >= 2, or their `moments`.
        b: features (M, d), M >= 2, or their `moments` where they serve more than once.

    Raises:
        ValueError: fewer than two samples in a or b.
    """
    a, b = (x if isinstance(x, Moments) else moments(x) for x in (a, b))
    return _frechet(a, b, _square_root(b.covariance))


def _frechet(a: Moments, b: Moments, root_b: Tensor) -> float:
    total = (a.mean - b.mean).square().sum() + a.covariance.trace() + b.covariance.trace()
    # C1 C2 has the eigenvalues of the symmetric C2^1/2 C1 C2^1/2, which rounding cannot make complex.
    product = root_b @ a.covariance @ root_b
    if not (total.isfinite() and product.isfinite().all()):
        return math.nan
    return max(float(total - 2 * torch.linalg.eigvalsh(product).clamp(min=0).sqrt().sum()), 0.0)


def _square_root(covariance: Tensor) -> Tensor:
    """Return the symmetric square root of a positive semi-definite matrix (d, d); all NaN if it is not finite."""
    if not covariance.isfinite().all():
        return torch.full_like(covariance, math.nan)
    values, vectors = torch.linalg.eigh(covariance)
    root: Tensor = vectors * values.clamp(min=0).sqrt() @ vectors.T
    return root


@torch.no_grad()
def fid_infinity(fake: Tensor, real: Tensor | Moments, seed: int) -> float:
    """Return the Frechet distance that infinitely many samples would have, as extrapolated by a line.

    Distances of 15 random parts of the samples are fitted by a line in 1/n, whose value at 0 is returned (Chong &
    Forsyth 2020, section 4.2). Parts have N/10 samples or more, as there, and at least 2 d (up to N/2), since the line
    bends if the covariance lacks full rank. The number of reals stays as it is, and so does the bias that
    comes from it. May lie below 0 by the error of the fit. With few samples there are fewer sizes than 15; with two,
    the distance itself is returned. NaN if a number is not finite.

    Args:
        fake: features (N, d), N >= 2.
        real: features (M, d), M >= 2, or their `moments`.
        seed: decides which samples are in which part.

    Raises:
        ValueError: fewer than two samples in fake or real.
    """
    real = real if isinstance(real, Moments) else moments(real)
    root = _square_root(real.covariance)
    smallest = max(len(fake) // 10, min(2 * fake.shape[1], len(fake) // 2), 2)
    sizes = np.unique(np.linspace(smallest, len(fake), SIZES).round().astype(int))
    distances = []
    for number, size in enumerate(sizes):
        part = torch.randperm(len(fake), generator=seeded_generator(seed, "evaluation/fid_infinity", number))[:size]
        distances.append(_frechet(moments(fake[part]), real, root))
    if len(sizes) == 1:
        return distances[0]
    if not np.isfinite(distances).all():
        return math.nan
    return float(np.polynomial.Polynomial.fit(1 / sizes, distances, 1)(0.0))
