from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from ganlab.data import load
from ganlab.monitor.recorder import NonFinite
from ganlab.runs.directory import create_run
from ganlab.runs.history import read_history
from ganlab.runs.status import RunStatus
from ganlab.training.checkpoint import checkpoint_steps
from ganlab.training.step import train_step
from ganlab.training.watch import Due, Watch
from ganlab.training.workbench import build_workbench

OVERRIDES = ("training.steps=12", "monitor.snapshot_every=5", "monitor.checkpoint_every=4")


def watched(experiment: Any, folder: Path) -> Watch:
    data = load(experiment.data, experiment.training.batch_size)
    bench = build_workbench(experiment, data, torch.device("cpu"))
    run, steps = create_run(folder, experiment), experiment.training.steps
    return Watch(bench, data, run, RunStatus(status="running", steps=steps))


def dues(watch: Watch) -> Iterator[tuple[int, Due]]:
    """Train, and yield what is due after each step."""
    while watch.state.step < watch.state.experiment.training.steps:
        due = watch.after(train_step(watch.state, watch.bench.game, watch.bench.feed))
        yield watch.state.step, due


def test_what_is_due(points: Any, tmp_path: Path) -> None:
    watch = watched(points(*OVERRIDES), tmp_path)
    watch.look()
    saved = [step for step, due in dues(watch) if due.save]
    watch.recorder.flush()
    assert [row.step for row in watch.recorder.evidence.snapshots] == [0, 5, 10, 12]
    assert {4, 8, 12} <= set(saved) <= {4, 5, 8, 10, 12}
    assert [step for step in (5, 10) if step in saved] == best_so_far(watch, (5, 10))
    assert read_history(watch.recorder.run.history)["step"].tolist() == list(range(1, 13))


def best_so_far(watch: Watch, steps: tuple[int, ...]) -> list[int]:
    """Those of the steps whose snapshot was nearer to the reals than all before."""
    distances = {row.step: row["energy_distance"] for row in watch.recorder.evidence.snapshots}
    return [step for step in steps if distances[step] < min(d for s, d in distances.items() if s < step)]


def test_a_verdict_that_stands_stops_the_run_but_not_at_its_last_step(points: Any, tmp_path: Path) -> None:
    options = ("training.steps=160", "monitor.snapshot_every=20", "monitor.checkpoint_every=1000", "optimizer.lr=1e-9")
    watch = watched(points(*options, "monitor.stop_on=[never_learned]"), tmp_path)
    watch.look()
    stops = {step: due for step, due in dues(watch) if due.stop}
    assert all(due == Due(save=True, stop=f"stop_on: never_learned at step {step}") for step, due in stops.items())
    assert stops
    assert 160 not in stops


def test_nothing_is_saved_once_a_row_is_not_finite(points: Any, tmp_path: Path) -> None:
    watch = watched(points(*OVERRIDES), tmp_path)
    watch.look()
    watch.save()
    watch.recorder.log(1, {"d_loss": float("nan")})
    with pytest.raises(NonFinite):
        watch.save()
    assert checkpoint_steps(watch.recorder.run.checkpoints) == [0]
