"""Gradient clipping: no step is led by a gradient beyond a limit."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganlab.config.stabilizers import GradientClippingOptions
from ganlab.objectives.hooks import weights_of
from ganlab.objectives.parts import Stabilizer


@torch.no_grad()
def clip_gradients(gradients: list[Tensor], max_norm: float | None, max_value: float | None) -> None:
    """Clip a player's gradients in place: first each value to [-max_value, max_value], then all to their joint norm.

    g <- max_norm / |g| g where |g| > max_norm, the Euclidean norm over all parameters (Pascanu et al. 2013,
    algorithm 1). NaN and Inf stay, so that they are found: a value that is not finite is not clipped, and gradients
    whose norm is not finite are not scaled.

    Args:
        gradients: a tensor a parameter.
        max_norm, max_value: above 0; None clips nothing.
    """
    if max_value is not None:
        for gradient in gradients:
            gradient.copy_(torch.where(gradient.isinf(), gradient, gradient.clamp(-max_value, max_value)))
    if max_norm is not None and gradients:
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        share = (max_norm / norm).clamp(max=1.0)
        torch._foreach_mul_(gradients, torch.where(norm.isfinite(), share, 1.0))


class GradientClipping(Stabilizer[GradientClippingOptions]):
    """`clip_gradients` of each player before each of its steps."""

    def wrap(self, player: str, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """Clip before the optimiser looks."""
        weights = weights_of(optimizer)

        def clip(*_: Any) -> None:
            gradients = [weight.grad for weight in weights if weight.grad is not None]
            clip_gradients(gradients, self.options.max_norm, self.options.max_value)

        optimizer.register_step_pre_hook(clip)
        return optimizer
