"""Convergence failure: the discriminator tells every fake from every real image, and the generator cannot follow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganlab.diagnosis import trends
from ganlab.diagnosis.case import Case, Charge
from ganlab.diagnosis.cures import VICTORY_CURES
from ganlab.diagnosis.evidence import Series
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.loss_levels import (
    ENOUGH_ROWS,
    SURE,
    VICTORY_SOURCE,
    WON,
    adversarial_level,
    at_chance,
    bad_samples,
    far_samples,
    generator_kind,
    how_it_won,
    victory,
)
from ganlab.diagnosis.sample_levels import shows_few

LOST = {"non_saturating": 3.0, "least_squares": 0.35, "hinge": 0.9, "relativistic": 6.0}
"""Generator loss above which its fakes are recognised: D(G(z)) < .05 for the non-saturating loss; chance is .69,
.125 (.25 without the factor 1/2) and 0. Of the relativistic losses the average one is a sum of two terms, 1.4 at
chance, and 6 says that real and fake are told apart with a probability of .95; the other one is a single term."""

WINNING = {"non_saturating": 0.1, "least_squares": 0.03, "hinge": 0.1, "relativistic": 0.05}
"""Discriminator loss per half under which it nearly always wins: scores of .9 and .1 on average; of a relativistic
loss, which may have one term, a probability of .9 that reals are more real than fakes."""

RIGHT = 0.95
"""Accuracies that go with it."""

MOSTLY = 2 / 3
"""Share of the stretches in which it wins, at least, where it loses at times."""

PART = 0.5
"""Share of the run, at its end, that this must have lasted: many good runs begin so."""

WHOLE = 0.9
"""Share that it must have lasted where the samples still improve: in good runs, cut short, it lasted .85 at most."""

STRETCHES = 30
"""Stretches of a run in whose medians it is looked for: single batches say little of who wins."""


def examine(case: Case) -> Iterator[Charge]:
    """Charge spells in which the discriminator has won, unless the samples are good and varied all the same.

    One that wins nearly always, over most of the run, has won where the samples are seen to be bad. With the saturating
    loss that is a vanishing gradient, which has criteria of its own.
    """
    # One that compares may win all the time while the generator learns: only samples that stay bad say that it has won.
    compares = case.evidence.family == "relativistic" and case.bad_samples and not case.improving
    kind = "relativistic" if compares else generator_kind(case)
    if kind not in LOST or case.d_half is None:
        return
    conditions: list[tuple[Series | None, trends.Condition]] = [
        (adversarial_level(case), lambda values: values > LOST[kind]),
        (case.d_half, lambda values: abs(values) < WON),
        (case.curve("d_acc_real"), lambda values: values > SURE),
        (case.curve("d_acc_fake"), lambda values: values > SURE),
    ]
    lasting = False
    for spell in case.holding(conditions):
        summary = f"Since {case.at(spell[0])} the discriminator sees through every fake and wins every time."
        if charge := victory(case, spell, how_it_won(case, spell), summary):
            lasting = lasting or charge.active
            yield charge
    if not lasting:
        yield from winning(case, kind)


def winning(case: Case, kind: str) -> Iterator[Charge]:
    """Charge a discriminator that wins in most stretches of most of the run, beside samples that are bad at its end.

    Samples that still improve are given the time that was planned. Samples that have something of the reals and repeat
    each other have collapsed, whoever wins.
    """
    g_loss = adversarial_level(case)
    if g_loss is None or case.d_half is None or not case.rows or case.young or not (case.bad_samples or case.apart):
        return
    if case.shaped and shows_few(case):
        return
    onset = max(
        since(curve, condition)
        for curve, condition in (
            (case.d_half, lambda values: abs(values) < WINNING[kind]),
            (g_loss, lambda values: values > LOST[kind]),
            (case.curve("d_acc_real"), lambda values: values > RIGHT),
            (case.curve("d_acc_fake"), lambda values: values > RIGHT),
        )
        if curve is not None
    )
    window, first = (onset, case.last_step), case.evidence.first_step
    lasted = (case.last_step - onset) / max(1, case.last_step - first)
    if lasted < (WHOLE if case.improving else PART) or len(case.d_half.within(*window)) < ENOUGH_ROWS:
        return
    if case.improving and not case.whole.plan_reached:
        return
    d_loss, loss = case.level_in(case.d_half, window), case.level_in(g_loss, window)
    yield case.charge(
        since=onset,
        severity=min(1.0, 1 - 0.5 * case.passing),
        findings=[
            Finding(
                "d_loss",
                d_loss,
                WINNING[kind],
                window,
                VICTORY_SOURCE,
                f"The discriminator's loss per half is {d_loss:.2g}{at_chance(case)}.",
            ),
            Finding("g_loss", loss, LOST[kind], window, VICTORY_SOURCE, f"The generator's loss is {loss:.3g}."),
            bad_samples(case) if case.bad_samples else far_samples(case),
        ],
        summary=(
            f"Since {case.at(onset)} the discriminator has nearly always seen through the fakes, and the samples are "
            f"{'bad at the end' if case.improving or case.learned else 'bad and get no better'}."
        ),
    )


def since(curve: Series, condition: trends.Condition) -> int:
    """Return the first step from which a condition has held in MOSTLY of the stretches; the last step if none is."""
    points = trends.blocks(curve, STRETCHES)
    held: NDArray[np.bool_] = condition(points.values)
    shares = np.cumsum(held[::-1])[::-1] / np.arange(len(held), 0, -1)
    found = np.flatnonzero(held & (shares >= MOSTLY))
    return int(points.steps[found[0] if len(found) else -1])


FAILURE = Failure("convergence_failure/discriminator_dominates", examine, cures=VICTORY_CURES)
