"""Copies of training images: controls made of MNIST itself, SciPy, and sets with known answers."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.stats import mannwhitneyu
from torch import Tensor

from ganlab.data import RealData, to_float
from ganlab.data.drawing import pixels
from ganlab.domain import Points
from ganlab.evaluation.copying import (
    Copies,
    GanTrainTest,
    HeldOutCells,
    PixelSpace,
    TwoSample,
    authenticity,
    c_t,
    copy_distances,
    gan_train_test,
    held_out_cells,
    nearest_neighbour_test,
    pixel_space,
    vectors,
)


@pytest.fixture(scope="module")
def order() -> Tensor:
    return torch.randperm(10000, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def held_out(mnist: RealData, space: PixelSpace, order: Tensor) -> Tensor:
    """Test digits that C_T does not compare with."""
    return space(mnist.held_out.values[order[2500:]])


@pytest.fixture(scope="module")
def reference(mnist: RealData, space: PixelSpace, train: Tensor, order: Tensor) -> HeldOutCells:
    return held_out_cells(train, space(mnist.held_out.values[order[:2500]]), seed=0)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def score(fake: Tensor, train: Tensor, reference: HeldOutCells) -> float:
    result = c_t(fake, copy_distances(fake, train), reference)
    assert result is not None
    return result


# Pixels


def test_pixels_are_averaged_to_at_most_16_a_side() -> None:
    image = torch.arange(784, dtype=torch.float32).reshape(1, 1, 28, 28) / 784
    assert pixels(image).shape == (1, 196)
    assert pixels(image)[0, 0] == pytest.approx(float(image[0, 0, :2, :2].mean()))
    for side, pooled in ((16, 16), (17, 9), (32, 16), (100, 15)):
        assert pixels(torch.zeros(2, 3, side, side)).shape == (2, 3 * pooled**2)
    assert pixels(torch.zeros(2, 3, 48, 20)).shape == (2, 3 * 16 * 7), "squares of 3 x 3 pixels, the last ones narrower"
    assert torch.equal(vectors(torch.tensor([[1.0, 2.0]]), Points()), torch.tensor([[1.0, 2.0]]))
    assert torch.equal(pixels(torch.full((1, 1, 2, 2), 255, dtype=torch.uint8)), torch.ones(1, 4))


def test_pixel_space_holds_the_widest_directions() -> None:
    points = normal(5000, 100) * torch.linspace(10, 0, 100).clamp(min=0.01)
    reduced = pixel_space(points, Points(points.shape[1]))(points)
    assert reduced.shape == (5000, 64)
    assert reduced.mean(0).abs().max() < 1e-3
    kept = points.var(0).sort(descending=True).values[:64].sum()
    assert reduced.var(0).sum() == pytest.approx(float(kept), rel=0.02)


def test_pixel_space_of_points_keeps_distances() -> None:
    points = normal(50, 2)
    assert torch.allclose(
        torch.pdist(pixel_space(points, Points(points.shape[1]))(points)), torch.pdist(points), atol=1e-5
    )
    assert pixel_space(points[:1], Points())(points).isfinite().all()


# Copies


def test_copy_distances_name_the_original(train: Tensor) -> None:
    rows = torch.tensor([5, 59999, 31])
    copies = copy_distances(train[rows], train)
    assert torch.equal(copies.indices, rows)
    assert torch.equal(copies.distances, torch.zeros(3))


def test_copies_are_caught_and_held_out_digits_are_not(
    mnist: RealData, space: PixelSpace, train: Tensor, held_out: Tensor, reference: HeldOutCells
) -> None:
    rows = torch.randperm(60000, generator=torch.Generator().manual_seed(1))[:1000]
    images = to_float(mnist.train.values[rows])
    noisy = space((images + 0.1 * normal(*images.shape)).clamp(-1, 1))  # 5 % of the range, which is 2
    for samples in (train[rows], noisy):
        copies = copy_distances(samples, train)
        assert torch.equal(copies.indices, rows)
        assert c_t(samples, copies, reference) < -6
        first = Copies(copies.distances[:200], copies.indices[:200])
        assert c_t(samples[:200], first, reference) < -3
        assert authenticity(copies, train) < 0.01
    own = copy_distances(held_out[:1000], train)
    assert abs(c_t(held_out[:1000], own, reference)) < 1.5
    assert authenticity(own, train) == pytest.approx(0.64, abs=0.05)
    assert score(space(2 * torch.rand(200, 1, 28, 28) - 1), train, reference) > 3


def test_one_class_of_held_out_digits_is_no_copying_within_cells(
    mnist: RealData, train: Tensor, held_out: Tensor, reference: HeldOutCells, order: Tensor
) -> None:
    labels = mnist.held_out.labels[order[2500:]]
    ones = held_out[labels == 1]
    assert abs(score(ones, train, reference)) < 2
    assert abs(score(held_out[labels == 8], train, reference)) < 2
    # Without cells the same digits read as copies: ones lie close together.
    whole = HeldOutCells(reference.centres[:1], torch.zeros_like(reference.cells), reference.copies)
    assert score(ones, train, whole) < -10


def test_c_t_is_the_weighted_mean_of_scipys_u() -> None:
    train = torch.cat([normal(300, 3), 100 + 2 * normal(300, 3, seed=1)])
    fake = torch.cat([normal(40, 3, seed=2), 100 + normal(25, 3, seed=3), torch.full((4, 3), -100.0)])
    fake[:10] = train[:10]  # ties at 0
    held_out = torch.cat([normal(50, 3, seed=4), 100 + 2 * normal(100, 3, seed=5)])
    held_out[:5] = train[10:15]
    centres = torch.tensor([[0.0] * 3, [100.0] * 3, [-100.0] * 3])
    cells = torch.tensor([0] * 50 + [1] * 100)
    reference = HeldOutCells(centres, cells, copy_distances(held_out, train))
    own, theirs = copy_distances(fake, train).distances, reference.copies.distances

    def z(a: Tensor, b: Tensor) -> float:
        test = mannwhitneyu(a, b, method="asymptotic", use_continuity=False)
        size = math.sqrt(2) * torch.erfinv(torch.tensor(1 - test.pvalue, dtype=torch.float64))
        return math.copysign(float(size), test.statistic - len(a) * len(b) / 2)

    expected = (50 * z(own[:40], theirs[:50]) + 100 * z(own[40:65], theirs[50:])) / 150
    assert score(fake, train, reference) == pytest.approx(expected, abs=1e-6)


def test_c_t_says_when_nothing_can_be_judged() -> None:
    train, held_out = normal(200, 3), normal(200, 3, seed=1)
    reference = held_out_cells(train, held_out, 0, cells=4)
    assert c_t(train[:4], copy_distances(train[:4], train), reference) is None
    few = held_out_cells(train, held_out[:4], 0, cells=1)
    assert c_t(train, copy_distances(train, train), few) is None
    constant = torch.ones(50, 3)
    assert score(constant, constant, held_out_cells(constant, constant, 0)) == 0


def test_authenticity_counts_samples_outside_the_originals_own_gap() -> None:
    train = torch.tensor([[0.0], [1.0], [10.0], [14.0]])
    fake = torch.tensor([[-0.9], [-1.1], [7.0], [18.5], [1.0]])
    # Gaps of the nearest originals: 1, 1, 4, 4, 1.
    assert authenticity(copy_distances(fake, train), train) == pytest.approx(2 / 5)
    twins = torch.zeros(2, 1)
    assert authenticity(copy_distances(twins, twins), twins) == 0
    assert authenticity(copy_distances(fake, train[:1]), train[:1]) == 0


# Two samples


def test_nearest_neighbour_test_on_digits(train: Tensor, held_out: Tensor, space: PixelSpace) -> None:
    rows = torch.randperm(60000, generator=torch.Generator().manual_seed(2))[:1000]
    alike = nearest_neighbour_test(train[rows], train[rows + 1 - 2 * (rows % 2)])  # other training digits
    assert alike.accuracy_a == pytest.approx(0.5, abs=0.06)
    assert alike.accuracy_b == pytest.approx(0.5, abs=0.06)
    copies = nearest_neighbour_test(train[rows] + 0.02 * normal(1000, 64), train[rows])
    assert max(copies.accuracy_a, copies.accuracy_b) < 0.05
    garbage = nearest_neighbour_test(space(2 * torch.rand(1000, 1, 28, 28) - 1), held_out[:1000])
    assert min(garbage.accuracy_a, garbage.accuracy_b) > 0.99
    collapsed = nearest_neighbour_test(held_out[:1].repeat(1000, 1), held_out[1:1001])
    assert collapsed.accuracy_a == 1


def test_exact_copies_are_misclassified_both_ways() -> None:
    a = normal(300, 20)
    assert nearest_neighbour_test(a, a.clone()) == TwoSample(0.0, 0.0)
    twice = a.repeat(2, 1)  # each has a copy in its own set too
    assert nearest_neighbour_test(twice, twice.flip(0)) == TwoSample(0.0, 0.0)
    assert nearest_neighbour_test(a, a + 100) == TwoSample(1.0, 1.0)


def test_nearest_neighbour_test_of_tiny_and_unequal_sets() -> None:
    assert nearest_neighbour_test(torch.zeros(1, 2), torch.ones(1, 2)) == TwoSample(0.0, 0.0)
    assert nearest_neighbour_test(torch.zeros(5, 2), torch.zeros(5, 2)) == TwoSample(0.0, 0.0)
    with pytest.raises(ValueError, match="equal size, got 3 and 2"):
        nearest_neighbour_test(torch.zeros(3, 2), torch.zeros(2, 2))


def test_gan_train_misses_what_the_samples_miss(
    mnist: RealData, train: Tensor, held_out: Tensor, order: Tensor
) -> None:
    labels = mnist.held_out.labels[order[2500:]]
    real, real_labels = held_out[:2000], labels[:2000]
    fake, fake_labels = train[:2000], mnist.train.labels[:2000]
    alike = gan_train_test(fake, fake_labels, real, real_labels)
    assert alike.gan_train == pytest.approx(0.91, abs=0.03)
    assert alike.gan_test == pytest.approx(0.91, abs=0.03)
    # Four classes lost: the others are still right when tested, but teach nothing of the lost ones.
    kept = fake_labels < 6
    partial = gan_train_test(fake[kept], fake_labels[kept], real, real_labels)
    assert partial.gan_train < 0.64
    assert partial.gan_test > 0.88
    wrong = gan_train_test(fake, (fake_labels + 1) % 10, real, real_labels)
    assert max(wrong.gan_train, wrong.gan_test) < 0.05


def test_gan_train_test_of_tiny_samples() -> None:
    real, labels = torch.tensor([[0.0], [10.0]]), torch.tensor([0, 1])
    assert gan_train_test(real[:0], labels[:0], real, labels) == GanTrainTest(0.0, 0.0)
    assert gan_train_test(real[:1], labels[:1], real, labels) == GanTrainTest(0.5, 1.0)
