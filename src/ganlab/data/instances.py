"""Instance selection: a generator learns faster from the images that lie where their class is dense.

DeVries, Drozdzal & Taylor 2020, section 3: outliers, which a small generator cannot draw and a discriminator sees at
once, are left out before training. Their features are those of an Inception network; here they are principal
components of the pixels, which need no download and know less of what a picture shows.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import torch
from torch import Tensor

from ganlab.data.drawing import pixels
from ganlab.data.samples import RealData, Samples
from ganlab.data.selection import take

COMPONENTS = 64
"""Principal components of all training images, at most."""

AT_ONCE = 1000
"""Images looked at a time, so that the temporary memory stays small."""

RIDGE = 1e-3
"""Part of a class's mean variance that is added to each of its components: a class may have fewer images than those."""


def densest(data: RealData, share: float) -> RealData:
    """Return data whose training images are the densest share of each class, in their order; held-out ones stay.

    Of N images int(N * share) are kept, of each class the same share up to rounding. They are copied into memory.

    Args:
        data: images.
        share: above 0 and below 1.
    """
    ranks = _ranks(principal_components(data.train), data.train.labels)
    rows = ranks.argsort(stable=True)[: int(len(ranks) * share)].sort().values
    content = f"{data.fingerprint} densest".encode() + rows.numpy().tobytes()
    return replace(data, train=take(data.train, rows), fingerprint=hashlib.sha256(content).hexdigest())


def distances(points: Tensor) -> Tensor:
    """Return the squared Mahalanobis distances of points (N, q) from their mean, (N,).

    The log-likelihood under the Gaussian that is fitted to the points falls with it: -d^2 / 2 and a constant.
    """
    centred = points - points.mean(0)
    covariance = centred.T @ centred / len(points)
    ridge = RIDGE * covariance.diagonal().mean().clamp(min=torch.finfo(points.dtype).tiny)
    factor = torch.linalg.cholesky(covariance + ridge * torch.eye(points.shape[1], dtype=points.dtype))
    whitened: Tensor = torch.linalg.solve_triangular(factor, centred.T, upper=False)
    return whitened.square().sum(0)


def _ranks(points: Tensor, labels: Tensor) -> Tensor:
    """Return how dense each point (N, q) lies in its class: its rank there, over the class's size, in [0, 1)."""
    ranks = torch.empty(len(points), dtype=torch.float64)
    for label in labels.unique():
        rows = (labels == label).nonzero().flatten()
        order = distances(points[rows]).argsort(stable=True)
        ranks[rows[order]] = torch.arange(len(rows), dtype=torch.float64) / len(rows)
    return ranks


def principal_components(samples: Samples) -> Tensor:
    """Return images by the widest principal components of their pixels, float64 (N, q)."""
    parts = samples.values.split(AT_ONCE)
    width = pixels(samples.values[:1]).shape[1]
    mean, scatter = torch.zeros(width, dtype=torch.float64), torch.zeros(width, width, dtype=torch.float64)
    for part in parts:
        mean += pixels(part).double().sum(0) / len(samples)
    for part in parts:
        centred = pixels(part) - mean.float()
        scatter += centred.T @ centred
    axes = torch.linalg.eigh(scatter).eigenvectors[:, -COMPONENTS:]
    return torch.cat([(pixels(part).double() - mean) @ axes for part in parts])
