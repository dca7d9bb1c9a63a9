from __future__ import annotations

import math

import numpy as np
import pytest

from ganlab.cli.sparkline import NARROWEST, WIDTH, Course, course, courses, sparkline
from ganlab.diagnosis.evidence import Series


def test_a_sparkline_goes_from_least_to_greatest_and_marks_nan() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([1.0, math.nan, 1.0]) == "▁!▁"
    assert sparkline([]) == ""
    assert sparkline([math.inf]) == "!"


def test_a_course_has_one_bar_for_each_stretch() -> None:
    curve = Series(np.arange(1, 81), np.repeat(np.arange(40.0), 2))
    assert course(curve, 1, 80) == ("".join(level * 5 for level in "▁▂▃▄▅▆▇█"), 0.0, 39.0)
    assert course(curve, 1, 80, width=8).bars == "▁▂▃▄▅▆▇█"


def test_a_course_is_blank_outside_held_between_and_marked_where_not_finite() -> None:
    curve = Series(np.array([10, 19, 25]), np.array([0.0, 1.0, np.nan]))
    assert course(curve, 0, 39).bars == " " * 10 + "▁" * 9 + "█" * 6 + "!" + " " * 14


def test_a_course_of_a_single_point() -> None:
    assert course(Series(np.array([7]), np.array([3.0])), 7, 7) == ("▁" + " " * 39, 3.0, 3.0)


def test_the_largest_floats_have_bars_too() -> None:
    assert sparkline([-1.7e308, 0.0, 1.7e308]) == "▁▅█"
    curve = Series(np.arange(80), np.repeat([1.7e308, -1.7e308], 40))
    assert course(curve, 0, 79).bars == "█" * 20 + "▁" * 20


def test_the_ends_are_those_of_the_bars_not_of_single_steps() -> None:
    """A curve that jumps up at its last step alone falls, and so do its bars and the numbers beside them."""
    values = np.linspace(1.0, 0.0, 400)
    values[-1] = 5.0
    drawn = course(Series(np.arange(400), values), 0, 399)
    first, last = values[:10].mean(), values[-10:].mean()
    assert drawn.ends == f"{first:.3g} -> {last:.3g}" == "0.989 -> 0.511"
    assert drawn.bars[0] == "█"


@pytest.mark.parametrize(
    ("first", "last", "ends"), [(1.0, 1.0, "1 -> 1"), (1.0, 1.0004, "1 -> 1.0004"), (math.nan, 2.0, "nan -> 2")]
)
def test_ends_that_differ_differ_in_words(first: float, last: float, ends: str) -> None:
    assert Course("", first, last).ends == ends


@pytest.mark.parametrize("room", [200, 52, 40, 10])
def test_all_courses_are_as_wide_as_the_line_allows(room: int) -> None:
    steps = np.arange(1, 101)
    curves = {"short": Series(steps, steps / 100), "long": Series(steps, -steps * 12345.0)}
    drawn = courses(curves, 1, 100, room)
    widths = {len(each.bars) for each in drawn.values()}
    assert len(widths) == 1
    width = widths.pop()
    longest = max(len(f"{each.bars}  {each.ends}") for each in drawn.values())
    assert longest <= room or width == NARROWEST
    assert width in (WIDTH, NARROWEST) or room - longest < 2
