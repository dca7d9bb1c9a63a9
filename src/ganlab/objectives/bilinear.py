"""The bilinear game, min over x and max over y of x y: two numbers whose equilibrium (0, 0) plain descent circles.

Played by the optimisers and stabilizers that train networks. In the complex plane, where z = x + i y, simultaneous
steps of size h multiply the point of plain descent by 1 + i h; what other methods do to it follows from that.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ganlab.objectives.parts import Parts


def played(
    make: Callable[[list[nn.Parameter]], torch.optim.Optimizer], parts: Parts, steps: int, in_turn: bool = False
) -> Tensor:
    """Return the points (x, y) of a game from (1, 1) on, float64 (steps + 1, 2).

    Args:
        make: makes each player's optimiser from its number, which is minimised.
        parts: whose stabilizers wrap the optimisers and act at the end of a step.
        steps: how many.
        in_turn: whether y moves first and x then sees where it is, as in a training step; else both move at once.
    """
    x, y = (nn.Parameter(torch.ones((), dtype=torch.float64)) for _ in range(2))
    generator, discriminator = parts.wrap("generator", make([x])), parts.wrap("discriminator", make([y]))
    points = [torch.stack([x, y]).detach()]
    for step in range(1, steps + 1):
        x.grad, y.grad = y.detach().clone(), -x.detach()
        discriminator.step()
        if in_turn:
            x.grad = y.detach().clone()
        generator.step()
        parts.after_step(step)
        points.append(torch.stack([x, y]).detach())
    return torch.stack(points)


def plain_rate(h: float) -> float:
    """Return what a simultaneous step of plain descent of size h multiplies the distance to (0, 0) by."""
    return abs(1 + 1j * h)


def optimistic_rate(h: float) -> float:
    """Return the same for optimism with descent, in the long run; h is at most 1/2.

    z_(t+1) = (1 + 2 i h) z_t - i h z_(t-1), so that z grows by the larger root of r^2 - (1 + 2 i h) r + i h; the square
    of its magnitude is (1 + sqrt(1 - 4 h^2)) / 2.
    """
    return float(((1 + (1 - 4 * h**2) ** 0.5) / 2) ** 0.5)


def lookahead_rate(h: float, every: int, alpha: float) -> float:
    """Return the same for Lookahead around descent, on average over `every` steps, the last of which goes back."""
    return float(abs(1 - alpha + alpha * (1 + 1j * h) ** every) ** (1 / every))
