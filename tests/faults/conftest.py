"""What the fault tests share: forked children, runs to compare with, and the line that says a figure.

A trial runs in a fork of the test process, so that it costs a fraction of a second rather than an import of torch.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import ganlab.runs.files
import ganlab.training.checkpoint
from ganlab.cli.app import main
from ganlab.config.experiment import Experiment
from ganlab.data import cache
from ganlab.errors import GanlabError
from ganlab.monitor.pictures import Pictures
from ganlab.monitor.view import View
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import read_history
from ganlab.runs.snapshots import read_snapshots
from ganlab.training import session
from ganlab.training.checkpoint import newest_checkpoint

SECONDS = 120
"""A child that lives longer is killed: it hangs."""


@pytest.fixture(scope="session")
def figure() -> Callable[[int, str, int, int], None]:
    """Say a fault's figure in one line, `row 1: identical 50 of 50`, and add it to the file GANLAB_FIGURES names."""

    def say(row: int, what: str, good: int, of: int) -> None:
        line = f"row {row}: {what} {good} of {of}"
        print(line)
        if os.environ.get("GANLAB_FIGURES"):
            with open(os.environ["GANLAB_FIGURES"], "a") as file:
                file.write(line + "\n")

    return say


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code (the negative signal that killed it), what it printed, what it returned."""

    code: int
    output: str
    value: Any


class Child:
    """A forked process that does some work. A user's error ends it with that error's exit code, as `ganlab` does."""

    def __init__(self, work: Callable[[], Any]) -> None:
        # Closed in `wait`, when the child has written to them.
        self.printed = tempfile.TemporaryFile()  # noqa: SIM115
        self.returned = tempfile.TemporaryFile()  # noqa: SIM115
        self.pid = os.fork()
        if self.pid == 0:
            # Neither pytest's handlers nor its captured output are the child's.
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(SECONDS)
            os.dup2(self.printed.fileno(), 1)
            os.dup2(self.printed.fileno(), 2)
            sys.stdout = sys.stderr = open(1, "w", closefd=False)  # noqa: SIM115
            code = self._run(work)
            sys.stdout.flush()
            os._exit(code)

    def _run(self, work: Callable[[], Any]) -> int:
        try:
            pickle.dump(work(), self.returned)
            self.returned.flush()
        except SystemExit as leaving:
            return int(leaving.code or 0)
        except GanlabError as error:
            print(error)
            return error.exit_code
        except KeyboardInterrupt:
            return 130
        except BaseException:
            traceback.print_exc(file=sys.stdout)
            return 1
        return 0

    def send(self, number: int) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def wait(self) -> Ended:
        """Wait for the end."""
        _, status = os.waitpid(self.pid, 0)
        with self.printed, self.returned:
            self.printed.seek(0)
            self.returned.seek(0)
            content = self.returned.read()
            value = pickle.loads(content) if content else None
            return Ended(os.waitstatus_to_exitcode(status), self.printed.read().decode(errors="replace"), value)


@pytest.fixture(scope="session", autouse=True)
def _warm(points: Callable[..., Experiment], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Train once here, so that every child inherits what PyTorch and ganlab import on first use."""
    experiment = points("training.device=cpu", "training.steps=1")
    session.start(experiment, tmp_path_factory.mktemp("warm"))


@pytest.fixture(scope="session")
def child() -> type[Child]:
    """Fork a process that does some work."""
    return Child


@pytest.fixture(scope="session")
def cli() -> Callable[..., Ended]:
    """Run `ganlab` with these arguments in a forked process, in a folder, with changes to the environment."""

    def run(*arguments: str, cwd: Path, **environment: str) -> Ended:
        def work() -> None:
            os.chdir(cwd)
            os.environ.update(environment)
            sys.argv = ["ganlab", *arguments]
            cache.filled.clear()  # what other tests kept; a process of its own knows nothing of it
            main()

        return Child(work).wait()

    return run


