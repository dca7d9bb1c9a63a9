"""Healthy: what was made is as good and as varied as it should be, and nothing else was found."""

from __future__ import annotations

from collections.abc import Iterator

from ganlab.diagnosis import signals
from ganlab.diagnosis.case import GOOD, OWN_RUNS, WORST_FID, Case, Charge, ratio
from ganlab.diagnosis.remedies import Cure
from ganlab.diagnosis.verdict import Finding

COVERAGE = 0.3
"""Coverage, over its real-vs-real value, from which the samples reach most of the data."""

CURES: tuple[Cure, ...] = ()


def shortfall(case: Case) -> list[Finding]:
    """What keeps the last samples from counting as healthy; empty where nothing does."""
    return [each for each in measured(case) if each.value is not None and each.value < (each.threshold or 0)]


def measured(case: Case) -> list[Finding]:
    """Quality and variety of the last samples, over their real-vs-real values."""
    window = case.recent_window
    found = []
    for name, limit, source, words in (
        ("good", GOOD, OWN_RUNS, "{:.0f} % as many samples as real ones pass for real data."),
        ("coverage", COVERAGE, "Naeem et al. 2020", "The samples cover {:.0f} % of what real data cover."),
    ):
        value = case.recently(lambda row, name=name: ratio(row, name))  # type: ignore[misc]
        if value == value:
            found.append(Finding(name, value, limit, window, source, words.format(100 * value)))
    return found


def examine(case: Case) -> Iterator[Charge]:
    """Acquit a run whose samples are good and varied, or whose published metrics are."""
    if case.rows:
        findings = measured(case)
        if len(findings) < 2 or shortfall(case):
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
