"""The run directory: its layout, its status, who holds it, and how to find one."""

from __future__ import annotations

import os
import secrets
import socket
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ganlab.config.experiment import Experiment
from ganlab.config.load import dump_experiment, load_experiment
from ganlab.errors import RunError
from ganlab.runs.files import atomic_write, read_json, write_json

SCHEMA = 1
"""Version of the run directory's format."""

LOCK, HOLDER = ".lock", ".holder"
"""A kernel lock, and who has it: files of a run that is being written."""

PATIENCE = 0.5
"""Seconds to wait for a lock: longer than its new holder takes to write down who it is."""

STATUSES = ("running", "finished", "stopped", "interrupted", "failed")


@dataclass(frozen=True)
class RunDirectory:
    """One run's folder. Reading it never changes it; a process that writes to it holds its lock."""

    path: Path

    @property
    def config(self) -> Path:
        """The resolved experiment."""
        return self.path / "config.yaml"

    @property
    def status_file(self) -> Path:
        """run.json."""
        return self.path / "run.json"

    @property
    def history(self) -> Path:
        """A row a step."""
        return self.path / "history.csv"

    @property
    def snapshots(self) -> Path:
        """A row a snapshot."""
        return self.path / "snapshots.jsonl"

    @property
    def samples(self) -> Path:
        """Grids from fixed latents."""
        return self.path / "samples"

    @property
    def checkpoints(self) -> Path:
        """Checkpoints, one folder each."""
        return self.path / "checkpoints"

    @property
    def plots(self) -> Path:
        """Figures as PNG and SVG."""
        return self.path / "plots"

    @property
    def verdict(self) -> Path:
        """What diagnosis said last; absent until something was judged."""
        return self.path / "verdict.json"

    @property
    def log(self) -> Path:
        """What was said while the run went on."""
        return self.path / "log.txt"

    def experiment(self) -> Experiment:
        """Read the resolved experiment.

        Raises:
            ConfigError: it is missing or says something ganlab cannot run.
        """
        return load_experiment(self.config)

    def status(self) -> dict[str, Any]:
        """Read run.json.

        Raises:
            RunError: it is missing, damaged or of a newer format.
        """
        status = read_json(self.status_file)
        if status.get("status") not in STATUSES:
            raise RunError(f"{self.status_file} names no known status", "the file is damaged; use another run")
        if not isinstance(status.get("schema"), int) or status["schema"] > SCHEMA:
            raise RunError(
                f"{self.status_file} has format {status.get('schema')!r}, and this ganlab reads up to {SCHEMA}",
                "update ganlab to read it",
            )
        return status

    def write_status(self, values: Mapping[str, Any]) -> None:
        """Replace run.json."""
        write_json(self.status_file, {"schema": SCHEMA, **values})

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the run's kernel lock, which dies with its process.

        Raises:
            RunError: another process holds it; the message names the process. Or no lock can be made there.
        """
        lock = FileLock(self.path / LOCK, timeout=PATIENCE)
        holder = self.path / HOLDER
        try:
            lock.acquire()
        except Timeout as error:
            process = read_json(holder) if holder.is_file() else {}
            raise RunError(
                f"{self.path} is in use by process {process.get('pid', '?')} on {process.get('host', '?')}",
                "wait until it ends, or stop that process",
            ) from error
        except OSError as error:
            raise RunError(
                f"{self.path} cannot be locked: {error.strerror or error}", "make the folder writable, or copy the run"
            ) from error
        try:
            write_json(holder, this_process())
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def is_held(self) -> bool:
        """Tell whether a live process is writing to this run. A run that was never locked stays as it is."""
        if not (self.path / LOCK).is_file():
            return False
        lock = FileLock(self.path / LOCK, blocking=False)
        try:
            lock.acquire()
        except Timeout:
            return True
        lock.release()
        return False


def this_process() -> dict[str, Any]:
    """Return who we are, for run.json: pid and host."""
    return {"pid": os.getpid(), "host": socket.gethostname()}


def create_run(runs_dir: Path, experiment: Experiment, name: str | None = None) -> RunDirectory:
    """Make the directory of an experiment's run, with its config.yaml: `name`, else as `new_run` names it.

    Raises:
        RunError: the runs folder cannot be made or written, or has a run of that name.
    """
    run = new_run(runs_dir, experiment.name, name)
    run.checkpoints.mkdir()
    atomic_write(run.config, dump_experiment(experiment).encode())
    return run


def new_run(runs_dir: Path, experiment: str, name: str | None = None) -> RunDirectory:
    """Make a folder that did not exist before: `<runs_dir>/<name>`, else `<runs_dir>/<experiment>-<time>-<4 letters>`.

    Raises:
        RunError: the runs folder cannot be made or written, or has a run of that name.
    """
    try:
        runs_dir.mkdir(parents=True, exist_ok=True)
        if name is None:
            run = RunDirectory(new_folder(runs_dir, experiment))
        else:
            run = RunDirectory(runs_dir / name)
            run.path.mkdir()
        for folder in (run.samples, run.plots):
            folder.mkdir()
    except OSError as error:
        raise RunError(
            f"no run can be written under {runs_dir}: {error.strerror or error}",
            "choose another folder with --runs-dir",
        ) from error
    return run


def new_folder(parent: Path, name: str) -> Path:
    """Make a folder that no other process has made: mkdir fails where it exists, and other letters are drawn."""
    time = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    while True:
        letters = "".join(secrets.choice(string.ascii_lowercase) for _ in range(4))
        path = parent / f"{name}-{time}-{letters}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path


def list_runs(runs_dir: Path) -> list[RunDirectory]:
    """Return the runs in a folder, oldest first."""
    if not os.path.isdir(runs_dir):
        return []
    found = [RunDirectory(path.parent) for path in runs_dir.glob("*/run.json")]
    return sorted(found, key=lambda run: (run.status_file.stat().st_mtime, run.path.name))


def find_run(reference: str, runs_dir: Path) -> RunDirectory:
    """Return the run that a path or a unique part of a run's name means.

    Raises:
        RunError: no run, or more than one, is meant.
    """
    path = Path(reference)
    # os.path, unlike Path, calls a name that is too long no file rather than raising.
    if os.path.isfile(path / "run.json"):
        return RunDirectory(path)
    if os.path.isdir(path):
        raise RunError(f"{path} is no run directory: it has no run.json", "name a folder that `ganlab train` made")
    runs = list_runs(runs_dir)
    matches = [run for run in runs if reference in run.path.name]
    exact = [run for run in matches if run.path.name == reference]
    if len(exact or matches) == 1:
        return (exact or matches)[0]
    if not matches:
        raise RunError(
            f"no run in {runs_dir} has {reference!r} in its name",
            "`ganlab ls runs` lists them; --runs-dir names another folder",
        )
    names = ", ".join(run.path.name for run in matches[-5:])
    raise RunError(f"{reference!r} could mean {len(matches)} runs: {names}", "give more of the name")
