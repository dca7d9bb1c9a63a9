"""Tables of numbers as text: a line that names the columns, then a row a line, whatever holds the cells apart."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ganlab.diagnosis.readers.grammar import cut, understand
from ganlab.diagnosis.readers.growing import read_by
from ganlab.diagnosis.readers.lines import all_lines, lines, number
from ganlab.diagnosis.readers.log import Log, Name
from ganlab.diagnosis.readers.place_columns import COUNTERS, INDEX, counter, take_places
from ganlab.diagnosis.readers.text import CUT_OFF
from ganlab.errors import RunError
from ganlab.text import excerpt, listed, quoted

DELIMITERS = (",", ";", "\t", "|", None)
"""What holds cells apart, in the order in which it is tried; None is any white space, where every cell is a number."""

HEADER_LINES = 20
"""Lines in which the header is looked for; comments may stand above it."""

SAMPLE = 200
"""Lines below the header that show which rows fit and how numbers are written."""

MISSING = frozenset(("", "-", "--", "na", "n/a", "none", "null", "#n/a", "—"))
"""Cells that hold nothing, in lower case. `nan` is a NaN."""

PAIR = re.compile(r"[:=]\s*[-+]?[0-9.]")
"""A name with its number, which no name of a column is."""

THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?")
DECIMAL_COMMA = re.compile(r"[-+]?[0-9]*,[0-9]+(?:[eE][-+]?[0-9]+)?")
WRAPPED = re.compile(r"(?:[\w.]+\()?\[*\s*([-+.\w]+?)\s*\]*(?:,[^)]*)?\)?")
"""A number as `tensor(0.5, device='cuda:0')`, `[0.5]` or `np.float64(0.5)` wrap it."""

ABOVE = "lines above the table that hold numbers"
"""Why they are left out: what a table's columns mean is not known of them."""

RULE = re.compile(r"[\s|+:=-]+")
"""A line that only draws the edge of a table."""

EXPORTED = re.compile(r"(?P<run>.+) - (?P<name>.+?)(?P<bound>__MIN|__MAX)?")
"""A column of a Weights & Biases export: the run, what was logged, and whether it is an edge of a smoothed curve."""

TENSORBOARD = ["wall time", "step", "value"]
"""The columns of TensorBoard's export of one tag; the file's name says which."""


class Form(NamedTuple):
    """How a table is written.

    Attributes:
        delimiter: as in DELIMITERS.
        names: of the columns; empty if no line names them.
        above: lines above the first row.
        width: cells of a row: one more than names, where rows have a name of their own.
        decimal_comma: whether 0,5 is a half.
    """

    delimiter: str | None
    names: list[str]
    above: int
    width: int
    decimal_comma: bool


def read_table(path: Path) -> Log | None:
    """Read a table; None if this is none.

    Raises:
        RunError: it holds a header and no row, two tables, or the curves of several runs.
    """
    return read_by(open_table, path)


def open_table(path: Path) -> TableReader | None:
    """Return a reader of the lines of a table; None if this is none.

    Raises:
        RunError: it holds the curves of several runs.
    """
    form = _form(path)
    if form is None:
        return None
    labels, kind, exported = _labels(form.names or [str(column + 1) for column in range(form.width)], path)
    log = Log(excerpt(str(path)), kind)
    log.facts.exported = exported
    reader = TableReader(log, form, _unique(labels))
    head = list(islice(lines(path), SAMPLE))
    last = [cells[-1] for line in head[form.above :] if (cells := _cells(line, form.delimiter))]
    reader.shortest = min(map(len, last), default=0)
    if above := _rows_of_text(head[: form.above - bool(form.names)]):
        log.facts.dropped[ABOVE] = above
    return reader


