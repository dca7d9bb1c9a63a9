"""Never learned: no sample ever left the floor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ganlab.diagnosis.case import GARBAGE, GOOD, OWN_RUNS, WORST_FID, Case, Charge, ratio
from ganlab.diagnosis.cures import LONGER, NON_SATURATING, STEADIER_ADAM
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.remedies import Cure, at_least, faster, set_to
from ganlab.diagnosis.sample_levels import all_alike, few_kinds, shows_few

WORST_INCEPTION_SCORE = 2.7
"""Best Inception Score (CIFAR-10 and alike) under which no image was ever learned."""


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run none of whose snapshots passed the garbage test, or whose published metrics never moved.

    Samples that range over the data show something of it, however few pass the test; and those that have something of
    the reals and repeat each other, or show a few kinds of picture, have collapsed. What lay near the reals once has
    learned.
    """
    last = case.last_step
    if case.rows:
        passing = case.of_rows(lambda row: ratio(row, "good"))
        if not len(passing) or passing.values.max() >= GOOD or case.passing >= GARBAGE or case.improving:
            return
        if case.ranging or case.was_near or few_kinds(case) or (case.shaped and shows_few(case)):
            return
        if all_alike(case):
            return
        best = float(passing.values.max())
        share = (
            f"At best, samples looked like the data {100 * best:.0f} % as often as real ones do"
            if best >= 0.005
            else "Hardly any sample ever looked like the data"
        )
        words = f"{share}."
        finding = Finding("good", best, GOOD, (case.rows[0]["step"], last), OWN_RUNS, words)
        severity = 1 - best
    elif case.has_quality:
        fid = case.fid
        score = case.evidence.quality.get("inception_score")
        best = float(fid.values.min())
        best_score = -np.inf if score is None else np.nanmax(score.values, initial=-np.inf)
        if best <= WORST_FID or best_score >= WORST_INCEPTION_SCORE or case.fid_falls:
            return
        words = f"The best FID of the whole run is {best:.0f}: the samples never came close to the real images."
        finding = Finding("fid", best, WORST_FID, (int(fid.steps[0]), last), "published CIFAR-10 runs", words)
        severity = 1.0
    else:
        return
    yield case.charge(
        since=case.evidence.first_step,
        severity=severity,
        findings=[finding],
        summary=f"The generator never made samples like the data. {words}",
    )


FAILURE = Failure(
    "never_learned",
    examine,
    cures=(
        STEADIER_ADAM,
        Cure("faster", "A learning rate high enough to move the weights", "Radford et al. 2015", faster),
        Cure(
            "kernel_4",
            "Kernels of size 4 with stride 2 see enough of the image",
            "Radford et al. 2015",
            lambda experiment: (
                set_to("generator.kernel_size", 4)(experiment) | set_to("discriminator.kernel_size", 4)(experiment)
            ),
        ),
        Cure(
            "wider_generator",
            "A wider generator has the capacity for the data",
            "practice",
            at_least("generator.width", 32),
        ),
        Cure(
            "wider_discriminator",
            "A wider discriminator gives the generator more to learn from",
            "practice",
            at_least("discriminator.width", 32),
        ),
        NON_SATURATING,
        LONGER,
        Cure(
            "look_at_data", "Look at the data: compare real samples with generated ones, on the same scale", "practice"
        ),
    ),
)
