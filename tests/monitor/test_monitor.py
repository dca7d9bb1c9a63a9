from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from ganlab.monitor import monitor as module
from ganlab.monitor.monitor import BLOCK, Monitor, NonFinite
from ganlab.monitor.view import View
from ganlab.runs.directory import create_run
from ganlab.runs.history import read_history


class Collector(View):
    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def progress(self, rows: Any) -> None:
        self.rows += rows


@pytest.fixture
def watched(points: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Monitor, Collector]:
    monkeypatch.setattr(module, "FLUSH_SECONDS", 1e9)
    view = Collector()
    return Monitor(create_run(tmp_path, points()), [view]), view


def record(monitor: Monitor, step: int, value: float) -> None:
    monitor.record(step, {"d_loss": torch.tensor(value), "d_acc_real": None, "extra": torch.tensor(1.5)}, {"lr_g": 0.1})


def test_rows_are_written_in_blocks(watched: tuple[Monitor, Collector]) -> None:
    monitor, view = watched
    for step in range(1, BLOCK):
        record(monitor, step, step)
    assert not monitor.run.history.exists()
    record(monitor, BLOCK, BLOCK)
    record(monitor, BLOCK + 1, -1.0)
    assert len(view.rows) == BLOCK
    monitor.flush()
    history = read_history(monitor.run.history)
    assert list(history) == ["step", "time", "d_loss", "d_acc_real", "lr_g", "extra"]
    assert history["d_loss"].tolist() == [*range(1, BLOCK + 1), -1.0]
    assert view.rows[-1]["step"] == BLOCK + 1


def test_a_slow_run_is_written_every_second(
    watched: tuple[Monitor, Collector], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FLUSH_SECONDS", 0.0)
    monitor, _ = watched
    record(monitor, 1, 1.0)
    assert read_history(monitor.run.history)["step"].tolist() == [1.0]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_bad_value_is_written_and_then_told(watched: tuple[Monitor, Collector], bad: float) -> None:
    monitor, _ = watched
    for step, value in enumerate([1.0, 2.0, bad, 4.0], start=1):
        record(monitor, step, value)
    with pytest.raises(NonFinite) as caught:
        monitor.flush()
    assert (caught.value.step, caught.value.column) == (3, "d_loss")
    assert len(monitor.run.history.read_text().splitlines()) == 5
    assert str(bad) in monitor.run.history.read_text()


def test_log_lines_cannot_be_forged(watched: tuple[Monitor, Collector]) -> None:
    monitor, _ = watched
    monitor.warn("one\n2026-01-01 two \x1b[31mred")
    (line,) = monitor.run.log.read_text().splitlines()
    assert "\x1b" not in line
    assert r"one\n2026-01-01 two \x1b[31mred" in line
