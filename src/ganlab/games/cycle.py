"""Translation between two domains without pairs: CycleGAN (Zhu et al. 2017)."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import l1_loss

from ganlab.config.games import CycleGameOptions
from ganlab.data import load, to_float, to_uint8
from ganlab.evaluation.features import look
from ganlab.evaluation.modes import vendi
from ganlab.games.rounds import Draw, Round
from ganlab.games.standard import CHUNK, Setting, StandardGame, draw_images
from ganlab.networks.parts import Pair, PooledPair
from ganlab.objectives.adversarial import total
from ganlab.randomness import seeded_generator

COLUMNS = 10
"""Images in a row of the gallery."""

DISTURBANCE = 2 / 127.5
"""Standard deviation of the noise that would wipe out a hidden pattern: two of 255 levels."""


class CycleGame(StandardGame):
    """`there` turns source images into images like the data, `back` the other way; each is judged in its own domain.

    History holds the losses of the way there; those of the way back, of the cycles and identities are its own columns.
    """

    options: CycleGameOptions

    generator: Pair
    discriminator: PooledPair

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.source = load(self.options.source, self.experiment.training.batch_size)

    @property
    def fingerprint(self) -> str:
        """A text that no other pair of data sets has."""
        return f"{super().fingerprint} {self.source.fingerprint}"

    def draw(self, count: int, source: torch.Generator, held_out: bool = False) -> Draw:
        """Draw source images; if both domains have the same classes, their labels are what is asked for."""
        images = draw_images(self.source, count, source, held_out)
        alike = self.data is not None and self.data.train.class_names == self.source.train.class_names
        return Draw(images.values, images.labels if alike and len(self.source.train.class_names) > 1 else None)

    def turns(self, round: Round) -> Iterator[Tensor]:
        """Yield the sum of both discriminators' losses, earlier translations among the new ones (section 4)."""
        real, source = round.real.values, round.drawn.inputs
        with torch.no_grad(), self.autocast:
            returned = self.generator.back(real).float()
        fake, returned = self.pooled(round.fake, 0, round), self.pooled(returned, 1, round)
        real, fake = self.show(real, "real", round), self.show(fake, "fake", round)
        source, returned = self.show(source, "back/real", round), self.show(returned, "back/fake", round)
        loss = self.discriminator_loss(self.judge(real, None), self.judge(fake, None), round)
        terms = self.loss.discriminator(self.score_back(source), self.score_back(returned), self.parts.targets())
        back = total(terms.values())
        round.trace.losses["back_d_loss"] = back.detach()
        yield loss + back

    def score_back(self, samples: Tensor) -> Tensor:
        """Return the raw scores of source images, true or made, shape (N,)."""
        with self.autocast:
            scores: Tensor = self.discriminator.back(samples)
        return scores.float()

    def pooled(self, fake: Tensor, direction: int, round: Round) -> Tensor:
        """Return the fakes, half of them exchanged for ones of earlier updates, and keep them for later ones.

        The pool fills first; then each new fake, by a coin, goes to the discriminator or takes an old one's place.
        """
        size = self.options.pool
        count = min(len(fake), size)
        if count == 0:
            return fake
        pool, filled = self.discriminator.pool[direction * size :][:size], round.update * count
        if filled < size:
            room = min(size - filled, count)
            pool[filled : filled + room] = fake[:room]
            return fake
        source = seeded_generator(self.experiment.seed, f"pool/{direction}", round.update)
        slots = torch.randperm(size, generator=source)[:count].to(self.device)
        kept = (torch.rand(count, generator=source) < 0.5).to(self.device)[:, None, None, None]
        old, new = pool[slots], fake[:count]
        pool[slots] = torch.where(kept, new, old)
        return torch.cat([torch.where(kept, old, new), fake[count:]])

    def generator_loss(self, round: Round) -> Tensor:
        """Return both adversarial losses, both cycle losses (eq. 2) and both identity losses (section 5.2)."""
        loss, losses = super().generator_loss(round), round.trace.losses
        real, source, fake = round.real.values, round.drawn.inputs, round.fake
        with self.autocast:
            returned = self.generator.back(real)
            cycle = l1_loss(self.generator.back(fake), source) + l1_loss(self.generator.there(returned), real)
        judged = self.score_back(self.show(returned.float(), "back/generator", round))
        beside = self.score_back(self.show(source, "back/generator/real", round)) if self.parts.compares else None
        back = self.loss.generator(judged, beside)
        losses |= {"back_g_loss": back.detach(), "cycle_loss": cycle.detach()}
        loss = loss + back + self.options.cycle * cycle
        if self.options.identity:
            with self.autocast:
                identity = l1_loss(self.generator.there(real), real) + l1_loss(self.generator.back(source), source)
            losses["identity_loss"] = identity.detach()
            loss = loss + self.options.identity * identity
        return loss

    def measure(self, drawn: Draw, samples: Tensor) -> dict[str, float]:
        """The way there and back, clean and with what it may hide wiped out; the variety of the way back."""
        assert self.data is not None
        noise = torch.randn(samples.shape, generator=seeded_generator(self.experiment.seed, "disturbance"))
        disturbed = to_float(to_uint8(samples + DISTURBANCE * noise))
        targets = draw_images(
            self.data, len(samples), seeded_generator(self.experiment.seed, "measure/back"), held_out=True
        )
        source = drawn.inputs.cpu()
        return {
            "cycle_error": float(l1_loss(self.back(samples), source)),
            "cycle_error_disturbed": float(l1_loss(self.back(disturbed), source)),
            "back_vendi": vendi(look(self.back(targets.values))),
            "back_vendi_real": vendi(look(source)),
        }

    def back(self, images: Tensor) -> Tensor:
        """Translate images (N, *data.shape) on the CPU back into the source's domain."""
        return torch.cat([self.generator.back(part.to(self.device)).float().cpu() for part in images.split(CHUNK)])

    def gallery(self) -> Tensor:
        """Rows in threes: source images, their translations, and these translated back."""
        source = self.inputs("gallery", 3 * COLUMNS, held_out=True).inputs
        there = self.sample(source)
        back = self.generator.back(there).float()
        return torch.stack([each.unflatten(0, (3, COLUMNS)) for each in (source, there, back)], dim=1).flatten(0, 2)


build = CycleGame
