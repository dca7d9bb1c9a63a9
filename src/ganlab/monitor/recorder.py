"""What a training loop shows, recorded: rows of history and of snapshots, the run's status, log.txt, the time spent.

Whoever watches a run records it through this class, whether the loop is ganlab's own or another program's.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from typing import Any

import numpy as np
import torch

from ganlab.config.experiment import Experiment
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.readers.family import LOSS_NAMES
from ganlab.errors import Interrupted, RunError
from ganlab.evaluation.kept import listening
from ganlab.monitor.live import LiveEvidence
from ganlab.monitor.rows import Deferred, Number, Rows
from ganlab.monitor.view import View
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import append_text, read_history, sync_file
from ganlab.runs.snapshots import append_snapshot, cut_snapshots, read_snapshots
from ganlab.runs.status import LAST_STEP, Cost, RunStatus, State, now
from ganlab.text import described, one_line, short
from ganlab.version import __version__

BLOCK = 256
"""Rows kept on the device before they are written."""

FLUSH_SECONDS = 1.0
"""Rows are written at least this often, so that a slow run can be followed."""

GRADIENTS = ("grad_d", "grad_g", "grad_g_output")


class NonFinite(Exception):
    """A column of history.csv, or a tensor that was to be saved, holds NaN or Inf.

    Attributes:
        step: the first step at which one does.
        column: its name.
    """

    def __init__(self, step: int, column: str) -> None:
        super().__init__(f"{column} at step {step}")
        self.step = step
        self.column = column


class Recorder:
    """Writes a run's directory while the run goes on.

    What the directory holds already is taken in, so that a resumed run goes on.

    Args:
        run: the directory; its lock is held.
        status: what run.json says while the run goes on.
        experiment: what ganlab's own loop trains; None if the loop is another program's.
        views: who watches.
        lock: held until the run is closed; left out, the caller holds the run's lock.
        tolerant: whether what fails here is a warning and a gap: another program's training must not end by it.

    Attributes:
        run: the directory.
        status: what run.json says, but for what `close` adds.
        evidence: what the directory holds, in memory: the curves and snapshots that diagnosis judges.
        last_step: the last step that was logged; None before the first.
        views: who watches.
        seconds: time spent in this session, by purpose.
        prepared: seconds spent on what is computed from the real samples; they are not part of the run's time.
    """

    def __init__(
        self,
        run: RunDirectory,
        status: RunStatus,
        experiment: Experiment | None = None,
        views: Sequence[View] = (),
        lock: AbstractContextManager[None] | None = None,
        tolerant: bool = False,
    ) -> None:
        self.run, self.status, self.views, self.tolerant = run, status, views, tolerant
        self.held = ExitStack()
        self.held.enter_context(lock or nullcontext())
        self.begun = self.session = self.last_flush = time.perf_counter()
        self.seconds = {"watching": 0.0, "drawing": 0.0, "saving": 0.0}
        self.prepared = 0.0

        loss = status.loss if experiment is None else experiment.loss
        family, saturating = (None, None) if loss is None else LOSS_NAMES[loss]
        known = Evidence(
            str(run.path), family=family, saturating=saturating, planned=status.steps, experiment=experiment
        )
        # Gradients under float16 scaling overflow now and then; the scaler sees to it.
        scaled = experiment is not None and experiment.training.precision == "float16"
        self.evidence = LiveEvidence(known, GRADIENTS if scaled else ())

        history = read_history(run.history)
        self.rows = Rows(run.history, list(history))
        self.evidence.take_history(history)
        self.evidence.snapshots += read_snapshots(run.snapshots)
        self.last_step: int | None = None
        if history:
            self.last_step = int(history["step"][-1])
            self.begun -= float(history["time"][-1])
        run.write_status(status)
        for view in views:
            view.begin(run, (self.last_step or 0) + 1, status.steps)

    @property
    def elapsed(self) -> float:
        """Seconds since the run began, earlier sessions included."""
        return time.perf_counter() - self.begun

    @contextmanager
    def spending(self, purpose: str) -> Iterator[None]:
        """Count the time inside as spent on `watching`, on `drawing` (a part of it) or on `saving`, not on training."""
        start, prepared = time.perf_counter(), self.prepared
        try:
            yield
        finally:
            self.seconds[purpose] += time.perf_counter() - start - (self.prepared - prepared)

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """Show the progress of what is computed from the real samples inside; its time is not counted as the run's.

        The results are kept: the next run on the same data does not need that time.
        """
        start, begun = time.perf_counter(), dict[str, float]()

        def show(what: str, share: float) -> None:
            moment = time.perf_counter()
            taken = moment - begun.setdefault(what, moment)
            left = f", {taken * (1 - share) / share:.0f} s left" if share else ""
            for view in self.views:
                view.preparing(f"preparing: {what}, {100 * share:.0f} %{left}", moment - start)

        try:
            with listening(show):
                yield
        finally:
            spent = time.perf_counter() - start
            self.prepared += spent
            self.begun += spent
            self.session += spent
            if begun:
                self.write_line(f"prepared the real samples in {spent:.1f} s: {', '.join(begun)}")
                for view in self.views:
                    view.preparing("", spent)

    @contextmanager
    def tolerating(self, what: str) -> Iterator[None]:
        """Make an error inside a warning that something is missing, if another program's training would end by it."""
        try:
            yield
        except Exception as error:
            if not self.tolerant:
                raise
            self.warn(f"{what} could not be made, and training goes on without: {described(error)}")

    def log(self, step: int, columns: Mapping[str, Number | None], deferred: Deferred | None = None) -> None:
        """Take a step's numbers; they become a row of history.csv within a second or 256 rows.

        Args:
            step: the training step, from 0, larger than the one before.
            columns: each a number, or a tensor that holds one and is not waited for; None is an empty cell.
            deferred: more columns, computed when the row is written.

        Raises:
            RunError: the step does not grow, a value is no single number, or a name cannot be a column's.
        """
        step = require_growing(step, self.last_step, "log")
        self.rows.add(step, self.elapsed, columns, deferred)
        self.last_step = step
        if len(self.rows) >= BLOCK or time.perf_counter() - self.last_flush > FLUSH_SECONDS:
            self.flush()

    def flush(self, sync: bool = False) -> None:
        """Write the rows taken so far.

        Args:
            sync: also wait until the disk has them, as a checkpoint must.
        """
        self.last_flush = time.perf_counter()
        rows: list[dict[str, float]] = []
        with self.tolerating(f"rows of history.csv up to step {self.last_step}"):
            rows = self.rows.write()
        if rows:
            before = set(self.evidence.broken)
            self.evidence.take(rows)
            for view in self.views:
                view.progress(rows)
            broken = {name: step for name, step in self.evidence.broken.items() if name not in before}
            if broken:
                # The columns that follow are mostly broken by it.
                name = min(broken, key=lambda each: broken[each])
                self.warn(f"{name} is NaN or infinite at step {broken[name]}")
        if sync:
            with self.tolerating("a safe copy of the rows"):
                sync_file(self.run.history)
                sync_file(self.run.snapshots)

    def require_finite(self) -> None:
        """Raise NonFinite if a row written so far holds NaN or Inf."""
        if self.evidence.non_finite is not None:
            raise NonFinite(self.evidence.non_finite.step, self.evidence.non_finite.signal)

    def add_snapshot(self, row: Mapping[str, Any]) -> None:
        """Append a row to snapshots.jsonl."""
        with self.tolerating(f"the row of step {row['step']} in snapshots.jsonl"):
            self.evidence.snapshots.append(append_snapshot(self.run.snapshots, row))

    def replace_last_snapshot(self, row: Mapping[str, Any]) -> None:
        """Write the last row of snapshots.jsonl again, with other content."""
        cut_snapshots(self.run.snapshots, self.evidence.snapshots[-1]["step"] - 1)
        del self.evidence.snapshots[-1]
        self.add_snapshot(row)

    def note(self, text: str) -> None:
        """Write a line to log.txt and show it."""
        self.write_line(text)
        for view in self.views:
            view.note(text)

    def warn(self, text: str) -> None:
        """Write a warning to log.txt and show it."""
        # Where the disk is full or the directory is gone, this is a warning that cannot be written.
        with suppress(OSError, Interrupted) if self.tolerant else nullcontext():
            self.write_line(f"warning: {text}")
        for view in self.views:
            view.warn(text)

    def write_line(self, text: str) -> None:
        """Write a line to log.txt: one line a message, as a newline or an escape in it must not forge another."""
        append_text(self.run.log, f"{now()} {one_line(text)}\n")

    @contextmanager
    def closing(self, status: State, reason: str = "") -> Iterator[None]:
        """Do the last that is to be done, then close as `close` does; if that raises, the run ends as failed."""
        try:
            yield
        except BaseException as error:
            self.close(*(ending(error) if status == "finished" else (status, reason)))
            raise
        self.close(status, reason)

    def close(self, status: State, reason: str = "") -> None:
        """Write into run.json how the run ended, and release the lock on the directory.

        Args:
            status: finished, stopped, interrupted or failed.
            reason: why, if it did not finish.
        """
        spent = time.perf_counter() - self.session
        self.status = self.status.changed(
            status=status,
            reason=reason,
            step=self.last_step or 0,
            ended=now(),
            seconds=round(self.elapsed, 3),
            cost=Cost(
                watching_share=round(self.seconds["watching"] / spent, 4),
                saving_share=round(self.seconds["saving"] / spent, 4),
                preparing_seconds=round(self.prepared, 3),
            ),
        )
        with self.held, ExitStack() as ends:
            for view in reversed(self.views):
                ends.callback(view.end)
            with self.tolerating("run.json"):
                self.run.write_status(self.status)


def ending(error: BaseException) -> tuple[State, str]:
    """Return the status and the reason of a run that an error ended."""
    return ("interrupted", "SIGINT") if isinstance(error, KeyboardInterrupt) else ("failed", described(error))


def require_growing(step: object, last: int | None, call: str) -> int:
    """Return a step, also one of NumPy's integers, as a plain integer.

    Raises:
        RunError: it is no integer from 0 to LAST_STEP, or not larger than the last one.
    """
    whole = as_integer(step)
    if whole is None or not 0 <= whole <= LAST_STEP:
        raise RunError(
            f"{call}() was given {short(repr(step))} for a step", f"a step is an integer from 0 to {LAST_STEP}"
        )
    step = whole
    if last is not None and step <= last:
        raise RunError(
            f"{call}() was given step {step} after step {last}",
            "steps must grow; give all numbers of a step in one call, and one set of samples",
        )
    return step


def as_integer(value: object) -> int | None:
    """Return a number that is an integer, of Python or of NumPy, as a plain one; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        return None
    return int(value)


def versions() -> dict[str, str]:
    """Return what a bit-for-bit repetition depends on."""
    return {"ganlab": __version__, "python": platform.python_version(), "torch": str(torch.__version__)}
