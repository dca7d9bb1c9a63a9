"""The screen at the end of a lesson: what was changed, what the guide says, what was seen, and what to try next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ganlab.cli.console import WIDEST, print_uncut
from ganlab.cli.lesson_figures import LAST, figures
from ganlab.cli.lesson_seen import Seen, still_to_try
from ganlab.cli.verdict_panel import colour_of, sparklines
from ganlab.config.changes import changes
from ganlab.config.load import load_experiment
from ganlab.diagnosis.drawing import proof_of
from ganlab.diagnosis.wording import confidence, expectation, headline, in_brackets
from ganlab.lessons import Lesson
from ganlab.text import printable

EVIDENCE = 3
"""Findings that are shown at most; `ganlab diagnose` shows all."""

BESIDE = 19
"""Characters of a terminal's line that the panel's frame and the headings take."""


def show_lesson(out: Console, lesson: Lesson, seen: Sequence[Seen]) -> None:
    """Print the screen: a panel with its headings on the left in a terminal, elsewhere plain lines."""
    room = out.width - BESIDE if out.is_terminal else WIDEST
    sections: dict[str, list[Text] | list[Table]] = {
        "changed": [line for each in seen for line in (*_called(each, seen), *_changed(lesson, each))],
        "the guide": [Text(line) for line in lesson.expected.splitlines()],
        "look for": [Text(line) for line in lesson.look_for.splitlines()],
        "seen": [line for each in seen for line in (*_called(each, seen), *_seen(each, room))],
        "figures": _figures(lesson, seen, indented=not out.is_terminal),
        "try next": [Text.assemble((each.command, "bold"), f": {each.why}") for each in still_to_try(lesson, seen)],
    }
    sections = {heading: lines for heading, lines in sections.items() if lines}
    files = [line for each in seen for line in _files(each)]
    if not out.is_terminal:
        sections["files"] = files
        out.print(lesson.title)
        for heading, lines in sections.items():
            out.print(f"{heading}:")
            for line in lines:
                if isinstance(line, Table):
                    print_uncut(out, line)
                else:
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
        named = "nothing that differs from" if run.own_changes else "nothing: this is"
        yield Text(f"{named} {lesson.base}, with which the others are compared")
    for change in found:
        yield Text.assemble((change.line, "bold"), (f"  # in {lesson.base}: {change.was}", "dim"))
    if length := lesson.length(experiment):
        yield Text(f"({length})", "dim")
    for change in run.own_changes:
        yield Text.assemble("by you: ", (change.line, "bold"), (f"  # in the lesson: {change.was}", "dim"))


def _seen(run: Seen, room: int) -> Iterator[Text]:
    """Yield the verdict, whether it was expected, what speaks for it, and the curves that show it."""
    verdict = run.verdict
    yield Text.assemble((headline(verdict), f"bold {colour_of(verdict)}"), in_brackets(confidence(verdict)))
    if not run.altered and (expected := expectation(verdict)):
        yield Text(expected[0], "green" if expected[1] else "bold red")
    yield Text(printable(verdict.summary))
    # What a healthy run is praised for is its summary.
    found = [finding.words for finding in verdict.evidence if finding.words not in verdict.summary]
    for words in found[:EVIDENCE]:
        yield Text(f"- {printable(words)}")
    if verdict.judged_on is not None and (proof := proof_of(verdict.judged_on, verdict)):
        for mark, line in sparklines(verdict, ("d_loss", "g_loss", *proof.curves), room):
            yield Text(mark) + line


def _figures(lesson: Lesson, seen: Sequence[Seen], indented: bool) -> list[Table]:
    """Return the guide's figures beside those of the runs as a table; nothing if the guide has none."""
    table = Table(box=None, pad_edge=indented, padding=(0, 0, 0, 2))
    for heading in ("figure", "the guide", f"here (last {LAST} steps)"):
        table.add_column(heading)
    for each in seen:
        rows = list(figures(lesson, each.experiment.name, each.verdict))
        if rows and len(seen) > 1:
            table.add_row(Text(each.experiment.name, "bold underline"))
        for row in rows:
            table.add_row(*row)
    return [table] if table.row_count else []


def _files(run: Seen) -> Iterator[Text]:
    """Yield where the curves with the place marked are, the samples step by step, and all of it in one file."""
    yield Text(f"picture: {printable(run.picture)}")
    found = {"samples, step by step": run.run.samples / "evolution.gif", "page": run.run.page}
    yield from (Text(f"{what}: {printable(path)}") for what, path in found.items() if path.is_file())
