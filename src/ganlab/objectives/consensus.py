"""Both players also want both of their gradients to be small (Mescheder et al. 2017)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from ganlab.config.stabilizers import ConsensusOptions
from ganlab.objectives.parts import Contest, Stabilizer
from ganlab.objectives.unrolling import judging


class Consensus(Stabilizer[ConsensusOptions]):
    """weight / 2 * |v|^2 beside each player's own loss (eq. 12), with v of both players at the same batches.

    A fixed point is where v is 0; there the game turns no less, but is pulled inwards: the eigenvalues of its Jacobian
    get a negative real part (lemma 9).
    """

    couples: ClassVar[bool] = True

    def coupling(self, contest: Contest, player: str) -> Tensor:
        """Return the term for either player: the same sum, by whose weights it is differentiated."""
        discriminator, generator = contest.discriminator, contest.generator
        weights: dict[str, Tensor] = dict(discriminator.named_parameters())
        if player == "generator":  # in whose update the discriminator's own weights are frozen
            weights = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
        buffers = {name: buffer.clone() for name, buffer in discriminator.named_buffers()}
        score = judging(discriminator, weights, buffers)
        squares = squared(contest.discriminator_loss(score), list(weights.values()))
        squares = squares + squared(contest.generator_loss(score), trained(generator))
        return self.options.weight / 2 * squares


def squared(loss: Tensor, weights: list[Tensor]) -> Tensor:
    """Return the squared norm of a loss's gradient in weights, of shape (), differentiable."""
    gradients = torch.autograd.grad(loss, weights, create_graph=True, allow_unused=True)
    return torch.stack([each.square().sum() for each in gradients if each is not None]).sum()


def trained(network: nn.Module) -> list[Tensor]:
    """Return the weights that training moves."""
    return [weight for weight in network.parameters() if weight.requires_grad]
