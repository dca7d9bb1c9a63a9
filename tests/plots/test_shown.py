from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from ganlab.domain import Images, Points
from ganlab.errors import RunError
from ganlab.plots.grids import NON_FINITE, scatter, tile, to_pixels
from ganlab.plots.shown import LARGEST, MOST, Shown, read_shown

DRAW = np.random.default_rng(0)


@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_read_as_they_were_written(tmp_path: Path, channels: int) -> None:
    samples = DRAW.uniform(-1, 1, (MOST + 7, channels, 6, 9)).astype(np.float32)
    shown = Shown.of(samples, Images(channels, 6, 9))
    shown.write(tmp_path / "shown.npz")
    again = read_shown(tmp_path / "shown.npz")
    assert again.images is not None
    assert again.images.shape == (MOST, 6, 9, channels)
    picture = tile(to_pixels(samples[:MOST]), columns=10)
    np.testing.assert_array_equal(shown.picture(), picture)
    np.testing.assert_array_equal(again.picture(), picture)


def test_a_hundred_digits_take_eighty_kilobytes(tmp_path: Path) -> None:
    Shown.of(DRAW.uniform(-1, 1, (1000, 1, 28, 28)), Images(1, 28, 28)).write(tmp_path / "shown.npz")
    assert (tmp_path / "shown.npz").stat().st_size < 80_000


def test_pixels_that_are_not_finite_stay_visible(tmp_path: Path) -> None:
    samples = np.zeros((3, 1, 4, 4), np.float32)
    samples[1, 0, 2, 3] = np.nan
    Shown.of(samples, Images(1, 4, 4)).write(tmp_path / "shown.npz")
    images = read_shown(tmp_path / "shown.npz").images
    assert images is not None
    assert tuple(images[1, 2, 3]) == NON_FINITE


def test_points_are_read_as_they_were_written(tmp_path: Path) -> None:
    points, real = (DRAW.normal(size=(count, 2)).astype(np.float32) for count in (300, 200))
    points[4] = np.inf
    Shown.of(points, Points(), real).write(tmp_path / "shown.npz")
    again = read_shown(tmp_path / "shown.npz")
    np.testing.assert_array_equal(again.points, points)
    np.testing.assert_array_equal(again.picture(), scatter(points, real))


def test_points_alone_set_their_own_frame() -> None:
    points = DRAW.normal(size=(50, 2)).astype(np.float32)
    np.testing.assert_array_equal(Shown.of(points, Points()).picture(), scatter(points, points))
    points[7] = np.nan
    np.testing.assert_array_equal(Shown.of(points, Points()).picture(), scatter(points, np.delete(points, 7, axis=0)))
    assert Shown.of(np.full((3, 2), np.nan), Points()).picture().shape == (512, 512, 3)


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"other": np.zeros(3)},
        {"images": np.zeros((2, 4, 4, 3))},
        {"images": np.zeros((2, 4, 4), np.uint8)},
        {"images": np.zeros((2, 4, 4, 2), np.uint8)},
        {"images": np.zeros((0, 4, 4, 3), np.uint8)},
        {"images": np.zeros((MOST + 1, 4, 4, 3), np.uint8)},
        {"images": np.zeros((1, 60_000, 1, 1), np.uint8)},
        {"points": np.zeros((3, 2), np.float32)},
        {"points": np.zeros((3, 2), np.float32), "real": np.zeros((3, 3), np.float32)},
        {"points": np.zeros((3, 2), np.float32), "real": np.full((3, 2), np.nan, np.float32)},
        {"images": np.array([{}])},
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    np.savez(tmp_path / "shown.npz", **arrays)
    with pytest.raises(RunError, match=r"shown\.npz"):
        read_shown(tmp_path / "shown.npz")


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "flipped", "backwards", "folder", "bomb", "header"])
def test_a_damaged_file_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "shown.npz"
    np.savez_compressed(path, images=DRAW.integers(0, 255, (9, 28, 28, 1), dtype=np.uint8))
    content = path.read_bytes()
    if damage in ("missing", "folder"):
        path.unlink()
    if damage == "folder":
        path.mkdir()
    if damage == "bomb":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("images.npy", "w") as member:
            for _ in range(LARGEST // 2**24 + 1):
                member.write(bytes(2**24))
    if damage == "header":
        with zipfile.ZipFile(path, "w") as archive, archive.open("images.npy", "w") as member:
            np.lib.format.write_array_header_1_0(
                member, {"descr": "|u1", "fortran_order": False, "shape": (1 << 40, 28, 28, 1)}
            )
    changed = {"empty": b"", "cut": content[:-40], "backwards": content[::-1]}
    changed["flipped"] = content[:900] + bytes([content[900] ^ 255]) + content[901:]
    if damage in changed:
        path.write_bytes(changed[damage])
    with pytest.raises(RunError, match=r"shown\.npz"):
        read_shown(path)
