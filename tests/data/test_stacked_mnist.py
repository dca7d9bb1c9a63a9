"""Stacked MNIST: which digits its images hold."""

from __future__ import annotations

import pytest
import torch

from ganlab.config.data import StackedMnistOptions
from ganlab.data import RealData, load, mnist
from ganlab.data.stacked_mnist import rows_of_digits


def _load(**options: object) -> RealData:
    return load(StackedMnistOptions.model_validate({"name": "stacked_mnist", "images": 300, **options}), batch_size=1)


def test_channels_are_digits_of_mnist_training_images_by_training_ones() -> None:
    data, (images, _) = _load(), mnist.unpack()
    assert data.train.values.shape == (300, 3, 28, 28)
    assert data.train.values.dtype == torch.uint8
    assert data.held_out.values.shape == (10_000, 3, 28, 28)
    for samples, digits, stream in (
        (data.train, images[: mnist.TRAINING_IMAGES], "stacked_mnist/train"),
        (data.held_out, images[mnist.TRAINING_IMAGES :], "stacked_mnist/held_out"),
    ):
        rows = rows_of_digits(len(samples), len(digits), 0, stream)
        for image in (0, 7, len(samples) - 1):
            for channel in range(3):
                assert torch.equal(samples.values[image, channel], torch.from_numpy(digits[rows[image, channel]])), (
                    f"image {image}, channel {channel}"
                )


def test_every_mode_is_as_likely_as_the_others() -> None:
    """MNIST's digits are nearly balanced, so that a mode has .7 to 1.45 times its share; here of 50,000 images."""
    _, labels = mnist.unpack()
    digits = torch.from_numpy(labels[: mnist.TRAINING_IMAGES]).long()
    chosen = digits[rows_of_digits(50_000, len(digits), 0, "stacked_mnist/train")]
    counts = torch.bincount(chosen @ torch.tensor([100, 10, 1]), minlength=1000)
    expected = 50_000 * torch.bincount(digits).double() / len(digits)
    assert counts.min() >= 15, "each mode has about 50 images"
    for channel in range(3):
        of_digit = torch.bincount(chosen[:, channel], minlength=10).double()
        assert torch.allclose(of_digit, expected, atol=5 * 5000**0.5)


def test_an_image_is_a_function_of_the_seed_and_its_number() -> None:
    few, many, other = _load(), _load(images=1000), _load(seed=1)
    assert torch.equal(few.train.values, many.train.values[:300]), "more images do not change the first ones"
    assert torch.equal(few.train.values, _load().train.values)
    assert not torch.equal(few.train.values, other.train.values)
    assert len({data.fingerprint for data in (few, many, other, _load(image_size=32))}) == 4
    assert few.fingerprint == _load().fingerprint


def test_a_fraction_is_a_subset_and_sizes_are_known_beforehand() -> None:
    options = StackedMnistOptions(name="stacked_mnist", images=300, fraction=0.1)
    part = load(options, batch_size=1)
    assert len(part.train) == options.known_size == 30
    whole = _load().train.values.flatten(1)
    assert all(bool((whole == each).all(1).any()) for each in part.train.values.flatten(1))


def test_other_sizes_and_edges() -> None:
    assert _load(image_size=(32, 64)).train.values.shape == (300, 3, 32, 64)
    assert _load(edges=True).train.values.shape == (300, 3, 28, 28)


def test_it_has_no_labels() -> None:
    data = _load()
    assert StackedMnistOptions(name="stacked_mnist").class_count == 0
    assert data.train.class_names == ("stacked digits",)
    assert data.train.labels.unique().tolist() == [0]


@pytest.mark.parametrize("wrong", [{"classes": [1]}, {"images": 99}, {"images": 500_001}, {"held_out": 0.1}])
def test_what_it_does_not_understand_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        _load(**wrong)
