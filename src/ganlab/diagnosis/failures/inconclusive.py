"""Inconclusive: nothing is proved, neither a failure nor health."""

from __future__ import annotations

from collections.abc import Iterator

from ganlab.diagnosis.beyond_losses import made_by, why_nothing
from ganlab.diagnosis.case import Case, Charge
from ganlab.diagnosis.explosion import non_finite
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.fid_course import advice
from ganlab.diagnosis.loss_levels import chance_throughout


def examine(case: Case) -> Iterator[Charge]:
    """Say why nothing is proved: the honest verdict if nothing else holds."""
    further = ""
    if not case.rows and not case.has_quality:
        why, made = why_nothing(case.evidence, broken(case)), made_by(case.evidence)
        further = chance_throughout(case)
        further += f" Only the {made.what} themselves can show whether they are good." if made else ""
    elif not case.rows:
        further = advice(case)
        why = "the FID is neither good and at its best, nor bad or worse by so much that it has a name"
    else:
        why = "the samples are not good enough to be healthy, and not bad in a way that has a name"
    yield Charge(
        severity=0.0,
        onset=None,
        window=(case.evidence.first_step, case.last_step),
        findings=(),
        summary=f"Nothing is proved: {why}.{further}",
    )


def broken(case: Case) -> str:
    """Say which numbers were not finite for a while, and when; nothing if all are finite, or none came back."""
    found = non_finite(case)
    if found is None or found.window[1] == case.last_step:
        return ""
    first, last = found.window
    when = case.at(first) if first == last else case.stretch(found.window)
    return f"{found.words.split(' ')[0]} was NaN or infinite ({when}), and finite again after that"


FAILURE = Failure("inconclusive", examine)
