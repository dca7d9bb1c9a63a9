"""Columns of a table that say where in a run a row is: steps, epochs, images."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganlab.diagnosis.readers.log import Log, Name, Place
from ganlab.text import quoted

COUNTERS = {
    **dict.fromkeys(
        ("step", "steps", "iteration", "iterations", "iter", "iters", "niter", "it", "itr", "itrs"), ("iteration", 0)
    ),
    **dict.fromkeys(("update", "updates", "counter"), ("iteration", 2)),
    **dict.fromkeys(("nimg", "nimgs", "images", "imgs"), ("image", 1)),
    **dict.fromkeys(("kimg", "kimgs"), ("kimg", 1)),
    **dict.fromkeys(("batch", "batches", "minibatch"), ("iteration", 3)),
    **dict.fromkeys(("tick", "index"), ("iteration", 5)),
    **dict.fromkeys(("epoch", "epochs", "ep"), ("epoch", 0)),
}
"""What a word counts, and how sure it is that it counts the run's steps (0: surest)."""

COMPANIONS = {
    **dict.fromkeys(("", "global", "trainer", "train", "training", "progress", "cur", "current", "total"), 0),
    **dict.fromkeys(("done", "seen", "shown", "n", "num", "number", "no", "id", "idx", "nr", "metrics"), 0),
    **dict.fromkeys(("g", "gen", "generator"), 1),
}
"""Words that may stand beside a counter in its name, and how much less sure each makes it."""

INDEX = re.compile(r"Unnamed: 0(?:\.[0-9]+)?|index", re.IGNORECASE)
"""How the index of a data frame is called in a file."""


class Counter(NamedTuple):
    """What a column counts.

    Attributes:
        what: `epoch`, `iteration`, `image` or `kimg` (a thousand images).
        doubt: how far its name is from saying so (0: plainly).
    """

    what: str
    doubt: int


@lru_cache(maxsize=4096)
def counter(name: str) -> Counter | None:
    """Return what a column counts by its name, None if it counts nothing: `d_loss_step` is a loss."""
    if INDEX.fullmatch(name.strip()):
        return Counter("iteration", 6)
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name[:100]).lower()
    parts = [part for part in re.split(r"[\W_]+", words) if part]
    counters = [COUNTERS[part] for part in parts if part in COUNTERS]
    others = [part for part in parts if part not in COUNTERS]
    if len(counters) != 1 or any(part not in COMPANIONS for part in others):
        return None
    what, doubt = counters[0]
    return Counter(what, doubt + sum(COMPANIONS[part] for part in others))


def take_places(log: Log) -> None:
    """Take the columns that count epochs, iterations or images for the places of a table's rows.

    Of several that count the same, the one is taken that most rows hold, and of those the one that says it plainest.
    """
    found: dict[str, list[tuple[int, int, Name, Counter]]] = {"epoch": [], "iteration": []}
    for name in log.names:
        counts = counter(name.label)
        if counts is None:
            continue
        log.place_names.append(name)
        values = log.spread(name)
        held = int(np.isfinite(values).sum())
        if 2 * held >= log.count and _counts(values, whole=counts.what != "kimg"):
            part = "epoch" if counts.what == "epoch" else "iteration"
            # A column that some rows lack, as those of the validation, says less than one that all rows hold.
            found[part].append((-round(20 * held / log.count), counts.doubt, name, counts))
    for part, columns in found.items():
        if columns:
            _, _, name, counts = min(columns, key=lambda column: column[:2])
            set_step(log, name, part)
    if log.place_names and not any(found.values()):
        log.facts.notes.append(f"{quoted(str(log.place_names[0]))} does not say the step of most rows")


def set_step(log: Log, name: Name, part: str = "iteration", alone: bool = False) -> None:
    """Take a column for the iteration of each row, or for another part of its place.

    Args:
        log: whose rows are placed.
        name: the column.
        part: a field of Place.
        alone: whether nothing else that the log says of places counts any more.
    """
    if alone:
        for each in Place._fields:
            log.set_place(each, np.full(log.count, np.nan))
    counts = counter(name.label)
    values = log.spread(name)
    if counts is not None and counts.what == "kimg":
        values = np.round(values * 1000)
    log.set_place(part, values)
    if part == "iteration":
        if counts is not None and counts.what in ("kimg", "image"):
            log.facts.unit = "image"
        if counts is None or counts.doubt or counts.what != "iteration":
            log.facts.notes.append(f"step from {quoted(str(name))}")


def _counts(values: NDArray[np.float64], whole: bool) -> bool:
    """Tell whether values can count something: most are whole numbers from 0, and they do not all agree."""
    known = values[np.isfinite(values)]
    fits = (known >= 0) & ((known == np.floor(known)) | (not whole))
    return bool(2 * fits.sum() > len(known) and (len(known) < 3 or known.min() < known.max()))
