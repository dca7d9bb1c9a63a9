"""Row 8: many starts at once in one runs folder, and one run resumed by several processes at once."""

from __future__ import annotations

import os
import signal
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ganlab.runs.directory import RunDirectory, list_runs
from ganlab.runs.lock import HOLDER
from ganlab.training import session

OVERRIDES = ("training.device=cpu", "training.steps=4", "monitor.checkpoint_every=2", "monitor.snapshot_every=4")


def at_once(child: Any, works: list[Callable[[], Any]]) -> list[Any]:
    """Do each work in a child of its own, all let go at the same moment, and return how they ended with their ids."""
    read, write = os.pipe()

    def waiting(work: Callable[[], Any]) -> Callable[[], Any]:
        def wait_then_work() -> Any:
            os.close(write)
            os.read(read, 1)
            return work()

        return wait_then_work

    children = [child(waiting(work)) for work in works]
    os.close(write)
    os.close(read)
    return [(each.pid, each.wait()) for each in children]


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize("starts", [6, pytest.param(64, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_every_start_has_a_directory_of_its_own(
    starts: int, points: Any, child: Any, differences: Any, figure: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    experiments = [points(*OVERRIDES, f"seed={seed}") for seed in range(starts)]
    works = [lambda each=each: session.start(each, shared).path for each in experiments]
    # The time in a run's name has seconds, so most of these names would be equal but for their four letters: with three
    # letters to draw from there are 81 of those, and collisions are certain.
    with monkeypatch.context() as patch:
        patch.setattr(string, "ascii_lowercase", "abc")
        ended = at_once(child, works)
    assert all(end.code == 0 for _, end in ended), [end.output for _, end in ended if end.code]

    directories = {end.value for _, end in ended}
    assert directories == {run.path for run in list_runs(shared)} == set(shared.iterdir())
    alone = tmp_path / "alone"
    clean = 0
    for experiment, (pid, end) in zip(experiments, ended, strict=True):
        run = RunDirectory(end.value)
        by_itself = child(lambda experiment=experiment: session.start(experiment, alone).path).wait().value
        status = run.status()
        same = (status.process.pid, status.seed) == (pid, experiment.seed) and run.experiment() == experiment
        names = [sorted(p.relative_to(run).as_posix() for p in run.rglob("*")) for run in (run.path, by_itself)]
        clean += same and names[0] == names[1] and not differences(run, RunDirectory(by_itself))
    figure(8, "simultaneous starts; directories of their own", len(directories), starts)
    figure(8, "simultaneous starts; equal to the same run alone, no file mixed", clean, starts)
    assert len(directories) == clean == starts


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize(("trials", "processes"), [(1, 6), pytest.param(50, 8, marks=pytest.mark.slow)])
def test_one_of_several_resumes_goes_on(
    trials: int,
    processes: int,
    points: Any,
    runs: Any,
    child: Any,
    copy_of: Any,
    differences: Any,
    figure: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    experiment = points(*OVERRIDES)
    whole, broken = runs.whole(experiment), runs.interrupted(experiment, 2)
    carry_on = session.carry_on

    def slowly(*arguments: Any) -> None:
        # Long enough that the others meet the holder, and not a run that has finished.
        signal.sigtimedwait((), 1.0)
        carry_on(*arguments)

    monkeypatch.setattr(session, "carry_on", slowly)
    good = 0
    for _ in range(trials):
        run = copy_of(broken)
        ended = at_once(child, [lambda run=run: session.resume(run)] * processes)
        went_on = [pid for pid, end in ended if end.code == 0]
        named = [f"in use by process {went_on[0]} on" in end.output for _, end in ended if end.code == 2]
        good += len(went_on) == 1 and len(named) == processes - 1 and all(named) and not differences(run, whole)
        assert not (run.path / HOLDER).exists()
    figure(8, "one run resumed by several processes at once; one went on, the others named it", good, trials)
    assert good == trials


def test_a_dead_holder_is_none(points: Any, runs: Any, child: Any, copy_of: Any, tmp_path: Path) -> None:
    """The kernel lets go of a lock when its process dies, whatever is written in the folder."""
    run = copy_of(runs.interrupted(points(*OVERRIDES), 2))

    def hold_and_die() -> None:
        with run.held():
            os.kill(os.getpid(), signal.SIGKILL)

    assert child(hold_and_die).wait().code == -signal.SIGKILL
    assert (run.path / HOLDER).exists()
    assert not run.is_held()
    assert child(lambda: session.resume(run)).wait().code == 0
    assert not (run.path / HOLDER).exists()
