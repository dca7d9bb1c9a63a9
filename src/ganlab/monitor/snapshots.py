"""Snapshots of ganlab's own loop: what the generator makes now and how it is scored, without touching the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ganlab.config.experiment import Experiment
from ganlab.data import RealData
from ganlab.diagnosis.verdict import Verdict
from ganlab.evaluation.statistics import draw
from ganlab.games.standard import StandardGame
from ganlab.monitor.monitor import Monitor

CHUNK = 250
"""Samples that pass through a network at once."""

PROTOCOL = {"generator": "live, eval mode", "discriminator": "live, eval mode", "latents": "fixed"}


class Snapshots:
    """Takes snapshots of a game between two live networks.

    The sample comes from fixed latents, so that snapshots of one run can be compared; both networks are in eval mode
    meanwhile, and no buffer of theirs changes.
    """

    def __init__(self, game: StandardGame, data: RealData, monitor: Monitor) -> None:
        self.game = game
        self.monitor = monitor
        experiment: Experiment = game.experiment
        count, seed = experiment.monitor.snapshot_samples, experiment.seed
        self.latents = game.inputs("latent/snapshot", count)
        self.train = draw(data.train, count, seed, "snapshot/train")
        self.held_out = draw(data.held_out, count, seed, "snapshot/held_out")

    def take(self, step: int) -> Verdict:
        """Draw the sample of a step, have the monitor judge it, and return how the run reads."""
        with self.monitor.spending("watching"), evaluating(self.game):
            samples = torch.cat([self.game.sample(part).cpu() for part in self.latents.split(CHUNK)])
            scores = {
                "d_train": self._mean_score(self.train),
                "d_held_out": self._mean_score(self.held_out),
                "d_fake": self._mean_score(samples),
            }
        return self.monitor.snapshot(step, samples, protocol=PROTOCOL, **scores)

    def _mean_score(self, samples: Tensor) -> float:
        scores = [self.game.score(part.to(self.game.device)) for part in samples.split(CHUNK)]
        return float(self.game.loss.mean_score(torch.cat(scores)))


@contextmanager
def evaluating(game: StandardGame) -> Iterator[None]:
    """Put both networks in eval mode, without gradients, and back into train mode at the end."""
    networks = (game.generator, game.discriminator)
    for network in networks:
        network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for network in networks:
            network.train()


def best_step(rows: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the step of the best snapshot, or None where none can be told.

    The best one has the lowest FID where rows have one, else the lowest energy distance to held-out reals.
    """
    for key in ("fid", "energy_distance"):
        judged = [row for row in rows if isinstance(row.get(key), float)]
        if judged:
            return int(min(judged, key=lambda row: row[key])["step"])
    return None
