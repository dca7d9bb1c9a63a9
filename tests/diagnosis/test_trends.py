"""Each signal against a curve of which the answer is known."""

from __future__ import annotations

import math
import time
from dataclasses import astuple
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import detrend
from scipy.stats import kendalltau, rankdata, theilslopes

from ganlab.diagnosis import trends
from ganlab.diagnosis.evidence import SIGNALS, Evidence, Series
from ganlab.diagnosis.judge import diagnose

Array = NDArray[np.float64]


def curve(values: NDArray[np.floating[Any]] | list[float], every: int = 1) -> Series:
    array = np.asarray(values, dtype=np.float64)
    return Series(np.arange(1, len(array) + 1, dtype=np.int64) * every, array)


def noise(count: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=count)


def test_blocks_are_medians_of_equal_stretches_at_their_last_steps() -> None:
    found = trends.blocks(curve([100.0, 1, 2, 9, 3, 4, 8]), 3)
    assert list(found.steps) == [4, 7]  # seven points in stretches of three: the first point is left out
    assert list(found.values) == [2, 4]


def test_blocks_leave_short_curves_and_drop_what_is_not_finite() -> None:
    found = trends.blocks(curve([1, math.nan, 3, math.inf, 5]))
    assert list(found.steps) == [1, 3, 5]
    assert list(found.values) == [1, 3, 5]
    assert len(trends.blocks(curve(noise(100_001)))) <= trends.BLOCKS


def test_level_is_the_median_of_what_is_finite() -> None:
    assert trends.level(curve([1, 2, 1000, math.inf, math.nan])) == 2
    assert math.isnan(trends.level(curve([math.nan, math.inf])))


@pytest.mark.parametrize(("count", "every"), [(50, 7), (5000, 1)])
def test_trend_is_slope_times_length(count: int, every: int) -> None:
    found = trends.trend(curve(3.0 - 0.01 * np.arange(count), every))
    assert found.change == pytest.approx(-0.01 * count, rel=0.02)
    assert found.p_value < 1e-6


def test_trend_of_four_rising_points_is_kendalls_exact_p_value() -> None:
    assert trends.trend(curve([1, 2, 3, 4])).p_value == pytest.approx(2 / math.factorial(4))


def test_trend_of_points_that_share_steps_comes_from_the_others() -> None:
    pairs = Series(np.array([1, 1, 2, 2, 3, 3]), np.array([1.0, 1.1, 2.0, 2.1, 3.0, 3.1]))
    assert trends.trend(pairs).change == pytest.approx(2.0, abs=0.1)
    assert trends.trend(Series(np.full(5, 7), np.arange(5.0))).change == 0.0


@pytest.mark.parametrize("levels", [3, 1000, 10**9])
@pytest.mark.parametrize("count", [4, 5, 12, 33, 34, 90, 200])
def test_trend_is_scipys(count: int, levels: int) -> None:
    draw = np.random.default_rng(count)
    for slope in (0.0, 0.2, 2.0, -0.5):
        values = np.round(slope * np.arange(count) / count * levels + draw.random(count) * levels) / levels
        points = curve(values, every=7)
        slope_of_scipy = theilslopes(points.values, points.steps)[0]
        found = trends.trend(points)
        assert found.change == float(slope_of_scipy * np.ptp(points.steps))
        assert found.p_value == pytest.approx(kendalltau(points.steps, points.values)[1], rel=1e-12)


@pytest.mark.parametrize("count", [34, 150, 200])
def test_trend_of_sorted_curves_and_nearly_sorted_ones_is_scipys(count: int) -> None:
    nearly = np.arange(count, dtype=np.float64)
    nearly[[3, 4]] = nearly[[4, 3]]
    for values in (np.arange(count, dtype=np.float64), nearly, -nearly):
        points = curve(values)
        expected = kendalltau(points.steps, points.values)[1]
        assert trends.trend(points).p_value == pytest.approx(expected, rel=1e-12, abs=1e-300)


def test_ranks_and_straight_lines_are_scipys() -> None:
    for count in (3, 9, 200):
        values = np.round(noise(count, count), 1) + 0.3 * np.arange(count)
        assert trends._ranks(values).tolist() == rankdata(values).tolist()
        assert trends._without_line(values) == pytest.approx(detrend(values), abs=1e-12)


def test_trend_withstands_outliers() -> None:
    values = 0.02 * np.arange(150) + 0.1 * noise(150)
    values[::10] = 1e6
    assert trends.trend(curve(values)).change == pytest.approx(3, rel=0.1)


def test_noise_has_no_trend_as_often_as_its_p_value_says() -> None:
    found = [trends.trend(curve(noise(2000, seed))).p_value for seed in range(60)]
    assert np.mean([p < 0.1 for p in found]) <= 0.2


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0, 3.0], [5.0] * 100])
def test_no_trend_without_points_or_movement(values: list[float]) -> None:
    assert trends.trend(curve(values)) == trends.Trend(0.0, 1.0)


