"""Before and after a resume: what a run that was started again has become since."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganlab.diagnosis import trends
from ganlab.diagnosis.case import Case
from ganlab.diagnosis.evidence import Series
from ganlab.runs.history import LOSS_COLUMNS

FEWEST = 8
"""Rows of a loss before and after a restart from which they are compared; as many of each, the nearest ones."""

MOST = 200
"""Rows that are compared at most: further away, a run has other levels anyway."""

APART = 4.0
"""Times the larger spread of the two by which their levels must differ."""

SPREADS = 4.0
"""Times its spread before by which a loss must swing after."""

WORSE = 1.15
"""Times its level before that each of the last FIDs after must reach, two of them at least."""

FIDS = 3
"""FIDs before a restart that count, and after it, at most."""

REMEDY = (
    "Check that the restart restored the optimisers' state, the learning rate and the moving average of the weights, "
    "and that the data come in a new order."
)


def since_restart(case: Case) -> str:
    """Say what is clearly worse or different since the last restart, and what to check; empty if nothing is."""
    restarts = case.whole.restarts
    if not restarts:
        return ""
    restart = restarts[-1]
    worse, changed = _worse_fid(case.fid, restart), list(_changes(case, restart))
    if worse:
        return f" Worse since the restart at {case.at(restart)}: {'; '.join([worse, *changed])}. {REMEDY}"
    if changed:
        return f" Different since the restart at {case.at(restart)}: {'; '.join(changed)}. {REMEDY}"
    return ""


def _worse_fid(fid: Series, restart: int) -> str:
    before, after = _around(fid, restart)
    before, after = before[-FIDS:], after[-FIDS:]
    if not len(before) or len(after) < 2 or after.min() < WORSE * np.median(before):
        return ""
    return f"FID {np.median(before):.3g} before, {np.median(after):.3g} after"


def _changes(case: Case, restart: int) -> Iterator[str]:
    """Yield each loss whose level or spread differs clearly."""
    for name in LOSS_COLUMNS:
        curve = case.curve(name)
        if curve is None:
            continue
        before, after = _around(trends.finite(curve), restart)
        count = min(len(before), len(after), MOST)
        if count < FEWEST:
            continue
        before, after = before[-count:], after[:count]
        (was, swung), (now, swings) = _level_and_spread(before), _level_and_spread(after)
        if abs(now - was) > APART * max(swung, swings):
            yield f"{name} {was:.3g} before, {now:.3g} after"
        elif swings > SPREADS * swung:
            yield f"{name} swings by {swung:.2g} before, {swings:.2g} after"


def _around(curve: Series, restart: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values before a step, and from it on."""
    return curve.values[curve.steps < restart], curve.values[curve.steps >= restart]


def _level_and_spread(values: NDArray[np.float64]) -> tuple[float, float]:
    """Median, and half the distance that the middle two thirds span: a standard deviation, which outliers do not move.

    No less than a twentieth of the level: a printed loss has few digits.
    """
    low, level, high = np.quantile(values, [1 / 6, 0.5, 5 / 6])
    return float(level), max(float(high - low) / 2, 0.05 * abs(float(level)), 1e-3)
