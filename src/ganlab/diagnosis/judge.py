"""The verdict on a case: the first failure, in order of precedence, that still holds, and what else was found."""

from __future__ import annotations

from ganlab.diagnosis.calibration import confidence
from ganlab.diagnosis.case import Case, Charge
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.failures import FAILURES
from ganlab.diagnosis.findings import Contribution
from ganlab.diagnosis.remedies import prescribe
from ganlab.diagnosis.verdict import Verdict
from ganlab.verdicts import INCONCLUSIVE, accuses, short_words, split


def diagnose(evidence: Evidence) -> Verdict:
    """Judge a run by its evidence alone."""
    case = Case(evidence)
    found = [(failure, charge) for failure in FAILURES for charge in failure.examine(case)]
    failure, charge = next(pair for pair in found if pair[1].active)  # `inconclusive` always holds
    others = [pair for pair in found if pair[1] is not charge]
    sure, basis = confidence(failure.name, charge, case)
    name, variant = split(failure.name)
    return Verdict(
        failure=name,
        variant=variant,
        confidence=sure,
        basis=basis,
        severity=round(float(charge.severity), 3),
        onset_step=charge.onset,
        summary=charge.summary + following(case, charge, others),
        contributing=contributions(failure, others),
        evidence=charge.findings,
        missing=case.missing,
        remedies=prescribe(failure.cures, evidence.experiment),
        source=evidence.source,
        steps=(evidence.first_step, evidence.last_step),
        notes=evidence.notes,
        reading=None if evidence.read is None else evidence.read.in_short(),
        judged_on=evidence,
    )


def contributions(failure: Failure, others: list[tuple[Failure, Charge]]) -> tuple[Contribution, ...]:
    """What else was found, by when it began; nothing if the verdict acquits the run."""
    if failure.name != INCONCLUSIVE and not accuses(failure.name):
        return ()
    accusing = [
        Contribution(*split(other.name), charge.onset, charge.window) for other, charge in others if accuses(other.name)
    ]
    return tuple(sorted(accusing, key=lambda each: each.window[0]))


def following(case: Case, charge: Charge, others: list[tuple[Failure, Charge]]) -> str:
    """Say what led there: the first cause that was seen before the failure began.

    A cause is a spell that the run came out of; what still holds is what became of it.
    """
    before = [
        (failure, other)
        for failure, other in others
        if not other.active and charge.onset is not None and other.window[0] < charge.onset
    ]
    if not before:
        return ""
    failure, first = min(before, key=lambda pair: pair[1].window[0])
    return f" It follows {short_words(failure.name)} ({case.stretch(first.window)})."
