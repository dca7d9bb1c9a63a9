"""Variety of a sample: against published figures on MNIST, SciPy, and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.cluster.vq import vq
from scipy.spatial.distance import jensenshannon
from scipy.stats import binomtest, chi2_contingency
from torch import Tensor
from torch.nn.functional import normalize, one_hot

from ganlab.data import RealData
from ganlab.evaluation.copying import PixelSpace
from ganlab.evaluation.modes import (
    Bins,
    Repeats,
    Support,
    agreement,
    alike_in_shape,
    arranged,
    birthday_support,
    cells_of,
    class_counts,
    class_vendi,
    duplicate_threshold,
    fit_bins,
    histogram_kl,
    kmeans,
    lost_classes,
    ndb,
    near_duplicates,
    pair_rate,
    repeats,
    vendi,
)


@pytest.fixture(scope="module")
def test(mnist: RealData, space: PixelSpace) -> Tensor:
    return space(mnist.held_out.values)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def uniform_support(size: int, count: int, seed: int = 0) -> Tensor:
    """Draw `count` times from `size` points that lie 10 apart, with jitter."""
    drawn = torch.randint(size, (count, 1), generator=torch.Generator().manual_seed(seed))
    return 10.0 * drawn + 0.01 * normal(count, 1, seed=seed)


# Classes


def test_only_good_samples_count() -> None:
    probabilities = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8]])
    good = torch.tensor([True, False, True, True])
    assert class_counts(probabilities, good).tolist() == [2, 0, 1]
    assert class_counts(probabilities, ~good & False).tolist() == [0, 0, 0]


TABLE = torch.tensor([[5, 1, 0], [0, 2, 4], [3, 3, 2]])
"""Good samples by what was asked, a row each, and what was made; 2 more of each row are garbage."""


def from_table(table: Tensor, garbage: int) -> tuple[Tensor, Tensor, Tensor]:
    """Asked, made and good of as many samples as a table says, in random order, garbage made as class 0."""
    kinds, classes = table.shape
    cells = torch.arange(kinds * classes).repeat_interleave(table.flatten())
    asked = torch.cat([cells // classes, torch.arange(kinds).repeat_interleave(garbage)])
    made = torch.cat([cells % classes, torch.zeros(kinds * garbage, dtype=torch.int64)])
    good = torch.arange(len(asked)) < len(cells)
    order = torch.randperm(len(asked), generator=torch.Generator().manual_seed(0))
    return asked[order], made[order], good[order]


def test_agreement_by_hand() -> None:
    """26 samples, 20 of them good: 5 + 2 + 2 on the diagonal, 5 + 4 + 3 after the best matching (0-0, 1-2, 2-1)."""
    found = agreement(*from_table(TABLE, garbage=2), classes=3)
    assert found.agreement == pytest.approx(9 / 26)
    assert found.matched == pytest.approx(12 / 26)
    # Asked 8, 8 and 10 times; made 8, 6 and 6 times.
    assert found.chance == pytest.approx((8 * 8 + 8 * 6 + 10 * 6) / 26**2)


def test_a_permuted_labelling_agrees_after_matching_only() -> None:
    asked = torch.arange(10).repeat(20)
    permutation = torch.tensor([3, 1, 4, 0, 5, 9, 2, 6, 8, 7])  # 1 and 8 stay
    found = agreement(asked, permutation[asked], torch.ones(200, dtype=torch.bool), 10)
    assert (found.agreement, found.matched, found.chance) == (0.2, 1.0, pytest.approx(0.1))
    found = agreement(asked, asked, torch.ones(200, dtype=torch.bool), 10)
    assert (found.agreement, found.matched) == (1.0, 1.0)
    found = agreement(asked, asked, torch.zeros(200, dtype=torch.bool), 10)
    assert (found.agreement, found.matched, found.chance) == (0.0, 0.0, 0.0)


def test_independent_samples_agree_by_chance() -> None:
    source = torch.Generator().manual_seed(0)
    shares = torch.tensor([0.6, 0.3, 0.1])
    asked, made = (torch.multinomial(shares, 50_000, replacement=True, generator=source) for _ in range(2))
    found = agreement(asked, made, torch.ones(50_000, dtype=torch.bool), 3)
    assert found.chance == pytest.approx(0.36 + 0.09 + 0.01, abs=0.01)
    assert found.agreement == pytest.approx(found.chance, abs=0.01)


@pytest.mark.parametrize(("codes", "classes", "best"), [(4, 2, 0.5), (2, 4, 1.0)])
def test_a_code_stands_for_one_class_at_most(codes: int, classes: int, best: float) -> None:
    """Four codes of which two pairs make the same class: half of the samples are of no class's own code."""
    asked = torch.arange(codes).repeat(10)
    found = agreement(asked, asked % classes, torch.ones(10 * codes, dtype=torch.bool), classes)
    assert found.matched == best


