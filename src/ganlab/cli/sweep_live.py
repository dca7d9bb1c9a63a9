"""A sweep as it goes: a table that is redrawn in place in a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.table import Column, Table
from rich.text import Text

from ganlab.cli.cells import cell, one_below_the_other
from ganlab.cli.console import say
from ganlab.cli.sweep_plain import CourseView, PlainSweep
from ganlab.cli.sweep_words import called, duration, failure, number, outcome, retry, so_far, totals_words
from ganlab.sweeps.progress import UNDER_WAY, Totals
from ganlab.sweeps.view import SweepView
from ganlab.text import printable

if TYPE_CHECKING:
    from ganlab.sweeps.plan import Plan

BESIDE = 6
"""Lines of a terminal that are not the table's rows: its headings, the totals, the prompt and what came before."""

RECENT = 10
"""Runs that ended last, in the table below those that run."""

STYLES = {"running": "cyan", "retrying": "yellow", "finished": "green", "stopped": "yellow", "failed": "bold red"}
"""Colour of a state."""

HEADINGS = ("run", "seed", "state", "step", "d_loss", "g_loss", "reading", "left")
FLEXIBLE = ("run", "reading")
"""Columns that are cut where the terminal is narrow."""


class LiveSweep(CourseView):
    """A table that is redrawn in place: the running runs, then those that ended last, and the totals."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.attempts: dict[str, int] = {}
        self.ends: dict[str, str] = {}
        self.live = Live(console=console, auto_refresh=False)

    def begin(self, plan: Plan, folder: Path, done_before: int) -> None:
        """Open the table."""
        super().begin(plan, folder, done_before)
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
        say(self.live.console, printable(text), style)

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
            cell(so_far(self.course.readings[name]) if state in UNDER_WAY else self.ends[name]),
            cell("" if left is None else duration(left)),
        ]


def choose_sweep_view(console: Console) -> SweepView:
    """Return the live table in a terminal, plain lines elsewhere."""
    return LiveSweep(console) if console.is_terminal else PlainSweep(console)
