from __future__ import annotations

from itertools import pairwise

import pytest

from ganlab.cli.pace import Pace


def rows(costs: list[float], first: int = 1, start: float = 0.0) -> list[dict[str, float]]:
    """Rows of history for the seconds that each step takes."""
    found, time = [], start
    for step, cost in enumerate(costs, first):
        time += cost
        found.append({"step": step, "time": time})
    return found


def test_nothing_is_known_before_the_second_row() -> None:
    pace = Pace()
    assert pace.left(100) is None
    pace.take(rows([5.0]))
    assert (pace.seconds, pace.left(100)) == (None, None)
    assert pace.words(100) == ""


def test_it_says_how_fast_and_how_long_and_at_the_last_step_only_how_fast() -> None:
    pace = Pace()
    pace.take(rows([0.5] * 10))
    assert pace.words(12) == "2.0 steps/s, 1 s left"
    assert pace.left_words(12) == "1 s left"
    assert pace.left_words(10) == ""
    assert pace.words(10) == pace.words(None) == "2.0 steps/s"
    slow = Pace()
    slow.take(rows([3.0] * 10))
    assert slow.words(210) == "3.0 s/step, 10 min left"
    at_once = Pace()
    at_once.take(rows([0.0] * 10))
    assert at_once.words(100) == ""


def test_steps_of_equal_length_give_their_length_however_rows_come() -> None:
    every, some = Pace(), Pace()
    history = rows([0.25] * 40)
    for row in history:
        every.take([row])
    some.take(history[::13])
    assert every.seconds == pytest.approx(0.25)
    assert some.seconds == pytest.approx(0.25)
    assert every.left(100) == pytest.approx(60 * 0.25)
    assert every.left(None) is None


def test_a_resumed_run_counts_from_where_it_goes_on() -> None:
    pace = Pace()
    pace.take(rows([0.1] * 50, first=1001, start=5000.0))
    assert pace.left(2000) == pytest.approx(950 * 0.1)


def test_it_is_steady_though_every_hundredth_step_pays_for_a_snapshot() -> None:
    """The step after a snapshot takes 12 times as long, as in a run of which watching takes a tenth."""
    costs = [0.12 if step % 100 == 1 and step > 1 else 0.01 for step in range(1, 2001)]
    history = rows(costs)
    whole, pace, told = history[-1]["time"], Pace(), []
    for row in history[:-1]:
        pace.take([row])
        if row["step"] >= 300:
            left = pace.left(2000)
            assert left is not None
            told.append(row["time"] + left)
    assert max(abs(each / whole - 1) for each in told) < 0.08
    assert max(abs(after / before - 1) for before, after in pairwise(told)) < 0.08


def test_it_follows_a_run_that_becomes_slower_and_forgets_a_single_slow_step() -> None:
    pace = Pace()
    pace.take(rows([0.01] * 500 + [0.03] * 500))
    # The mean of all steps is .02; the later half, three times as slow, has three quarters of the weight.
    assert pace.seconds == pytest.approx(0.025, rel=0.01)
    stalled = Pace()
    stalled.take(rows([0.01] * 200 + [2.0] + [0.01] * 1800))
    assert stalled.seconds == pytest.approx(0.01, rel=0.03)
