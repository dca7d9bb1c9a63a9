"""Curves of many runs made comparable: few points each, and the mean and the range over runs that differ by seed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ganlab.report.charts import Floats

Course = tuple[Floats, Floats]
"""Rising steps (n,) and values (n,); NaN where there is none."""


def medians(steps: Floats, values: Floats, most: int) -> Course:
    """Return a curve of at most `most` points: the median of each stretch, at its last step; NaN if a value is NaN.

    A single step of a loss is noise, in which the curves of several runs cannot be told apart.
    """
    if len(steps) <= most:
        return steps, values
    edges = np.linspace(0, len(steps), most + 1).astype(int)
    middle = [float(np.median(values[start:end])) for start, end in pairwise(edges.tolist())]
    return steps[edges[1:] - 1], np.array(middle)


def over_seeds(courses: Sequence[Course]) -> tuple[Floats, Floats, Floats, Floats]:
    """Return steps, mean, lowest and highest over runs, (n,) each: at each step over those with a finite value there.

    Args:
        courses: one or more, of runs with the same settings; one that ended early counts until then. A run's value
            between two of its own steps is that of the step before.
    """
    steps = np.unique(np.concatenate([own for own, _ in courses]))
    table = np.full((len(courses), len(steps)), np.nan)
    for row, (own, values) in zip(table, courses, strict=True):
        if len(own):
            place = np.searchsorted(own, steps, side="right") - 1
            known = (place >= 0) & (steps <= own[-1])
            row[known] = values[place[known]]
    table[~np.isfinite(table)] = np.nan
    some = np.isfinite(table).any(axis=0)
    mean, low, high = (np.full(len(steps), np.nan) for _ in range(3))
    if some.any():
        mean[some] = np.nanmean(table[:, some], axis=0)
        low[some] = np.nanmin(table[:, some], axis=0)
        high[some] = np.nanmax(table[:, some], axis=0)
    return steps, mean, low, high
