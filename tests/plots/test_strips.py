"""Sheets of last samples: the right tiles, and pages that can be looked at."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_rgb

from ganlab.plots.grids import scatter, tile
from ganlab.plots.strips import LABEL, PAGE, POINTS_SIDE, TILES, Strip, strips
from ganlab.verdicts import hue


def grid(side: int = 28) -> np.ndarray:
    """A grid of 100 images whose grey tells their number, from 100 on."""
    return tile(np.arange(100, 200, dtype=np.uint8)[:, None, None, None] * np.ones((side, side, 3), np.uint8), 10)


def holds(page: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((page == colour).all(axis=-1).any())


def test_a_strip_holds_the_first_tiles_at_their_size() -> None:
    (page,) = strips("sweep", [("config", [Strip("seed 0", "healthy", grid())])])
    columns, rows = TILES
    shown = {row * 10 + column for row in range(rows) for column in range(columns)}
    for number in range(100):
        # Letters are grey at their edges, tiles whole areas of one grey: 56 pixels wide, as in the run's own picture.
        grey = (page[:, LABEL:] == 100 + number).all(axis=-1).sum()
        assert (grey >= 56 * 56) == (number in shown)
    assert holds(page, tuple(round(255 * c) for c in to_rgb(hue("healthy"))))


def test_large_tiles_are_shrunk_so_that_three_seeds_stand_side_by_side() -> None:
    row = [Strip(f"seed {seed}", "convergence_failure/discriminator_dominates", grid(128)) for seed in range(3)]
    (three,) = strips("sweep", [("config", row)])
    (one,) = strips("sweep", [("config", row[:1])])
    assert three.shape == one.shape


def test_points_are_shown_whole_and_missing_runs_as_such() -> None:
    points = scatter(np.zeros((50, 2)), np.random.default_rng(0).normal(size=(100, 2)))
    row = [Strip(f"seed {seed}", "", points if seed else None, points=True) for seed in range(10)]
    (page,) = strips("sweep", [("ring\noptimizer.lr 1e-3", row)])
    per_line = (PAGE[0] - LABEL) // (POINTS_SIDE + 14)
    lines = -(-10 // per_line)
    assert page.shape[0] > lines * POINTS_SIDE
    assert page.shape[1:] == (PAGE[0], 3)


def test_configurations_of_one_seed_each_are_side_by_side() -> None:
    """The first tile is as grey as its grid's number; the verdicts' marks are above the strips, a column each."""
    names = ["healthy", "mode_collapse/total", "memorisation", "convergence_failure/discriminator_dominates"]
    rows = [(f"config {number}", [Strip("seed 0", name, grid())]) for number, name in enumerate(names)]
    (page,) = strips("sweep", rows)
    (two_seeds,) = strips("sweep", [(label, row * 2) for label, row in rows])
    assert page.shape[0] < 0.7 * two_seeds.shape[0]
    tiles = np.argwhere((page == 100).all(axis=-1).astype(int))
    tops, lefts = np.unique(tiles[:, 0]), np.unique(tiles[:, 1])
    assert (np.diff(tops) > 1).sum() + 1 >= 2
    assert (np.diff(lefts) > 1).sum() + 1 >= 3
    marks = [np.argwhere((page == [round(255 * c) for c in to_rgb(hue(name))]).all(axis=-1)) for name in names]
    corners = [tuple(mark.min(axis=0)) for mark in marks]
    assert len({left for _, left in corners}) == 3
    assert len({top for top, _ in corners}) == 2


def test_one_configuration_of_one_seed_keeps_its_label_on_the_left() -> None:
    (page,) = strips("sweep", [("config", [Strip("seed 0", "healthy", grid())])])
    assert (page[44:, :LABEL] < 100).any()


def test_pages_end_between_rows() -> None:
    row = [Strip("seed 0", "healthy", grid()), Strip("seed 1", "healthy", grid())]
    pages = strips("sweep", ((f"config {number}", row) for number in range(50)))
    assert len(pages) > 1
    assert all(page.shape[0] <= PAGE[1] for page in pages)
    heights = {page.shape[0] for page in pages[:-1]}
    assert len(heights) == 1
    assert strips("sweep", []) == []


def test_hostile_words_are_drawn_as_text() -> None:
    label = "\x1b[31m$x$ <b>\u202e" + "x" * 500
    (page,) = strips(label, [(label, [Strip(label, "not_a/verdict" * 40, None)])])
    assert page.shape[1] == PAGE[0]
