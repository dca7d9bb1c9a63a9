"""The landscape that the discriminator lays over the plane, taken from ganlab's own games on 2-D points."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlab.games.conditional import ConditionalGame
from ganlab.games.rounds import Batch, Draw
from ganlab.games.standard import StandardGame
from ganlab.objectives.adversarial import probability
from ganlab.plots.landscape import LATTICE, MOST, Landscape, cell_middles, extent_of

REACH: dict[Literal["normal", "uniform"], float] = {"normal": 2.0, "uniform": 1.0}
"""How far from 0 the lattice goes: in each dimension 95 % of normal latents lie within, and all uniform ones."""


def take_landscape(
    game: StandardGame, drawn: Draw, samples: Tensor, reals: Batch, frame: Tensor, level: float
) -> Landscape:
    """Return the landscape of a game, both networks in eval mode; nothing of theirs changes.

    Args:
        game: on 2-D points.
        drawn: what the samples were made from, on the device.
        samples: float32 (N, 2) on the CPU.
        reals: those that the generator's loss compares with if it does, each again if there are fewer than samples.
        frame: real points (M, 2) that set the frame and are shown.
        level: the score that divides if the loss itself names none.
    """
    extent = extent_of(frame.numpy())
    left, right, bottom, top = extent.tolist()
    rows, columns = (torch.from_numpy(cell_middles(*ends)) for ends in ((bottom, top), (left, right)))
    places = torch.cartesian_prod(rows, columns).flip(1)

    count = min(len(samples), MOST)
    count -= count % game.experiment.joined
    asked = None if drawn.asked is None else drawn.asked[:count]
    others = torch.arange(count) % len(reals.values)
    compared = Batch(reals.values[others].to(game.device), reals.labels[others].to(game.device))
    push = game.push(Draw(drawn.inputs[:count], asked), samples[:count].to(game.device), compared)

    divides = game.loss.decision_point
    return Landscape(
        scores=game.scores_at(places.to(game.device)).cpu().numpy().reshape(len(rows), len(columns)),
        extent=extent,
        level=level if divides is None else divides,
        divides=divides is not None,
        logits=game.loss.recorded is probability,
        pack=game.experiment.joined,
        classes=len(game.asked_for) if isinstance(game, ConditionalGame) and game.head.by_class else 1,
        points=samples[:count].numpy(),
        push=push.cpu().numpy(),
        real=frame[:MOST].numpy(),
        lattice=_lattice(game, drawn),
        compares=game.experiment.discriminator.compares_samples,
    )


def _lattice(game: StandardGame, drawn: Draw) -> NDArray[np.float32] | None:
    """Return what the generator makes of a lattice of latents, (L, L, 2); None unless it is given two latents alone."""
    if drawn.asked is not None or drawn.inputs.shape[1:] != (2,):
        return None
    reach = REACH[game.experiment.latent.distribution]
    line = torch.linspace(-reach, reach, LATTICE)
    return game.sample(torch.cartesian_prod(line, line).to(game.device)).cpu().view(LATTICE, LATTICE, 2).numpy()
