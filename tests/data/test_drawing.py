"""Images made from images, against SciPy's morphology and NumPy's means."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import grey_dilation, rotate
from torch import Tensor

from ganlab.config.data import MnistOptions
from ganlab.data import RealData, Samples, load, to_float, to_uint8
from ganlab.data.drawing import REDRAWN_AT_ONCE, drawn_angles, edges, enlarged, mapped, reduced, rotated
from ganlab.domain import Images
from ganlab.randomness import seeded_generator

SMALL = MnistOptions(fraction=0.01)


@pytest.fixture(scope="module")
def digits() -> RealData:
    return load(SMALL, 16)


def images(count: int, *shape: int) -> Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def outlines(values: Tensor) -> np.ndarray:
    """SciPy's dilation of (N, C, H, W) less the image, less 1; the border mirrored, which adds no larger value."""
    array = values.double().numpy()
    return grey_dilation(array, (1, 1, 3, 3)) - array - 1


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 9, 13)])
def test_edges_are_the_outer_gradient(shape: tuple[int, ...]) -> None:
    values = images(5, *shape)
    np.testing.assert_allclose(edges(values).numpy(), outlines(values), atol=1e-6)


def test_edges_of_digits(digits: RealData) -> None:
    values = to_float(digits.train.values[:50])
    drawn = edges(values)
    np.testing.assert_allclose(drawn.numpy(), outlines(values), atol=1e-6)
    assert drawn.min() == -1
    assert drawn.max() == 1


def test_edges_lie_around_bright_shapes() -> None:
    """A bright square of 2 x 2 gets a ring of the 12 pixels around it, and is dark itself."""
    image = torch.full((1, 1, 6, 6), -1.0)
    image[..., 2:4, 2:4] = 1
    ring = torch.full((1, 1, 6, 6), -1.0)
    ring[..., 1:5, 1:5] = 1
    ring[..., 2:4, 2:4] = -1
    assert edges(image).equal(ring)


@pytest.mark.parametrize("level", [-1.0, 0.3, 1.0])
def test_a_plain_image_has_no_edges(level: float) -> None:
    assert edges(torch.full((1, 1, 8, 8), level)).eq(-1).all()


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_reduced_and_enlarged(factor: int) -> None:
    values = images(3, 2, 28, 28)
    side = 28 // factor
    means = values.numpy().reshape(3, 2, side, factor, side, factor).mean((3, 5))
    small = reduced(values, factor)
    np.testing.assert_allclose(small.numpy(), means, atol=1e-6)
    big = enlarged(small, factor)
    np.testing.assert_array_equal(big.numpy(), small.numpy().repeat(factor, 2).repeat(factor, 3))
    torch.testing.assert_close(reduced(big, factor), small)


def test_mapped_draws_every_image_and_keeps_the_rest(digits: RealData) -> None:
    inverted = mapped(digits, torch.neg, "negative")
    assert len(digits.held_out) > 2 * REDRAWN_AT_ONCE
    for before, after in ((digits.train, inverted.train), (digits.held_out, inverted.held_out)):
        assert after.values.dtype == torch.uint8
        assert after.values.equal(255 - before.values)
        assert after.labels.equal(before.labels)
        assert after.class_names == before.class_names


def test_mapped_changes_the_fingerprint_by_name_and_data(digits: RealData) -> None:
    other = load(SMALL.model_copy(update={"seed": 1}), 16)
    prints = [
        digits.fingerprint,
        mapped(digits, torch.neg, "negative").fingerprint,
        mapped(digits, torch.neg, "another").fingerprint,
        mapped(other, torch.neg, "negative").fingerprint,
    ]
    assert len(set(prints)) == 4
    assert all(len(text) == 64 for text in prints)
    assert mapped(digits, torch.neg, "negative").fingerprint == prints[1]


def test_mapped_without_images() -> None:
    none = Samples(
        torch.empty(0, 1, 8, 8, dtype=torch.uint8), torch.empty(0, dtype=torch.int64), ("a",), Images(1, 8, 8)
    )
    drawn = mapped(RealData(none, none, "0"), torch.neg, "negative")
    assert drawn.train.values.shape == (0, 1, 8, 8)


def test_load_draws_edges_of_the_same_images(digits: RealData) -> None:
    drawn = load(MnistOptions(edges=True, fraction=0.01), 16)
    assert drawn.train.labels.equal(digits.train.labels)
    assert drawn.fingerprint != digits.fingerprint
    expected = (outlines(to_float(digits.train.values)) + 1) * 127.5
    np.testing.assert_allclose(drawn.train.values.numpy(), expected, atol=0.5 + 1e-3)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 12, 20)])
def test_rotated_images_are_those_of_scipy(shape: tuple[int, ...]) -> None:
    """Counter-clockwise about the centre, bilinearly, black from outside; also where the image is not square."""
    values = torch.full((4, *shape), -1.0)
    values[..., 4:-4, 4:-4] = images(4, *shape)[..., 4:-4, 4:-4]
    angles = torch.tensor([-100.0, 0.0, 30.0, 90.0])
    for image, angle, found in zip(values, angles.tolist(), rotated(values, angles), strict=True):
        expected = rotate(image.double().numpy(), angle, (2, 1), reshape=False, order=1, cval=-1.0)
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-4)
    np.testing.assert_allclose(rotated(values, torch.zeros(4)), values, atol=1e-5)


def test_a_quarter_turn_is_exact() -> None:
    values = images(2, 1, 6, 6)
    np.testing.assert_allclose(rotated(values, torch.full((2,), 90.0)), values.rot90(1, (2, 3)), atol=1e-5)


def test_rotated_data_keep_labels_and_depend_on_the_seed_alone(digits: RealData) -> None:
    options = SMALL.model_copy(update={"rotated": 30.0})
    found = load(options, 16)
    source = seeded_generator(options.seed, "rotated")
    for original, made in ((digits.train, found.train), (digits.held_out, found.held_out)):
        parts = original.values.split(REDRAWN_AT_ONCE)
        angles = [drawn_angles(len(part), 30.0, source) for part in parts]
        expected = [to_uint8(rotated(to_float(part), angle)) for part, angle in zip(parts, angles, strict=True)]
        assert torch.equal(made.values, torch.cat(expected))
        assert torch.equal(made.labels, original.labels)
        assert torch.cat(angles).abs().max() <= 30
        assert torch.cat(angles).std() == pytest.approx(60 / 12**0.5, rel=0.1)
    assert torch.equal(load(options, 16).train.values, found.train.values)
    others = [load(options.model_copy(update=each), 16) for each in ({"seed": 1}, {"rotated": 20.0})]
    assert len({each.fingerprint for each in (digits, found, *others)}) == 4
