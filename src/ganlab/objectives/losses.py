"""Adversarial losses on raw scores s = D(x): what the discriminator minimises on reals and on fakes, and the generator.

Every function takes scores (N,) of any float type, computes in float32 or better, and returns a scalar, the mean over
the batch. The cross-entropies are written with softplus(s) = log(1 + e^s), so that no score, however large, overflows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from ganlab.config import objectives


@dataclass(frozen=True)
class Loss:
    """One family of losses.

    Attributes:
        real: (scores, target) -> the discriminator's loss on real samples; the target is 1 without label smoothing.
        fake: (scores, target) -> the discriminator's loss on generated samples; the target is 0 without smoothing.
        generator: scores of generated samples -> the generator's loss.
        decision_point: score above which the discriminator calls a sample real; None where no score means that.
        mean_score: scores -> their mean as history.csv shows it: of probabilities for cross-entropy, else as they are.
    """

    real: Callable[[Tensor, float], Tensor]
    fake: Callable[[Tensor, float], Tensor]
    generator: Callable[[Tensor], Tensor]
    decision_point: float | None
    mean_score: Callable[[Tensor], Tensor]


def _wide(scores: Tensor) -> Tensor:
    """Half-precision scores as float32, wider ones as they are."""
    return scores.to(torch.promote_types(scores.dtype, torch.float32))


def mean_probability(scores: Tensor) -> Tensor:
    """E sigmoid(s), in [0, 1]."""
    return _wide(scores).sigmoid().mean()


def mean_score(scores: Tensor) -> Tensor:
    """E s."""
    return _wide(scores).mean()


def cross_entropy(scores: Tensor, target: float) -> Tensor:
    """-E [t log sigmoid(s) + (1 - t) log(1 - sigmoid(s))] = E [t softplus(-s) + (1 - t) softplus(s)].

    The discriminator's loss of Goodfellow et al. 2014, eq. 1, with t = 1 on reals and 0 on fakes, or smoothed targets
    (Salimans et al. 2016, section 3.4). Its gradient a score is (sigmoid(s) - t) / N.
    """
    scores = _wide(scores)
    return (target * softplus(-scores) + (1 - target) * softplus(scores)).mean()


def minimax_generator(scores: Tensor) -> Tensor:
    """E log(1 - sigmoid(s)) = -E softplus(s) (Goodfellow et al. 2014, eq. 1); gradient a score -sigmoid(s) / N."""
    return -softplus(_wide(scores)).mean()


def non_saturating_generator(scores: Tensor) -> Tensor:
    """-E log sigmoid(s) = E softplus(-s) (Goodfellow et al. 2014, section 3); gradient a score (sigmoid(s) - 1) / N."""
    return softplus(-_wide(scores)).mean()


def least_squares(scores: Tensor, target: float) -> Tensor:
    """E (s - t)^2 / 2 (Mao et al. 2017, eq. 9, with a = 0, b = 1): t = 1 on reals, 0 on fakes."""
    return (_wide(scores) - target).square().mean() / 2


def least_squares_generator(scores: Tensor) -> Tensor:
    """E (s - 1)^2 / 2 (Mao et al. 2017, eq. 9, with c = 1)."""
    return least_squares(scores, 1.0)


def hinge_real(scores: Tensor, target: float) -> Tensor:
    """E max(0, 1 - s) (Miyato et al. 2018, eq. 16); it has no target, `target` is not looked at."""
    return relu(1 - _wide(scores)).mean()


def hinge_fake(scores: Tensor, target: float) -> Tensor:
    """E max(0, 1 + s) (Miyato et al. 2018, eq. 16); it has no target, `target` is not looked at."""
    return relu(1 + _wide(scores)).mean()


def negative_mean(scores: Tensor) -> Tensor:
    """-E s, for hinge (Miyato et al. 2018, eq. 17) and Wasserstein (Arjovsky et al. 2017, algorithm 1)."""
    return -mean_score(scores)


def wasserstein_real(scores: Tensor, target: float) -> Tensor:
    """-E s (Arjovsky et al. 2017, algorithm 1); it has no target, `target` is not looked at."""
    return -mean_score(scores)


def wasserstein_fake(scores: Tensor, target: float) -> Tensor:
    """E s (Arjovsky et al. 2017, algorithm 1); it has no target, `target` is not looked at."""
    return mean_score(scores)


LOSSES: dict[objectives.Loss, Loss] = {
    "minimax": Loss(cross_entropy, cross_entropy, minimax_generator, 0.0, mean_probability),
    "non_saturating": Loss(cross_entropy, cross_entropy, non_saturating_generator, 0.0, mean_probability),
    "least_squares": Loss(least_squares, least_squares, least_squares_generator, 0.5, mean_score),
    "hinge": Loss(hinge_real, hinge_fake, negative_mean, 0.0, mean_score),
    "wasserstein": Loss(wasserstein_real, wasserstein_fake, negative_mean, None, mean_score),
}
"""Every loss by the name an experiment gives it."""
