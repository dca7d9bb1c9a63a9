"""Made-up evidence and verdicts for the tests of what is drawn and written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ganlab.diagnosis.evidence import Series
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.verdict import Verdict

STEPS = np.arange(1, 501)


def series(values: Any) -> Series:
    return Series(STEPS, np.broadcast_to(np.asarray(values, float), STEPS.shape).copy())


def rows(**columns: list[Any]) -> tuple[Mapping[str, Any], ...]:
    """Snapshots every 100 steps from these columns."""
    cells = zip(*columns.values(), strict=True)
    return tuple({"step": 100 * i, **dict(zip(columns, values, strict=True))} for i, values in enumerate(cells))


def energies(coefficient: float) -> dict[str, float]:
    """What a snapshot says of samples with an energy coefficient: E over E + E|X - X'| + E|Y - Y'|."""
    return {"energy_distance": 2 * coefficient / (1 - coefficient), "diversity": 1.0, "diversity_real": 1.0}


def verdict(*signals: str, **changes: Any) -> Verdict:
    found = tuple(Finding(signal, 0.1, 0.5, (300, 500), "a paper", "Because.") for signal in signals)
    values: dict[str, Any] = {
        "failure": "mode_collapse",
        "variant": "partial",
        "confidence": 0.93,
        "basis": "13 of 14 such runs",
        "severity": 0.5,
        "onset_step": 200,
        "summary": "Kinds are missing.",
        "contributing": (),
        "evidence": found,
        "missing": (),
        "remedies": (),
        "source": "here",
        "steps": (1, 500),
    }
    return Verdict(**{**values, **changes})


LOSSES = {"d_loss": series(1.2), "g_loss": series(0.8)}
COUNTS = rows(class_counts=[[5, 5], [9, 1], [10, 0]], class_shares_real=[[0.5, 0.5]] * 3, good=[0.1, 0.5, 0.9])
