"""Everything a training step needs, built from an experiment."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from ganlab.config.experiment import Experiment
from ganlab.data import RealData
from ganlab.games import build_game
from ganlab.games.standard import Setting, StandardGame
from ganlab.training.feed import Feed
from ganlab.training.state import State


@dataclass(frozen=True)
class Workbench:
    """Networks, game and batches of one experiment on one device."""

    state: State
    game: StandardGame
    """The game that trains: its networks are compiled if the experiment asks for it."""
    plain_game: StandardGame
    """The same game between the same networks, never compiled: for snapshots and replays."""
    feed: Feed


def build_workbench(experiment: Experiment, data: RealData, device: torch.device) -> Workbench:
    """Build networks at their start, the game and the feed; all are functions of the experiment's seed."""
    state = State(experiment, device)
    setting = Setting(experiment, state.generator, state.discriminator, state.parts, device, data)
    plain = game = build_game(setting)
    if experiment.training.compile:
        generator = torch.compile(state.generator)
        # Gradient penalties differentiate twice, which compiled networks cannot.
        discriminator = state.discriminator if experiment.penalties else torch.compile(state.discriminator)
        game = build_game(replace(setting, generator=generator, discriminator=discriminator))  # type: ignore[arg-type]
    return Workbench(state, game, plain, Feed(experiment, data.train, device))
