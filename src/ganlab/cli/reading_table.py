"""What was read of a log, and what each column was taken for, as text and a table."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ganlab.cli.console import print_table
from ganlab.diagnosis.places import names, number, span
from ganlab.diagnosis.read_report import ReadColumn, ReadReport
from ganlab.text import one_line, printable


def show_reading(out: Console, source: str, report: ReadReport, hint: str = "") -> None:
    """Print what was read: the rows and steps, a row for each column, and what to do if nothing is known by name."""
    out.print(printable(source))
    for name, words in _facts(report):
        out.print(Text.assemble((f"{name}: ", "bold"), printable(words)))
    if not report.columns:
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("column", "meaning", "rows", "range", "how it was decided"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "rows" else "left")
    for column in report.columns:
        table.add_row(*(Text(one_line(cell)) for cell in _cells(column)))
    out.print()
    print_table(out, table)
    if hint:
        out.print(f"\n{printable(hint)}")


def _facts(report: ReadReport) -> Iterator[tuple[str, str]]:
    """Yield what is known of the log as a whole, by its name."""
    unit = report.unit
    planned = "" if report.planned is None else f" of {number(report.planned, unit)} planned"
    how = f" ({report.steps_from})" if report.steps_from else ""
    yield "format", report.format
    if report.trainer is not None:
        yield "trainer", report.trainer
    yield "rows", f"{report.rows:,}"
    if report.columns:
        yield names(unit)[1], f"{span(report.steps, unit)}{planned}{how}"
    if report.restarts:
        yield "started again at", ", ".join(number(step, unit) for step in report.restarts)
    for why, count in report.dropped:
        yield "left out", f"{count:,} {why}"


def _cells(column: ReadColumn) -> tuple[str, ...]:
    """Return a column's name, meaning, rows and range, and how its meaning was found or may be said."""
    meaning = column.quantity or "not understood"
    range_ = "" if math.isnan(column.low) else f"{column.low:.4g} to {column.high:.4g}"
    if column.low == column.high:
        range_ = f"{column.low:.4g}"
    not_finite = f"{column.not_finite:,} not finite" if column.not_finite else ""
    near = f"perhaps {column.proposal}: --map {column.proposal}={column.name}" if column.proposal else ""
    return (
        column.name,
        f"{column.player}/{meaning}" if column.player and column.quantity else meaning,
        f"{column.rows:,}",
        ", ".join(part for part in (range_, not_finite) if part),
        column.guess or near or ("its name" if column.quantity else ""),
    )
