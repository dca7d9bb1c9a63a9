"""Toy trainings repeat what was recorded: to the last bit on the machine that recorded them, closely on others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.golden.compare import mapping_differences, report
from tests.golden.record import TRAININGS, experiments, machine, trained

REPEATS = ("near_duplicates", "near_duplicates_real", "distinct", "distinct_real", "repeats_chance")

ADDED: dict[str, frozenset[str]] = {
    "history": frozenset(),
    "snapshot": frozenset({"game", *REPEATS, "modes", "modes_real", "mode_kl", "mode_kl_real"}),
    "tensors": frozenset(),
}
"""Columns of history.csv, statistics of a snapshot and tensors of a checkpoint that came after the recording."""

ELSEWHERE = {"history": 1e-2, "snapshot": 0.15, "tensors": 1e-2}
"""Difference that another machine's numbers may have, by part: relative, or absolute below 1.

Most agree to 1e-6. But in twelve steps rounding grows where few values are normalised, Adam makes whole steps of
gradients that are rounding errors, such as those of biases before a norm, and a statistic that counts some of 32
samples jumps.
"""

WIDER = {"dcgan_bfloat16": {"history": 5e-2, "tensors": 5e-2}}
"""The same, by experiment, if it must be wider."""


@pytest.mark.parametrize("name", experiments())
def test_a_training_repeats_what_was_recorded(
    name: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    recorded = json.loads((TRAININGS / f"{name}.json").read_text())
    here, there = machine(), recorded.pop("machine")
    exact = here == there
    record_property("golden", "to the last bit" if exact else f"loosely: recorded on {there}, this is {here}")
    found = trained(experiments()[name], tmp_path)
    assert found["history"]["step"] == [str(step) for step in range(1, 13)]
    different: list[str] = []
    for part, before in recorded.items():
        tolerance = None if exact else (ELSEWHERE | WIDER.get(name, {}))[part]
        different += mapping_differences(part, before, found[part], tolerance, ADDED[part])
    assert not different, report(different)
