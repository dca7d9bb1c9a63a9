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
    "snapshot": frozenset(
        {"game", *REPEATS, "recognised", "recognised_real", "modes", "modes_real", "mode_kl", "mode_kl_real"}
    ),
    "tensors": frozenset(),
}
"""Columns of history.csv, statistics of a snapshot and tensors of a checkpoint that came after the recording."""

ELSEWHERE = 1e-4
"""Difference that another machine's numbers may have: relative, or absolute below 1. Most agree to 1e-6."""

COUNTED = ("authenticity", "authenticity_real", "copies", "copies_real")
COUNTS = 2 / 32
"""Statistics that count some of a snapshot's 32 samples, and the same for them: a distance at the limit falls on
either side."""

WIDER: dict[str, dict[str, float]] = {
    "dcgan_bfloat16": {"history": 5e-2, "snapshot": 5e-2, "tensors": 5e-2},
    "ring_float16": {"history": 1e-3, "snapshot": 1e-3, "tensors": 1e-3},
    # Layers are normalised over few values: rounding grows from step to step.
    "swiss_roll_least_squares_mixed": {"history": 1e-2, "snapshot": 0.1, "tensors": 1e-3},
    "resnet_spectral_hinge": {"history": 1e-2, "tensors": 1e-2},
    # Biases before a norm have rounding errors for gradients, which Adam makes into whole steps, here this way and
    # there that way: 2 * 12 * lr.
    "mlp_images": {"snapshot": 1e-3, "tensors": 1e-3},
    "cycle": {"tensors": 4.8e-3},
}
"""The same, by experiment and part, if it must be wider."""


@pytest.mark.parametrize("name", experiments())
def test_a_training_repeats_what_was_recorded(
    name: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    recorded = json.loads((TRAININGS / f"{name}.json").read_text())
    here, there = machine(), recorded.pop("machine")
    exact = here == there
    record_property("golden", "to the last bit" if exact else f"to 1e-4: recorded on {there}, this is {here}")
    found = trained(experiments()[name], tmp_path)
    assert found["history"]["step"] == [str(step) for step in range(1, 13)]
    different: list[str] = []
    for part, before in recorded.items():
        usual = WIDER.get(name, {}).get(part, ELSEWHERE)
        for counted, elsewhere in ((False, usual), (True, max(usual, COUNTS))):
            old, new = ({key: its[key] for key in its if (key in COUNTED) == counted} for its in (before, found[part]))
            different += mapping_differences(part, old, new, None if exact else elsewhere, ADDED[part])
    assert not different, report(different)
