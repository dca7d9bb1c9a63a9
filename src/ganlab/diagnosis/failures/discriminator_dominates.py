"""Convergence failure: the discriminator tells every fake from every real image, and the generator cannot follow."""

from __future__ import annotations

from collections.abc import Iterator

from ganlab.diagnosis.case import OWN_RUNS, Case, Charge
from ganlab.diagnosis.remedies import NON_SATURATING, ONE_UPDATE_EACH, R1, SPECTRAL, STEADIER_ADAM, Cure, added
from ganlab.diagnosis.verdict import Finding

WON = 0.01
"""Discriminator loss per half under which it has won."""

SURE = 0.99
"""Accuracy on reals and on fakes above which it has won."""

LOST = {"cross_entropy": 3.0, "least_squares": 0.35, "hinge": 0.9}
"""Generator loss above which its fakes are recognised: D(G(z)) < .05 for cross-entropy; chance is .69, .125 and 0."""

FAINT = 0.01
"""Mean D(G(z)) under which log(1 - D(G(z))) passes no gradient on: its gradient by the logit is -D(G(z))."""

SOURCE = "Goodfellow et al. 2014, section 3; Arjovsky & Bottou 2017"

CURES = (
    STEADIER_ADAM,
    ONE_UPDATE_EACH,
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


def examine(case: Case) -> Iterator[Charge]:
    """Charge spells in which the discriminator has won, unless the samples are good and varied all the same."""
    family = case.evidence.family
    if family == "wasserstein" or case.d_half is None:
        return
    g_loss, d_fake = case.curve("g_loss"), case.curve("d_fake")
    saturating = case.evidence.saturating
    conditions = [
        (case.d_half, lambda values: abs(values) < WON),
        (case.curve("d_acc_real"), lambda values: values > SURE),
        (case.curve("d_acc_fake"), lambda values: values > SURE),
    ]
    if not saturating:
        lost = LOST.get(family or "", min(LOST.values()))
        conditions.append((g_loss, lambda values: values > lost))
    for spell in case.holding(conditions):
        lasting = case.lasts(spell)
        if lasting and case.bad_samples is False:
            continue
        d = case.level_in(case.d_half, spell)
        findings = [
            Finding("d_loss", d, WON, spell, SOURCE,
                    f"The discriminator's loss per half is {d:.2g} (a coin toss costs .69 in cross-entropy).")
        ]  # fmt: skip
        for name, which in (("d_acc_real", "real images"), ("d_acc_fake", "fakes")):
            curve = case.curve(name)
            if curve is not None:
                value = case.level_in(curve, spell)
                words = f"It is right about {100 * value:.1f} % of the {which}."
                findings.append(Finding(name, value, SURE, spell, SOURCE, words))
        vanishing = False
        if saturating and family == "cross_entropy":
            # Near 0, log(1 - D(G(z))) is -D(G(z)): the loss tells the score.
            reaches = g_loss if d_fake is None else d_fake
            reaching = abs(case.level_in(reaches, spell)) if reaches is not None else 1.0
            vanishing = reaching < FAINT
            if vanishing:
                words = (
                    f"D(G(z)) is {reaching:.2g} on average; with log(1 - D(G(z))) that is the gradient each sample "
                    "receives, where the non-saturating loss would give almost 1."
                )
                findings.insert(0, Finding("d_fake", reaching, FAINT, spell, SOURCE, words))
        elif g_loss is not None:
            g = case.level_in(g_loss, spell)
            findings.append(
                Finding("g_loss", g, None, spell, SOURCE, f"The generator's loss is {g:.3g}: no fake passes.")
            )
        if case.bad_samples and lasting:
            findings.append(
                Finding("good", case.good, 0.5, case.recent_window, OWN_RUNS,
                        f"Of the last samples {100 * case.good:.0f} % as many as of real ones pass for real data.")
            )  # fmt: skip
        what = "gives the generator no gradient" if vanishing else "wins every time"
        yield Charge(
            "convergence_failure",
            "vanishing_gradient" if vanishing else "discriminator_dominates",
            severity=min(1.0, 1 - 0.5 * case.good) if case.bad_samples else 0.7,
            onset=spell[0],
            window=spell,
            findings=tuple(findings),
            summary=f"Since step {spell[0]} the discriminator tells real from fake without error and {what}.",
            active=lasting,
        )
