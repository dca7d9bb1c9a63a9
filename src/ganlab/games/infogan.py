"""Codes in the latent that can be read from the samples: InfoGAN (Chen et al. 2016)."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from ganlab.config.games import InfoGameOptions
from ganlab.games.standard import Draw, Judged, Round, StandardGame, draw_latents
from ganlab.randomness import seeded_generator

COLUMNS = 10
"""Samples in a row of the gallery."""

REACH = 2.0
"""A continuous code is shown from -REACH to REACH, twice the range it is trained in (section 7.2, figure 2)."""


class InfoGame(StandardGame):
    """The discriminator's heads are Q(c | x): logits of the category, then the mean of each continuous code.

    L_I = H(c) + E log Q(c | x) <= I(c; G(z, c)) (eq. 5) is raised by generator, body and heads alike. For a continuous
    code Q is normal with variance 1, so that its part of L_I is -E (c - mean)^2 / 2 and a constant.
    """

    options: InfoGameOptions

    matched: ClassVar[bool] = True

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

    def bounds(self, heads: Tensor, drawn: Draw) -> tuple[Tensor, Tensor]:
        """Return the categorical part of L_I in nats, at most ln(categories), and the continuous codes' mean square
        error, 1/3 for a Q that knows nothing; both of shape ()."""
        assert drawn.asked is not None
        logits, means = heads[:, : self.options.categories], heads[:, self.options.categories :]
        information = math.log(self.options.categories) - cross_entropy(logits, drawn.asked)
        codes = drawn.inputs[:, drawn.inputs.shape[1] - self.options.continuous :]
        error = (means - codes).square().mean() if self.options.continuous else information.new_zeros(())
        return information, error

    def information_term(self, judged: Judged, round: Round, prefix: str) -> Tensor:
        """Return -lambda L_I, constants left out, and write its parts down."""
        assert judged.heads is not None
        information, error = self.bounds(judged.heads, round.drawn)
        round.trace.losses[f"{prefix}bound"] = information.detach()
        if self.options.continuous:
            round.trace.losses[f"{prefix}continuous_error"] = error.detach()
        # Of several codes each has its own part of L_I: the mean square error times their number, by half.
        return self.options.continuous_weight * self.options.continuous * error / 2 - self.options.weight * information

    def fake_half(self, fake: Tensor, judged: Judged, round: Round) -> Tensor:
        """The loss on fakes, and Q's reading of them."""
        return super().fake_half(fake, judged, round) + self.information_term(judged, round, "info_d_")

    def generator_extra(self, judged: Judged, round: Round) -> Tensor:
        """Samples from which the codes can be read."""
        return self.information_term(judged, round, "info_")

    def measure(self, drawn: Draw, samples: Tensor) -> dict[str, float]:
        """L_I's categorical part beside its maximum H(c), in nats, and the continuous codes' mean square error."""
        heads = [self.judge(part.to(self.device), None).heads for part in samples.split(250)]
        information, error = self.bounds(torch.cat([each for each in heads if each is not None]), drawn)
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
