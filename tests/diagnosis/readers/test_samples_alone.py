from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganlab.diagnosis.readers.samples_alone import holds_only_samples, holds_pictures


def picture(path: Path) -> Path:
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(path)
    return path


def test_pictures_are_samples_alone_or_in_a_folder(tmp_path: Path) -> None:
    assert holds_only_samples(picture(tmp_path / "grid.png"))
    (tmp_path / "notes.txt").write_text("trained on my own pictures\n")
    assert holds_only_samples(tmp_path)


def test_pictures_beside_a_log_are_those_of_a_run(tmp_path: Path) -> None:
    picture(tmp_path / "grid.png")
    (tmp_path / "log.csv").write_text("step,d_loss,g_loss\n" + "".join(f"{i},1.3,0.9\n" for i in range(50)))
    assert not holds_only_samples(tmp_path)


def test_an_empty_or_missing_folder_holds_no_samples(tmp_path: Path) -> None:
    assert not holds_only_samples(tmp_path)
    assert not holds_only_samples(tmp_path / "none")
    assert not holds_pictures(tmp_path)


def test_an_empty_file_holds_no_samples(tmp_path: Path) -> None:
    for name in ("empty.npy", "empty.npz"):
        (tmp_path / name).touch()
        assert not holds_only_samples(tmp_path / name)


@pytest.mark.parametrize(
    ("shape", "are_samples"),
    [((20, 8, 8), True), ((20, 2), True), ((500,), False), ((500, 1), False), ((1, 500), False)],
)
def test_arrays_of_images_or_points_are_samples_and_curves_are_not(
    tmp_path: Path, shape: tuple[int, ...], are_samples: bool
) -> None:
    values = np.zeros(shape)
    np.save(tmp_path / "one.npy", values)
    np.savez(tmp_path / "several.npz", step_1=values, step_2=values)
    assert [holds_only_samples(tmp_path / name) for name in ("one.npy", "several.npz")] == [are_samples] * 2


def test_a_file_of_curves_and_images_is_a_log(tmp_path: Path) -> None:
    np.savez(tmp_path / "log.npz", d_loss=np.zeros(500), images=np.zeros((20, 8, 8)))
    assert not holds_only_samples(tmp_path / "log.npz")


def test_a_broken_file_holds_none(tmp_path: Path) -> None:
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 no archive")
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY no array")
    assert not holds_only_samples(tmp_path / "broken.npz")
    assert not holds_only_samples(tmp_path / "broken.npy")