class TableReader:
    """Reads a table; empty cells are no points, and lines that do not have a cell a column are counted.

    A table without a line of names calls its columns by their number, from 1.

    Args:
        log: takes the rows.
        form: how the table is written.
        names: of the columns; None for one that is left out.

    Attributes:
        shortest: characters of the shortest last cell of the first rows.
        unread: how many cells of each column hold no number and are not empty.
    """

    def __init__(self, log: Log, form: Form, names: Sequence[Name | None]) -> None:
        self.log = log
        self.form = form
        self.names = names
        self.useful = [name is not None and counter(name.label) is None for name in names]
        whole = form.width == len(names) and form.delimiter != "|" and any(self.useful)
        self.plain = [name for name in names if name is not None] if whole and None not in names else []
        self.above = form.above
        self.shortest = 0
        self.lines = 0
        self.broken = 0
        self.odd = 0
        self.unread = Counter[Name]()

    def take(self, line: str, redrawn: bool = False) -> None:
        """Look at a line; the first ones are the header.

        Raises:
            RunError: the line names other columns.
        """
        self.lines += 1
        if self.above:
            self.above -= 1
            return
        if (row := self._plain_row(line)) is not None:
            self.log.add(row)
            return
        form = self.form
        cells = _cells(line, form.delimiter)
        if not any(cells) or cells == form.names or RULE.fullmatch(line):
            return
        if len(cells) != form.width:
            self._refuse_header(cells)
            self.broken += 1
            return
        if form.width > len(self.names):
            del cells[0]
        row, holds, unread = {}, False, []
        for name, use, cell in zip(self.names, self.useful, cells, strict=True):
            if name is None or not cell:
                continue
            value = number(cell)
            if value is None and (value := _written(cell, form.decimal_comma)) is None:
                if cell.lower() not in MISSING:
                    unread.append(name)
                continue
            row[name] = value
            holds |= use
        if holds:
            self.log.add(row)
            self.unread.update(unread)
        elif not row:
            self._refuse_header(cells)
            self.odd += 1

    def _refuse_header(self, cells: Sequence[str]) -> None:
        """Refuse a line that names columns again, some of them as before or one that counts: another table begins."""
        if not self.form.names or not _are_names(cells):
            return
        counts = self.form.delimiter is not None and any(cell.lower() in COUNTERS for cell in cells)
        if counts or len({*cells} & {*self.form.names}) > 1:
            raise RunError(
                f"{self.log.source} holds two tables: line {self.lines:,} names other columns, {listed(cells)}",
                "give each table a file of its own",
            )

    def _plain_row(self, line: str) -> dict[Name, float] | None:
        """Return a row of finite numbers alone, as most are; None if the line must be looked at cell by cell."""
        if not self.plain or '"' in line or "_" in line or not line.isascii():
            return None
        try:
            values = list(map(float, line.split(self.form.delimiter)))
        except ValueError:
            return None
        if len(values) != len(self.plain) or not math.isfinite(sum(values)):
            return None
        return dict(zip(self.plain, values, strict=True))

    def close(self, rest: str) -> Log | None:
        """Return the log; None if most lines are no rows.

        Args:
            rest: a last line that lacks its end, which counts if it has a cell a column; its last number does not if it
                is shorter than all of those at the beginning, as it may be cut off.

        Raises:
            RunError: there is a header and no row.
        """
        self.unread = self.unread.copy()  # that of the reader that this one is a copy of stays as it is
        cell = next(reversed(_cells(rest, self.form.delimiter)), "")
        is_cut = len(cell) < self.shortest and rest.rstrip().endswith(cell) and number(cell) is not None
        if rest:
            self.take(rest.rstrip().removesuffix(cell) + "-" if is_cut else rest)
        log, form = self.log, self.form
        if self.broken + self.odd > log.count and form.names:
            return None
        if not log.count:
            columns = listed([name.label for name in self.names if name])
            raise RunError(
                f"{log.source} names the columns {columns}, and no row of numbers follows",
                "look again once the run has written some",
            )
        if is_cut:
            log.facts.dropped[CUT_OFF] = 1
        if self.broken:
            log.facts.dropped[f"lines that do not have {form.width} cells"] = self.broken
        held = {name: len(log.column(name)[1]) for name in log.names}
        if unread := sum(count for name, count in self.unread.items() if count < held.get(name, 0)):
            log.facts.dropped["cells of words in columns of numbers"] = unread
        if not form.names:
            log.facts.unknown = (
                f"no line names the {form.width} columns, so they are called by their numbers: --map d_loss=2 takes "
                "the second one for d_loss"
            )
        take_places(log)
        log.facts.notes += _ends(log)
        return log


