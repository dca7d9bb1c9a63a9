"""How sure a comparison of two counts is."""

from __future__ import annotations

from math import ceil, comb, log2

ALPHA = 0.05
"""A difference counts if chance alone would make one as large in no more than this share of such comparisons."""

FEWEST_SEEDS = 3
"""Seeds of an arm, at least: two cured trials against none are no proof."""


def alpha_of(seeds: int) -> float:
    """Return the share of ALPHA that a look at the trials of so many seeds may spend.

    Half as much each time that the seeds double: 0.05 for 3 seeds, 0.025 for up to 6, 0.0125 for up to 12. Whoever
    adds seeds until something is proved looks several times, and each look is one more chance to be wrong.
    """
    return ALPHA / 2.0 ** max(0, ceil(log2(seeds / FEWEST_SEEDS)))


def is_proved(p: float, cured: int, n: int, by_chance: int, alpha: float = ALPHA) -> bool:
    """Return whether a cure beats both controls, and cures at least half of its trials.

    Args:
        p: that the unchanged run does as well.
        cured, n: trials that it cured, of how many.
        by_chance: trials on the same seeds that changes at random cured.
        alpha: the p that counts, at most.
    """
    return p <= alpha and 2 * cured >= n and cured > by_chance


def fisher(k: int, n: int, k0: int, n0: int) -> float:
    """Return the one-sided p of Fisher's exact test: that k of n against k0 of n0, or more, comes about by chance.

    P(X >= k) for hypergeometric X: n of n + n0 trials are drawn, of which k + k0 are hits (Fisher 1935).
    """
    hits = k + k0
    ways = sum(comb(n, more) * comb(n0, hits - more) for more in range(k, min(n, hits) + 1))
    return ways / comb(n + n0, hits)
