"""What shows that a run diverged: `diverged` asks it, and `phase_change` at the start of a phase."""

from __future__ import annotations

import numpy as np

from ganlab.config.objectives import FIXED_LEVELS
from ganlab.diagnosis import trends
from ganlab.diagnosis.case import OWN_RUNS, Case
from ganlab.diagnosis.evidence import Series
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.loss_levels import generator_level
from ganlab.runs.history import LOSS_COLUMNS
from ganlab.runs.snapshots import SAMPLES

EXPLOSION = 100.0
"""Times its own quiet quarter that a gradient norm must reach, and stay at to the end; and no less than this in itself,
or a gradient that comes back after it had vanished would count. Small networks that work show norms of 18 to 28."""

LOSS_BOUND = 1000.0
"""Level no loss that is bounded by its decisions reaches: cross-entropy pays 1000 only for a logit of 1000."""

LARGEST_FLOAT = 3e38
"""About the largest 32-bit float: no loss of any scale is beyond it while training works."""

HALF_BOUND = 100.0
"""Discriminator's loss per half that nothing but an explosion costs: one that always answered "I cannot tell" would pay
.69 for cross-entropy, .25 for least squares, 1 for hinge. `BCELoss` itself stops at 100 a sample."""

CLAMP = 100.0
"""Cross-entropy of a sample at which `BCELoss` stops."""

CRITIC_BOUND = 10_000.0
"""Level of a critic's loss that it has from the first row on, and does not come down from: a gradient penalty of 10
costs it where the norms are 32, as they may be at first."""

LARGE = 20.0
"""Losses of both players, at the start, from which they may be sums, as no mean begins there."""

ONE_SIZE = 10.0
"""Times the smaller one under which two losses are of one size: at chance they are, whatever the loss."""

BOTH_LOSE = 10.0
"""Cross-entropy per half that the discriminator pays, and the generator too, once both are surely wrong about many
samples: neither has won, and no player that works loses tens of nats."""

SURE_RISE = 0.01
"""Chance, without any trend, of a rise that is no noise."""

RUNAWAY = 100.0
"""Size of a critic's loss from which it may have run away."""

GROWTH = 10.0
"""Times its size in the first tenth of the run that it must have grown to."""

SLOWING = 0.75
"""Growth in the second half of the run, over that in the first, under which it slows down."""

STRETCHES = 10
"""Stretches of the run over which it must grow from each to the next."""

ENOUGH_ROWS = 30
"""Rows of a run from which the course of a critic can be told."""

END = 0.05
"""Share of the run, at its end, over which an explosion must still be there."""


def explosion(case: Case) -> Finding | None:
    """What shows that a run diverged, over the steps of its window; None if nothing does."""
    return (
        non_finite(case)
        or exploded_gradient(case)
        or exploded_loss(case)
        or exploded_from_the_start(case)
        or both_lose(case)
        or runaway_critic(case)
    )


def broken(case: Case) -> tuple[str, tuple[int, int]] | None:
    """What became NaN or Inf first, and the steps from there to the last such number, of whatever; None if nothing did.

    Of curves, samples and what the run itself reports. It lasts to the end if no finite number came back.
    """
    reported = case.evidence.non_finite
    found = [(reported.step, reported.signal, case.last_step)] if reported else []
    # Of columns that break in one row, the losses are what people look at.
    curves = sorted(case.evidence.curves.items(), key=lambda named: named[0] not in LOSS_COLUMNS)
    for name, curve in curves:
        if name.startswith("grad_"):  # under float16 a gradient may overflow and its step be skipped: no failure
            continue
        finite, bad = np.flatnonzero(np.isfinite(curve.values)), np.flatnonzero(~np.isfinite(curve.values))
        if len(finite):  # a player that has not moved yet may have no loss
            bad = bad[bad > finite[0]]
        elif name not in LOSS_COLUMNS:  # a column that the loss does not have
            continue
        if len(bad):
            last = case.last_step if bad[-1] == len(curve) - 1 else int(curve.steps[bad[-1]])
            found.append((int(curve.steps[bad[0]]), name, last))
    if broken := case.evidence.broken_samples:
        last = case.last_step if broken[-1] == case.evidence.snapshots[-1].step else broken[-1]
        found.append((broken[0], SAMPLES, last))
    if not found:
        return None
    step, name, _ = min(found, key=lambda each: each[0])
    return name, (step, max(last for _, _, last in found))