def test_histogram_kl_of_the_definition() -> None:
    counts, reference = torch.tensor([10, 30, 60]), torch.tensor([0.5, 0.3, 0.2])
    assert histogram_kl(counts, reference) == pytest.approx(0.1 * math.log(0.2) + 0.6 * math.log(3), abs=1e-7)
    assert histogram_kl(torch.tensor([5, 3, 2]), reference) == pytest.approx(0, abs=1e-7)


def test_histogram_kl_of_one_class_in_ten_is_ln_10() -> None:
    assert histogram_kl(one_hot(torch.tensor(3), 10) * 500, torch.full((10,), 0.1)) == pytest.approx(math.log(10))


def test_histogram_kl_stays_finite_without_reals_or_samples() -> None:
    reference = torch.tensor([1.0, 0.0])
    assert histogram_kl(torch.tensor([0, 7]), reference) == pytest.approx(-math.log(1e-4), abs=1e-3)
    assert histogram_kl(torch.tensor([0, 0]), torch.tensor([0.8, 0.2])) == pytest.approx(math.log(5))


def test_a_class_is_lost_when_the_binomial_bound_says_so() -> None:
    shares = torch.full((10,), 0.1)
    for count in range(12):
        counts = torch.full((10,), 200)
        counts[4] = count
        total = int(counts.sum())
        # A two-sided 98 % interval ends where the one-sided 99 % bound lies.
        upper = binomtest(count, total).proportion_ci(0.98, method="exact").high
        assert lost_classes(counts, shares) == ([4] if upper < 0.01 else [])
    assert lost_classes(torch.tensor([200] * 9 + [0]), shares) == [9]


@pytest.mark.parametrize(("total", "lost"), [(200, []), (458, []), (459, [1])])
def test_few_samples_prove_no_loss(total: int, lost: list[int]) -> None:
    assert lost_classes(torch.tensor([total, 0]), torch.tensor([0.9, 0.1])) == lost


def test_classes_that_cannot_be_lost() -> None:
    assert lost_classes(torch.tensor([0, 0]), torch.tensor([0.5, 0.5])) == []
    assert lost_classes(torch.tensor([1000, 0]), torch.tensor([1.0, 0.0])) == []
    # Class shares of a healthy short run.
    healthy = torch.tensor([110, 30, 80, 270, 20, 150, 20, 60, 120, 140])
    assert lost_classes(healthy, torch.full((10,), 0.1)) == []


# Bins


def test_cells_are_those_of_scipy() -> None:
    points, centres = normal(500, 7), normal(20, 7, seed=1)
    assert cells_of(points, centres).tolist() == vq(points.numpy(), centres.numpy())[0].tolist()


