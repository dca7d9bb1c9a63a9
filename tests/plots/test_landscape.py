from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganlab.errors import RunError
from ganlab.plots.grids import ALARM_COLOUR, NON_FINITE
from ganlab.plots.landscape import (
    CELLS,
    HIGH,
    INK,
    LOW,
    POINT_COLOUR,
    SIDE,
    Landscape,
    cell_middles,
    extent_of,
    read_landscape,
)
from ganlab.runs.snapshots import Row

REAL = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]], np.float32)
PIXEL = SIDE / 2.6
"""Pixels a unit: the frame goes from -1.3 to 1.3."""


def landscape(**changes: Any) -> Landscape:
    """A slope that rises to the right and passes 0 in the middle, and one point that is pushed upwards."""
    plain = Landscape(
        scores=np.tile(cell_middles(-10, 10), (CELLS, 1)), extent=extent_of(REAL), level=0.0, divides=True, logits=True,
        pack=1, classes=1, points=np.array([[0.5, 0]], np.float32), push=np.array([[0, 2]], np.float32), real=REAL,
    )  # fmt: skip
    return dataclasses.replace(plain, **changes)


def at(picture: np.ndarray, x: float, y: float) -> tuple[int, ...]:
    """The colour at a point of the plane."""
    return tuple(picture[int(SIDE / 2 - y * PIXEL), int(SIDE / 2 + x * PIXEL)].tolist())


def near(colour: tuple[int, ...], other: tuple[int, ...], distance: int = 12) -> bool:
    return max(abs(a - b) for a, b in zip(colour, other, strict=True)) <= distance


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    lattice = np.random.default_rng(0).normal(size=(5, 5, 2)).astype(np.float32)
    for number, written in enumerate((landscape(), landscape(lattice=lattice, pack=4, level=np.nan, logits=False))):
        path, again = tmp_path / f"{number}.npz", tmp_path / f"again_{number}.npz"
        written.write(path)
        found = read_landscape(path)
        for name, value in vars(written).items():
            np.testing.assert_equal(getattr(found, name), value, err_msg=name)
        found.write(again)
        assert path.read_bytes() == again.read_bytes()
        np.testing.assert_array_equal(found.picture(), written.picture())


def test_the_largest_takes_some_tens_of_kilobytes(tmp_path: Path) -> None:
    many = np.zeros((1000, 2), np.float32)
    landscape(points=many, push=many, real=many, lattice=np.zeros((33, 33, 2), np.float32)).write(tmp_path / "one.npz")
    assert (tmp_path / "one.npz").stat().st_size < 50_000


def test_high_is_blue_low_is_orange_and_a_line_divides_them() -> None:
    picture = landscape().picture()
    assert (picture.shape, picture.dtype) == ((SIDE, SIDE, 3), np.uint8)
    assert near(at(picture, -1.2, 0.5), LOW)
    assert near(at(picture, 1.2, 0.5), HIGH)
    assert [near(at(picture, x, -0.7), INK, 60) for x in (-0.05, 0.0, 0.05)] == [False, True, False]
    # Rows run upwards: turned by a quarter, the slope rises to the top.
    turned = landscape(scores=landscape().scores.T).picture()
    assert near(at(turned, 0.5, -1.2), LOW)
    assert near(at(turned, 0.5, 1.2), HIGH)


def test_scores_that_are_no_logits_are_coloured_by_their_own_range() -> None:
    scores = landscape().scores
    small, large = (landscape(scores=scores * size, logits=False).picture() for size in (1e-3, 1e3))
    np.testing.assert_allclose(small.astype(int), large.astype(int), atol=3)
    flat = landscape(scores=scores * 1e-3).picture()
    assert near(at(flat, -1.2, 0.5), at(flat, 1.2, 0.5))


def test_a_plain_has_no_line() -> None:
    for level, height in ((0.0, 0.0), (0.0, 1.0), (np.nan, 1.0)):
        picture = landscape(scores=np.full((CELLS, CELLS), height, np.float32), level=level).picture()
        assert (picture == at(picture, -0.5, 0.5)).all(axis=2).mean() > 0.98
        assert not near(tuple(picture[0, 0].tolist()), INK, 100)


