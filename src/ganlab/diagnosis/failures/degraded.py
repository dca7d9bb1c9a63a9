"""Degraded: good once, worse now."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ganlab.diagnosis import signals
from ganlab.diagnosis.case import GOOD, Case, Charge, is_number, ratio
from ganlab.diagnosis.evidence import Series
from ganlab.diagnosis.remedies import R1, SPECTRAL, Cure, at_least, halved_rates
from ganlab.diagnosis.verdict import Finding

WORSE = 1.5
"""Times its own best FID at which a run has degraded."""

CURES = (
    Cure("Take the best snapshot: `ganlab sample RUN --step best`", "early stopping"),
    Cure(
        "A moving average of the generator rides out late swings",
        "Yazici et al. 2019",
        at_least("training.ema", 0.999),
    ),
    Cure("Half the learning rate", "practice", halved_rates),
    R1,
    SPECTRAL,
)


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run whose FID at the end is WORSE times its own best, once it had learned something."""
    if case.rows:
        fid = case.of_rows(lambda row: row["fid"] if is_number(row.get("fid")) else None)
        if len(fid) < 3:
            return
        best = int(np.argmin(fid.values))
        row = next(each for each in case.rows if each["step"] == fid.steps[best])
        # Between a best near the floor of the sample's size and an end near it, a ratio says nothing.
        floor = row.get("fid_real") or 0.0
        last = float(np.median(fid.values[-2:]))
        if (ratio(row, "good") or 0) < GOOD or last - fid.values[best] < 3 * floor:
            return
    elif case.has_quality:
        fid = signals.finite(case.evidence.quality["fid"])
        best, last = int(np.argmin(fid.values)), float(fid.values[-1])
    else:
        return
    lowest = float(fid.values[best])
    if last < WORSE * lowest or lowest <= 0:
        return
    onset = since(fid, WORSE * lowest)
    words = (
        f"FID is {last:.3g} at the end, {last / lowest:.1f} times its own best of {lowest:.3g} "
        f"at step {fid.steps[best]}."
    )
    yield Charge(
        "degraded", None, 1 - lowest / last, onset, (onset, case.last_step),
        (Finding("fid_over_best", last / lowest, WORSE, (int(fid.steps[best]), case.last_step), "Heusel et al. 2017",
                 words),),
        f"The run was better before: {words}",
    )  # fmt: skip


def since(curve: Series, limit: float) -> int:
    """First step of the stretch at the end in which a curve is at or above a limit."""
    below = np.flatnonzero(curve.values < limit)
    return int(curve.steps[min(below[-1] + 1 if len(below) else 0, len(curve) - 1)])
