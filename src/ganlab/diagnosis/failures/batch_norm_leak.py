"""Convergence failure by a batch-norm leak: both players win, which only a side channel explains."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ganlab.diagnosis.case import Case, Charge
from ganlab.diagnosis.remedies import SPECTRAL, Cure, set_to
from ganlab.diagnosis.verdict import Finding

NOTHING = 0.01
"""Loss under which a player has nothing left to gain, per half of the discriminator."""

CURES = (
    Cure(
        "Batches of their own for reals and fakes leave nothing to tell them apart by but the images",
        "Ioffe & Szegedy 2015; practice",
        lambda experiment: (
            {"training.discriminator_batches": "summed"} if experiment.training.discriminator_batches == "mixed" else {}
        ),
    ),
    Cure(
        "Layer normalisation in the discriminator looks at one image at a time",
        "Gulrajani et al. 2017, section 4",
        set_to("discriminator.norm", "layer"),
    ),
    SPECTRAL,
)


def examine(case: Case) -> Iterator[Charge]:
    """Charge spells in which the discriminator's and the generator's loss are near 0 together.

    They cannot both be for the same samples: D near 0 says that fakes are recognised, G near 0 that they pass. The
    discriminator sees the fakes of its own update and those of the generator's in different batches, and judges the
    batch's statistics instead of the image.
    """
    g_loss = case.curve("g_loss")
    if case.d_half is None or g_loss is None or case.evidence.saturating or case.evidence.family == "wasserstein":
        return
    if case.evidence.family == "hinge":
        passed = (g_loss, lambda values: values < -1 + NOTHING)
    else:
        passed = (g_loss, lambda values: np.abs(values) < NOTHING)
    for spell in case.holding([(case.d_half, lambda values: np.abs(values) < NOTHING), passed]):
        d, g = case.level_in(case.d_half, spell), case.level_in(g_loss, spell)
        yield Charge(
            "convergence_failure",
            "batch_norm_leak",
            severity=0.9,
            onset=spell[0],
            window=spell,
            findings=(
                Finding(
                    "d_loss",
                    d,
                    NOTHING,
                    spell,
                    "batch statistics as a side channel",
                    f"The discriminator's loss per half is {d:.2g}: it recognises every fake.",
                ),
                Finding(
                    "g_loss",
                    g,
                    None if case.evidence.family == "hinge" else NOTHING,
                    spell,
                    "batch statistics as a side channel",
                    f"The generator's loss is {g:.2g} at the same time: its fakes pass as real. "
                    "Both can only be true if the batch itself gives away what is real.",
                ),
            ),
            summary=f"Since step {spell[0]} both losses are near 0 together: batch statistics leak the label to the "
            "discriminator, and the generator learns nothing.",
            decisive=2 if case.evidence.family != "hinge" else 1,
            active=case.lasts(spell),
        )
