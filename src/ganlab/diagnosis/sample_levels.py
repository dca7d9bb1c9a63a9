"""What the statistics of the samples say, for failures that ask the same of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganlab.diagnosis.case import GOOD, OWN_RUNS, Case, Row, ratio, relative_vendi
from ganlab.diagnosis.findings import Finding

VARIED = 0.5
"""Relative Vendi score from which samples are varied. Coverage and recall, of which small and short runs reach but a
tenth while a person calls their samples fine, are shown and do not decide."""

VISITED = 0.8
"""Share of the real mass in classes that must be among the good samples at all."""

NARROW = 0.25
"""Relative Vendi score of a class under which its samples are too alike."""

RISEN = 0.05
"""Rise, over the last half of the run, of the share of what was asked for that the samples show, from which the
generator is still learning to show it."""


def class_shares(row: Row) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Shares of the good samples and of the reals by class; None if the row has no classes or no good sample."""
    counts, real = row.get("class_counts"), row.get("class_shares_real")
    if not counts or not real or len(counts) != len(real) or not sum(counts):
        return None
    return np.asarray(counts, float) / sum(counts), np.asarray(real, float)


def visited_mass(row: Row) -> float | None:
    """Share of the real mass in classes with a good sample; None if there are no classes."""
    known = class_shares(row)
    return None if known is None else float(known[1][known[0] > 0].sum())


def quality(case: Case) -> list[Finding]:
    """Quality and variety of the last samples, over their real-vs-real values."""
    window = case.recent_window
    passing, variety, covered = (
        case.passing,
        case.recently(relative_vendi),
        case.recently(lambda row: ratio(row, "coverage")),
    )
    found = [
        Finding(
            "good",
            passing,
            GOOD,
            window,
            OWN_RUNS,
            f"Samples pass the garbage test {100 * passing:.0f} % as often as real ones.",
        ),
        Finding(
            "relative_vendi",
            variety,
            VARIED,
            window,
            "Friedman & Dieng 2023; limit " + OWN_RUNS,
            f"They have {100 * variety:.0f} % of the variety of the same number of real ones.",
        ),
    ]
    visited = case.recently(visited_mass)
    if visited == visited:
        words = f"They cover classes that hold {100 * visited:.0f} % of the real data."
        found.append(Finding("visited_class_mass", visited, VISITED, window, "definition", words))
    if covered == covered:
        words = f"They cover {100 * covered:.0f} % of what real ones cover."
        found.append(Finding("coverage", covered, None, window, "Naeem et al. 2020", words))
    return found


def shortfall(case: Case) -> list[Finding]:
    """What keeps the last samples from counting as healthy; empty if nothing does."""
    return [each for each in quality(case) if each.threshold and not (each.value or 0) >= each.threshold]
