from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.errors import RunError


def test_arrays_are_curves_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "log.npz"
    np.savez(
        path, step=np.arange(0, 40, 10), d_loss=np.array([1.0, np.nan, 0.5, 0.25]), g_loss=np.ones((4, 1)), w=np.eye(4)
    )
    found = read(path, ReadOptions())
    assert found.curves["d_loss"].steps.tolist() == [0, 10, 20, 30]
    np.testing.assert_array_equal(found.curves["d_loss"].values, [1.0, np.nan, 0.5, 0.25])
    assert len(found.curves["g_loss"]) == 4
    assert any("`w`" in note for note in found.notes)


def test_records_are_a_table(tmp_path: Path) -> None:
    np.save(tmp_path / "log.npy", np.array([(1, 0.5), (2, 0.25)], dtype=[("step", "i4"), ("d_loss", "f4")]))
    assert read(tmp_path / "log.npy", ReadOptions()).curves["d_loss"].values.tolist() == [0.5, 0.25]


def test_pickles_are_never_opened(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "sprung",)  # type: ignore[return-value]

    np.savez(tmp_path / "log.npz", history=np.array([Trap()], dtype=object))
    np.save(tmp_path / "log.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    for name in ("log.npz", "log.npy"):
        with pytest.raises(RunError, match="could run any code"):
            read(tmp_path / name, ReadOptions())
    np.savez(tmp_path / "log.npz", history=np.array([Trap()], dtype=object), d_loss=np.arange(3.0))
    found = read(tmp_path / "log.npz", ReadOptions())
    assert any("`history`" in note for note in found.notes)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("array", [np.ones(5), np.ones((5, 3)), np.array(["a", "b"])])
def test_an_array_without_a_name_is_refused(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "log.npy", array)
    with pytest.raises(RunError, match="no row of numbers with a name") as caught:
        read(tmp_path / "log.npy", ReadOptions())
    assert "np.savez" in caught.value.hint


def test_a_torn_file_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "log.npy", np.ones(500))
    (tmp_path / "torn.npy").write_bytes((tmp_path / "log.npy").read_bytes()[:200])
    with pytest.raises(RunError, match="cannot be read"):
        read(tmp_path / "torn.npy", ReadOptions())
