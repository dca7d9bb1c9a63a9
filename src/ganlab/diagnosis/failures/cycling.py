"""Mode collapse, cycling: few modes at a time, and other ones each time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from ganlab.diagnosis import trends
from ganlab.diagnosis.case import GOOD, RECENT, Case, Charge, Row, ratio
from ganlab.diagnosis.cures import CYCLING_CURES
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.sample_levels import class_shares

LOOK_BACK = 8
"""Snapshots at the end that are looked at."""

FEW = 0.6
"""Share of the real mass that a snapshot's modes may hold at most."""

FEWEST_SAMPLES = 5
"""Good samples from which a mode counts as visited: a handful may be a classifier's mistake."""

SAMPLES_A_MODE = 10
"""Good samples a mode, on average, from which one that is made as often as any other is seldom (Poisson: 3 %) made less
often than FEWEST_SAMPLES."""

UNION = 1.5
"""Times a snapshot's own mass that all of them together must hold."""

CHANGES = 0.3
"""Share of successive snapshots between which the dominant mode must have changed."""


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run whose snapshots each hold few modes, but not the same ones, unless it is still learning."""
    passing = [row for row in case.rows[-LOOK_BACK:] if class_shares(row) and (ratio(row, "good") or 0) >= GOOD / 2]
    rows = [row for row in passing if tells(row)]
    if len(rows) < 3 or case.still_learning or not all(map(tells, passing[-RECENT:])):
        return
    table = [found for row in rows if (found := class_shares(row))]
    enough = np.array([[count >= FEWEST_SAMPLES for count in row["class_counts"]] for row in rows])
    held = np.array([(share >= 0.1 * real) & (real > 0) for share, real in table]) & enough
    real = table[-1][1]
    if (real > 0).sum() < 2:
        return
    masses, union = held @ real, float(held.any(0) @ real)
    dominant = [int(np.argmax(share)) for share, _ in table]
    changes = float(np.mean([a != b for a, b in itertools.pairwise(dominant)]))
    mass = float(np.median(masses))
    if not (mass < FEW and masses[-1] < FEW and union >= UNION * mass and changes >= CHANGES):
        return
    window = (rows[0]["step"], rows[-1]["step"])
    findings = [
        Finding(
            "mode_mass",
            mass,
            FEW,
            window,
            "Metz et al. 2017",
            f"Each snapshot covers modes that hold {100 * mass:.0f} % of the real data.",
        ),
        Finding(
            "mode_mass_union",
            union,
            UNION * mass,
            window,
            "Metz et al. 2017",
            f"Together, the last {len(rows)} cover {100 * union:.0f} %: the generator moves from mode to mode.",
        ),
        Finding(
            "dominant_mode_changes",
            changes,
            CHANGES,
            window,
            "Metz et al. 2017",
            f"The most common mode changed between {100 * changes:.0f} % of successive snapshots.",
        ),
    ]
    g_loss = case.curve("g_loss")
    peak = trends.spectral_peak(g_loss.within(*window)) if g_loss is not None else None
    if peak is not None and peak.share > 0.3:
        words = f"The generator's loss swings with a period of about {case.count(peak.period)}, which fits."
        findings.append(Finding("g_loss_period", peak.period, None, window, "supports, never decides", words))
    few = [row["step"] for row, each in zip(rows, masses, strict=True) if each < FEW]
    yield case.charge(
        since=few[0],
        severity=1 - mass,
        findings=findings,
        summary=(
            f"The generator visits a few modes at a time and moves on: since {case.at(few[0])} each snapshot shows "
            "different ones."
        ),
    )


def tells(row: Row) -> bool:
    """Return whether a row's good samples are enough to tell which modes it visits."""
    modes = sum(share > 0 for share in row["class_shares_real"])
    return bool(sum(row["class_counts"]) >= SAMPLES_A_MODE * modes)


FAILURE = Failure("mode_collapse/cycling", examine, cures=CYCLING_CURES)
