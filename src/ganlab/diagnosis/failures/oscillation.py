"""Oscillation: the two players circle each other and get nowhere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ganlab.diagnosis import trends
from ganlab.diagnosis.case import OWN_RUNS, Case, Charge
from ganlab.diagnosis.cures import ORBIT_CURES
from ganlab.diagnosis.evidence import Series
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.trends import PERIODIC

STEADY = 0.7
"""Amplitude in the last third over that in the first, under which the orbit shrinks."""

SWING = 0.1
"""Standard deviation of the loss over the level of the two players' losses, under which a period is a ripple."""

ENOUGH_ROWS = 150
"""Rows from which a period means anything: of fewer, 1 to 5 % of curves of independent noise seemed to have one."""

SOURCE = "Mescheder et al. 2018; limit " + OWN_RUNS


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run whose losses swing with one period, undamped, while the samples are not good."""
    if case.bad_samples is False or case.improving:
        return
    curves = [(name, curve) for name in ("g_loss", "d_loss") if (curve := case.curve(name)) is not None]
    # One of them may well swing around 0.
    scale = max((abs(trends.level(curve)) for _, curve in curves), default=0.0)
    start = case.evidence.first_step + (case.last_step - case.evidence.first_step) // 4
    for name, curve in curves:
        if len(trends.finite(curve)) < ENOUGH_ROWS:
            continue
        settled = curve.within(start, case.last_step)  # the start of a run is transient
        # A long period drowns in the noise of single steps, and a short one in the medians of blocks.
        for points in (trends.blocks(settled), settled):
            peak = trends.spectral_peak(points)
            if peak is None or peak.share < PERIODIC or peak.steadiness < STEADY:
                continue
            swing = float(np.nanstd(points.values)) / max(scale, 1e-9)
            if swing >= SWING:
                yield orbit(case, name, peak, swing, (onset(curve, peak.period), case.last_step))
                return


def onset(curve: Series, period: float) -> int:
    """Step from which a curve swings: where its size, period by period, at least doubles; else its first step."""
    curve = trends.finite(curve)
    width = max(4, round(period * (len(curve) - 1) / float(np.ptp(curve.steps))))
    rest = len(curve) % width
    sizes = Series(curve.steps[rest::width], curve.values[rest:].reshape(-1, width).std(axis=1))
    change = trends.change_point(sizes)
    first, last = int(curve.steps[0]), int(curve.steps[-1])
    if change is None:
        return first
    before, after = trends.level(sizes.until(change - 1)), trends.level(sizes.within(change, last))
    return change if after >= 2 * before else first


def orbit(case: Case, name: str, peak: trends.Peak, swing: float, window: tuple[int, int]) -> Charge:
    """The charge of a steady swing."""
    moves = f"{100 * peak.share:.0f} % of the variation of {name} is a swing of about {case.count(peak.period)}."
    lasts = f"It does not die down: at the end its size is {peak.steadiness:.2f} times what it was before."
    return Charge(
        severity=min(1.0, swing),
        onset=window[0],
        window=window,
        findings=(
            Finding(f"{name}_period_share", peak.share, PERIODIC, window, SOURCE, moves),
            Finding(f"{name}_steadiness", peak.steadiness, STEADY, window, "Mescheder et al. 2018", lasts),
        ),
        summary=f"The losses circle with a period of about {case.count(peak.period)} and do not settle.",
    )


FAILURE = Failure("oscillation", examine, cures=ORBIT_CURES)
