"""Adversarial losses on raw scores s = D(x): what the discriminator minimises on reals and fakes, and the generator.

Every function takes scores (N,) of any float type, computes in float32 or better, and returns a scalar, the mean over
the batch. The cross-entropies are written with softplus(s) = log(1 + e^s), so that no score, however large, overflows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus


class Targets(NamedTuple):
    """The labels towards which a loss that has labels pulls the scores of reals and of fakes."""

    real: float = 1.0
    fake: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Adversarial(ABC):
    """What both players minimise.

    Attributes:
        decision_point: score above which the discriminator calls a sample real; None if no score means that.
        recorded: scores (N,) -> what history.csv has the mean of: probabilities for cross-entropy, else the scores.
    """

    decision_point: float | None
    recorded: Callable[[Tensor], Tensor]

    def mean_score(self, scores: Tensor) -> Tensor:
        """Return the mean of scores (N,) as history.csv and snapshots have it, of shape ()."""
        return self.recorded(scores).mean()

    @abstractmethod
    def discriminator(self, real: Tensor | None, fake: Tensor | None, targets: Targets) -> dict[str, Tensor]:
        """Return the terms whose sum the discriminator minimises, each of shape (), by their column in history.csv.

        `d_loss_real` and `d_loss_fake` if one is of reals and one of fakes, else `d_loss` alone.

        Args:
            real, fake: scores (N,); one of them is None in an update that shows the discriminator only the other batch.
            targets: labels, for losses that have them.
        """

    @abstractmethod
    def generator(self, fake: Tensor, real: Tensor | None) -> Tensor:
        """Return what the generator minimises, of shape ().

        Args:
            fake: scores (N,) of generated samples.
            real: scores of real ones, which only some losses look at.
        """


@dataclass(frozen=True, kw_only=True)
class Halves(Adversarial):
    """A loss that scores reals and fakes each on their own.

    Attributes:
        of_reals: (scores, target) -> the discriminator's loss on real samples.
        of_fakes: (scores, target) -> the discriminator's loss on generated samples.
        of_generator: scores of generated samples -> the generator's loss.
    """

    of_reals: Callable[[Tensor, float], Tensor]
    of_fakes: Callable[[Tensor, float], Tensor]
    of_generator: Callable[[Tensor], Tensor]

    def discriminator(self, real: Tensor | None, fake: Tensor | None, targets: Targets) -> dict[str, Tensor]:
        """Return `d_loss_real` and `d_loss_fake`, of those batches that are there."""
        terms = {}
        if real is not None:
            terms["d_loss_real"] = self.of_reals(real, targets.real)
        if fake is not None:
            terms["d_loss_fake"] = self.of_fakes(fake, targets.fake)
        return terms

    def generator(self, fake: Tensor, real: Tensor | None) -> Tensor:
        """Return the loss on fakes; reals are not looked at."""
        return self.of_generator(fake)


def total(terms: Iterable[Tensor]) -> Tensor:
    """The sum of at least one term."""
    return reduce(add, terms)


def wide(scores: Tensor) -> Tensor:
    """Half-precision scores as float32, wider ones as they are."""
    if scores.dtype == torch.float32:
        return scores
    return scores.to(torch.promote_types(scores.dtype, torch.float32))


def probability(scores: Tensor) -> Tensor:
    """sigmoid(s), in [0, 1]."""
    return wide(scores).sigmoid()


def cross_entropy(scores: Tensor, target: float) -> Tensor:
    """-E [t log sigmoid(s) + (1 - t) log(1 - sigmoid(s))] = E [t softplus(-s) + (1 - t) softplus(s)].

    The discriminator's loss of Goodfellow et al. 2014, eq. 1, with t = 1 on reals and 0 on fakes, or smoothed targets
    (Salimans et al. 2016, section 3.4). Its gradient a score is (sigmoid(s) - t) / N.
    """
    scores = wide(scores)
    # Both halves also for targets of 0 and 1: 0 * inf is NaN, so that an infinite score is seen.
    return (target * softplus(-scores) + (1 - target) * softplus(scores)).mean()


def minimax_generator(scores: Tensor) -> Tensor:
    """E log(1 - sigmoid(s)) = -E softplus(s) (Goodfellow et al. 2014, eq. 1); gradient a score -sigmoid(s) / N."""
    return -softplus(wide(scores)).mean()


def non_saturating_generator(scores: Tensor) -> Tensor:
    """-E log sigmoid(s) = E softplus(-s) (Goodfellow et al. 2014, section 3); gradient a score (sigmoid(s) - 1) / N."""
    return softplus(-wide(scores)).mean()


def least_squares(scores: Tensor, target: float) -> Tensor:
    """E (s - t)^2 / 2 (Mao et al. 2017, eq. 9, with a = 0, b = 1): t = 1 on reals, 0 on fakes."""
    return (wide(scores) - target).square().mean() / 2


def least_squares_generator(scores: Tensor) -> Tensor:
    """E (s - 1)^2 / 2 (Mao et al. 2017, eq. 9, with c = 1)."""
    return least_squares(scores, 1.0)


def hinge_real(scores: Tensor, target: float) -> Tensor:
    """E max(0, 1 - s) (Miyato et al. 2018, eq. 16); it has no target, `target` is not looked at."""
    return relu(1 - wide(scores)).mean()


def hinge_fake(scores: Tensor, target: float) -> Tensor:
    """E max(0, 1 + s) (Miyato et al. 2018, eq. 16); it has no target, `target` is not looked at."""
    return relu(1 + wide(scores)).mean()


def negative_mean(scores: Tensor) -> Tensor:
    """-E s, for hinge (Miyato et al. 2018, eq. 17) and Wasserstein (Arjovsky et al. 2017, algorithm 1)."""
    return -wide(scores).mean()


def wasserstein_real(scores: Tensor, target: float) -> Tensor:
    """-E s (Arjovsky et al. 2017, algorithm 1); it has no target, `target` is not looked at."""
    return -wide(scores).mean()


def wasserstein_fake(scores: Tensor, target: float) -> Tensor:
    """E s (Arjovsky et al. 2017, algorithm 1); it has no target, `target` is not looked at."""
    return wide(scores).mean()


MINIMAX = Halves(
    of_reals=cross_entropy,
    of_fakes=cross_entropy,
    of_generator=minimax_generator,
    decision_point=0.0,
    recorded=probability,
)
NON_SATURATING = Halves(
    of_reals=cross_entropy,
    of_fakes=cross_entropy,
    of_generator=non_saturating_generator,
    decision_point=0.0,
    recorded=probability,
)
LEAST_SQUARES = Halves(
    of_reals=least_squares,
    of_fakes=least_squares,
    of_generator=least_squares_generator,
    decision_point=0.5,
    recorded=wide,
)
HINGE = Halves(
    of_reals=hinge_real,
    of_fakes=hinge_fake,
    of_generator=negative_mean,
    decision_point=0.0,
    recorded=wide,
)
WASSERSTEIN = Halves(
    of_reals=wasserstein_real,
    of_fakes=wasserstein_fake,
    of_generator=negative_mean,
    decision_point=None,
    recorded=wide,
)
