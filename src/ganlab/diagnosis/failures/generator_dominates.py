"""Convergence failure: a weak discriminator takes garbage for real."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ganlab.diagnosis import trends
from ganlab.diagnosis.case import GOOD, OWN_RUNS, Case, Charge
from ganlab.diagnosis.cures import ONE_GENERATOR_UPDATE
from ganlab.diagnosis.evidence import Series
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.loss_levels import LOSING, generator_kind, generator_level
from ganlab.diagnosis.remedies import Cure, at_least, doubled

FOOLED = 0.9
"""Mean D(G(z)) above which the discriminator takes fakes for real."""

PASSES = {"non_saturating": -math.log(FOOLED), "saturating": math.log(1 - FOOLED)}
"""Generator's loss below which the same is true."""


def examine(case: Case) -> Iterator[Charge]:
    """Charge spells in which fakes are scored as real (cross-entropy only), unless the samples are good.

    Where the generator also learns from other terms, only bad samples accuse.
    """
    found = fooled(case)
    if found is None or (case.evidence.weighted and not case.bad_samples):
        return
    name, curve, limit, conditions = found
    for spell in case.holding(conditions):
        # Good and varied samples acquit it, whoever wins; then it only contributes to what else there is.
        lasting = case.lasts(spell) and case.bad_samples is not False and not case.fid_falls
        value = case.level_in(curve, spell)
        words = f"The discriminator takes fakes for real: {name} is {value:.2g}."
        findings = [Finding(name, value, limit, spell, "Goodfellow et al. 2014; limit " + OWN_RUNS, words)]
        if case.rows and lasting:
            words = f"Yet samples look like the data only {100 * case.passing:.0f} % as often as real ones do."
            findings.append(Finding("good", case.passing, GOOD, case.recent_window, OWN_RUNS, words))
        yield Charge(
            severity=min(1.0, 1 - 0.5 * case.passing) if case.rows and lasting else 0.6,
            onset=spell[0],
            window=spell,
            findings=tuple(findings),
            summary=f"Since {case.at(spell[0])} the discriminator has accepted whatever the generator makes as real.",
            active=lasting,
        )


def fooled(case: Case) -> tuple[str, Series, float, list[tuple[Series | None, trends.Condition]]] | None:
    """The curve that shows best whether fakes pass as real, its limit, and all that must hold; None without one."""
    kind = generator_kind(case)
    if case.evidence.family != "cross_entropy" or kind is None:
        return None
    d_fake, d_loss_fake = case.curve("d_fake"), case.curve("d_loss_fake")
    if d_fake is not None:
        return "d_fake", d_fake, FOOLED, [(d_fake, lambda values: values > FOOLED)]
    if d_loss_fake is not None:
        limit = -math.log(1 - FOOLED)
        return "d_loss_fake", d_loss_fake, limit, [(d_loss_fake, lambda values: values > limit)]
    g_loss, d_loss = generator_level(case), case.curve("d_loss")
    if g_loss is None or d_loss is None:
        return None
    passing, losing = (g_loss, lambda values: values < PASSES[kind]), (d_loss, lambda values: values > LOSING)
    return "g_loss", g_loss, PASSES[kind], [passing, losing]


FAILURE = Failure(
    "convergence_failure/generator_dominates",
    examine,
    cures=(
        ONE_GENERATOR_UPDATE,
        Cure(
            "faster_discriminator",
            "A discriminator that learns as fast as the generator can keep up with it",
            "Heusel et al. 2017 (two time scales)",
            at_least("optimizer.discriminator.lr", 2e-4),
        ),
        Cure(
            "wider_discriminator",
            "A wider discriminator sees what is wrong with the fakes",
            "practice",
            doubled("discriminator.width", 32, 512),
        ),
        Cure(
            "two_discriminator_updates",
            "Two discriminator updates per step",
            "Goodfellow et al. 2014, algorithm 1 (k > 1)",
            at_least("training.discriminator_steps", 2),
        ),
    ),
)
