"""Rows of history.csv while they are being made: taken without waiting for the device, written in blocks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from ganlab.errors import RunError
from ganlab.runs.history import STANDARD_COLUMNS, append_rows, widen_history
from ganlab.text import short

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_./-]{0,63}")

Number = float | Tensor
"""A number, or a tensor that holds one, on any device."""


class Layout(Protocol):
    """What the numbers of a vector are."""

    @property
    def names(self) -> Sequence[str]:
        """Columns that are computed from them."""

    def columns(self, rows: Tensor) -> Mapping[str, Tensor | None]:
        """Return the columns, each (rows,), of many vectors, (rows, numbers); None is a column of empty cells."""


class Plain(NamedTuple):
    """Numbers that are columns as they are."""

    names: tuple[str, ...]

    def columns(self, rows: Tensor) -> Mapping[str, Tensor | None]:
        """Return them by name."""
        return dict(zip(self.names, rows.unbind(1), strict=True))


class Deferred(NamedTuple):
    """Columns of one step that are computed when rows are written, for all of them at once.

    One by one, they cost more than the training of a small network.

    Attributes:
        layout: how they are computed; steps that are alike share one.
        values: what from, (numbers,), on any device; nothing writes to it any more.
    """

    layout: Layout
    values: Tensor

    def now(self) -> dict[str, float]:
        """Return the columns that are not empty, now."""
        columns = self.layout.columns(self.values[None])
        return {name: float(column) for name, column in columns.items() if column is not None}


class Rows:
    """Rows that are not written yet.

    Args:
        path: history.csv.
        columns: those that it has.
    """

    def __init__(self, path: Path, columns: list[str]) -> None:
        self.path = path
        self.columns = columns
        self.fresh: list[str] = []
        self.device: torch.device | None = None
        self.known: set[str] = set()
        self.layout: Layout | None = None
        self.pending: list[tuple[dict[str, float], Deferred | None]] = []

    def __len__(self) -> int:
        return len(self.pending)

    def add(
        self, step: int, seconds: float, columns: Mapping[str, Number | None], deferred: Deferred | None = None
    ) -> None:
        """Take a step's numbers: those that lie on the host, and copies of those on the device, not waited for.

        Args:
            step: the step.
            seconds: since the run began.
            columns: each a number, or a tensor that holds one; None is an empty cell.
            deferred: ganlab's own columns; `columns` are then numbers on the host.

        Raises:
            RunError: a value is no number, or a name is none that a column can have.
        """
        host: dict[str, float] = {"step": step, "time": seconds}
        on_device: dict[str, Tensor] = {}
        for name, value in columns.items():
            if isinstance(value, Tensor):
                require_one(name, value)
                value = value.detach()
            if isinstance(value, Tensor) and value.device.type != "cpu":
                self.device = self.device or value.device
                on_device[name] = value.reshape(()).to(self.device, torch.float32)
            elif value is not None:
                host[name] = as_float(name, value)
        if on_device:
            assert deferred is None  # it would be lost
            # Stacked at once: the loop may write its next loss into the same tensor.
            deferred = Deferred(Plain(tuple(on_device)), torch.stack(list(on_device.values())))
        if not self.known.issuperset(columns):
            self._take_names(columns)
        if deferred is not None and deferred.layout is not self.layout:
            self._take_names(deferred.layout.names)
            self.layout = deferred.layout
        self.pending.append((host, deferred))

    def _take_names(self, names: Iterable[str]) -> None:
        for name in ("step", "time", *names):
            if name not in self.columns and name not in self.fresh:
                require_name(name)
                self.fresh.append(name)
        if "time" in names:
            raise RunError("the column `time` is the monitor's own", "give yours another name")
        self.known.update(names)

    def write(self) -> list[dict[str, float]]:
        """Append the rows to history.csv, which gains the columns that it lacks, and return them.

        Raises:
            Interrupted: the disk is full.
        """
        pending, self.pending = self.pending, []
        if not pending:
            return []
        standard = [name for name in STANDARD_COLUMNS if name in self.fresh]
        fresh = standard + [name for name in self.fresh if name not in standard]
        if self.columns and fresh:
            widen_history(self.path, fresh)
        self.columns, self.fresh = self.columns + fresh, []
        rows = [{name: row[name] for name in self.columns if name in row} for row in complete(pending)]
        append_rows(self.path, self.columns, [[row.get(name) for name in self.columns] for row in rows])
        return rows


def complete(pending: Sequence[tuple[dict[str, float], Deferred | None]]) -> Iterator[dict[str, float]]:
    """Yield rows with what was deferred, computed together for those in a row that are alike."""
    for layout, group in groupby(pending, key=lambda row: row[1] and row[1].layout):
        hosts, deferred = zip(*group, strict=True)
        if layout is None:
            yield from hosts
            continue
        columns = layout.columns(torch.stack([each.values for each in deferred]))
        there = {name: column for name, column in columns.items() if column is not None}
        for host, numbers in zip(hosts, torch.stack(list(there.values()), dim=1).tolist(), strict=True):
            yield {**host, **dict(zip(there, numbers, strict=True))}


def require_name(name: str) -> None:
    """Raise RunError for a column's name with other characters than letters, digits and `_./-`, or over 64 of them."""
    if not NAME.fullmatch(name):
        raise RunError(
            f"{name!r:.100} cannot be the name of a column",
            "start with a letter, go on with letters, digits, `_`, `.`, `/` or `-`, at most 64",
        )


def require_one(name: str, value: Tensor) -> None:
    """Raise RunError for a tensor that holds none or several numbers, complex ones, or no values at all."""
    if value.is_meta or value.is_complex() or value.layout is not torch.strided:
        kind = "without values" if value.is_meta else f"of {value.dtype}, {value.layout}"
        raise RunError(f"{name} is a tensor {kind}", "give a real number or a tensor that holds one")
    if value.numel() != 1:
        raise RunError(
            f"{name} is a tensor of shape {tuple(value.shape)}", f"log one number, such as {name}={name}.mean()"
        )


def as_float(name: str, value: Number) -> float:
    """Return a number, or the one of a tensor on the host, as a float.

    Raises:
        RunError: it is not a number.
    """
    try:
        # An array of one number, of any library.
        one: Any = np.asarray(value).reshape(()) if not isinstance(value, Tensor) and np.ndim(value) else value
        if np.iscomplexobj(one):
            raise TypeError("it is complex")
        return float(one)
    except OverflowError as error:
        raise RunError(f"{name} is too large for a float", "give a number below 1.8e308") from error
    except RuntimeError as error:  # JAX's array that was given away, TensorFlow's that has no value yet
        raise RunError(
            f"{name} is {type(value).__name__} whose value cannot be read: {short(error)}",
            "give a number or a tensor that holds one",
        ) from error
    except (TypeError, ValueError) as error:
        raise RunError(
            f"{name} is no number but {type(value).__name__} {short(repr(value))}",
            "give a number or a tensor that holds one",
        ) from error
