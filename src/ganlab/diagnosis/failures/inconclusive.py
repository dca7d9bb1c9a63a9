"""Inconclusive: nothing is proved, neither a failure nor health."""

from __future__ import annotations

from collections.abc import Iterator

from ganlab.diagnosis.case import Case, Charge
from ganlab.diagnosis.failure import Failure


def examine(case: Case) -> Iterator[Charge]:
    """Say why nothing is proved: the honest verdict if nothing else holds."""
    if not case.rows and not case.has_quality:
        why = "losses alone cannot distinguish a healthy run from a collapsed one, and these prove no failure"
    else:
        why = "the samples are not good enough to be healthy, and not bad in a way that has a name"
    lacking = f" Missing: {', '.join(each.what for each in case.missing)}." if case.missing else ""
    yield Charge(
        severity=0.0,
        onset=None,
        window=(case.evidence.first_step, case.last_step),
        findings=(),
        summary=f"Nothing is proved: {why}.{lacking}",
    )


FAILURE = Failure("inconclusive", examine)
