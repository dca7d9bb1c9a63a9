"""Discriminator overfit: it knows its training images by heart, and tells them from real ones it never saw."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ganlab.diagnosis import trends
from ganlab.diagnosis.case import CLOSE, OWN_RUNS, WORSE, Case, Charge, Row, is_number
from ganlab.diagnosis.cures import OVERFIT_CURES
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding

OVERFIT = 0.5
"""r_v above which held-out real images are scored more like fakes than like training images."""

APART = {"cross_entropy": 0.1, "least_squares": 0.1, "hinge": 0.2, "wasserstein": 0.2}
"""Least distance of the mean scores of training images and fakes for their ratio to mean anything."""

SOURCE = "Karras et al. 2020 (ADA), eq. 1; limit " + OWN_RUNS


def overfit(row: Row, apart: float) -> float | None:
    """r_v = (E D(train) - E D(held out)) / (E D(train) - E D(fake)): 0 for none, 1 if unseen reals score like fakes."""
    train, unseen, fake = (row.get(key) for key in ("d_train", "d_held_out", "d_fake"))
    if not (is_number(train) and is_number(unseen) and is_number(fake)):
        return None
    if train - fake < apart:
        return 0.0
    return float((train - unseen) / (train - fake))


LEAKING = 0.8
"""Strength of ADA's augmentations above which they leak into the samples."""

BEYOND = 1.0
"""Strength above which it is no probability any more: nothing is left that stronger augmentation could do."""

ENOUGH_ROWS = 5
"""Rows in the last fifth of a run that must print the strength."""


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run whose discriminator knows its training images, by its scores or by what ADA needs against it."""
    yield from by_scores(case)
    yield from by_augmentation(case)


def by_augmentation(case: Case) -> Iterator[Charge]:
    """Charge a run whose augmentations grew beyond their range, as ADA raises them while the discriminator overfits.

    Runs may stay good at full strength, so FID must have become as much worse as a degraded run's; beyond all that
    the strength can do, any loss of quality will do. One that never moved was set by somebody.
    """
    curve = case.evidence.controls.get("augment")
    if curve is None or len(curve.within(*case.late_window)) < ENOUGH_ROWS or np.ptp(curve.values) == 0:
        return
    limit = LEAKING if case.has_quality or case.rows else BEYOND
    spells = trends.spells(curve, lambda values: values > limit)
    strength = trends.level(curve.within(*case.late_window))
    factor = CLOSE if strength > BEYOND else WORSE
    worse = case.has_quality and case.fid.values[-1] > factor * case.fid.values.min()
    if not spells or not case.lasts(spells[-1]) or (case.bad_samples is False and not worse):
        return
    since = spells[-1][0]
    source = "Karras et al. 2020 (ADA), section 3"
    words = f"ADA's augmentations are at a strength of {strength:.2g}: the discriminator knows its training images."
    yield case.charge(
        since=since,
        severity=0.6,
        findings=[Finding("augment", strength, limit, case.late_window, source, words)],
        summary=f"Since {case.at(since)} augmentation no longer keeps the discriminator from overfitting. {words}",
    )


def by_scores(case: Case) -> Iterator[Charge]:
    """Charge a run whose discriminator scores held-out reals more like fakes than like training images."""
    apart = APART.get(case.evidence.family or "", 0.2)

    def too_far(row: Row) -> bool:
        value = overfit(row, apart)
        return value is not None and value > OVERFIT

    if not case.always_recently(too_far):
        return
    onset, value = case.since(too_far), case.recently(lambda row: overfit(row, apart))
    words = f"Real images it never saw score {100 * value:.0f} % of the way from training images to fakes."
    if value >= 1:
        words = "Real images it never saw score no better than fakes."
    yield case.charge(
        since=onset,
        severity=min(1.0, value),
        findings=[Finding("r_v", value, OVERFIT, case.recent_window, SOURCE, words)],
        summary=(
            f"Since {case.at(onset)} the discriminator has memorised its training images and not learned what is real."
        ),
    )


FAILURE = Failure("discriminator_overfit", examine, cures=OVERFIT_CURES)
