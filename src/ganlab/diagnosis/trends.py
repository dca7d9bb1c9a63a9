"""What a curve does: its level, trend, period and change point, and how long a condition holds.

All but the spectral peak work on at most BLOCKS points, the medians of equal stretches: single steps of a GAN are
noise, and a diagnosis must stay cheap beside training.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.signal import detrend
from scipy.stats import kendalltau, rankdata, theilslopes

from ganlab.diagnosis.evidence import Series

BLOCKS = 200
"""Most points that a signal looks at."""

CYCLES = 10
"""Cycles under which chance looks periodic: of simulated random walks 28 % had half of their variance at one period of
three cycles or more, under 1 % at one of ten or more."""

LINE = 0.15
"""Half-width of a spectral line over its frequency: the period of a GAN's swing is not a clock's."""

PERIODIC = 0.5
"""Share of a curve's variance that must lie at one period for it to swing."""

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
        share: of the curve's variance around its straight line that lies within LINE of this period, in [0, 1].
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
    """Strongest period of an evenly sampled curve, from 4 samples to a CYCLES-th of its length.

    Periodogram of the curve less its straight line, with a Hann window, which spreads a line over its two neighbours.
    None where the curve is too short for such a period, or constant.
    """
    series = finite(series)
    # A length of few factors is transformed at once; the first points, 3 % at most, are left out for it.
    shift = max(0, len(series).bit_length() - 6)
    count = len(series) >> shift << shift
    series = Series(series.steps[-count:], series.values[-count:])
    if count < 4 * CYCLES or np.ptp(series.values) == 0:
        return None
    values = detrend(series.values / np.abs(series.values).max())  # no square of a loss may overflow
    power = np.abs(np.fft.rfft(values * np.hanning(count))) ** 2
    if not power[CYCLES:].any():
        return None
    top = CYCLES + int(np.argmax(power[CYCLES : count // 4 + 1]))
    width = max(1, round(LINE * top))
    line = slice(top - width, top + width + 1)
    cycles = np.average(np.arange(len(power))[line], weights=power[line])
    third = count // 3
    early = max(values[:third].std(), 1e-9 * values.std())  # so that a flat start gives a large number, not infinity
    return Peak(
        period=float(np.ptp(series.steps) / (count - 1) * count / cycles),
        share=float(power[line].sum() / power[1:].sum()),
        steadiness=float(values[-third:].std() / early),
    )


def change_point(series: Series) -> int | None:
    """Step from which a curve's level differs most from before (largest standardised CUSUM; Page 1954).

    None under 8 points or for a constant curve.
    """
    points = blocks(series)
    n = len(points)
    if n < 8 or np.ptp(points.values) == 0:
        return None
    ranks = rankdata(points.values)  # a spike must not count for more than its place
    at = np.arange(1, n)
    distance = np.abs(np.cumsum(ranks - ranks.mean())[:-1]) / np.sqrt(at * (n - at))
    return int(points.steps[int(np.argmax(distance)) + 1])


def spells(series: Series, condition: Condition, share: float = 0.05) -> list[tuple[int, int]]:
    """Windows (first step, last step) in which a condition holds for most of the blocks around each.

    Args:
        series: a curve; values that are not finite are left out.
        condition: of its values.
        share: windows shorter than this share of the curve are left out.
    """
    points = blocks(series)
    if not len(points):
        return []
    # A sixtieth of the run that differs from what is around it is noise.
    reach = max(1, round(len(points) / 60))
    padded = np.pad(condition(points.values), reach, mode="symmetric")
    met = sliding_window_view(padded, 2 * reach + 1).sum(1) > reach
    edges = np.flatnonzero(np.diff(np.concatenate([[0], met.astype(int), [0]])))
    at_least = max(1, math.ceil(share * len(points)))
    return [(int(points.steps[a]), int(points.steps[b - 1])) for a, b in edges.reshape(-1, 2) if b - a >= at_least]
