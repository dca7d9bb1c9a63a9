"""Memorisation: the samples are training images."""

from __future__ import annotations

from collections.abc import Iterator

from ganlab.diagnosis.case import GARBAGE, OWN_RUNS, Case, Charge, is_number, ratio
from ganlab.diagnosis.cures import OVERFIT_CURES
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding

TOO_CLOSE = -3.0
"""C_T under which samples lie closer to the training images than unseen real images do."""

AUTHENTIC = 0.5
"""Share of authentic samples, over that of held-out reals, under which they are copies."""

COPIED = 0.5
"""Share of the samples that are near-duplicates of a training image from which they are copies, if unseen real images
are not so too."""

COPIED_OVER = 4.0
"""Times the share of unseen real images from which these are not so too."""


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run whose last samples lie too close to its training images.

    Noise of a generator that has hardly begun lies close to one of them, too: garbage copies nothing. C_T is a test,
    for which a hundred copies are too few; that most samples are near-duplicates of a training image shows it as well.
    """
    rows = [row for row in case.rows if is_number(row.get("authenticity"))]
    if not rows:
        return
    row = rows[-1]
    window = (row["step"], row["step"])
    authentic, closeness = ratio(row, "authenticity"), row.get("c_t")
    if authentic is None or authentic >= AUTHENTIC or case.passing < GARBAGE:
        return
    copied = row.number("copies") or 0.0
    copying = copied >= COPIED and copied >= COPIED_OVER * (row.number("copies_real") or 0.0)
    if is_number(closeness) and closeness >= TOO_CLOSE and not copying:
        return
    words = (
        f"Samples keep a normal distance from the training images only {100 * authentic:.0f} % as often "
        "as unseen real ones do."
    )
    findings = [Finding("authenticity", authentic, AUTHENTIC, window, "Alaa et al. 2022; limit " + OWN_RUNS, words)]
    if copying:
        words = f"{100 * copied:.0f} % of them are near-duplicates of a training image."
        findings.append(Finding("copies", copied, COPIED, window, "definition; limit " + OWN_RUNS, words))
    elif is_number(closeness):
        words = f"Samples lie closer to training images than unseen real images do (C_T = {closeness:.1f})."
        findings.append(Finding("c_t", closeness, TOO_CLOSE, window, "Meehan et al. 2020", words))
    yield Charge(
        severity=1 - authentic,
        onset=None,
        window=window,
        findings=tuple(findings),
        summary="The samples are (nearly) copies of training images.",
    )


FAILURE = Failure("memorisation", examine, cures=OVERFIT_CURES)