def test_an_arrow_points_the_way_of_the_push() -> None:
    def inked(push: tuple[float, float]) -> np.ndarray:
        """Where the arrow's ink is, relative to the point, in pixels."""
        drawn = landscape(push=np.array([push], np.float32)).picture().astype(int)
        plain = landscape(push=np.zeros((1, 2), np.float32)).picture().astype(int)
        rows, columns = np.nonzero(np.abs(drawn - plain).sum(axis=2) > 120)
        return np.stack([columns - SIDE / 2 - 0.5 * PIXEL, SIDE / 2 - rows], axis=1)

    for push, along in (((0, 2), (0, 1)), ((-3e-5, 0), (-1, 0)), ((0, -1e6), (0, -1))):
        ink = inked(push)
        assert 25 < (ink @ along).max() < 34
        assert np.abs(ink @ along[::-1]).max() < 6


def test_an_arrow_is_not_longer_than_the_usual_one_however_strong_its_push() -> None:
    rows = np.linspace(-1, 1, 20)
    points = np.stack([np.zeros(20), rows], axis=1).astype(np.float32)
    push = np.tile(np.array([1, 0], np.float32), (20, 1))
    push[7] *= 1e9
    usual, strong = (landscape(points=points, push=each).picture() for each in (np.tile(push[:1], (20, 1)), push))
    np.testing.assert_array_equal(usual, strong)


def test_points_are_where_they_are_and_those_outside_at_the_edge() -> None:
    points = np.array([[0.5, 0], [-0.6, 0.9], [50, -0.4]], np.float32)
    picture = landscape(points=points, push=np.zeros_like(points)).picture()
    assert near(at(picture, 0.5, 0), POINT_COLOUR)
    assert near(at(picture, -0.6, 0.9), POINT_COLOUR)
    assert near(tuple(picture[int(SIDE / 2 + 0.4 * PIXEL), SIDE - 6].tolist()), ALARM_COLOUR)


