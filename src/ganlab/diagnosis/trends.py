"""What a curve does: its level, trend, period and change point, and how long a condition holds.

All but the spectral peak work on at most BLOCKS points, the medians of equal stretches: single steps of a GAN are
noise, and a diagnosis must stay cheap beside training.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

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

_BLOCKS: WeakKeyDictionary[Series, dict[int, Series]] = WeakKeyDictionary()
"""Blocks of long curves, by their number, as long as the curves are in use: every criterion asks for them again."""

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
    """The curve without NaN and infinities; itself if it has none."""
    kept = np.isfinite(series.values)
    return series if kept.all() else Series(series.steps[kept], series.values[kept])


def blocks(series: Series, count: int = BLOCKS) -> Series:
    """Medians over at most `count` equal stretches of a curve, each at its last step; non-finite values left out.

    What does not fill a stretch is left out at the start.
    """
    known = _BLOCKS.setdefault(series, {})
    if count in known:
        return known[count]
    points = finite(series)
    if len(points) <= count:
        return points
    width = math.ceil(len(points) / count)
    rest = len(points) % width
    medians = np.median(points.values[rest:].reshape(-1, width), axis=1)
    known[count] = Series(points.steps[rest:][width - 1 :: width], medians)
    return known[count]


def level(series: Series) -> float:
    """Median of a curve; NaN where it has no finite value."""
    values = finite(series).values
    return float(np.median(values)) if len(values) else math.nan


def trend(series: Series) -> Trend:
    """Trend of a curve over all of its steps."""
    points = blocks(series)
    if len(points) < 4 or np.ptp(points.values) == 0:
        return Trend(0.0, 1.0)
    earlier, later = np.triu_indices(len(points), 1)
    rises = points.values[later] - points.values[earlier]
    spans = points.steps[later] - points.steps[earlier]
    # Pictures that were numbered otherwise than the log may share a step.
    slope = np.median(rises[spans > 0] / spans[spans > 0]) if (spans > 0).any() else 0.0
    return Trend(float(slope * np.ptp(points.steps)), _against_no_trend(points.values, np.sign(rises)))


def _against_no_trend(values: NDArray[np.float64], signs: NDArray[np.float64]) -> float:
    """Return the two-sided p-value of Kendall's tau between values (n,), n > 2 and not all equal, and their order.

    As `scipy.stats.kendalltau` has it: exact for up to 33 values and for nearly sorted ones without ties (Kendall
    1970), else by the normal approximation with ties (Mann 1945). Importing scipy.stats takes longer than a diagnosis.

    Args:
        values: the values in their order.
        signs: whether the later of each pair is larger (1), smaller (-1) or equal (0).
    """
    count, pairs = len(values), len(signs)
    ties = np.unique(values, return_counts=True)[1].astype(float)
    falls = int((signs < 0).sum())
    fewer = min(falls, pairs - falls)
    if ties.max() == 1 and (count <= 33 or fewer <= 1):
        # The share of the orders of n values in which k pairs fall, for each k: the n-th may lie before 0 to n - 1.
        shares = np.zeros(fewer + 1)
        shares[0] = 1.0
        for n in range(2, count + 1):
            shares = np.cumsum(shares) / n
            shares[n:] -= shares[:-n].copy()
        return min(1.0, 2 * float(shares.sum()))
    variance = (count * (count - 1) * (2 * count + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
    return math.erfc(abs(float(signs.sum())) / math.sqrt(2 * variance))


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
    values = _without_line(series.values / np.abs(series.values).max())  # no square of a loss may overflow
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


def _without_line(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values (n,) less their straight line of least squares."""
    places = np.stack([np.arange(1, len(values) + 1) / len(values), np.ones(len(values))], axis=1)
    line: NDArray[np.float64] = places @ np.linalg.lstsq(places, values, rcond=None)[0]
    return values - line


def change_point(series: Series) -> int | None:
    """Step from which a curve's level differs most from before (largest standardised CUSUM; Page 1954).

    None under 8 points or for a constant curve.
    """
    points = blocks(series)
    n = len(points)
    if n < 8 or np.ptp(points.values) == 0:
        return None
    ranks = _ranks(points.values)  # a spike must not count for more than its place
    at = np.arange(1, n)
    distance = np.abs(np.cumsum(ranks - ranks.mean())[:-1]) / np.sqrt(at * (n - at))
    return int(points.steps[int(np.argmax(distance)) + 1])


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rank of each of the values (n,), from 1; equal ones share the mean of theirs."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean_ranks: NDArray[np.float64] = np.cumsum(counts) - (counts - 1) / 2
    return mean_ranks[which]


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
