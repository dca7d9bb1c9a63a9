"""What became of each planned run, read from the run directories alone."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ganlab.diagnosis.verdict import Verdict
from ganlab.errors import RunError
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import History, read_history, whole_lines
from ganlab.runs.snapshots import Row, read_snapshots
from ganlab.runs.status import ENDED, RunStatus
from ganlab.verdicts import matches

if TYPE_CHECKING:
    from ganlab.sweeps.folder import SweepFolder
    from ganlab.sweeps.plan import Plan, PlannedRun

NOT_NEEDED = "not needed"
"""State of a run that was not trained because the claims about its configuration are decided without it."""

NOT_BEGUN = "not begun"
"""Reason of a missing run that no worker ever had."""


@dataclass(frozen=True)
class RunRecord:
    """A planned run and what its directory says.

    Attributes:
        planned: what was to be done, with its settings.
        run: its directory, there or not.
        state: missing (not begun), running (a live process holds it), finished, stopped, interrupted (also one that was
            killed and left `running` behind), or failed (also one whose run.json or verdict.json cannot be read);
            or `not needed`, where `deciding.settled_records` says so.
        reason: why it stopped, failed or is missing, in words; may be empty.
        status: run.json; None if it is missing or cannot be read.
        verdict: the last one of a run that ended, else the reading so far; None if there is none.
    """

    planned: PlannedRun
    run: RunDirectory
    state: str
    reason: str
    status: RunStatus | None
    verdict: Verdict | None

    @property
    def ended(self) -> bool:
        """Whether the run ended by itself, so that its verdict counts."""
        return self.state in ENDED

    @property
    def begun(self) -> bool:
        """Whether a worker had it, even if it left no directory behind."""
        return self.state != "missing" or self.reason != NOT_BEGUN

    @property
    def step(self) -> int | None:
        """The last step that run.json knows of."""
        return self.status.step if self.status else None

    @property
    def seconds(self) -> float | None:
        """Seconds that the run took."""
        return self.status.seconds if self.status else None

    @cached_property
    def history(self) -> History:
        """Columns of history.csv by name, each float64 of shape (steps,); empty if there is no row.

        Raises:
            RunError: the file is damaged.
        """
        return read_history(self.run.history)

    @cached_property
    def snapshots(self) -> list[Row]:
        """Rows of snapshots.jsonl, in order.

        Raises:
            RunError: the file is damaged.
        """
        return read_snapshots(self.run.snapshots)

    @property
    def failure_name(self) -> str:
        """The verdict as `failure/variant` or `failure`; empty without one."""
        return "" if self.verdict is None else self.verdict.name

    @property
    def as_expected(self) -> bool | None:
        """Whether the verdict is one that the experiment expects; None if it expects none or did not end."""
        expect = self.planned.experiment.expect
        if not expect or not self.ended or self.verdict is None:
            return None
        return matches(self.failure_name, expect)

    def metric(self, name: str) -> float | None:
        """Return a statistic of the last snapshot, as `Row.number` does; None if it is not there.

        Raises:
            RunError: snapshots.jsonl is damaged.
        """
        return self.snapshots[-1].number(name) if self.snapshots else None


def in_words(error: RunError, run: RunDirectory) -> str:
    """Return what is wrong with a run without its path, so that results are the same wherever the sweep's folder is."""
    return error.message.replace(f"{run.path}{os.sep}", "")


def read_records(plan: Plan, folder: SweepFolder) -> list[RunRecord]:
    """Return what became of each planned run, in the plan's order. Nothing is written, and no damage raises."""
    last_attempts = {str(row.get("run")): f"{row.get('cause')}: {row.get('words')}" for row in read_attempts(folder)}
    return [_record(planned, folder.run(planned.id), last_attempts.get(planned.id, "")) for planned in plan.runs]


def by_config(records: Sequence[RunRecord]) -> dict[str, list[RunRecord]]:
    """Return the records of each configuration, in their order."""
    found: dict[str, list[RunRecord]] = {}
    for record in records:
        found.setdefault(record.planned.config, []).append(record)
    return found


def read_attempts(folder: SweepFolder) -> list[dict[str, Any]]:
    """Return the rows of attempts.jsonl, a row an attempt that did not end by itself: run, cause, words, step, time.

    A row torn by a crash is left out; one that is damaged has the cause `unreadable`.
    """
    rows = []
    for number, line in enumerate(whole_lines(folder.attempts), start=1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        damaged = {"run": "", "cause": "unreadable", "words": f"row {number} of attempts.jsonl is damaged"}
        rows.append(row if isinstance(row, dict) else damaged)
    return rows


def _record(planned: PlannedRun, run: RunDirectory, last_attempt: str) -> RunRecord:
    if not run.status_file.is_file():
        return RunRecord(planned, run, "missing", last_attempt or NOT_BEGUN, None, None)
    try:
        status, verdict = run.status(), Verdict.read(run.verdict) if run.verdict.is_file() else None
    except RunError as error:
        return RunRecord(planned, run, "failed", in_words(error, run), None, None)
    state, reason = run.state(status), status.reason
    if state == "interrupted":
        reason = reason or last_attempt or "its process is gone"
    return RunRecord(planned, run, state, reason, status, verdict)
