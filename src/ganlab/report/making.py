"""From what a user names to a page on the disk: what is meant, where its page goes, and when one is made unasked."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from ganlab.diagnosis import sessions
from ganlab.diagnosis.judged_folder import JudgedFolder
from ganlab.diagnosis.readers import ReadOptions
from ganlab.diagnosis.readers.run_directory import is_run_directory
from ganlab.diagnosis.sessions import Judged
from ganlab.diagnosis.verdict import Verdict
from ganlab.errors import RunError
from ganlab.report.compare import default_picture
from ganlab.report.document import can_replace, is_page, put, require_free, write
from ganlab.report.pages import (
    PAGE,
    comparison_page,
    judged_subject,
    run_page,
    run_subject,
    share_png,
    sweep_page,
    write_run_pages,
)
from ganlab.report.run_page import Subject
from ganlab.runs import names
from ganlab.runs.directory import RunDirectory, find_run
from ganlab.sweeps.folder import SweepFolder, find_sweep
from ganlab.text import described, one_line, short

log = logging.getLogger(__name__)

Shown: TypeAlias = "RunDirectory | JudgedFolder | SweepFolder"
"""What a page can show."""


@dataclass(frozen=True)
class Made:
    """A page that was made.

    Attributes:
        path: the file.
        size: its bytes.
        what: what it shows, in words.
        picture: a PNG of a single run beside it, which can be sent alone; None if there is none.
    """

    path: Path
    size: int
    what: str
    picture: Path | None = None


def find_shown(reference: str, runs_dir: Path) -> Shown:
    """Return what a path, or a name or a part of one, means: a run, a sweep, or what `ganlab diagnose --out` wrote.

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
        if JudgedFolder(path).exists():
            return JudgedFolder(path)
    elif os.path.isfile(path) and path.suffix != ".yaml":
        raise RunError(
            f"{path} is a file, and pages are made of runs",
            f"`ganlab diagnose {path} --out FOLDER` judges a log, and makes a page of it",
        )
    runs, sweeps = names.runs_in(runs_dir), names.sweeps_in(runs_dir)
    if names.matching(reference, runs, exact=True):
        return find_run(reference, runs_dir)
    exact = reference != "" and os.path.isdir(path)  # nothing is not the current folder
    if names.matching(reference, [each for each in sweeps if each.path.name.startswith(names.MANY)], exact):
        return find_sweep(reference, runs_dir)
    if exact:
        raise RunError(
            f"{short(reference)} is neither a run nor a sweep, nor a folder that `ganlab diagnose --out` wrote",
            "`ganlab ls runs` lists runs and sweeps",
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
    path = place(shown, runs_dir, out, force)
    one, subject = shown[0] if len(shown) == 1 else None, None
    if one is None:
        page = comparison_page(_all_runs(shown), path.parent)
    elif isinstance(one, SweepFolder):
        write_run_pages(one)
        page = sweep_page(one, path.parent)
    else:
        subject = judged_subject(one) if isinstance(one, JudgedFolder) else run_subject(one)
        page = run_page(subject)
    again = out is None and is_page(path)  # its picture is beside it
    write(page, path, force, ours=out is None)
    picture = None if subject is None else _share(subject, path.with_suffix(".png"), force or again)
    return Made(path, path.stat().st_size, words_of(shown), picture)


def place(shown: Sequence[Shown], runs_dir: Path, out: Path | None, force: bool) -> Path:
    """Return where a page goes; arguments as for `make_page`.

    Raises:
        GanlabError: the file cannot be written or must not be replaced, or what is shown cannot stand side by side.
    """
    path = out
    if path is None and len(shown) == 1:
        path = shown[0].path / PAGE
    elif path is None:
        path = default_picture(_all_runs(shown), runs_dir).with_suffix(".html")
    require_free(path, force, ours=out is None)
    return path


def _share(subject: Subject, path: Path, force: bool) -> Path | None:
    """Write the picture to send beside the page, unless something else has its name, and return its path."""
    if os.path.lexists(path) and not (force and can_replace(path)):
        return None
    put(path, share_png(subject))
    return path


def words_of(shown: Sequence[Shown]) -> str:
    """Say what a page shows."""
    if len(shown) > 1:
        return f"{len(shown)} runs side by side"
    (one,) = shown
    kind = {RunDirectory: "run", SweepFolder: "sweep", JudgedFolder: "what was judged in"}[type(one)]
    if isinstance(one, SweepFolder) and (one.path / names.TREATMENT_FILE).is_file():
        kind = "treatment"
    return f"{kind} {one.path.resolve().name}"


def _all_runs(shown: Sequence[Shown]) -> list[RunDirectory]:
    """Return what is shown side by side.

    Raises:
        RunError: something else than a run is among it.
    """
    runs = []
    for each in shown:
        if not isinstance(each, RunDirectory):
            raise RunError(f"{each.path} is no run, and only runs stand side by side", "name it alone")
        runs.append(each)
    return runs


def leave_page(run: RunDirectory) -> Path | None:
    """Make the page of a run that has ended, if its `monitor.page` says so, and return its path.

    The run is whole without it, so whatever prevents the page is only a warning.
    """
    with _only_warned_of(run.path):
        if not run.config.is_file() or run.experiment().monitor.page:
            return make_page([run], run.path).path
    return None


def leave_sweep_page(sweep: SweepFolder) -> Path | None:
    """Make the page of a sweep and those of its runs, as `leave_page` does; none if no experiment wants one."""
    with _only_warned_of(sweep.path):
        if any(planned.experiment.monitor.page for planned in sweep.plan().runs):
            return make_page([sweep], sweep.path).path
    return None


@contextmanager
def _only_warned_of(folder: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        log.warning("warning: no page was made of %s: %s", folder.name, one_line(described(error)))


def write_down(verdict: Verdict, options: ReadOptions, run: RunDirectory | None, out: Path | None) -> Judged:
    """Write a verdict down as `sessions.write_down` does, and make a page of it in `out`.

    What prevents the page is a remark: the verdict is written without it.

    Raises:
        GanlabError: `out` cannot be written.
    """
    judged = sessions.write_down(verdict, options, run, out)
    if out is None or not judged.files:
        return judged
    shown = RunDirectory(out) if is_run_directory(out) else JudgedFolder(out)
    try:
        made = make_page([shown], out)
    except Exception as error:
        return replace(judged, remarks=(*judged.remarks, f"no page was made: {one_line(described(error))}"))
    return replace(judged, files=(*judged.files, *filter(None, (made.path, made.picture))))
