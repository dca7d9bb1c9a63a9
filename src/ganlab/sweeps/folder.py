"""A sweep's folder: `runs/sweep-<name>-<8 letters>/`, made, found, and never mixed with another sweep's."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganlab.errors import RunError
from ganlab.runs import lock, names
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import atomic_write, sweep_temporaries
from ganlab.runs.history import append_text
from ganlab.sweeps.plan import Plan, make_plan
from ganlab.sweeps.spec import dump_spec, load_spec


@dataclass(frozen=True)
class SweepFolder:
    """The layout of a sweep's folder. The truth is in the run directories; all else can be made again from them."""

    path: Path

    @property
    def spec(self) -> Path:
        """The resolved spec: loading it gives the same plan wherever the folder lies."""
        return self.path / names.SPEC_FILE

    @property
    def runs(self) -> Path:
        """Run directories, named by what they are."""
        return self.path / names.RUNS

    @property
    def attempts(self) -> Path:
        """A row for each attempt at a run that did not end by itself."""
        return self.path / "attempts.jsonl"

    @property
    def plots(self) -> Path:
        """Pictures of the whole sweep."""
        return self.path / "plots"

    @property
    def summary(self) -> Path:
        """Counts, rates, claims and attempts."""
        return self.path / "summary.json"

    @property
    def log(self) -> Path:
        """What workers printed."""
        return self.path / "workers.log"

    def held(self) -> AbstractContextManager[None]:
        """Hold the sweep's lock, as `lock.held` does."""
        return lock.held(self.path)

    def run(self, name: str) -> RunDirectory:
        """The directory of a planned run, there or not."""
        return RunDirectory(self.runs / name)

    def plan(self) -> Plan:
        """Read the plan that was carried out here last.

        Raises:
            ConfigError: spec.yaml is missing or damaged.
        """
        return make_plan(load_spec(self.spec), yes=True)

    def note_attempt(self, row: Mapping[str, Any]) -> None:
        """Append a row to attempts.jsonl."""
        append_text(self.attempts, json.dumps(row, allow_nan=False) + "\n")


def open_sweep(plan: Plan, path: Path, fresh: bool = False) -> SweepFolder:
    """Make a sweep's folder, or take the one that is there, and write the plan's spec into it.

    Args:
        plan: what is to be done.
        path: the folder.
        fresh: remove what an earlier sweep of the same spec left there.

    Raises:
        RunError: the folder belongs to another spec, is no sweep's, or cannot be written.
    """
    folder = SweepFolder(path)
    if folder.spec.is_file():
        other = folder.plan().folder_name
        if other != plan.folder_name:
            raise RunError(
                f"{path} holds the results of another spec: {other}, and this is {plan.folder_name}",
                "name another folder with --into, or leave it out",
            )
        if fresh:
            with folder.held():
                shutil.rmtree(folder.runs, ignore_errors=True)
                folder.attempts.unlink(missing_ok=True)
    elif path.exists() and any(path.iterdir()):
        raise RunError(f"{path} is not empty, and no sweep made it: it has no spec.yaml", "name another folder")
    try:
        folder.runs.mkdir(parents=True, exist_ok=True)
        sweep_temporaries(path)
        atomic_write(folder.spec, dump_spec(plan.spec).encode())
    except OSError as error:
        raise RunError(
            f"no sweep can be written at {path}: {error.strerror or error}", "choose another folder with --runs-dir"
        ) from error
    return folder


def find_sweep(reference: str, runs_dir: Path) -> SweepFolder:
    """Return the sweep that is meant by its folder, its name or a part of that.

    Of several sweeps that are called the same the newest is taken, which is said through logging.

    Raises:
        RunError: no sweep, or several that are called differently, are meant.
    """
    path = Path(reference)
    if os.path.isfile(path / names.SPEC_FILE):
        return SweepFolder(path)
    there = [named for named in names.sweeps_in(runs_dir) if named.path.name.startswith(names.MANY)]
    found = names.matching(reference, there, exact=os.path.isdir(path))
    if os.path.isdir(path) and not found:
        what = "a run; `ganlab diagnose` judges it" if os.path.isfile(path / names.RUN_FILE) else "no sweep's folder"
        raise RunError(f"{path} has no spec.yaml: it is {what}", "name a folder that `ganlab sweep` made")
    if not found:
        raise names.none_called(reference, there, "sweep", runs_dir)
    return SweepFolder(names.newest(reference, found, "sweep"))
