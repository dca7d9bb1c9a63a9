"""Consensus: half the squared length of both players' gradients, in both players' losses."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganlab.config.stabilizers import ConsensusOptions
from ganlab.objectives.consensus import Consensus
from ganlab.objectives.parts import Contest

CPU = torch.device("cpu")


def number(value: float) -> nn.Linear:
    layer = nn.Linear(1, 1, bias=False).double()
    nn.init.constant_(layer.weight, value)
    return layer


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_it_pulls_both_players_of_the_bilinear_game_to_its_middle(player: str, points: Any) -> None:
    """L_D = -psi theta, L_G = psi theta: v = (-theta, psi), so that the term is weight / 2 (psi^2 + theta^2)."""
    generator, discriminator = number(0.3), number(-0.7)
    one = torch.ones(1, 1, dtype=torch.float64)

    def product(score: Any) -> Tensor:
        return score(generator(one)).sum()  # type: ignore[no-any-return]

    contest = Contest(generator, discriminator, lambda score: -product(score), product)
    part = Consensus(ConsensusOptions(name="consensus", weight=0.5), points(), CPU)
    if player == "generator":
        discriminator.weight.requires_grad_(False)
    term = part.coupling(contest, player)
    assert term.item() == pytest.approx(0.25 * (0.3**2 + 0.7**2))
    own = {"generator": generator, "discriminator": discriminator}[player].weight
    (found,) = torch.autograd.grad(term, own)
    assert found.item() == pytest.approx(0.5 * own.item())
    assert discriminator.weight.requires_grad == (player == "discriminator")
