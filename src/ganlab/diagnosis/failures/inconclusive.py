"""Inconclusive: nothing is proved, neither a failure nor health."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ganlab.diagnosis.beyond_losses import made_by, why_nothing
from ganlab.diagnosis.case import LEARNING, Case, Charge
from ganlab.diagnosis.explosion import came_back
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.fid_course import advice
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.loss_levels import chance_throughout
from ganlab.diagnosis.sample_levels import shortfall, twins


def examine(case: Case) -> Iterator[Charge]:
    """Say why nothing is proved: the honest verdict if nothing else holds."""
    further = ""
    if not case.rows and not case.has_quality:
        why, made = why_nothing(case.evidence, came_back(case)), made_by(case.evidence)
        further = chance_throughout(case)
        further += f" Only the {made.what} themselves can show whether they are good." if made else ""
    elif not case.rows:
        further = advice(case)
        why = "the FID is neither good and at its best, nor bad or worse by so much that it has a name"
    else:
        short = shortfall(case)
        poor = [each for each in short if not math.isnan(each.value or 0)]
        if poor:
            why = "the samples are not good enough to be healthy, and not bad in a way that has a name"
        elif twins(case):
            why = "the samples are good, but more of them repeat each other than by chance"
        else:
            why = "the samples are good as far as they were looked at"
        further = "".join(f" {each.words}{healthy_has(each) if each in poor else ''}" for each in short)
        if poor and case.updates is not None and case.updates < LEARNING:
            further += f" After {case.updates} updates of the generator that is no surprise: train longer."
    yield Charge(
        severity=0.0,
        onset=None,
        window=(case.evidence.first_step, case.last_step),
        findings=(),
        summary=f"Nothing is proved: {why}.{further}",
    )


def healthy_has(finding: Finding) -> str:
    """Say what a healthy run has where the samples fall short."""
    if finding.signal == "energy_coefficient":
        return f" A healthy run has at most {finding.threshold}."
    return f" A healthy run has at least {100 * (finding.threshold or 0):.0f} %."


FAILURE = Failure("inconclusive", examine)
