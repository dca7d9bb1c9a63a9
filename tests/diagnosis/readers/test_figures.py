from __future__ import annotations

import numpy as np
import pytest

from ganlab.diagnosis.readers.cuts import Cuts, Tiling
from ganlab.diagnosis.readers.figures import drawn_on, find_boxes, find_subplots, subplots
from ganlab.diagnosis.readers.tiling import find_tiling
from truth.tilings import STYLES, Plot


@pytest.mark.parametrize("kind", ["digits", "textures"])
@pytest.mark.parametrize("style", STYLES)
def test_a_figure_is_cut_where_its_images_are(style: str, kind: str) -> None:
    random = np.random.default_rng(0)
    for plot in (Plot(style, kind, 5, 5), Plot(style, kind, 4, 4, None), Plot(style, kind, 2, 8, (8, 3))):
        picture, boxes = plot.draw(random)
        found = find_tiling([picture], (28, 28))
        assert plot.found_in(found, boxes), (plot, found, boxes[:2])


def test_images_all_alike_with_lines_as_white_as_the_ground() -> None:
    tile = np.zeros((74, 74, 1), np.float32)
    tile[36:38, 9:65] = tile[9:65, 40:42] = 250
    picture = np.full((2, 328, 328, 1), 255, np.float32)
    for top in (10, 88, 166, 244):
        for left in (10, 88, 166, 244):
            picture[:, top : top + 74, left : left + 74] = tile
    drawn = drawn_on(picture)
    assert drawn is not None
    boxes = Cuts((10, 88, 166, 244), 74)
    assert find_boxes(drawn) == Tiling(boxes, boxes)


def blobs(size: tuple[int, int], axes: Tiling, radius: float) -> np.ndarray[tuple[int, ...], np.dtype]:
    """Draw a disc into each axes, (1, H, W, 1), black on white."""
    picture = np.full((*size, 1), 255.0, np.float32)
    y, x = np.mgrid[: size[0], : size[1]]
    for top, left, tall, wide in axes.boxes:
        picture[np.hypot(y - top - tall / 2, x - left - wide / 2) < radius * tall] = 0
    return picture[None]


@pytest.mark.parametrize(("rows", "columns"), [(5, 5), (4, 4), (2, 8), (10, 10), (3, 6)])
def test_images_as_white_as_the_ground_are_found_by_the_usual_layout(rows: int, columns: int) -> None:
    axes = subplots((600, 800), rows, columns, 1.0)
    drawn = drawn_on(blobs((600, 800), axes, 0.4))
    assert drawn is not None
    assert find_boxes(drawn) is None, "no image has an edge"
    assert find_subplots(drawn) == axes
    small = drawn_on(blobs((600, 800), axes, 0.1))
    assert small is not None
    assert find_subplots(small) is None, "dots fill no axes"


def test_images_as_white_as_the_ground_are_found_in_figures_that_are_cut_to_them() -> None:
    for plot in (
        Plot("tight", "white", 5, 5),
        Plot("tight", "white", 4, 4, None),
        Plot("tight", "white", 2, 8, (8, 3)),
    ):
        drawn = [plot.draw(np.random.default_rng(seed)) for seed in (0, 1)]
        found = find_tiling([picture for picture, _ in drawn], (28, 28))
        assert plot.found_in(found, drawn[0][1]), (plot, found)


def test_pictures_without_a_margin_of_one_colour_are_no_figures() -> None:
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (1, 90, 90, 3)).astype(np.float32)
    assert drawn_on(noise) is None
    assert drawn_on(np.zeros((2, 90, 90, 1), np.float32)) is None
    assert drawn_on(np.zeros((2, 9, 9, 1), np.float32)) is None
