"""What a log holds, whatever its form: rows that say where in the run they are, and numbers by name.

Every reader of foreign files makes a Log, and `interpret` alone decides what its columns and places mean.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganlab.config.objectives import Family

MAX_NAMES = 10_000
"""Columns that are kept: a file that never repeats a name is not a log."""


class Name(NamedTuple):
    """How a log names a number.

    Attributes:
        label: the words straight before the number, or the whole name of a table's column: `adv`, `Loss/G/loss`.
        heading: what the group that it is in is called, such as `G loss` in `[G loss: 1.2, adv: .3]`; often empty.
        column: of several numbers under one name, as in `D(G(z)): .1 / .2`, which one, from 0.
        columns: how many numbers stand under the name.
    """

    label: str
    heading: str = ""
    column: int = 0
    columns: int = 1

    def __str__(self) -> str:
        words = f"{self.heading}: {self.label}" if self.heading else self.label
        return words if self.columns == 1 else f"{words} [{self.column + 1}]"


class Place(NamedTuple):
    """Where in a run a row is, as it was printed; None for what was not printed.

    Attributes:
        epoch, epochs: the epoch, and how many are planned.
        iteration, iterations: the iteration, and how many there are: in an epoch if it starts again with each, else in
            the whole run. Whether it does, the axis finds out.
    """

    epoch: float | None = None
    epochs: float | None = None
    iteration: float | None = None
    iterations: float | None = None


NOWHERE = Place()
"""The place of a row that says nothing of it."""


@dataclass
class Facts:
    """What a file says of the run besides its rows.

    Attributes:
        format: what was read, in words for the user: `a CSV file`.
        trainer: name of the trainer's entry in the vocabulary, if the format alone tells it.
        family: of the losses, if the file says it.
        saturating: as in Evidence, if the file says it.
        planned: planned steps, if the file says them.
        unit: what an iteration counts: `step` or `image`.
        exported: the run that the file is an export of, if it is one of several that hold a part of its curves each.
        full_names: columns by longer names that `--map` may give them too, such as a tag below its folders.
        separate: whether each column has rows of its own, as TensorBoard's tags do, whose order says nothing.
        dropped: lines or rows that hold numbers and could not be used, by the reason why.
        notes: what else the user should know.
        unknown: what the user should know if no column is known.
    """

    format: str
    trainer: str | None = None
    family: Family | None = None
    saturating: bool | None = None
    planned: int | None = None
    unit: str = "step"
    exported: str | None = None
    full_names: dict[str, Name] = field(default_factory=dict)
    separate: bool = False
    dropped: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    unknown: str = ""


class _Column:
    """The numbers of a column, and the rows that hold them: None as long as every row does."""

    __slots__ = ("rows", "values")

    def __init__(self, first: int) -> None:
        self.rows: array[int] | None = array("q") if first else None
        self.values = array("d")

    def add(self, row: int, value: float) -> None:
        if self.rows is None and len(self.values) < row:
            self.rows = array("q", range(len(self.values)))
        if self.rows is not None:
            self.rows.append(row)
        self.values.append(value)


class Log:
    """Rows of numbers by name, in the order in which they were read; a row may lack any of them.

    Args:
        source: what messages call it.
        format: what kind of file it is, in words.

    Attributes:
        facts: what the file says besides.
        count: rows.
        place_names: columns that say where a row is. They are no quantities, but `--map step=NAME` can choose one.
    """

    def __init__(self, source: str, format: str) -> None:
        self.source = source
        self.facts = Facts(format)
        self.count = 0
        self.place_names: list[Name] = []
        self._columns: dict[Name, _Column] = {}
        self._places = {part: array("d") for part in Place._fields}

    @property
    def names(self) -> list[Name]:
        """The columns that may be quantities, in the order in which they were first seen."""
        return [name for name in self._columns if name not in self.place_names]

    def add(self, numbers: Mapping[Name, float], place: Place = NOWHERE) -> None:
        """Take a row in; one without any number counts for none."""
        if not numbers:
            return
        columns, count = self._columns, self.count
        for name, value in numbers.items():
            column = columns.get(name)
            if column is None:
                if len(columns) == MAX_NAMES:
                    continue
                column = columns[name] = _Column(count)
            column.add(count, value)
        if place is not NOWHERE:
            for printed, values in zip(place, self._places.values(), strict=True):
                if printed is not None:
                    values.extend([float("nan")] * (count - len(values)))
                    values.append(printed)
        self.count += 1

    def extend(self, later: Log) -> None:
        """Take in the rows of another log behind its own."""
        for name in later._columns:
            rows, values = later.column(name)
            column = self._columns.setdefault(name, _Column(self.count))
            for row, value in zip(rows.tolist(), values.tolist(), strict=True):
                column.add(self.count + row, value)
        places = {part: np.concatenate([mine, later.places()[part]]) for part, mine in self.places().items()}
        self.count += later.count
        for part, values in places.items():
            self.set_place(part, values)
        self.place_names += [name for name in later.place_names if name not in self.place_names]
        for what, count in later.facts.dropped.items():
            self.facts.dropped[what] = self.facts.dropped.get(what, 0) + count
        self.facts.notes += [note for note in later.facts.notes if note not in self.facts.notes]

    def column(self, name: Name) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the rows (n,) that hold a column, and its values (n,). Views: no row can be added while they live."""
        column = self._columns[name]
        values = np.asarray(column.values)
        return np.arange(len(values)) if column.rows is None else np.asarray(column.rows), values

    def places(self) -> dict[str, NDArray[np.float64]]:
        """Return `epoch`, `epochs`, `iteration`, `iterations` of each row (count,); NaN where it was not printed."""
        places = {}
        for part, printed in self._places.items():
            missing = np.broadcast_to(np.nan, self.count - len(printed))
            places[part] = np.concatenate([np.asarray(printed), missing]) if printed else missing
        return places

    def spread(self, name: Name) -> NDArray[np.float64]:
        """Return a column over all rows (count,), NaN where a row lacks it."""
        rows, values = self.column(name)
        if len(values) == self.count:
            return values
        spread = np.full(self.count, np.nan)
        spread[rows] = values
        return spread

    def set_place(self, part: str, values: NDArray[np.float64]) -> None:
        """Say where all rows are, once they are read.

        Args:
            part: a field of Place.
            values: one a row (count,); NaN for a row that does not say it.
        """
        self._places[part] = array("d")
        if not np.isnan(values).all():
            self._places[part].frombytes(np.ascontiguousarray(values, dtype=np.float64).data.cast("B"))

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Leave out rows, and the columns that are empty then.

        Args:
            kept: whether to keep each row (count,).
        """
        if kept.all():
            return
        number = np.cumsum(kept) - 1
        for name in list(self._columns):
            rows, values = self.column(name)
            inside = kept[rows]
            if not inside.any():
                del self._columns[name]
                continue
            column = self._columns[name] = _Column(0)
            column.values.frombytes(values[inside].data.cast("B"))
            rows = number[rows[inside]]
            if len(rows) <= rows[-1]:
                column.rows = array("q", rows.astype(np.int64).tobytes())
        places = self.places()
        self.count = int(kept.sum())
        for part, printed in places.items():
            self.set_place(part, printed[kept])
