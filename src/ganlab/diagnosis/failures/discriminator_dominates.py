"""Convergence failure: the discriminator tells every fake from every real image, and the generator cannot follow."""

from __future__ import annotations

from collections.abc import Iterator

from ganlab.diagnosis.case import Case, Charge
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.loss_levels import SURE, WON, adversarial_level, generator_kind, how_it_won, victory
from ganlab.diagnosis.remedies import VICTORY_CURES

LOST = {"non_saturating": 3.0, "least_squares": 0.35, "hinge": 0.9}
"""Generator loss above which its fakes are recognised: D(G(z)) < .05 for the non-saturating loss; chance is .69,
.125 (.25 without the factor 1/2) and 0."""


def examine(case: Case) -> Iterator[Charge]:
    """Charge spells in which the discriminator has won, unless the samples are good and varied all the same.

    With the saturating loss that is a vanishing gradient, which has criteria of its own.
    """
    kind = generator_kind(case)
    if kind not in LOST or case.d_half is None:
        return
    conditions = [
        (adversarial_level(case), lambda values: values > LOST[kind]),
        (case.d_half, lambda values: abs(values) < WON),
        (case.curve("d_acc_real"), lambda values: values > SURE),
        (case.curve("d_acc_fake"), lambda values: values > SURE),
    ]
    for spell in case.holding(conditions):
        summary = f"Since {case.at(spell[0])} the discriminator sees through every fake and wins every time."
        if charge := victory(case, spell, how_it_won(case, spell), summary):
            yield charge


FAILURE = Failure("convergence_failure/discriminator_dominates", examine, cures=VICTORY_CURES)
