"""Toy trainings repeat what was recorded: to the last bit on the machine that recorded them, closely on others."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.golden.record import TRAININGS, experiments, machine, trained

ADDED: dict[str, frozenset[str]] = {"history": frozenset(), "snapshot": frozenset({"game"}), "tensors": frozenset()}
"""Columns of history.csv, statistics of a snapshot and tensors of a checkpoint that came after the recording."""

TOLERANCE = 1e-6
"""Difference that another machine's numbers may have: relative, or absolute below 1."""

WIDER = {
    "dcgan_bfloat16": {"history": 5e-2, "snapshot": 5e-2, "tensors": 5e-2},
    "ring_float16": {"history": 1e-3, "snapshot": 1e-3, "tensors": 1e-3},
    # Each layer is normalised over few values, twice where it can be: rounding grows from step to step.
    "dcgan_mixed_unusual": {"history": 1e-4, "snapshot": 1e-4, "tensors": 1e-4},
    # Biases before an instance norm have rounding errors for gradients, which Adam makes into whole steps: 12 * lr.
    "cycle": {"tensors": 2.4e-3},
}
"""The same, by experiment and part, if it must be wider."""


@pytest.mark.parametrize("name", experiments())
def test_a_training_repeats_what_was_recorded(
    name: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    recorded = json.loads((TRAININGS / f"{name}.json").read_text())
    here, there = machine(), recorded.pop("machine")
    exact = here == there
    record_property("golden", "to the last bit" if exact else f"to 1e-6: recorded on {there}, this is {here}")
    found = trained(experiments()[name], tmp_path)
    assert found["history"]["step"] == [str(step) for step in range(1, 13)]
    differences = []
    for part, before in recorded.items():
        tolerance = None if exact else WIDER.get(name, {}).get(part, TOLERANCE)
        now = found[part]
        missing, new = before.keys() - now.keys(), now.keys() - before.keys() - ADDED[part]
        differences += [f"{part}: {key} is missing" for key in sorted(missing)]
        differences += [f"{part}: {key} is new" for key in sorted(new)]
        for key in before.keys() & now.keys():
            differences += compared(f"{part}: {key}", before[key], now[key], tolerance)
    shown = "\n".join(["what was recorded -> what is found", *sorted(differences)[:40]])
    assert not differences, f"{len(differences)} differences; {shown}"


def compared(where: str, before: Any, now: Any, tolerance: float | None) -> Iterator[str]:
    """Yield a line for each difference between two values: numbers, cells, tensors, or lists of these.

    Without a tolerance every bit must be the same.
    """
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, pair in enumerate(zip(before, now, strict=True)):
            yield from compared(f"{where}[{index}]", *pair, tolerance)
    elif isinstance(before, dict) and isinstance(now, dict) and before.keys() == now.keys():
        for key in before.keys() - ({"sha256"} if tolerance else set()):
            yield from compared(f"{where}.{key}", before[key], now[key], tolerance)
    elif not (close(before, now, tolerance) if tolerance else same(before, now)):
        yield f"{where}: {before} -> {now}"


def same(before: Any, now: Any) -> bool:
    """Whether two values are one; 1 and 1.0 are not, nor are 0.0 and -0.0."""
    return json.dumps(before) == json.dumps(now)


def close(before: Any, now: Any, tolerance: float) -> bool:
    """Whether two numbers, or cells that hold one, are close; whatever is no number must be the same."""
    try:
        return math.isclose(float(before), float(now), rel_tol=tolerance, abs_tol=tolerance)
    except (TypeError, ValueError):
        return same(before, now)
