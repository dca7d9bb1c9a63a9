from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from ganlab.diagnosis.readers.axis import Axis, axis_of

NONE = None
Numbers = Sequence[float | None]


def axis(
    epoch: Numbers = (), iteration: Numbers = (), epochs: float | None = None, iterations: float | None = None
) -> Axis:
    count = max(len(epoch), len(iteration))

    def column(values: Numbers) -> np.ndarray:
        return np.array([np.nan if value is None else value for value in values or [None] * count], dtype=np.float64)

    return axis_of(
        {
            "epoch": column(epoch),
            "epochs": column([epochs] * count),
            "iteration": column(iteration),
            "iterations": column([iterations] * count),
        }
    )


def test_iterations_of_an_epoch_are_counted_on() -> None:
    found = axis([0, 0, 1, 1], [0, 50, 0, 50], epochs=200, iterations=938)
    assert (found.steps.tolist(), found.planned, found.unit) == ([0, 50, 938, 988], 187_600, "step")
    assert axis([1, 1, 2], [0, 50, 0], epochs=200, iterations=938).steps.tolist() == [0, 50, 938]
    assert axis([2], [770], epochs=200, iterations=938).planned == 187_600


@pytest.mark.parametrize(
    ("epoch", "iteration", "steps"),
    [
        ([1, 1, 1, 2, 2, 2], [100, 200, 300] * 2, [100, 200, 300, 400, 500, 600]),
        ([0, 0, 0, 1, 1, 1], [0, 1, 2] * 2, [0, 1, 2, 3, 4, 5]),
        # Printed every 2,000 over all epochs, which have 4,320 each.
        ([1, 1, 2, 2, 3], [2000, 4000, 1680, 3680, 1360], [2000, 4000, 6000, 8000, 10000]),
        # A resume from the second epoch.
        ([1, 1, 2, 2, 3, 2, 2, 3], [1, 2, 1, 2, 1, 1, 2, 1], [1, 2, 3, 4, 5, 3, 4, 5]),
        ([1, 1, 1, 2, 1, 2], [0, 20, 40, 0, 40, 0], [0, 20, 40, 60, 40, 60]),
        # The first run was on other data.
        ([1, 1, 2, 1, 1, 1, 2], [1, 2, 1, 1, 2, 3, 1], [1, 2, 4, 1, 2, 3, 4]),
    ],
)
def test_how_long_an_epoch_is_follows_from_where_iterations_start_again(
    epoch: Numbers, iteration: Numbers, steps: list[int]
) -> None:
    assert axis(epoch, iteration).steps.tolist() == steps


def test_an_iteration_that_runs_on_is_the_step() -> None:
    found = axis([0, 0, 1, 1, 2], [0, 500, 1000, 1500, 2000], epochs=30)
    assert found.steps.tolist() == [0, 500, 1000, 1500, 2000]
    assert found.planned == 30_000
    assert "about 30,000 steps are planned" in found.notes[0]
    assert axis(iteration=[10, 20], iterations=1000).planned == 1000
    assert axis(iteration=[10, 2000], iterations=1000).planned is None  # the plan was changed


def test_an_iteration_without_an_epoch_that_starts_again_is_joined() -> None:
    found = axis(iteration=[0, 50, 100, 0, 50, 100, 0, 50], iterations=120)
    assert found.steps.tolist() == [0, 50, 100, 120, 170, 220, 240, 290]
    assert "starts again 2 times" in found.notes[0]
    found = axis(iteration=[0, 5, 10] * 4)
    assert found.steps.tolist() == [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]
    assert axis(iteration=[938] * 3, iterations=938).steps.tolist() == [938, 1876, 2814]


def test_runs_and_restarts_are_kept() -> None:
    found = axis(iteration=[0, 10, 20, 30, 0, 10, 20, 30])
    assert found.steps.tolist() == [0, 10, 20, 30, 0, 10, 20, 30]
    assert "the steps begin again from the start once: the file holds 2 runs" in found.notes
    assert axis(iteration=[0, 10, 20, 30, 20, 30, 40]).notes == ()


def test_rows_of_an_epoch_alone_stand_among_the_others() -> None:
    assert axis([0, 0, 0, 1, 1], [0, 5, None, 0, 5], iterations=10).steps.tolist() == [0, 5, 5, 10, 15]
    assert axis([1, 1, 1, 2], [0, 5, None, 0], iterations=10).steps.tolist() == [0, 5, 5, 10]


def test_epochs_are_steps() -> None:
    found = axis([560, 561, 562], epochs=600)
    assert (found.steps.tolist(), found.planned, found.unit) == ([560, 561, 562], 600, "epoch")


def test_several_rows_of_each_epoch_are_numbered() -> None:
    found = axis([1, 1, 2, 2, 3, 3], epochs=50)
    assert (found.steps.tolist(), found.planned, found.unit) == ([1, 2, 3, 4, 5, 6], 100, "row")
    assert axis([1, 1, 2, 2, 3, 3, 2, 2, 3, 3]).steps.tolist() == [1, 2, 3, 4, 5, 6, 3, 4, 5, 6]


def test_fractions_of_epochs_and_no_places_are_numbered() -> None:
    found = axis([0.25, 0.5, 0.75], epochs=3)
    assert (found.steps.tolist(), found.planned, found.unit) == ([1, 2, 3], 12, "row")
    assert axis([None, None]).unit == "row"


def test_rows_without_a_step_are_said() -> None:
    found = axis(iteration=[None, 1, 2, -3, 4])
    assert found.steps.tolist() == [-1, 1, 2, 2, 4]
    assert found.notes == ("1 of 5 rows have no step that can be used and were left out",)
