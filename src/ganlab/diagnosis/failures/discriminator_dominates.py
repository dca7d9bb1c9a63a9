"""Convergence failure: the discriminator tells every fake from every real image, and the generator cannot follow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ganlab.diagnosis import signals
from ganlab.diagnosis.case import GOOD, OWN_RUNS, Case, Charge
from ganlab.diagnosis.evidence import Series
from ganlab.diagnosis.remedies import NON_SATURATING, R1, SPECTRAL, STEADIER_ADAM, Cure, added, fewer_updates
from ganlab.diagnosis.verdict import Finding

WON = 0.01
"""Discriminator loss per half under which it has won."""

SURE = 0.99
"""Accuracy on reals and on fakes above which it has won."""

FAINT = 0.01
"""Mean D(G(z)) under which log(1 - D(G(z))) passes no gradient on: its gradient by the logit is -D(G(z))."""

LOST = {"non_saturating": 3.0, "least_squares": 0.35, "hinge": 0.9}
"""Generator loss above which its fakes are recognised: D(G(z)) < .05 for the non-saturating loss; chance is .69,
.125 (.25 without the factor 1/2) and 0."""

SOURCE = "Goodfellow et al. 2014, section 3; Arjovsky & Bottou 2017"

CURES = (
    STEADIER_ADAM,
    Cure(
        "One discriminator update a step gives the generator time to follow",
        "Goodfellow et al. 2014, algorithm 1 (k = 1)",
        fewer_updates("discriminator"),
    ),
    NON_SATURATING,
    R1,
    Cure(
        "Instance noise makes the two distributions overlap again",
        "Sonderby et al. 2017",
        added("stabilizers", name="instance_noise", std=0.1),
    ),
    Cure(
        "One-sided label smoothing keeps the discriminator from growing sure",
        "Salimans et al. 2016, section 3.4",
        added("stabilizers", name="label_smoothing", real=0.9),
    ),
    SPECTRAL,
    Cure("A smaller discriminator or a larger generator", "practice"),
)


def generator_kind(case: Case) -> str | None:
    """Which generator's loss it is, as far as its levels mean anything: `saturating`, a name of LOST, or None.

    log(1 - D(G(z))) is never above 0, and -log D(G(z)) never below. Of a family not known, losses that never fall below
    0 are none of a critic; least squares has the limits that hold for the others too.
    """
    family, d_loss, g_loss = case.evidence.family, case.curve("d_loss"), case.curve("g_loss")
    if family == "cross_entropy":
        saturating = case.evidence.saturating
        if saturating is None:
            saturating = g_loss is not None and signals.level(g_loss) < 0
        return "saturating" if saturating else "non_saturating"
    if family is None and d_loss is not None and g_loss is not None:
        return None if min(np.nanmin(d_loss.values), np.nanmin(g_loss.values)) < 0 else "least_squares"
    return family if family in LOST else None


def examine(case: Case) -> Iterator[Charge]:
    """Charge spells in which the discriminator has won, unless the samples are good and varied all the same."""
    kind = generator_kind(case)
    if kind is None:
        return
    for spell in case.holding(conditions(case, kind)):
        lasting = case.lasts(spell)
        if lasting and case.bad_samples is False:
            continue
        findings = [*no_gradient(case, spell), *won(case, spell)] if kind == "saturating" else won(case, spell)
        if case.bad_samples and lasting:
            findings.append(
                Finding("good", case.good, GOOD, case.recent_window, OWN_RUNS,
                        f"Of the last samples {100 * case.good:.0f} % as many as of real ones pass for real data.")
            )  # fmt: skip
        what = "and gives the generator no gradient" if kind == "saturating" else "and wins every time"
        yield Charge(
            "convergence_failure",
            "vanishing_gradient" if kind == "saturating" else "discriminator_dominates",
            severity=min(1.0, 1 - 0.5 * case.good) if case.bad_samples else 0.7,
            onset=spell[0],
            window=spell,
            findings=tuple(findings),
            summary=f"Since step {spell[0]} the discriminator sees through every fake {what}.",
            active=lasting,
        )


def conditions(case: Case, kind: str) -> list[tuple[Series | None, signals.Condition]]:
    """What must hold for the discriminator to have won."""
    g_loss, d_fake = case.curve("g_loss"), case.curve("d_fake")
    if kind == "saturating":  # the generator stands still, whatever the discriminator still gets wrong about reals
        return [(g_loss, lambda values: abs(values) < FAINT), (d_fake, lambda values: values < FAINT)]
    if case.d_half is None:
        return []
    return [
        (g_loss, lambda values: values > LOST[kind]),
        (case.d_half, lambda values: abs(values) < WON),
        (case.curve("d_acc_real"), lambda values: values > SURE),
        (case.curve("d_acc_fake"), lambda values: values > SURE),
    ]


def no_gradient(case: Case, spell: tuple[int, int]) -> list[Finding]:
    """How little log(1 - D(G(z))) passes on: near 0 it is -D(G(z)), so that the loss tells the score too."""
    curve = case.curve("d_fake") or case.curve("g_loss")
    if curve is None:
        return []
    reaching = abs(case.level_in(curve, spell))
    words = (
        f"D(G(z)) is {reaching:.2g} on average; with log(1 - D(G(z))) that is the gradient each sample receives, where "
        "the non-saturating loss would give almost 1."
    )
    return [Finding("d_fake", reaching, FAINT, spell, SOURCE, words)]


def won(case: Case, spell: tuple[int, int]) -> list[Finding]:
    """By how much the discriminator has won, and what that means for the generator."""
    found = []
    for name, curve, limit, words in (
        ("d_loss", case.d_half, WON, "The discriminator's loss per half is {:.2g} (cross-entropy at chance: .69)."),
        ("d_acc_real", case.curve("d_acc_real"), SURE, "Its accuracy on real images is {:.3g}."),
        ("d_acc_fake", case.curve("d_acc_fake"), SURE, "Its accuracy on fakes is {:.3g}."),
        ("g_loss", case.curve("g_loss"), None, "The generator's loss is {:.3g}: no fake passes."),
    ):  # fmt: skip
        if curve is not None:
            value = case.level_in(curve, spell)
            found.append(Finding(name, value, limit, spell, SOURCE, words.format(value)))
    return found
