"""Inception Score: are samples clearly of one class each, and of all classes together?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class InceptionScore:
    """The Inception Score and the two entropies, in nats, that make it: score = exp(marginal - conditional)."""

    score: float
    """1 to the number of classes."""
    conditional_entropy: float
    """H(y|x), mean over samples: low where each is clearly of one class."""
    marginal_entropy: float
    """H(y): high where all classes are as frequent."""


@torch.no_grad()
def inception_score(probabilities: Tensor) -> InceptionScore:
    """Return exp E KL(p(y|x) || p(y)) of class probabilities (N, C) (Salimans et al. 2016, section 4), in one split.

    One sample a class, repeated, scores as high as can be: never judge by it alone. Samples all alike score 1.
    NaN if a probability is not finite.

    Raises:
        ValueError: no samples.
    """
    if not len(probabilities):
        raise ValueError("an Inception Score needs at least 1 sample, got 0")
    p = probabilities.double()
    conditional = float(torch.special.entr(p).sum(1).mean())
    marginal = float(torch.special.entr(p.mean(0)).sum())
    return InceptionScore(math.exp(marginal - conditional), conditional, marginal)
