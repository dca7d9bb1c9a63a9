from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganlab.errors import RunError
from ganlab.runs import history

COLUMNS = ("step", "d_loss", "d_acc_real")


def write(path: Path, steps: int) -> None:
    history.append_rows(path, COLUMNS, [[float(step), step / 3, None] for step in range(1, steps + 1)])


@given(st.floats(width=32, allow_nan=True, allow_infinity=True))
def test_a_float32_survives_text(value: float) -> None:
    back = np.float32(float(history.format_value(value)))
    assert back == np.float32(value) or (math.isnan(value) and np.isnan(back))


def test_small_values_are_not_dropped(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    history.append_rows(path, COLUMNS, [[1.0, 1e-38, 1e-12], [2.0, math.nan, math.inf]])
    read = history.read_history(path)
    assert read["d_loss"][0] == pytest.approx(1e-38)
    assert read["d_acc_real"][0] == pytest.approx(1e-12)
    assert "2,nan,inf" in path.read_text()


def test_an_absent_column_is_empty_and_reads_as_nan(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    write(path, 3)
    assert path.read_text().splitlines()[1].endswith(",")
    assert np.isnan(history.read_history(path)["d_acc_real"]).all()


def test_every_torn_last_row_is_cut(tmp_path: Path) -> None:
    """Reliability row 14, at one file: every cut offset inside the last row."""
    path = tmp_path / "history.csv"
    write(path, 12)
    whole = path.read_bytes()
    last = whole.rfind(b"\n", 0, len(whole) - 1) + 1
    for cut in range(last, len(whole)):
        path.write_bytes(whole[:cut])
        assert list(history.read_history(path)["step"]) == list(range(1, 12))
        history.cut_history(path, 11)
        history.append_rows(path, COLUMNS, [[12.0, 4.0, None]])
        assert path.read_bytes() == whole


def test_cutting_drops_later_rows(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    write(path, 12)
    history.cut_history(path, 5)
    assert list(history.read_history(path)["step"]) == [1, 2, 3, 4, 5]
    history.cut_history(path, 0)
    assert history.read_history(path) == {}


def test_missing_rows_refuse_a_resume(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    write(path, 4)
    with pytest.raises(RunError, match="the rows of steps 1 to 5"):
        history.cut_history(path, 5)


@pytest.mark.parametrize("damage", ["step,d_loss\n1,abc\n", "step,d_loss\n1\n", "step,d_loss\n1,2,3\n"])
def test_a_damaged_row_is_told(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "history.csv"
    path.write_text(damage)
    with pytest.raises(RunError, match=r"history\.csv"):
        history.read_history(path)
