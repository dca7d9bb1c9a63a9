"""Curves that a program has at hand, by the names that it gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.readers.column_names import LogRows, read_rows
from ganlab.errors import RunError
from ganlab.text import quoted

Columns = Mapping[str, Sequence[float | None] | NDArray[Any]]
"""Numbers by name, all of one length; None is an empty cell, NaN is a NaN."""


def read_columns(columns: Columns, mapping: Mapping[str, str]) -> Evidence:
    """Return what the columns of a log show; a row is a step, counted from 1 unless a column says it.

    Args:
        columns: the log.
        mapping: the columns by our names for them, if their own names do not say it.

    Raises:
        RunError: the columns differ in length, one is no row of numbers, or no column fits.
    """
    arrays = {name: np.asarray(values, dtype=object) for name, values in columns.items()}
    count = max((array.size for array in arrays.values()), default=0)
    for name, array in arrays.items():
        if array.shape != (count,):
            raise RunError(
                f"the column {quoted(name)} has shape {array.shape}, and the longest one {count} numbers",
                "give each column as a row of numbers, all of one length",
            )
    rows = LogRows()
    try:
        for cells in zip(*arrays.values(), strict=True):
            rows.add({name: float(cell) for name, cell in zip(arrays, cells, strict=True) if cell is not None})
    except (TypeError, ValueError) as error:
        raise RunError(
            f"the columns hold more than numbers: {error}", "give numbers, and None for what is missing"
        ) from error
    reading = read_rows(rows, mapping, "what was given")
    return Evidence(source="columns", curves=reading.curves, quality=reading.quality, notes=reading.notes)
