"""From what a user names to a page on the disk: what is meant, where its page goes, and when one is made unasked."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ganlab.diagnosis.readers.run_directory import is_run_directory
from ganlab.errors import RunError
from ganlab.report.document import is_page, require_free, write
from ganlab.report.pages import PAGE, run_page, run_subject
from ganlab.runs import names
from ganlab.runs.directory import RunDirectory, find_run
from ganlab.sweeps.folder import SweepFolder, find_sweep
from ganlab.text import described, one_line, short

log = logging.getLogger(__name__)

Shown: TypeAlias = "RunDirectory | SweepFolder"
"""What a page can show."""


@dataclass(frozen=True)
class Made:
    """A page that was made.

    Attributes:
        path: the file.
        size: its bytes.
        what: what it shows, in words.
    """

    path: Path
    size: int
    what: str


def find_shown(reference: str, runs_dir: Path) -> Shown:
    """Return what a path, or a name or a part of one, means: a run, or a sweep.

    A run that is called exactly so comes before a sweep, and that before a run with this as a part of its name.

    Raises:
        RunError: there is nothing of that name, several things are meant, or no page can be made of it.
    """
    path = Path(reference)
    if os.path.isdir(path):
        if is_run_directory(path):
            return RunDirectory(path)
        if os.path.isfile(path / names.SPEC_FILE):
            return SweepFolder(path)
    elif os.path.isfile(path) and path.suffix != ".yaml":
        raise RunError(
            f"{path} is a file, and pages are made of runs",
            f"`ganlab diagnose {path} --out FOLDER` judges a log, and makes a page of it",
        )
    runs, sweeps = names.runs_in(runs_dir), names.sweeps_in(runs_dir)
    if names.matching(reference, runs, exact=True):
        return find_run(reference, runs_dir)
    exact = os.path.isdir(path)
    if names.matching(reference, [each for each in sweeps if each.path.name.startswith(names.SWEEP)], exact):
        return find_sweep(reference, runs_dir)
    if exact:
        raise RunError(
            f"{short(reference)} is neither a run nor a sweep",
            "name a folder that `ganlab train`, `sweep` or `ganlab.Monitor` made",
        )
    if os.sep not in reference and not names.matching(reference, runs):
        raise names.none_called(reference, [*runs, *sweeps], "run or sweep", runs_dir)
    return find_run(reference, runs_dir)


def make_page(shown: Sequence[Shown], runs_dir: Path, out: Path | None = None, force: bool = False) -> Made:
    """Make the page of a run or a sweep, or of several runs side by side.

    Args:
        shown: what it shows.
        runs_dir: folder for the page of several runs.
        out: the file; None: `page.html` in the folder of what is shown, `comparison-<8 letters>.html` in `runs_dir` for
            several. There a page that ganlab made is replaced.
        force: replace whatever is there.

    Raises:
        GanlabError: there is nothing to show, or the file cannot be written or must not be replaced.
        Interrupted: the disk is full.
    """
    path = default_place(shown, runs_dir) if out is None else out
    force = force or (out is None and is_page(path))
    require_free(path, force)
    page = html_of(shown, path.parent)
    write(page, path, force)
    return Made(path, path.stat().st_size, words_of(shown))


def default_place(shown: Sequence[Shown], runs_dir: Path) -> Path:
    """Return where the page goes unless the user says so."""
    if len(shown) == 1:
        return shown[0].path / PAGE
    from ganlab.report.compare import default_picture

    return default_picture(_all_runs(shown), runs_dir).with_suffix(".html")


def words_of(shown: Sequence[Shown]) -> str:
    """Say what a page shows."""
    if len(shown) > 1:
        return f"{len(shown)} runs side by side"
    name = shown[0].path.resolve().name
    return f"sweep {name}" if isinstance(shown[0], SweepFolder) else f"run {name}"


def html_of(shown: Sequence[Shown], folder: Path) -> str:
    """Return the page itself; links to other pages lead from `folder`.

    Raises:
        GanlabError: there is nothing to show.
    """
    if len(shown) > 1:
        raise RunError("one run at a time has a page", "`ganlab compare` lays several side by side")
    one = shown[0]
    if isinstance(one, SweepFolder):
        raise RunError(f"{one.path} is a sweep, and only runs have pages", "name one of its runs")
    return run_page(run_subject(one))


def _all_runs(shown: Sequence[Shown]) -> list[RunDirectory]:
    """Return what is shown side by side.

    Raises:
        RunError: something else than a run is among it.
    """
    for each in shown:
        if not isinstance(each, RunDirectory):
            raise RunError(f"{each.path} is no run, and only runs stand side by side", "name it alone")
    return [each for each in shown if isinstance(each, RunDirectory)]


def leave_page(run: RunDirectory) -> Path | None:
    """Make the page of a run that has ended, if its `monitor.page` says so, and return its path.

    The run is whole without it, so whatever prevents the page is only a warning.
    """
    try:
        if run.config.is_file() and not run.experiment().monitor.page:
            return None
        return make_page([run], run.path).path
    except Exception as error:
        log.warning("warning: no page was made of %s: %s", run.path.name, one_line(described(error)))
        return None
