"""Whether samples are copies of training images, and how they compare with reals sample by sample.

Copies are looked for in pixel space: features are made to overlook small changes. Vectors must be finite; everything
returned then is, also for samples that are collapsed, constant, duplicated or tiny.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlab.data.drawing import pixels
from ganlab.domain import Domain, Images
from ganlab.evaluation.modes import cells_of, kmeans
from ganlab.evaluation.neighbours import nearest

DIMENSIONS = 64
"""Principal components kept. Against 14 x 14 pixels on MNIST: half the time, C_T the same on copies with noise of 5 %
of the range (-6.5), and lower on copies with 20 % (-4.8 against -2.3)."""
CELLS = 50
"""Cells for C_T. On MNIST, held-out images of one digit alone read -2.8 to 3.2 with 20 cells, -1.0 to 1.3 with 50."""
CELL_MINIMUM = 5
"""Generated and held-out samples, each, below which a cell is left out of C_T."""
ROUNDING = 1e-6
"""Part of the longest training vector's length that rounding may leave between a sample and its exact copy."""
VOTERS = 5
"""Neighbours that vote in `gan_train_test`."""


@dataclass(frozen=True, eq=False)
class PixelSpace:
    """The principal components of a training set's pixels.

    Attributes:
        domain: what a sample is.
        mean: (p,).
        axes: orthonormal columns, (p, q), the widest last.
    """

    domain: Domain
    mean: Tensor
    axes: Tensor

    def __call__(self, samples: Tensor) -> Tensor:
        """Return samples (N, *domain.shape), images as bytes or floats, by their components: float32 (N, q)."""
        return (vectors(samples, self.domain) - self.mean) @ self.axes


@dataclass(frozen=True, eq=False)
class Copies:
    """For each sample, the training image it might be a copy of.

    Attributes:
        distances: to the nearest training image, (N,); 0 for an exact copy.
        indices: which one that is, int64 (N,).
    """

    distances: Tensor
    indices: Tensor

    def first(self, count: int) -> Copies:
        """Return what is known of the first samples."""
        return Copies(self.distances[:count], self.indices[:count])


@dataclass(frozen=True, eq=False)
class HeldOutCells:
    """What C_T compares with; the same for all samples.

    Attributes:
        centres: of the training set's k-means cells, (K, q).
        cells: the cell of each held-out sample, int64 (M,).
        copies: the training image nearest to each held-out sample, (M,).
    """

    centres: Tensor
    cells: Tensor
    copies: Copies


@dataclass(frozen=True)
class TwoSample:
    """Leave-one-out 1-NN accuracies, 0 to 1: .5 drawn alike, 1 far apart, below .5 copies."""

    accuracy_a: float
    """Share of a whose nearest sample is one of a."""
    accuracy_b: float
    """Share of b whose nearest sample is one of b."""


@dataclass(frozen=True)
class GanTrainTest:
    """Accuracies, 0 to 1, of a classifier that has to pass from samples to reals or back."""

    gan_train: float
    """Trained on samples, tested on reals: suffers from bad samples and from missing variety."""
    gan_test: float
    """Trained on reals, tested on samples: suffers from bad samples only."""


def vectors(samples: Tensor, domain: Domain) -> Tensor:
    """Return samples as float32 rows (N, p): images as `pixels` gives them, points unchanged."""
    return pixels(samples) if isinstance(domain, Images) else samples.float()


def pixel_space(train: Tensor, domain: Domain) -> PixelSpace:
    """Return the at most 64 widest principal components of training samples (N, *domain.shape)."""
    points = vectors(train, domain)
    mean = points.mean(0)
    points = points - mean
    _, axes = torch.linalg.eigh(points.T @ points)
    return PixelSpace(domain, mean, axes[:, -DIMENSIONS:].contiguous())


def copy_distances(fake: Tensor, train: Tensor) -> Copies:
    """Return which training vector (M, q) is nearest to each generated one (N, q), and how far it is."""
    distances, indices = nearest(fake, train, 1)
    return Copies(distances[:, 0], indices[:, 0])


def held_out_cells(train: Tensor, held_out: Tensor, seed: int, cells: int = CELLS) -> HeldOutCells:
    """Return what `c_t` needs of training vectors (N, q) and held-out ones (M, q), once for all samples.

    5,000 held-out samples are plenty; more cost time in proportion.
    """
    centres = kmeans(train, cells, seed)
    return HeldOutCells(centres, cells_of(held_out, centres), copy_distances(held_out, train))


