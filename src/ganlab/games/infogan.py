"""Codes in the latent that can be read from the samples: InfoGAN (Chen et al. 2016)."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ganlab.config.games import InfoGameOptions
from ganlab.games.heads import Codes
from ganlab.games.rounds import Draw
from ganlab.games.standard import CHUNK, Setting, StandardGame, draw_latents
from ganlab.randomness import seeded_generator

COLUMNS = 10
"""Samples in a row of the gallery."""

REACH = 2.0
"""A continuous code is shown from -REACH to REACH, twice the range it is trained in (section 7.2, figure 2)."""


class InfoGame(StandardGame):
    """The generator is given codes, which the discriminator's head reads back from the samples."""

    options: InfoGameOptions
    head: Codes

    matched: ClassVar[bool] = True

    def __init__(self, setting: Setting) -> None:
        options = setting.experiment.game
        assert isinstance(options, InfoGameOptions)
        super().__init__(setting, Codes(options))

    def draw(self, count: int, source: torch.Generator, held_out: bool = False) -> Draw:
        """Draw noise, a category and continuous codes from U[-1, 1]."""
        latent = self.experiment.latent
        noise = draw_latents(latent.model_copy(update={"dim": latent.dim - self.options.codes}), count, source)
        category = torch.randint(self.options.categories, (count,), generator=source)
        continuous = torch.rand(count, self.options.continuous, generator=source) * 2 - 1
        return self.coded(noise, category, continuous)

    def coded(self, noise: Tensor, category: Tensor, continuous: Tensor) -> Draw:
        """Return inputs of noise (N, ...), categories (N,) and continuous codes (N, continuous), in this order."""
        return Draw(torch.cat([noise, one_hot(category, self.options.categories).to(noise), continuous], 1), category)

    def measure(self, drawn: Draw, samples: Tensor) -> dict[str, float]:
        """L_I's categorical part and its maximum H(c), in nats, and the continuous codes' mean square error."""
        heads = [self.judge(part.to(self.device), None).heads for part in samples.split(CHUNK)]
        information, error = self.head.bounds(torch.cat([each for each in heads if each is not None]), drawn)
        found = {"info_bound": float(information), "info_max": math.log(self.options.categories)}
        return found | ({"info_continuous_error": float(error)} if self.options.continuous else {})

    def gallery(self) -> Tensor:
        """Each row varies one code and holds the rest: four rows the category, then three each continuous code."""
        options, source = self.options, seeded_generator(self.experiment.seed, "gallery")
        sweep = torch.linspace(-REACH, REACH, COLUMNS)
        varied = [None] * 4 + [number for number in range(min(options.continuous, 2)) for _ in range(3)]
        rows = []
        for row, code in enumerate(varied):
            one = self.draw(1, source)
            noise = one.inputs[:, : self.experiment.latent.dim - options.codes].expand(COLUMNS, -1)
            category = torch.full((COLUMNS,), row % options.categories)
            continuous = torch.zeros(COLUMNS, options.continuous)
            if code is None:
                category = torch.arange(COLUMNS) % options.categories
            else:
                continuous[:, code] = sweep
            rows.append(self.coded(noise, category, continuous).inputs)
        return self.sample(torch.cat(rows).to(self.device))


build = InfoGame