def non_finite(case: Case) -> Finding | None:
    """NaN or Inf in a curve, in samples or reported by the run itself; up to the last, if finite numbers came back."""
    found = broken(case)
    if found is None:
        return None
    name, window = found
    words = f"{name} became NaN or infinite at {case.at(window[0])}; nothing after it can be trusted."
    return Finding("non_finite", None, None, window, "definition", words)


def came_back(case: Case) -> str:
    """Say which numbers were not finite for a while, and when; nothing if all are finite, or none came back."""
    found = broken(case)
    if found is None or found[1][1] == case.last_step:
        return ""
    name, (first, last) = found
    when = case.at(first) if first == last else case.stretch((first, last))
    return f"{name} {'were' if name == SAMPLES else 'was'} NaN or infinite ({when}), and finite again after that"


def exploded_gradient(case: Case) -> Finding | None:
    """A gradient norm over EXPLOSION times its own lower quartile, and over EXPLOSION, to the end."""
    for name in ("grad_g", "grad_d"):
        curve = case.curve(name)
        if curve is None:
            continue
        # Not the median: an explosion may fill most of the run.
        quiet = float(np.quantile(trends.blocks(curve).values, 0.25))
        limit = EXPLOSION * max(1.0, quiet)
        window = still_above(case, curve, limit)
        if window:
            value = case.level_in(curve, window)
            words = (
                f"The gradient norm {name} reached {value:.3g}, while it is below {quiet:.3g} in a quarter of the run."
            )
            return Finding(name, value, limit, window, "gradient explosion; ratio " + OWN_RUNS, words)
    return None


