"""What was read of a foreign log, and what was taken for what: for `--show`, `--json` and whoever wants to check it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


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
    """

    name: str
    quantity: str | None
    player: str
    rows: int
    low: float
    high: float
    not_finite: int = 0
    guess: str = ""


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

    def as_json(self) -> dict[str, Any]:
        """The report as `--json` prints it below `read`."""
        used = {
            f"{each.player}/{each.quantity}" if each.player else each.quantity: each.name
            for each in self.columns
            if each.quantity is not None and " " not in each.quantity and each.quantity not in ("time", "penalty")
        }
        return {
            "format": self.format,
            "trainer": self.trainer,
            "rows": self.rows,
            "columns": used,
            "steps": list(self.steps),
            "unit": self.unit,
            "planned": self.planned,
            "restarts": list(self.restarts),
            "dropped": sum(count for _, count in self.dropped),
            "not_understood": [each.name for each in self.columns if each.quantity is None],
        }
