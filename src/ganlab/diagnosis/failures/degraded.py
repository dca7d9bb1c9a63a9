"""Degraded: good once, worse now."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ganlab.diagnosis.case import GOOD, WORSE, WORST_FID, Case, Charge, is_number, ratio
from ganlab.diagnosis.cures import BEST_SNAPSHOT, HALVED_RATES, R1, SPECTRAL
from ganlab.diagnosis.evidence import Series
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.fid_course import advice
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.remedies import Cure, at_least

FALLEN = 0.8
"""Share of good samples at the end, over that at the best FID, at most: the FID of few samples jumps."""


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run that had learned something and whose FID is now WORSE times its own best."""
    if case.rows:
        fid = case.of_rows(lambda row: row["fid"] if is_number(row.get("fid")) else None)
        if len(fid) < 3:
            return
        # The end is the last two snapshots: one alone may be a bad moment.
        fid = Series(fid.steps, np.append(fid.values[:-1], np.median(fid.values[-2:])))
        best = int(np.argmin(fid.values))
        row = next(each for each in case.rows if each["step"] == fid.steps[best])
        # Between a best near the floor of the sample's size and an end near it, a ratio says nothing.
        near_floor = fid.values[-1] - fid.values[best] < 3 * (row.get("fid_real") or 0.0)
        passing = ratio(row, "good") or 0.0
        if passing < GOOD or near_floor or case.passing > FALLEN * passing:
            return
    elif case.has_quality:
        fid = case.fid
        best = int(np.argmin(fid.values))
    else:
        return
    lowest, last = float(fid.values[best]), float(fid.values[-1])
    if last < WORSE * lowest or lowest <= 0 or (not case.rows and lowest > WORST_FID):
        return
    onset = since(fid, WORSE * lowest)
    words = (
        f"FID is {last:.3g} at the end, {last / lowest:.1f} times its own best of {lowest:.3g} "
        f"at {case.at(fid.steps[best])}."
    )
    window = (int(fid.steps[best]), case.last_step)
    yield case.charge(
        since=onset,
        severity=1 - lowest / last,
        findings=[Finding("fid_over_best", last / lowest, WORSE, window, "Heusel et al. 2017", words)],
        summary=f"The run used to be better: {words}{'' if case.rows else advice(case)}",
    )


def since(curve: Series, limit: float) -> int:
    """First step of the stretch at the end in which a curve is at or above a limit."""
    below = np.flatnonzero(curve.values < limit)
    return int(curve.steps[min(below[-1] + 1 if len(below) else 0, len(curve) - 1)])


FAILURE = Failure(
    "degraded",
    examine,
    cures=(
        BEST_SNAPSHOT,
        Cure(
            "ema",
            "A moving average of the generator smooths out late swings",
            "Yazici et al. 2019",
            at_least("training.ema", 0.999),
        ),
        HALVED_RATES,
        R1,
        SPECTRAL,
    ),
)
