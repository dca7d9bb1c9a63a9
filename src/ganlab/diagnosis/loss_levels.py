"""What the levels of the losses say, for failures that ask the same of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ganlab.config.objectives import FAMILY_WORDS, FIXED_LEVELS, Family
from ganlab.diagnosis import trends
from ganlab.diagnosis.case import APART, GOOD, OWN_RUNS, Case, Charge
from ganlab.diagnosis.evidence import Series
from ganlab.diagnosis.findings import Finding

WON = 0.01
"""Discriminator loss per half under which it recognises every fake."""

SURE = 0.99
"""Accuracy on reals and on fakes above which the discriminator has won."""

LOSING = 1.0
"""Discriminator's loss, sum or mean, above which it loses: fakes that it takes for real cost it 2.3 by themselves."""

CHANCE: Mapping[Family, str] = {
    "cross_entropy": ".69",
    "least_squares": ".25, or .13 with the factor 1/2",
    "hinge": "1",
}
"""Discriminator's loss per half at chance, as a verdict says it."""

ENOUGH_ROWS = 12
"""Rows from which the losses say anything."""

TERM_LOST = "the adversarial term teaches the generator nothing any more; the other terms carry the training"

BALANCED: Mapping[Family, tuple[tuple[float, ...], tuple[float, ...], str]] = {
    "cross_entropy": ((0.6931, 0.3466), (0.6931,), " (D(x) = D(G(z)) = .5)"),
    "least_squares": ((0.25, 0.125), (0.25, 0.125), " (D(x) = D(G(z)) = .5)"),
    "hinge": ((1.0, 0.5), (0.0,), " (mean scores of 0)"),
}
"""At chance: the discriminator's loss per half, of a sum or a mean, the generator's loss, and the scores in words."""

AROUND = 0.05
"""Distance up to which a loss is at chance: relative to the level that it has there, or absolute if that is 0."""

MOST = 0.95
"""Share of its rows that must be at chance for a run to have been there throughout."""

VICTORY_SOURCE = "Goodfellow et al. 2014, section 3; Arjovsky & Bottou 2017"


def generator_kind(case: Case) -> str | None:
    """Which generator's loss it is, as far as its levels mean anything; None if they mean nothing.

    Returns:
        `saturating`, `non_saturating`, `least_squares` or `hinge`.

    log(1 - D(G(z))) is never above 0, and -log D(G(z)) never below.
    """
    family, g_loss = case.evidence.family, case.curve("g_loss")
    if family == "cross_entropy":
        saturating = case.evidence.saturating
        if saturating is None:
            saturating = g_loss is not None and trends.level(g_loss) < 0
        return "saturating" if saturating else "non_saturating"
    return family if family in FIXED_LEVELS else None


def victory(case: Case, spell: tuple[int, int], findings: list[Finding], summary: str) -> Charge | None:
    """The charge that the discriminator has won over a spell; None if it lasts and the samples are good all the same.

    Where the generator also learns from other terms, bad samples accuse it, or its own loss, if it has lasted: that
    has no weight.

    Args:
        case: what is judged.
        spell: first and last step.
        findings: what shows it.
        summary: one sentence.
    """
    lasting = case.lasts(spell)
    if lasting and (case.bad_samples is False or case.fid_falls):
        return None
    if case.evidence.weighted and not case.bad_samples:
        if not (lasting and won_by_its_loss(case, spell)):
            return None
        summary = f"{summary.removesuffix('.')}: {TERM_LOST}."
    if case.rows and case.bad_samples and lasting:
        findings = [*findings, bad_samples(case)]
    return Charge(
        severity=min(1.0, 1 - 0.5 * case.passing) if case.rows and case.bad_samples else 0.7,
        onset=spell[0],
        window=spell,
        findings=tuple(findings),
        summary=summary,
        active=lasting,
    )


def bad_samples(case: Case) -> Finding:
    """How bad the last samples are, beside a discriminator that has won."""
    words = f"The last samples look like the data {100 * case.passing:.0f} % as often as real ones do."
    return Finding("good", case.passing, GOOD, case.recent_window, OWN_RUNS, words)


def far_samples(case: Case) -> Finding:
    """How far the last pictures lie from the reals as a whole, beside a discriminator that has won."""
    words = f"As a whole the last samples still lie apart from the reals (energy coefficient {case.distance:.2g})."
    return Finding("energy_coefficient", case.distance, APART, case.recent_window, OWN_RUNS, words)


def won_by_its_loss(case: Case, spell: tuple[int, int]) -> bool:
    """Return whether the discriminator's own loss alone shows that it has won over a spell, in ENOUGH_ROWS rows."""
    if case.d_half is None:
        return False
    within = case.d_half.within(*spell)
    return len(within) >= ENOUGH_ROWS and abs(trends.level(within)) < WON


def generator_level(case: Case) -> Series | None:
    """The generator's loss, if its level means anything: not if it is one of several terms."""
    return None if case.evidence.weighted else case.curve("g_loss")


def adversarial_level(case: Case) -> Series | None:
    """What fakes cost the generator, also as one of several terms if that is printed before it is weighted."""
    return case.curve("g_loss") if case.evidence.plain_term else generator_level(case)


def at_chance(case: Case) -> str:
    """What the discriminator's loss per half is at chance, in parentheses; nothing if the loss is not known."""
    family = case.evidence.family
    if case.evidence.families or family is None or family not in CHANCE:
        return ""
    return f" ({FAMILY_WORDS[family]} at chance: {CHANCE[family]})"


def chance_throughout(case: Case) -> str:
    """Say that both losses have been at chance in nearly every row of the run, and what that leaves open."""
    family, g_loss = case.evidence.family or "unknown", case.curve("g_loss")
    if family not in BALANCED or case.d_half is None or g_loss is None or case.evidence.weighted:
        return ""
    if not set(case.evidence.families) <= {family, "relativistic"} or len(case.d_half) < ENOUGH_ROWS:
        return ""
    d_levels, g_levels, scores = BALANCED[family]
    for curve, of_player in ((case.d_half, d_levels), (g_loss, g_levels)):
        values = trends.finite(curve).values
        if not any((np.abs(values - level) < AROUND * (level or 1)).mean() > MOST for level in of_player):
            return ""
    return (
        f" Both losses have been at chance{scores} over the whole run: either the two networks balance, or the "
        "discriminator learns nothing; only samples tell."
    )


def how_it_won(case: Case, spell: tuple[int, int]) -> list[Finding]:
    """How clearly the discriminator has won over a spell, and what that means for the generator."""
    found = []
    curves: tuple[tuple[str, Series | None, float | None, str], ...] = (
        ("d_loss", case.d_half, WON, f"The discriminator's loss per half is {{:.2g}}{at_chance(case)}."),
        ("d_acc_real", case.curve("d_acc_real"), SURE, "Its accuracy on real images is {:.3g}."),
        ("d_acc_fake", case.curve("d_acc_fake"), SURE, "Its accuracy on fakes is {:.3g}."),
        ("g_loss", adversarial_level(case), None, "The generator's loss is {:.3g}: no fake passes."),
    )
    for name, curve, limit, words in curves:
        if curve is not None:
            value = case.level_in(curve, spell)
            found.append(Finding(name, value, limit, spell, VICTORY_SOURCE, words.format(value)))
    return found
