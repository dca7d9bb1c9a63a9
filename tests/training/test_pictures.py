"""What is wished for, drawn and written; every kind of picture is drawn by tests/cli/test_commands.py too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ganlab.domain import Images, Points
from ganlab.errors import GanlabError, RunError
from ganlab.training import session
from ganlab.training.pictures import KINDS, Drawing, draw, make_wish, require_target
from ganlab.training.trained import load_game

DIGITS = Drawing(torch.linspace(-1, 1, 12 * 64).reshape(12, 1, 8, 8), Images(1, 8, 8))
POINTS = Drawing(torch.tensor([[0.0, 1.0], [2.0, 3.0]]), Points())


@pytest.mark.parametrize(
    ("asked", "count", "kind", "number"),
    [
        ({}, None, "samples", 100),
        ({"nearest": True, "gallery": False}, None, "nearest", 50),
        ({"walk": 0, "interpolate": None}, None, "walk", 0),
        ({"attention": True}, 2, "attention", 2),
    ],
)
def test_one_kind_is_wished_for(asked: dict[str, Any], count: int | None, kind: str, number: int) -> None:
    wish = make_wish(asked, count, 3, False)
    assert (wish.kind, wish.count, wish.seed) == (kind, number, 3)


@pytest.mark.parametrize(
    ("asked", "count", "spherical", "words"),
    [
        ({"walk": 0, "gallery": True}, None, False, "walk and gallery"),
        ({"walk": 0}, 5, False, "walk has a number"),
        ({}, None, True, "spherical is a way"),
    ],
)
def test_what_does_not_go_together_is_refused(
    asked: dict[str, Any], count: int | None, spherical: bool, words: str
) -> None:
    with pytest.raises(GanlabError, match=words):
        make_wish(asked, count, 0, spherical)


def test_points_have_every_picture_but_those_of_images(points: Any, tmp_path: Path) -> None:
    game = load_game(session.start(points("training.steps=1"), tmp_path))
    values = {"interpolate": 2, "walk": 1}
    shapes = {kind: tuple(draw(game, make_wish({kind: values[kind]}, None, 0, False)).samples.shape) for kind in values}
    assert shapes == {"interpolate": (20, 2), "walk": (100, 2)}
    for kind in KINDS.keys() - {"samples", "arithmetic", *values}:
        with pytest.raises(GanlabError):
            draw(game, make_wish({kind: "mode 1"}, None, 0, False))


def test_images_are_a_grid_an_array_or_a_folder(tmp_path: Path) -> None:
    assert DIGITS.write(tmp_path / "grid.png") == [tmp_path / "grid.png"]
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "grid.png")), DIGITS.picture())
    DIGITS.write(tmp_path / "all.npz")
    array = np.load(tmp_path / "all.npz")["samples"]
    assert (array.shape, array.dtype) == ((12, 1, 8, 8), np.uint8)
    files = DIGITS.write(tmp_path / "folder")
    assert [file.name for file in files][::11] == ["000000.png", "000011.png"]
    np.testing.assert_array_equal(np.asarray(Image.open(files[3]).convert("L")), array[3, 0])


def test_points_are_a_picture_or_an_array(tmp_path: Path) -> None:
    POINTS.write(tmp_path / "points.npz")
    np.testing.assert_array_equal(np.load(tmp_path / "points.npz")["samples"], POINTS.samples)
    POINTS.write(tmp_path / "points.png")
    with pytest.raises(RunError, match="cannot be written in this format"):
        POINTS.write(tmp_path / "folder")


@pytest.mark.parametrize("name", ["grid.jpg", "grid.npy"])
def test_no_other_ending_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be written in this format"):
        DIGITS.write(tmp_path / name)


def test_a_picture_of_its_own_is_a_png(tmp_path: Path) -> None:
    drawn = Drawing(DIGITS.samples, DIGITS.domain, np.zeros((4, 5, 3), np.uint8))
    drawn.write(tmp_path / "own.png")
    assert Image.open(tmp_path / "own.png").size == (5, 4)
    with pytest.raises(RunError, match="name a"):
        drawn.write(tmp_path / "own.npz")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        DIGITS.write(tmp_path / "file" / "grid.png")


@pytest.mark.parametrize("name", ["grid.jpg", "gone/grid.png", "file/folder"])
def test_a_target_is_refused_before_anything_is_drawn(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        require_target(tmp_path / name, DIGITS.domain)


def test_columns_that_differ_are_named(tmp_path: Path) -> None:
    plain = Drawing(DIGITS.samples, DIGITS.domain)
    named = Drawing(DIGITS.samples, DIGITS.domain, headings=[("sample", 1), ("nearest", 1)] * 5)
    strip = len(named.picture()) - len(plain.picture())
    np.testing.assert_array_equal(named.picture()[strip:], plain.picture())
    assert (named.picture()[:strip] < 100).any()


def test_each_kind_with_columns_of_its_own_names_them(points: Any, tmp_path: Path) -> None:
    game = load_game(session.start(points("training.steps=1"), tmp_path))
    shares, steps = (
        [words for words, _ in draw(game, make_wish(asked, None, 0, False)).headings]
        for asked in ({"interpolate": 1}, {"walk": 1})
    )
    assert (shares[0], shares[-1], len(shares)) == ("0.00", "1.00", 10)
    assert (steps[0], steps[-1], len(steps)) == ("-3.00", "3.00", 10)
