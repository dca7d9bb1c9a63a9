"""Gradient clipping by joint norm and by value."""

from __future__ import annotations

import math

import pytest
import torch

from ganlab.objectives.gradient_clipping import clip_gradients

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("max_norm", "max_value", "expected"),
    [
        (26.0, None, [3, -4, 12, 0]),  # the joint norm is 13
        (6.5, None, [1.5, -2, 6, 0]),
        (None, 4.0, [3, -4, 4, 0]),
        (None, 1.0, [1, -1, 1, 0]),
        (3.0**0.5 / 2, 1.0, [0.5, -0.5, 0.5, 0]),  # values first
    ],
)
def test_all_of_a_players_gradients_have_one_norm(
    max_norm: float | None, max_value: float | None, expected: list[float]
) -> None:
    gradients = [torch.tensor([3.0, -4.0]), torch.tensor([[12.0], [0.0]])]
    clip_gradients(gradients, max_norm, max_value)
    assert torch.cat([each.flatten() for each in gradients]).tolist() == pytest.approx(expected)


def test_zeros_and_none_at_all_are_left_alone() -> None:
    zeros = [torch.zeros(3)]
    clip_gradients(zeros, 1.0, 1.0)
    assert zeros[0].tolist() == [0, 0, 0]
    clip_gradients([], 1.0, 1.0)


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
@pytest.mark.parametrize(("max_norm", "max_value"), [(1.0, None), (None, 1.0)])
def test_what_is_not_finite_stays_to_be_found(bad: float, max_norm: float | None, max_value: float | None) -> None:
    gradients = [torch.tensor([bad, 5.0])]
    clip_gradients(gradients, max_norm, max_value)
    assert gradients[0].tolist() == pytest.approx([bad, 5.0 if max_norm else 1.0], nan_ok=True)