@pytest.fixture
def no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the figures at a run's end: they take most of a toy run's time, and nothing of its state."""
    monkeypatch.setattr(Pictures, "finish", lambda self, evidence, verdict: None)


class KillAt(View):
    """Sends its own process a signal when a row of `step` has been written."""

    def __init__(self, step: int, number: int) -> None:
        self.step = step
        self.number = number

    def progress(self, rows: Any) -> None:
        if rows[-1]["step"] >= self.step:
            os.kill(os.getpid(), self.number)


class Runs:
    """Runs that several trials start from or compare with, made once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: dict[Any, RunDirectory] = {}

    def whole(self, experiment: Experiment) -> RunDirectory:
        """Return the run of an experiment that nothing disturbed."""
        return self._once((experiment.model_dump_json(), None), experiment, ())

    def interrupted(self, experiment: Experiment, step: int) -> RunDirectory:
        """Return a run that SIGTERM ended after `step`, where a checkpoint or snapshot is due."""
        return self._once((experiment.model_dump_json(), step), experiment, (KillAt(step, signal.SIGTERM),))

    def _once(self, key: Any, experiment: Experiment, views: Any) -> RunDirectory:
        if key not in self.made:
            place = self.folder / str(len(self.made))
            ended = Child(lambda: session.start(experiment, place, views)).wait()
            assert ended.code == (75 if views else 0), ended.output
            (path,) = place.iterdir()
            self.made[key] = RunDirectory(path)
        return self.made[key]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Make or return whole and interrupted runs."""
    return Runs(tmp_path_factory.mktemp("fault-runs"))


@pytest.fixture
def copy_of(tmp_path: Path) -> Iterator[Callable[[RunDirectory], RunDirectory]]:
    """Copy a run into a place of its own; the copies of a test are removed at its end."""
    folder = Path(tempfile.mkdtemp(dir=tmp_path))

    def copy(run: RunDirectory) -> RunDirectory:
        place = Path(tempfile.mkdtemp(dir=folder)) / run.path.name
        shutil.copytree(run.path, place)
        return RunDirectory(place)

    yield copy
    shutil.rmtree(folder)


def difference(one: RunDirectory, other: RunDirectory) -> list[str]:
    """Return in what two finished runs differ: tensors, numbers, rows of history and snapshots; not in times."""
    found = []
    left, _ = newest_checkpoint(one.checkpoints)
    right, _ = newest_checkpoint(other.checkpoints)
    if left is None or right is None:
        return ["checkpoint missing"]
    if left.numbers != right.numbers:
        found.append("numbers of the checkpoint")
    names = left.tensors.keys() | right.tensors.keys()
    for name in sorted(names):
        tensors = [checkpoint.tensors.get(name) for checkpoint in (left, right)]
        if any(tensor is None for tensor in tensors) or not torch.equal(tensors[0], tensors[1]):  # type: ignore[arg-type]
            found.append(name)
    columns = [read_history(run.history) for run in (one, other)]
    if list(columns[0]) != list(columns[1]):
        found.append("columns of history")
    else:
        found += [
            f"history {name}"
            for name in columns[0]
            if name != "time" and not np.array_equal(columns[0][name], columns[1][name], equal_nan=True)
        ]
    rows = [[{**row, "time": None} for row in read_snapshots(run.snapshots)] for run in (one, other)]
    if rows[0] != rows[1]:
        found.append("snapshots")
    return found


@pytest.fixture(scope="session")
def differences() -> Callable[[RunDirectory, RunDirectory], list[str]]:
    """Return in what two finished runs differ, times aside."""
    return difference


def orphan_list(folder: Path) -> list[Path]:
    """Return what was left half-written anywhere below a folder."""
    return list(folder.rglob(f"{ganlab.runs.files.TEMPORARY}*"))


@pytest.fixture(scope="session")
def orphans() -> Callable[[Path], list[Path]]:
    """Return what was left half-written anywhere below a folder."""
    return orphan_list


class Operations:
    """Counts every change that this process makes to files, and acts just before one of them.

    Attributes:
        count: changes so far; the first has number 1.
        act: called with True at the chosen change where it is the writing of a file, half of which is done by then,
            and with False at any other.
    """

    SYSTEM = ("fsync", "rename", "replace", "mkdir", "unlink", "rmdir")

    def __init__(self) -> None:
        self.count = 0
        self.chosen = 0
        self.armed = False
        self.act: Callable[[], None] = lambda: None
        for name in self.SYSTEM:
            setattr(os, name, self._counted(getattr(os, name)))
        for module in (ganlab.runs.files, ganlab.training.checkpoint):
            module.write_synced = self._write  # type: ignore[attr-defined]

    def _due(self) -> bool:
        if not self.armed:
            return False
        self.count += 1
        return self.count == self.chosen

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            if self._due():
                self.act()
            return function(*arguments, **options)

        return counted

    def _write(self, path: Path, content: bytes) -> None:
        with open(path, "wb") as file:
            half = len(content) // 2
            file.write(content[:half])
            file.flush()
            if self._due():
                self.act()
            file.write(content[half:])
            file.flush()
            os.fsync(file.fileno())

    @contextlib.contextmanager
    def during(self) -> Iterator[None]:
        """Count only what happens inside."""
        self.armed = True
        try:
            yield
        finally:
            self.armed = False


@pytest.fixture(scope="session")
def operations() -> type[Operations]:
    """Count this process's changes to files, and act before one; to be made in a child, which it changes for good."""
    return Operations
