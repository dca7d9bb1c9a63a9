"""Which classes the samples belong to, snapshot by snapshot, as a table of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ganlab.plots.grids import evenly_spaced
from ganlab.plots.verdicts import class_shares
from ganlab.runs.snapshots import Row

COLUMNS = 12
"""Snapshots that are shown, at most."""

ROWS = 60
"""Classes that are shown, at most: those of which the samples lack most of their real share stand first of more."""

LEVELS = 10
"""Shades of a cell, from none to the largest share."""


def class_table(rows: Sequence[Row]) -> dict[str, Any] | None:
    """Return shares of the good samples by class, evenly spaced over the run; None if classes were not counted.

    Returns:
        `steps`, and `rows` with `name`, `real` (the real share), `scarce` (whether under a tenth of it is left) and
        `cells`: text, step and shade, 0 to LEVELS, of each; `left_out`: how many classes are not shown.
    """
    found = class_shares(rows)
    if found is None or len(found.names) < 2:
        return None
    columns = evenly_spaced(len(found.steps), COLUMNS)
    known = np.concatenate([found.shares.ravel(), found.real])
    top = float(np.nanmax(known)) if np.isfinite(known).any() and np.nanmax(known) > 0 else 1.0
    order = list(range(len(found.names)))
    if len(order) > ROWS:
        lack = np.nan_to_num(found.real) - np.nan_to_num(found.shares[:, -1])
        order = [int(each) for each in np.argsort(-lack, kind="stable")[:ROWS]]
    return {
        "steps": [found.steps[column] for column in columns],
        "rows": [
            {
                "name": found.names[row],
                "real": _percent(found.real[row]),
                "real_shade": _shade(found.real[row], top),
                "scarce": bool(found.scarce[row]),
                "cells": [
                    {
                        "text": _percent(found.shares[row, column]),
                        "step": found.steps[column],
                        "shade": _shade(found.shares[row, column], top),
                    }
                    for column in columns
                ],
            }
            for row in order
        ],
        "passing": [_percent(found.passing[column]) for column in columns],
        "left_out": len(found.names) - len(order),
    }


def _percent(share: float) -> str:
    if not np.isfinite(share):
        return "-"
    return "<1" if 0 < share < 0.005 else f"{100 * share:.0f}"


def _shade(share: float, top: float) -> int:
    """Return a cell's shade, of the root of the share: a class with a few samples must not look like one with none."""
    return 0 if not np.isfinite(share) or share <= 0 else max(1, round(LEVELS * float(np.sqrt(min(share / top, 1.0)))))