def exploded_loss(case: Case) -> Finding | None:
    """A loss beyond any that decisions can cost; if the scale is unknown, beyond EXPLOSION times its earlier level."""
    for name in LOSS_COLUMNS:
        curve = case.curve(name)
        if curve is None:
            continue
        size = Series(curve.steps, np.abs(curve.values))
        limit = LOSS_BOUND
        if case.evidence.family not in FIXED_LEVELS or may_be_scaled(case, name):
            # It has no fixed scale, but a critic kept Lipschitz does not grow a hundredfold.
            points = trends.blocks(size).values
            limit = max(LOSS_BOUND, EXPLOSION * float(np.median(points[: max(1, len(points) // 4)])))
            limit = min(limit, LARGEST_FLOAT)
        window = still_above(case, size, limit)
        if window:
            value = case.level_in(size, window)
            words = f"The size of {name} reaches {value:.3g}, far beyond what this loss costs while training works."
            return Finding(name, value, limit, window, OWN_RUNS, words)
    return None


def may_be_scaled(case: Case, name: str) -> bool:
    """Return whether a foreign loss may be a multiple of the loss that limits hold for.

    The generator's may have a weight. Where both players' are large from the first row on, and of one size, they may be
    sums over a batch or over pixels; so may the discriminator's if the scale of the generator's is unknown.
    """
    if case.evidence.experiment is not None:
        return False
    if name == "g_loss" and case.evidence.weighted:
        return True
    d_loss, g_loss = case.curve("d_loss"), generator_level(case)
    if d_loss is None or (g_loss is None and not case.evidence.weighted) or is_clamped(d_loss):
        return False
    finite = [np.abs(trends.finite(curve).values) for curve in (d_loss, g_loss) if curve is not None]
    levels = sorted(float(np.median(values[: 1 + len(values) // 5])) for values in finite)
    return levels[0] > LARGE and levels[-1] < ONE_SIZE * levels[0]


def is_clamped(curve: Series) -> bool:
    """Return whether a loss is a mean over up to 128 samples, each of which cost nothing or the 100 of `BCELoss`."""
    values = trends.finite(curve).values
    if np.abs(values).max() > 2 * CLAMP:
        return False
    counts = values * 128 / CLAMP
    return bool((np.abs(counts - np.round(counts)) < 0.02).all() and (values != np.round(values)).any())


def exploded_from_the_start(case: Case) -> Finding | None:
    """A discriminator's loss far above what no answer at all would cost, though it may never have been lower.

    What counts is the loss and not its size: it may be far below 0. A critic's halves say nothing, and its sum has a
    penalty that may begin high and come down: it must stay above CRITIC_BOUND from the first row on, and rise.
    """
    critic = case.evidence.family in (None, "wasserstein", "unknown")
    for name, halves in (("d_loss", 2), ("d_loss_real", 1), ("d_loss_fake", 1)):
        curve = case.curve(name)
        if curve is None or (critic and name != "d_loss") or may_be_scaled(case, name):
            continue
        limit = CRITIC_BOUND if critic else halves * HALF_BOUND
        window = still_above(case, curve, limit)
        if window is None or not case.lasts(window):
            continue
        value = case.level_in(curve, window)
        if critic and not (trends.blocks(curve).values.min() > limit and rises(curve)):
            continue
        words = f"{name} is {value:.3g}; to give the same answer to everything would cost next to nothing."
        return Finding(name, value, limit, window, "definition of the losses; limit " + OWN_RUNS, words)
    return None


def rises(curve: Series) -> bool:
    """Return whether a curve is surely higher in the end than it was."""
    trend = trends.trend(curve)
    return trend.change > 0 and trend.p_value < SURE_RISE


def both_lose(case: Case) -> Finding | None:
    """Cross-entropy of both players far beyond what either pays when it loses: the scores of both have exploded."""
    d_half, g_loss = case.d_half, generator_level(case)
    if case.evidence.family != "cross_entropy" or d_half is None or g_loss is None or may_be_scaled(case, "d_loss"):
        return None
    d, g = (case.level_in(curve, case.late_window) for curve in (d_half, g_loss))
    if not min(d, g) > BOTH_LOSE:
        return None
    held = case.holding([(curve, lambda values: values > BOTH_LOSE) for curve in (d_half, g_loss)])
    onset = min((first for first, last in held if last >= case.late_window[0]), default=case.late_window[0])
    words = (
        f"The discriminator pays {d:.3g} per half and the generator {g:.3g}: both are sure, and wrong, of many "
        "samples, as their weights have exploded."
    )
    return Finding("d_loss", d, BOTH_LOSE, (onset, case.last_step), "Goodfellow et al. 2014; limit " + OWN_RUNS, words)


def runaway_critic(case: Case) -> Finding | None:
    """A critic whose gap between reals and fakes grows without bound over the whole run, and never more slowly."""
    gap = case.curve("d_loss")
    if case.evidence.family not in ("wasserstein", "unknown") or gap is None or len(gap) < ENOUGH_ROWS:
        return None
    size = Series(gap.steps, np.abs(gap.values))
    points = trends.blocks(size, STRETCHES).values
    start = float(np.median(trends.finite(size).values[: max(3, len(gap) // 10)]))
    growth = np.diff(points)
    half = len(growth) // 2
    grew = (growth > 0).all() and points[-1] >= max(RUNAWAY, GROWTH * start)
    if not grew or growth[half:].mean() < SLOWING * growth[:half].mean():
        return None
    words = (
        f"The critic's gap between real images and fakes grew all the time, from {start:.3g} to {points[-1]:.3g}, and "
        "shows no sign of slowing: its scores run away."
    )
    window = (case.evidence.first_step, case.last_step)
    return Finding("d_loss", float(points[-1]), RUNAWAY, window, "Gulrajani et al. 2017; limit " + OWN_RUNS, words)


def still_above(case: Case, curve: Series, limit: float) -> tuple[int, int] | None:
    """From where a curve exceeds a limit to the end of the run, if its last finite value still does."""
    found = trends.spells(curve, lambda values: values > limit, share=END)
    return (found[-1][0], case.last_step) if found and found[-1][1] >= trends.finite(curve).steps[-1] else None
