from __future__ import annotations

import numpy as np
import pytest

from ganlab.diagnosis.alignment import align
from ganlab.diagnosis.evidence import Evidence, Series


def log(last: int, unit: str = "step", epoch_steps: int | None = None) -> Evidence:
    steps = np.linspace(0, last, 11).astype(np.int64)
    return Evidence("log", curves={"d_loss": Series(steps, np.ones(11))}, unit=unit, epoch_steps=epoch_steps)


@pytest.mark.parametrize(
    ("steps", "unit", "evidence", "aligned", "said"),
    [
        ([0, 1000], "step", log(1000), [0, 1000], ""),
        ([1, 30], "epoch", log(30, "epoch"), [1, 30], ""),
        ([1, 30], "epoch", log(3000, epoch_steps=100), [100, 3000], ""),
        ([0, 200], "kimg", log(200_000, "image"), [0, 200_000], ""),
        ([0, 200], "number", log(200_000, "image"), [0, 200_000], "taken for kimg"),
        ([0, 1000], "number", log(1000), [0, 1000], "taken for steps"),
        ([1, 30], "number", log(3000, epoch_steps=100), [100, 3000], "taken for epochs"),
        ([1000, 4000], "step", log(2000), [1000, 4000], "the pictures go on to step 4,000"),
        ([0, 10], "number", log(5000), [0, 5000], "taken for rows of the log"),
        ([1, 6, 11], "number", log(5000), [0, 2500, 5000], "taken for rows of the log"),
        ([2, 4], "number", log(5000), [500, 1500], "taken for rows of the log"),
        # What cannot be aligned.
        ([200, 2600], "step", log(13, "epoch"), [1, 13], "cannot be aligned"),
        ([200, 2600], "number", log(13, "epoch"), [1, 13], "cannot be aligned"),
        ([1, 2], "number", log(5000), [2500, 5000], "cannot be aligned"),
        ([1, 30], "epoch", log(3000), [100, 3000], "cannot be aligned"),
        ([10, 20], "step", log(100, "row"), [50, 100], "cannot be aligned"),
        ([None], "number", log(700), [700], ""),
    ],
)
def test_pictures_beside_a_log(
    steps: list[int | None], unit: str, evidence: Evidence, aligned: list[int], said: str
) -> None:
    found = align(steps, unit, evidence)
    assert found.steps == aligned
    assert found.unit == evidence.unit
    assert said in " ".join(found.notes)
    assert bool(said) == bool(found.notes)


def test_what_names_count_is_said_if_they_say_it() -> None:
    assert "(200 to 2,600) cannot" in align([200, 2600], "number", log(13, "epoch")).notes[0]
    assert "(200 to 2,600, steps) cannot" in align([200, 2600], "step", log(13, "epoch")).notes[0]


def test_pictures_alone_count_as_their_names_do() -> None:
    assert align([1, 5], "epoch", Evidence("samples"))[:2] == ([1, 5], "epoch")
    assert align([1, 5], "kimg", Evidence("samples"))[:2] == ([1000, 5000], "image")
    assert align([1, 5], "number", Evidence("samples"))[:2] == ([1, 5], "step")
    assert align([None], "number", Evidence("samples"))[:2] == ([0], "step")


@pytest.mark.parametrize(("last", "said"), [(600, True), (8_000, True), (9_500, False), (10_000, False)])
def test_it_is_said_if_a_log_goes_on_after_the_last_picture(last: int, said: bool) -> None:
    notes = align([100, last], "step", log(10_000)).notes
    assert any(f"the last pictures are of step {last:,}, and the log goes on" in note for note in notes) is said