def test_kmeans_finds_clusters_and_is_a_function_of_the_seed() -> None:
    points = torch.cat([normal(300, 2) * 0.1 + centre for centre in torch.tensor([[0.0, 0], [9, 0], [0, 9]])])
    found = min(
        (kmeans(points, 3, seed) for seed in range(5)), key=lambda c: float(torch.cdist(points, c).min(1)[0].sum())
    )
    nearest = torch.cdist(torch.tensor([[0.0, 0], [9, 0], [0, 9]]), found).min(1).values
    assert nearest.max() < 0.03
    assert torch.equal(kmeans(points, 3, 1), kmeans(points, 3, 1))
    assert not torch.equal(kmeans(points, 3, 1), kmeans(points, 3, 2))


def test_ndb_agrees_with_scipy() -> None:
    bins = Bins(torch.arange(6.0)[:, None], torch.tensor([100, 200, 300, 0, 400, 0]))
    counts = [30, 70, 60, 5, 135, 0]
    result = ndb(bins, torch.arange(6.0).repeat_interleave(torch.tensor(counts))[:, None])
    different = 0
    for a, b in zip(bins.counts.tolist(), counts, strict=True):
        if a + b:
            different += chi2_contingency([[a, 1000 - a], [b, 300 - b]], correction=False).pvalue < 0.05
    assert result.different == different > 1
    assert result.share == different / 6
    assert result.js == pytest.approx(jensenshannon(bins.counts.numpy(), np.array(counts)) ** 2, abs=1e-9)


def test_ndb_on_mnist(mnist: RealData, train: Tensor, test: Tensor) -> None:
    order = torch.randperm(60000, generator=torch.Generator().manual_seed(0))
    bins = fit_bins(train[order[:50000]], seed=0)
    # Richardson & Weiss's own code, 100 bins: JS .0014 for validation, .0041 for the test set, .016 without the 9s.
    validation = ndb(bins, train[order[50000:]])
    assert validation.js == pytest.approx(0.0014, abs=0.0004)
    assert validation.share <= 0.12
    whole = ndb(bins, test)
    assert whole.js == pytest.approx(0.0041, abs=0.0008)
    without = ndb(bins, test[mnist.held_out.labels != 9])
    assert without.js == pytest.approx(0.016, abs=0.005)
    assert validation.different < whole.different < without.different
    assert ndb(bins, test[:1].repeat(1000, 1)).js > 0.6


def test_ndb_of_equal_distributions_is_the_level_of_the_test() -> None:
    shares = [
        ndb(fit_bins(normal(5000, 4, seed=2 * i), i, 50), normal(2000, 4, seed=2 * i + 1)).share for i in range(12)
    ]
    # The bins were fitted to the training points, so that a little more than alpha is expected.
    assert 0.03 < np.mean(shares) < 0.08


@pytest.mark.parametrize("samples", [torch.zeros(1, 3), torch.zeros(500, 3), normal(2, 3)])
@pytest.mark.parametrize("reals", [torch.zeros(1, 3), torch.ones(500, 3), normal(40, 3)])
def test_ndb_is_finite_on_tiny_and_constant_sets(reals: Tensor, samples: Tensor) -> None:
    result = ndb(fit_bins(reals, 0), samples)
    assert 0 <= result.different <= min(len(reals), 100)
    assert 0 <= result.js <= math.log(2) + 1e-9


# Vendi


def resized(values: Tensor) -> Tensor:
    images = (Image.fromarray(image).resize((32, 32)) for image in values[:, 0].numpy())
    return normalize(torch.tensor(np.stack([np.asarray(image) for image in images])).flatten(1) / 255)


@pytest.mark.parametrize(("digit", "expected"), [(1, 5.31), (0, 7.68), (8, 9.69), (5, 13.51)])
def test_vendi_of_mnist_is_the_published_one(mnist: RealData, digit: int, expected: float) -> None:
    assert vendi(resized(mnist.held_out.values[mnist.held_out.labels == digit])) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("groups", [1, 2, 7])
@pytest.mark.parametrize("dimensions", [8, 400])
def test_vendi_of_equal_orthogonal_groups_is_their_number(groups: int, dimensions: int) -> None:
    points = torch.eye(dimensions)[:groups].repeat(30, 1)
    assert vendi(points) == pytest.approx(groups, abs=1e-9)


