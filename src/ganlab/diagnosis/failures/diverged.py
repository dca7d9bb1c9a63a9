"""Diverged: numbers stopped being numbers, or grow without bound."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ganlab.diagnosis import signals
from ganlab.diagnosis.case import OWN_RUNS, Case, Charge
from ganlab.diagnosis.evidence import Series
from ganlab.diagnosis.remedies import R1, SPECTRAL, STEADIER_ADAM, Cure, halved_rates
from ganlab.diagnosis.verdict import Finding

EXPLOSION = 100.0
"""Times its own median that a gradient norm must reach, and stay at to the end. An absolute norm says nothing: 18 to 28
is usual for small networks that work."""

LOSS_BOUND = 1000.0
"""Level no loss that is bounded by its decisions reaches: cross-entropy pays 1000 only for a logit of 1000."""

END = 0.05
"""Share of the run, at its end, over which an explosion must still be there."""

CURES = (
    STEADIER_ADAM,
    Cure("Half the learning rate takes smaller steps", "practice", halved_rates),
    R1,
    SPECTRAL,
    Cure("Check that the data lie in the range that the generator can make, [-1, 1]", "practice"),
)


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run with NaN or Inf, or with a gradient or loss that has exploded and stays there."""
    finding = non_finite(case) or exploded_gradient(case) or exploded_loss(case)
    if finding is not None:
        onset = finding.window[0]
        yield Charge(
            "diverged",
            None,
            severity=1.0,
            onset=onset,
            window=(onset, case.last_step),
            findings=(finding,),
            summary=f"Training diverged at step {onset}: {finding.words[0].lower()}{finding.words[1:]}",
        )


def non_finite(case: Case) -> Finding | None:
    """NaN or Inf, in a curve or where the run itself reported one."""
    found = [(case.evidence.non_finite.step, case.evidence.non_finite.signal)] if case.evidence.non_finite else []
    for name, curve in case.evidence.curves.items():
        if name.startswith("grad_"):  # under float16 a gradient may overflow and its step be skipped: no failure
            continue
        # A column that a loss does not have is NaN all through; one that had numbers before is broken.
        bad = np.flatnonzero(np.isinf(curve.values) | (np.isnan(curve.values) & np.isfinite(curve.values).any()))
        if len(bad):
            found.append((int(curve.steps[bad[0]]), name))
    if not found:
        return None
    step, name = min(found)
    words = f"{name} became NaN or infinite at step {step}; nothing after it can be trusted."
    return Finding("non_finite", None, None, (step, case.last_step), "definition", words)


def exploded_gradient(case: Case) -> Finding | None:
    """A gradient norm over EXPLOSION times its own median, to the end."""
    for name in ("grad_g", "grad_d"):
        curve = case.curve(name)
        if curve is None:
            continue
        limit = EXPLOSION * signals.level(curve)
        window = still_above(curve, limit)
        if window:
            value = signals.level(curve.within(*window))
            words = f"The gradient norm {name} reached {value:.3g}, over {EXPLOSION:g} times its own median, and stays."
            return Finding(name, value, limit, window, "gradient explosion; ratio " + OWN_RUNS, words)
    return None


def exploded_loss(case: Case) -> Finding | None:
    """A loss beyond any that decisions can cost; for Wasserstein, beyond EXPLOSION times where it was before."""
    for name in ("d_loss", "d_loss_real", "d_loss_fake", "g_loss"):
        curve = case.curve(name)
        if curve is None:
            continue
        size = Series(curve.steps, np.abs(curve.values))
        limit = LOSS_BOUND
        if case.evidence.family == "wasserstein":
            # Its scores have no fixed scale, but a critic kept Lipschitz does not grow a hundredfold.
            quarter = signals.blocks(size).values[: signals.BLOCKS // 4]
            limit = max(LOSS_BOUND, EXPLOSION * float(np.median(quarter))) if len(quarter) else limit
        window = still_above(size, limit)
        if window:
            value = signals.level(size.within(*window))
            words = f"The size of {name} is {value:.3g}, far beyond what this loss costs while training works."
            return Finding(name, value, limit, window, OWN_RUNS, words)
    return None


def still_above(curve: Series, limit: float) -> tuple[int, int] | None:
    """The last spell above a limit, where it lasts to the end."""
    found = signals.spells(curve, lambda values: values > limit, share=END)
    return found[-1] if found and found[-1][1] >= curve.steps[-1] else None
