"""Lookahead-minimax: what goes back, how far, when, and what does not."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganlab.data import load
from ganlab.objectives.lookahead import look_ahead
from ganlab.training.step import train_step
from ganlab.training.workbench import build_workbench

CPU = torch.device("cpu")


def test_the_players_keep_a_share_of_the_way() -> None:
    slow, fast = [torch.tensor([0.0, 1.0])], [torch.tensor([1.0, -1.0])]
    look_ahead(slow, fast, 0.25)
    assert slow[0].tolist() == fast[0].tolist() == [0.25, 0.5]


def test_both_go_back_at_once_and_nothing_but_weights(points: Any) -> None:
    """Against a run without: it differs first after step 3, and only by how far the weights went."""

    def bench(*changes: str) -> Any:
        experiment = points("training.discriminator_steps=2", "training.ema=0", *changes)
        return build_workbench(experiment, load(experiment.data, 16), CPU)

    def held(ours: Any) -> dict[str, Tensor]:
        return {key: value.clone() for key, value in ours.state.tensors().items() if not key.startswith("game/")}

    ours, plain = bench("stabilizers=[{name: lookahead, every: 3, alpha: 0.3}]"), bench()
    start = held(ours)
    for step in (1, 2, 3):
        for each in (ours, plain):
            train_step(each.state, each.game, each.feed)
        fast, slow = held(plain), held(ours)
        weights = {
            f"{player}/{name}"
            for player in ("generator", "discriminator")
            for name, _ in getattr(ours.state, player).named_parameters()
        }
        if step == 3:
            assert {key for key in fast if key.startswith("optimizer/")}
            assert {key for key in fast if "running_mean" in key}
            fast |= {key: start[key] + 0.3 * (fast[key] - start[key]) for key in weights}
        for key in fast:
            torch.testing.assert_close(slow[key], fast[key], rtol=1e-5, atol=1e-7)
    fast = held(plain)
    assert {key for key in fast if not torch.equal(fast[key], slow[key])} == weights
