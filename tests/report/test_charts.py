"""Curves of a page: nothing is thinned away that matters, and what is drawn stands where the numbers say."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganlab.report.charts import BINS, HEIGHT, WIDTH, Chart, Line, decades, draw, nice, shown, thin

EXTREMES = (1.7e308, -1e308, 1e300, 5e-324, 1e-15, 0.0, 1.0, 1000.0, np.nan, np.inf, -np.inf)


def line(values: list[float], first: int = 0) -> Line:
    steps = np.arange(first, first + len(values), dtype=float)
    return Line("D", steps, np.array(values, dtype=float), "real")


def chart(*lines: Line, **more: object) -> Chart:
    return Chart("losses", "losses", lines, (0.0, float(lines[0].steps[-1])), **more)  # type: ignore[arg-type]


def test_thinning_keeps_every_spike_and_both_ends() -> None:
    values = np.zeros(100_000)
    values[[0, 777, 50_000, 99_999]] = 1.0, 9.0, -5.0, 2.0
    kept = thin(line(values.tolist()))
    assert len(kept.steps) <= 2 * BINS + 2
    assert {1.0, 9.0, -5.0, 2.0} <= set(kept.values)
    assert (np.diff(kept.steps) > 0).all()


def test_thinning_keeps_a_gap() -> None:
    values = np.ones(10_000)
    values[5_000] = np.nan
    assert np.isnan(thin(line(values.tolist())).values).sum() == 1


def test_the_path_runs_through_the_values() -> None:
    drawn = draw(chart(line([0.0, 1.0, 0.0]), shares=True))
    assert drawn is not None
    points = [tuple(map(int, each)) for each in re.findall(r"[ML](\d+) (\d+)", drawn.paths[0].d)]
    room = 0.06 / 1.12 * HEIGHT
    assert [x for x, _ in points] == [0, WIDTH // 2, WIDTH]
    assert [y for _, y in points] == [round(HEIGHT - room), round(room), round(HEIGHT - room)]


def test_a_gap_breaks_the_path_and_is_said() -> None:
    drawn = draw(chart(line([1.0, 2.0, float("nan"), 3.0, float("inf")])))
    assert drawn is not None
    assert drawn.paths[0].d.count("M") == 1
    assert drawn.paths[0].dots == f"M{round(0.75 * WIDTH)} {round(HEIGHT * 0.06 / 1.12)}h0"
    assert drawn.breaks == [0.5 * WIDTH]
    assert any("not finite from step 2" in note for note in drawn.notes)
    assert drawn.data["lines"][0]["v"] == [1.0, 2.0, None, 3.0, "infinity"]


def test_a_long_curve_is_its_mean_with_its_values_behind() -> None:
    noisy = line(np.random.default_rng(0).normal(5.0, 1.0, 3_000).tolist())
    drawn = draw(chart(noisy))
    assert drawn is not None
    low, high = drawn.data["y"]
    heights = [high - int(y) / HEIGHT * (high - low) for _, y in re.findall(r"[ML](\d+) (\d+)", drawn.paths[0].d)]
    assert np.mean(heights) == pytest.approx(5.0, abs=0.1)
    assert np.std(heights) < 0.4  # of 41 values each, trimmed
    assert len(drawn.paths[0].behind) > len(drawn.paths[0].d)


def test_a_spike_squashes_nothing_and_is_named() -> None:
    drawn = draw(chart(line([*np.linspace(0, 1, 500).tolist(), 1e6, *np.linspace(0, 1, 500).tolist()])))
    assert drawn is not None
    assert drawn.data["y"][1] < 2
    assert drawn.notes == ["1 value beyond the view, up to 1e6"]


def test_decades_are_logarithmic_and_chance_stands_at_its_height() -> None:
    drawn = draw(chart(line([1e-3, 1.0, 1e3]), log=True, level=(1.0, "chance")))
    assert drawn is not None
    assert drawn.data["log"]
    assert drawn.level == pytest.approx(HEIGHT / 2)
    assert "logarithmic scale" in drawn.notes


def test_the_window_and_the_onset_stand_at_their_steps() -> None:
    drawn = draw(chart(line([0.0] * 101), window=(50, 100), onset=25))
    assert drawn is not None
    assert drawn.window == (0.5 * WIDTH, 0.5 * WIDTH)
    assert drawn.onset == 0.25 * WIDTH


def test_nothing_finite_is_no_chart() -> None:
    assert draw(chart(line([float("nan"), float("inf")]))) is None


def test_the_alternative_text_says_what_is_seen() -> None:
    drawn = draw(chart(line([4.0, 1.0, 2.0])))
    assert drawn is not None
    assert drawn.alt == "losses over 2 steps. D: 4 at first, 2 at the end, between 1 and 4."


@given(st.floats(-1e12, 1e12), st.floats(1e-6, 1e12), st.integers(2, 8))
def test_ticks_are_few_and_inside(low: float, width: float, most: int) -> None:
    high = low + width
    if high - low < 1e-9 * abs(low):  # they differ by rounding only
        return
    found = nice(low, high, most)
    assert len(found) <= most + 2
    slack = 1e-6 * (high - low) + 1e-9 * abs(low) + 1e-9
    assert all(low - slack <= each <= high + slack for each in found)


@given(st.floats(-1e3, 1e3), st.floats(1e-4, 1e9))
def test_no_two_labels_of_an_axis_are_the_same(low: float, width: float) -> None:
    drawn = draw(chart(line([low, low + width])))
    assert drawn is not None
    texts = [tick.text for tick in drawn.y_ticks]
    assert len(texts) >= 2
    assert len(set(texts)) == len(texts)


def test_an_axis_around_one_round_number_has_two_labels() -> None:
    assert nice(0.58, 1.42, 4) == [0.6, 0.8, 1.0, 1.2, 1.4]


def test_decades_of_a_wide_axis_are_few() -> None:
    assert decades(-30.0, 30.0) == [-24.0, -12.0, 0.0, 12.0, 24.0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.12345, "0.123"),
        (0.5625, "0.563"),
        (1234.5, "1,235"),
        (999.7, "1,000"),
        (-999.7, "-1,000"),
        (12345.0, "12,345"),
        (1e-5, "1e-5"),
        (float("nan"), "not a number"),
        (-np.inf, "-infinity"),
    ],
)
def test_numbers_read_well(value: float, text: str) -> None:
    assert shown(value) == text


@pytest.mark.filterwarnings("error")
@given(st.lists(st.sampled_from(EXTREMES), min_size=1, max_size=400), st.booleans())
def test_any_numbers_make_a_chart_of_finite_numbers(values: list[float], log: bool) -> None:
    drawn = draw(Chart("x", "x", [line(values)], (0.0, float(len(values))), log=log, level=(0.0, "limit")))
    if drawn is None:
        assert not np.isfinite(values).any()
        return
    low, high = drawn.data["y"]
    assert -np.inf < low < high < np.inf
    assert all(-1 < tick.percent < 101 for tick in drawn.y_ticks)
    assert set(re.findall("[a-z]+", drawn.paths[0].d)) <= {"h"}


def test_labels_of_tiny_values_are_those_values() -> None:
    drawn = draw(Chart("x", "x", [line([1e-15, 2e-15])], (0.0, 1.0)))
    assert drawn is not None
    assert [tick.text for tick in drawn.y_ticks] == ["1e-15", "1.5e-15", "2e-15"]
