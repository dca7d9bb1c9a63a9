"""Snapshots of ganlab's own loop: what the generator makes now and how it is scored, without touching the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from ganlab.config.experiment import Experiment
from ganlab.data import RealData, Samples, to_float
from ganlab.diagnosis.verdict import Verdict
from ganlab.evaluation.battery import Asked
from ganlab.evaluation.statistics import chosen
from ganlab.games.rounds import Batch
from ganlab.games.standard import CHUNK, StandardGame
from ganlab.monitor.monitor import Monitor, OwnStatistics

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
        self.drawn = game.inputs("latent/snapshot", count, held_out=True)
        self.train = self._reals(data.train, count, seed, "snapshot/train")
        self.held_out = self._reals(data.held_out, count, seed, "snapshot/held_out")

    @staticmethod
    def _reals(samples: Samples, count: int, seed: int, stream: str) -> Batch:
        rows = chosen(samples, count, seed, stream)
        return Batch(to_float(samples.values[rows]), samples.labels[rows])

    def take(self, step: int) -> Verdict:
        """Draw the sample of a step, have the monitor judge it, and return how the run reads."""
        game = self.game
        with self.monitor.spending("watching"), evaluating(game):
            game.begin(max(step, 1))
            samples = torch.cat([game.sample(part).cpu() for part in self.drawn.inputs.split(CHUNK)])
            asked, gallery = self.drawn.asked, game.gallery()
            own = OwnStatistics(
                game=game.experiment.game.name,
                asked=None if asked is None else Asked(asked.cpu(), game.matched),
                values=game.measure(self.drawn, samples),
                phase=game.phase(step),
                gallery=None if gallery is None else gallery.cpu(),
            )
            train, held_out = self._mean_score(self.train), self._mean_score(self.held_out)
            fake = float(game.loss.mean_score(game.score(samples, self.drawn.asked)))
        shown = game.shown(samples)
        return self.monitor.snapshot(
            step, shown, protocol=PROTOCOL, own=own, d_train=train, d_held_out=held_out, d_fake=fake
        )

    def _mean_score(self, reals: Batch) -> float:
        batches = zip(reals.values.split(CHUNK), reals.labels.split(CHUNK), strict=True)
        seen = torch.cat([self.game.real(Batch(values, labels)).values for values, labels in batches])
        return float(self.game.loss.mean_score(self.game.score(seen, reals.labels)))


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
    # Of a growing run only those of its last size: figures of different sizes do not compare.
    size = rows[-1].get("phase_size") if rows else None
    for key in ("fid", "energy_distance"):
        judged = [row for row in rows if isinstance(row.get(key), float) and row.get("phase_size") == size]
        if judged:
            return int(min(judged, key=lambda row: row[key])["step"])
    return None
