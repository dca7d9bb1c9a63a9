"""The screen at the end of a lesson: what was changed, what the guide says, what was seen, and what to try next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ganlab.cli.verdict_panel import colour_of
from ganlab.config.changes import changes
from ganlab.config.experiment import Experiment
from ganlab.config.load import load_experiment
from ganlab.diagnosis.verdict import Verdict
from ganlab.diagnosis.wording import confidence, expectation, headline
from ganlab.lessons import Lesson
from ganlab.runs.directory import RunDirectory
from ganlab.text import printable
from ganlab.verdicts import INCONCLUSIVE

EVIDENCE = 3
"""Findings that are shown at most; `ganlab diagnose` shows all."""

HEADING = 12
"""Characters of the column of headings."""


@dataclass(frozen=True)
class Seen:
    """A run of a lesson, and what it was judged to be."""

    experiment: Experiment
    run: RunDirectory
    verdict: Verdict

    @property
    def picture(self) -> Path:
        """The curves with the place marked, next to samples."""
        return self.run.plots / "verdict.png"

    def of(self, all_of_them: Sequence[Seen]) -> str:
        """Return what tells it from the other runs of its lesson; empty if it is the only one."""
        return f" in {self.experiment.name}" if len(all_of_them) > 1 else ""


def lesson_json(lesson: Lesson, seen: Sequence[Seen]) -> dict[str, Any]:
    """Return a lesson and what was seen for machines."""
    return {
        "lesson": lesson.name,
        "title": lesson.title,
        "expected": lesson.expected,
        "runs": [
            {
                "run": str(each.run.path),
                **each.run.status().as_json(),
                "changes": [change._asdict() for change in lesson.changes(each.experiment)],
                "verdict": each.verdict.as_json(),
                "as_expected": as_expected[1] if (as_expected := expectation(each.verdict)) else None,
                "picture": str(each.picture),
            }
            for each in seen
        ],
        "next": [each.command for each in lesson.next],
    }


def show_lesson(out: Console, lesson: Lesson, seen: Sequence[Seen]) -> None:
    """Print the screen: a panel with its headings on the left in a terminal, elsewhere plain lines."""
    sections = [(f"changed{each.of(seen)}", list(_changed(lesson, each.experiment))) for each in seen]
    sections.append(("the guide", [Text(line) for line in lesson.expected.splitlines()]))
    sections.append(("look for", [Text(line) for line in lesson.look_for.splitlines()]))
    sections += [(f"seen{each.of(seen)}", list(_seen(each))) for each in seen]
    sections.append(("try next", [Text.assemble((each.command, "bold"), f": {each.why}") for each in lesson.next]))
    if not out.is_terminal:
        out.print(lesson.title)
        for heading, lines in sections:
            out.print(f"{heading}:")
            for line in lines:
                out.print(Text("  ") + line)
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(max_width=HEADING)
    for heading, lines in sections:
        grid.add_row(Text(heading, "bold cyan"), Group(*lines))
    out.print(Panel(grid, title=Text(lesson.title, "bold"), title_align="left"), soft_wrap=False)


def _changed(lesson: Lesson, experiment: Experiment) -> Iterator[Text]:
    """Yield each line of YAML that was changed with the old value behind it, and how long the run is in comparison."""
    if lesson.against is None:
        yield Text("nothing: this is the run that the other lessons are compared with")
        return
    other = load_experiment(lesson.against)
    for change in changes(other, experiment):
        yield Text.assemble((change.line, "bold"), (f"  # in {lesson.against}: {change.was}", "dim"))
    steps = experiment.training.steps, other.training.steps
    if steps[0] != steps[1]:
        yield Text(f"(and {steps[0]:,} steps instead of {steps[1]:,})", "dim")


def _seen(each: Seen) -> Iterator[Text]:
    """Yield the verdict, whether it was expected, what speaks for it, and where the picture is."""
    verdict = each.verdict
    sure = "" if verdict.name == INCONCLUSIVE else f" ({confidence(verdict)})"
    yield Text.assemble((headline(verdict), f"bold {colour_of(verdict)}"), sure)
    if expected := expectation(verdict):
        yield Text(expected[0], "green" if expected[1] else "bold red")
    yield Text(printable(verdict.summary))
    for finding in verdict.evidence[:EVIDENCE]:
        yield Text(f"- {printable(finding.words)}")
    yield Text(f"picture: {printable(each.picture)}")
