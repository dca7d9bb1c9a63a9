"""Historical averaging: each player is pulled towards the mean of its own past."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganlab.config.stabilizers import HistoricalAveragingOptions
from ganlab.objectives.hooks import by_place, weights_of
from ganlab.objectives.parts import Stabilizer


@torch.no_grad()
def pull(gradients: list[Tensor], away: list[Tensor], weight: float) -> None:
    """Add the gradient of weight * |theta - mean of its past|^2, which is 2 weight (theta - mean), in place.

    Salimans et al. 2016, section 3.3, with the mean over all updates before this one.

    Args:
        gradients: a tensor a parameter.
        away: theta - mean, of the same shapes.
        weight: the term's factor in the player's cost.
    """
    torch._foreach_add_(gradients, away, alpha=2 * weight)


class HistoricalAveraging(Stabilizer[HistoricalAveragingOptions]):
    """`pull` of each player in each of its updates, whose weights then join the mean.

    A parameter's past starts with its first gradient: layers that join in later, as in networks that grow, are not held
    at where they were initialised.
    """

    def __init__(self, *built_from: Any) -> None:
        super().__init__(*built_from)
        self.means: dict[str, list[Tensor]] = {}
        self.counts: dict[str, Tensor] = {}

    def wrap(self, player: str, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """Pull before the optimiser looks."""
        weights = weights_of(optimizer)
        self.means[player] = means = [weight.detach().clone() for weight in weights]
        self.counts[player] = torch.zeros(len(weights), dtype=torch.int64, device=self.device)
        counts = self.counts[player].unbind()

        @torch.no_grad()
        def average(*_: Any) -> None:
            reached = [place for place, weight in enumerate(weights) if weight.grad is not None]
            gradients = [weight.grad for weight in weights if weight.grad is not None]
            past, ages = [means[place] for place in reached], [counts[place] for place in reached]
            away = list(torch._foreach_sub([weights[place] for place in reached], past))
            pull(gradients, away, self.options.weight)
            # mean <- mean + (theta - mean) / count
            torch._foreach_add_(ages, 1)
            torch._foreach_add_(past, torch._foreach_div(away, ages))

        optimizer.register_step_pre_hook(average)
        return optimizer

    def state(self) -> dict[str, Tensor]:
        """Return the means, and how many updates each is over."""
        counts = {f"{player}/count": count for player, count in self.counts.items()}
        means = {name: each for player, means in self.means.items() for name, each in by_place(player, means).items()}
        return {**counts, **means}
