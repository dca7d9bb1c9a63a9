"""A run as it goes: a live panel in a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ganlab.diagnosis.verdict import Verdict
from ganlab.monitor.view import View
from ganlab.runs.directory import RunDirectory
from ganlab.text import printable

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 40
"""Characters of a sparkline."""


def sparkline(values: Sequence[float]) -> str:
    """Return the values as bars between their least and greatest; NaN and Inf show as `!`."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return "!" * len(values)
    low, span = min(finite), (max(finite) - min(finite)) or 1.0
    return "".join(
        BARS[min(len(BARS) - 1, int((value - low) / span * len(BARS)))] if math.isfinite(value) else "!"
        for value in values
    )


def percent(row: dict[str, float], name: str) -> str:
    """Return a share as a percentage, or a dash where the loss has none."""
    return f"{100 * row[name]:.0f} %" if name in row else "-"


def number(row: dict[str, float], name: str) -> str:
    """Return a column's number, or a dash where the row has none."""
    return f"{row[name]:.3f}" if name in row else "-"


def in_a_line(verdict: Verdict) -> str:
    """Return what a run reads as, in a line."""
    from ganlab.cli.verdict_panel import reading

    return reading(verdict)


class PlainView(View):
    """A line now and then, for logs and pipes."""

    SECONDS = 10.0

    def __init__(self, console: Console) -> None:
        self.console = console
        self.last = 0.0
        self.told = ""

    def begin(self, run: RunDirectory, first_step: int, steps: int | None) -> None:
        """Say where the run is written."""
        self.steps = steps
        self.console.print(f"run {printable(run.path)}")

    def progress(self, rows: Sequence[dict[str, float]]) -> None:
        """Print the newest row, at most every ten seconds and at the end."""
        row = rows[-1]
        if time.monotonic() - self.last < self.SECONDS and row["step"] != self.steps:
            return
        self.last = time.monotonic()
        self.console.print(
            f"step {row['step']:.0f}/{self.steps or '?'}  {row['time']:.0f} s  "
            f"d_loss {number(row, 'd_loss')}  g_loss {number(row, 'g_loss')}  "
            f"accuracy real {percent(row, 'd_acc_real')} fake {percent(row, 'd_acc_fake')}"
        )

    def reading(self, verdict: Verdict) -> None:
        """Print it where it is another one than before."""
        if verdict.name != self.told:
            self.told = verdict.name
            self.console.print(in_a_line(verdict))

    def note(self, text: str) -> None:
        """Print it."""
        self.console.print(printable(text))

    def warn(self, text: str) -> None:
        """Print it."""
        self.console.print(f"warning: {printable(text)}")


class LiveView(View):
    """A panel that is redrawn in place: progress, losses with their course, accuracies, reading, warning."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bar = Progress(
            TextColumn("step {task.completed:.0f}/{task.fields[steps]}"),
            BarColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
        )
        self.courses = {"d_loss": deque[float](maxlen=WIDTH), "g_loss": deque[float](maxlen=WIDTH)}
        self.row: dict[str, float] = {}
        self.verdict: Verdict | None = None
        self.warning = ""
        self.live = Live(console=console, refresh_per_second=4, transient=False, auto_refresh=False)

    def begin(self, run: RunDirectory, first_step: int, steps: int | None) -> None:
        """Open the panel."""
        self.name = printable(run.path.name)
        self.stride = max(1, (steps or 0) // 400)
        self.task = self.bar.add_task("train", total=steps, completed=first_step - 1, rate="", steps=steps or "?")
        self.live.start()
        self._draw()

    def progress(self, rows: Sequence[dict[str, float]]) -> None:
        """Take the rows in and redraw."""
        for row in rows:
            if row["step"] % self.stride == 0:
                for name, course in self.courses.items():
                    if name in row:
                        course.append(row[name])
        if self.row:
            seconds = rows[-1]["time"] - self.row["time"]
            rate = (rows[-1]["step"] - self.row["step"]) / seconds if seconds > 0 else 0.0
            self.bar.update(self.task, rate=f"{rate:.1f} steps/s" if rate >= 1 else f"{1 / rate:.1f} s/step")
        self.row = rows[-1]
        self.bar.update(self.task, completed=self.row["step"])
        self._draw()

    def reading(self, verdict: Verdict) -> None:
        """Keep it in the panel."""
        self.verdict = verdict
        self._draw()

    def note(self, text: str) -> None:
        """Print it above the panel."""
        self.live.console.print(printable(text))

    def warn(self, text: str) -> None:
        """Keep it in the panel, and print it above."""
        self.warning = printable(text)
        self.live.console.print(f"warning: {self.warning}", style="yellow")
        self._draw()

    def end(self) -> None:
        """Leave the last state of the panel on the screen."""
        self._draw()
        self.live.stop()

    def _draw(self) -> None:
        table = Table.grid(padding=(0, 2))
        for name, course in self.courses.items():
            table.add_row(Text(name), Text(number(self.row, name)), Text(sparkline(course), style="cyan"))
        accuracies = f"real {percent(self.row, 'd_acc_real')}   fake {percent(self.row, 'd_acc_fake')}"
        table.add_row(Text("accuracy"), Text(""), Text(accuracies))
        parts: list[RenderableType] = [self.bar, table]
        if self.verdict:
            parts.append(Text(f"so far, {in_a_line(self.verdict)}"))
        if self.warning:
            parts.append(Text(self.warning, style="yellow"))
        self.live.update(Panel(Group(*parts), title=Text(self.name), title_align="left"), refresh=True)


def choose_view(console: Console) -> View:
    """Return the live panel in a terminal, plain lines elsewhere."""
    return LiveView(console) if console.is_terminal else PlainView(console)
