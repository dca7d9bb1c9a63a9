"""Curves of several runs: their medians, and their mean and range."""

from __future__ import annotations

import numpy as np

from ganlab.report.courses import medians, over_seeds


def test_each_point_is_the_median_of_its_stretch() -> None:
    steps = np.arange(1.0, 1001.0)
    values = np.where(steps % 10 == 0, 1e6, steps)
    few, middle = medians(steps, values, 100)
    np.testing.assert_array_equal(few, np.arange(10.0, 1001.0, 10.0))
    np.testing.assert_allclose(middle, few - 4.5)


def test_a_short_curve_stays_as_it_is_and_a_nan_is_never_hidden() -> None:
    steps = np.arange(5.0)
    assert medians(steps, steps, 5)[1] is steps
    broken = np.where(np.arange(100.0) == 42, np.nan, 1.0)
    assert np.isnan(medians(np.arange(100.0), broken, 10)[1]).sum() == 1


def test_mean_and_range_over_runs_of_unequal_length() -> None:
    one = (np.array([0.0, 10.0, 20.0]), np.array([1.0, 2.0, 3.0]))
    other = (np.array([0.0, 10.0]), np.array([3.0, 6.0]))
    steps, mean, low, high = over_seeds([one, other])
    assert steps.tolist() == [0, 10, 20]
    assert (mean.tolist(), low.tolist(), high.tolist()) == ([2, 4, 3], [1, 2, 3], [3, 6, 3])


def test_a_run_that_diverged_counts_while_it_was_finite() -> None:
    one = (np.array([0.0, 1.0]), np.array([1.0, np.inf]))
    other = (np.array([0.0, 1.0]), np.array([3.0, 5.0]))
    assert over_seeds([one, other])[1].tolist() == [2, 5]
    gone = (np.array([0.0, 1.0]), np.array([1.0, np.nan]))
    assert np.isnan(over_seeds([gone])[1]).tolist() == [False, True]


def test_between_two_of_its_steps_a_run_has_the_value_of_the_first() -> None:
    one = (np.array([0.0, 10.0]), np.array([1.0, 5.0]))
    other = (np.array([0.0, 4.0, 10.0]), np.array([3.0, 7.0, 9.0]))
    assert over_seeds([one, other])[1].tolist() == [2, 4, 7]
