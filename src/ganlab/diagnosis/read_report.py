"""What was read of a foreign log, and what was taken for what: for `--show`, `--json` and whoever wants to check it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganlab.diagnosis.places import number, stretch
from ganlab.errors import RunError

OTHERS = ("time", "penalty", "settings")
"""Kinds of numbers that are no curve's, in a word; those of several words are none either."""


@dataclass(frozen=True)
class ReadColumn:
    """A column of a log.

    Attributes:
        name: as the log names it.
        quantity: what it was taken for: a curve's name such as `d_loss`, or what kind of other number it is
            (`other term`, `penalty`, `time`); None: it was not understood.
        player: which of several games in one log it belongs to, such as `A`; empty if there is one.
        rows: how many rows hold it.
        low, high: its finite range; NaN if it holds no finite number.
        not_finite: how many of its values are NaN or infinite.
        guess: why it was taken for that, if the name alone does not say it; else empty.
        proposal: of a column that was not understood, the quantity that its name is nearest to, if any is near.
    """

    name: str
    quantity: str | None
    player: str
    rows: int
    low: float
    high: float
    not_finite: int = 0
    guess: str = ""
    proposal: str = ""


@dataclass(frozen=True)
class Reading:
    """What was read of a log, in short: `read` in verdict.json.

    Attributes:
        format: what kind of file it is, in words.
        trainer: whose form it is; None if it is nobody's in particular.
        rows: how many rows were read.
        columns: the log's name for each curve, by ours; `A/d_loss` if there are several games.
        steps: first and last step.
        unit: what a step is: `step`, `epoch`, `image` or `row`.
        planned: planned steps; None if the log does not say.
        restarts: steps at which the run was started again.
        dropped: how many rows and lines that hold numbers were not used.
        not_understood: the other columns.
    """

    format: str
    trainer: str | None
    rows: int
    columns: Mapping[str, str]
    steps: tuple[int, int]
    unit: str
    planned: int | None
    restarts: tuple[int, ...]
    dropped: int
    not_understood: tuple[str, ...]

    def __str__(self) -> str:
        words = f"{_count(self.rows, 'row')} of {self.format}"
        words += f" of {self.trainer}" if self.trainer else ""
        words += f", {stretch(self.steps, self.unit)}"
        words += f" of {number(self.planned, self.unit)}" if self.planned else ""
        if self.restarts:
            words += ", started again at " + ", ".join(number(step, self.unit) for step in self.restarts[:5])
        if self.dropped:
            words += f"; {_count(self.dropped, 'row')} left out: --show says why"
        if self.not_understood:
            them = "it" if len(self.not_understood) == 1 else "them"
            words += f"; {_count(len(self.not_understood), 'column')} not understood: --show lists {them}"
        return words


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


@dataclass(frozen=True)
class ReadReport:
    """What was read of a log.

    Attributes:
        format: what kind of file it is, in words.
        trainer: whose form it is, by name of the vocabulary's entry; None if it is nobody's in particular.
        rows: how many rows were read.
        steps: first and last step.
        unit: what a step is: `step`, `epoch`, `image` or `row`.
        steps_from: where the steps come from, in words.
        planned: planned steps; None if the log does not say.
        restarts: steps at which the run was started again.
        dropped: rows and lines that hold numbers and were not used, by the reason why.
        columns: every column, those that were used first.
    """

    format: str
    trainer: str | None
    rows: int
    steps: tuple[int, int]
    unit: str
    steps_from: str
    planned: int | None
    restarts: tuple[int, ...]
    dropped: tuple[tuple[str, int], ...]
    columns: tuple[ReadColumn, ...]

    def in_short(self) -> Reading:
        """Return what a verdict says of it."""
        used: dict[str, str] = {}
        for each in self.columns:
            if each.quantity is not None and " " not in each.quantity and each.quantity not in OTHERS:
                used.setdefault(f"{each.player}/{each.quantity}" if each.player else each.quantity, each.name)
        return Reading(
            format=self.format,
            trainer=self.trainer,
            rows=self.rows,
            columns=used,
            steps=self.steps,
            unit=self.unit,
            planned=self.planned,
            restarts=self.restarts,
            dropped=sum(count for _, count in self.dropped),
            not_understood=tuple(each.name for each in self.columns if each.quantity is None),
        )

    def as_json(self) -> dict[str, Any]:
        """Return what a verdict says of it as `--json` prints it below `read`."""
        return asdict(self.in_short())

    def details(self) -> list[dict[str, Any]]:
        """Return every column as plain values, as `--show --json` prints them; a range without a number is None."""
        return [
            {key: None if value != value else value for key, value in asdict(column).items()} for column in self.columns
        ]


class NothingKnown(RunError):
    """No column of a log is known by its name.

    Attributes:
        report: what was read of it all the same.
    """

    def __init__(self, message: str, hint: str, report: ReadReport) -> None:
        super().__init__(message, hint)
        self.report = report


def finite_range(values: NDArray[np.float64]) -> tuple[float, float, int]:
    """Return the least and the greatest finite value, NaN if there is none, and how many are not finite."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (float("nan"), float("nan"))
    return low, high, len(values) - len(finite)
