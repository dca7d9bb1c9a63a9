"""Labels by eye: what two readers saw in a run's pictures, each alone, and which verdicts are right by both.

    python -m truth.trainers blind FOLDER    the pages that the readers saw: no names, no settings, shuffled
    python -m truth.readings                 how far the readers agree

readings.csv has a row for each run and reader. A reader saw real images, four sheets of samples, the first and the last
among them, and the losses, and wrote:

`readable`: percentage of the tiles of the last sheet, counted, that are named at once as what they show (which digit; a
drawing or a patch that passes for a real one at a glance).
`state`: good (at least three quarters are readable, and about as varied as real ones), failed (nothing of the data can
be made out, nearly the same picture in all tiles, or broken down) or poor (all between).
`right`: every verdict that a careful expert would accept; `inconclusive` only where the reader could not decide.
`seen`: a sentence.

How samples come out depends on the machine that trained them, so each row holds the fingerprint of the last sheet; a
run whose last sheet is another one has no label.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from PIL import Image

from ganlab.verdicts import matches
from truth.corpora import State

TABLE = Path(__file__).with_suffix(".csv")
STATES: tuple[State, ...] = get_args(State)
UNDECIDED = "inconclusive"


@dataclass(frozen=True)
class Reading:
    """What one reader wrote of one run: see the module's docstring.

    Attributes:
        name: of the run.
        pictures: fingerprint of the sheet that was seen.
        readable: 0 to 100.
        state, right, seen: the label.
    """

    name: str
    pictures: str
    readable: int
    state: State
    right: frozenset[str]
    seen: str


@dataclass(frozen=True)
class Label:
    """What is true of a run by all of its readers.

    Attributes:
        state: the readers' one; `poor` where they differ, as a person could say either.
        right: what any of them accepts; `inconclusive` only if all of them do.
        seen: what they saw.
    """

    state: State
    right: frozenset[str]
    seen: str


def fingerprint(picture: Path) -> str:
    """Eight hexadecimal digits of a picture's pixels."""
    return hashlib.sha256(np.asarray(Image.open(picture).convert("RGB")).tobytes()).hexdigest()[:8]


def readings(path: Path = TABLE) -> dict[str, list[Reading]]:
    """Return the readings of each run, by its name."""
    found: dict[str, list[Reading]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            state = next(state for state in STATES if state == row["state"])
            right = frozenset(row["right"].split())
            reading = Reading(row["name"], row["pictures"], int(row["readable"]), state, right, row["seen"])
            found.setdefault(reading.name, []).append(reading)
    return found


def combined(its: Sequence[Reading]) -> Label:
    """Return what is true of a run by the readings that it has, at least one."""
    states = {reading.state for reading in its}
    accepted = frozenset[str]().union(*(reading.right for reading in its))
    if not all(UNDECIDED in reading.right for reading in its):
        accepted -= {UNDECIDED}
    return Label(
        states.pop() if len(states) == 1 else "poor",
        accepted,
        " / ".join(reading.seen for reading in its),
    )


def agreement(of_runs: Iterable[Sequence[Reading]]) -> Mapping[str, float]:
    """Return how far two readers agree.

    Returns:
        runs: how many two readers saw. state: share of them with one state. verdict: share with a verdict that both
        accept. readable: mean absolute difference, in percentage points. kappa: Cohen's, of the state.
    """
    pairs = [(its[0], its[1]) for its in of_runs if len(its) == 2]
    if not pairs:
        return {"runs": 0}
    count = len(pairs)
    same = sum(a.state == b.state for a, b in pairs) / count
    chance = sum(
        sum(a.state == state for a, _ in pairs) * sum(b.state == state for _, b in pairs) for state in STATES
    ) / (count * count)
    return {
        "runs": count,
        "state": same,
        "verdict": sum(any(shared(a, b)) for a, b in pairs) / count,
        "readable": sum(abs(a.readable - b.readable) for a, b in pairs) / count,
        "kappa": (same - chance) / (1 - chance) if chance < 1 else 1.0,
    }


def shared(a: Reading, b: Reading) -> Iterable[bool]:
    """Whether each verdict that one accepts is accepted by the other."""
    yield from (matches(name, b.right) for name in a.right)
    yield from (matches(name, a.right) for name in b.right)


def main() -> None:
    for key, value in agreement(readings().values()).items():
        print(f"{key:9} {value:.2f}")


if __name__ == "__main__":
    main()
