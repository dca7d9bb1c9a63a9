"""Healthy: what was made is as good and as varied as it should be, and nothing else was found."""

from __future__ import annotations

from collections.abc import Iterator

from ganlab.diagnosis import signals
from ganlab.diagnosis.case import GOOD, OWN_RUNS, WORST_FID, Case, Charge, Row, ratio, relative_vendi
from ganlab.diagnosis.failures.cycling import shares
from ganlab.diagnosis.remedies import Cure
from ganlab.diagnosis.verdict import Finding

VARIETY = 0.5
"""Relative Vendi score from which samples are varied. Coverage and recall, of which small and short runs reach but a
tenth while a person calls their samples fine, are shown and do not decide."""

VISITED = 0.8
"""Share of the real mass in classes that must be among the good samples at all."""

CLOSE = 0.3
"""Coverage, over its real-vs-real value, above which further gains make a run no longer under-trained."""

CURES: tuple[Cure, ...] = ()


def shortfall(case: Case) -> list[Finding]:
    """What keeps the last samples from counting as healthy; empty where nothing does."""
    return [each for each in measured(case) if each.threshold and not (each.value or 0) >= each.threshold]


def measured(case: Case) -> list[Finding]:
    """Quality and variety of the last samples, over their real-vs-real values."""
    window = case.recent_window
    good, variety, covered = (
        case.good,
        case.recently(relative_vendi),
        case.recently(lambda row: ratio(row, "coverage")),
    )
    found = [
        Finding("good", good, GOOD, window, OWN_RUNS,
                f"{100 * good:.0f} % as many samples as real ones pass for real data."),
        Finding("relative_vendi", variety, VARIETY, window, "Friedman & Dieng 2023; limit " + OWN_RUNS,
                f"They hold {100 * variety:.0f} % of the variety of as many real ones."),
    ]  # fmt: skip
    visited = case.recently(visited_mass)
    if visited == visited:
        words = f"They show classes that hold {100 * visited:.0f} % of the real data."
        found.append(Finding("visited_class_mass", visited, VISITED, window, "definition", words))
    if covered == covered:
        words = f"They cover {100 * covered:.0f} % of what real data cover."
        found.append(Finding("coverage", covered, None, window, "Naeem et al. 2020", words))
    return found


def visited_mass(row: Row) -> float | None:
    """Share of the real mass in classes with a good sample; None where there are no classes."""
    known = shares(row)
    return None if known is None else float(known[1][known[0] > 0].sum())


def examine(case: Case) -> Iterator[Charge]:
    """Acquit a run whose samples are good and varied, or whose published metrics are."""
    if case.rows:
        findings = measured(case)
        if shortfall(case):
            return
    elif case.has_quality:
        fid = signals.finite(case.evidence.quality["fid"])
        last, best = float(fid.values[-1]), float(fid.values.min())
        if last > WORST_FID:
            return
        words = f"FID is {last:.3g} at the end, near the run's own best of {best:.3g}."
        findings = [
            Finding("fid", last, WORST_FID, (int(fid.steps[0]), int(fid.steps[-1])), "Heusel et al. 2017", words)
        ]
    else:
        return
    yield Charge(
        "healthy", None, 0.0, None, findings[0].window, tuple(findings),
        "Nothing is wrong that the evidence could show: " + " ".join(each.words for each in findings),
        decisive=len(findings),
    )  # fmt: skip