def test_vendi_of_unequal_groups_is_the_exponential_of_their_entropy() -> None:
    points = torch.eye(5)[[0] * 70 + [1] * 20 + [2] * 10]
    entropy = -sum(p * math.log(p) for p in (0.7, 0.2, 0.1))
    assert vendi(points) == pytest.approx(math.exp(entropy), abs=1e-9)


def test_vendi_is_the_same_by_either_gram_matrix() -> None:
    points = normalize(normal(60, 20))
    assert vendi(points) == pytest.approx(vendi(torch.cat([points, torch.zeros(60, 100)], dim=1)), abs=1e-9)


def test_vendi_is_finite_where_there_is_nothing_to_see() -> None:
    assert vendi(torch.zeros(5, 3)) == 1
    assert vendi(torch.zeros(0, 3)) == 1
    assert vendi(normalize(normal(1, 9))) == pytest.approx(1)
    assert vendi(torch.cat([torch.eye(3), torch.zeros(9, 3)])) == pytest.approx(3)


def test_class_vendi_tells_collapsed_classes_from_small_ones() -> None:
    real = normalize(normal(900, 16))
    real_labels = torch.arange(900) % 4
    counts = [100, 100, 29, 0]
    fake_labels = torch.arange(4).repeat_interleave(torch.tensor(counts))
    fake = normalize(normal(229, 16, seed=1))
    fake[:100] = fake[0]
    result = class_vendi(fake, fake_labels, real, real_labels, 4)
    assert [entry.count for entry in result] == counts
    assert result[0].relative == pytest.approx(0, abs=1e-6)
    assert result[1].relative == pytest.approx(1, abs=0.05)
    assert result[2].relative is result[3].relative is None
    # As many reals: with few of them the generated ones are cut too.
    few = class_vendi(fake, fake_labels, real[:160], real_labels[:160], 4)
    assert few[1].relative == pytest.approx(1, abs=0.05)
    assert class_vendi(fake, fake_labels, real[:116], real_labels[:116], 4)[1].relative is None


# Duplicates


def test_near_duplicates_are_cut_around_a_representative_and_the_largest_group_is_first() -> None:
    points = torch.tensor([0.0, 50, 1, 100, 2, 51, 70, 1])[:, None]
    assert near_duplicates(points, 1.0) == [[0, 2, 4, 7], [1, 5]]
    assert near_duplicates(points, 0.0) == [[2, 7]]
    assert near_duplicates(points, 20.0) == [[0, 2, 4, 7], [1, 5, 6]]
    assert near_duplicates(points[:1], 20.0) == []
    # A chain of steps of 1 is no group: its ends have nothing in common.
    chain = near_duplicates(torch.arange(9.0)[:, None], 1.0)
    assert all(max(group) - min(group) <= 2 for group in chain)
    assert sum(map(len, chain)) >= 8


def test_repeats_are_counted_and_put_to_the_birthday_test() -> None:
    reals = normal(1000, 8)
    threshold = duplicate_threshold(reals, 0)
    rate = pair_rate(reals, threshold, 10**6)
    fresh = repeats(normal(1000, 8, seed=1), threshold, rate)
    assert fresh.share < 0.12
    assert fresh.chance > 0.001
    few = repeats(normal(3, 8, seed=2)[torch.arange(25) % 3], threshold, rate)
    assert (few.share, few.distinct) == (1.0, 3)
    assert few.chance < 1e-12
    # Of ten pictures nobody draws 25 different ones.
    ten = normal(10, 8, seed=3)
    drawn = repeats(ten[torch.arange(25) % 10], threshold, pair_rate(ten, threshold, 10))
    assert drawn.distinct == 10
    assert drawn.chance > 0.5
    # 25 people rarely share a birthday twice over in a year of 365 days.
    days = repeats(torch.tensor([*range(23), 0, 1])[:, None] * 10.0, 1.0, 1 / 365)
    assert days.distinct == 23
    assert days.chance == pytest.approx(0.195, abs=0.01)
    assert repeats(ten[:1], threshold, rate) == Repeats(0.0, 1, 1.0)


