"""Attention over images: the right weights in the right place, the right colour, nothing hidden."""

from __future__ import annotations

import numpy as np
import pytest

from ganlab.plots.attention import COLOURS, DIMMED, STRONGEST, attention, query_places
from ganlab.plots.grids import GAP, NON_FINITE, Pixels

FACTOR = 5
TILE = 28 * FACTOR


def stroke() -> np.ndarray:
    """A horizontal stroke, (1, 1, 28, 28) in [-1, 1]."""
    images = np.full((1, 1, 28, 28), -1.0, np.float32)
    images[..., 12:14, 2:26] = 1.0
    return images


def cells(picture: Pixels, side: int = TILE) -> np.ndarray:
    """The tiles of a picture: (rows, columns, side, side, 3)."""
    rows, columns = ((length - GAP) // (side + GAP) for length in picture.shape[:2])
    inner = picture[: rows * (side + GAP), : columns * (side + GAP)]
    return inner.reshape(rows, side + GAP, columns, side + GAP, 3).swapaxes(1, 2)[:, :, GAP:, GAP:]


def to_pixels(images: np.ndarray) -> Pixels:
    """One image, (1, C, H, W), as uint8 (H, W, 3)."""
    return np.rint(np.broadcast_to(images[0], (3, 28, 28)).transpose(1, 2, 0) * 127.5 + 127.5).astype(np.uint8)


class TestQueryPlaces:
    def test_spread_over_the_stroke(self) -> None:
        places = query_places(to_pixels(stroke()), 14)
        assert (places[:, 0] == 6).all()
        # Both ends, the middle, then halves of what is left: of 12 places, none is further than 2 from a query.
        assert {1, 12} <= set(places[:, 1])
        assert len({*places[:, 1]}) == 5
        assert max(min(abs(column - places[:, 1])) for column in range(1, 13)) <= 2

    @pytest.mark.parametrize("side", [14, 7, 28, 4])
    def test_five_places_even_where_all_is_dark_or_one_pixel_bright(self, side: int) -> None:
        dark = np.zeros((28, 28, 3), np.uint8)
        spot = dark.copy()
        spot[20, 9] = 255
        for picture in (dark, spot):
            places = query_places(picture, side)
            assert len({tuple(place) for place in places}) == 5
            assert places.min() >= 0
            assert places.max() < side
        assert tuple(query_places(spot, side)[0]) == (20 * side // 28, 9 * side // 28)


class TestAttention:
    def test_each_query_shows_its_own_row_of_weights_in_its_colour(self) -> None:
        images, places = stroke(), query_places(to_pixels(stroke()), 14)
        weights = np.full((1, 196, 49), 1 / 49, np.float32)
        targets = [(0, 0), (0, 6), (6, 0), (6, 6), (0, 3)]
        for (row, column), (target_row, target_column) in zip(places, targets, strict=True):
            weights[0, row * 14 + column] = np.eye(49)[target_row * 7 + target_column]
        (tiles,) = cells(attention(images, weights))
        assert len(tiles) == 6
        for picture, (row, column), target, colour in zip(tiles[1:], places, targets, COLOURS, strict=True):
            y, x = ((2 * place + 1) * TILE // 14 for place in target)
            # A pixel's centre is never quite the weight's, from which bilinear enlarging falls off.
            np.testing.assert_allclose(picture[y, x], STRONGEST * np.array(colour), rtol=0.06)
            # Far from the target only the dimmed image is left: the other end of the stroke's row, off the dots.
            assert (picture[90 if target[0] == 0 else 30, TILE - 1 - x] == 0).all()
            for canvas in (picture, tiles[0]):
                assert (canvas[round((row + 0.5) * 10), round((column + 0.5) * 10)] == colour).all()

    def test_the_image_stays_as_it_is_and_shines_through_in_grey_under_equal_weights(self) -> None:
        images = np.broadcast_to(np.linspace(-1, 1, 28, dtype=np.float32), (1, 3, 28, 28)).copy()
        images[:, 1:] = -1.0
        tiles = cells(attention(images, np.full((1, 196, 49), 1 / 49, np.float32)))[0].astype(float)
        enlarged = to_pixels(images).repeat(FACTOR, axis=0).repeat(FACTOR, axis=1)
        assert 0.9 < (tiles[0] == enlarged).all(axis=-1).mean() < 1
        grey = enlarged.mean(axis=2, keepdims=True)
        for tile, colour in zip(tiles[1:], COLOURS, strict=True):
            lit = (1 - STRONGEST) * DIMMED * grey + STRONGEST * np.array(colour)
            assert 0.97 < (np.abs(tile - lit) <= 1).all(axis=-1).mean() < 1

    def test_weights_that_are_not_finite_are_seen(self) -> None:
        places = query_places(to_pixels(stroke()), 14)
        weights = np.full((1, 196, 49), 1 / 49, np.float32)
        weights[0, places[2, 0] * 14 + places[2, 1], 0] = np.nan
        (tiles,) = cells(attention(stroke(), weights))
        magenta = [(tile == NON_FINITE).all(axis=-1).mean() > 0.9 for tile in tiles]
        assert magenta == [False, False, False, True, False, False]

    @pytest.mark.parametrize(("size", "enlarged"), [(28, 140), (32, 160), (64, 128), (128, 128)])
    def test_any_size_of_image_and_map(self, size: int, enlarged: int) -> None:
        draw = np.random.default_rng(0)
        images = draw.uniform(-1, 1, (2, 3, size, size)).astype(np.float32)
        side = 14 if size == 28 else size // 4
        weights = draw.dirichlet(np.ones((side + 1) // 2 * ((side + 1) // 2)), (2, side**2)).astype(np.float32)
        picture = attention(images, weights)
        assert picture.shape == (2 * (enlarged + GAP) + GAP, 6 * (enlarged + GAP) + GAP, 3)
        np.testing.assert_array_equal(attention(images, weights), picture)

    def test_one_set_of_maps_an_image(self) -> None:
        with pytest.raises(ValueError, match="zip"):
            attention(stroke(), np.ones((2, 196, 49), np.float32))
