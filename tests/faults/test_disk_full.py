"""Row 7: the disk is full before a run, and at every change to files during one. Needs root, to mount a small disk."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ganlab.config.load import dump_experiment
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import read_history
from ganlab.training import session
from ganlab.training.checkpoint import newest_checkpoint

OVERRIDES = ("training.device=cpu", "training.steps=6", "monitor.checkpoint_every=2", "monitor.snapshot_every=3")
SIZE = 8 * 2**20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Return an empty disk of 8 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    if (
        os.getuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", place], capture_output=True
        ).returncode
    ):
        pytest.skip("mounting a small disk needs root")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def fill(disk: Path, leave: int) -> None:
    """Fill a disk but for some bytes."""
    with open(disk / "ballast", "wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        os.truncate(file.fileno(), file.tell() - leave)


def test_refused_before_anything_is_written(points: Any, disk: Path, tmp_path: Path) -> None:
    config = tmp_path / "toy.yaml"
    config.write_text(dump_experiment(points(*OVERRIDES)))
    fill(disk, leave=16384)
    command = [sys.executable, "-m", "ganlab", "train", "toy.yaml", "--runs-dir", str(disk / "runs")]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert ended.returncode == 2, ended.stderr
    assert f"the disk under {disk} has less than the" in ended.stderr.replace("\n", " ")
    assert "Traceback" not in ended.stderr
    assert [path.name for path in disk.iterdir()] == ["ballast"]


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize("every", [29, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])])
@pytest.mark.parametrize("leave", [0, 2**20], ids=["nothing left", "1 MiB left"])
def test_full_at_any_moment_of_a_run(
    leave: int,
    every: int,
    points: Any,
    runs: Any,
    child: Any,
    operations: Any,
    differences: Any,
    orphans: Any,
    figure: Any,
    disk: Path,
) -> None:
    experiment = points(*OVERRIDES)
    whole = runs.whole(experiment)

    def train(chosen: int, place: Path) -> int:
        ops = operations()
        ops.chosen, ops.act = chosen, lambda: fill(disk, leave)
        with ops.during():
            session.start(experiment, place)
        return int(ops.count)

    ended = child(lambda: train(0, disk / "all")).wait()
    assert ended.code == 0, ended.output
    intact = resumed = trials = 0
    for chosen in range(1, ended.value + 1, every):
        place = disk / str(chosen)
        full = child(lambda chosen=chosen, place=place: train(chosen, place)).wait()
        (path,) = place.iterdir()
        run = RunDirectory(path)
        if full.code == 0:
            # Filled so late that nothing more was to be written that did not fit.
            assert run.status().status == "finished"
        else:
            assert full.code == 75, full.output
            assert "the disk is full" in full.output
            assert "free some space" in full.output
            assert "Traceback" not in full.output
        checkpoint, warnings = newest_checkpoint(run.checkpoints) if run.status_file.exists() else (None, [])
        rows = len(read_history(run.history).get("step", ()))
        begun = checkpoint is not None
        (disk / "ballast").unlink()
        if begun:
            trials += 1
            intact += not warnings and checkpoint is not None and checkpoint.step <= rows
            again = child(lambda run=run: session.resume(run)).wait()
            assert again.code == 0, again.output
            found = differences(run, whole)
            assert not found, found
            resumed += not found and not orphans(run.path)
        else:
            assert not list(run.checkpoints.glob("step_*")), "what was saved must be loadable"
        subprocess.run(["rm", "-r", place], check=True)
    words = "nothing" if leave == 0 else "1 MiB"
    figure(7, f"disk full but for {words} at a change to files; previous checkpoint intact", intact, trials)
    figure(7, f"disk full but for {words} at a change to files, space freed, resumed; identical", resumed, trials)
    assert trials
    assert intact == resumed == trials
