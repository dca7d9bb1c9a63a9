"""Counting the runs in which a claim holds, and how sure a share of runs is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ganlab.errors import RunError
from ganlab.sweeps.claim_options import CONFIDENCE
from ganlab.sweeps.records import RunRecord, in_words

Records = Sequence[RunRecord]


@dataclass(frozen=True)
class Tally:
    """What a measure found.

    Attributes:
        k, n: runs, or pairs of runs, in which the claim holds, and those that could tell.
        onset: median step from which it holds, over the k; None where the measure has none.
        words: what else was seen, and which runs were left out and why.
        expected: what had to be seen.
    """

    k: int
    n: int
    onset: float | None
    words: tuple[str, ...]
    expected: str


class CannotTell(Exception):
    """A run lacks what a measure needs; the message says what."""


T = TypeVar("T")

Seen = tuple[bool, float | None]
"""Whether a claim holds in a run, and its onset or another number of the run."""


def numbers(records: Records, look: Callable[[RunRecord], T]) -> tuple[list[T], list[str]]:
    """Return what a look sees in each run that ended and has what it needs, and the other runs with the reason."""
    seen: list[T] = []
    left_out: list[str] = []
    for record in records:
        try:
            if not record.ended:
                raise CannotTell(record.state)
            seen.append(look(record))
        except CannotTell as why:
            left_out.append(f"{record.planned.id} ({why})")
        except RunError as error:
            left_out.append(f"{record.planned.id} ({in_words(error, record.run)})")
    return seen, left_out


def counted(
    records: Records,
    look: Callable[[RunRecord], Seen],
    expected: str,
    words: Callable[[list[Seen]], str] = lambda seen: "",
) -> Tally:
    """Count the runs in which a claim holds; the onset is the median of their numbers."""
    seen, left_out = numbers(records, look)
    onsets = [number for holds, number in seen if holds and number is not None]
    return Tally(
        k=sum(holds for holds, _ in seen),
        n=len(seen),
        onset=float(np.median(onsets)) if onsets else None,
        words=sentences(words(seen), left_out),
        expected=expected,
    )


def sentences(said: str, left_out: Sequence[str]) -> tuple[str, ...]:
    """What else was seen, if anything, and which runs were left out and why."""
    return tuple(text for text in (said, f"not counted: {', '.join(left_out)}" if left_out else "") if text)


def configs(records: Records) -> str:
    """Names of the configurations of some runs."""
    return ", ".join(dict.fromkeys(record.planned.config for record in records))


def wilson(k: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the score interval of k successes in n trials (Wilson 1927), in [0, 1]; (0, 1) for no trial."""
    if n == 0:
        return 0.0, 1.0
    from scipy.stats import binomtest  # half a second, which a sweep that only plans does without

    low, high = binomtest(k, n).proportion_ci(confidence, method="wilson")
    return float(low), float(high)


def rate_words(k: int, n: int) -> str:
    """Return k of n with its 95 % interval."""
    low, high = wilson(k, n)
    return f"{k} of {n} [{low:.2f}, {high:.2f}]"
