"""Names of runs and sweeps: which folder is meant by a path, a name, or a part of one."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganlab.config.shipped import is_shipped, shipped_as
from ganlab.errors import RunError
from ganlab.text import closest, listed, one_line, short

log = logging.getLogger(__name__)

RUN_FILE, SPEC_FILE, RUNS = "run.json", "spec.yaml", "runs"
"""The file that makes a folder a run, the one that makes it a sweep, and where in a sweep the runs are."""

VERDICT_FILE, EVIDENCE_FILE = "verdict.json", "evidence.json"
"""The verdict on a run, and what it was judged on, which `ganlab diagnose --out` writes."""

SWEEP, TREATMENT = "sweep-", "treat-"
"""What the names of the folders of sweeps and treatments begin with; a treatment's trials are the runs of a sweep."""

TREATMENT_FILE, CURED_FILE = "treatment.json", "cured.yaml"
"""What a treatment came to, and the experiment that it found to cure the run."""

UNCHANGED, RANDOM = "unchanged", "random"
"""Names of the two controls of a treatment: the run again on other seeds, and a change at random for each seed."""

MANY = (SWEEP, TREATMENT)
"""What the name of a folder with many runs begins with."""

_SUFFIX = re.compile(r"-(\d{8}-\d{6}-[a-z]{4}|s\d+-[a-z]{8}|[a-z]{8})$")
"""Time and letters of a run, seed and letters of one in a sweep, letters of a sweep."""


@dataclass(frozen=True)
class Named:
    """A folder that can be meant by a name.

    Attributes:
        path: the folder of a run or a sweep.
        written: when its run.json, or its spec, was written last; seconds since 1970.
        sweep: the folder of the sweep that a run is part of.
    """

    path: Path
    written: float
    sweep: Path | None = None

    @property
    def name(self) -> str:
        """What it is called: the name of its folder without time, seed and letters, and without `sweep-`.

        A treatment keeps its `treat-`: what follows is the name of the run that it treats.
        """
        name, folder = self.path.name, _SUFFIX.sub("", self.path.name)
        return folder.removeprefix(SWEEP) if name.startswith(SWEEP) else folder


def runs_in(folder: Path) -> list[Named]:
    """Return the runs in a folder and in its sweeps, or in the sweep that it is, oldest first.

    Raises:
        RunError: the folder is a file.
    """
    found = runs_beside(folder)
    for sweep in (folder, *(each.path for each in sweeps_in(folder))):
        if os.path.isfile(sweep / SPEC_FILE):
            found += _folders(sweep / RUNS, RUN_FILE, sweep)
    return sorted(found, key=_age)


def runs_beside(folder: Path) -> list[Named]:
    """Return the runs in a folder, without those of sweeps, oldest first; none if there is no such folder.

    Raises:
        RunError: the folder is a file.
    """
    if os.path.isfile(folder):
        raise RunError(f"{folder} is a file, not a folder of runs", "name a folder with --runs-dir")
    return _folders(folder, RUN_FILE)


def sweeps_in(folder: Path) -> list[Named]:
    """Return the sweeps in a folder, oldest first."""
    return _folders(folder, SPEC_FILE)


def _folders(parent: Path, holding: str, sweep: Path | None = None) -> list[Named]:
    found = []
    for file in parent.glob(f"*/{holding}"):
        try:
            found.append(Named(file.parent, file.stat().st_mtime, sweep))
        except OSError:
            continue  # removed since it was listed
    return sorted(found, key=_age)


def _age(named: Named) -> tuple[float, str]:
    return named.written, named.path.name


