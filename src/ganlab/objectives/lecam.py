"""LeCam regularisation (Tseng et al. 2021, arXiv:2104.03310): what the discriminator says is held near what it said."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ganlab.config.penalties import LecamOptions
from ganlab.objectives.parts import Penalty, Trace, Update


def lecam(real: Tensor, fake: Tensor, real_anchor: Tensor, fake_anchor: Tensor, weight: float) -> Tensor:
    """weight * (E (D(x) - a_F)^2 + E (D(G(z)) - a_R)^2) (eq. 5).

    Args:
        real, fake: scores (N,) of real and of generated samples.
        real_anchor, fake_anchor: a_R and a_F, of shape (): averages of such scores in earlier updates.
        weight: lambda.
    """
    return weight * ((real - fake_anchor).square().mean() + (fake - real_anchor).square().mean())


class Lecam(Penalty[LecamOptions]):
    """`lecam` of the scores that the loss is computed from; its anchors follow them from update to update."""

    def __init__(self, *built_from: Any) -> None:
        super().__init__(*built_from)
        self.real = torch.zeros((), device=self.device)
        self.fake = torch.zeros((), device=self.device)
        self.updates = torch.zeros((), dtype=torch.int64, device=self.device)

    def __call__(self, update: Update) -> Tensor:
        """Return the penalty with the anchors as they are; before the first update they are 0."""
        assert update.real is not None
        assert update.fake is not None
        return lecam(update.real.scores, update.fake.scores, self.real, self.fake, self.options.weight)

    @torch.no_grad()
    def after_update(self, discriminator: nn.Module, trace: Trace) -> None:
        """Move the anchors to gamma * anchor + (1 - gamma) * mean score (eq. 6); the first means start them."""
        pace = torch.where(self.updates == 0, 1.0, 1 - self.options.decay)
        self.real.lerp_(trace.real_scores.mean(), pace)
        self.fake.lerp_(trace.fake_scores.mean(), pace)
        self.updates += 1

    def state(self) -> dict[str, Tensor]:
        """Return the anchors, and how many updates have moved them."""
        return {"real": self.real, "fake": self.fake, "updates": self.updates}
