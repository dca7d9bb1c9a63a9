"""From the places that rows were printed with (epochs, iterations, their totals) to steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

MAX_STEP = 2**53
"""Steps from here on are no exact numbers."""

ENOUGH_FALLS = 3
"""Times that an iteration without an epoch must start again before it is taken for one that does so each epoch: a file
with two or three runs looks the same."""

Column = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """Steps of the rows of a log.

    Attributes:
        steps: of each row (n,), int64; -1 for a row that has no place. They fall where a run was started again.
        planned: steps that the run was to make; None: the log does not say.
        unit: what is counted: `step`, `epoch` or `row`.
        notes: where the steps come from.
        epoch_steps: steps of an epoch; None: the log does not say.
        apart: rows of `steps` that are none of the training, such as settings; they have no step.
    """

    steps: NDArray[np.int64]
    planned: int | None
    unit: str
    notes: tuple[str, ...]
    epoch_steps: int | None = None
    apart: int = 0


def axis_of(places: Mapping[str, Column], ordered: bool = True) -> Axis:
    """Return the steps of rows from the places that were printed with them.

    - Epoch and iteration, the iteration starting again with each epoch: (epoch - first) * iterations + iteration. How
      many iterations an epoch has is said by the log, or follows from where they start again.
    - Epoch and iteration that runs on over the epochs, or an iteration alone: the iteration.
    - An iteration alone that starts again after the same number each time: counted on.
    - An epoch alone, one row each: the epoch. Several rows each: the number of the row.
    - Neither, or fractions of epochs: the number of the row.

    Args:
        places: `epoch`, `epochs`, `iteration`, `iterations` of each row (n,), NaN where a row does not say it.
        ordered: whether the rows stand in the order in which they were written; if not, an iteration is taken as it is.
    """
    epoch, epochs, iteration, iterations = (
        _whole(places[name]) for name in ("epoch", "epochs", "iteration", "iterations")
    )
    count = len(epoch)
    has_iteration, has_epoch = np.isfinite(iteration), np.isfinite(epoch)
    if not ordered and has_iteration.any():
        return Axis(_steps(iteration), None, "step", ())
    if has_iteration.any() and 2 * has_iteration.sum() >= count:
        axis = _by_iteration(epoch, epochs, iteration, iterations)
    elif has_epoch.any() and 2 * has_epoch.sum() >= count:
        axis = _by_epoch(epoch, epochs)
    else:
        return _by_row(places, count)
    return replace(axis, notes=(*axis.notes, *_warnings(axis.steps)))


def _warnings(steps: NDArray[np.int64]) -> list[str]:
    """Return what is odd about steps: rows without one, and runs that begin anew."""
    notes = []
    if (missing := int((steps < 0).sum())) > 0:
        notes.append(f"{missing:,} of {len(steps):,} rows have no step that can be used and were left out")
    known = steps[steps >= 0]
    again = np.flatnonzero(np.diff(known) < 0) + 1
    anew = int((known[again] <= known[0]).sum()) if len(again) else 0
    if anew:
        notes.append(f"the steps begin again from the start {_times(anew)}: the file holds {anew + 1} runs")
    return notes


def _whole(values: Column) -> Column:
    """Return the whole numbers from 0 among values; NaN for all others."""
    kept = np.isfinite(values) & (values >= 0) & (values < MAX_STEP)
    with np.errstate(invalid="ignore"):
        kept &= values == np.floor(values)
    return values if (kept | np.isnan(values)).all() else np.where(kept, values, np.nan)


def _last(values: Column) -> float | None:
    known = values[np.isfinite(values)]
    return float(known[-1]) if len(known) else None


def _by_row(places: Mapping[str, Column], count: int) -> Axis:
    """Number the rows; fractions of epochs say how many there will be."""
    steps = np.arange(1, count + 1, dtype=np.int64)
    epoch, total = places["epoch"], _last(places["epochs"])
    if np.isfinite(epoch).any() and 2 * np.isfinite(epoch).sum() >= count:
        last = _last(epoch)
        planned = round(count * total / last) if total is not None and last and total >= last else None
        return Axis(steps, planned, "row", ("steps are row numbers: the log counts fractions of epochs",))
    return Axis(steps, None, "row", ("steps are row numbers: no line says which step it is",))


def _by_epoch(epoch: Column, epochs: Column) -> Axis:
    known = epoch[np.isfinite(epoch)]
    total = _last(epochs)
    starts = np.flatnonzero(np.diff(known, prepend=-1.0) != 0)
    each = float(np.median(np.diff(starts, append=len(known))))
    if each > 1:
        note = "steps are row numbers: each epoch has several rows, and no line counts them"
        planned = None if total is None else round(total * each)
        steps = np.full(len(epoch), -1, dtype=np.int64)
        steps[np.isfinite(epoch)] = _numbered(known)
        return Axis(steps, _plausible(planned, steps.astype(np.float64)), "row", (note,))
    planned = int(total) if total is not None else None
    return Axis(_steps(epoch), _plausible(planned, epoch), "epoch", ("steps are epochs: the log counts nothing else",))


def _numbered(epoch: Column) -> NDArray[np.int64]:
    """Return the numbers of rows, which go back where the epoch does."""
    steps = np.arange(1, len(epoch) + 1, dtype=np.int64)
    begin = 0
    for fall in np.flatnonzero(np.diff(epoch) < 0) + 1:
        place = begin + int(np.searchsorted(epoch[begin:fall], epoch[fall]))
        steps[fall:] += steps[place] - steps[fall]
        begin = int(fall)
    return steps


def _by_iteration(epoch: Column, epochs: Column, iteration: Column, iterations: Column) -> Axis:
    both = np.isfinite(epoch) & np.isfinite(iteration)
    if 2 * both.sum() >= np.isfinite(iteration).sum() and _restarts_with(epoch[both], iteration[both], iterations):
        return _by_both(_filled(epoch, iteration), epochs, iteration, iterations)
    joined, restarts = _joined(iteration, iterations)
    steps = _carried(joined)
    if restarts:
        note = f"the iteration starts again {_times(restarts)} and was counted on"
        return Axis(_steps(steps), None, "step", (note,))
    total = _last(iterations)
    if total is None and _last(epochs) is not None and both.any():
        planned = _plausible(_estimated(epoch[both], iteration[both], _last(epochs)), iteration)
        notes = () if planned is None else (f"about {planned:,} steps are planned, by what the epochs take",)
        return Axis(_steps(steps), planned, "step", notes)
    return Axis(_steps(steps), _plausible(int(total) if total is not None else None, iteration), "step", ())


def _by_both(epoch: Column, epochs: Column, iteration: Column, iterations: Column) -> Axis:
    """Count iterations over all epochs."""
    both = np.isfinite(epoch) & np.isfinite(iteration)
    per_epoch = _last(iterations)
    notes: list[str] = []
    if per_epoch is None or per_epoch < np.nanmax(iteration):
        per_epoch = _period(epoch[both], iteration[both])
        notes.append(f"an epoch is taken for {per_epoch:,.0f} iterations, by where they start again")
    first = 0.0 if float(np.nanmin(epoch)) == 0.0 else 1.0
    begin = (epoch - first) * per_epoch
    # A row that says its epoch only, as one with a metric, is no earlier than the row before it.
    steps = np.where(np.isfinite(iteration), begin + iteration, np.fmax(begin, _carried(begin + iteration)))
    # If nothing says how many epochs are planned, one is, at least, of as many iterations as the log says.
    total = 1.0 if _last(epochs) is None and np.isfinite(iterations).any() else _last(epochs)
    planned = int(total * per_epoch) if total is not None else None
    notes.insert(0, f"steps are iterations over all epochs, {per_epoch:,.0f} each")
    return Axis(_steps(steps), _plausible(planned, steps), "step", tuple(notes), round(per_epoch))


def _estimated(epoch: Column, iteration: Column, epochs: float | None) -> int | None:
    """Return the iterations of all epochs, by how far the iteration went from the first epoch to the last."""
    _, starts = np.unique(epoch, return_index=True)
    if epochs is None or len(starts) < 2:
        return None
    first, last = starts[0], starts[-1]
    each = (iteration[last] - iteration[first]) / (epoch[last] - epoch[first])
    return round(float(epochs * each)) if each > 0 else None


def _restarts_with(epoch: Column, iteration: Column, iterations: Column) -> bool:
    """Tell whether the iteration starts again where the epoch rises, and (nearly) nowhere else; or there is one epoch
    only, and the log says how many iterations there are."""
    onward = np.diff(epoch) >= 0
    rises, change = np.diff(epoch) > 0, np.diff(iteration)
    if not rises.any():
        return bool(len(epoch) and np.isfinite(iterations).any())
    # Iterations that are printed once an epoch, at the same place each time, start again too.
    again = rises & (change <= 0)
    elsewhere = onward & ~rises & (change < 0)
    return bool(again.sum() > 0.5 * rises.sum() and elsewhere.sum() <= 0.1 * rises.sum() + 1)


def _filled(epoch: Column, iteration: Column) -> Column:
    """Return epochs with those of the first rows, if the log names its first epoch only after it.

    Where a row without an iteration names it, as one with the means of the epoch that ends does, and the iterations
    start again behind it, they belong to the next epoch.
    """
    known = np.flatnonzero(np.isfinite(epoch))
    first = int(known[0])
    if first == 0 or not np.isfinite(iteration[:first]).all():
        return epoch
    filled: Column = epoch.copy()
    if np.isnan(iteration[first]):
        after = iteration[first:][np.isfinite(iteration[first:])]
        if not len(after) or after[0] > iteration[0]:
            return epoch
        filled[first:] += np.isfinite(iteration[first:])
        filled[:first] = epoch[first]
        return filled
    if epoch[first] == 0.0:
        return epoch
    filled[:first] = epoch[first] - float(iteration[first] < iteration[first - 1])
    return filled


def _period(epoch: Column, iteration: Column) -> float:
    """Return how many iterations an epoch has.

    Rows every `stride` iterations, whose last one in an epoch is `top` and whose first one in the next is `bottom`,
    come from epochs of top + stride - bottom iterations.
    """
    # Of several runs in one file the last counts.
    begin = int(np.flatnonzero(np.diff(epoch, prepend=epoch[0]) < 0)[-1]) if (np.diff(epoch) < 0).any() else 0
    if {0.0, 1.0} <= set(np.diff(epoch[begin:]).tolist()):
        epoch, iteration = epoch[begin:], iteration[begin:]
    steps, next_epoch = np.diff(iteration), np.diff(epoch)
    inside = steps[(next_epoch == 0) & (steps > 0)]
    stride = float(np.median(inside)) if len(inside) else 0.0
    crossed = next_epoch == 1
    least = float(iteration.max()) + (1.0 if float(iteration.min()) == 0.0 else 0.0)
    if not crossed.any() or not stride:
        return max(least, 1.0)
    return max(float(np.round(np.median(stride - steps[crossed]))), least, 1.0)


def _joined(iteration: Column, iterations: Column) -> tuple[Column, int]:
    """Return iterations that start again counted on, and how often they did; 0 where these are no such restarts."""
    known = np.flatnonzero(np.isfinite(iteration))
    values, total = iteration[known], _last(iterations)
    change = np.diff(values)
    # Rows that are printed once an epoch, at the same iteration, start again each time.
    falls = np.flatnonzero(change < 0 if (change > 0).any() else change <= 0)
    if len(falls) < (ENOUGH_FALLS - 1 if total is not None else ENOUGH_FALLS):
        return iteration, 0
    rising = change[change > 0]
    stride = float(np.median(rising)) if len(rising) else 0.0
    tops, bottoms = values[falls], values[falls + 1]
    spread = max(0.02 * float(tops.max()), stride)
    if bottoms.max() - min(values[0], bottoms.min()) > max(stride, 1.0) or tops.max() - tops.min() > spread:
        return iteration, 0
    period = (
        total if total is not None and total >= values.max() else _period(np.cumsum(_mask(falls, len(values))), values)
    )
    joined = iteration.copy()
    joined[known] = values + period * np.cumsum(_mask(falls, len(values)))
    return joined, len(falls)


def _mask(falls: NDArray[np.intp], count: int) -> Column:
    """Return 1 for each row after a fall, 0 for all others (count,)."""
    mask = np.zeros(count)
    mask[falls + 1] = 1.0
    return mask


def _carried(values: Column) -> Column:
    """Return values in which each NaN is the value before it, if there is one."""
    place = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(len(values)), -1))
    carried = values[place]
    carried[place < 0] = np.nan
    return carried


def _plausible(planned: int | None, steps: Column) -> int | None:
    """Return a plan, unless the run went on past it: then it was changed."""
    return planned if planned is not None and planned >= np.nanmax(steps) and planned > 0 else None


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _steps(values: Column) -> NDArray[np.int64]:
    return np.where(np.isfinite(values), values, -1).astype(np.int64)
