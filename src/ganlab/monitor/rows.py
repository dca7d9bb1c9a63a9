"""Rows of history.csv while they are being made: taken without waiting for the device, written in blocks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganlab.errors import RunError
from ganlab.runs.history import STANDARD_COLUMNS, append_rows, widen_history
from ganlab.text import short

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_./-]{0,63}")

Number = float | Tensor
"""A number, or a tensor that holds one, on any device."""


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
        self.pending: list[tuple[dict[str, float], list[str], Tensor | None]] = []

    def __len__(self) -> int:
        return len(self.pending)

    def add(self, step: int, seconds: float, columns: Mapping[str, Number | None]) -> None:
        """Take a step's numbers: those that lie on the host, and copies of those on the device, not waited for.

        Raises:
            RunError: a value is not a number, or a name is not allowed for a column.
        """
        host: dict[str, float] = {"step": step, "time": seconds}
        names: list[str] = []
        values: list[Tensor] = []
        for name in (*host, *columns):
            if name not in self.columns and name not in self.fresh:
                require_name(name)
                self.fresh.append(name)
        if "time" in columns:
            raise RunError("the column `time` is the monitor's own", "give yours another name")
        for name, value in columns.items():
            if isinstance(value, Tensor):
                require_one(name, value)
                value = value.detach()
            if isinstance(value, Tensor) and value.device.type != "cpu":
                self.device = self.device or value.device
                names.append(name)
                values.append(value.reshape(()).to(self.device, torch.float32))
            elif value is not None:
                host[name] = as_float(name, value)
        # Stacked at once: the loop may write its next loss into the same tensor.
        self.pending.append((host, names, torch.stack(values) if values else None))

    def write(self) -> list[dict[str, float]]:
        """Append the rows to history.csv, which gains the columns that it lacks, and return them.

        Raises:
            Interrupted: the disk is full.
        """
        on_device = [values for _, _, values in self.pending if values is not None]
        numbers = iter(torch.cat(on_device).tolist() if on_device else ())
        rows = [{**host, **{name: next(numbers) for name in names}} for host, names, _ in self.pending]
        self.pending = []
        if rows:
            standard = [name for name in STANDARD_COLUMNS if name in self.fresh]
            fresh = standard + [name for name in self.fresh if name not in standard]
            if self.columns and fresh:
                widen_history(self.path, fresh)
            self.columns, self.fresh = self.columns + fresh, []
            append_rows(self.path, self.columns, [[row.get(name) for name in self.columns] for row in rows])
        return rows


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
        if np.iscomplexobj(value):
            raise TypeError("it is complex")
        return float(value)
    except OverflowError as error:
        raise RunError(f"{name} is too large for a float", "give a number below 1.8e308") from error
    except (TypeError, ValueError) as error:
        raise RunError(
            f"{name} is no number but {type(value).__name__} {short(repr(value))}",
            "give a number or a tensor that holds one",
        ) from error
