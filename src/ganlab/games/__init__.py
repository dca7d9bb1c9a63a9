"""Who plays whom: a game turns batches and scores into what each player minimises."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import torch
from torch import nn

from ganlab.config.experiment import Experiment
from ganlab.config.games import GAMES
from ganlab.data import RealData

if TYPE_CHECKING:
    from ganlab.games.standard import StandardGame


def build_game(
    experiment: Experiment,
    generator: nn.Module,
    discriminator: nn.Module,
    device: torch.device,
    data: RealData | None = None,
) -> StandardGame:
    """Return the experiment's game between these two networks.

    Args:
        experiment: what is played.
        generator, discriminator: the players.
        device: where they are.
        data: the real samples; None where the game is only to generate from latents.
    """
    game: StandardGame = import_module(GAMES[experiment.game.name].module).build(
        experiment, generator, discriminator, device, data
    )
    return game
