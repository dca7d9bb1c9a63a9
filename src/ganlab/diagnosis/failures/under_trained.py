"""Under-trained: it still improves. No accusation."""

from __future__ import annotations

from collections.abc import Iterator

from ganlab.diagnosis.case import FAST, GOOD, Case, Charge, ratio
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.fid_course import advice
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.remedies import Cure, longer
from ganlab.diagnosis.sample_levels import shortfall

CLOSE = 0.3
"""Coverage, over its real-vs-real value, above which further gains make a run no longer under-trained."""


def examine(case: Case) -> Iterator[Charge]:
    """Report a run whose samples, or else its printed FID, still improve and are not yet close to real images."""
    if not case.rows and case.fid_fall > FAST:
        yield falling(case)
        return
    found = case.improvement
    close = case.recently(lambda row: ratio(row, "coverage")) >= CLOSE and not shortfall(case)
    if found is None or close:
        return
    name = {"fid": "FID", "good": "The share of samples that pass the garbage test", "coverage": "Coverage"}[
        found.signal
    ]
    # From next to nothing any change is a great many percent.
    by = f"{100 * found.change:.0f} %" if found.change < 2 else "more than twice its level"
    words = f"{name} still changed by {by} over the last half of the run."
    yield Charge(
        severity=max(0.0, min(1.0, 1 - case.passing / GOOD)) / 2,
        onset=None,
        window=found.window,
        findings=(
            Finding(found.signal, found.change, found.needed, found.window, "Mann 1945; Theil-Sen slope", words),
        ),
        summary=f"The samples are not good yet, but they are still improving. {words}",
    )


def falling(case: Case) -> Charge:
    """The report of a run whose printed FID still falls."""
    window = (int(case.fid.steps[0]), int(case.fid.steps[-1]))
    first, last = float(case.fid.values[0]), float(case.fid.values[-1])
    fall = f"{100 * case.fid_fall:.0f} %"
    words = f"FID fell from {first:.3g} to {last:.3g}, by {fall} of its level in the last half alone."
    return Charge(
        severity=0.0,
        onset=None,
        window=window,
        findings=(Finding("fid", case.fid_fall, FAST, window, "Mann 1945; Theil-Sen slope", words),),
        summary=f"The run was still improving when it ended. {words}{advice(case)}",
    )


FAILURE = Failure(
    "under_trained",
    examine,
    cures=(Cure("Train longer: the samples were still getting better", "the run itself", longer),),
)
