"""Who plays whom: a game turns batches and scores into what each player minimises."""

from __future__ import annotations

from importlib import import_module

from ganlab.config.games import GAMES
from ganlab.games.standard import Setting, StandardGame


def build_game(setting: Setting) -> StandardGame:
    """Return the game that an experiment names, between the players of a setting."""
    game: StandardGame = import_module(GAMES[setting.experiment.game.name].module).build(setting)
    return game
