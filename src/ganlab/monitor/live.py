"""What is known of a run while it goes on, in memory: the curves and snapshots that diagnosis judges."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ganlab.diagnosis.early import newest_snapshots
from ganlab.diagnosis.evidence import SIGNALS, Evidence, NonFinite, Series
from ganlab.diagnosis.judge import diagnose
from ganlab.runs.snapshots import Row
from ganlab.verdicts import matches

LIMIT = 1 << 15
"""Values of a curve that are kept, at most: all of a run of 32,767 steps."""


class Curve:
    """A curve that grows: every value, later every second, every fourth, ... so that memory stays bounded.

    Values are float32, which is what history.csv can give back, so that a resumed run has the same curve.
    """

    def __init__(self) -> None:
        self.steps = array("q")
        self.values = array("f")
        self.stride = 1
        self.seen = 0

    def extend(self, steps: Sequence[int], values: Sequence[float]) -> None:
        """Take the next values."""
        first = -self.seen % self.stride
        self.steps.extend(steps[first :: self.stride])
        self.values.extend(values[first :: self.stride])
        self.seen += len(steps)
        while len(self.steps) >= LIMIT:
            self.steps, self.values, self.stride = self.steps[::2], self.values[::2], 2 * self.stride

    def series(self) -> Series:
        """The curve as diagnosis reads it."""
        return Series(np.array(self.steps, dtype=np.int64), np.array(self.values, dtype=np.float64))


class LiveEvidence:
    """Evidence that grows.

    Args:
        basis: what is known before the first step.
        overflowing: columns in which NaN and Inf mean nothing and are left out.

    Attributes:
        snapshots: rows of snapshots.jsonl, as reading them gives them back.
        non_finite: the first NaN or Inf that means something.
    """

    def __init__(self, basis: Evidence, overflowing: Collection[str] = ()) -> None:
        self.basis = basis
        self.overflowing = overflowing
        self.curves: dict[str, Curve] = {}
        self.snapshots: list[Row] = []
        self.non_finite: NonFinite | None = None

    def take(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Take rows of history in; an empty cell is a key that is not there."""
        for name in dict.fromkeys(name for row in rows for name in row if name != "step"):
            steps, values = zip(*((int(row["step"]), row[name]) for row in rows if name in row), strict=True)
            self._take_column(name, steps, values)

    def take_history(self, history: Mapping[str, np.ndarray[Any, np.dtype[np.float64]]]) -> None:
        """Take in what an earlier session of the same run wrote; an empty cell is NaN there."""
        for name in history.keys() - {"step"}:
            there = ~np.isnan(history[name])
            self._take_column(name, history["step"][there].astype(int).tolist(), history[name][there].tolist())

    def _take_column(self, name: str, steps: Sequence[int], values: Sequence[float]) -> None:
        finite = np.isfinite(values)
        if not finite.all():
            if name in self.overflowing:
                steps, values = np.array(steps)[finite].tolist(), np.array(values)[finite].tolist()
            else:
                first = steps[int(np.argmin(finite))]
                if self.non_finite is None or first < self.non_finite.step:
                    self.non_finite = NonFinite(first, name)
        if name in SIGNALS and steps:
            self.curves.setdefault(name, Curve()).extend(steps, values)

    def so_far(self, ended: bool = False) -> Evidence:
        """Return what is known now."""
        return replace(
            self.basis,
            curves={name: curve.series() for name, curve in self.curves.items()},
            snapshots=tuple(self.snapshots),
            ended=ended,
            non_finite=self.non_finite,
        )


def stands(evidence: Evidence, names: tuple[str, ...]) -> bool:
    """Return whether a run reads as one of `failure` or `failure/variant` names for long enough to end it.

    It must at each of its newest snapshots that a verdict needs. As long again passes before a run reads as anything,
    so that none ends in its first fifth.
    """
    window = newest_snapshots(evidence)
    # The earliest first: a new verdict differs there, and one diagnosis is enough to see it.
    return bool(window) and all(matches(diagnose(evidence.until(step)).name, names) for step in window)
