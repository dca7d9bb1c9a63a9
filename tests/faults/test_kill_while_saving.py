"""Row 2: kill -9 before every change that saving makes to files, and half-way through each file."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch

from ganlab.runs.directory import RunDirectory
from ganlab.training import session
from ganlab.training.checkpoint import newest_checkpoint, save_checkpoint
from ganlab.training.state import State
from ganlab.training.watch import Watch

OVERRIDES = ("training.device=cpu", "training.steps=8", "monitor.checkpoint_every=2", "monitor.snapshot_every=4")


def kill_myself() -> None:
    """Die as by kill -9."""
    os.kill(os.getpid(), signal.SIGKILL)


def counted_while_saving(operations: Any, chosen: int, at_step: int, work: Callable[[], Any]) -> int:
    """Do the work, dying at the chosen change to files while `at_step` is saved; return how many changes there were."""
    ops = operations()
    ops.chosen, ops.act = chosen, kill_myself
    save = Watch.save

    def counted(watch: Watch) -> None:
        with ops.during() if watch.state.step == at_step else nullcontext():
            save(watch)

    Watch.save = counted  # type: ignore[method-assign]
    work()
    return int(ops.count)


def counted_throughout(operations: Any, chosen: int, work: Callable[[], Any]) -> int:
    """Do the work, dying at the chosen change to files; return how many changes there were."""
    ops = operations()
    ops.chosen, ops.act = chosen, kill_myself
    with ops.during():
        work()
    return int(ops.count)


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize("every", [7, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_killed_while_a_checkpoint_is_written(
    every: int,
    points: Any,
    runs: Any,
    child: Any,
    operations: Any,
    differences: Any,
    orphans: Any,
    figure: Any,
    tmp_path: Path,
) -> None:
    experiment = points(*OVERRIDES)
    whole = runs.whole(experiment)

    trials = loadable = identical = left = 0
    for step in (2, 4, 6, 8):
        place = tmp_path / f"all-{step}"

        def start(place: Path = place) -> Any:
            return session.start(experiment, place)

        ended = child(lambda step=step, start=start: counted_while_saving(operations, 0, step, start)).wait()
        assert ended.code == 0, ended.output
        assert ended.value > 10, "a checkpoint is several files, each synced and renamed"
        for chosen in range(1, ended.value + 1, every):
            place = tmp_path / f"{step}-{chosen}"

            def start(place: Path = place) -> Any:
                return session.start(experiment, place)

            dead = child(
                lambda step=step, chosen=chosen, start=start: counted_while_saving(operations, chosen, step, start)
            ).wait()
            assert dead.code == -signal.SIGKILL, dead.output
            (path,) = place.iterdir()
            run = RunDirectory(path)
            checkpoint, warnings = newest_checkpoint(run.checkpoints)
            trials += 1
            loadable += checkpoint is not None and not warnings and checkpoint.step in (step - 2, step)
            again = child(lambda run=run: session.resume(run)).wait()
            assert again.code == 0, again.output
            identical += not differences(run, whole)
            left += len(orphans(run.path))
    figure(2, "killed at a change to files while saving; newest loadable", loadable, trials)
    figure(2, "killed at a change to files while saving, resumed; identical", identical, trials)
    figure(2, "killed at a change to files while saving, resumed; orphans", left, trials)
    assert (loadable, identical, left) == (trials, trials, 0)


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize("every", [9, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_killed_while_resuming(
    every: int,
    points: Any,
    runs: Any,
    child: Any,
    copy_of: Any,
    operations: Any,
    differences: Any,
    orphans: Any,
    figure: Any,
) -> None:
    experiment = points(*OVERRIDES)
    whole, broken = runs.whole(experiment), runs.interrupted(experiment, 4)

    def resumed(run: RunDirectory, chosen: int) -> Any:
        return child(lambda: counted_throughout(operations, chosen, lambda: session.resume(run))).wait()

    ended = resumed(copy_of(broken), 0)
    assert ended.code == 0, ended.output
    trials = good = 0
    for chosen in range(1, ended.value + 1, every):
        run = copy_of(broken)
        assert resumed(run, chosen).code == -signal.SIGKILL
        checkpoint, warnings = newest_checkpoint(run.checkpoints)
        again = child(lambda run=run: session.resume(run)).wait()
        assert again.code == 0, again.output
        trials += 1
        good += checkpoint is not None and not warnings and not differences(run, whole) and not orphans(run.path)
    figure(2, "killed at a change to files while resuming, resumed again; identical", good, trials)
    assert good == trials


def test_a_step_saved_again_is_left_as_it_is(points: Any, tmp_path: Path) -> None:
    """Two renames take a checkpoint's place; a crash between them must not cost the only one there is."""
    state = State(points(*OVERRIDES), torch.device("cpu"))
    before = save_checkpoint(tmp_path, state).stat().st_ino
    assert save_checkpoint(tmp_path, state).stat().st_ino == before
    with torch.no_grad():
        next(state.generator.parameters()).add_(1.0)
    assert save_checkpoint(tmp_path, state).stat().st_ino != before
    assert len(list(tmp_path.iterdir())) == 1