def _form(path: Path) -> Form | None:
    """Return how a table is written, None if this is none."""
    head = list(islice(all_lines(path), HEADER_LINES + SAMPLE))
    for above, line in enumerate(head[:HEADER_LINES]):
        if not line.strip() or RULE.fullmatch(line):
            continue
        below = [each for each in head[above + 1 :] if each.strip() and not RULE.fullmatch(each)]
        for delimiter in DELIMITERS:
            names = _cells(line, delimiter)
            if delimiter is None:
                names = _cells(line.lstrip("# "), None)
            if not _are_names(names):
                continue
            if not below and delimiter in (",", ";", "\t") and not any(map(_is_told, head[:above])):
                return Form(delimiter, names, above + 1, len(names), False)
            if width := _width(names, below, delimiter):
                return Form(delimiter, names, above + 1, width, _has_decimal_comma(below, delimiter))
    return _form_without_names(head)


def _rows_of_text(lines: Sequence[str]) -> int:
    """Return how many lines look like those of a training: rows of numbers alone, or named numbers with a step or an
    epoch, or in a form that comes again. Settings, which are printed once, are not counted."""
    gaps = [cut(line)[0] for line in lines if _is_told(line)]
    again = Counter(gaps)
    forms = ((understand(each), again[each] > 1) for each in gaps)
    return sum(form.cells or bool(form.values and (form.has_place or repeated)) for form, repeated in forms)


def _is_told(line: str) -> bool:
    """Tell whether a line says something and is no comment."""
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _are_names(cells: Sequence[str]) -> bool:
    """Tell whether cells can name columns: words, not numbers, no two alike; a first or last one may be empty."""
    words = [cell for cell in cells if cell]
    return (
        len(words) >= 2
        and len(words) >= len(cells) - 2
        and all(cells[1:-1])
        and not any(number(word) is not None or _is_pair(word) or len(word) > 120 for word in words)
        and all(any(c.isalpha() for c in word) for word in words)
    )


def _is_pair(word: str) -> bool:
    """Tell whether a cell is a name with its number, as in text; the `Unnamed: 0` of a data frame is a name."""
    return PAIR.search(word) is not None and INDEX.fullmatch(word) is None


def _width(names: Sequence[str], below: Sequence[str], delimiter: str | None) -> int:
    """Return how many cells a row has below a line of names; 0 if the rows do not fit it."""
    rows = [_cells(line, delimiter) for line in below[:SAMPLE]]
    rows = [row for row in rows if row != names]
    if not rows:
        return 0
    extra = (0, 1) if delimiter is None or names[0] else (0,)
    for width in (len(names) + more for more in extra):
        fitting = [row for row in rows if len(row) == width]
        if width > len(names) and fitting and _are_names(fitting[0]):
            continue  # this line names the columns, and the one above it says something else
        numbers = [[_written(cell, True) is not None for cell in row] for row in fitting]
        if delimiter is None:
            # White space is everywhere: a table is told from prose by its numbers alone.
            numbers = [
                found
                for found, row in zip(numbers, fitting, strict=True)
                if all(fits or cell.lower() in MISSING for fits, cell in zip(found, row, strict=True))
            ]
        if 2 * len(fitting) >= len(rows) and 2 * sum(map(any, numbers)) >= len(rows):
            return width
    return 0


