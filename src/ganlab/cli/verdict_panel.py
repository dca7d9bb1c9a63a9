"""A verdict as the terminal shows it: a panel for one, a table for several, plain lines where nobody watches."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ganlab.cli.live import WIDTH, sparkline
from ganlab.config.experiment import Experiment
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.files import curve_of
from ganlab.diagnosis.verdict import Contribution, Finding, Remedy, Verdict
from ganlab.errors import GanlabError
from ganlab.runs.snapshots import shown_in
from ganlab.text import printable
from ganlab.verdicts import matches, tone, words

SPARKS = ("d_loss", "g_loss", "d_acc_real", "d_acc_fake", *shown_in("spark"))
"""Curves that get a sparkline, if they are there."""

WIDEST = 10_000
"""Characters of a table's line, at most."""

Item = tuple[str, Text]
"""A mark, such as a bullet, and what stands behind it."""


@dataclass(frozen=True)
class Judged:
    """A verdict with what it rests on and what became of it.

    Attributes:
        evidence: what was judged.
        verdict: what came of it.
        files: what was written, pictures among them.
        remarks: what else the user should know, such as why nothing was written.
    """

    evidence: Evidence
    verdict: Verdict
    files: Sequence[Path] = ()
    remarks: Sequence[str] = ()


def colour_of(verdict: Verdict) -> str:
    """Green for a healthy run, yellow where nothing is held against it yet, red for a failure."""
    return {"good": "green", "open": "yellow", "bad": "red"}[tone(verdict.name)]


def show_verdict(out: Console, judged: Judged) -> None:
    """Print a verdict and all that speaks for it: a panel in a terminal, plain lines elsewhere."""
    verdict, evidence = judged.verdict, judged.evidence
    head = list(_head(verdict, evidence))
    sections = {
        "course": _sparklines(verdict, evidence),
        "evidence": [("• ", _finding(each)) for each in verdict.evidence],
        "also seen, in order": [
            (f"{number}. ", _contribution(each)) for number, each in enumerate(verdict.contributing, start=1)
        ],
        "what to do": [("• ", _remedy(each, evidence.experiment)) for each in verdict.remedies],
        "what was missing": [("• ", Text(printable(f"{each.what}: {each.how}"))) for each in verdict.missing],
        "notes": [("• ", Text(printable(each))) for each in (*verdict.notes, *judged.remarks)],
        "files": [("• ", Text(printable(path))) for path in judged.files if path.suffix != ".svg"],
    }
    shown = {heading: items for heading, items in sections.items() if items}
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
    for mark, line in items:
        grid.add_row(Text(f"  {mark}", no_wrap=True), line)
    return grid


def _head(verdict: Verdict, evidence: Evidence) -> Iterator[Text]:
    """Say what it is, since when, how sure and how bad, and whether that was expected."""
    yield Text(_named(verdict), style=f"bold {colour_of(verdict)}")
    yield Text(printable(verdict.summary))
    facts = [
        f"confidence {100 * verdict.confidence:.0f} % ({printable(verdict.basis)})",
        f"severity {verdict.severity:.2f}",
    ]
    facts.append(f"judged on steps {_steps(verdict.steps)}")
    yield Text("; ".join(facts))
    if evidence.experiment is not None and evidence.experiment.expect:
        expected = " or ".join(evidence.experiment.expect)
        if matches(verdict.name, evidence.experiment.expect):
            yield Text(f"as expected: {expected}", style="green")
        else:
            yield Text(f"not as expected: {expected}", style="bold red")


def _named(verdict: Verdict) -> str:
    onset = "" if verdict.onset_step is None else f", since step {verdict.onset_step:,}"
    return printable(words(verdict.name).capitalize()) + onset


def _steps(window: tuple[int, int]) -> str:
    first, last = window
    return f"{first:,}" if first == last else f"{first:,} to {last:,}"


def _finding(finding: Finding) -> Text:
    """A sentence, and behind it the numbers it rests on."""
    numbers = [printable(finding.signal)]
    if finding.value is not None:
        numbers[0] += f" {finding.value:.3g}"
    if finding.threshold is not None:
        numbers[0] += f" against {finding.threshold:.3g}"
    first, last = finding.window
    numbers.append(f"step {first:,}" if first == last else f"steps {_steps(finding.window)}")
    numbers.append(printable(finding.source))
    return Text.assemble(printable(finding.words), " ", (f"({'; '.join(numbers)})", "dim"))


def _contribution(each: Contribution) -> Text:
    since = "" if each.onset_step is None else f" from step {each.onset_step:,}"
    return Text(f"{printable(words(each.name).capitalize())}{since} (seen over steps {_steps(each.window)})")


