"""What a discriminator returns for a sample in addition to its score, and how the players use it."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

from torch import Tensor
from torch.nn.functional import cross_entropy

from ganlab.config.games import InfoGameOptions
from ganlab.games.rounds import Draw, Round
from ganlab.objectives.parts import Judged

Side = Literal["real", "fake", "generator"]
"""Whose term it is: the discriminator's, on reals or on fakes, or the generator's."""


class Head:
    """No head: the discriminator says nothing but the score."""

    by_class: ClassVar[bool] = False
    """Whether the score of a sample depends on its label."""

    def split(self, found: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Return scores (N,) and heads (N, k) of what the discriminator gave, (N,) or (N, 1 + k)."""
        return (found, None) if found.dim() == 1 else (found[:, 0], found[:, 1:])

    def term(self, judged: Judged, side: Side, round: Round) -> Tensor | None:
        """Return what a player minimises for the head's sake, of shape (), and write it down; None: nothing."""
        return None


class Projection(Head):
    """The class enters the score: psi(phi(x)) + <v_y, phi(x)>, the heads being <v, phi(x)> (Miyato & Koyama 2018)."""

    by_class: ClassVar[bool] = True

    def split(self, found: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Return scores as of each sample's class (eq. 3)."""
        scores, heads = super().split(found, labels)
        assert heads is not None
        assert labels is not None
        return scores + heads.gather(1, labels[:, None])[:, 0], heads


class ClassLogits(Head):
    """Logits of the class, which both players want to be right; the score is of the sample alone (Odena et al. 2017).

    Args:
        weight: of the class term relative to the adversarial one.
    """

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def term(self, judged: Judged, side: Side, round: Round) -> Tensor:
        """Return weight * cross-entropy of the labels (section 3, eqs. 2 and 3)."""
        assert judged.heads is not None
        assert judged.labels is not None
        loss = cross_entropy(judged.heads, judged.labels)
        round.trace.losses[f"class_loss_{side}"] = loss.detach()
        return self.weight * loss


class Codes(Head):
    """Q(c | x): logits of the category, then the mean of each continuous code (InfoGAN: Chen et al. 2016).

    L_I = H(c) + E log Q(c | x) <= I(c; G(z, c)) (eq. 5) is raised by generator, body and heads alike. For a continuous
    code Q is normal with variance 1, so that its part of L_I is -E (c - mean)^2 / 2 and a constant.
    """

    def __init__(self, options: InfoGameOptions) -> None:
        self.options = options

    def bounds(self, heads: Tensor, drawn: Draw) -> tuple[Tensor, Tensor]:
        """Return the categorical part of L_I in nats, at most ln(categories), and the continuous codes' mean square
        error, 1/3 for a Q that knows nothing; both of shape ()."""
        assert drawn.asked is not None
        logits, means = heads[:, : self.options.categories], heads[:, self.options.categories :]
        information = math.log(self.options.categories) - cross_entropy(logits, drawn.asked)
        codes = drawn.inputs[:, drawn.inputs.shape[1] - self.options.continuous :]
        error = (means - codes).square().mean() if self.options.continuous else information.new_zeros(())
        return information, error

    def term(self, judged: Judged, side: Side, round: Round) -> Tensor | None:
        """Return -lambda L_I of the fakes, constants left out."""
        if side == "real":
            return None
        assert judged.heads is not None
        information, error = self.bounds(judged.heads, round.drawn)
        prefix = "info_" if side == "generator" else "info_d_"
        round.trace.losses[f"{prefix}bound"] = information.detach()
        if self.options.continuous:
            round.trace.losses[f"{prefix}continuous_error"] = error.detach()
        # Of several codes each has its own part of L_I: the mean square error times their number, by half.
        return self.options.continuous_weight * self.options.continuous * error / 2 - self.options.weight * information
