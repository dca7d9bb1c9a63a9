"""A sweep as it goes, in plain lines."""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from ganlab.cli.sweep_words import called, failure, opening, outcome, retry, totals_words
from ganlab.sweeps.progress import Course
from ganlab.sweeps.view import SweepView
from ganlab.text import printable

if TYPE_CHECKING:
    from ganlab.sweeps.plan import Plan


class CourseView(SweepView):
    """Knows where each run stands."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def begin(self, plan: Plan, folder: Path, done_before: int) -> None:
        """Say where the sweep is written."""
        self.course = Course(plan.runs, folder / "runs")
        self.console.print(opening(plan, folder, done_before))

    def decided(self, not_needed: Collection[str]) -> None:
        """Leave runs that are not needed out of the totals."""
        self.course.decided(not_needed)


class PlainSweep(CourseView):
    """A line for each run that ends, and one now and then, for logs and pipes."""

    SECONDS = 30.0

    def begin(self, plan: Plan, folder: Path, done_before: int) -> None:
        """Say where the sweep is written."""
        super().begin(plan, folder, done_before)
        self.last = time.monotonic()

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
