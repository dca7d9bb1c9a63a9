"""Curves that a program has at hand, by the names that it gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganlab.diagnosis.readers.log import Log, Name
from ganlab.diagnosis.readers.place_columns import take_places
from ganlab.errors import RunError
from ganlab.text import quoted

Columns = Mapping[str, Sequence[float | None] | NDArray[Any]]
"""Numbers by name, all of one length; None is an empty cell, NaN is a NaN."""


def read_columns(columns: Columns) -> Log:
    """Return the rows of columns; a row is a step, counted from 1 unless a column says it.

    Raises:
        RunError: the columns differ in length, or one is no row of numbers.
    """
    arrays = {Name(name): np.asarray(values, dtype=object) for name, values in columns.items()}
    count = max((array.size for array in arrays.values()), default=0)
    for name, array in arrays.items():
        if array.shape != (count,):
            raise RunError(
                f"the column {quoted(name.label)} has shape {array.shape}, and the longest one {count} numbers",
                "give each column as a row of numbers, all of one length",
            )
    log = Log("columns", "columns")
    try:
        for cells in zip(*arrays.values(), strict=True):
            log.add({name: float(cell) for name, cell in zip(arrays, cells, strict=True) if cell is not None})
    except (TypeError, ValueError) as error:
        raise RunError(
            f"the columns hold more than numbers: {error}", "give numbers, and None for what is missing"
        ) from error
    take_places(log)
    return log
