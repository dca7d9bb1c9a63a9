"""LeCam regularisation: its equation, and anchors that follow the scores."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from ganlab.config.penalties import LecamOptions
from ganlab.data import load
from ganlab.objectives.lecam import Lecam, lecam
from ganlab.objectives.parts import Trace
from ganlab.training.step import train_step
from ganlab.training.workbench import build_workbench

CPU = torch.device("cpu")


def scored(real: list[float], fake: list[float]) -> Trace:
    trace = Trace()
    trace.real_scores, trace.fake_scores = torch.tensor(real), torch.tensor(fake)
    return trace


def test_scores_are_held_near_what_the_other_batch_had() -> None:
    """Equation 5, term by term, and its slopes 2 weight (D - anchor of the other) / N."""
    real = torch.tensor([1.0, 3.0], requires_grad=True)
    fake = torch.tensor([-1.0, 0.0], requires_grad=True)
    value = lecam(real, fake, torch.tensor(2.0), torch.tensor(-0.5), 0.5)
    assert value.item() == pytest.approx(0.5 * ((1.5**2 + 3.5**2) / 2 + (3**2 + 2**2) / 2))
    value.backward()
    torch.testing.assert_close(real.grad, 0.5 * torch.tensor([1.5, 3.5]))
    torch.testing.assert_close(fake.grad, 0.5 * torch.tensor([-3.0, -2.0]))


def test_anchors_are_moving_averages(points: Any) -> None:
    """Equation 6: the first means start them, and each further one moves them by 1 - gamma of the way."""
    part = Lecam(LecamOptions(name="lecam", decay=0.75), points(), CPU)
    network = torch.nn.Identity()
    part.after_update(network, scored([2.0, 4.0], [-1.0, -1.0]))
    assert [part.real.item(), part.fake.item()] == [3.0, -1.0]
    part.after_update(network, scored([7.0, 7.0], [1.0, 5.0]))
    assert [part.real.item(), part.fake.item()] == [4.0, 0.0]
    part.after_update(network, scored([0.0, 0.0], [0.0, 0.0]))
    assert [part.real.item(), part.fake.item()] == [3.0, 0.0]
    assert part.updates.item() == 3


def test_a_discriminator_far_ahead_is_held_back(points: Any) -> None:
    """With a large weight the scores of reals and fakes stay closer together than without."""
    gaps = {}
    for weight in (1e-6, 10.0):
        experiment = points(f"penalties=[{{name: lecam, weight: {weight}}}]", "optimizer.discriminator.lr=0.01")
        ours = build_workbench(experiment, load(experiment.data, 16), CPU)
        for _ in range(30):
            trace = train_step(ours.state, ours.game, ours.feed)
        lecam_part = ours.state.parts.by_name["lecam"]
        assert isinstance(lecam_part, Lecam)
        assert lecam_part.updates.item() == 30
        assert trace.losses["penalty_lecam"].item() > 0
        gaps[weight] = (lecam_part.real - lecam_part.fake).item()
    assert abs(gaps[10.0]) < 0.3 * gaps[1e-6]
