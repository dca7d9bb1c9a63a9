"""The verdict on a case: the first failure, in order of precedence, that still holds, and what else was found."""

from __future__ import annotations

from ganlab.diagnosis.calibration import confidence
from ganlab.diagnosis.case import Case, Charge, reals_fail
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.failures import FAILURES
from ganlab.diagnosis.remedies import prescribe
from ganlab.diagnosis.verdict import Contribution, Missing, Verdict
from ganlab.verdicts import accuses, join, short_words


def diagnose(evidence: Evidence) -> Verdict:
    """Judge a run by its evidence alone."""
    case = Case(evidence)
    found = [(charge, failure.CURES) for failure in FAILURES for charge in failure.examine(case)]
    active = [pair for pair in found if pair[0].active]
    missing = what_is_missing(case)
    charge, cures = active[0] if active else (inconclusive(case, missing), ())
    acquitted = bool(active) and not accuses(charge.failure)
    others = tuple(
        sorted(
            (
                Contribution(other.failure, other.variant, other.onset, other.window)
                for other, _ in found
                if other is not charge and accuses(other.failure) and not acquitted
            ),
            key=lambda each: each.window[0],
        )
    )
    # A cause is a spell that the run came out of; what still holds is what became of it.
    causes = tuple(other for other, _ in found if other is not charge and not other.active)
    sure, basis = confidence(charge, case)
    return Verdict(
        failure=charge.failure,
        variant=charge.variant,
        confidence=sure,
        basis=basis,
        severity=round(float(charge.severity), 3),
        onset_step=charge.onset,
        summary=charge.summary + following(charge, causes),
        contributing=others,
        evidence=charge.findings,
        missing=missing,
        remedies=prescribe(cures, evidence.experiment),
        source=evidence.source,
        steps=(evidence.first_step, evidence.last_step),
        notes=evidence.notes,
    )


def following(charge: Charge, causes: tuple[Charge, ...]) -> str:
    """Say what led there: the first cause that was seen before the failure began."""
    before = [each for each in causes if charge.onset is not None and each.window[0] < charge.onset]
    if not before:
        return ""
    first = min(before, key=lambda each: each.window[0])
    return (
        f" It follows {short_words(join(first.failure, first.variant))} (steps {first.window[0]} to {first.window[1]})."
    )


def inconclusive(case: Case, missing: tuple[Missing, ...]) -> Charge:
    """The honest verdict where nothing is proved, neither a failure nor health."""
    if not case.rows and not case.has_quality:
        why = "losses alone cannot tell a healthy run from a collapsed one, and they prove no failure"
    else:
        why = "the samples are neither good enough to be healthy nor bad in a way that has a name"
    window = (case.evidence.first_step, case.last_step)
    lacking = f" Missing: {', '.join(each.what for each in missing)}." if missing else ""
    return Charge("inconclusive", None, 0.0, None, window, (), f"Nothing is proved: {why}.{lacking}")


def what_is_missing(case: Case) -> tuple[Missing, ...]:
    """Name the evidence that was not there, and how to get it."""
    curves, rows = case.evidence.curves, case.rows
    found = []
    if case.d_half is None or "g_loss" not in curves:
        found.append(Missing("losses", "log the discriminator's and the generator's loss at every step"))
    elif case.evidence.family is None:
        found.append(Missing("loss family", "say which loss it is: --loss hinge"))
    if not rows and any(map(reals_fail, case.evidence.snapshots)):
        found.append(
            Missing("samples at a size that can be judged", "train on: at this one real images do not pass as such")
        )
    elif not rows and not case.has_quality:
        found.append(
            Missing("samples", "name samples and real data: --samples samples.npz --real mnist, or use ganlab.Monitor")
        )
    if "grad_g_output" not in curves:
        found.append(Missing("gradients", "log the norm of the gradient at the generator's output (ganlab.Monitor)"))
    if not any(row.get("d_held_out") is not None for row in case.evidence.snapshots):
        found.append(Missing("held-out scores", "log the discriminator's mean score on real images it never saw"))
    return tuple(found)
