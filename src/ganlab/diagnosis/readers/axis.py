"""One axis that grows: from the places that a log prints (epoch, iteration, their totals) to steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_STEP = 2**53
"""Steps from here on are no exact numbers."""

Column = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """Steps of the rows of a log.

    Attributes:
        steps: of each row (n,), int64; -1 for a row that has no place.
        planned: steps that the run was to make; None: the log does not say.
        unit: what is counted: `step`, `epoch` or `row`.
        notes: where the steps come from.
    """

    steps: NDArray[np.int64]
    planned: int | None
    unit: str
    notes: tuple[str, ...]


def axis_of(places: Mapping[str, Column], ordered: bool = True) -> Axis:
    """Return the steps of rows from the places that were printed with them.

    Args:
        places: the places, as `Log.places` gives them.
        ordered: whether the rows stand in the order in which they were written; if not, an iteration is taken as it is.

    - Epoch and iteration, the iteration starting again with each epoch: (epoch - first) * iterations + iteration.
    - Epoch and iteration that runs on over the epochs, or an iteration alone: the iteration.
    - An iteration alone that starts again after the same number each time: joined.
    - An epoch alone, one row each: the epoch.
    - Neither: the number of the row.
    """
    epoch, epochs, iteration, iterations = (
        _whole(places[name]) for name in ("epoch", "epochs", "iteration", "iterations")
    )
    count = len(epoch)
    has_iteration, has_epoch = np.isfinite(iteration), np.isfinite(epoch)
    if not ordered and has_iteration.any():
        return Axis(_steps(iteration), None, "step", ())
    if has_iteration.sum() * 2 >= max(1, count) and has_iteration.any():
        return _by_iteration(epoch, epochs, iteration, iterations)
    if has_epoch.sum() * 2 >= max(1, count) and has_epoch.any():
        return _by_epoch(epoch, epochs)
    note = "steps are row numbers: no line says which step it is"
    return Axis(np.arange(1, count + 1, dtype=np.int64), None, "row", (note,))


def _whole(values: Column) -> Column:
    """Return the whole numbers from 0 among values; NaN for all others."""
    kept = np.isfinite(values) & (values >= 0) & (values < MAX_STEP)
    with np.errstate(invalid="ignore"):
        kept &= values == np.floor(values)
    return np.where(kept, values, np.nan)


def _last(values: Column) -> float | None:
    known = values[np.isfinite(values)]
    return float(known[-1]) if len(known) else None


def _by_epoch(epoch: Column, epochs: Column) -> Axis:
    known = epoch[np.isfinite(epoch)]
    total = _last(epochs)
    rows = np.unique(known, return_counts=True)[1]
    if np.median(rows) > 1:
        note = "steps are row numbers: each epoch has several rows, and no line counts them"
        planned = None if total is None else round(total * float(np.median(rows)))
        return Axis(np.arange(1, len(epoch) + 1, dtype=np.int64), planned, "row", (note,))
    planned = int(total) if total is not None and total >= known.max() else None
    return Axis(_steps(epoch), planned, "epoch", ("steps are epochs: the log counts nothing else",))


def _by_iteration(epoch: Column, epochs: Column, iteration: Column, iterations: Column) -> Axis:
    both = np.isfinite(epoch) & np.isfinite(iteration)
    if (
        both.sum() * 2 >= np.isfinite(iteration).sum()
        and both.any()
        and _restarts_with(epoch[both], iteration[both], iterations)
    ):
        per_epoch = _last(iterations)
        notes: list[str] = []
        if per_epoch is None or per_epoch < np.nanmax(iteration):
            per_epoch = _period(epoch[both], iteration[both])
            notes.append(f"an epoch is taken for {per_epoch:,.0f} iterations, the most that any epoch counts")
        first = _first_epoch(epoch[both], epochs)
        steps = (epoch - first) * per_epoch + iteration
        total = _last(epochs)
        planned = int(total * per_epoch) if total is not None else None
        notes.insert(0, f"steps are iterations over all epochs, {per_epoch:,.0f} each")
        return Axis(_steps(steps), _plausible(planned, steps), "step", tuple(notes))
    total = _last(iterations)
    joined, restarts = _joined(iteration, iterations)
    if restarts:
        note = f"the iteration starts again {restarts} times and was counted on"
        return Axis(_steps(joined), None, "step", (note,))
    planned = int(total) if total is not None else None
    return Axis(_steps(iteration), _plausible(planned, iteration), "step", ())


def _restarts_with(epoch: Column, iteration: Column, iterations: Column) -> bool:
    """Tell whether the iteration falls where the epoch rises, and (nearly) nowhere else; or there is one epoch only."""
    rises, falls = np.diff(epoch) > 0, np.diff(iteration) < 0
    if not rises.any():
        return bool(np.isfinite(iterations).any())
    # Iterations that are printed once an epoch, at the same place each time, start again too.
    again = rises & (np.diff(iteration) <= 0)
    return bool(again.sum() > 0.5 * rises.sum() and (falls & ~rises).sum() <= 0.1 * rises.sum() + 1)


def _period(epoch: Column, iteration: Column) -> float:
    """Return the largest iteration of any epoch, and the stride after it where counting starts at 0."""
    largest = float(iteration.max())
    if float(iteration.min()) == 0.0:
        rising = np.diff(iteration)
        rising = rising[rising > 0]
        return largest + (float(np.median(rising)) if len(rising) else 1.0)
    return max(largest, 1.0)


def _first_epoch(epoch: Column, epochs: Column) -> float:
    """Return the number of the first epoch: 0 where that was printed, or where the last one never is; else 1."""
    return 0.0 if float(epoch.min()) == 0.0 else 1.0


def _joined(iteration: Column, iterations: Column) -> tuple[Column, int]:
    """Return iterations that start again counted on, and how often they did; 0 where these are no such restarts."""
    known = np.flatnonzero(np.isfinite(iteration))
    values = iteration[known]
    falls = np.flatnonzero(np.diff(values) < 0)
    if len(falls) < 2:
        return iteration, 0
    tops, bottoms = values[falls], values[falls + 1]
    total = _last(iterations)
    low = float(values[0])
    regular = bool((bottoms <= low + 1).all() and (tops.max() - tops.min()) <= 0.02 * tops.max())
    if not regular:
        return iteration, 0
    period = total if total is not None and total >= tops.max() else _period(np.zeros(1), values)
    offsets = np.zeros(len(values))
    offsets[falls + 1] = period
    joined = iteration.copy()
    joined[known] = values + np.cumsum(offsets)
    return joined, len(falls)


def _plausible(planned: int | None, steps: Column) -> int | None:
    """Return a plan, unless the run went on past it: then it was changed."""
    return planned if planned is not None and planned >= np.nanmax(steps) and planned > 0 else None


def _steps(values: Column) -> NDArray[np.int64]:
    return np.where(np.isfinite(values), values, -1).astype(np.int64)
