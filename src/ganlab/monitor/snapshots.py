"""Snapshots of ganlab's own loop: what the generator makes now and how it is scored, without touching the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ganlab.config.experiment import Experiment
from ganlab.data import RealData, Samples, to_float
from ganlab.domain import Points
from ganlab.evaluation.battery import Asked
from ganlab.evaluation.statistics import chosen
from ganlab.games.rounds import Batch
from ganlab.games.standard import CHUNK, StandardGame
from ganlab.monitor.landscapes import take_landscape
from ganlab.monitor.observer import SampleFacts

PROTOCOL = {"generator": "live, eval mode", "discriminator": "live, eval mode", "latents": "fixed"}


class Snapshots:
    """Takes snapshots of a game between two live networks.

    The sample comes from fixed latents, so that snapshots of one run can be compared; both networks are in eval mode
    meanwhile, and no buffer of theirs changes.
    """

    def __init__(self, game: StandardGame, data: RealData) -> None:
        self.game = game
        experiment: Experiment = game.experiment
        count, seed = experiment.monitor.snapshot_samples, experiment.seed
        self.drawn = game.inputs("latent/snapshot", count, held_out=True)
        self.train = self._reals(data.train, count, seed, "snapshot/train")
        self.held_out = self._reals(data.held_out, count, seed, "snapshot/held_out")

    @staticmethod
    def _reals(samples: Samples, count: int, seed: int, stream: str) -> Batch:
        rows = chosen(samples, count, seed, stream)
        return Batch(to_float(samples.values[rows]), samples.labels[rows])

    def take(self, step: int) -> tuple[Tensor, SampleFacts]:
        """Return the sample of a step, float32 (N, *data.shape) on the CPU, and what is known of it."""
        game = self.game
        with evaluating(game):
            game.begin(max(step, 1))
            samples = torch.cat([game.sample(part).cpu() for part in self.drawn.inputs.split(CHUNK)])
            asked, gallery = self.drawn.asked, game.gallery()
            facts = SampleFacts(
                protocol=PROTOCOL,
                asked=None if asked is None else Asked(asked.cpu(), game.matched),
                game=game.experiment.game.name,
                values=game.measure(self.drawn, samples),
                phase=game.phase(step),
                gallery=None if gallery is None else gallery.cpu(),
                scores={
                    "d_train": self._mean_score(self.train),
                    "d_held_out": self._mean_score(self.held_out),
                    "d_fake": float(game.loss.mean_score(game.score(samples, asked))),
                },
            )
            if isinstance(game.experiment.data.domain, Points):
                middle = (facts.scores["d_held_out"] + facts.scores["d_fake"]) / 2
                frame = self.held_out.values
                facts = facts._replace(landscape=take_landscape(game, self.drawn, samples, self.train, frame, middle))
        return game.shown(samples), facts

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