def find_folder(reference: str, runs_dir: Path, quiet: bool = False) -> Path:
    """Return the folder of the run that is meant, as `directory.find_run` describes it.

    Args:
        reference: what the user calls it.
        runs_dir: the folder of runs.
        quiet: do not say which of several was taken.

    Raises:
        RunError: no run, or several that are called differently, are meant.
    """
    # os.path, unlike Path, calls a name that is too long no file rather than raising.
    if os.path.isfile(Path(reference) / RUN_FILE):
        return Path(reference)
    found, told = _meant(reference, runs_dir), logging.DEBUG if quiet else logging.INFO
    if os.path.isdir(reference):
        if not found:
            raise RunError(
                f"{reference} is no run directory: it has no run.json", "name a folder that `ganlab train` made"
            )
        log.log(told, one_line(f"{reference} is taken for the name of a run; the folder is ./{reference}"))
    if not found:
        raise none_called(reference, runs_in(runs_dir), "run", runs_dir)
    return newest(reference, found, "run", told)


def _meant(reference: str, runs_dir: Path) -> list[Named]:
    """Return the runs that fit best; a folder or an experiment of that name stands for the runs called exactly so."""
    front, name = os.path.split(reference.rstrip(os.sep))
    if not name:
        return []
    if front and os.path.isdir(reference):
        return []  # that very folder is meant
    there = runs_in(runs_dir)
    if front:
        if os.path.isdir(front) and (found := matching(name, runs_in(Path(front)))):
            return found
        sweeps = {sweep.path for sweep in matching(front, sweeps_in(runs_dir))}
        if found := matching(name, [named for named in there if named.sweep in sweeps]):
            return found
    experiment = name.removesuffix(".yaml")
    known = os.path.exists(reference) or is_shipped(reference)
    if known and (found := matching(experiment, there, exact=True)):
        return _without_trials(found)
    return [] if front or os.path.isdir(reference) else _without_trials(matching(name, there))


def _without_trials(found: list[Named]) -> list[Named]:
    """Return what was found without the trials of treatments, unless there is nothing else."""
    return [named for named in found if named.sweep is None or not named.sweep.name.startswith(TREATMENT)] or found


def matching(reference: str, candidates: Iterable[Named], exact: bool = False) -> list[Named]:
    """Return those that a name fits best, in their order.

    The name of a folder comes before what its run is called, that before whole words of the folder's name, and those
    before any other part of it.

    Args:
        reference: what the user calls it.
        candidates: what there is.
        exact: leave parts of names out.
    """
    there = list(candidates)
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(reference)}(?![A-Za-z0-9])")
    fits: list[Callable[[Named], bool]] = [
        lambda named: named.path.name == reference,
        lambda named: named.name == reference,
        lambda named: word.search(named.path.name) is not None,
        lambda named: reference in named.path.name,
    ]
    return next((found for fit in fits[: 2 if exact else None] if (found := list(filter(fit, there)))), [])


def newest(reference: str, found: Sequence[Named], what: str, told: int = logging.INFO) -> Path:
    """Return the only folder found, or the newest of several that are called the same, and then say so at a level.

    Raises:
        RunError: they are called differently.
    """
    names = list(dict.fromkeys(named.name for named in found))
    if len(names) > 1:
        raise RunError(
            f"{short(reference)!r} could mean {len(found)} {what}s, called {listed(names)}", "give more of the name"
        )
    if len(found) > 1:
        log.log(told, one_line(f"{len(found)} {what}s are called {names[0]}; this is the newest: {found[-1].path}"))
    return found[-1].path


def none_called(reference: str, candidates: Iterable[Named], what: str, folder: Path) -> RunError:
    """Return the error that nothing has such a name, with the command that makes it, or the name probably meant.

    `what` is `run`, `sweep` or `run or sweep`.
    """
    for kind, command in (("sweep", "sweep"), ("run", "train")):
        shipped = shipped_as(reference, sweeps=kind == "sweep")
        if kind in what and shipped is not None:
            return RunError(
                f"no {what} in {folder} has {short(reference)!r} in its name",
                f"`ganlab {command} {shipped}` makes one; --runs-dir names another folder",
            )
    names = dict.fromkeys(name for named in candidates for name in (named.name, named.path.name))
    near = closest(os.path.basename(reference), names)
    guess = f"did you mean {near}? " if near else ""
    return RunError(
        f"no {what} in {folder} has {short(reference)!r} in its name",
        f"{guess}`ganlab ls runs` lists them; --runs-dir names another folder",
    )
