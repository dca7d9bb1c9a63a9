"""Convergence failure: the losses never move while the run goes on, so nothing is learned any more."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ganlab.diagnosis import trends
from ganlab.diagnosis.case import OWN_RUNS, Case, Charge
from ganlab.diagnosis.cures import ANOTHER_SEED, LEAKY_RELU, STEADIER_ADAM
from ganlab.diagnosis.evidence import Series
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.loss_levels import LOSING, WON
from ganlab.diagnosis.remedies import Cure

FEWEST = 30
"""Rows over which the losses must stand still: batches differ, so the losses of a game that lives differ too."""

STILL = 1e-4
"""Change, relative to its level, up to which a loss stands still: a game in equilibrium moves in the third digit."""

FINE = 5e-3
"""Last printed digit, relative to the level, that a loss needs for standing still to mean anything: 1.386, not 1.39."""

DEAD_HINGE = (1.0, 2.0)
"""Hinge loss, mean and sum of its halves, of a discriminator that scores everything 0."""

ROUNDING = 1e-6
"""Gap between a critic's mean scores, relative to the scores, that is no more than the rounding of 32-bit floats."""

DEAD_RATE = 1e-6
"""Share of its own maximum at which a learning rate is dead."""


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run whose losses stand still, whose critic scores everything alike, or whose learning rate is 0.

    Where the samples are good or improve all the same, they learn from something else, or there was nothing to learn.
    """
    if case.bad_samples is False or case.improving or case.fid_falls:
        return
    for since, finding in (*still_losses(case), *dead_critic(case), *dead_rate(case)):
        yield case.charge(
            since=since,
            severity=0.8,
            findings=[finding],
            summary=f"Since {case.at(since)} nothing is learned any more. {finding.words}",
        )
        return


def still_losses(case: Case) -> Iterator[tuple[int, Finding]]:
    """Yield since when both losses have stood still, and where: over the last fifth of the run, and FEWEST rows."""
    d_loss = next(filter(None, map(case.curve, ("d_loss", "d_loss_fake"))), None)
    g_loss = case.curve("g_loss")
    if d_loss is None or g_loss is None:
        return
    since = max(stands_still(d_loss), stands_still(g_loss))
    d, g = (float(trends.finite(curve).values[-1]) for curve in (d_loss, g_loss))
    rows = min(len(trends.finite(curve).within(since, case.last_step)) for curve in (d_loss, g_loss))
    dead = case.evidence.family == "hinge" and g == 0 and d in DEAD_HINGE
    # Saturated losses stand still too, and one of the players has won.
    won = abs(d) < WON < abs(g) or (abs(g) < WON and d > LOSING and not dead)
    if since > case.late_window[0] or rows < FEWEST or won:
        return
    # As one term of several it may have no weight yet, or no need of one.
    if not dead and (case.evidence.weighted or not any(map(finely_printed, (d_loss, g_loss)))):
        return
    words = f"The losses have been {d:.4g} and {g:.4g} in {rows} rows: they do not move, whatever the batch."
    if dead:
        words += " That is what the hinge loss of a dead discriminator is, which scores everything 0."
    yield since, Finding("d_loss", d, None, (since, case.last_step), "definition; rows " + OWN_RUNS, words)


def stands_still(curve: Series) -> int:
    """First step of the stretch at the end over which a curve stays where it ends."""
    curve = trends.finite(curve)
    last = curve.values[-1]
    moved = np.flatnonzero(np.abs(curve.values - last) > STILL * abs(last))
    return int(curve.steps[min(moved[-1] + 1 if len(moved) else 0, len(curve) - 1)])


def finely_printed(curve: Series) -> bool:
    """Return whether a curve is printed to enough digits for its last value to show that it moves."""
    return resolution(curve) <= FINE * abs(float(trends.finite(curve).values[-1]))


def resolution(curve: Series) -> float:
    """The last decimal place that any value of a curve has, as far as the values show it: .001 for 1.386."""
    values = trends.finite(curve).values
    for places in range(12):
        if np.array_equal(np.round(values, places), values):
            return float(10.0**-places)
    return 0.0


def dead_critic(case: Case) -> Iterator[tuple[int, Finding]]:
    """Yield since when a critic has given reals and fakes the same score, to the rounding of its numbers."""
    gap, score = case.curve("d_loss"), case.curve("g_loss")
    if case.evidence.family != "wasserstein" or gap is None or score is None:
        return
    level = abs(trends.level(score.within(*case.late_window)))
    for spell in trends.spells(gap, lambda values: np.abs(values) <= ROUNDING * level):
        if case.lasts(spell) and len(gap.within(*spell)) >= FEWEST and level > 0:
            value = case.level_in(gap, spell)
            words = (
                f"The critic's loss is {value:.2g} while its scores are about {level:.2g}: it scores real images and "
                "fakes alike, and the generator has nothing to learn from."
            )
            yield spell[0], Finding("d_loss", abs(value), ROUNDING * level, spell, "Arjovsky et al. 2017", words)


def dead_rate(case: Case) -> Iterator[tuple[int, Finding]]:
    """Yield since when a learning rate has been 0, if that is longer than the last fifth of the run."""
    for name, player in (("lr_g", "generator"), ("lr_d", "discriminator")):
        curve = case.evidence.controls.get(name)
        if curve is None or not len(curve):
            continue
        top = float(np.nanmax(curve.values, initial=0.0))
        alive = np.flatnonzero(curve.values > DEAD_RATE * top)
        # A rate printed as 0.000 may be any small one.
        if not len(alive) or alive[-1] + 1 == len(curve) or resolution(curve) > top / 100:
            continue
        since = int(curve.steps[alive[-1] + 1])
        if since < case.late_window[0]:
            words = f"The learning rate of the {player} has been 0 since {case.at(since)}, and the run goes on."
            yield since, Finding(name, 0.0, None, (since, case.last_step), "definition", words)


FAILURE = Failure(
    "convergence_failure/frozen",
    examine,
    cures=(
        Cure(
            "check_optimisers",
            "Check that each optimiser holds the parameters of its network, steps, and a rate above 0",
            "practice",
            foreign=True,
        ),
        LEAKY_RELU,
        STEADIER_ADAM,
        ANOTHER_SEED,
    ),
)
