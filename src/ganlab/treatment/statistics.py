"""How sure a comparison of two counts is."""

from __future__ import annotations

from math import comb

ALPHA = 0.05
"""A difference counts if chance alone would make one as large in no more than this share of such comparisons."""


def is_proved(p: float, cured: int, by_chance: int) -> bool:
    """Return whether a cure beats both controls.

    Args:
        p: that the unchanged run does as well.
        cured: trials that it cured.
        by_chance: trials on the same seeds that changes at random cured.
    """
    return p <= ALPHA and cured > by_chance


def fisher(k: int, n: int, k0: int, n0: int) -> float:
    """Return the one-sided p of Fisher's exact test: that k of n against k0 of n0, or more, comes about by chance.

    P(X >= k) for hypergeometric X: n of n + n0 trials are drawn, of which k + k0 are hits (Fisher 1935).
    """
    hits = k + k0
    ways = sum(comb(n, more) * comb(n0, hits - more) for more in range(k, min(n, hits) + 1))
    return ways / comb(n + n0, hits)
