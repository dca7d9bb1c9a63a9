"""Samples of a class that is asked for (Mirza & Osindero 2014), scored by projection (Miyato & Koyama 2018)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ganlab.config.data import LabelledOptions
from ganlab.config.games import ConditionalGameOptions
from ganlab.errors import DataError
from ganlab.games.heads import Head, Projection
from ganlab.games.rounds import Draw, Round
from ganlab.games.standard import Setting, StandardGame, draw_latents
from ganlab.networks.minibatch import among_copies
from ganlab.randomness import seeded_generator

ROWS = 10
"""Classes that a gallery shows, and samples of each."""


class ConditionalGame(StandardGame):
    """Both players see the class: the generator in its input, the discriminator through its head."""

    options: ConditionalGameOptions

    def __init__(self, setting: Setting, head: Head) -> None:
        super().__init__(setting, head)
        self.shares = self._class_shares()

    @property
    def classes(self) -> int:
        """Number of classes."""
        return self.options.class_count(self.experiment.data)

    def _class_shares(self) -> Tensor:
        """How often each class is asked for, (classes,): as often as it occurs in the data, if they are known.

        Raises:
            DataError: the data have more classes than the experiment says.
        """
        if self.data is not None:
            labelled = 1 + max(int(each.labels.max()) for each in (self.data.train, self.data.held_out) if len(each))
            if labelled > self.classes:
                raise DataError(
                    f"the data have {labelled} classes, and game.classes is {self.classes}",
                    f"set game.classes to {labelled}",
                )
            return torch.bincount(self.data.train.labels, minlength=self.classes).double()
        shares, data = torch.zeros(self.classes, dtype=torch.float64), self.experiment.data
        kept = list(data.class_numbers()) if isinstance(data, LabelledOptions) and data.class_sizes else slice(None)
        shares[kept] = 1.0
        return shares

    def draw(self, count: int, source: torch.Generator, held_out: bool = False) -> Draw:
        """Draw latents and classes; the inputs end in the class, one-hot."""
        latents = draw_latents(self.experiment.latent, count, source)
        asked = torch.multinomial(self.shares, count, replacement=True, generator=source)
        return self.asking(latents, asked)

    def asking(self, latents: Tensor, asked: Tensor) -> Draw:
        """Return the inputs that ask for classes (N,) with latents (N, latent.dim)."""
        return Draw(torch.cat([latents, one_hot(asked, self.classes).to(latents)], dim=1), asked)

    def real_labels(self, round: Round) -> Tensor:
        """The reals' labels, some of them replaced if the experiment asks for label noise."""
        labels, share = round.real.labels, self.options.label_noise
        if share == 0.0:
            return labels
        source = seeded_generator(self.experiment.seed, "label_noise", round.update)
        replaced = torch.rand(len(labels), generator=source) < share
        random = torch.multinomial(self.shares, len(labels), replacement=True, generator=source)
        return torch.where(replaced.to(self.device), random.to(self.device), labels)

    def scores_at(self, places: Tensor) -> Tensor:
        """Return the scores of places as of the class that has the highest there: all that the game asks for."""
        if not self.head.by_class:
            return super().scores_at(places)
        asked = self.asked_for.to(self.device)
        with among_copies(self.discriminator):
            _, _, scores, heads = self.judge(places, asked[:1].expand(len(places)))
        assert heads is not None
        of_class = heads[:, asked]
        return scores - of_class[:, 0] + of_class.amax(dim=1)

    @property
    def asked_for(self) -> Tensor:
        """The classes that are asked for, int64."""
        return self.shares.nonzero().flatten()

    def gallery(self) -> Tensor:
        """One row a class, the same latents in each."""
        kept = self.asked_for[:ROWS]
        latents = draw_latents(self.experiment.latent, ROWS, seeded_generator(self.experiment.seed, "gallery"))
        drawn = self.asking(latents.repeat(len(kept), 1), kept.repeat_interleave(ROWS))
        return self.sample(drawn.inputs.to(self.device))


def build(setting: Setting) -> ConditionalGame:
    """Return the game in which the class enters the score."""
    return ConditionalGame(setting, Projection())
