"""Who plays whom: a game turns batches and scores into what each player minimises."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import torch
from torch import nn

from ganlab.config.experiment import Experiment
from ganlab.config.objectives import GAMES

if TYPE_CHECKING:
    from ganlab.games.standard import StandardGame


def build_game(
    experiment: Experiment, generator: nn.Module, discriminator: nn.Module, device: torch.device
) -> StandardGame:
    """Return the experiment's game between these two networks."""
    game: StandardGame = import_module(GAMES[experiment.game.name].module).build(
        experiment, generator, discriminator, device
    )
    return game
