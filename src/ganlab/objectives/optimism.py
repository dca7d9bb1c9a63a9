"""Optimism: each player's move is extrapolated from its last two, which damps the rotation of the game."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganlab.config.stabilizers import OptimismOptions
from ganlab.objectives.hooks import by_place, taken, weights_of
from ganlab.objectives.parts import Stabilizer

Tensors = list[Tensor] | tuple[Tensor, ...]


def optimistic_moves(moves: Tensors, last: Tensors) -> Tensors:
    """Return 2 d_t - d_(t-1), a tensor a parameter (Daskalakis et al. 2018, algorithm 1).

    Args:
        moves: d_t, how far the optimiser's own step moves each parameter.
        last: d_(t-1), the same of the step before; 0 before the first.
    """
    return torch._foreach_sub(torch._foreach_mul(moves, 2.0), last)


class Optimism(Stabilizer[OptimismOptions]):
    """w <- w + 2 d_t - d_(t-1), where d_t is the step of the player's own optimiser for the gradient at w.

    With Adam this is optimistic Adam (Daskalakis et al. 2018, algorithm 1), with SGD optimistic mirror descent (there,
    section 2).

    It is also extra-gradient by extrapolation from the past (Gidel et al. 2019, section 3.3), which computes one
    gradient a step: from weights v that it keeps it looks ahead to w_t = v_t + d_(t-1), moves on to v_(t+1) = v_t + d_t
    by the gradient at w_t, and looks ahead again: w_(t+1) = v_(t+1) + d_t = w_t + 2 d_t - d_(t-1). The networks hold
    the points w. Weight decay is taken at them, too.

    A parameter without a gradient takes a step of 0.
    """

    def __init__(self, *built_from: Any) -> None:
        super().__init__(*built_from)
        self.last: dict[str, list[Tensor]] = {}

    def wrap(self, player: str, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """Extrapolate each of the optimiser's steps."""
        weights = weights_of(optimizer)
        self.last[player] = last = [torch.zeros_like(weight) for weight in weights]
        before = [torch.empty_like(weight) for weight in weights]

        @torch.no_grad()
        def remember(*_: Any) -> None:
            torch._foreach_copy_(before, weights)

        @torch.no_grad()
        def extrapolate(*_: Any) -> None:
            moves = torch._foreach_sub(weights, before)
            further, moved = optimistic_moves(moves, last), taken(optimizer)
            if moved is None:
                torch._foreach_copy_(last, moves)
            else:
                # Where the step was skipped, its moves are 0, and the ones before it stay the last.
                torch._foreach_mul_(further, moved)
                torch._foreach_mul_(last, 1 - moved)
                torch._foreach_add_(last, moves)
            torch._foreach_copy_(weights, torch._foreach_add(before, further))

        optimizer.register_step_pre_hook(remember)
        optimizer.register_step_post_hook(extrapolate)
        return optimizer

    def state(self) -> dict[str, Tensor]:
        """Return the last moves."""
        return {name: move for player, last in self.last.items() for name, move in by_place(player, last).items()}
