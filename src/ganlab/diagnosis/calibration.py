"""How sure a verdict is: how often verdicts like it were right on real labelled runs."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from ganlab.diagnosis.case import Case, Charge
from ganlab.diagnosis.early import FEW, sample_count
from ganlab.verdicts import INCONCLUSIVE, failure_of

ENOUGH_RUNS = 10
"""Labelled runs with a verdict's failure under which it is not calibrated."""

UNCALIBRATED = 0.8
"""Highest confidence without calibration."""

LABELLED_GAME = "standard"
"""The game that all labelled runs played."""


@cache
def table() -> dict[str, Any]:
    """The table that `python -m truth.accuracy calibrate` writes.

    `made_from`: the corpus, the commit whose code judged it, and the names of the features that its samples were seen
    through; `bins`: rising in strength, each with `from` (least strength), `right` and `runs`; `failures`: runs by
    failure.
    """
    text = (files("ganlab.diagnosis") / "calibration.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def confidence(name: str, charge: Charge, case: Case) -> tuple[float, str]:
    """Return the confidence in a verdict, (right + 1) / (runs + 2) over runs as clear as this one; its basis.

    Args:
        name: of the verdict.
        charge: what was brought against the run.
        case: what was judged.
    """
    if name == INCONCLUSIVE:
        return 0.5, "nothing was proved"
    known = table()
    bins = [each for each in known["bins"] if each["from"] <= charge.strength]
    right, runs = (bins[-1]["right"], bins[-1]["runs"]) if bins else (0, 0)
    share = (right + 1) / (runs + 2)
    alike = known["failures"].get(failure_of(name), 0)
    count = sample_count(case)
    few = bool(case.rows) and count < FEW
    other_game = bool(case.rows) and case.rows[-1].game != LABELLED_GAME
    if case.evidence.damaged or not case.rows or other_game or few or alike < ENOUGH_RUNS:
        why = "no labelled run used this game" if other_game else f"{alike} labelled runs had this failure"
        if case.evidence.damaged:
            why = "parts of the run are missing or damaged"
        elif not case.rows:
            why = "no samples were seen"
        elif few:
            why = f"only {count:.0f} samples were seen"
        return round(min(share, UNCALIBRATED), 3), f"uncalibrated: {why}"
    return round(share, 3), f"{right} of {runs} labelled runs with a verdict as clear as this one were judged right"
