"""Rows 15 and 16: a sweep whose workers are killed or run out of memory, and one whose parent is killed."""

from __future__ import annotations

import csv
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from ganlab.config.load import dump_experiment
from ganlab.runs.directory import RunDirectory
from ganlab.sweeps.folder import SweepFolder
from ganlab.sweeps.records import read_attempts

# One process of the suite runs them all: the sweep that they are compared with is trained once.
pytestmark = pytest.mark.xdist_group("sweeps")

OVERRIDES = ("training.device=cpu", "training.steps=300", "monitor.snapshot_every=150", "monitor.checkpoint_every=50")
RUNS = 4


@pytest.fixture(scope="module")
def spec(points: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of four toy runs, on two workers."""
    folder = tmp_path_factory.mktemp("spec")
    (folder / "base.yaml").write_text(dump_experiment(points(*OVERRIDES)))
    path = folder / "toy.yaml"
    path.write_text(f"name: toy\nbase: base.yaml\ngrid: {{optimizer.lr: [1.0e-3]}}\nseeds: {RUNS}\n")
    return path


def begin(
    spec: Path, runs_dir: Path, *options: str, before: Callable[[], None] | None = None
) -> subprocess.Popen[bytes]:
    """Start `ganlab sweep` as a user does, in a process of its own."""
    command = [sys.executable, "-m", "ganlab", "sweep", str(spec), "--workers", "2", "--runs-dir", str(runs_dir)]
    return subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        preexec_fn=before,
    )


def finish(process: subprocess.Popen[bytes]) -> str:
    """Wait for a sweep and return what it printed."""
    output, _ = process.communicate(timeout=200)
    return output.decode()


def folder_of(runs_dir: Path) -> SweepFolder:
    (path,) = runs_dir.glob("sweep-*")
    return SweepFolder(path)


def results(folder: SweepFolder) -> list[dict[str, str]]:
    """Return runs.csv without what depends on the clock."""
    with (folder.path / "runs.csv").open() as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def workers(parent: psutil.Process) -> list[psutil.Process]:
    return [child for child in parent.children(recursive=True) if "ganlab.training.worker" in child.cmdline()]


def gone(processes: list[psutil.Process]) -> int:
    """Wait for processes to end, and return how many have not after a minute."""
    return len(psutil.wait_procs(processes, timeout=60)[1])


@pytest.fixture(scope="module")
def whole(spec: Path, tmp_path_factory: pytest.TempPathFactory) -> SweepFolder:
    """The same sweep, left in peace."""
    runs_dir = tmp_path_factory.mktemp("whole")
    process = begin(spec, runs_dir)
    output = finish(process)
    assert process.returncode == 0, output
    return folder_of(runs_dir)


def done_once(folder: SweepFolder, whole: SweepFolder, differences: Any) -> int:
    """Return how many runs are there, ended, and are bit for bit those of the sweep that was left in peace."""
    names = {path.name for path in whole.runs.iterdir()}
    assert {path.name for path in folder.runs.iterdir()} == names
    return sum(not differences(whole.run(name), folder.run(name)) for name in names)


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
def test_killed_workers_are_replaced_and_their_runs_go_on(
    kills: int, spec: Path, whole: SweepFolder, differences: Any, figure: Any, tmp_path: Path
) -> None:
    chance = random.Random(15)
    identical = expected = zombies = killed = 0
    while killed < kills:
        runs_dir = tmp_path / str(killed)
        process = begin(spec, runs_dir)
        parent = psutil.Process(process.pid)
        seen: set[psutil.Process] = set()
        victims = 0
        while process.poll() is None and victims < 2:
            time.sleep(chance.uniform(0.5, 3.0))
            alive = workers(parent) if parent.is_running() and parent.status() != psutil.STATUS_ZOMBIE else []
            seen |= set(alive)
            training = [worker for worker in alive if any("/runs/" in file.path for file in worker.open_files())]
            if training:
                chance.choice(training).send_signal(signal.SIGKILL)
                victims += 1
        output = finish(process)
        killed += max(1, victims)
        assert process.returncode == 0, output
        folder = folder_of(runs_dir)
        causes = [row["cause"] for row in read_attempts(folder)]
        assert causes == ["out_of_memory"] * victims
        assert results(folder) == results(whole)
        identical += done_once(folder, whole, differences)
        expected += RUNS
        zombies += gone(list(seen))
    figure(15, "each run done exactly once, bit for bit, after kills of workers:", identical, expected)
    assert identical == expected
    assert zombies == 0


@pytest.mark.slow
def test_a_run_too_large_for_the_memory_is_told_and_the_others_go_on(points: Any, figure: Any, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(dump_experiment(points("training.device=cpu", "training.steps=4")))
    spec = tmp_path / "spec.yaml"
    large = "{training.batch_size: 65536, generator.width: 4096, data.points: 100000}"
    spec.write_text(f"name: large\nbase: base.yaml\ngrid: {{size: {{large: {large}, small: {{training.steps: 5}}}}}}\n")
    limit = 6 << 30  # bytes of address space: enough for torch and a toy run, not for activations of 1 GiB each

    process = begin(spec, tmp_path / "runs", before=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    output = finish(process)

    folder = folder_of(tmp_path / "runs")
    assert process.returncode == 75, output
    large_run, small_run = results(folder)
    assert small_run["state"] == "finished"
    assert large_run["state"] in ("missing", "failed")
    assert "out_of_memory" in large_run["reason"]
    attempts = read_attempts(folder)
    assert [row["cause"] for row in attempts] == ["out_of_memory"] * 3, attempts  # once, and two retries
    figure(15, "out of memory told, and tried again twice:", len(attempts), 3)


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
def test_a_killed_parent_leaves_nothing_behind_and_the_same_command_goes_on(
    kills: int, spec: Path, whole: SweepFolder, differences: Any, figure: Any, tmp_path: Path
) -> None:
    chance = random.Random(16)
    recomputed = ended_before = identical = zombies = 0
    for trial in range(kills):
        runs_dir = tmp_path / str(trial)
        process = begin(spec, runs_dir)
        parent = psutil.Process(process.pid)
        time.sleep(chance.uniform(3.0, 9.0))
        orphans = workers(parent)
        process.kill()
        finish(process)
        zombies += gone(orphans)
        if not list(runs_dir.glob("sweep-*")):
            continue  # killed before it had begun
        folder = folder_of(runs_dir)
        before = {name: stamp(folder.run(name)) for name in ended(folder)}

        again = begin(spec, runs_dir)
        output = finish(again)
        assert again.returncode == 0, output
        recomputed += sum(stamp(folder.run(name)) != was for name, was in before.items())
        ended_before += len(before)
        assert results(folder) == results(whole)
        identical += done_once(folder, whole, differences) == RUNS
    figure(16, "sweeps that end as if their parent had not been killed:", identical, kills)
    figure(16, "finished runs left as they were:", ended_before - recomputed, ended_before)
    assert (identical, recomputed, zombies) == (kills, 0, 0)


def ended(folder: SweepFolder) -> list[str]:
    """Names of the runs that have ended by themselves."""
    rows = {path.parent.name: json.loads(path.read_text()) for path in folder.runs.glob("*/run.json")}
    return [name for name, status in rows.items() if status["status"] in ("finished", "stopped")]


def stamp(run: RunDirectory) -> tuple[Any, ...]:
    """What changes when a run is trained again or gone on with."""
    status = run.status()
    return run.history.stat().st_mtime_ns, status.started, len(status.resumed)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 75), (signal.SIGINT, 130)])
def test_a_signal_saves_all_runs_and_the_same_command_goes_on(
    number: int, code: int, spec: Path, whole: SweepFolder, differences: Any, tmp_path: Path
) -> None:
    process = begin(spec, tmp_path)
    # A run takes a second: the first two are stopped as soon as one has saved something.
    while not [path for path in tmp_path.glob("*/runs/*/checkpoints/step_*") if path.name >= "step_0000050"]:
        assert process.poll() is None
        time.sleep(0.02)
    orphans = workers(psutil.Process(process.pid))
    process.send_signal(number)
    output = finish(process)
    assert process.returncode == code, output
    assert "the same command goes on" in output
    assert gone(orphans) == 0

    again = begin(spec, tmp_path)
    output = finish(again)
    assert again.returncode == 0, output
    folder = folder_of(tmp_path)
    assert results(folder) == results(whole)
    assert done_once(folder, whole, differences) == RUNS


def test_two_sweeps_in_one_folder_are_one_too_many(spec: Path, whole: SweepFolder) -> None:
    with RunDirectory(whole.path).held():
        process = begin(spec, whole.path.parent)
        output = finish(process)
    assert process.returncode == 2
    assert "is in use by process" in output
