"""A sweep as it goes: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.table import Column, Table
from rich.text import Text

from ganlab.sweeps.progress import UNDER_WAY, Course, Glance, Totals
from ganlab.sweeps.view import SweepView
from ganlab.text import printable

if TYPE_CHECKING:
    from ganlab.sweeps.plan import Plan, PlannedRun

BESIDE = 6
"""Lines of a terminal that are not the table's rows: its headings, the totals, the prompt and what came before."""

RECENT = 10
"""Runs that ended last, in the table below those that run."""

STYLES = {"running": "cyan", "retrying": "yellow", "finished": "green", "stopped": "yellow", "failed": "bold red"}
"""Colour of a state."""

HEADINGS = ("run", "seed", "state", "step", "d_loss", "g_loss", "reading", "left")

FLEXIBLE = ("run", "reading")
"""Columns that are cut where the terminal is narrow."""


def duration(seconds: float) -> str:
    """Return seconds as a person would say them: `41 s`, `12 min`, `2 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"


def reading(seen: Glance) -> str:
    """Return what a run reads as, and how surely; a dash before its first snapshot."""
    if seen.reading is None:
        return "-"
    return seen.reading if seen.confidence is None else f"{seen.reading} ({100 * seen.confidence:.0f} %)"


def outcome(planned: PlannedRun, seen: Glance) -> str:
    """Return how a run ended: `mode_collapse/partial (93 %), as expected, 41 s`."""
    parts = [reading(seen)]
    expect = planned.experiment.expect
    if expect:
        parts.append("as expected" if seen.agrees(expect) else f"expected {' or '.join(expect)}")
    if seen.state == "stopped":
        parts.append(f"stopped at step {seen.step}/{seen.steps}")
    if seen.seconds is not None:
        parts.append(duration(seen.seconds))
    return ", ".join(parts)


def opening(plan: Plan, folder: Path, done_before: int) -> str:
    """Say where a sweep is written, and how much of it there is."""
    done = f", {done_before} of them done before" if done_before else ""
    return printable(f"sweep {folder}: {len(plan.runs)} runs{done}")


def called(planned: PlannedRun) -> str:
    """Name a run by what it is."""
    return f"{planned.config} s{planned.seed}"


def failure(cause: str, words: str) -> str:
    """Say of what a run died: `out of memory: killed by SIGKILL`."""
    return ": ".join(part for part in (cause.replace("_", " "), " ".join(words.split())) if part)


def retry(planned: PlannedRun, cause: str, words: str, attempt: int) -> str:
    """Say that a run died, of what, and which attempt will follow."""
    return printable(f"{called(planned)}: {failure(cause, words)}; attempt {attempt} follows")


def totals_words(totals: Totals) -> str:
    """Say how far the sweep is, in a line."""
    parts = [f"{totals.done}/{totals.total} done", f"{totals.failed} failed", f"{totals.running} running"]
    if totals.rate is not None:
        parts.append(f"{totals.rate:,.{0 if totals.rate >= 10 else 1}f} steps/s")
    if totals.left is not None:
        parts.append(f"about {duration(totals.left)} left")
    if totals.saved:
        parts.append(f"early stops saved {duration(totals.saved)} of training")
    return ", ".join(parts)


def number(value: float | None) -> str:
    """Return a loss, NaN and Inf as such, or a dash where there is none."""
    return "-" if value is None else f"{value:.3g}"


class PlainSweep(SweepView):
    """A line for each run that ends, and one now and then, for logs and pipes."""

    SECONDS = 30.0

    def __init__(self, console: Console) -> None:
        self.console = console

    def begin(self, plan: Plan, folder: Path, done_before: int) -> None:
        """Say where the sweep is written."""
        self.course = Course(plan.runs, folder / "runs")
        self.last = time.monotonic()
        self.console.print(opening(plan, folder, done_before))

    def started(self, name: str, attempt: int) -> None:
        """Keep it in mind."""
        self.course.enter(name, "running")

    def ended(self, name: str, words: str, cause: str) -> None:
        """Print how it ended."""
        seen = self.course.end(name, cause)
        planned, totals = self.course.runs[name], self.course.totals()
        how = failure(cause, words) if cause else outcome(planned, seen)
        self.console.print(printable(f"[{totals.done}/{totals.total}] {called(planned)}: {how}"))

    def retrying(self, name: str, cause: str, words: str, attempt: int) -> None:
        """Print it."""
        self.course.enter(name, "retrying")
        self.console.print(retry(self.course.runs[name], cause, words, attempt))

    def tick(self) -> None:
        """Print the totals, at most every thirty seconds."""
        if time.monotonic() - self.last >= self.SECONDS:
            self.last = time.monotonic()
            self.course.look()
            self.console.print(totals_words(self.course.totals()))

    def note(self, text: str) -> None:
        """Print it."""
        self.console.print(printable(text))

    def end(self) -> None:
        """Say what was interrupted, and print the totals."""
        for name in self.course.under_way():
            self.ended(name, "", "interrupted")
        self.console.print(totals_words(self.course.totals()))


class LiveSweep(SweepView):
    """A table that is redrawn in place: the running runs, then those that ended last, and the totals."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.attempts: dict[str, int] = {}
        self.ends: dict[str, str] = {}
        self.live = Live(console=console, auto_refresh=False)

    def begin(self, plan: Plan, folder: Path, done_before: int) -> None:
        """Open the table."""
        self.course = Course(plan.runs, folder / "runs")
        self.console.print(opening(plan, folder, done_before))
        self.live.start()
        self._draw()

    def started(self, name: str, attempt: int) -> None:
        """Put it into the table."""
        self.course.enter(name, "running")
        self.attempts[name] = attempt

    def ended(self, name: str, words: str, cause: str) -> None:
        """Put it below the running ones; a failure is printed above the table too."""
        seen = self.course.end(name, cause)
        planned = self.course.runs[name]
        self.ends[name] = failure(cause, words) if cause else outcome(planned, seen)
        if self.course.states[name] == "failed":
            self._tell(f"{called(planned)}: {self.ends[name]}", STYLES["failed"])

    def retrying(self, name: str, cause: str, words: str, attempt: int) -> None:
        """Print it above the table."""
        self.course.enter(name, "retrying")
        self._tell(retry(self.course.runs[name], cause, words, attempt), STYLES["retrying"])

    def tick(self) -> None:
        """Look at the running runs and redraw."""
        self.course.look()
        self._draw()

    def note(self, text: str) -> None:
        """Print it above the table."""
        self._tell(text)

    def end(self) -> None:
        """Leave the last state of the table on the screen."""
        for name in self.course.under_way():
            self.ended(name, "", "interrupted")
        self._draw()
        self.live.stop()

    def _tell(self, text: str, style: str = "") -> None:
        self.live.console.print(printable(text), style=style)

    def _draw(self) -> None:
        totals = self.course.totals()
        names = [*self.course.under_way(), *list(reversed(self.ends))[:RECENT]][: max(1, self.console.height - BESIDE)]
        rows = [[Text(heading, style="bold") for heading in HEADINGS], *(self._cells(name, totals) for name in names)]
        # A cell for each column, not for each row of it: a tenth of the cells to lay out, at every redraw.
        table = Table.grid(*(Column(no_wrap=heading not in FLEXIBLE) for heading in HEADINGS), padding=(0, 2))
        table.add_row(*(one_below_the_other(column) for column in zip(*rows, strict=True)))
        self.live.update(Group(table, one_below_the_other([Text(totals_words(totals), style="bold")])), refresh=True)

    def _cells(self, name: str, totals: Totals) -> list[Text]:
        planned, seen, state = self.course.runs[name], self.course.glances[name], self.course.states[name]
        again = f", attempt {self.attempts[name]}" if state == "running" and self.attempts[name] > 1 else ""
        left = totals.left_by_run.get(name)
        # The last word of a key tells enough here, and of a long name the end would be cut.
        settings = [f"{axis.rpartition('.')[2]}={value}" for axis, value in planned.settings.items()]
        return [
            cell(", ".join(settings) or planned.config),
            cell(str(planned.seed)),
            cell(state + again, STYLES.get(state, "")),
            cell(f"{seen.step or 0}/{planned.experiment.training.steps}"),
            cell(number(seen.d_loss)),
            cell(number(seen.g_loss)),
            cell(reading(seen) if state in UNDER_WAY else self.ends[name]),
            cell("" if left is None else duration(left)),
        ]


def cell(text: str, style: str = "") -> Text:
    """Return text of a user's as one line."""
    return Text(printable(text).replace("\n", " "), style=style)


def one_below_the_other(lines: Iterable[Text]) -> Text:
    """Join lines that are cut, not wrapped, where there is no room."""
    return Text("\n", no_wrap=True, overflow="ellipsis").join(lines)


def choose_sweep_view(console: Console) -> SweepView:
    """Return the live table in a terminal, plain lines elsewhere."""
    return LiveSweep(console) if console.is_terminal else PlainSweep(console)
