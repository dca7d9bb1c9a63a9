"""The screen at the end of a lesson: what was changed, what the guide says, what was seen, and what to try next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ganlab.cli.lesson_seen import Seen
from ganlab.cli.verdict_panel import colour_of
from ganlab.config.changes import changes
from ganlab.config.load import load_experiment
from ganlab.diagnosis.wording import confidence, expectation, headline
from ganlab.lessons import Lesson
from ganlab.text import printable
from ganlab.verdicts import INCONCLUSIVE

EVIDENCE = 3
"""Findings that are shown at most; `ganlab diagnose` shows all."""


def show_lesson(out: Console, lesson: Lesson, seen: Sequence[Seen]) -> None:
    """Print the screen: a panel with its headings on the left in a terminal, elsewhere plain lines."""
    sections = {
        "changed": [line for each in seen for line in (*_called(each, seen), *_changed(lesson, each))],
        "the guide": [Text(line) for line in lesson.expected.splitlines()],
        "look for": [Text(line) for line in lesson.look_for.splitlines()],
        "seen": [line for each in seen for line in (*_called(each, seen), *_seen(each))],
        "try next": [Text.assemble((each.command, "bold"), f": {each.why}") for each in lesson.next],
    }
    files = [line for each in seen for line in _files(each)]
    if not out.is_terminal:
        sections["files"] = files
        out.print(lesson.title)
        for heading, lines in sections.items():
            out.print(f"{heading}:")
            for line in lines:
                out.print(Text("  ") + line)
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    for heading, lines in sections.items():
        grid.add_row(Text(heading, "bold cyan"), Group(*lines))
    out.print(Panel(grid, title=Text(lesson.title, "bold"), title_align="left"), soft_wrap=False)
    # Not in the panel, which would break a long path or cut it.
    for line in files:
        out.print(line)


def _called(run: Seen, seen: Sequence[Seen]) -> list[Text]:
    """Return a line with the run's name, if it is one of several."""
    return [Text(run.experiment.name, "bold underline")] if len(seen) > 1 else []


def _changed(lesson: Lesson, run: Seen) -> Iterator[Text]:
    """Yield each line of YAML that was changed with the old value behind it, and how long the run is in comparison."""
    base, experiment = load_experiment(lesson.base), run.experiment
    found = changes(base, experiment)
    if not found:
        yield Text(f"nothing: this is {lesson.base}, with which the others are compared")
    for change in found:
        yield Text.assemble((change.line, "bold"), (f"  # in {lesson.base}: {change.was}", "dim"))
    if experiment.training.steps != base.training.steps:
        yield Text(f"(and {experiment.training.steps:,} steps instead of {base.training.steps:,})", "dim")


def _seen(run: Seen) -> Iterator[Text]:
    """Yield the verdict, whether it was expected, and what speaks for it."""
    verdict = run.verdict
    sure = "" if verdict.name == INCONCLUSIVE else f" ({confidence(verdict)})"
    yield Text.assemble((headline(verdict), f"bold {colour_of(verdict)}"), sure)
    if not run.altered and (expected := expectation(verdict)):
        yield Text(expected[0], "green" if expected[1] else "bold red")
    yield Text(printable(verdict.summary))
    # What a healthy run is praised for is its summary.
    found = [finding.words for finding in verdict.evidence if finding.words not in verdict.summary]
    for words in found[:EVIDENCE]:
        yield Text(f"- {printable(words)}")


def _files(run: Seen) -> Iterator[Text]:
    """Yield where the curves with the place marked are, and where the samples step by step."""
    yield Text(f"picture: {printable(run.picture)}")
    if (film := run.run.samples / "evolution.gif").is_file():
        yield Text(f"samples, step by step: {printable(film)}")
