"""history.csv: a row a step, appended in blocks, whole after any crash."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ganlab.errors import RunError
from ganlab.runs.files import atomic_write, disk_full_told

History = Mapping[str, "np.ndarray[Any, np.dtype[np.float64]]"]
"""Columns of history.csv by name, each float64 of shape (rows,); an empty cell is NaN."""

STANDARD_COLUMNS = (
    "step",
    "time",
    "d_loss",
    "d_loss_real",
    "d_loss_fake",
    "g_loss",
    "d_acc_real",
    "d_acc_fake",
    "d_real",
    "d_fake",
    "grad_d",
    "grad_g",
    "grad_g_output",
    "lr_g",
    "lr_d",
)
"""Columns of every run, in the file's order; penalties and the game's own columns follow."""

LOSS_COLUMNS = ("d_loss", "d_loss_real", "d_loss_fake", "g_loss")
"""Columns of what the two players lose against each other; other losses are columns of parts and games."""


def format_value(value: float | None) -> str:
    """Write a number so that reading it gives the same float32 back; None is an empty cell, NaN stays `nan`."""
    if value is None:
        return ""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else f"{value:.9g}"


def append_rows(path: Path, columns: Sequence[str], rows: Sequence[Sequence[float | None]]) -> None:
    """Append rows in one write; a new file starts with the names of the columns.

    Raises:
        Interrupted: the disk is full. What was written of the last row is cut off at the next start.
    """
    lines = [",".join(map(format_value, row)) for row in rows]
    if not path.exists():
        lines.insert(0, ",".join(columns))
    append_text(path, "".join(line + "\n" for line in lines))


def widen_history(path: Path, columns: Sequence[str]) -> None:
    """Add columns at the right of history.csv; they are empty in the rows that are there.

    Raises:
        Interrupted: the disk is full; the file is as it was.
    """
    header, *rows = whole_lines(path)
    empty = "," * len(columns)
    lines = [",".join((header, *columns)), *(row + empty for row in rows)]
    atomic_write(path, "".join(line + "\n" for line in lines).encode())


def append_text(path: Path, text: str) -> None:
    """Append text in one write. A killed process loses nothing of it; `sync_file` makes it survive a power cut."""
    with disk_full_told(path), open(path, "ab") as file:
        file.write(text.encode())


def sync_file(path: Path) -> None:
    """Wait until the disk has all that was appended."""
    if path.exists():
        with disk_full_told(path), open(path, "rb") as file:
            os.fsync(file.fileno())


def read_history(path: Path) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """Read history.csv, its whole rows only: a torn last row is left out.

    Returns:
        float64 arrays of shape (rows,) by column name; an empty cell is NaN.

    Raises:
        RunError: the file cannot be read, or a row that is not the last is damaged.
    """
    lines = list(whole_lines(path))
    if not lines:
        return {}
    try:
        header, *rows = csv.reader(lines)
        table = [[float(cell) if cell else math.nan for cell in row] for row in rows]
    except (ValueError, csv.Error) as error:
        raise RunError(f"{path} is damaged: {error}", "remove the damaged rows, or use another run") from error
    uneven = next((i for i, row in enumerate(table) if len(row) != len(header)), None)
    if uneven is not None:
        raise RunError(
            f"{path}:{uneven + 2} has {len(table[uneven])} cells, but the header names {len(header)} columns",
            "the file is damaged; remove that row, or use another run",
        )
    values = np.array(table, dtype=np.float64).reshape(len(table), len(header))
    return {name: values[:, i] for i, name in enumerate(header)}


def whole_lines(path: Path) -> Iterator[str]:
    """Yield the lines that end in a newline; the last one, torn by a crash, does not."""
    if not path.exists():
        return
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{path} cannot be read: {error}", "the file is damaged; use another run") from error
    yield from text[: text.rfind("\n") + 1].splitlines()


def cut_history(path: Path, last_step: int) -> None:
    """Drop every row after `last_step`, and a torn last row, so that a resumed run appends step `last_step` + 1.

    Raises:
        RunError: rows up to `last_step` are missing.
    """
    lines = list(whole_lines(path))
    kept = lines[1 : last_step + 1]
    if [line.split(",", 1)[0] for line in kept] != [str(step) for step in range(1, last_step + 1)]:
        raise RunError(
            f"{path} does not hold the rows of steps 1 to {last_step}, which the checkpoint needs",
            "the run directory is damaged and cannot be resumed; start the experiment again",
        )
    if not kept:
        path.unlink(missing_ok=True)
    else:
        atomic_write(path, "".join(line + "\n" for line in [lines[0], *kept]).encode())
