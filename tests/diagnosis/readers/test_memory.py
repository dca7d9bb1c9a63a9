from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.readers.interpret import interpret
from ganlab.diagnosis.readers.memory import Columns, read_columns
from ganlab.errors import RunError


def read(columns: Columns, **mapping: str) -> Evidence:
    return interpret(read_columns(columns), mapping)


def test_columns_become_curves_by_what_they_are_called() -> None:
    evidence = read({"lossD": [0.1, 0.2, None], "G_loss": np.array([1.0, math.nan, 3.0])})
    assert evidence.curves["d_loss"].steps.tolist() == [1, 2]
    assert evidence.curves["d_loss"].values.tolist() == [0.1, 0.2]
    np.testing.assert_array_equal(evidence.curves["g_loss"].values, [1.0, math.nan, 3.0])
    assert "taken: d_loss from `lossD`, g_loss from `G_loss`" in evidence.notes


def test_a_column_can_say_the_step_and_be_a_tensor() -> None:
    evidence = read({"step": [10, 20], "loss_d": torch.tensor([1.0, 2.0]).numpy()})
    assert evidence.curves["d_loss"].steps.tolist() == [10, 20]


def test_a_column_can_be_named() -> None:
    evidence = read({"alpha": [1.0, 2.0]}, d_loss="alpha")
    assert evidence.curves["d_loss"].values.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"d_loss": [1.0, 2.0], "g_loss": [1.0]}, "`g_loss` has shape"),
        ({"d_loss": [[1.0, 2.0]]}, "`d_loss` has shape"),
        ({"d_loss": ["high"]}, "more than numbers"),
        ({"alpha": [1.0]}, "no column that is known"),
        ({}, "no column"),
    ],
)
def test_what_is_no_log_is_refused(columns: dict[str, list[float]], words: str) -> None:
    with pytest.raises(RunError, match=words):
        read(columns)
