"""A verdict as the terminal shows it: a panel, or plain lines if nobody watches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ganlab.cli.console import WIDEST, console, say
from ganlab.cli.sparkline import courses
from ganlab.diagnosis.places import at
from ganlab.diagnosis.sessions import Judged
from ganlab.diagnosis.verdict import Verdict
from ganlab.diagnosis.wording import Line, expectation, facts, headline, sections
from ganlab.runs.snapshots import shown_in
from ganlab.text import printable
from ganlab.verdicts import tone

SPARKS = ("d_loss", "g_loss", "d_acc_real", "d_acc_fake", *shown_in("spark"))
"""Curves that get a sparkline, if they are there."""

BESIDE = 6
"""Characters of a terminal's line that the panel's frame and the indent take."""

Item = tuple[str, Text]
"""A mark, such as a bullet, and what stands behind it."""


def colour_of(verdict: Verdict) -> str:
    """Green for a healthy run, yellow if nothing is held against it yet, red for a failure."""
    return {"good": "green", "open": "yellow", "bad": "red"}[tone(verdict.name)]


def show_verdict(out: Console, judged: Judged, advice: str = "") -> None:
    """Print a verdict and all that speaks for it, `advice` last of what to do; plain lines outside a terminal."""
    verdict = judged.verdict
    head = list(_head(verdict))
    found = {heading: [_item(line) for line in lines] for heading, lines in sections(verdict).items()}
    found["what to do"] = [*found.get("what to do", ()), *map(_item, [Line(printable(advice))] if advice else [])]
    remarks = [_item(Line(printable(each))) for each in judged.remarks]
    shown = {
        "course": sparklines(verdict, SPARKS, out.width - BESIDE if out.is_terminal else WIDEST),
        **found,
        "notes": [*found.get("notes", ()), *remarks],
        "files": [_item(Line(printable(path))) for path in judged.files if path.suffix != ".svg"],
    }
    shown = {heading: items for heading, items in shown.items() if items}
    if not out.is_terminal:
        lines = [Text(printable(verdict.source)), *head]
        for heading, items in shown.items():
            lines += [Text(f"{heading}:"), *(Text(f"  {mark}") + line for mark, line in items)]
        for line in lines:
            out.print(line)
        return
    parts: list[RenderableType] = [*head]
    for heading, items in shown.items():
        parts += [Text(), Text(heading, style="bold"), _hanging(items)]
    panel = Panel(
        Group(*parts), title=Text(printable(verdict.source)), title_align="left", border_style=colour_of(verdict)
    )
    out.print(panel, soft_wrap=False)


def _hanging(items: Sequence[Item]) -> Table:
    """Lay items out so that a long one goes on below its own beginning, not below its mark."""
    grid = Table.grid()
    grid.add_column()
    grid.add_column(overflow="fold")  # a path is there to be copied
    for mark, line in items:
        grid.add_row(Text(f"  {mark}", no_wrap=True), line)
    return grid


def _head(verdict: Verdict) -> Iterator[Text]:
    """Say what it is, since when, how sure and how bad, and whether that was expected."""
    yield Text(headline(verdict), style=f"bold {colour_of(verdict)}")
    yield Text(printable(verdict.summary))
    yield Text(facts(verdict))
    if expected := expectation(verdict):
        words, came_true = expected
        yield Text(words, style="green" if came_true else "bold red")


def _item(line: Line) -> Item:
    rests_on = f" ({line.rests_on})" if line.rests_on else ""
    return line.mark, Text.assemble((line.strong, "bold"), line.text, (rests_on, "dim"))


def sparklines(verdict: Verdict, keys: Sequence[str], room: int) -> list[Item]:
    """The course of each curve over the same steps, its first and last bar in numbers, and where the failure began.

    Args:
        verdict: of the run.
        keys: names of the curves, which are left out where the run has none.
        room: characters of a line: a terminal that breaks it shows no curve.
    """
    evidence = verdict.judged_on
    if evidence is None:
        return []
    first, last = evidence.first_step, evidence.last_step
    curves = dict(evidence.courses(keys))
    margin = max(map(len, curves), default=0) + 2
    drawn = courses(curves, first, last, room - margin)
    rows = [(name.ljust(margin), Text.assemble((each.bars, "cyan"), f"  {each.ends}")) for name, each in drawn.items()]
    if rows and verdict.onset_step is not None:
        width = len(next(iter(drawn.values())).bars)
        place = min(width - 1, max(0, int((verdict.onset_step - first) / max(1, last - first + 1) * width)))
        onset = at(verdict.onset_step, verdict.unit)
        mark = f"{onset} ▲".rjust(place + 1) if place > len(onset) else f"{' ' * place}▲ {onset}"
        rows.append((" " * margin, Text(mark, style="red")))
    return rows


def print_remarks(judged: Judged) -> None:
    """Say on standard error what could not be done."""
    for remark in judged.remarks:
        say(console(stderr=True), f"{printable(judged.verdict.source)}: {printable(remark)}")
