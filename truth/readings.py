"""Labels by eye: what two readers saw in a run's pictures, each alone, and which verdicts are right by both.

    python -m truth.trainers blind FOLDER    the pages that the readers saw: no names, no settings, shuffled
    python -m truth.readings                 how far the readers agree
    python -m truth.readings CORPORA         and, on the tuned runs there, which statistics go with what they could
                                             name, and how alike the pixels are of what features take for repeats

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
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from PIL import Image
from scipy.stats import spearmanr

from ganlab.diagnosis.case import ALIKE, GARBAGE, Case
from ganlab.diagnosis.readers.samples import load_samples
from ganlab.diagnosis.sample_levels import RECOGNISED_SOON, shortfall, twins
from ganlab.verdicts import matches
from truth.corpora import State, of_index
from truth.cuts import ALL, beside_samples, cuts_of, seen

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


def beside_statistics(corpora: Path, read: Mapping[str, Sequence[Reading]]) -> Iterator[str]:
    """Yield lines on the runs with digits that rules were tuned on, and that were not garbage.

    Spearman's correlation of the share of tiles that readers could name with two statistics of the last sheet; and how
    many of the runs that nothing else keeps from being healthy a reader called healthy, by `recognised`.
    """
    named, statistics, called = [], [], []
    for run in of_index(corpora / "trainers"):
        if run.split != "tune" or run.domain != "grey" or (cuts := cuts_of(corpora, run, "samples")).unread:
            continue
        case = Case(seen(beside_samples(run), cuts, cuts.rows[ALL]))
        readable = sum(each.readable for each in read[run.name]) / len(read[run.name])
        last = case.rows[-1]
        if readable and (last.number("good") or 0) > 0.5:
            named.append(readable)
            statistics.append([last.number(name) for name in ("recognised", "good")])
        if not twins(case) and not {each.signal for each in shortfall(case)} - {"recognised"}:
            called.append((case.recognised, case.brief, any("healthy" in each.right for each in read[run.name])))
    for place, name in enumerate(("recognised", "good")):
        found = spearmanr([each[place] for each in statistics], named).statistic
        yield f"{name}: Spearman {found:.2f} over {len(named)} runs"
    for low, high in ((0.0, 0.5), (0.5, RECOGNISED_SOON), (RECOGNISED_SOON, math.inf)):
        its = [each for each in called if low <= each[0] < high]
        short, healthy = (sum(each[place] for each in its) for place in (1, 2))
        yield f"recognised {low} to {high}: {len(its)} runs, {short} short, {healthy} called healthy by a reader"


def beside_pixels(corpora: Path, read: Mapping[str, Sequence[Reading]]) -> Iterator[str]:
    """Yield lines on the tuned runs whose last sheet is garbage, and has next to no variety through features.

    How far the pixels of two samples correlate, the median over all pairs of a sheet: of runs that a reader called a
    total collapse, and of those that none called collapsed.
    """
    found: dict[str, list[float]] = {"a total collapse to a reader": [], "a collapse to none": []}
    for run in of_index(corpora / "trainers"):
        if run.split != "tune" or run.domain != "grey" or (cuts := cuts_of(corpora, run, "samples")).unread:
            continue
        last = cuts.rows[ALL][-1]
        if (last.number("good") or 0) >= GARBAGE or (last.relative_vendi("vendi") or 1) >= ALIKE:
            continue
        assert run.samples is not None
        images = load_samples(run.samples, run.tile, (28, 28)).steps[-1][1]
        points = (images - images.mean((2, 3), keepdim=True)).flatten(1)
        points = points / points.norm(dim=1, keepdim=True).clamp(min=1e-9)
        pairs = (points @ points.T)[~torch.eye(len(points), dtype=torch.bool)]
        called = {name for each in read[run.name] for name in each.right}
        if "mode_collapse/total" in called:
            found["a total collapse to a reader"].append(float(pairs.median()))
        elif not any(name.startswith("mode_collapse") for name in called):
            found["a collapse to none"].append(float(pairs.median()))
    for what, values in found.items():
        low, middle, high = np.quantile(values, (0, 0.5, 1))
        yield f"{what}: {len(values)} runs, correlations {low:.2f} to {high:.2f}, half of them up to {middle:.2f}"


def main() -> None:
    read = readings()
    for key, value in agreement(read.values()).items():
        print(f"{key:9} {value:.2f}")
    for folder in sys.argv[1:]:
        print("\n".join((*beside_statistics(Path(folder), read), *beside_pixels(Path(folder), read))))


if __name__ == "__main__":
    main()
