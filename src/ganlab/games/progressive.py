"""Both networks grow, from few pixels to all (Karras et al. 2018)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ganlab.config.games import ProgressiveGameOptions
from ganlab.data.drawing import enlarged, reduced
from ganlab.games.rounds import Batch, Phase
from ganlab.games.standard import StandardGame
from ganlab.networks.progressive import grow


class Stage(NamedTuple):
    """Where a growing run stands.

    Attributes:
        size: side of the images in pixels.
        fade: share of the newest layer, 0 to 1.
        since: real images that had been shown when this size began.
    """

    size: int
    fade: float
    since: int


def stage_at(options: ProgressiveGameOptions, images: int) -> Stage:
    """Return the stage of a run after so many real images shown: a pure function."""
    number, since, until = 0, 0, options.images_per_phase
    while images >= until and number < len(options.sizes) - 1:
        number, since, until = number + 1, until, until + options.fade + options.images_per_phase
    fading = number > 0 and images - since < options.fade
    return Stage(options.sizes[number], (images - since) / options.fade if fading else 1.0, since)


class ProgressiveGame(StandardGame):
    """Reals and fakes have the size of the stage; snapshots show them at full size, each pixel repeated."""

    options: ProgressiveGameOptions

    stage: Stage
    """Where the run stands; `begin` says it."""

    @property
    def images_a_step(self) -> int:
        """Real images that a step shows."""
        return self.experiment.training.batch_size * self.experiment.training.discriminator_steps

    def begin(self, step: int) -> None:
        """Let both networks grow to what a step asks for."""
        self.stage = stage_at(self.options, max(step - 1, 0) * self.images_a_step)
        for network in (self.generator, self.discriminator):
            grow(network, self.stage.size, self.stage.fade)

    def real(self, batch: Batch) -> Batch:
        """Return the reals at the stage's size; during a fade mixed with themselves at half of it, as the fakes are."""
        values = reduced(batch.values, batch.values.shape[-1] // self.stage.size)
        if self.stage.fade < 1:
            coarse = enlarged(reduced(values, 2), 2)
            values = torch.lerp(coarse, values, self.stage.fade)
        return Batch(values, batch.labels)

    def shown(self, samples: Tensor) -> Tensor:
        """Return samples at full size, each pixel repeated."""
        return enlarged(samples, self.experiment.data.shape[-1] // samples.shape[-1])

    def phase(self, step: int) -> Phase:
        """Return the size of a step's samples, and the first step of that size."""
        stage = stage_at(self.options, max(step - 1, 0) * self.images_a_step)
        return Phase(stage.size, -(-stage.since // self.images_a_step) + 1)


build = ProgressiveGame
