"""What is known of a run while it goes on, in memory: the curves and snapshots that diagnosis judges."""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ganlab.diagnosis.early import newest_snapshots
from ganlab.diagnosis.evidence import SIGNALS, Evidence, NonFinite, Series
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers.interpret import interpret_columns
from ganlab.runs.snapshots import Row
from ganlab.verdicts import matches

LIMIT = 1 << 15
"""Values of a curve that are kept, at most: all of a run of 32,767 steps."""


class Curve:
    """A curve that grows: every value, later every second, every fourth, ... so that memory stays bounded.

    Values are float32, which is what history.csv can give back, so that a resumed run has the same curve. The first
    number that is not finite is always kept.
    """

    def __init__(self) -> None:
        self.steps = array("q")
        self.values = array("f")
        self.stride = 1
        self.seen = 0
        self.broken: tuple[int, float] | None = None

    def extend(self, steps: Sequence[int], values: Sequence[float]) -> None:
        """Take the next values."""
        first = -self.seen % self.stride
        self.steps.extend(steps[first :: self.stride])
        self.values.extend(values[first :: self.stride])
        self.seen += len(steps)
        if self.broken is None:
            self.broken = next(((s, v) for s, v in zip(steps, values, strict=True) if not math.isfinite(v)), None)
        while len(self.steps) >= LIMIT:
            self.steps, self.values, self.stride = self.steps[::2], self.values[::2], 2 * self.stride

    def series(self) -> Series:
        """The curve as diagnosis reads it."""
        steps, values = np.array(self.steps, dtype=np.int64), np.array(self.values, dtype=np.float64)
        if self.broken is not None and self.broken[0] not in steps:
            place = int(np.searchsorted(steps, self.broken[0]))
            steps, values = (
                np.insert(each, place, new) for each, new in zip((steps, values), self.broken, strict=True)
            )
        return Series(steps, values)


class LiveEvidence:
    """Evidence that grows.

    Columns of ganlab's own loop are curves by their names; those of another program's loop (whose `basis` has no
    experiment) are taken for what their names say, as a log's are.

    Args:
        basis: what is known before the first step.
        overflowing: columns in which NaN and Inf mean nothing and are left out.

    Attributes:
        snapshots: rows of snapshots.jsonl, as reading them gives them back.
        broken: the first step with NaN or Inf, by column.
        non_finite: the first NaN or Inf of all.
    """

    def __init__(self, basis: Evidence, overflowing: Collection[str] = ()) -> None:
        self.basis = basis
        self.overflowing = overflowing
        self.curves: dict[str, Curve] = {}
        self.snapshots: list[Row] = []
        self.broken: dict[str, int] = {}
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
            elif name not in self.broken:
                self.broken[name] = first = steps[int(np.argmin(finite))]
                if self.non_finite is None or first < self.non_finite.step:
                    self.non_finite = NonFinite(first, name)
        if steps and (name in SIGNALS or (self.is_foreign and name != "time")):
            self.curves.setdefault(name, Curve()).extend(steps, values)

    @property
    def is_foreign(self) -> bool:
        """Whether another program's loop makes the run."""
        return self.basis.experiment is None

    def so_far(self, ended: bool = False) -> Evidence:
        """Return what is known now."""
        curves = {name: curve.series() for name, curve in self.curves.items()}
        known = replace(self.basis, snapshots=tuple(self.snapshots), ended=ended)
        if self.is_foreign:
            return interpret_columns(curves, known)
        return replace(known, curves=curves, non_finite=self.non_finite)


def stands(evidence: Evidence, names: tuple[str, ...]) -> bool:
    """Return whether a run reads as one of `failure` or `failure/variant` names for long enough to end it.

    It must at each of its newest snapshots that a verdict needs. As long again passes before a run reads as anything,
    so that none ends in its first fifth.
    """
    window = newest_snapshots(evidence)
    # The earliest first: a new verdict differs there, and one diagnosis is enough to see it.
    return bool(window) and all(matches(diagnose(evidence.until(step)).name, names) for step in window)