@pytest.mark.parametrize(("count", "period", "every"), [(337, 25.0, 1), (3000, 200.0, 1), (1000, 70.0, 50)])
def test_spectral_peak_of_a_sine_in_noise(count: int, period: float, every: int) -> None:
    values = np.sin(2 * np.pi * np.arange(count) / period) + 0.5 * noise(count) + 0.01 * np.arange(count)
    found = trends.spectral_peak(curve(values, every))
    assert found is not None
    assert found.period == pytest.approx(period * every, rel=0.03)
    assert found.share == pytest.approx(0.5 / 0.75, abs=0.1)  # sine .5, noise .25; the slope is no variance
    assert found.steadiness == pytest.approx(1, abs=0.2)


def test_a_wandering_period_is_still_one_line() -> None:
    phase = np.cumsum(2 * np.pi / 100 * (1 + 0.05 * np.sin(np.arange(15_000) / 900)))
    found = trends.spectral_peak(curve(np.sin(phase) + 0.3 * noise(15_000)))
    assert found is not None
    assert found.share > 0.7
    assert found.period == pytest.approx(100, rel=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_neither_noise_nor_a_random_walk_is_periodic(seed: int) -> None:
    for values in (noise(1000, seed), np.cumsum(noise(1000, seed)), np.cumsum(noise(150, seed))):
        found = trends.spectral_peak(curve(values))
        assert found is not None
        assert found.share < 0.5


@pytest.mark.parametrize(("rate", "expected"), [(-3.0, math.exp(-2.0)), (1.5, math.exp(1.0))])
def test_steadiness_is_late_over_early_amplitude(rate: float, expected: float) -> None:
    at = np.arange(3000) / 3000
    found = trends.spectral_peak(curve(np.exp(rate * at) * np.sin(2 * np.pi * 30 * at)))
    assert found is not None
    assert found.steadiness == pytest.approx(expected, rel=0.05)


def test_no_peak_where_there_is_nothing_to_see() -> None:
    assert trends.spectral_peak(curve(noise(39))) is None
    assert trends.spectral_peak(curve([0.3] * 500)) is None
    flat_then_swinging = np.concatenate([np.zeros(200), np.sin(np.arange(200))])
    found = trends.spectral_peak(curve(flat_then_swinging))
    assert found is not None
    assert math.isfinite(found.steadiness)


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_a_peak_of_extreme_numbers_is_the_same(size: float) -> None:
    values = np.sin(np.arange(300) / 3) + 0.2 * noise(300)
    found, usual = (trends.spectral_peak(curve(factor * values)) for factor in (size, 1))
    assert found is not None
    assert usual is not None
    assert astuple(found) == pytest.approx(astuple(usual))


@pytest.mark.parametrize("at", [60, 300, 900])
def test_change_point_finds_a_step_in_noise(at: int) -> None:
    values = noise(1000)
    values[at:] += 4
    found = trends.change_point(curve(values))
    assert found is not None
    assert found == pytest.approx(at + 1, abs=10)


def test_change_point_sees_through_spikes_and_ties() -> None:
    values = np.zeros(100)
    values[80:] = 1
    values[5] = 1e9
    assert trends.change_point(curve(values)) == 81
    assert trends.change_point(curve(np.zeros(100))) is None
    assert trends.change_point(curve(noise(7))) is None


def above(limit: float) -> trends.Condition:
    return lambda values: values > limit


def test_spells_are_windows_of_steps() -> None:
    values = np.zeros(100)
    values[10:30], values[60:] = 1, 1
    assert trends.spells(curve(values, 50), above(0.5)) == [(11 * 50, 30 * 50), (61 * 50, 100 * 50)]


def test_spells_bridge_short_breaks_and_end_at_long_ones() -> None:
    values = np.ones(100)
    values[[20, 21, 50, 90]] = 0
    assert trends.spells(curve(values), above(0.5)) == [(1, 100)]
    values[40:46] = 0
    assert trends.spells(curve(values), above(0.5)) == [(1, 40), (47, 100)]


def test_blips_and_short_spells_are_left_out() -> None:
    values = np.zeros(100)
    values[[20, 21, 50]] = 1
    values[70:74] = 1
    assert trends.spells(curve(values), above(0.5)) == []
    assert trends.spells(curve(values), above(0.5), share=0.04) == [(71, 74)]


def test_spells_pass_over_what_is_not_finite() -> None:
    values = np.zeros(4000)
    values[1000:3000] = 1
    values[1500:1600], values[::3] = math.nan, math.inf
    ((first, last),) = trends.spells(curve(values), above(0.5))
    assert first == pytest.approx(1000, abs=30)
    assert last == pytest.approx(3000, abs=30)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_spells_of_very_short_curves(count: int) -> None:
    assert trends.spells(curve([1.0] * count), above(0.5)) == ([(1, count)] if count else [])


def test_a_hundred_thousand_rows_are_diagnosed_at_once() -> None:
    count = 100_000
    curves = {name: curve(0.7 + 0.1 * noise(count, seed)) for seed, name in enumerate(SIGNALS)}
    evidence = Evidence("long", curves, family="cross_entropy", saturating=False)
    diagnose(evidence)
    before = time.process_time()
    diagnose(evidence)
    assert time.process_time() - before < 0.15
