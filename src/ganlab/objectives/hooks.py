"""What stabilizers that act around an optimiser's step share."""

from __future__ import annotations

import torch
from torch import Tensor


def weights_of(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """Return the parameters that an optimiser moves, in its order."""
    return [weight for group in optimizer.param_groups for weight in group["params"]]


def taken(optimizer: torch.optim.Optimizer) -> Tensor | None:
    """Return, inside a step's hook, 1 if the step moves the weights and 0 if it does not; None if every step does.

    A gradient scaler that met Inf does not call an optimiser's step, and no hook runs. Fused optimisers are called all
    the same, and skip it themselves on the device; there the answer is a tensor of shape ().
    """
    overflows: Tensor | None = getattr(optimizer, "found_inf", None)
    return None if overflows is None else (overflows == 0).float()


def by_place(player: str, tensors: list[Tensor]) -> dict[str, Tensor]:
    """Name a player's tensors, one a parameter, by its place in the optimiser: `<player>/<place>`."""
    return {f"{player}/{place}": tensor for place, tensor in enumerate(tensors)}
