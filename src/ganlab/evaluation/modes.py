"""How much of the real variety a sample holds: classes, bins, Vendi score, duplicates.

Vectors are rows of a float tensor on the CPU: pixels (`drawing.pixels`) or features. They must be finite; everything
returned then is, also for samples that are collapsed, constant, duplicated or tiny (one row is enough where no other
number is given).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv, gammainc
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from ganlab.evaluation.neighbours import nearest, squared_distances
from ganlab.randomness import seeded_generator
from ganlab.runs.snapshots import relative_vendi

Order = Literal["rows", "columns"]
"""By what a sheet of samples is sorted."""
SORTED = 1e-6
"""Probability under which near-duplicates do not stand beside each other on a sheet by accident."""
SAME_SHAPES = 0.8
"""Correlation of their pixels from which two images show the same shapes. Of labelled runs of other people's trainers
whose last sheet is garbage and all alike through features, those that a reader called a total collapse correlate by .99
(median over 22 runs of the median pair), and noise, blots and mush that none called collapsed by .34 (13 runs, .86 at
most): `truth.readings`."""
FLAT = 0.03
"""Root-mean-square deviation from its mean colour up to which an image, of pixels in [-1, 1], is flat: four levels of
255."""
SAME_COLOUR = 0.1
"""Difference of two mean colours, in each channel, up to which flat images are alike."""
LARGEST_SIDE = 64
"""Pixels of a side to which larger images are averaged before their shapes are compared."""
LOST_BELOW = 0.1
"""A class is lost when its share is proved to be below this part of its real share."""
SHARE_FLOOR = 1e-4
"""Share given to real classes that have a smaller one, or none, when a ratio to it is taken."""
Z_95 = 1.959963984540054
"""Two-sided alpha = .05 of the standard normal."""
KMEANS_STEPS = 20
"""Lloyd steps; on MNIST, 100 bins, 20 more take off .4 % of the squared distance that is left."""
CLASS_MINIMUM = 30
"""Samples of a class below which its diversity is not judged."""
DUPLICATE_QUANTILE = 0.05
"""A near-duplicate is nearer than this share of real samples have a real neighbour."""
CALIBRATION_SAMPLES = 2000
BATCHES = 201
"""Random batches the median birthday batch is taken over; odd, so that the median is one of them."""
PAIRS_LIMIT = 100_000
"""Near-duplicate pairs looked at; a sample with more is halved, which leaves its small batches as they were."""


@dataclass(frozen=True, eq=False)
class Bins:
    """Cells of a k-means fit: what generated samples are counted in.

    Attributes:
        centres: (K, p); a cell holds the points nearest to its centre.
        counts: training samples in each cell, int64 (K,).
    """

    centres: Tensor
    counts: Tensor


@dataclass(frozen=True)
class Ndb:
    """Bins filled otherwise than by the training set."""

    different: int
    """Number of statistically different bins, 0 to K."""
    share: float
    """`different` over K, 0 to 1; about .05 where both sets are drawn alike."""
    js: float
    """Jensen-Shannon divergence of the histograms in nats, 0 to ln 2; about (K - 1)/8 (1/n + 1/m) where drawn alike."""


@dataclass(frozen=True)
class ClassVendi:
    """Diversity inside one class."""

    count: int
    """Generated samples of the class."""
    relative: float | None
    """`relative_vendi` against equally many reals; None if either has fewer than 30 or the reals are alike."""


@dataclass(frozen=True)
class Support:
    """Birthday-paradox estimate of how many different samples a generator makes."""

    batch: int
    """Smallest batch of which half hold a near-duplicate pair; the number of samples if none was found."""
    support: int
    """`batch` squared."""
    at_least: bool
    """No near-duplicate was found: `support` is all that so few samples can prove."""


def class_counts(probabilities: Tensor, passing: Tensor) -> Tensor:
    """Return how many good samples fall into each class, int64 (C,).

    Args:
        probabilities: (N, C) by class, without a "no class" column; the largest in a row decides.
        passing: bool (N,): which samples look like the data at all. A classifier gives garbage a class too.
    """
    return torch.bincount(probabilities.argmax(1)[passing], minlength=probabilities.shape[1])


class Covered(NamedTuple):
    """How samples spread over modes that are all equally likely."""

    modes: int
    """Modes with at least one sample."""
    mode_kl: float
    """KL(generated || uniform) in nats, 0 to ln(number of modes)."""


def covered(shown: Tensor, count: int) -> Covered:
    """Count the modes that samples cover (Lin et al. 2018, section 4).

    n samples of a perfect generator miss about K exp(-n/K) of K modes, and their KL is about (K - 1)/(2 n), .019 for
    26,000 samples of 1,000 modes. If no sample shows a mode it is ln K, that of a single mode.

    Args:
        shown: the mode that each sample shows, int64 (N,), in [0, count); -1 for none, which counts in neither number.
        count: number of modes, K.
    """
    counts = torch.bincount(shown[shown >= 0], minlength=count)
    return Covered(int((counts > 0).sum()), histogram_kl(counts, torch.full((count,), 1 / count)))


@dataclass(frozen=True)
class Agreement:
    """How far samples are of the kind that was asked for, each a share of all samples in [0, 1].

    Attributes:
        agreement: samples that are good and of the class of that number.
        matched: the same after the best matching of what was asked to classes, at most one each.
        chance: what `agreement` would be if what is made did not depend on what is asked.
    """

    agreement: float
    matched: float
    chance: float


def agreement(asked: Tensor, made: Tensor, passing: Tensor, classes: int) -> Agreement:
    """Compare what was asked with what was made.

    Args:
        asked: (N,) int64 from 0, class numbers or codes.
        made: (N,) int64 in [0, classes), the class that each sample looks like.
        passing: bool (N,), which samples look like the data at all.
        classes: number of classes.
    """
    from scipy.optimize import linear_sum_assignment  # .4 s, which only games with codes pay

    count, kinds = len(asked), max(classes, int(asked.max()) + 1)
    table = (
        torch.bincount(asked[passing] * classes + made[passing], minlength=kinds * classes)
        .view(kinds, classes)
        .double()
    )
    # Hungarian method (Kuhn 1955): which class each code stands for is the generator's own choice.
    rows, columns = linear_sum_assignment(table.numpy(), maximize=True)
    wanted = torch.bincount(asked, minlength=kinds)[:classes].double() / count
    return Agreement(
        agreement=float(table[:classes].diagonal().sum()) / count,
        matched=float(table[rows, columns].sum()) / count,
        chance=float((wanted * table.sum(0)).sum()) / count,
    )


def histogram_kl(counts: Tensor, reference_shares: Tensor) -> float:
    """Return KL(generated || real) of two class histograms in nats, >= 0.

    Empty generated classes add nothing (p ln p -> 0). Real shares are raised to SHARE_FLOOR = 1e-4 and normalised, so
    that a class which the reals lack costs at most 9.2 nats. A histogram without samples gets the largest value there
    is, that of a sample wholly in the rarest class.

    Args:
        counts: generated samples by class (C,).
        reference_shares: real shares by class (C,).
    """
    reference = reference_shares.double().clamp(min=SHARE_FLOOR)
    reference = reference / reference.sum()
    if not counts.sum():
        return float(-reference.min().log())
    shares = counts.double() / counts.sum()
    return max(float(torch.special.xlogy(shares, shares / reference).sum()), 0.0)


def lost_classes(counts: Tensor, reference_shares: Tensor, confidence: float = 0.99) -> list[int]:
    """Return the classes that the generator has lost, ascending.

    Lost: the upper Clopper-Pearson bound (1934; one-sided, at `confidence`) of the class's share of all good samples
    lies below a tenth of its real share. Few samples prove nothing: a class of share .1 needs 459 good samples without
    one of it. Classes without real samples are never lost, and without good samples nothing is known: none is.

    Args:
        counts: good samples by class (C,).
        reference_shares: real shares by class (C,).
        confidence: of each bound, 0 to 1.
    """
    hits, total = counts.double().numpy(), int(counts.sum())
    if not total:
        return []
    upper = np.ones_like(hits)
    some_elsewhere = hits < total
    upper[some_elsewhere] = betaincinv(hits[some_elsewhere] + 1, total - hits[some_elsewhere], confidence)
    return [int(i) for i in np.flatnonzero(upper < LOST_BELOW * reference_shares.double().numpy())]


def fit_bins(train: Tensor, seed: int, bins: int = 100) -> Bins:
    """Return k-means cells of training vectors (N, p) for `ndb`; fewer than `bins` if there are fewer vectors."""
    centres = kmeans(train, bins, seed)
    return Bins(centres, torch.bincount(cells_of(train, centres), minlength=len(centres)))


def ndb(bins: Bins, samples: Tensor) -> Ndb:
    """Return the number of statistically different bins (Richardson & Weiss 2018, section 2) of samples (M, p).

    A bin differs if a two-proportion z-test with pooled variance rejects equality at alpha = .05. Bins that neither
    set fills do not differ. With more samples smaller differences count: all 10,000 MNIST test digits get about 25 of
    100. Give it the same number of held-out samples for the real-vs-real value.
    """
    counts = torch.bincount(cells_of(samples, bins.centres), minlength=len(bins.centres)).double()
    total, total_train = counts.sum(), bins.counts.sum().double()
    share, share_train = counts / total, bins.counts / total_train
    pooled = (counts + bins.counts) / (total + total_train)
    error = (pooled * (1 - pooled) * (1 / total + 1 / total_train)).sqrt()
    different = int(((share - share_train).abs() > Z_95 * error).sum())
    middle = (share + share_train) / 2
    entropy = torch.special.entr(torch.stack([middle, share, share_train])).sum(1)
    js = float(entropy[0] - (entropy[1] + entropy[2]) / 2)
    return Ndb(different, different / len(counts), max(js, 0.0))


def kmeans(points: Tensor, count: int, seed: int) -> Tensor:
    """Return min(count, N) centres (K, p) of points (N, p): Lloyd's algorithm from random points, 20 steps.

    A centre that has lost its points stays where it is: copies among the points may leave some cells empty.
    """
    rows = torch.randperm(len(points), generator=seeded_generator(seed, "evaluation/kmeans"))[:count]
    centres = points[rows]
    for _ in range(KMEANS_STEPS):
        cells = cells_of(points, centres)
        sizes = torch.bincount(cells, minlength=len(centres))[:, None]
        sums = torch.zeros_like(centres).index_add_(0, cells, points)
        centres = torch.where(sizes > 0, sums / sizes.clamp(min=1), centres)
    return centres


def cells_of(points: Tensor, centres: Tensor) -> Tensor:
    """Return the number of the nearest centre (K, p) to each point (N, p), int64 (N,)."""
    cells = torch.empty(len(points), dtype=torch.int64)
    for start, squared in squared_distances(points, centres):
        cells[start : start + len(squared)] = squared.argmin(1)
    return cells


def vendi(unit_vectors: Tensor) -> float:
    """Return the Vendi score (Friedman & Dieng 2023, definition 3.1): how many different samples there seem to be.

    exp(-sum l ln l) over the eigenvalues l of K/n with the cosine kernel, 1 to min(n, p). It grows with n: compare only
    with equally many reals. Rows of zeros have no direction and are left out; without any other row the score is 1.

    Args:
        unit_vectors: (N, p), each row of length 1 (or 0).
    """
    points = unit_vectors.double()
    # X X' and X' X have the same eigenvalues but for zeros.
    gram = points @ points.T if len(points) < points.shape[1] else points.T @ points
    eigenvalues = torch.linalg.eigvalsh(gram).clamp(min=0)
    total = eigenvalues.sum()
    if not total:
        return 1.0
    return max(float(torch.special.entr(eigenvalues / total).sum().exp()), 1.0)


def class_vendi(fake: Tensor, fake_labels: Tensor, real: Tensor, real_labels: Tensor, classes: int) -> list[ClassVendi]:
    """Return for each class 0 to classes - 1 how varied its samples are compared with equally many reals of it.

    Both sets are cut to the smaller of the two: their rows must be in random order.

    Args:
        fake: unit vectors (N, p), good samples only.
        fake_labels: int64 (N,).
        real: unit vectors (M, p).
        real_labels: int64 (M,).
        classes: number of classes.
    """
    result = []
    for label in range(classes):
        fakes, reals = fake[fake_labels == label], real[real_labels == label]
        used = min(len(fakes), len(reals))
        judged = used >= CLASS_MINIMUM
        relative = relative_vendi(vendi(fakes[:used]), vendi(reals[:used])) if judged else None
        result.append(ClassVendi(len(fakes), relative))
    return result


def duplicate_threshold(train: Tensor, seed: int) -> float:
    """Return the distance below which two samples count as near-duplicates, >= 0.

    The 5 % quantile of the distances from training vectors (N, p) to their nearest other one, over at most 2,000 of
    them: taken in the whole training set, it does not hang on the number of generated samples. 0, that is exact copies
    only, if the training set repeats itself that much or has only one sample.
    """
    if len(train) < 2:
        return 0.0
    rows = torch.randperm(len(train), generator=seeded_generator(seed, "evaluation/threshold"))[:CALIBRATION_SAMPLES]
    distances, _ = nearest(train[rows], train, 2)  # the first is the sample itself, or a copy of it
    return float(distances[:, 1].quantile(DUPLICATE_QUANTILE))


def near_duplicates(vectors: Tensor, threshold: float, alike: Tensor | None = None) -> list[list[int]]:
    """Return groups of near-duplicates, each two or more row numbers, ascending; the largest group first.

    The row with the most others within `threshold` represents them: they are its group; of what is left the next one is
    made in the same way. So all of a group lie near to one of them: chains of small steps, which may join what is not
    alike at all, are cut. The share of duplicates is the number of rows named over N. Takes N^2 bytes: 100 MB at
    10,000.

    Args:
        vectors: (N, p).
        threshold: Euclidean distance, >= 0, as from `duplicate_threshold`.
        alike: bool (N, N), which pairs may be near-duplicates at all; None: any.
    """
    near = _near(vectors, threshold, alike)
    counts = near.sum(1)
    groups: list[list[int]] = []
    while counts.max(initial=0) > 1:  # each row is near to itself
        group = np.flatnonzero(near[int(counts.argmax())])
        groups.append(group.tolist())
        counts = counts - near[:, group].sum(1)
        counts[group] = 0
        near[:, group] = False
        near[group] = False
    return groups


@dataclass(frozen=True)
class Repeats:
    """How far samples repeat each other."""

    share: float
    """Share of the samples that are a near-duplicate of another, 0 to 1."""
    distinct: int
    """Samples left if of each group of near-duplicates one is kept."""
    chance: float
    """Probability that as many real samples, drawn with replacement, would repeat each other so often."""


def pair_rate(reals: Tensor, threshold: float, population: int) -> float:
    """Return how likely two reals, drawn with replacement, are near-duplicates, in (0, 1].

    Args:
        reals: (N, p), some of them.
        threshold: distance within which two are near-duplicates.
        population: how many reals there are. Who draws from 100 pictures draws the same one twice soon.
    """
    pairs = (int(_near(reals, threshold).sum()) - len(reals)) / 2
    return min(1.0, 1 / population + max(pairs, 1.0) / max(len(reals) * (len(reals) - 1) / 2, 1.0))


def alike_in_shape(images: Tensor) -> Tensor:
    """Return which pairs of images (N, C, H, W) show the same shapes, whatever their contrast: bool (N, N).

    The pixels of two such images, less the mean of each channel, correlate by SAME_SHAPES at least; or both images are
    flat and of the same colour.
    """
    height, width = images.shape[2:]
    if max(height, width) > LARGEST_SIDE:
        images = adaptive_avg_pool2d(images, (min(height, LARGEST_SIDE), min(width, LARGEST_SIDE)))
    points, colours = images.flatten(1), images.mean((2, 3))
    # Without a copy of the images from which their colours are taken: 2,000 of 64 x 64 are 100 MB.
    covariance = points @ points.T / points.shape[1] - colours @ colours.T / colours.shape[1]
    size = covariance.diagonal().clamp(min=0).sqrt()
    flat = size <= FLAT
    same_shapes = (covariance >= SAME_SHAPES * size[:, None] * size) & ~flat[:, None] & ~flat
    same_colours = (colours[:, None] - colours).abs().amax(2) <= SAME_COLOUR
    together: Tensor = same_shapes | (same_colours & flat[:, None] & flat)
    return together


def repeats(vectors: Tensor, threshold: float, rate: float, alike: Tensor | None = None) -> Repeats:
    """Return how far vectors (N, p) repeat each other, and the birthday test of it (Arora & Zhang 2017, section 3).

    Of N samples that are drawn as reals are, N (N - 1) / 2 `rate` pairs are expected to be near-duplicates, and their
    number is nearly Poisson-distributed. Each sample that repeats another adds at least one pair.

    Args:
        vectors: of the samples.
        threshold: distance within which two are near-duplicates, as from `duplicate_threshold`.
        rate: probability that two reals are, as from `pair_rate`.
        alike: bool (N, N), which pairs may be near-duplicates at all; None: any.
    """
    groups = near_duplicates(vectors, threshold, alike)
    named = sum(map(len, groups))
    surplus = named - len(groups)
    expected = len(vectors) * (len(vectors) - 1) / 2 * rate
    # A Poisson-distributed number is at least n > 0 with probability P(n, expected), the regularized gamma function.
    # scipy.stats says so too, and takes .7 s to be imported.
    chance = float(gammainc(surplus, expected)) if surplus else 1.0
    return Repeats(named / len(vectors), len(vectors) - surplus, chance)


def arranged(vectors: Tensor, threshold: float, columns: int, alike: Tensor | None = None) -> Order | None:
    """Return whether a sheet of samples is sorted: whether near-duplicates stand in the same row, or the same column.

    So they do on sheets of conditional generators and of InfoGAN, a class or a code each. It is said if most samples
    that have near-duplicates have at least half of them in their own row, and if so many would be a wonder (below
    SORTED) where each of them had one, anywhere on the sheet (binomial).

    Args:
        vectors: (N, p), the sheet's samples row by row; the last row may not be full.
        threshold: distance within which two are near-duplicates, as from `duplicate_threshold`.
        columns: samples of a full row, > 0.
        alike: bool (N, N), which pairs may be near-duplicates at all; None: any.
    """
    near = torch.from_numpy(_near(vectors, threshold, alike)).fill_diagonal_(False)
    count, others = len(near), near.sum(1)
    having = int((others > 0).sum())
    place = torch.arange(count)
    orders: tuple[tuple[Order, Tensor], ...] = (("rows", place // columns), ("columns", place % columns))
    for name, own in orders:
        together = own[:, None] == own
        beside = int(((others > 0) & (2 * (near & together).sum(1) >= others)).sum())
        chance = float(together.sum() - count) / max(count * (count - 1), 1)
        wonder = betainc(beside, having - beside + 1, chance) if beside else 1.0
        if 2 * beside > having and chance < 1 and wonder < SORTED:
            return name
    return None


def birthday_support(vectors: Tensor, threshold: float, seed: int) -> Support:
    """Return about how many different samples the generator of `vectors` (N, p) makes (Arora & Zhang 2017, section 3).

    The smallest batch of which half hold a near-duplicate pair is the median, over 201 random orders of the sample, of
    how many come before the first such pair; its square estimates the support (1.39 times too large where all are
    equally likely, too small if some are frequent: compare with as many reals). N samples show at most N^2: where
    they hold no pair, read "at least N^2".

    Args:
        vectors: (N, p).
        threshold: Euclidean distance, >= 0, as from `duplicate_threshold`.
        seed: of the random orders.
    """
    random = seeded_generator(seed, "evaluation/birthday")
    near = torch.from_numpy(_near(vectors[torch.randperm(len(vectors), generator=random)], threshold))
    while near.sum() > 2 * PAIRS_LIMIT + len(near):
        near = near[: len(near) // 2, : len(near) // 2]
    a, b = near.triu(1).nonzero().unbind(1)
    if not len(a):
        return Support(len(vectors), len(vectors) ** 2, at_least=True)
    batches = []
    for _ in range(BATCHES):
        place = torch.randperm(len(near), generator=random)
        batches.append(int(torch.maximum(place[a], place[b]).min()) + 1)
    batch = int(np.median(batches))
    return Support(batch, batch**2, at_least=False)


def _near(vectors: Tensor, threshold: float, alike: Tensor | None = None) -> NDArray[np.bool_]:
    """Return which pairs of rows, of those that may be, are within the threshold, (N, N), the diagonal True."""
    points = vectors - vectors.mean(0)
    spread = float(points.square().sum(1).max())
    # Exact copies must pass a threshold of 0, whatever rounding leaves of their distance.
    if threshold**2 < 1e-4 * spread:
        points = points.double()
    limit = threshold**2 + 1e-12 * spread
    near = np.eye(len(points), dtype=np.bool_)
    for start, squared in squared_distances(points, points):
        near[start : start + len(squared)] |= (squared <= limit).numpy()
    if alike is not None:
        near &= alike.numpy()
    return near
