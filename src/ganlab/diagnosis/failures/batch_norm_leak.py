"""Convergence failure by a batch-norm leak: both players win, which only a side channel explains."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ganlab.diagnosis.case import Case, Charge
from ganlab.diagnosis.cures import SPECTRAL
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.loss_levels import WON, generator_kind, generator_level
from ganlab.diagnosis.remedies import Cure, set_to

PASSING = 0.9
"""D(G(z)) above which the generator's fakes pass: no nearer to 1, as a leaking run is slow to get from .9 to .99."""

PASSED = {
    "non_saturating": -math.log(PASSING),
    "saturating": math.log(1 - PASSING),
    "least_squares": 0.02,
    "hinge": -0.9,
}
"""Generator's loss under which the same is true; a score of .8 in least squares, of .9 in hinge."""


def examine(case: Case) -> Iterator[Charge]:
    """Charge spells in which both players win: their losses are near 0 together, in the usual cross-entropy.

    They cannot both be for the same samples: D near 0 says that fakes are recognised, G near 0 that they pass. The
    discriminator sees the fakes of its own update and those of the generator's in different batches, and judges the
    batch's statistics instead of the image.
    """
    g_loss = generator_level(case)
    kind = generator_kind(case)
    if case.d_half is None or g_loss is None or kind is None:
        return
    recognised, passing = (
        (case.d_half, lambda values: abs(values) < WON),
        (g_loss, lambda values: values < PASSED[kind]),
    )
    for spell in case.holding([recognised, passing]):
        d, g = case.level_in(case.d_half, spell), case.level_in(g_loss, spell)
        source = "batch statistics as a side channel"
        recognises = f"The discriminator's loss per half is {d:.2g}: it recognises every fake."
        passes = (
            f"The generator's loss is {g:.2g} at the same time, so its fakes pass as real. "
            "Both can only be true if the batch itself gives away which images are real."
        )
        yield Charge(
            severity=0.9,
            onset=spell[0],
            window=spell,
            findings=(
                Finding("d_loss", d, WON, spell, source, recognises),
                Finding("g_loss", g, PASSED[kind], spell, source, passes),
            ),
            summary=f"Since {case.at(spell[0])} both networks have won at once: batch statistics leak the label to the "
            "discriminator, and the generator learns nothing.",
            active=case.lasts(spell) and case.bad_samples is not False and not case.fid_falls,
        )


FAILURE = Failure(
    "convergence_failure/batch_norm_leak",
    examine,
    cures=(
        Cure(
            "separate_batches",
            "With separate batches for reals and fakes, only the images themselves can give them away",
            "Ioffe & Szegedy 2015; practice",
            lambda experiment: (
                {"training.discriminator_batches": "summed"}
                if experiment.training.discriminator_batches == "mixed"
                else {}
            ),
        ),
        Cure(
            "layer_norm",
            "Layer normalisation in the discriminator looks at one image at a time",
            "Gulrajani et al. 2017, section 4",
            set_to("discriminator.norm", "layer"),
        ),
        SPECTRAL,
    ),
)
