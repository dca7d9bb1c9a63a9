"""One axis for a log and the pictures beside it, which may count something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.places import PER_NAME, at, names

BEYOND = 1.1
"""How far beyond the log's end the last picture may be, relative to it: a log is printed less often."""
EARLIER = 0.9
"""How far the last picture must come, relative to the log's end, for it to show what came of the run."""
SHORT = 0.3
"""How far the pictures must come at least, relative to the log's end, if nothing says what their numbers count."""


class Aligned(NamedTuple):
    """Steps of pictures, in the unit of the evidence.

    Attributes:
        steps: one for each picture, rising if theirs were.
        unit: what they count, one of Evidence's units.
        notes: what was assumed.
    """

    steps: list[int]
    unit: str
    notes: tuple[str, ...]


def align(steps: Sequence[int | None], unit: str, evidence: Evidence) -> Aligned:
    """Return the steps of pictures as steps of the log.

    Args:
        steps: numbers in their names; None: the log's last step.
        unit: what they count: `epoch`, `step`, `kimg`, or `number` if nothing says it.
        evidence: of the log; without curves, the pictures' own steps are taken.
    """
    last = evidence.last_step
    numbers = [step for step in steps if step is not None]
    if not numbers or not (evidence.curves or evidence.quality or evidence.players):
        factor = PER_NAME["image"] if unit == "kimg" else 1
        own = {"kimg": "image", "number": "step"}.get(unit, unit) if numbers else evidence.unit
        return Aligned([last if step is None else step * factor for step in steps], own, ())
    scale, notes = _scale(max(numbers), unit, evidence)
    if scale is None and unit == "number" and (rows := _rows(numbers, evidence)) is not None:
        return Aligned(
            [last if step is None else rows[step] for step in steps],
            evidence.unit,
            ("the numbers in the pictures' names are taken for rows of the log",),
        )
    if scale is None:
        scale = last / max(1, *numbers)
        ours = {"epoch": ", epochs", "step": ", steps", "kimg": ", kimg"}.get(unit, "")
        notes = (
            f"the pictures' steps ({min(numbers):,} to {max(numbers):,}{ours}) cannot be aligned with the log's "
            f"({names(evidence.unit)[1]}, up to {at(last, evidence.unit)}): the last picture is taken for its end, "
            "and those before in proportion",
        )
    aligned = [last if step is None else round(step * scale) for step in steps]
    if max(aligned) < EARLIER * last:
        newest, end = at(max(aligned), evidence.unit), at(last, evidence.unit)
        after = (
            f"the last pictures are of {newest}, and the log goes on to {end}: what came later is judged by it alone"
        )
        notes = (*notes, after)
    return Aligned(aligned, evidence.unit, notes)


def _rows(numbers: Sequence[int], evidence: Evidence) -> dict[int, int] | None:
    """Return the step of the row that each number counts, from 0 or 1; None if the log has other rows."""
    curve = max(evidence.curves.values(), key=len, default=None)
    first = min(1, *numbers)
    if curve is None or not SHORT * len(curve) <= max(numbers) + 1 - first <= len(curve):
        return None
    return {number: int(curve.steps[number - first]) for number in numbers}


def _scale(largest: int, unit: str, evidence: Evidence) -> tuple[float | None, tuple[str, ...]]:
    """Return how many steps of the log one of the pictures' is; None if it is unknown."""
    log, last, per_epoch = evidence.unit, evidence.last_step, evidence.epoch_steps
    if log == "row":
        return None, ()
    known = {
        (log, log): 1.0,
        ("kimg", "image"): float(PER_NAME["image"]),
        ("epoch", "step"): per_epoch,
        ("step", "epoch"): None,
    }
    if unit != "number":
        scale = known.get((unit, log))
        if scale is not None and largest * scale > BEYOND * last:
            return scale, (
                f"the pictures go on to {at(round(largest * scale), log)}, and the log ends at {at(last, log)}",
            )
        return scale, ()
    readings = [(1.0, log)]
    if log == "image":
        readings.insert(0, (float(PER_NAME["image"]), "kimg"))
    if log == "step" and per_epoch is not None:
        readings.append((float(per_epoch), "epoch"))
    for scale, meaning in readings:
        if SHORT * last <= largest * scale <= BEYOND * last:
            return scale, (f"the numbers in the pictures' names are taken for {names(meaning)[1]}",)
    return None, ()
