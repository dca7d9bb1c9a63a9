"""What shows that a run diverged: `diverged` asks it, and `phase_change` at the start of a phase."""

from __future__ import annotations

import numpy as np

from ganlab.config.objectives import FIXED_LEVELS
from ganlab.diagnosis import trends
from ganlab.diagnosis.case import OWN_RUNS, Case
from ganlab.diagnosis.evidence import Series
from ganlab.diagnosis.findings import Finding
from ganlab.runs.snapshots import SAMPLES

EXPLOSION = 100.0
"""Times its own quiet quarter that a gradient norm must reach, and stay at to the end; and no less than this in itself,
or a gradient that comes back after it had vanished would count. Small networks that work show norms of 18 to 28."""

LOSS_BOUND = 1000.0
"""Level no loss that is bounded by its decisions reaches: cross-entropy pays 1000 only for a logit of 1000."""

END = 0.05
"""Share of the run, at its end, over which an explosion must still be there."""

LOSS_CURVES = ("d_loss", "d_loss_real", "d_loss_fake", "g_loss")


def explosion(case: Case) -> Finding | None:
    """What shows that a run diverged, over the steps of its window; None if nothing does."""
    return non_finite(case) or exploded_gradient(case) or exploded_loss(case)


def non_finite(case: Case) -> Finding | None:
    """NaN or Inf in a curve, in samples or reported by the run itself; up to the last, if finite numbers came back."""
    reported = case.evidence.non_finite
    found = [(reported.step, reported.signal, case.last_step)] if reported else []
    for name, curve in case.evidence.curves.items():
        if name.startswith("grad_"):  # under float16 a gradient may overflow and its step be skipped: no failure
            continue
        finite, bad = np.flatnonzero(np.isfinite(curve.values)), np.flatnonzero(~np.isfinite(curve.values))
        if len(finite):  # a player that has not moved yet may have no loss
            bad = bad[bad > finite[0]]
        elif name not in LOSS_CURVES:  # a column that the loss does not have
            continue
        if len(bad):
            last = case.last_step if bad[-1] == len(curve) - 1 else int(curve.steps[bad[-1]])
            found.append((int(curve.steps[bad[0]]), name, last))
    if broken := case.evidence.broken_samples:
        last = case.last_step if broken[-1] == case.evidence.snapshots[-1].step else broken[-1]
        found.append((broken[0], SAMPLES, last))
    if not found:
        return None
    step, name, _ = min(found)
    words = f"{name} became NaN or infinite at {case.at(step)}; nothing after it can be trusted."
    return Finding("non_finite", None, None, (step, max(last for _, _, last in found)), "definition", words)


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
    for name in LOSS_CURVES:
        curve = case.curve(name)
        if curve is None:
            continue
        size = Series(curve.steps, np.abs(curve.values))
        limit = LOSS_BOUND
        if case.evidence.family not in FIXED_LEVELS:
            # Its scores have no fixed scale, but a critic kept Lipschitz does not grow a hundredfold.
            points = trends.blocks(size).values
            limit = max(LOSS_BOUND, EXPLOSION * float(np.median(points[: max(1, len(points) // 4)])))
        window = still_above(case, size, limit)
        if window:
            value = case.level_in(size, window)
            words = f"The size of {name} is {value:.3g}, far beyond what this loss costs while training works."
            return Finding(name, value, limit, window, OWN_RUNS, words)
    return None


def still_above(case: Case, curve: Series, limit: float) -> tuple[int, int] | None:
    """From where a curve exceeds a limit to the end of the run, if its last finite value still does."""
    found = trends.spells(curve, lambda values: values > limit, share=END)
    return (found[-1][0], case.last_step) if found and found[-1][1] >= trends.finite(curve).steps[-1] else None
