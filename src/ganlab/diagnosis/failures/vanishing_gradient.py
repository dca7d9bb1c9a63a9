"""Convergence failure by a vanishing gradient: the discriminator wins, and the saturating loss passes nothing on."""

from __future__ import annotations

from collections.abc import Iterator

from ganlab.diagnosis.case import Case, Charge
from ganlab.diagnosis.cures import VICTORY_CURES
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.loss_levels import VICTORY_SOURCE, generator_kind, generator_level, how_it_won, victory

FAINT = 0.01
"""Mean D(G(z)) under which log(1 - D(G(z))) passes no gradient on: its gradient by the logit is -D(G(z))."""


def examine(case: Case) -> Iterator[Charge]:
    """Charge spells in which the saturating loss passes no gradient on, unless the samples are good and varied.

    The generator stands still then, whatever the discriminator still gets wrong about reals.
    """
    if generator_kind(case) != "saturating":
        return
    conditions = [
        (generator_level(case), lambda values: abs(values) < FAINT),
        (case.curve("d_fake"), lambda values: values < FAINT),
    ]
    for spell in case.holding(conditions):
        summary = (
            f"Since {case.at(spell[0])} the discriminator sees through every fake and gives the generator no gradient."
        )
        if charge := victory(case, spell, [*no_gradient(case, spell), *how_it_won(case, spell)], summary):
            yield charge


def no_gradient(case: Case, spell: tuple[int, int]) -> list[Finding]:
    """How little log(1 - D(G(z))) passes on: near 0 it is -D(G(z)), so the loss reveals the score too."""
    curve = case.curve("d_fake") or generator_level(case)
    if curve is None:
        return []
    reaching = abs(case.level_in(curve, spell))
    words = (
        f"D(G(z)) is {reaching:.2g} on average; with log(1 - D(G(z))) that is the gradient per sample, while "
        "the non-saturating loss would give almost 1."
    )
    return [Finding("d_fake", reaching, FAINT, spell, VICTORY_SOURCE, words)]


FAILURE = Failure("convergence_failure/vanishing_gradient", examine, cures=VICTORY_CURES)
