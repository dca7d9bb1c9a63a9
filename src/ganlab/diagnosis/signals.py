"""Signals over a curve: level, trend, period, change point, how long a condition holds, distance from its own best.

All of them work on at most BLOCKS points, the medians of equal stretches: single steps of a GAN are noise, and a
diagnosis must stay cheap beside training.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau, theilslopes

from ganlab.diagnosis.evidence import Series

BLOCKS = 200
"""Most points that a signal looks at."""

Condition = Callable[[NDArray[np.float64]], NDArray[np.bool_]]


@dataclass(frozen=True)
class Trend:
    """A monotone trend.

    Attributes:
        change: Theil-Sen slope times the length of the window: how much the curve rose over it, robustly.
        p_value: of Kendall's tau against no trend (Mann 1945), in [0, 1]; 1 for fewer than 4 points.
    """

    change: float
    p_value: float


@dataclass(frozen=True)
class Peak:
    """The strongest period of a curve.

    Attributes:
        period: in steps.
        share: of the curve's variance around its trend that lies at this period, in [0, 1].
        steadiness: mean amplitude in the last third over that in the first third: 1 for a steady orbit, < 1 decaying.
    """

    period: float
    share: float
    steadiness: float


def finite(series: Series) -> Series:
    """The curve without NaN and infinities."""
    kept = np.isfinite(series.values)
    return Series(series.steps[kept], series.values[kept])


def blocks(series: Series, count: int = BLOCKS) -> Series:
    """Medians over at most `count` equal stretches of a curve, each at its last step; non-finite values left out.

    What does not fill a stretch is left out at the start.
    """
    series = finite(series)
    if len(series) <= count:
        return series
    width = math.ceil(len(series) / count)
    rest = len(series) % width
    return Series(series.steps[rest:][width - 1 :: width], np.median(series.values[rest:].reshape(-1, width), axis=1))


def level(series: Series) -> float:
    """Median of a curve; NaN where it has no finite value."""
    values = finite(series).values
    return float(np.median(values)) if len(values) else math.nan


def trend(series: Series) -> Trend:
    """Trend of a curve over all of its steps."""
    points = blocks(series)
    if len(points) < 4 or np.ptp(points.values) == 0:
        return Trend(0.0, 1.0)
    slope = theilslopes(points.values, points.steps)[0]
    return Trend(float(slope * np.ptp(points.steps)), float(kendalltau(points.steps, points.values)[1]))


def spectral_peak(series: Series) -> Peak | None:
    """Strongest period of an evenly sampled curve, between 4 samples and a third of its length; None under 32 samples.

    Periodogram of the curve less its straight line, with a Hann window; a line's power is taken with its two
    neighbours, over which the window spreads it.
    """
    series = finite(series)
    if len(series) < 32:
        return None
    values = series.values - np.polyval(np.polyfit(series.steps, series.values, 1), series.steps)
    power = np.abs(np.fft.rfft(values * np.hanning(len(values)))) ** 2
    first, last = 3, len(values) // 4
    total = float(power[1:].sum())
    if total == 0 or last <= first:
        return None
    at = first + int(np.argmax(power[first : last + 1]))
    third = len(values) // 3
    early, late = values[:third].std(), values[-third:].std()
    step = float(np.ptp(series.steps)) / (len(series) - 1)
    steadiness = float(late / early) if early > 0 else math.inf
    return Peak(len(values) / at * step, float(power[at - 1 : at + 2].sum()) / total, steadiness)


def change_point(series: Series) -> int | None:
    """Step from which a curve's level differs most from before (largest standardised CUSUM; Page 1954).

    None under 8 points or for a constant curve.
    """
    points = blocks(series)
    n = len(points)
    if n < 8 or np.ptp(points.values) == 0:
        return None
    ranks = np.argsort(np.argsort(points.values))  # a spike must not count for more than its place
    at = np.arange(1, n)
    distance = np.abs(np.cumsum(ranks - ranks.mean())[:-1]) / np.sqrt(at * (n - at))
    return int(points.steps[int(np.argmax(distance)) + 1])


def spells(series: Series, condition: Condition, share: float = 0.05) -> list[tuple[int, int]]:
    """Windows (first step, last step) in which a condition holds without a break longer than one block.

    Args:
        series: a curve.
        condition: of its values; NaN meets none.
        share: windows shorter than this share of the curve are left out.
    """
    points = blocks(series)
    if not len(points):
        return []
    met = condition(points.values)
    # One block that does not hold, between two that do, is noise.
    met[1:-1] |= met[:-2] & met[2:]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], met.astype(int), [0]])))
    at_least = max(1, math.ceil(share * len(points)))
    return [(int(points.steps[a]), int(points.steps[b - 1])) for a, b in edges.reshape(-1, 2) if b - a >= at_least]


def from_best(series: Series) -> tuple[int, float, float] | None:
    """Step and value of a curve's minimum, and its last value; None without finite values."""
    points = finite(series)
    if not len(points):
        return None
    best = int(np.argmin(points.values))
    return int(points.steps[best]), float(points.values[best]), float(points.values[-1])
