"""Columns against their definitions, by hand."""

from __future__ import annotations

import math

import pytest
import torch

from ganlab.config.objectives import LOSSES
from ganlab.monitor.columns import history_columns
from ganlab.objectives.parts import Trace, find_loss

SIGMOID = {-2.0: 1 / (1 + math.exp(2)), 1.0: 1 / (1 + math.exp(-1)), 3.0: 1 / (1 + math.exp(-3))}


def columns(loss: str) -> dict[str, float]:
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
    return history_columns(find_loss(loss), trace, [torch.tensor(7.0)], [torch.tensor(5.4), torch.tensor(7.2)]).now()


def test_cross_entropy_columns() -> None:
    found = columns("non_saturating")
    assert found["d_loss"] == 0.75
    assert found["d_acc_real"] == 0.75
    assert found["d_acc_fake"] == 0.5
    assert found["d_real"] == pytest.approx((SIGMOID[3] + 2 * SIGMOID[1] + SIGMOID[-2]) / 4)
    assert found["d_fake"] == pytest.approx((SIGMOID[-2] + SIGMOID[3]) / 2)
    # Norms 2.5 and 0 of the gradient of the mean; times the batch of 2 a sample's own, 5 and 0.
    assert found["grad_g_output"] == pytest.approx(2.5)
    assert (found["grad_d"], found["penalty_r1"]) == (7.0, 0.125)
    assert found["grad_g"] == pytest.approx(9.0)


def test_other_losses_have_their_own_decision_point_and_score() -> None:
    least_squares, wasserstein = columns("least_squares"), columns("wasserstein")
    assert least_squares["d_acc_real"] == 0.75
    assert least_squares["d_real"] == wasserstein["d_real"] == 0.75
    assert "d_acc_real" not in wasserstein
    assert columns("hinge")["d_acc_fake"] == 0.5


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("count", [1, 3, 16, 37, 128, 1000])
@pytest.mark.parametrize("loss", LOSSES)
def test_many_rows_at_once_are_those_of_each_step_alone_to_the_last_bit(loss: str, count: int, threads: int) -> None:
    draws = torch.Generator().manual_seed(count)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        steps = []
        for _ in range(50):
            trace = Trace()
            trace.real_scores, trace.fake_scores = (3 * torch.randn(count, generator=draws) for _ in range(2))
            names = ("d_loss",) if loss == "relativistic" else ("d_loss_real", "d_loss_fake")
            trace.losses = {name: torch.rand((), generator=draws) for name in (*names, "g_loss", "penalty_r1")}
            trace.generator_scores = count
            trace.output_gradient = torch.randn(count, 2, generator=draws)
            norms = torch.rand(9, generator=draws)
            steps.append(history_columns(find_loss(loss), trace, norms[:4].unbind(), norms[4:].unbind()))
        together = steps[0].layout.columns(torch.stack([step.values for step in steps]))
        assert {step.layout for step in steps} == {steps[0].layout}
        for row, step in enumerate(steps):
            assert step.now() == {name: float(values[row]) for name, values in together.items() if values is not None}
        score = find_loss(loss).mean_score(trace.real_scores)
        assert steps[-1].now()["d_real"] == float(score), "the same as a snapshot's"
    finally:
        torch.set_num_threads(before)
