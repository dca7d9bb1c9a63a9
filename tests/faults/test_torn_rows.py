"""Row 14: history.csv and snapshots.jsonl cut off at any byte after the newest checkpoint, then a resume."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from ganlab.monitor.view import View
from ganlab.runs.directory import RunDirectory
from ganlab.training import session
from ganlab.training.checkpoint import checkpoint_steps

OVERRIDES = ("training.device=cpu", "training.steps=6", "monitor.checkpoint_every=3", "monitor.snapshot_every=5")
CHECKPOINT, KILLED = 3, 5


class KillAtPicture(View):
    """Kills its process when the snapshot of a step has been written, before any checkpoint of it is."""

    def picture(self, step: int, pixels: Any) -> None:
        if step == KILLED:
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def torn(points: Any, child: Any, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """Return a run killed with rows in both files that no checkpoint vouches for."""
    place = tmp_path_factory.mktemp("torn")
    ended = child(lambda: session.start(points(*OVERRIDES), place, (KillAtPicture(),))).wait()
    assert ended.code == -signal.SIGKILL, ended.output
    (path,) = place.iterdir()
    run = RunDirectory(path)
    assert checkpoint_steps(run.checkpoints)[-1] == CHECKPOINT
    assert len(run.history.read_text().splitlines()) == 1 + KILLED
    assert len(run.snapshots.read_text().splitlines()) == 2
    return run


def offsets(path: Path, whole_rows: int, every: int) -> range:
    """Return the lengths to which a file can be torn after its first rows: all of them, or every so many."""
    vouched = sum(map(len, path.read_bytes().splitlines(keepends=True)[:whole_rows]))
    return range(vouched, path.stat().st_size + 1, every)


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize("every", [101, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])])
@pytest.mark.parametrize(("name", "vouched"), [("history.csv", 1 + CHECKPOINT), ("snapshots.jsonl", 1)])
def test_no_step_twice_and_none_missing(
    name: str,
    vouched: int,
    every: int,
    torn: RunDirectory,
    points: Any,
    runs: Any,
    child: Any,
    copy_of: Any,
    differences: Any,
    figure: Any,
) -> None:
    whole = runs.whole(points(*OVERRIDES))
    lengths = offsets(torn.path / name, vouched, every)
    good = 0
    for length in lengths:
        run = copy_of(torn)
        os.truncate(run.path / name, length)
        ended = child(lambda run=run: session.resume(run)).wait()
        assert ended.code == 0, ended.output
        found = differences(run, whole)
        assert not found, f"{name} cut at {length}: {found}"
        good += not found
    figure(14, f"{name} torn at any byte after the checkpoint, resumed; equal rows", good, len(lengths))


@pytest.mark.parametrize("every", [83, pytest.param(1, marks=pytest.mark.slow)])
def test_rows_that_a_checkpoint_vouched_for_must_be_there(
    every: int, torn: RunDirectory, child: Any, copy_of: Any, figure: Any
) -> None:
    vouched = offsets(torn.history, 1 + CHECKPOINT, 1)[0]
    lengths = range(0, vouched, every)
    refused = 0
    for length in lengths:
        run = copy_of(torn)
        os.truncate(run.history, length)
        ended = child(lambda run=run: session.resume(run)).wait()
        refused += (
            ended.code == 2
            and "history.csv does not hold the rows of steps 1 to 3" in ended.output
            and run.history.stat().st_size == length
        )
    figure(14, "history.csv torn before the checkpoint, which no crash does; refused", refused, len(lengths))
    assert refused == len(lengths)
