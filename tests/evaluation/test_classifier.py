from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from ganlab.config.data import MnistOptions
from ganlab.data import RealData, load, to_float
from ganlab.evaluation import classifier, garbage
from ganlab.evaluation.classifier import IMAGE_SIDE, WEIGHTS, Classifier


@pytest.fixture(scope="module")
def digits() -> RealData:
    return load(MnistOptions(), 1)


def _bars(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Upright bars (class 0) and level ones (class 1) somewhere in the middle, on black."""
    source = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    starts = torch.randint(9, 16, (count,), generator=source)
    images = torch.full((count, 1, IMAGE_SIDE, IMAGE_SIDE), -1.0)
    for image, label, start in zip(images, labels, starts, strict=True):
        image[0, 4:24, start : start + 4] = 1.0
        if label:
            image.copy_(image.transpose(1, 2).clone())
    return images, labels


def test_the_shipped_weights_know_the_digits(digits: RealData) -> None:
    network, _ = classifier.shipped()
    right, passed = 0, torch.zeros(10)
    labels = digits.held_out.labels
    with torch.no_grad():
        for values, truth in zip(digits.held_out.values.split(500), labels.split(500), strict=True):
            scores = network(to_float(values))
            right += int((scores[:, :10].argmax(1) == truth).sum())
            passed += torch.bincount(truth[scores.argmax(1) < 10], minlength=10)
    assert right / 10_000 >= 0.993
    assert passed.sum() / 10_000 > 0.97
    assert (passed / torch.bincount(labels) > 0.95).all()


def test_the_shipped_weights_are_small_and_named_by_their_hash() -> None:
    content = (files("ganlab.evaluation") / WEIGHTS).read_bytes()
    assert len(content) < 1_000_000
    assert classifier.shipped()[1] == hashlib.sha256(content).hexdigest()[:8]


def test_features_are_what_the_scores_are_made_of() -> None:
    network = Classifier(3, 5).eval()
    images = torch.rand(4, 3, IMAGE_SIDE, IMAGE_SIDE) * 2 - 1
    with torch.no_grad():
        hidden = network.features(images)
        assert hidden.shape == (4, 64)
        assert torch.equal(network.scores(hidden), network(images))
        assert network(images).shape == (4, 6)


def test_it_learns_classes_and_what_is_none_of_them_and_the_same_each_time(tmp_path: Path) -> None:
    images, labels = _bars(256, seed=0)
    told: list[str] = []
    before = torch.random.get_rng_state()
    network = classifier.fit(images, labels, 2, 8, told.append)
    assert len(told) == 8
    assert torch.equal(torch.random.get_rng_state(), before)
    unseen, truth = _bars(200, seed=1)
    with torch.no_grad():
        assert (network(unseen)[:, :2].argmax(1) == truth).float().mean() > 0.95
        assert (network(unseen).argmax(1) < 2).float().mean() > 0.9
        noise = torch.rand(200, 1, IMAGE_SIDE, IMAGE_SIDE, generator=torch.Generator().manual_seed(2)) * 2 - 1
        assert (network(noise).argmax(1) == 2).float().mean() > 0.95
    classifier.write(network, tmp_path / "first")
    classifier.write(classifier.fit(images, labels, 2, 8, lambda _: None), tmp_path / "second")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    again = Classifier(1, 2).eval()
    again.load_state_dict(load_file(tmp_path / "first"))
    with torch.no_grad():
        assert torch.equal(again(unseen), network(unseen))


def test_other_sizes_are_resized_and_the_own_one_is_left_alone() -> None:
    assert classifier.resized(images := torch.rand(2, 1, IMAGE_SIDE, IMAGE_SIDE)) is images
    large = torch.full((2, 3, 64, 64), 0.25)
    assert torch.allclose(classifier.resized(large), torch.full((2, 3, IMAGE_SIDE, IMAGE_SIDE), 0.25), atol=1e-6)


def test_warping_moves_half_of_the_images_a_little() -> None:
    images, _ = _bars(400, seed=0)
    warped = classifier.warped(images, torch.Generator().manual_seed(0))
    assert warped.min() >= -1 - 1e-6
    assert warped.max() <= 1 + 1e-6
    stay = (warped == images).flatten(1).all(1).float().mean()
    assert 0.4 < stay < 0.6
    column = torch.arange(IMAGE_SIDE).float()
    ink = warped + 1
    middle = (ink.sum((1, 2)) * column).sum(1) / ink.sum((1, 2, 3))
    before = ((images + 1).sum((1, 2)) * column).sum(1) / (images + 1).sum((1, 2, 3))
    assert 0.5 < (middle - before).abs().max() < 5


@pytest.mark.parametrize("kind", garbage.GARBAGE_KINDS, ids=lambda kind: kind.__name__)
def test_garbage_is_as_asked_and_a_function_of_the_seed(kind: Callable[[Tensor, torch.Generator], Tensor]) -> None:
    real, _ = _bars(12, seed=0)
    made = [kind(real, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert made[0].shape == real.shape
    assert made[0].isfinite().all()
    assert torch.equal(made[0], made[1])
    if kind not in (garbage.negative, garbage.smeared):
        assert not torch.equal(made[0], made[2])
    assert not torch.equal(made[0], real)


def test_garbage_holds_every_kind_within_the_range() -> None:
    real, _ = _bars(60, seed=0)
    made = garbage.garbage(real, torch.Generator().manual_seed(0))
    assert made.shape == real.shape
    assert made.min() >= -1
    assert made.max() <= 1


def test_shuffling_keeps_the_pixels() -> None:
    real, _ = _bars(8, seed=0)
    for kind in (garbage.shuffled_pixels, garbage.shuffled_patches):
        made = kind(real, torch.Generator().manual_seed(0))
        assert torch.equal(made.flatten(1).sort(1).values, real.flatten(1).sort(1).values)
