"""Snapshots: what the generator makes now, in pictures and in numbers, without touching the run."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganlab.config.experiment import Experiment
from ganlab.data import RealData, Samples, to_float, to_uint8
from ganlab.evaluation.distances import compare
from ganlab.games.standard import StandardGame
from ganlab.monitor.monitor import Monitor
from ganlab.plots import figures
from ganlab.plots.grids import evenly_spaced, save_gif, save_png, scatter, tile, to_pixels
from ganlab.randomness import generator as seeded
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import atomic_write
from ganlab.runs.history import append_snapshot, read_history, read_snapshots

GRID = 100
"""Samples in a grid: 10 x 10, always from the same latents."""

CHUNK = 250
"""Samples that pass through a network at once."""

PLOT_BUDGET = 0.01
"""Plots are drawn during a run only while all watching has cost less than this share of its time."""


class Snapshots:
    """Takes snapshots of a game between two live networks.

    The sample comes from fixed latents, so that snapshots of one run can be compared; both networks are in eval mode
    meanwhile, and no buffer of theirs changes.
    """

    def __init__(self, game: StandardGame, data: RealData, run: RunDirectory, monitor: Monitor) -> None:
        self.game = game
        self.run = run
        self.monitor = monitor
        self.experiment: Experiment = game.experiment
        self.images = len(self.experiment.data.shape) == 3
        count = self.experiment.monitor.snapshot_samples
        self.latents = game.inputs("latent/snapshot", count)
        self.train = self._some(data.train, count, "snapshot/train")
        self.held_out = self._some(data.held_out, count, "snapshot/held_out")
        # Training images against held-out ones: what a perfect generator would score at this number of samples.
        self.floor = compare(self.train.flatten(1), self.held_out.flatten(1))

    def _some(self, samples: Samples, count: int, stream: str) -> Tensor:
        chosen = torch.randperm(len(samples), generator=seeded(self.experiment.seed, stream))[:count]
        return to_float(samples.values[chosen])

    def take(self, step: int) -> dict[str, Any]:
        """Draw the sample of a step, write its picture and its row of snapshots.jsonl, and return the row."""
        with self.monitor.spending("watching"), evaluating(self.game):
            samples = torch.cat([self.game.sample(part).cpu() for part in self.latents.split(CHUNK)])
            spread = compare(samples.flatten(1), self.held_out.flatten(1), self.floor.diversity_real)
            row = {
                "step": step,
                "time": round(self.monitor.elapsed, 3),
                "diversity": spread.diversity,
                "diversity_real": spread.diversity_real,
                "energy_distance": spread.energy_distance,
                "energy_distance_real": self.floor.energy_distance,
                "d_train": self._mean_score(self.train),
                "d_held_out": self._mean_score(self.held_out),
                "d_fake": self._mean_score(samples),
                "protocol": {
                    "space": "pixels in [-1, 1]" if self.images else "coordinates",
                    "generator": "live, eval mode",
                    "discriminator": "live, eval mode",
                    "n_fake": len(samples),
                    "n_real": len(self.held_out),
                    "latents": "fixed",
                },
            }
            append_snapshot(self.run.snapshots, row)
            pixels = self._picture(samples.numpy())
            save_png(pixels, self.run.samples / f"step_{step:07d}.png")
            if self.experiment.monitor.keep_samples:
                self._keep(step, samples)
            for view in self.monitor.views:
                view.picture(step, pixels)
            if self.images and step and self.monitor.seconds["watching"] < PLOT_BUDGET * self.monitor.elapsed:
                self._draw(("png",))
        return row

    def _keep(self, step: int, samples: Tensor) -> None:
        kept = to_uint8(samples) if self.images else samples
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **{f"step_{step:07d}": kept.numpy()})
        atomic_write(self.run.samples / f"step_{step:07d}.npz", buffer.getvalue())

    def _mean_score(self, samples: Tensor) -> float:
        scores = [self.game.score(part.to(self.game.device)) for part in samples.split(CHUNK)]
        return float(self.game.loss.mean_score(torch.cat(scores)))

    def _picture(self, samples: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.uint8]]:
        if self.images:
            return tile(to_pixels(samples[:GRID]), columns=10)
        return scatter(samples, self.held_out.numpy())

    def finish(self) -> None:
        """Draw the plots and the evolution GIF."""
        with self.monitor.spending("watching"):
            self._draw(("png", "svg"))
            pictures = sorted(self.run.samples.glob("step_*.png"))
            pictures = [pictures[index] for index in evenly_spaced(len(pictures))]
            frames = [np.asarray(Image.open(path).convert("RGB")) for path in pictures]
            labels = [f"step {int(path.stem.removeprefix('step_'))}" for path in pictures]
            if frames:
                save_gif(frames, labels, self.run.samples / "evolution.gif")

    def _draw(self, formats: Sequence[Literal["png", "svg"]]) -> None:
        history = read_history(self.run.history)
        chance = math.log(2) if self.experiment.loss in ("minimax", "non_saturating") else None
        drawn = {
            "losses": figures.losses(history, chance),
            "accuracies": figures.accuracies(history),
            "gradients": figures.gradients(history),
            "diversity": figures.diversity(read_snapshots(self.run.snapshots)),
        }
        for name, figure in drawn.items():
            figures.save_figure(figure, self.run.plots / name, formats)


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
    """Return the step of the snapshot with the lowest energy distance to held-out reals, or None without any."""
    judged = [row for row in rows if isinstance(row.get("energy_distance"), float)]
    return min(judged, key=lambda row: row["energy_distance"])["step"] if judged else None
