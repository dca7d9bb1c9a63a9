"""How far a sweep is: a glance at each run's directory, cheap enough for every second, and what they add up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ganlab.diagnosis.so_far import SoFar
from ganlab.diagnosis.verdict import Verdict
from ganlab.errors import RunError
from ganlab.runs.directory import RunDirectory
from ganlab.runs.snapshots import is_number
from ganlab.runs.status import ENDED, STOP_ON, RunStatus
from ganlab.sweeps.records import NOT_NEEDED
from ganlab.verdicts import matches

if TYPE_CHECKING:
    from ganlab.sweeps.plan import PlannedRun

TAIL = 4096
"""Bytes read from the end of history.csv: a row of the standard columns has 200."""

UNDER_WAY = ("running", "retrying")
"""States of a run that was begun and is not over."""


@dataclass(frozen=True)
class Glance:
    """What a run's directory tells at once; None stands for what is missing or half-written.

    Attributes:
        state: status of run.json.
        reason: why it did not finish; empty if it did, or goes on.
        step: last step that history.csv holds, at most a second old.
        steps: number of steps it is trained for.
        seconds: what it took so far, its end (last look, pictures) included once it is over.
        pace: seconds a step, watching included, over all steps so far.
        d_loss, g_loss: losses of that step, NaN and Inf included.
        verdict: what it reads as at its newest snapshot, or was judged to be at its end.
    """

    state: str | None = None
    reason: str = ""
    step: int | None = None
    steps: int | None = None
    seconds: float | None = None
    pace: float | None = None
    d_loss: float | None = None
    g_loss: float | None = None
    verdict: Verdict | None = None

    @property
    def reading(self) -> str | None:
        """The verdict's name, `failure` or `failure/variant`."""
        return self.verdict.name if self.verdict else None

    @property
    def confidence(self) -> float | None:
        """How sure the verdict is, in (0, 1)."""
        return self.verdict.confidence if self.verdict else None

    @property
    def saved(self) -> float:
        """Seconds of training that a verdict of `monitor.stop_on` saved; NaN ends a run too, and saves nothing."""
        early = self.state == "stopped" and self.reason.startswith(STOP_ON)
        if not early or self.step is None or self.steps is None or self.pace is None:
            return 0.0
        return max(0, self.steps - self.step) * self.pace

    def agrees(self, expect: Sequence[str]) -> bool:
        """Return whether the reading is one of `failure` or `failure/variant` names."""
        return self.reading is not None and matches(self.reading, expect)


def glance(run: RunDirectory) -> Glance:
    """Look at a run's directory as it is now, whole or not: three small reads, no lock, no error."""
    status, verdict, row = _status(run), _verdict(run), last_row(run.history)
    state = status.status if status else None
    step, seconds = _finite(row.get("step")), _finite(row.get("time"))
    return Glance(
        state=state,
        reason=status.reason if status else "",
        step=None if step is None else int(step),
        steps=status.steps if status else None,
        seconds=seconds if status is None or state == "running" else status.seconds,
        pace=seconds / step if step and seconds is not None else None,
        d_loss=row.get("d_loss"),
        g_loss=row.get("g_loss"),
        verdict=verdict,
    )


def last_row(path: Path) -> dict[str, float]:
    """Return the last whole row of history.csv, from its first line and its last TAIL bytes; empty if there is none.

    A cell that is empty or no number is left out.
    """
    try:
        with open(path, "rb") as file:
            header = file.readline(TAIL)
            size = file.seek(0, 2)
            file.seek(max(len(header) - 1, size - TAIL))
            block = file.read(TAIL + 1)
    except OSError:
        return {}
    # What stands before the first newline may be half a row, and what stands behind the last one is.
    lines = block.split(b"\n")
    names, cells = header.strip().split(b","), lines[-2].split(b",") if len(lines) > 2 else []
    if len(names) != len(cells):
        return {}
    return dict(_numbers(names, cells))


def _numbers(names: Sequence[bytes], cells: Sequence[bytes]) -> Iterator[tuple[str, float]]:
    for name, cell in zip(names, cells, strict=True):
        try:
            yield name.decode(errors="replace"), float(cell)
        except ValueError:
            continue


def _status(run: RunDirectory) -> RunStatus | None:
    try:
        return run.status()
    except RunError:
        return None


def _verdict(run: RunDirectory) -> Verdict | None:
    try:
        return Verdict.read(run.verdict)
    except RunError:
        return None


def _finite(value: object) -> float | None:
    """Return a finite number, or None for anything else; no count of steps or seconds comes near the bound."""
    return float(value) if is_number(value) and abs(value) < 1e15 else None


