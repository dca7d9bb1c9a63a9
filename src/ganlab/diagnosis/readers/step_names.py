"""Steps from the names of files: `fake_samples_epoch_003.png`, `200.png`, `iter_000200/0001.png`, `epoch12_step300`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ganlab.diagnosis.readers.axis import axis_of

NUMBER = re.compile(r"(?P<word>[A-Za-z]*)[ _\-=.]*(?P<digits>[0-9]{1,15})")
EPOCH = frozenset({"epoch", "epochs", "ep", "e"})
STEP = frozenset({"step", "steps", "iteration", "iterations", "iter", "iters", "it", "batch", "batches"})
IMAGES = frozenset({"kimg"})
START = re.compile(r"(?:^|[^A-Za-z])(?:init|initial)(?:[^A-Za-z]|$)", re.IGNORECASE)
"""What the picture of an untrained generator is called instead of 0."""


@dataclass(frozen=True)
class NamedSteps:
    """Steps of files.

    Attributes:
        steps: one a name; None for a name that says none.
        unit: what is counted: `epoch`, `step`, `kimg`; `number` if the names do not say it.
        named: whether the names say what is counted.
        notes: how they were counted.
    """

    steps: tuple[int | None, ...]
    unit: str
    notes: tuple[str, ...] = ()

    @property
    def named(self) -> bool:
        """Whether the names say what is counted."""
        return self.unit != "number"


def steps_in(names: Sequence[str]) -> NamedSteps:
    """Return the steps in names of files, without their suffixes but with their folders.

    A number after a word such as `epoch` or `iter` is the step. Without such words it is the number that differs from
    name to name; one that counts the files of each step (0, 1, 2, ... or 1, 2, 3, ... for each) is none.
    """
    found = [_numbers(name) for name in names]
    epochs = [_after(EPOCH, each) for each in found]
    iterations = [_after(STEP | IMAGES, each) for each in found]
    unit = "epoch"
    if any(each is not None for each in iterations):
        counted = {word for each in found for word, _ in each} & (STEP | IMAGES)
        unit = "kimg" if counted <= IMAGES else "step"
    inner = [_numbers(name) for name in _below(names)]
    others = _others(inner if any(inner) else found, bare=all(each is None for each in (*epochs, *iterations)))
    if others and all(each is None for each in iterations):
        if all(each is None for each in epochs):
            unit = "number"
            epochs, iterations = _two_numbers(others)
        elif len(others) == 1 and not _counts_files(others[0], epochs):
            unit, iterations = "step", others[0]
    start = [bool(START.search(name)) for name in names]
    if any(each is not None for each in (*epochs, *iterations)):
        iterations = [
            0 if first and epoch is None and step is None else step
            for first, epoch, step in zip(start, epochs, iterations, strict=True)
        ]
    return _joined(epochs, iterations, unit)


def _numbers(name: str) -> list[tuple[str, int]]:
    """Return the numbers in a name, each with the word before it."""
    return [(match["word"].lower(), int(match["digits"])) for match in NUMBER.finditer(name)]


def _below(names: Sequence[str]) -> list[str]:
    """Return names without the folders that hold all of them."""
    parts = [name.split("/") for name in names]
    shared = next((i for i, each in enumerate(zip(*parts, strict=False)) if len(set(each)) > 1), 0)
    return ["/".join(each[min(shared, len(each) - 1) :]) for each in parts]


def _after(words: frozenset[str], numbers: Sequence[tuple[str, int]]) -> int | None:
    return next((number for word, number in reversed(numbers) if word in words), None)


def _others(found: Sequence[Sequence[tuple[str, int]]], bare: bool) -> list[list[int | None]]:
    """Return the numbers after no known word that differ from name to name, in the order in which they stand."""
    numbers = [[number for word, number in each if word not in EPOCH | STEP | IMAGES] for each in found]
    counts = {len(each) for each in numbers if each}
    if not counts:
        return []
    if len(counts) > 1:  # names of several kinds: the last number of each
        return [[each[-1] if each else None for each in numbers]] if bare else []
    columns: list[list[int | None]] = [[each[i] if each else None for each in numbers] for i in range(counts.pop())]
    varying = [column for column in columns if len({each for each in column if each is not None}) > 1]
    return varying or (columns[-1:] if bare else [])


def _two_numbers(columns: Sequence[list[int | None]]) -> tuple[list[int | None], list[int | None]]:
    """Return epochs and iterations of numbers that no word explains."""
    none: list[int | None] = [None] * len(columns[0])
    first, last = columns[0], columns[-1]
    return (none, first) if len(columns) == 1 or _counts_files(last, first) else (first, last)


def _counts_files(counter: Sequence[int | None], steps: Sequence[int | None]) -> bool:
    """Tell whether a number counts the files of each step."""
    of_step: dict[int | None, list[int | None]] = {}
    for number, step in zip(counter, steps, strict=True):
        of_step.setdefault(step, []).append(number)
    counts = [sorted(number for number in each if number is not None) for each in of_step.values()]
    return max(map(len, counts)) > 1 and all(
        each in (list(range(len(each))), list(range(1, len(each) + 1))) for each in counts
    )


def _joined(epochs: Sequence[int | None], iterations: Sequence[int | None], unit: str) -> NamedSteps:
    """Return one step a name, of an axis that grows."""
    pairs = [(-1 if e is None else e, -1 if i is None else i) for e, i in zip(epochs, iterations, strict=True)]
    places = sorted({pair for pair in pairs if pair != (-1, -1)})
    if not places:
        return NamedSteps((None,) * len(epochs), "number")
    rows = np.array(places, dtype=np.float64)
    rows[rows < 0] = np.nan
    none = np.full(len(rows), np.nan)
    axis = axis_of({"epoch": rows[:, 0], "epochs": none, "iteration": rows[:, 1], "iterations": none})
    step_of = dict(zip(places, axis.steps.tolist(), strict=True))
    steps = [step_of.get(pair) for pair in pairs]
    notes = axis.notes if np.isfinite(rows).all() else ()
    return NamedSteps(tuple(None if step is None or step < 0 else step for step in steps), unit, notes)