def test_images_of_the_same_shapes_correlate_whatever_their_contrast() -> None:
    steps = torch.arange(64.0).reshape(1, 8, 8) / 64
    half, far = 0.5 * steps + 0.2, torch.rand(1, 8, 8, generator=torch.Generator().manual_seed(0))
    flat = torch.full_like(steps, 0.3)
    faint = flat + 0.02 * (far - 0.5)
    images = torch.stack([steps, half, far, flat, faint])
    together = torch.tensor([[1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 1], [0, 0, 0, 1, 1]])
    assert torch.equal(alike_in_shape(images), together.bool())
    # A correlation of c is left of a picture to which noise of (1 / c^2 - 1) times its variance was added.
    noise = torch.randn(1, 64, 64, generator=torch.Generator().manual_seed(1))
    picture = torch.randn(1, 64, 64, generator=torch.Generator().manual_seed(2))
    for correlation, alike in ((0.85, True), (0.75, False)):
        noisy = picture + (1 / correlation**2 - 1) ** 0.5 * noise
        assert bool(alike_in_shape(torch.stack([picture, noisy]))[0, 1]) is alike
    # Its negative shows other shapes.
    assert not alike_in_shape(torch.stack([picture, -picture]))[0, 1]
    # A tint that all share is no shape, and of flat images the colour decides.
    tint = torch.tensor([0.6, -0.2, -0.5])[:, None, None]
    noises = torch.randn(6, 3, 32, 32, generator=torch.Generator().manual_seed(3))
    assert torch.equal(alike_in_shape(tint + 0.2 * noises), torch.eye(6, dtype=torch.bool))
    greys = torch.tensor([-0.5, 0.0, 0.05])[:, None, None, None].expand(3, 3, 8, 8)
    assert alike_in_shape(greys).tolist() == [[True, False, False], [False, True, True], [False, True, True]]


