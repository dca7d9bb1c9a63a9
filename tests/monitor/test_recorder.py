from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganlab.errors import RunError
from ganlab.evaluation.kept import report
from ganlab.monitor import recorder as module
from ganlab.monitor.recorder import BLOCK, NonFinite, Recorder
from ganlab.monitor.view import View
from ganlab.runs.directory import new_run
from ganlab.runs.history import read_history
from ganlab.runs.snapshots import read_snapshots
from ganlab.runs.status import RunStatus

Make = Callable[..., Recorder]


class Collector(View):
    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self.warnings: list[str] = []
        self.first_steps: list[int] = []
        self.ended = 0

    def begin(self, run: Any, first_step: int, steps: Any) -> None:
        self.first_steps.append(first_step)

    def progress(self, rows: Any) -> None:
        self.rows += rows

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def end(self) -> None:
        self.ended += 1


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Make a recorder that writes rows only when asked to or when a block is full."""
    monkeypatch.setattr(module, "FLUSH_SECONDS", 1e9)
    return lambda **options: Recorder(new_run(tmp_path, "toy"), RunStatus(status="running", steps=1000), **options)


def test_rows_are_written_in_blocks(make: Make) -> None:
    view = Collector()
    recorder = make(views=[view])
    for step in range(1, BLOCK):
        recorder.log(step, {"d_loss": torch.tensor(float(step)), "d_acc_real": None, "lr_g": 0.1})
    assert not recorder.run.history.exists()
    recorder.log(BLOCK, {"d_loss": torch.tensor(float(BLOCK)), "d_acc_real": None, "lr_g": 0.1})
    recorder.log(BLOCK + 1, {"d_loss": -1.0, "lr_g": 0.1})
    assert len(view.rows) == BLOCK
    recorder.flush()
    history = read_history(recorder.run.history)
    assert list(history) == ["step", "time", "d_loss", "d_acc_real", "lr_g"]
    assert history["d_loss"].tolist() == [*range(1, BLOCK + 1), -1.0]
    assert np.isnan(history["d_acc_real"]).all()
    assert view.rows[-1]["step"] == BLOCK + 1


def test_a_slow_run_is_written_every_second(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FLUSH_SECONDS", 0.0)
    recorder = make()
    recorder.log(1, {"g_loss": 1.0})
    assert read_history(recorder.run.history)["step"].tolist() == [1.0]


def test_steps_must_grow(make: Make) -> None:
    recorder = make()
    recorder.log(5, {"d_loss": 1.0})
    with pytest.raises(RunError, match="step 5 after step 5"):
        recorder.log(5, {"d_loss": 1.0})


def test_a_bad_value_is_told_once_and_stops_a_checkpoint(make: Make) -> None:
    view = Collector()
    recorder = make(views=[view])
    for step, value in enumerate([1.0, float("nan"), float("inf")], start=1):
        recorder.log(step, {"d_loss": torch.tensor(value)})
    recorder.require_finite()  # the rows are not written yet
    recorder.flush()
    with pytest.raises(NonFinite) as caught:
        recorder.require_finite()
    assert (caught.value.step, caught.value.column) == (2, "d_loss")
    recorder.log(4, {"d_loss": float("nan")})
    recorder.flush()
    assert view.warnings == ["d_loss is NaN or infinite at step 2"]


def test_log_lines_cannot_be_forged(make: Make) -> None:
    recorder = make()
    recorder.warn("one\n2026-01-01 two \x1b[31mred")
    (line,) = recorder.run.log.read_text().splitlines()
    assert "\x1b" not in line
    assert r"one\n2026-01-01 two \x1b[31mred" in line


def test_what_is_there_is_taken_in(make: Make) -> None:
    first = make()
    for step in range(1, 4):
        first.log(step, {"d_loss": 1.0 / step})
    first.flush()
    first.add_snapshot({"step": 3, "fid": 2.0})
    view = Collector()
    second = Recorder(first.run, first.status, views=[view])
    assert second.last_step == 3
    assert second.evidence.curves["d_loss"].series().values.tolist() == pytest.approx([1, 1 / 2, 1 / 3])
    assert [row["fid"] for row in second.evidence.snapshots] == [2.0]
    assert view.first_steps == [4]
    assert second.elapsed >= read_history(first.run.history)["time"][-1]


def test_the_last_snapshot_can_be_written_again(make: Make) -> None:
    recorder = make()
    for step in (1, 2):
        recorder.add_snapshot({"step": step, "fid": float(step)})
    recorder.replace_last_snapshot({"step": 2, "fid": 9.0, "c_t": 0.5})
    assert read_snapshots(recorder.run.snapshots) == recorder.evidence.snapshots
    assert [row["fid"] for row in recorder.evidence.snapshots] == [1.0, 9.0]


def test_the_lock_is_held_until_the_run_is_closed(make: Make, tmp_path: Path) -> None:
    view = Collector()
    run = new_run(tmp_path, "toy")
    recorder = Recorder(run, RunStatus(status="running"), views=[view], lock=run.held())
    assert run.is_held()
    recorder.log(7, {"d_loss": 1.0})
    with recorder.spending("watching"):
        time.sleep(0.02)
    recorder.close("failed", "because")
    assert not run.is_held()
    status = run.status()
    assert (status.status, status.reason, status.step) == ("failed", "because", 7)
    assert status.cost is not None
    assert 0 < status.cost.watching_share <= 1
    assert status.cost.saving_share == 0
    assert view.ended == 1


def test_preparing_is_shown_and_is_no_part_of_the_runs_time(tmp_path: Path) -> None:
    texts: list[str] = []

    class Listener(View):
        def preparing(self, text: str, seconds: float) -> None:
            texts.append(text)

    recorder = Recorder(new_run(tmp_path, "toy"), RunStatus(status="running"), views=[Listener()])
    with recorder.spending("watching"):
        with recorder.preparing():
            report("features", 0.0)
            time.sleep(0.3)
            report("features", 0.4)
        time.sleep(0.02)
    assert texts[0] == "preparing: features, 0 %"
    assert re.fullmatch(r"preparing: features, 40 %, \d s left", texts[1])
    assert texts[2:] == [""]
    assert recorder.prepared >= 0.3
    assert 0 < recorder.seconds["watching"] < 0.3
    assert recorder.elapsed < 0.3
    assert "features" in recorder.run.log.read_text()
    recorder.close("finished")
    cost = recorder.run.status().cost
    assert cost is not None
    assert cost.preparing_seconds == pytest.approx(recorder.prepared, abs=0.001)


def test_what_was_kept_is_not_shown_as_prepared(tmp_path: Path) -> None:
    recorder = Recorder(new_run(tmp_path, "toy"), RunStatus(status="running"))
    with recorder.preparing():
        pass
    assert not recorder.run.log.exists() or "prepared" not in recorder.run.log.read_text()
