"""Columns against their definitions, by hand."""

from __future__ import annotations

import math

import pytest
import torch

from ganlab.monitor.columns import history_columns
from ganlab.objectives.parts import Trace, find_loss

SIGMOID = {-2.0: 1 / (1 + math.exp(2)), 1.0: 1 / (1 + math.exp(-1)), 3.0: 1 / (1 + math.exp(-3))}


def columns(loss: str) -> dict[str, float | None]:
    trace = Trace()
    trace.real_scores, trace.fake_scores = torch.tensor([3.0, 1.0, -2.0, 1.0]), torch.tensor([-2.0, 3.0])
    trace.losses = {
        "d_loss_real": torch.tensor(0.25),
        "d_loss_fake": torch.tensor(0.5),
        "g_loss": torch.tensor(2.0),
        "penalty_r1": torch.tensor(0.125),
    }
    trace.generator_scores = 2
    trace.output_gradient = torch.tensor([[[3.0, 4.0]], [[0.0, 0.0]]]) / 2
    found = history_columns(find_loss(loss), trace, torch.tensor(7.0), torch.tensor(9.0))
    return {name: None if value is None else float(value) for name, value in found.items()}


def test_cross_entropy_columns() -> None:
    found = columns("non_saturating")
    assert found["d_loss"] == 0.75
    assert found["d_acc_real"] == 0.75
    assert found["d_acc_fake"] == 0.5
    assert found["d_real"] == pytest.approx((SIGMOID[3] + 2 * SIGMOID[1] + SIGMOID[-2]) / 4)
    assert found["d_fake"] == pytest.approx((SIGMOID[-2] + SIGMOID[3]) / 2)
    # Norms 2.5 and 0 of the gradient of the mean; times the batch of 2 a sample's own, 5 and 0.
    assert found["grad_g_output"] == pytest.approx(2.5)
    assert (found["grad_d"], found["grad_g"], found["penalty_r1"]) == (7.0, 9.0, 0.125)


def test_other_losses_have_their_own_decision_point_and_score() -> None:
    least_squares, wasserstein = columns("least_squares"), columns("wasserstein")
    assert least_squares["d_acc_real"] == 0.75
    assert least_squares["d_real"] == wasserstein["d_real"] == 0.75
    assert wasserstein["d_acc_real"] is None
    assert columns("hinge")["d_acc_fake"] == 0.5