def test_shapes_of_large_images_are_compared_at_a_smaller_size() -> None:
    small = torch.randn(4, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    large = small.repeat_interleave(4, 2).repeat_interleave(3, 3)
    assert torch.equal(alike_in_shape(torch.cat([large, large])), torch.eye(4, dtype=torch.bool).repeat(2, 2))


def test_pairs_that_may_not_be_near_duplicates_are_none() -> None:
    points = torch.tensor([0.0, 0, 0, 50])[:, None]
    alike = torch.eye(4, dtype=torch.bool)
    alike[0, 1] = alike[1, 0] = True
    assert near_duplicates(points, 1.0) == [[0, 1, 2]]
    assert near_duplicates(points, 1.0, alike) == [[0, 1]]
    assert repeats(points, 1.0, 0.001, alike) == repeats(torch.tensor([0.0, 0, 25, 50])[:, None], 1.0, 0.001)
    sheet = torch.arange(4.0).repeat_interleave(6)[:, None] * 50
    assert arranged(sheet, 1.0, 6) == "rows"
    assert arranged(sheet, 1.0, 6, torch.eye(24, dtype=torch.bool)) is None


def test_exact_copies_are_duplicates_at_any_scale_and_size() -> None:
    for scale in (1e-3, 1.0, 1e3):
        points = scale * (5 + normal(300, 196))
        points[100:200] = points[:100]
        groups = near_duplicates(points, 0.0)
        assert sorted(groups) == [[i, i + 100] for i in range(100)]
    assert near_duplicates(torch.zeros(2000, 3), 0.0) == [list(range(2000))]


def test_threshold_is_a_quantile_of_the_neighbours_distances() -> None:
    # Gaps of 1, 2, 3, ... : a point's nearest neighbour lies across the smaller gap beside it.
    line = torch.arange(200.0).cumsum(0)[:, None]
    distances = torch.cat([torch.tensor([1.0]), torch.arange(1.0, 200)])
    assert duplicate_threshold(line, 0) == pytest.approx(float(distances.quantile(0.05)))
    assert duplicate_threshold(torch.ones(50, 3), 0) == 0
    assert duplicate_threshold(torch.ones(1, 3), 0) == 0


def test_real_digits_hold_few_near_duplicates(train: Tensor, test: Tensor) -> None:
    threshold = duplicate_threshold(train, 0)
    # Nearly all of them plain vertical ones.
    assert sum(map(len, near_duplicates(test[:1000], threshold))) < 20
    assert birthday_support(test[:1000], threshold, 0).batch > 200
    few = test[:100].repeat(10, 1)
    noisy = few + 0.005 * normal(*few.shape)
    assert len(near_duplicates(noisy, threshold)) == 100
    assert not birthday_support(noisy, threshold, 0).at_least


@pytest.mark.parametrize("size", [20, 365, 5000])
def test_birthday_support_of_a_uniform_distribution(size: int) -> None:
    median = next(s for s in range(2, size) if math.prod(1 - i / size for i in range(s)) <= 0.5)
    found = [birthday_support(uniform_support(size, 1000, seed), 1.0, 0) for seed in range(3)]
    # 23 people share a birthday with probability one half.
    assert np.mean([result.batch for result in found]) == pytest.approx(median, rel=0.12)
    assert all(result.support == result.batch**2 and not result.at_least for result in found)
    assert size < np.mean([result.support for result in found]) < 2 * size


def test_birthday_support_of_many_copies_takes_few_batches() -> None:
    assert birthday_support(torch.zeros(2000, 2), 0.0, 0) == Support(2, 4, at_least=False)
    assert birthday_support(torch.zeros(2, 2), 0.0, 0) == Support(2, 4, at_least=False)
    assert birthday_support(torch.zeros(1, 2), 0.0, 0) == Support(1, 1, at_least=True)
    # Two thirds of the sample are copies: two of s are among them with probability .44 at s = 2, .74 at s = 3.
    most = torch.cat([torch.zeros(1000, 1), 10 + torch.arange(500.0)[:, None]])
    assert birthday_support(most, 0.5, 0).batch == 3


def test_a_sheet_is_sorted_if_near_duplicates_stand_in_a_row_or_column() -> None:
    source = torch.Generator().manual_seed(0)
    noise, kinds = 0.01 * torch.randn(100, 8, generator=source), torch.randn(10, 8, generator=source)
    by_row, by_column = kinds.repeat_interleave(10, 0) + noise, kinds.repeat(10, 1) + noise
    assert arranged(by_row, 0.2, 10) == "rows"
    assert arranged(by_column, 0.2, 10) == "columns"
    assert arranged(by_row[:37], 0.2, 10) == "rows", "the last row is not full"
    shuffled = torch.randperm(100, generator=source)
    for unsorted in (100 * noise, by_row[shuffled], kinds[:2].repeat(50, 1)[shuffled], torch.zeros(100, 8), kinds[:2]):
        assert arranged(unsorted, 0.2, 10) is None
    assert arranged(by_row, 0.2, 1) is None, "a sheet of one column"
    assert arranged(by_row, 0.2, 100) is None, "a sheet of one row"


@pytest.mark.parametrize(("rows", "columns"), [(4, 8), (8, 8), (4, 16), (16, 4)])
@pytest.mark.parametrize("pictures", [1, 2, 3, 5])
def test_a_few_pictures_that_differ_by_their_place_on_the_sheet_are_not_sorted(
    rows: int, columns: int, pictures: int
) -> None:
    source = torch.Generator().manual_seed(1)
    chosen = torch.randn(pictures, 8, generator=source)[torch.randint(pictures, (rows * columns,), generator=source)]
    # What JPEG adds depends on where in its blocks a tile begins.
    place = torch.arange(rows * columns) % columns % 4
    assert arranged(chosen + 0.001 * place[:, None], 0.2, columns) is None
