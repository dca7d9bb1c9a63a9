from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.utils import make_grid

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


def test_tiles_on_white_that_touch() -> None:
    random = np.random.default_rng(0)
    grid = replace(SAVED, kind="white", side=64, tiles=28, columns=7, gap=0)
    assert grid.found_in(find_tiling([grid.draw(random) for _ in range(3)]))


@pytest.mark.parametrize("seed", [0, 1])
def test_digits_on_black_within_a_margin_are_no_figure_that_was_cut_to_them(seed: int) -> None:
    random = np.random.default_rng(seed)
    grid = Grid("digits", 64, 16, 4, 2, "paste", 0, 8, None)
    found = find_tiling([grid.draw(random)], (64, 64))
    assert found is None or grid.found_in(found), "not cut at all is better than cut in the wrong places"


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


def alike(side: int, rows: int, columns: int, random: np.random.Generator) -> np.ndarray:
    """Return tiles (H, W) that touch, of a generator that has not learned: noise about one pattern, without borders."""
    pattern = random.normal(0, 1, (side, side))
    tiles = pattern + random.normal(0, 0.7, (rows, columns, side, side))
    whole = tiles.transpose(0, 2, 1, 3).reshape(rows * side, columns * side)
    return np.clip(128 + 40 * whole, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("side", "rows", "columns"), [(28, 5, 5), (32, 10, 10), (48, 2, 3), (28, 1, 8)])
def test_tiles_that_touch_are_found_by_what_they_have_in_common(side: int, rows: int, columns: int) -> None:
    random = np.random.default_rng(0)
    found = find_tiling([alike(side, rows, columns, random) for _ in range(2)])
    assert found is not None
    assert (found.down.side, found.across.side, len(found.boxes)) == (side, side, rows * columns)


def test_an_enlarged_grid_of_noise_on_a_page() -> None:
    """Its gaps end between two pixels, and lines of noise are nearly as even as those of gaps."""
    random = np.random.default_rng(0)
    grid = make_grid(torch.from_numpy(random.integers(0, 256, (100, 1, 28, 28), np.uint8)), nrow=10, padding=2)
    enlarged = Image.fromarray(grid.permute(1, 2, 0).numpy()).resize((760, 760), Image.Resampling.HAMMING)
    page = np.full((1000, 1000, 3), 255, np.uint8)
    page[120:880, 128:888] = enlarged
    found = find_tiling([page], (28, 28))
    assert found is not None
    assert (len(found.down.starts), len(found.across.starts)) == (10, 10)
    assert abs(found.down.side - 28 * 760 / 302) <= 2


def test_an_enlarged_grid_of_tiles_that_touch_on_a_page_with_a_title() -> None:
    random = np.random.default_rng(0)
    pages = []
    for _ in range(2):
        enlarged = Image.fromarray(alike(28, 3, 8, random)).resize((1600, 600), Image.Resampling.NEAREST)
        page = np.full((800, 1800), 255, np.uint8)
        page[100:700, 100:1700] = enlarged
        page[40:60, 800:1000] = 0
        pages.append(page)
    for size in ((28, 28), None):
        found = find_tiling(pages, size)
        assert found is not None
        assert (found.down.starts, len(found.across.starts), found.across.side) == ((100, 300, 500), 8, 200)
