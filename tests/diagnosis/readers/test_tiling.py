from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ganlab.diagnosis.readers.tiling import find_tiling
from truth.tilings import Grid, as_jpeg, one

SAVED = Grid("digits", 28, 25, 5, 2, "make_grid", 0, 0, None)
PASTED = replace(SAVED, by="paste", colour=200)

FOUND = {
    "as torchvision saves it": SAVED,
    "no gap": replace(SAVED, gap=0),
    "white gaps of 1 pixel": replace(SAVED, gap=1, colour=255),
    "wide gaps": replace(SAVED, gap=4, colour=128),
    "8 rows of 8": replace(SAVED, tiles=64, columns=8),
    "the last row not full": replace(SAVED, tiles=60, columns=8),
    "the last row not full, white without gap": replace(SAVED, tiles=60, columns=8, gap=0, colour=255),
    "100 small tiles": replace(SAVED, side=16, tiles=100, columns=10),
    "few large tiles": replace(SAVED, side=64, tiles=9, columns=3),
    "a single row": replace(SAVED, tiles=8, columns=8),
    "JPEG": replace(SAVED, quality=75),
    "pasted without gap": replace(PASTED, gap=0),
    "pasted within a margin": replace(PASTED, margin=8),
    "pasted within a margin, without gap, JPEG": replace(PASTED, margin=8, gap=0, quality=85),
    "photographs": replace(SAVED, kind="textures", side=32),
    "photographs that touch": replace(SAVED, kind="textures", side=32, gap=0),
    "photographs that touch, JPEG": replace(SAVED, kind="textures", side=64, gap=0, tiles=16, columns=4, quality=75),
    "photographs, white gaps of 1 pixel, JPEG": replace(SAVED, kind="textures", side=32, gap=1, colour=255, quality=85),
    "photographs of an unusual size": replace(SAVED, kind="textures", side=45),
}


@pytest.mark.parametrize("name", FOUND)
def test_a_grid_is_cut_where_it_was_put_together(name: str) -> None:
    grid, random = FOUND[name], np.random.default_rng(0)
    found = find_tiling([grid.draw(random) for _ in range(3)])
    assert grid.found_in(found), found


def test_tiles_that_are_not_square() -> None:
    random = np.random.default_rng(0)
    picture = np.full((4 * 34 + 2, 5 * 26 + 2, 3), 255, np.uint8)
    for row in range(4):
        for column in range(5):
            top, left = 2 + 34 * row, 2 + 26 * column
            picture[top : top + 32, left : left + 24] = one("textures", 32, random)[:, :24]
    found = find_tiling([picture])
    assert found is not None
    assert (found.down.side, found.across.side, len(found.cut(picture))) == (32, 24, 20)


def test_the_size_of_the_real_images_decides_between_black_gaps_and_black_borders() -> None:
    random = np.random.default_rng(0)
    grid = replace(SAVED, tiles=9, columns=3, gap=4)
    pictures = [grid.draw(random) for _ in range(3)]
    assert not grid.found_in(find_tiling(pictures)), "the same picture as of 32 x 32 with a gap of 1"
    assert grid.found_in(find_tiling(pictures, (28, 28)))


@pytest.mark.parametrize("kind", ["digits", "textures"])
@pytest.mark.parametrize("quality", [None, 75])
def test_single_pictures_are_no_grids(kind: str, quality: int | None) -> None:
    random = np.random.default_rng(0)
    for side in (28, 32, 64, 128):
        singles = [one(kind, side, random) for _ in range(10)]
        singles = [as_jpeg(each, quality) for each in singles] if quality else singles
        assert find_tiling(singles) is None
        assert [each for each in singles if find_tiling([each])] == []


def test_pictures_without_any_structure_are_no_grids() -> None:
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (128, 128, 3), np.uint8)
    window = np.full((64, 64), 200, np.uint8)
    window[30:34] = window[:, 30:34] = 20
    for picture in (noise, np.full((128, 128), 90, np.uint8), np.zeros((8, 8), np.uint8), window):
        assert find_tiling([picture]) is None
