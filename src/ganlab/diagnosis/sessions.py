"""Judging a run from outside: find it, read it, judge it, watch it grow, and write down what came of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers import ReadOptions, Source, growing, read
from ganlab.diagnosis.readers.samples_alone import ARRAYS, holds_only_samples, holds_pictures
from ganlab.diagnosis.verdict import Verdict
from ganlab.errors import DataError, GanlabError, Interrupted, RunError
from ganlab.runs.directory import RunDirectory, find_run
from ganlab.runs.stop import EXIT_CODES, StopSignal
from ganlab.text import closest

if TYPE_CHECKING:
    from ganlab.diagnosis.readers.samples import SampleSource
    from ganlab.plots.shown import Shown

POLL = 0.2
"""Seconds, at most, until a signal is noticed between two looks at a run."""


@dataclass(frozen=True)
class Judged:
    """A verdict and what became of it.

    Attributes:
        verdict: the verdict.
        files: what was written, pictures among them.
        remarks: what else the user should know, such as why nothing was written.
    """

    verdict: Verdict
    files: Sequence[Path] = ()
    remarks: Sequence[str] = ()


@dataclass(frozen=True)
class Target:
    """What is to be judged: one of our runs, or a file or folder that other code wrote.

    Attributes:
        path: where it is; None if there are only samples.
        run: the run; None if other code wrote it.
        name: what it is called, if that is not its path.
    """

    path: Path | None
    run: RunDirectory | None
    name: str = ""

    @contextmanager
    def named(self) -> Iterator[None]:
        """Call it in errors what the user calls it."""
        try:
            yield
        except GanlabError as error:
            if self.name:
                error.message = error.message.replace(str(self.path), self.name)
            raise

    def stamp(self) -> tuple[tuple[int, int], ...]:
        """Return what changes when something is written: times and sizes."""
        if self.run is not None:
            files = [self.run.history, self.run.snapshots, self.run.status_file]
        else:
            path = self.path
            files = [] if path is None else sorted(path.rglob("*")) if path.is_dir() else [path]
        stats = [file.stat() for file in files if file.exists()]
        return tuple((stat.st_mtime_ns, stat.st_size) for stat in stats)

    def has_ended(self) -> bool:
        """Return whether no more will be written, as its status says; what other code writes has none."""
        return self.run is not None and self.run.state(self.run.status()) != "running"


def find_target(reference: str, runs_dir: Path) -> Target:
    """Return what a path, or the name of a run, means.

    A folder or an experiment file stands for the runs that are called exactly like it, if there are any: what
    `ganlab train NAME` made, `ganlab diagnose NAME` finds.

    Raises:
        RunError: there is no such file or run, or runs that are called differently have such a name.
    """
    path = Path(reference)
    # os.path, unlike Path, calls a name that is too long no file rather than raising.
    there = reference != "" and os.path.exists(path)  # nothing is not the current folder
    if there and not os.path.isdir(path) and path.suffix != ".yaml":
        return Target(path, None)
    try:
        run = find_run(reference, runs_dir)
    except RunError as error:
        if there:
            return Target(path, None)
        if os.sep in reference:
            raise RunError(f"there is no file or folder {reference}", _slip(path, error)) from error
        raise RunError(f"there is no such file, and {error.message}", error.hint) from error
    return Target(run.path, run)


def _slip(path: Path, error: RunError) -> str:
    """Return what was probably meant by a path that leads nowhere: a file beside it, or a run."""
    near = closest(path.name, (each.name for each in path.parent.glob("*")))
    return f"did you mean {path.parent / near}?" if near else f"look for a slip in the path; {error}"


def as_samples(target: Target, options: ReadOptions) -> tuple[Target, ReadOptions]:
    """Return a target and options in which samples that the target holds are those of the options.

    One that holds nothing but samples has no path then. Of one that holds a log, too, samples are judged if there is
    real data that they can be held against.

    Raises:
        DataError: there is real data, and there are no samples.
    """
    path = target.path
    if path is not None and target.run is None and options.samples is None:
        if holds_only_samples(path):
            return Target(None, None, target.name or str(path)), replace(options, samples=path)
        if options.real is not None and holds_pictures(path):
            return target, replace(options, samples=path)
    broken = path is not None and path.suffix.lower() in ARRAYS  # which is said when it is read
    if options.real is not None and options.samples is None and not broken:
        raise DataError("--real is given, and there are no samples to hold against it", "name them: --samples FOLDER")
    return target, options


def diagnose_path(source: Source, options: ReadOptions) -> Verdict:
    """Read a run, a log or a folder of logs as it is now, and judge it. Nothing is written.

    Args:
        source: where it is; or the columns of a log; or None, if there are only samples.
        options: how to read it.

    Raises:
        GanlabError: it cannot be read, or what the options name cannot be used.
    """
    return diagnose(read(source, options))


def diagnose_target(target: Target, options: ReadOptions) -> Verdict:
    """Judge what `find_target` found, as `diagnose_path` does."""
    with target.named():
        verdict = diagnose_path(target.path, options)
    return replace(verdict, source=target.name) if target.name else verdict


def follow(
    target: Target, options: ReadOptions, seconds: float, stop: StopSignal, waiting: Callable[[str], None]
) -> Iterator[Verdict]:
    """Judge a run again whenever something was written, until it ends; yield each verdict.

    A log of other code ends when it has reached the steps that it states, and has not grown by the next look. Of a log
    that is read line by line only new lines are read.

    Args:
        target: what to watch.
        options: how to read it.
        seconds: time between two looks.
        stop: ends it, within 0.2 s or when a judgement that is under way is done.
        waiting: called with the reason why there is nothing to judge yet.

    Raises:
        Interrupted: a signal ended it.
        RunError: nothing can be read, and nothing more will come.
    """
    seen, reached = None, False
    path = target.path
    source = growing(path) if path is not None and target.run is None and path.is_file() else path
    while not stop.received:
        # Looked at before the files are read, so that nothing written meanwhile is missed.
        ended = target.has_ended()
        now = ended, target.stamp()
        if now != seen:
            seen = now
            try:
                verdict = diagnose_path(source, options)
            except RunError as error:
                if ended:
                    raise
                waiting(error.message)
            else:
                yield verdict
                of_others = None if target.run is not None else verdict.judged_on
                reached = of_others is not None and of_others.plan_reached
        elif reached:
            return
        if ended:
            return
        _sleep(seconds, stop)
    raise Interrupted(
        f"{stop.received.name}: {target.path} is no longer watched",
        "the same command watches it again; without --watch it is judged as it is now",
        EXIT_CODES[stop.received],
    )


def _sleep(seconds: float, stop: StopSignal) -> None:
    until = time.monotonic() + seconds
    while not stop.received and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, POLL))


def _replaced(path: Path, source: str) -> list[str]:
    """Return a remark if a verdict will be replaced that is about something else."""
    try:
        earlier = Verdict.read(path).source
    except RunError:
        return []
    return [] if earlier == source else [f"the verdict on {earlier} that was in {path.parent} is replaced"]


def _holds(folder: Path, samples: SampleSource | None) -> bool:
    """Return whether the samples to judge are in a folder: what is written there would be mixed up with them."""
    if not isinstance(samples, Path):
        return False
    place = samples.resolve()
    return folder.resolve() in (place, *place.parents)


def write_down(verdict: Verdict, options: ReadOptions, run: RunDirectory | None, out: Path | None) -> Judged:
    """Write a verdict and its pictures into `out`, else into the run; without either, nothing is written.

    Into `out` also goes what was judged, so that a page can be made of it.

    What cannot be written into the run is a remark.

    Raises:
        GanlabError: `out` cannot be written.
    """
    folder = out if out is not None or run is None else run.path
    if folder is None or verdict.judged_on is None:
        return Judged(verdict)
    from ganlab.diagnosis.judged_folder import JudgedFolder, kept_samples
    from ganlab.diagnosis.verdict_files import draw_samples, write_verdict

    remarks, samples = _replaced(RunDirectory(folder).verdict, verdict.source) if out is not None else [], None
    by_step: Sequence[tuple[int, Shown]] | None = ()
    if out is not None and _holds(JudgedFolder(out).kept.samples, options.samples):
        by_step = None  # what lies there is what was judged
    try:
        samples = draw_samples(verdict.judged_on, run, options.samples, options.tile, options.real)
        if out is not None and samples is not None and by_step is not None:
            by_step = samples.by_step if options.samples is not None or run is None else kept_samples(run)
    except RunError as error:
        remarks.append(f"no sheet of samples: {error.message}")
    try:
        # The run's lock shows whether a process writes to it, and keeps it from being resumed meanwhile.
        with run.held() if out is None and run is not None else nullcontext():
            files = write_verdict(folder, verdict.judged_on, verdict, samples)
            if out is not None:
                files += JudgedFolder(out).write(verdict.judged_on, by_step)
            return Judged(verdict, files, remarks)
    except (GanlabError, OSError) as error:
        why = error.message if isinstance(error, GanlabError) else str(error)
        if out is not None:
            raise GanlabError(f"{out} cannot be written: {why}", "choose another folder with --out") from error
        return Judged(verdict, (), (*remarks, f"nothing was written: {why}; --out names another folder"))