def _remedy(remedy: Remedy, experiment: Experiment | None) -> Text:
    """What to change, from what to what, and why; advice without a change is its reason alone."""
    changes = "; ".join(_changes(remedy, experiment))
    start = [(f"{printable(changes)}: ", "bold")] if changes else []
    return Text.assemble(*start, printable(remedy.why), " ", (f"({printable(remedy.source)})", "dim"))


def _changes(remedy: Remedy, experiment: Experiment | None) -> Iterator[str]:
    """Each change as `key: old -> new`; what the experiment has no value for has no old one."""
    for key, new in remedy.change.items():
        old: Any = {} if experiment is None else experiment.model_dump(mode="json")
        for name in key.split("."):
            old = old.get(name) if isinstance(old, dict) else None
        yield f"{key}: {_value(new)}" if old is None else f"{key}: {_value(old)} -> {_value(new)}"


def _value(value: Any) -> str:
    """A configuration value as an experiment file would have it."""
    return f"{value:g}" if isinstance(value, float) else json.dumps(value)


def _sparklines(verdict: Verdict, evidence: Evidence) -> list[Item]:
    """The course of each curve over the same steps, its first and last value, and where the failure began."""
    first, last = evidence.first_step, evidence.last_step
    found = {name: curve for name in SPARKS if (curve := curve_of(evidence, name)) is not None}
    rows = [
        (f"{name:<16}", Text.assemble((course(curve, first, last), "cyan"), f"  {_ends(curve)}"))
        for name, curve in found.items()
    ]
    if rows and verdict.onset_step is not None:
        at = min(WIDTH - 1, max(0, int((verdict.onset_step - first) / max(1, last - first + 1) * WIDTH)))
        rows.append((" " * 16, Text(f"{' ' * at}▲ step {verdict.onset_step:,}", style="red")))
    return rows


def _ends(curve: Series) -> str:
    """First and last value of a curve; a NaN is shown as such."""
    return f"{curve.values[0]:.3g} -> {curve.values[-1]:.3g}"


def course(curve: Series, first: int, last: int) -> str:
    """Return a curve as WIDTH bars over the steps `first` to `last`.

    A bar is the mean of its stretch of steps, `!` where one value is not finite; a stretch without a value repeats the
    one before, and is blank before the first and after the last value.
    """
    place = ((curve.steps - first) / max(1, last - first + 1) * WIDTH).astype(int).clip(0, WIDTH - 1)
    sums = np.bincount(place, weights=curve.values, minlength=WIDTH)
    counts = np.bincount(place, minlength=WIDTH)
    bars: list[float] = []
    for total, count in zip(sums[place[0] : place[-1] + 1], counts[place[0] : place[-1] + 1], strict=True):
        bars.append(total / count if count else bars[-1])
    return " " * int(place[0]) + sparkline(bars) + " " * (WIDTH - 1 - int(place[-1]))


def reading(verdict: Verdict) -> str:
    """One line that says what the evidence so far tells."""
    return f"step {verdict.steps[1]:,}: {_named(verdict)} (confidence {100 * verdict.confidence:.0f} %)"


def show_table(out: Console, results: Sequence[tuple[str, Judged | GanlabError]]) -> None:
    """Print a row for each path: its verdict, or that it could not be judged.

    Args:
        out: where to.
        results: each path as the user named it, with what came of it.
    """
    table = Table(box=None, pad_edge=False)
    for heading in ("run", "verdict", "confidence", "since step", "severity", "as expected"):
        table.add_column(heading, no_wrap=True)
    for name, result in results:
        table.add_row(Text(printable(name)), *_cells(result))
    # As wide as it is: a name is there to be copied, and never cut.
    out.width = max(out.width, Measurement.get(out, out.options.update(width=WIDEST), table).maximum)
    out.print(table)


def _cells(result: Judged | GanlabError) -> list[Text]:
    if isinstance(result, GanlabError):
        return [Text("not judged", style="bold red")]
    verdict, experiment = result.verdict, result.evidence.experiment
    expect = experiment.expect if experiment is not None else ()
    agrees = matches(verdict.name, expect)
    return [
        Text(printable(words(verdict.name).capitalize()), style=colour_of(verdict)),
        Text(f"{100 * verdict.confidence:.0f} %"),
        Text("-" if verdict.onset_step is None else f"{verdict.onset_step:,}"),
        Text(f"{verdict.severity:.2f}"),
        Text(("yes" if agrees else f"no: {' or '.join(expect)}") if expect else "-", style="" if agrees else "red"),
    ]
