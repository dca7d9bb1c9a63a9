"""A run as it goes, in plain lines for logs and pipes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console

from ganlab.cli.console import say
from ganlab.cli.pace import Pace
from ganlab.diagnosis.so_far import SoFar
from ganlab.diagnosis.verdict import Verdict
from ganlab.diagnosis.wording import in_brackets
from ganlab.monitor.view import View
from ganlab.runs.directory import RunDirectory
from ganlab.text import printable


def percent(row: dict[str, float], name: str) -> str:
    """Return a share as a percentage, or a dash where the loss has none."""
    return f"{100 * row[name]:.0f} %" if name in row else "-"


def number(row: dict[str, float], name: str) -> str:
    """Return a column's number, or a dash where the row has none."""
    return f"{row[name]:.3f}" if name in row else "-"


def halves_of(row: dict[str, float]) -> str:
    """Return the halves that `d_loss` is the sum of, which verdicts speak of; empty if the loss is not made of them."""
    halves = {"real": "d_loss_real", "fake": "d_loss_fake"}
    if not all(name in row for name in halves.values()):
        return ""
    return " + ".join(f"{half} {number(row, name)}" for half, name in halves.items())


class PlainView(View):
    """A line now and then, for logs and pipes."""

    SECONDS = 10.0

    def __init__(self, console: Console) -> None:
        self.console = console
        self.last = 0.0
        self.pace = Pace()
        self.so_far = SoFar()
        self.told = False

    @property
    def verdict(self) -> Verdict | None:
        """The newest reading; None before the first snapshot."""
        return self.so_far.now

    def begin(self, run: RunDirectory, first_step: int, steps: int | None) -> None:
        """Say where the run is written."""
        self.steps = steps
        self.console.print(f"run {printable(run.path)}")

    def preparing(self, text: str, seconds: float) -> None:
        """Print it once, if it takes more than a second."""
        if text and not self.told and seconds > 1:
            self.console.print(text)
        self.told = bool(text) and seconds > 1

    def progress(self, rows: Sequence[dict[str, float]]) -> None:
        """Print the newest row, at most every ten seconds and at the end."""
        row = rows[-1]
        self.pace.take(rows)
        if time.monotonic() - self.last < self.SECONDS and row["step"] != self.steps:
            return
        self.last = time.monotonic()
        left = self.pace.left_words(self.steps)
        self.console.print(
            f"step {row['step']:.0f}/{self.steps or '?'}  {row['time']:.0f} s{left and ', '}{left}  "
            f"d_loss {number(row, 'd_loss')}{in_brackets(halves_of(row))}  g_loss {number(row, 'g_loss')}  "
            f"accuracy real {percent(row, 'd_acc_real')} fake {percent(row, 'd_acc_fake')}"
        )

    def reading(self, verdict: Verdict) -> None:
        """Print what can be told if that is something else than before."""
        first, claim = self.verdict is None, self.so_far.claim
        self.so_far.take(verdict)
        if first or self.so_far.claim != claim:
            self.console.print(self.so_far.words)

    def note(self, text: str) -> None:
        """Print it."""
        say(self.console, printable(text))

    def warn(self, text: str) -> None:
        """Print it."""
        say(self.console, f"warning: {printable(text)}")