def _form_without_names(head: Sequence[str]) -> Form | None:
    """Return how a table is written that has numbers alone."""
    filled = [(above, line) for above, line in enumerate(head) if line.strip()]
    for delimiter in DELIMITERS:
        rows = [(above, _cells(line, delimiter)) for above, line in filled]
        numeric = [(above, row) for above, row in rows if row and all(_written(cell, True) is not None for cell in row)]
        if len(numeric) < 2 or len(numeric) < 0.8 * len(rows):
            continue
        width = len(numeric[0][1])
        if width >= 2 and all(len(row) == width for _, row in numeric):
            comma = _has_decimal_comma([line for _, line in filled], delimiter)
            return Form(delimiter, [], numeric[0][0], width, comma)
    return None


def _has_decimal_comma(rows: Sequence[str], delimiter: str | None) -> bool:
    """Tell whether commas are decimal: some number has one that can hold no thousands apart, or none has a point."""
    cells = [cell for line in rows[:SAMPLE] for cell in _cells(line, delimiter) if "," in cell]
    if any(DECIMAL_COMMA.fullmatch(cell) and not THOUSANDS.fullmatch(cell) for cell in cells):
        return True
    return delimiter != "," and not any("." in cell for line in rows[:SAMPLE] for cell in _cells(line, delimiter))


def _written(cell: str, decimal_comma: bool) -> float | None:
    """Return the number in a cell that `number` does not read: decimal commas, thousands, tensors."""
    if (value := number(cell)) is not None:
        return value
    if "," in cell:
        if decimal_comma and DECIMAL_COMMA.fullmatch(cell):
            return number(cell.replace(",", "."))
        if THOUSANDS.fullmatch(cell):
            return number(cell.replace(",", ""))
        if decimal_comma and re.fullmatch(r"[-+]?[0-9]{1,3}(?:\.[0-9]{3})*,[0-9]+", cell):
            return number(cell.replace(".", "").replace(",", "."))
    found = WRAPPED.fullmatch(cell) if cell[-1:] in ")]" else None
    return number(found[1]) if found else None


def _cells(line: str, delimiter: str | None) -> list[str]:
    """Return the cells of one line; a quote that never closes ends with its line."""
    if delimiter is None:
        return line.split()
    if delimiter == "|":
        line = line.strip().strip("|")
    if '"' not in line:
        return [cell.strip() for cell in line.split(delimiter)]
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])]
    except csv.Error:
        return []


def _unique(labels: Sequence[str | None]) -> list[Name | None]:
    """Return the columns' names; of several columns of one name, which one each is."""
    seen: dict[str, int] = {}
    counts = Counter(labels)
    names: list[Name | None] = []
    for label in labels:
        if label is None:
            names.append(None)
            continue
        column = seen.get(label, 0)
        seen[label] = column + 1
        names.append(Name(label, "", column, counts[label]))
    return names


def _labels(names: Sequence[str], path: Path) -> tuple[list[str | None], str, str | None]:
    """Return what columns are called, None for those to be left out, the kind of table, and the run it was exported of.

    Raises:
        RunError: the columns are those of several runs.
    """
    if [name.lower() for name in names] == TENSORBOARD:
        run, _, tag = path.stem.removeprefix("run-").rpartition("tag-")
        return [None, "step", tag], "a curve that TensorBoard exported as CSV", run.rstrip("-")
    exported = [EXPORTED.fullmatch(name) for name in names]
    if any(found and found["bound"] for found in exported):
        runs = list(dict.fromkeys(found["run"] for found in exported if found))
        if len(runs) > 1:
            raise RunError(
                f"{excerpt(str(path))} holds the curves of {len(runs)} runs: {listed(runs)}",
                "export each run into a file of its own",
            )
        labels = [
            name if found is None else None if found["bound"] else found["name"]
            for name, found in zip(names, exported, strict=True)
        ]
        return labels, "a Weights & Biases export", runs[0]
    return [name or "index" for name in names], "a table", None


def _ends(log: Log) -> Iterator[str]:
    """Say which columns stop before the others do: pandas writes NaN as an empty cell."""
    for name in log.names:
        rows, _ = log.column(name)
        if 1 < len(rows) == rows[-1] + 1 < log.count - 1:
            yield f"{quoted(str(name))} is empty from row {len(rows) + 1} on; pandas, for one, writes NaN so"
