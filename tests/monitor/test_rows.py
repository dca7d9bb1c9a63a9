from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from ganlab.errors import RunError
from ganlab.monitor.rows import Deferred, Rows
from ganlab.runs.history import read_history


def test_numbers_are_those_of_the_moment_they_were_logged(tmp_path: Path) -> None:
    rows = Rows(tmp_path / "history.csv", [])
    loss = torch.tensor([0.25], requires_grad=True) * 2
    rows.add(1, 0.1, {"g_loss": loss, "mine": torch.tensor(3), "d_loss": 1})
    with torch.no_grad():
        loss.fill_(9.0)
    rows.write()
    history = read_history(rows.path)
    assert {name: column.tolist() for name, column in history.items()} == {
        "step": [1.0],
        "time": [0.1],
        "d_loss": [1.0],
        "g_loss": [0.5],
        "mine": [3.0],
    }
    assert list(history) == ["step", "time", "d_loss", "g_loss", "mine"]


class GivenAway:
    """A number of another library that is gone, as those are that JAX's `donate_argnums` gives away."""

    ndim = 0

    def __float__(self) -> float:
        raise RuntimeError("Array has been deleted")

    def __repr__(self) -> str:
        raise RuntimeError("Array has been deleted")


def test_a_number_that_is_gone_is_refused(tmp_path: Path) -> None:
    gone: Any = GivenAway()
    with pytest.raises(RunError, match="d_loss is GivenAway whose value cannot be read: Array has been deleted"):
        Rows(tmp_path / "history.csv", []).add(1, 0.0, {"d_loss": gone})


def test_a_column_that_comes_later_widens_the_file(tmp_path: Path) -> None:
    """As where the generator has a turn every fifth step only."""
    rows = Rows(tmp_path / "history.csv", [])
    rows.add(1, 0.0, {"d_loss": 1.0})
    assert rows.write() == [{"step": 1, "time": 0.0, "d_loss": 1.0}]
    rows.add(2, 0.0, {"extra": 5.0, "g_loss": 2.0})
    rows.add(3, 0.0, {"d_loss": 3.0})
    rows.write()
    assert rows.path.read_text().splitlines() == [
        "step,time,d_loss,g_loss,extra",
        "1,0,1,,",
        "2,0,,2,5",
        "3,0,3,,",
    ]


def test_deferred_columns_are_computed_when_rows_are_written(tmp_path: Path) -> None:
    """Rows that are alike together; a column that comes, goes or stays empty is one of its own row only."""

    class Sums(NamedTuple):
        names: tuple[str, ...]

        def columns(self, rows: torch.Tensor) -> dict[str, torch.Tensor | None]:
            calls.append(len(rows))
            return {name: None if name == "d_acc_real" else rows.sum(1) for name in self.names}

    calls: list[int] = []
    few, more = Sums(("g_loss", "d_acc_real")), Sums(("d_loss", "g_loss", "d_acc_real", "extra"))
    rows = Rows(tmp_path / "history.csv", [])
    for step, layout in enumerate((few, few, more, None, more, few)):
        values = torch.full((4,), float(step))
        rows.add(step, 0.0, {"lr_g": 0.5}, None if layout is None else Deferred(layout, values))
    assert calls == []
    rows.write()
    assert calls == [2, 1, 1, 1]
    assert rows.path.read_text().splitlines() == [
        "step,time,d_loss,g_loss,d_acc_real,lr_g,extra",
        "0,0,,0,,0.5,",
        "1,0,,4,,0.5,",
        "2,0,8,8,,0.5,8",
        "3,0,,,,0.5,",
        "4,0,16,16,,0.5,16",
        "5,0,,20,,0.5,",
    ]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"d_loss": torch.ones(3)}, "shape"),
        ({"d_loss": torch.ones(0)}, "shape"),
        ({"d_loss": "high"}, "no number"),
        ({"d_loss": 10**400}, "too large"),
        ({"d_loss": 1j}, "no number"),
        ({"d_loss": np.complex128(1j)}, "no number"),
        ({"d_loss": torch.tensor(1j)}, "complex64"),
        ({"d_loss": torch.ones((), device="meta")}, "without values"),
        ({"a,b": 1.0}, "name of a column"),
        ({"=1+1": 1.0}, "name of a column"),
        ({"x" * 65: 1.0}, "name of a column"),
        ({"time": 1.0}, "monitor's own"),
    ],
)
def test_what_is_no_number_or_name_is_refused(columns: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=message):
        Rows(tmp_path / "history.csv", []).add(1, 0.0, columns)


def test_arrays_of_one_number_are_numbers(tmp_path: Path) -> None:
    rows = Rows(tmp_path / "history.csv", [])
    rows.add(1, 0.0, {"a": np.ones((1, 1)), "b": np.float16(2), "c": np.array(3), "d": torch.full((1,), 4.0)})  # type: ignore[dict-item]
    assert rows.write() == [{"step": 1, "time": 0, "a": 1, "b": 2, "c": 3, "d": 4}]
    with pytest.raises(RunError, match="no number"):
        rows.add(2, 0.0, {"a": np.ones(2)})  # type: ignore[dict-item]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_no_step_waits_for_the_device(tmp_path: Path) -> None:
    """Logged while a long product is being computed; only `write` may wait for it."""
    rows = Rows(tmp_path / "history.csv", [])
    a = torch.randn(4096, 4096, device="cuda")
    torch.cuda.set_sync_debug_mode("error")
    try:
        rows.add(1, 0.0, {"d_loss": (a @ a).mean(), "g_loss": a.mean()})
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert rows.write()[0]["g_loss"] == pytest.approx(float(a.mean()), rel=1e-5)
