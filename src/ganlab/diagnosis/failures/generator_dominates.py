"""Convergence failure: a weak discriminator takes garbage for real."""

from __future__ import annotations

from collections.abc import Iterator

from ganlab.diagnosis.case import OWN_RUNS, Case, Charge
from ganlab.diagnosis.remedies import ONE_UPDATE_EACH, Cure, at_least
from ganlab.diagnosis.verdict import Finding

FOOLED = 0.9
"""Mean D(G(z)) above which the discriminator takes fakes for real."""

CURES = (
    ONE_UPDATE_EACH,
    Cure(
        "A discriminator that learns as fast as the generator follows what it does",
        "Heusel et al. 2017 (two time scales)",
        at_least("optimizer.discriminator.lr", 2e-4),
    ),
    Cure("A wider discriminator sees what is wrong with the fakes", "practice", at_least("discriminator.width", 32)),
    Cure(
        "Two discriminator updates a step",
        "Goodfellow et al. 2014, algorithm 1 (k > 1)",
        at_least("training.discriminator_steps", 2),
    ),
)


def examine(case: Case) -> Iterator[Charge]:
    """Charge spells in which fakes are scored as real (cross-entropy only), unless the samples are good."""
    if case.evidence.family not in ("cross_entropy", None):
        return
    d_fake = case.curve("d_fake")
    name, curve = ("d_fake", d_fake) if d_fake is not None else ("d_loss_fake", case.curve("d_loss_fake"))
    if curve is None or (name == "d_fake" and case.evidence.family is None):
        return
    # -log(1 - .9) = 2.3: the same limit, told by the loss on fakes.
    limit = FOOLED if name == "d_fake" else 2.3
    for spell in case.holding([(curve, lambda values: values > limit)]):
        lasting = case.lasts(spell)
        if lasting and case.bad_samples is False:
            continue
        value = case.level_in(curve, spell)
        findings = [
            Finding(name, value, limit, spell, "Goodfellow et al. 2014; limit " + OWN_RUNS,
                    f"The discriminator takes fakes for real: {name} is {value:.2g}.")
        ]  # fmt: skip
        if case.bad_samples and lasting:
            findings.append(
                Finding("good", case.good, 0.5, case.recent_window, OWN_RUNS,
                        f"Yet of the samples only {100 * case.good:.0f} % as many as of real ones pass for real data.")
            )  # fmt: skip
        yield Charge(
            "convergence_failure",
            "generator_dominates",
            severity=min(1.0, 1 - 0.5 * case.good) if case.bad_samples else 0.6,
            onset=spell[0],
            window=spell,
            findings=tuple(findings),
            summary=f"Since step {spell[0]} the discriminator takes whatever the generator makes for real.",
            active=lasting,
        )