@dataclass(frozen=True)
class Totals:
    """What the runs of a sweep add up to.

    Attributes:
        total: planned runs, without those that are not needed.
        done: those that are over, the failed ones included.
        failed: those that were given up.
        running: those that a worker has now.
        rate: steps per second of all running ones together; None while unknown.
        left: seconds until the last run ends, if as many go on running side by side as now; None while unknown.
        left_by_run: seconds that each running run has left, where that is known.
        saved: seconds of training that early stops (`monitor.stop_on`) saved.
        not_needed: runs that are not trained because the claims about them are decided.
        optional: runs that wait and are only trained if a claim needs them: total and left are bounds then.
    """

    total: int
    done: int
    failed: int
    running: int
    rate: float | None
    left: float | None
    left_by_run: Mapping[str, float]
    saved: float
    not_needed: int = 0
    optional: int = 0


class Course:
    """Where each run of a plan stands, and what was seen of it last.

    Args:
        runs: the planned runs, in the plan's order.
        folder: the folder their directories are in; those that ended there by themselves need no training.

    Attributes:
        runs: the planned runs by id.
        states: waiting, not needed, running, retrying, finished, stopped, failed or interrupted, by id.
        glances: what was seen of each run that was begun, by id.
        readings: what each run that was begun reads as so far, by id.
    """

    def __init__(self, runs: Sequence[PlannedRun], folder: Path) -> None:
        self.folder = folder
        self.runs = {run.id: run for run in runs}
        self.states = dict.fromkeys(self.runs, "waiting")
        self.glances: dict[str, Glance] = {}
        self.readings = defaultdict[str, SoFar](SoFar)
        for name in self.runs:
            seen = glance(RunDirectory(self.folder / name))
            if seen.state in ENDED:
                self.states[name], self.glances[name] = seen.state, seen

    def _look(self, name: str) -> Glance:
        self.glances[name] = seen = glance(RunDirectory(self.folder / name))
        if seen.verdict is not None:
            self.readings[name].take(seen.verdict)
        return seen

    def enter(self, name: str, state: str) -> Glance:
        """Take a run's new state, and look at the run."""
        self.states[name] = state
        return self._look(name)

    def end(self, name: str, cause: str) -> Glance:
        """Take in that a run is done with: its directory says how, or else it failed."""
        seen = self.enter(name, "failed")
        if not cause and seen.state is not None:
            self.states[name] = seen.state
        elif cause == "interrupted":
            self.states[name] = cause
        return seen

    def decided(self, not_needed: Collection[str]) -> None:
        """Take in which runs need no training as things stand; the others wait, if they were not begun."""
        for name, state in self.states.items():
            if state in ("waiting", NOT_NEEDED):
                self.states[name] = NOT_NEEDED if name in not_needed else "waiting"

    def under_way(self) -> list[str]:
        """Ids of the runs that are running, then of those to be tried again."""
        return [name for state in UNDER_WAY for name, its in self.states.items() if its == state]

    def look(self) -> None:
        """Look at all running runs."""
        for name in self.under_way():
            self._look(name)

    def totals(self) -> Totals:
        """Add up what was seen last.

        A run that is not over will take as long as those of its configuration took that ended by themselves, on
        average; where none did, or it took longer already, as its own pace says; one that is yet to begin goes at the
        pace of its configuration, else of all.
        """
        states = list(self.states.values())
        left = self._left()
        running = {name: left[name] for name, state in self.states.items() if state == "running" and name in left}
        paces = [seen.pace for name, seen in self.glances.items() if self.states[name] == "running" and seen.pace]
        slots = states.count("running")
        open_runs = sum(state in (*UNDER_WAY, "waiting") for state in states)
        known = slots and len(left) == open_runs
        return Totals(
            total=len(states) - states.count(NOT_NEEDED),
            done=sum(state in (*ENDED, "failed") for state in states),
            failed=states.count("failed"),
            running=slots,
            rate=sum(1 / pace for pace in paces) if paces else None,
            left=max(max(left.values()), sum(left.values()) / slots) if known else None,
            left_by_run=running,
            saved=sum(seen.saved for seen in self.glances.values()),
            not_needed=states.count(NOT_NEEDED),
            optional=sum(state == "waiting" and not self.runs[name].required for name, state in self.states.items()),
        )

    def _left(self) -> dict[str, float]:
        """Seconds of training that each run has left that is not over, where they can be known."""
        took, paces = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
        for name, seen in self.glances.items():
            if self.states[name] in ENDED and seen.seconds is not None:
                took[self.runs[name].config].append(seen.seconds)
            if seen.pace is not None:
                paces[self.runs[name].config].append(seen.pace)
        mean_took = {config: sum(values) / len(values) for config, values in took.items()}
        mean_pace = {config: sum(values) / len(values) for config, values in paces.items()}
        any_pace = sum(mean_pace.values()) / len(mean_pace) if mean_pace else None

        left: dict[str, float] = {}
        for name, state in self.states.items():
            if state not in (*UNDER_WAY, "waiting"):
                continue
            run, seen = self.runs[name], self.glances.get(name, Glance())
            whole, spent = mean_took.get(run.config, 0.0), seen.seconds or 0.0
            pace = seen.pace or mean_pace.get(run.config, any_pace)
            if whole > spent:
                left[name] = whole - spent
            elif pace is not None:
                left[name] = max(0, run.experiment.training.steps - (seen.step or 0)) * pace
        return left
