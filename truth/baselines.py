"""What verdicts are compared with: judges that know less, or think less.

- `always inconclusive` accuses nobody, and is right only where nothing can be proved.
- `rules of thumb` are those that practical guides give for reading losses: a discriminator's loss near zero is a
  convergence failure, a generator's loss that swings widely is mode collapse, all else is healthy.
- `nearest neighbour` gives a run the verdict of the tuned run whose evidence is most like its own, of another
  configuration.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ganlab.diagnosis.case import Case
from ganlab.diagnosis.evidence import Evidence
from ganlab.runs.snapshots import Row
from ganlab.verdicts import INCONCLUSIVE
from truth.corpora import Labelled

NEAR_ZERO = 0.1
"""Loss of the discriminator, both halves together, that a guide would call zero."""

SWING = 0.5
"""Standard deviation of the generator's loss over its mean from which it swings widely."""

RATIOS = ("good", "coverage", "precision", "recall", "density", "near_duplicates")
"""Statistics that the nearest neighbour compares, over those of reals."""

LOSSES = ("d_loss", "g_loss", "grad_d", "grad_g", "d_acc_real", "d_acc_fake")


def rules_of_thumb(evidence: Evidence) -> str:
    """Return what the guides' rules make of the second half of the losses; nothing without both of them."""
    case = Case(evidence)
    losses = [case.curve("d_loss"), case.curve("g_loss")]
    late = [each.values[len(each) // 2 :] for each in losses if each is not None]
    if len(late) < 2:
        return INCONCLUSIVE
    if not all(np.isfinite(each).all() for each in late):
        return "diverged"
    d_loss, g_loss = late
    if np.median(np.abs(d_loss)) < NEAR_ZERO:
        return "convergence_failure"
    return "mode_collapse" if g_loss.std() > SWING * abs(g_loss.mean()) else "healthy"


def described(evidence: Evidence) -> NDArray[np.float64]:
    """Return numbers that describe a run: statistics of its last and its middle snapshot, and its late losses.

    NaN where something isn't known.
    """
    case = Case(evidence)
    rows = [case.rows[-1], case.rows[len(case.rows) // 2]] if case.rows else []
    numbers = [each for row in rows for each in _of_row(row)]
    numbers += [math.nan] * (2 * (len(RATIOS) + 2) - len(numbers))
    return np.array(numbers + [np.arcsinh(case.late(name)) for name in LOSSES])


def _of_row(row: Row) -> list[float]:
    found = [row.ratio(name) for name in RATIOS]
    fid, real = row.number("fid"), row.number("fid_real")
    distance = math.log(max(fid, 1e-6) / max(real, 1e-6)) if fid is not None and real is not None else None
    found += [row.relative_vendi(), distance]
    return [math.nan if each is None else float(np.clip(each, -20, 20)) for each in found]


def nearest_neighbour(
    known: Sequence[tuple[Labelled, NDArray[np.float64]]], run: Labelled, found: NDArray[np.float64]
) -> str:
    """Return a right verdict of the run whose description is nearest, none of its own configuration.

    Args:
        known: labelled runs that may be looked at, with their descriptions.
        run: that is judged.
        found: its description.

    Returns:
        Of the verdicts that are right for the neighbour, the one that is right most often; nothing is proved without
        any neighbour.
    """
    others = [(each, its) for each, its in known if (each.corpus, each.group) != (run.corpus, run.group)]
    if not others:
        return INCONCLUSIVE
    table = np.array([its for _, its in others])
    scale = np.ma.masked_invalid(table).std(axis=0).filled(1.0) + 1e-6
    gaps = np.abs(table - found) / scale
    # What is known of one of the two alone sets them apart by as much as usual.
    gaps[np.isnan(table) != np.isnan(found)] = 1.0
    neighbour = others[int(np.nansum(gaps**2, axis=1).argmin())][0]
    often = Counter(name for each, _ in others for name in each.right)
    return max(sorted(neighbour.right), key=lambda name: often[name])
