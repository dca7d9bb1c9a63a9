"""From the values of rows to curves: one value a step, on the way that led to the last row."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganlab.diagnosis.evidence import Series

RARE = 0.05
"""Share of odd values that is put down to damage rather than to another unit."""


@dataclass(frozen=True, eq=False)
class Thread:
    """The rows on the way that led to the last row.

    Attributes:
        kept: their numbers (k,); their steps never fall.
        restarts: steps at which a row went back and the run was started again, in the order in which that happened.
        replaced: rows that a restart made void.
        repeated: rows of metrics at earlier steps, which evaluate a saved model again.
    """

    kept: NDArray[np.int64]
    restarts: tuple[int, ...] = ()
    replaced: int = 0
    repeated: int = 0

    def notes(self) -> Iterator[str]:
        """Say what was left out."""
        if self.restarts:
            places = ", ".join(map(str, self.restarts[:5])) + (" and more" if len(self.restarts) > 5 else "")
            times = f"{len(self.restarts)} times" if len(self.restarts) > 1 else "once"
            yield f"steps go back {times}, to {places}: the run was started again; the last pass was kept"
        if self.repeated:
            yield f"{self.repeated} rows of metrics at earlier steps evaluate a saved model again and were skipped"


def thread(steps: NDArray[np.int64], training: NDArray[np.bool_]) -> Thread:
    """Return the rows that led to the last one.

    Args:
        steps: of each row, -1 if it has none.
        training: whether a row holds a training curve; one that does and goes back in steps is a restart.
    """
    placed = np.flatnonzero(steps >= 0)
    if (np.diff(steps[placed]) >= 0).all():
        return Thread(placed.astype(np.int64, copy=False))
    kept: list[int] = []
    kept_steps: list[int] = []
    restarts, replaced, repeated = [], 0, 0
    for row, step, trains in zip(placed.tolist(), steps[placed].tolist(), training[placed].tolist(), strict=True):
        if kept_steps and step < kept_steps[-1]:
            if not trains:
                repeated += 1
                continue
            restarts.append(step)
            place = bisect_left(kept_steps, step)
            replaced += len(kept) - place
            del kept[place:], kept_steps[place:]
        kept.append(row)
        kept_steps.append(step)
    return Thread(np.array(kept, dtype=np.int64), tuple(restarts), replaced, repeated)


def once_a_step(steps: NDArray[np.int64], values: NDArray[np.float64], first: bool) -> Series:
    """Return a curve of steps that never fall with one value a step: the first or the last of them."""
    if (steps[1:] > steps[:-1]).all():
        return Series(steps, values)
    new = np.flatnonzero(np.diff(steps) > 0)
    kept = np.concatenate([[0], new + 1] if first else [new, [len(steps) - 1]]).astype(int) if len(steps) else new
    return Series(steps[kept], values[kept])


def as_shares(accuracies: Mapping[str, Series]) -> tuple[dict[str, Series], list[str]]:
    """Return accuracies in [0, 1], or none where they are neither shares nor percentages.

    Percentages are seen by more than RARE of the values being above 1; single values outside are damage, and dropped.
    """
    if not accuracies:
        return {}, []
    values = np.concatenate([curve.values for curve in accuracies.values()])
    percent = bool((values > 1).mean() > RARE)
    top = 100 if percent else 1
    outside = (values < 0) | (values > top)
    if outside.mean() > RARE:
        low, high = np.nanmin(values), np.nanmax(values)
        return {}, [f"accuracies run from {low:g} to {high:g}, neither shares nor percentages: left out"]
    notes = ["accuracies are percentages"] * percent
    if outside.any():
        notes.append(f"{int(outside.sum())} accuracies outside 0 to {top} were left out")
    shares = {}
    for name, curve in accuracies.items():
        inside = ~((curve.values < 0) | (curve.values > top))
        kept = curve if inside.all() else Series(curve.steps[inside], curve.values[inside])
        shares[name] = Series(kept.steps, kept.values / top) if percent else kept
    return shares, notes


POSSIBLE = {
    "fid": (0.0, 1e5, "FIDs"),
    "kid": (-1.0, 1e3, "KIDs"),
    "inception_score": (1.0, 1e4, "Inception Scores"),
    "f8": (0.0, 1.0, "F_8 scores"),
    "f1_8": (0.0, 1.0, "F_1/8 scores"),
}
"""Lowest and highest value that a metric can have, and what it is called; an unbiased KID may be a little below 0."""


def possible(quality: Mapping[str, Series]) -> tuple[dict[str, Series], list[str]]:
    """Return metrics without values that cannot be, and notes on those. NaN stays: nothing was measured."""
    kept, notes = {}, []
    for name, curve in quality.items():
        low, high, words = POSSIBLE[name]
        odd = (curve.values < low) | (curve.values > high)
        if odd.any():
            are = f"are no {words}" if odd.all() else f"of {len(curve)} {words} are impossible"
            bounds = "negative or above 100,000" if name == "fid" else f"outside {low:g} to {high:g}"
            notes.append(f"{int(odd.sum())} {are} ({bounds}) and were left out")
        if not odd.all():
            kept[name] = Series(curve.steps[~odd], curve.values[~odd])
    return kept, notes
