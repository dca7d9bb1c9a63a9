from __future__ import annotations

import math

import numpy as np

from ganlab.cli.sparkline import course, sparkline
from ganlab.diagnosis.evidence import Series


def test_a_sparkline_goes_from_least_to_greatest_and_marks_nan() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([1.0, math.nan, 1.0]) == "▁!▁"
    assert sparkline([]) == ""
    assert sparkline([math.inf]) == "!"


def test_a_course_has_one_bar_for_each_stretch() -> None:
    curve = Series(np.arange(1, 81), np.repeat(np.arange(40.0), 2))
    assert course(curve, 1, 80) == "".join(level * 5 for level in "▁▂▃▄▅▆▇█")


def test_a_course_is_blank_outside_held_between_and_marked_where_not_finite() -> None:
    curve = Series(np.array([10, 19, 25]), np.array([0.0, 1.0, np.nan]))
    assert course(curve, 0, 39) == " " * 10 + "▁" * 9 + "█" * 6 + "!" + " " * 14


def test_a_course_of_a_single_point() -> None:
    assert course(Series(np.array([7]), np.array([3.0])), 7, 7) == "▁" + " " * 39


def test_the_largest_floats_have_bars_too() -> None:
    assert sparkline([-1.7e308, 0.0, 1.7e308]) == "▁▅█"
    curve = Series(np.arange(80), np.repeat([1.7e308, -1.7e308], 40))
    assert course(curve, 0, 79) == "█" * 20 + "▁" * 20
