"""Lookahead-minimax: now and then both players go part of the way back together."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganlab.config.stabilizers import LookaheadOptions
from ganlab.objectives.hooks import by_place, weights_of
from ganlab.objectives.parts import Stabilizer


@torch.no_grad()
def look_ahead(slow: list[Tensor], fast: list[Tensor], alpha: float) -> None:
    """slow <- slow + alpha (fast - slow), fast <- slow, in place (Chavdarova et al. 2021, algorithm 1).

    Args:
        slow: where the players were after the last time, a tensor a parameter.
        fast: where they are now.
        alpha: share of the way that is kept.
    """
    torch._foreach_lerp_(slow, fast, alpha)
    torch._foreach_copy_(fast, slow)


class Lookahead(Stabilizer[LookaheadOptions]):
    """`look_ahead` of both players at the end of every k-th training step (Chavdarova et al. 2021, algorithm 1).

    Only weights go back. Optimisers keep their moments, and batch normalisation keeps its running statistics, which are
    those of the weights that the batches passed through. The moving average of the generator takes in what is left.
    """

    def __init__(self, *built_from: Any) -> None:
        super().__init__(*built_from)
        self.slow: dict[str, list[Tensor]] = {}
        self.fast: dict[str, list[Tensor]] = {}

    def wrap(self, player: str, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """Keep where the player starts; its optimiser stays as it is."""
        self.fast[player] = weights_of(optimizer)
        self.slow[player] = [weight.detach().clone() for weight in self.fast[player]]
        return optimizer

    def after_step(self, step: int) -> None:
        """Go back after every k-th step."""
        if step % self.options.every == 0:
            for player, slow in self.slow.items():
                look_ahead(slow, self.fast[player], self.options.alpha)

    def state(self) -> dict[str, Tensor]:
        """Return the slow weights."""
        return {name: each for player, slow in self.slow.items() for name, each in by_place(player, slow).items()}
