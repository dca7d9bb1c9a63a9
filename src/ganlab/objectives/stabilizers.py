"""What else steadies the game: noise on the discriminator's inputs and clipped weights.

Label smoothing needs no function: it is the target given to a loss.
"""

from __future__ import annotations

import torch
from torch import nn

from ganlab.config.objectives import InstanceNoiseOptions


def instance_noise_std(options: InstanceNoiseOptions, step: int) -> float:
    """Standard deviation at `step` (from 0) of the noise that D's inputs carry: linear from `std` to 0 at `until`.

    Arjovsky & Bottou 2017, section 3; Sonderby et al. 2017, section 3, with the annealing used there.
    """
    if options.until is None:
        return options.std
    return options.std * max(0.0, 1 - step / options.until)


@torch.no_grad()
def clip_weights(discriminator: nn.Module, limit: float) -> None:
    """Clip every parameter to [-limit, limit], in place (Arjovsky et al. 2017, algorithm 1, line 7)."""
    for parameter in discriminator.parameters():
        parameter.clamp_(-limit, limit)