def c_t(fake: Tensor, copies: Copies, reference: HeldOutCells) -> float | None:
    """Return C_T (Meehan, Chaudhuri & Dasgupta 2020, section 4): below -3 the samples are copies, above 3 far off.

    The z of the Mann-Whitney U, corrected for ties, of the samples' distances to the training set against those of
    held-out samples, in each cell of the training set, averaged by the cells' shares of held-out samples. Within cells:
    samples of an easy class lie nearer to training images than the average held-out one without being copies.
    Samples are taken to be independent: a repeated one may read as a copy (one held-out image 1,000 times: -29) or as
    the opposite, so look for collapse first.

    Cells with fewer than 5 samples or 5 held-out ones are left out; None if no cell is left. A cell in which all
    distances are equal adds 0.

    Args:
        fake: generated vectors (N, q).
        copies: `copy_distances(fake, train)`.
        reference: `held_out_cells(train, ...)`.
    """
    cells = cells_of(fake, reference.centres)
    scores, weights = [], []
    for cell in range(len(reference.centres)):
        generated = copies.distances[cells == cell].numpy()
        held_out = reference.copies.distances[reference.cells == cell].numpy()
        if min(len(generated), len(held_out)) >= CELL_MINIMUM:
            scores.append(_mann_whitney_z(generated, held_out))
            weights.append(len(held_out))
    return float(np.average(scores, weights=weights)) if scores else None


def copied_share(copies: Copies, threshold: float, train: Tensor) -> float:
    """Return the share of samples that are near-duplicates of a training vector, 0 to 1; NaN without samples.

    Args:
        copies: `copy_distances(fake, train)`.
        threshold: Euclidean distance, >= 0, as from `modes.duplicate_threshold`; 0: exact copies only.
        train: training vectors (M, q).
    """
    # Exact copies must pass a threshold of 0, whatever rounding leaves of their distance.
    rounding = ROUNDING * float(torch.linalg.vector_norm(train, dim=1).max())
    return float((copies.distances <= max(threshold, rounding)).double().mean())


def authenticity(copies: Copies, train: Tensor) -> float:
    """Return the share of authentic samples (Alaa et al. 2022, section 3.3), 0 to 1: about 0 for copies.

    A sample is authentic where it lies farther from x*, its nearest training vector, than x* does from its own nearest
    other one. Held-out MNIST digits get .64 in the pixel space. A training set of one has no other vector: 0.

    Args:
        copies: `copy_distances(fake, train)`, at least one sample.
        train: training vectors (M, q).
    """
    if len(train) < 2:
        return 0.0
    rows, back = copies.indices.unique(return_inverse=True)
    distances, _ = nearest(train[rows], train, 2)  # the first is the vector itself, or a copy of it
    return float((copies.distances > distances[back, 1]).float().mean())


def nearest_neighbour_test(a: Tensor, b: Tensor) -> TwoSample:
    """Return the leave-one-out 1-NN two-sample test (Lopez-Paz & Oquab 2017; Xu et al. 2018) of a and b, each (N, q).

    A sample is recognised if its nearest neighbour, itself left out, is of its own set. Ties go to the other set: a
    sample that the other set holds an exact copy of is misclassified, in both sets. Copies read below .5 only against
    a set that holds their originals. Sets of one sample get 0.

    Raises:
        ValueError: sets of unequal size, which move chance away from .5.
    """
    if len(a) != len(b):
        raise ValueError(f"the 1-NN test needs sets of equal size, got {len(a)} and {len(b)}")
    return TwoSample(_recognised(a, b), _recognised(b, a))


def gan_train_test(fake: Tensor, fake_labels: Tensor, real: Tensor, real_labels: Tensor) -> GanTrainTest:
    """Return GAN-train and GAN-test (Shmelkov, Schmid & Alahari 2018) with a vote of the 5 nearest neighbours.

    The samples of an unconditional GAN have no labels of their own. With those that a classifier gave them, wrongly
    drawn classes cannot be seen: GAN-test then says how far that classifier and the neighbours agree, and GAN-train how
    much of the reals' variety the samples span. Compare with the same number of other reals in place of the samples.

    Args:
        fake: vectors of good samples (N, q); without any, both accuracies are 0.
        fake_labels: int64 (N,).
        real: vectors that the classifier was not trained on, (M, q), M >= 1.
        real_labels: int64 (M,).
    """
    if not len(fake):
        return GanTrainTest(0.0, 0.0)
    return GanTrainTest(
        gan_train=_accuracy(fake, fake_labels, real, real_labels),
        gan_test=_accuracy(real, real_labels, fake, fake_labels),
    )


def _mann_whitney_z(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the z of U of a against b: negative if a tends to be smaller; 0 if all are equal."""
    _, places, ties = np.unique(np.concatenate([a, b]), return_inverse=True, return_counts=True)
    ranks = (ties.cumsum() - (ties - 1) / 2)[places]
    total = len(ranks)
    mean = len(a) * len(b) / 2
    u = ranks[: len(a)].sum() - len(a) * (len(a) + 1) / 2
    variance = mean / 6 * (total + 1 - (ties.astype(float) ** 3 - ties).sum() / (total * (total - 1)))
    return float((u - mean) / variance**0.5) if variance > 0 else 0.0


def _recognised(own: Tensor, other: Tensor) -> float:
    if len(own) < 2:
        return 0.0
    to_own, _ = nearest(own, own, 1, exclude_self=True)
    to_other, _ = nearest(own, other, 1)
    return float((to_own < to_other).float().mean())


def _accuracy(known: Tensor, known_labels: Tensor, asked: Tensor, asked_labels: Tensor) -> float:
    _, indices = nearest(asked, known, VOTERS)
    votes = known_labels[indices].mode(dim=1).values
    return float((votes == asked_labels).float().mean())