def test_what_is_not_finite_is_seen() -> None:
    scores = landscape().scores.copy()
    scores[CELLS - 1, 0], scores[30, 30] = np.nan, np.inf
    points = np.array([[0.5, 0], [np.nan, 0], [-0.5, 0]], np.float32)
    push = np.array([[np.nan, 0], [np.nan, 0], [0, 1]], np.float32)
    found = landscape(scores=scores, points=points, push=push)
    picture = found.picture()
    assert near(at(picture, 0.5, 0), NON_FINITE)  # its push is unknown
    assert near(at(picture, -0.5, 0), POINT_COLOUR)
    assert near(tuple(picture[SIDE // 2, 3].tolist()), ALARM_COLOUR)  # the border
    plain = landscape(scores=scores).picture()
    assert near(tuple(plain[2, 2].tolist()), NON_FINITE)
    assert near(tuple(plain[(CELLS - 1 - 30) * 10 + 5, 305].tolist()), NON_FINITE)
    assert "2 of 2,304 scores are not finite" in found.alt()
    assert "1 of them is not finite" in found.alt()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38, 0.0])
def test_the_worst_is_drawn_without_a_word(value: float) -> None:
    pairs, cells = np.full((4, 2), value, np.float32), np.full((CELLS, CELLS), value, np.float32)
    for logits in (True, False):
        found = landscape(
            scores=cells, level=value, logits=logits, divides=False, points=pairs, push=pairs,
            lattice=np.full((3, 3, 2), value, np.float32),
        )  # fmt: skip
        assert found.picture().shape == (SIDE, SIDE, 3)
        assert found.alt().endswith(".")


def test_the_lattice_is_drawn_through_its_places_with_gaps() -> None:
    line = np.linspace(-1, 1, 5, dtype=np.float32)
    lattice = np.stack(np.meshgrid(line, line, indexing="ij"), axis=2)
    whole, plain = landscape(lattice=lattice).picture(), landscape().picture()
    lattice = lattice.copy()
    lattice[0, 2] = np.nan
    gap = landscape(lattice=lattice).picture()

    def drawn(picture: np.ndarray, x: float, y: float) -> bool:
        return not near(at(picture, x, y), at(plain, x, y), 30)

    assert [drawn(whole, -1, y) for y in (-0.8, -0.25, 0.25, 0.8)] == [True] * 4
    assert [drawn(gap, -1, y) for y in (-0.8, -0.25, 0.25, 0.8)] == [True, False, False, True]
    assert not drawn(whole, -0.5, 0.7)  # every second line


def test_a_picture_is_quick() -> None:
    draw = np.random.default_rng(0)
    points, push, real = (draw.normal(size=(1000, 2)).astype(np.float32) for _ in range(3))
    found = landscape(points=points, push=push, real=real, lattice=draw.normal(size=(33, 33, 2)).astype(np.float32))
    found.picture()
    before = time.process_time()
    for _ in range(4):
        found.picture()
    assert (time.process_time() - before) / 4 < 0.05  # 15 ms are measured on an idle core


def test_the_legend_says_what_is_drawn() -> None:
    assert landscape().legend == (
        "Blue: where the discriminator takes samples for real; orange: for generated; dark line: the border between "
        "them, a score of 0; grey dots: real points; green dots: generated ones, with arrows the way the generator's "
        "loss pushes them."
    )
    lattice = np.zeros((3, 3, 2), np.float32)
    other = landscape(divides=False, level=-0.3, pack=4, classes=8, lattice=lattice).legend
    assert "half way between its mean scores" in other
    assert "4 samples together" in other
    assert "8 classes" in other
    assert "lattice of latents" in other


def test_the_alternative_text_says_what_is_seen() -> None:
    points = np.array([[0.5, 0], [0.5, 0.2], [9, 9]], np.float32)
    found = landscape(points=points, push=np.array([[0, 1], [0.1, 2], [0, 3]], np.float32))
    assert found.alt() == (
        "3 generated points over 4 real ones; 1 of them is outside the frame; the discriminator scores highest at "
        "(1.3, -1.3), 9.79, and above 0 on 50 % of the frame; the generator's loss pushes most points upwards."
    )
    row = Row(step=1, classes=["a", "b", "c"], class_counts=[3, 0, 1], class_shares_real=[0.3, 0.3, 0.4])
    assert "over 4 real ones, in 2 of 3 modes;" in found.alt(row)
    apart = landscape(points=points[:2], push=np.array([[0, 1], [0, -1]], np.float32))
    assert apart.alt().endswith("pushes the points in different directions.")
    assert landscape(push=np.zeros((1, 2), np.float32)).alt().endswith("no point is pushed anywhere.")


def test_sides_are_named_by_the_compass() -> None:
    sides = []
    for angle in np.arange(8) * np.pi / 4:
        push = np.array([[np.cos(angle), np.sin(angle)]], np.float32)
        sides.append(landscape(push=push).alt().rpartition("points ")[2].rstrip("."))
    assert sides == [
        "to the right", "to the upper right", "upwards", "to the upper left",
        "to the left", "to the lower left", "downwards", "to the lower right",
    ]  # fmt: skip


def test_reals_that_are_all_alike_have_a_frame(tmp_path: Path) -> None:
    real = np.full((3, 2), 7.0, np.float32)
    landscape(real=real, extent=extent_of(real)).write(tmp_path / "one.npz")
    assert read_landscape(tmp_path / "one.npz").picture().shape == (SIDE, SIDE, 3)


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "folder"])
def test_a_damaged_file_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "landscape.npz"
    landscape().write(path)
    content = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    if damage in ("empty", "cut"):
        path.write_bytes(content[: 400 if damage == "cut" else 0])
    with pytest.raises(RunError, match=r"landscape\.npz cannot be read"):
        read_landscape(path)


NONE = np.zeros((0, 2), np.float32)


@pytest.mark.parametrize(
    "arrays",
    [
        {"scores": None}, {"level": None},
        {"scores": np.zeros((CELLS, CELLS))}, {"scores": np.zeros((3, 3), np.float32)},
        {"level": np.zeros(2, np.float32)}, {"level": np.array(0.0)}, {"logits": np.array(1.0, np.float32)},
        {"pack": np.array("many")}, {"extent": np.zeros(4, np.float32)}, {"extent": np.zeros(3, np.float32)},
        {"extent": np.array([0, np.inf, 0, 1], np.float32)}, {"points": NONE, "push": NONE}, {"push": NONE},
        {"points": np.zeros((2, 3), np.float32), "push": np.zeros((2, 3), np.float32)}, {"real": NONE},
        {"real": np.full((2, 2), np.nan, np.float32)}, {"lattice": np.zeros((1, 1, 2), np.float32)},
        {"lattice": np.zeros((3, 2), np.float32)}, {"lattice": np.array(0, np.float32)},
        {"points": np.array(0, np.float32), "push": np.array(0, np.float32)},
    ],
)  # fmt: skip
def test_other_arrays_are_refused(tmp_path: Path, arrays: dict[str, Any]) -> None:
    path = tmp_path / "landscape.npz"
    landscape().write(path)
    with np.load(path) as good:
        kept = {name: value for name, value in {**good, **arrays}.items() if value is not None}
    np.savez(path, **kept)
    with pytest.raises(RunError, match=r"landscape\.npz holds no landscape"):
        read_landscape(path)
