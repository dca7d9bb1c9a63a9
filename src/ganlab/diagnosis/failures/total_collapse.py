"""Mode collapse, total: every sample is the same."""

from __future__ import annotations

from collections.abc import Iterator

from ganlab.diagnosis.case import ALIKE, Case, Charge, Row, relative_vendi
from ganlab.diagnosis.cures import COLLAPSE_CURES
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.sample_levels import SEVERAL, all_different, may_yet_differ, one_picture, repeated, repeats_of
from ganlab.runs.snapshots import MOST_REPEATED


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run most of whose last snapshots, the very last among them, hold samples that are nearly identical.

    Noise that all pictures share makes their features alike, though they differ: near-duplicates must agree.
    """

    def alike(row: Row) -> bool:
        value = relative_vendi(row)
        return value is not None and value < ALIKE and not all_different(row)

    if may_yet_differ(case) or case.always_recently(several):
        return
    value = case.recently(relative_vendi)
    # A generator that jumps from one sample to another is between two of them at times: most snapshots must say so.
    if not value < ALIKE or not alike(case.recent[-1]):
        if case.always_recently(one_picture):
            yield _same(case, case.since(one_picture))
        return
    onset = case.since(alike)
    words = (
        f"The samples have {100 * value:.1f} % of the variety of real ones (relative Vendi score): "
        "they are almost identical."
    )
    yield case.charge(
        since=onset,
        severity=1 - value,
        findings=[
            Finding("relative_vendi", value, ALIKE, case.recent_window, "Friedman & Dieng 2023", words),
            *repeats_of(case),
        ],
        summary=f"Since {case.at(onset)} {pictures(case.recent[-1])}",
    )


def several(row: Row) -> bool:
    """Return whether a row's samples, which repeat each other, show more than SEVERAL pictures: that is partial."""
    return repeated(row) and (row.number("distinct") or 0) > SEVERAL


def pictures(row: Row) -> str:
    """Say what a row's samples, which are alike, show: one picture, or a few."""
    distinct = row.number("distinct")
    if not repeated(row) or not distinct or distinct == 1:
        return "all samples have been nearly identical."
    count = min(row.number("n") or 0, MOST_REPEATED)
    return f"the samples have shown next to no variety: {count:,.0f} of them show {distinct:,.0f} different pictures."


def _same(case: Case, onset: int) -> Charge:
    """The charge of samples that are near-duplicates of one another without exception."""
    return case.charge(
        since=onset,
        severity=1.0,
        findings=repeats_of(case),
        summary=f"Since {case.at(onset)} all samples have been near-duplicates of one another.",
    )


FAILURE = Failure("mode_collapse/total", examine, cures=COLLAPSE_CURES)
