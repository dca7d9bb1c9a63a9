"""Healthy: what was made is as good and as varied as it should be, and nothing else was found."""

from __future__ import annotations

from collections.abc import Iterator

from ganlab.diagnosis.case import WORST_FID, Case, Charge
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.fid_course import advice
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.sample_levels import quality, shortfall, twins


def examine(case: Case) -> Iterator[Charge]:
    """Acquit a run whose samples are good and varied, or whose published metrics are."""
    if case.rows:
        findings = quality(case)
        if shortfall(case) or twins(case):
            return
    elif case.has_quality:
        fid = case.fid
        last, best = float(fid.values[-1]), float(fid.values.min())
        if not case.at_best_fid:
            return
        words = f"FID is {last:.3g} at the end, close to the run's own best of {best:.3g}."
        findings = [
            Finding("fid", last, WORST_FID, (int(fid.steps[0]), int(fid.steps[-1])), "Heusel et al. 2017", words)
        ]
    else:
        return
    yield Charge(
        severity=0.0,
        onset=None,
        window=findings[0].window,
        findings=tuple(findings),
        summary="The evidence shows nothing wrong. "
        + " ".join(each.words for each in findings)
        + (still(case) if case.rows else advice(case)),
    )


def still(case: Case) -> str:
    """Say that good samples still improve; nothing if they do not, or hardly did in its last quarter."""
    found = case.improvement
    return "" if found is None or found.settled else f" {found.words} Training longer may make them better still."


FAILURE = Failure("healthy", examine)
