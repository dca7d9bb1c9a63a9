"""Convergence failure by a batch-norm leak: both players win, which only a side channel explains."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ganlab.diagnosis import signals
from ganlab.diagnosis.case import Case, Charge
from ganlab.diagnosis.failures.discriminator_dominates import generator_kind
from ganlab.diagnosis.remedies import SPECTRAL, Cure, set_to
from ganlab.diagnosis.verdict import Finding

NOTHING = 0.01
"""Loss under which a player has nothing left to gain, per half of the discriminator."""

PASSED: dict[str, signals.Condition] = {
    "non_saturating": lambda values: np.abs(values) < NOTHING,
    "saturating": lambda values: values < math.log(NOTHING),
    "least_squares": lambda values: np.abs(values) < NOTHING,
    "hinge": lambda values: values < NOTHING - 1,
}
"""What the generator's loss is where nearly every fake passes as real: D(G(z)) > .99, or beyond hinge's margin."""

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
    """Charge spells in which both players win: their losses are near 0 together, in the usual cross-entropy.

    They cannot both be for the same samples: D near 0 says that fakes are recognised, G near 0 that they pass. The
    discriminator sees the fakes of its own update and those of the generator's in different batches, and judges the
    batch's statistics instead of the image.
    """
    g_loss = case.curve("g_loss")
    kind = generator_kind(case)
    if case.d_half is None or g_loss is None or kind is None:
        return
    for spell in case.holding([(case.d_half, lambda values: np.abs(values) < NOTHING), (g_loss, PASSED[kind])]):
        d, g = case.level_in(case.d_half, spell), case.level_in(g_loss, spell)
        bounded = kind not in ("hinge", "saturating")  # else the loss falls without end, and has no place near 0
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
                    NOTHING if bounded else None,
                    spell,
                    "batch statistics as a side channel",
                    f"The generator's loss is {g:.2g} at the same time: its fakes pass as real. "
                    "Both can only be true if the batch itself gives away what is real.",
                ),
            ),
            summary=f"Since step {spell[0]} both players win together: batch statistics leak the label to the "
            "discriminator, and the generator learns nothing.",
            decisive=2 if bounded else 1,
            active=case.lasts(spell),
        )
