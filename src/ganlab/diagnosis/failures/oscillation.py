"""Oscillation: the two players circle each other and get nowhere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ganlab.diagnosis import signals
from ganlab.diagnosis.case import OWN_RUNS, Case, Charge
from ganlab.diagnosis.failures import cycling
from ganlab.diagnosis.verdict import Finding

PERIODIC = 0.5
"""Share of a loss's variance that must lie at one period."""

STEADY = 0.7
"""Amplitude in the last third over that in the first, under which the orbit shrinks."""

SWING = 0.1
"""Standard deviation of the loss over its level, under which a period is a ripple."""

SOURCE = "Mescheder et al. 2018; limit " + OWN_RUNS

CURES = cycling.CURES


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run whose losses swing with one period, undamped, while the samples are not good."""
    if case.bad_samples is False or case.improving:
        return
    first = case.evidence.first_step + (case.last_step - case.evidence.first_step) // 4
    for name in ("g_loss", "d_loss"):
        curve = case.curve(name)
        if curve is None:
            continue
        # The start of a run is transient.
        curve = curve.within(first, case.last_step)
        peak = signals.spectral_peak(curve)
        if peak is None:
            continue
        swing = float(np.nanstd(curve.values)) / max(abs(float(np.nanmean(curve.values))), 1e-9)
        if peak.share >= PERIODIC and peak.steadiness >= STEADY and swing >= SWING:
            window = (first, case.last_step)
            yield Charge(
                "oscillation", None, min(1.0, swing), first, window,
                (
                    Finding(f"{name}_period_share", peak.share, PERIODIC, window, SOURCE,
                            f"{100 * peak.share:.0f} % of the movement of {name} is a swing of about "
                            f"{peak.period:.0f} steps."),
                    Finding(f"{name}_steadiness", peak.steadiness, STEADY, window, "Mescheder et al. 2018",
                            f"It does not die down: its size at the end is {peak.steadiness:.2f} of that before."),
                ),
                f"The losses circle with a period of about {peak.period:.0f} steps and do not settle.",
                decisive=1,
            )  # fmt: skip
            return
