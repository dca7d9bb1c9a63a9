from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganlab.diagnosis.evidence import Series
from ganlab.diagnosis.readers.series import as_shares, once_a_step, possible, thread


def series(*values: float) -> Series:
    return Series(np.arange(len(values), dtype=np.int64), np.array(values, dtype=np.float64))


@given(st.lists(st.tuples(st.integers(-1, 20), st.booleans())))
def test_kept_steps_never_fall(rows: list[tuple[int, bool]]) -> None:
    steps, training = np.array([s for s, _ in rows], dtype=np.int64), np.array([t for _, t in rows], dtype=bool)
    found = thread(steps, training)
    assert (np.diff(steps[found.kept]) >= 0).all()
    assert (steps[found.kept] >= 0).all()
    placed = int((steps >= 0).sum())
    assert len(found.kept) + found.replaced + found.repeated == placed  # every row is kept or counted
    trained = [step for step, trains in rows if trains and step >= 0]
    if trained:  # the way always leads to the last training row
        assert trained[-1] in steps[found.kept]


def test_a_restart_makes_void_what_was_known_from_its_step_on() -> None:
    found = thread(np.array([1, 2, 3, 2, 4]), np.ones(5, dtype=bool))
    assert found.kept.tolist() == [0, 3, 4]
    assert found.restarts == (2,)
    assert found.replaced == 2
    assert "once, to 2: the run was started again" in next(found.notes())


def test_metrics_of_an_earlier_step_restart_nothing() -> None:
    found = thread(np.array([10, 20, 10]), np.array([True, True, False]))
    assert found.kept.tolist() == [0, 1]
    assert (found.restarts, found.repeated) == ((), 1)


@pytest.mark.parametrize(("first", "values"), [(True, [1.0, 3.0]), (False, [2.0, 3.0])])
def test_of_several_values_at_a_step_one_is_kept(first: bool, values: list[float]) -> None:
    curve = once_a_step(np.array([5, 5, 6]), np.array([1.0, 2.0, 3.0]), first)
    assert curve.steps.tolist() == [5, 6]
    assert curve.values.tolist() == values


@pytest.mark.parametrize(
    ("values", "shares"),
    [
        ([0.25, 1.0, 0.5], [0.25, 1.0, 0.5]),
        ([25, 100, 50], [0.25, 1.0, 0.5]),
        ([250, 100, 50], None),
        ([-0.5, 0.1, 0.2], None),
        ([0.5] * 50 + [85], [0.5] * 50),
    ],
)
def test_accuracies_become_shares(values: list[float], shares: list[float] | None) -> None:
    found, notes = as_shares({"d_acc_real": series(*values)})
    assert ("d_acc_real" in found) is (shares is not None)
    assert notes or values == shares
    if shares is not None:
        assert found["d_acc_real"].values.tolist() == shares


def test_impossible_metrics_are_left_out_and_said() -> None:
    found, notes = possible({"fid": series(1e57, -3e68, -1e50)})
    assert found == {}
    assert notes == ["3 are no FIDs (negative or above 100,000) and were left out"]
    found, notes = possible({"fid": series(40, -1, 30), "inception_score": series(0.5, 2.0), "kid": series(-0.001)})
    assert found["fid"].values.tolist() == [40, 30]
    assert found["inception_score"].values.tolist() == [2.0]
    assert found["kid"].values.tolist() == [-0.001]
    assert notes[0] == "1 of 3 FIDs are impossible (negative or above 100,000) and were left out"


def test_a_metric_that_was_not_measured_stays() -> None:
    found, notes = possible({"fid": series(math.nan, 30)})
    assert len(found["fid"]) == 2
    assert notes == []
