"""A run as it goes: a live panel in a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from ganlab.cli.cells import prose
from ganlab.cli.console import say
from ganlab.cli.pace import Pace
from ganlab.cli.plain import PlainView, halves_of, percent
from ganlab.cli.sparkline import courses
from ganlab.diagnosis.so_far import SoFar
from ganlab.diagnosis.verdict import Verdict
from ganlab.monitor.live import Curve
from ganlab.monitor.view import View
from ganlab.runs.directory import RunDirectory
from ganlab.text import printable

BESIDE = 14  # characters of a line that the frame and the names of the curves take


class LiveView(View):
    """A panel that is redrawn in place: progress, the losses so far, accuracies, reading, warning."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bar = Progress(
            TextColumn("step {task.completed:.0f}/{task.fields[steps]}"),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[pace]}"),
            console=console,
        )
        self.curves = {"d_loss": Curve(), "g_loss": Curve()}
        self.pace = Pace()
        self.row: dict[str, float] = {}
        self.so_far = SoFar()
        self.warning = ""
        self.prepares = ""
        self.live = Live(console=console, refresh_per_second=4, transient=False, auto_refresh=False)

    @property
    def verdict(self) -> Verdict | None:
        """The newest reading; None before the first snapshot."""
        return self.so_far.now

    def begin(self, run: RunDirectory, first_step: int, steps: int | None) -> None:
        """Open the panel."""
        self.name, self.steps = printable(run.path.name), steps
        self.task = self.bar.add_task("train", total=steps, completed=first_step - 1, pace="", steps=steps or "?")
        self.live.start()
        self._draw()

    def preparing(self, text: str, seconds: float) -> None:
        """Show it in the panel; at its end the clock starts again."""
        self.prepares = text
        if not text:
            self.bar.reset(self.task, completed=int(self.bar.tasks[0].completed))
        self._draw()

    def progress(self, rows: Sequence[dict[str, float]]) -> None:
        """Take the rows in and redraw."""
        for name, curve in self.curves.items():
            steps = [int(row["step"]) for row in rows if name in row]
            curve.extend(steps, [row[name] for row in rows if name in row])
        self.pace.take(rows)
        self.bar.update(self.task, pace=self.pace.words(self.steps))
        self.row = rows[-1]
        self.bar.update(self.task, completed=self.row["step"])
        self._draw()

    def reading(self, verdict: Verdict) -> None:
        """Keep it in the panel."""
        self.so_far.take(verdict)
        self._draw()

    def note(self, text: str) -> None:
        """Print it above the panel."""
        say(self.live.console, printable(text))

    def warn(self, text: str) -> None:
        """Keep it in the panel, and print it above."""
        self.warning = printable(text)
        say(self.live.console, f"warning: {self.warning}", "yellow")
        self._draw()

    def end(self) -> None:
        """Leave the last state of the panel on the screen."""
        self._draw()
        self.live.stop()

    def _draw(self) -> None:
        table = Table.grid(padding=(0, 2, 0, 0))
        curves = {name: curve.series() for name, curve in self.curves.items() if curve.steps}
        first = min((int(curve.steps[0]) for curve in curves.values()), default=0)
        for name, each in courses(curves, first, int(self.row.get("step", 0)), self.console.width - BESIDE).items():
            table.add_row(Text(name), Text.assemble((each.bars, "cyan"), f"  {each.ends}"))
        if halves := halves_of(self.row):
            table.add_row(Text("d_loss ="), Text(halves))
        accuracies = f"real {percent(self.row, 'd_acc_real')}   fake {percent(self.row, 'd_acc_fake')}"
        table.add_row(Text("accuracy"), Text(accuracies))
        parts: list[RenderableType] = [prose(self.prepares) if self.prepares else self.bar, table]
        if self.verdict is not None:
            parts.append(prose(f"so far, {self.so_far.words}"))
        if self.warning:
            parts.append(prose(self.warning, "yellow"))
        self.live.update(Panel(Group(*parts), title=Text(self.name), title_align="left"), refresh=True)


def choose_view(console: Console) -> PlainView | LiveView:
    """Return the live panel in a terminal, plain lines elsewhere."""
    return LiveView(console) if console.is_terminal else PlainView(console)
