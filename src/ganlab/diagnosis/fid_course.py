"""The course of a printed FID: which snapshot was best, whether it has risen since, and whether to go on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ganlab.diagnosis.case import Case
from ganlab.diagnosis.evidence import Series

LEAST_NOISE = 0.01
"""Noise of a FID, relative to itself, at least: the same network measured again differs by about 1 %."""

SURE = 3.0
"""Times the noise of its own curve by which a FID must have risen for the rise to be sure."""

MUCH = 0.25
"""Rise of a FID, relative to its lowest level, that is worth measuring again if it is not sure."""

FEWEST = 6
"""Points from which the noise of a curve can be told: it comes from three at a time."""

MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


@dataclass(frozen=True)
class Course:
    """A FID over the run.

    Attributes:
        best_step, best: where it was lowest, and how low.
        last: at the end.
        rise: from its lowest level to its level at the end, both medians of three, relative to the former.
        jump: of the last point over the level at the end, in units of the noise; NaN where that is not known.
        noise: relative standard deviation of single points; NaN where there are too few to tell.
        falling: whether it still falls by a tenth over the last half.
    """

    best_step: int
    best: float
    last: float
    rise: float
    jump: float
    noise: float
    falling: bool

    @property
    def times(self) -> float:
        """The rise in units of the noise; NaN where the noise is not known."""
        return float(np.log1p(self.rise) / self.noise)


def course(case: Case) -> Course | None:
    """The course of a case's printed FID; None for fewer than three points, or one that reached 0."""
    fid = case.fid
    if len(fid) < 3 or fid.values.min() <= 0:
        return None
    best = int(np.argmin(fid.values))
    # The lowest of many noisy points is lower than any level.
    levels = np.median(sliding_window_view(fid.values, 3), axis=1)
    spread = noise(fid)
    return Course(
        best_step=int(fid.steps[best]),
        best=float(fid.values[best]),
        last=float(fid.values[-1]),
        rise=float(levels[-1] / levels.min()) - 1,
        jump=float(np.log(fid.values[-1] / levels[-1]) / spread),
        noise=spread,
        falling=case.fid_falls,
    )


def noise(fid: Series) -> float:
    """Relative standard deviation of single points of a curve (> 0) around its course.

    From the median absolute difference of successive logarithms, which no single outlier moves, or that of their
    differences, which no trend moves either: the smaller, as the course itself can only add to both. Of independent
    noise their variances are two and six times that of a point. NaN under FEWEST points.
    """
    if len(fid) < FEWEST:
        return float("nan")
    steps, bends = (np.abs(np.diff(np.log(fid.values), order)) for order in (1, 2))
    return max(LEAST_NOISE, MAD * float(min(np.median(steps) / 2**0.5, np.median(bends) / 6**0.5)))


def advice(case: Case) -> str:
    """Say which snapshot was best, how sure a rise since is, and whether to go on; empty without a course."""
    found = course(case)
    if found is None:
        return ""
    best = f" The best snapshot is that of {case.at(found.best_step)} (FID {found.best:.3g})"
    go_on = "FID still falls, so go on" if found.falling else "FID no longer falls, so going on will bring little"
    if found.best_step == int(case.fid.steps[-1]):
        return f"{best}, the last one{': FID still falls, so go on' if found.falling else ''}."
    if np.isnan(found.noise):
        return f"{best}: use it. {len(case.fid)} FIDs are too few to tell a rise from noise."
    risen = f"{100 * (found.last / found.best - 1):.0f} %"
    size = f"{found.times:.1f} times the noise of this curve"
    if found.times >= SURE:
        return (
            f"{best}: use it. FID has risen since by {risen}, {size}: stop here, or go on from there "
            "with a lower learning rate."
        )
    if found.jump >= SURE:
        return f"{best}. Only the last FID is worse, by {risen}: measure again."
    if found.rise >= MUCH:
        return f"{best}. FID has risen since by {risen}, but only {size}: measure again."
    if found.times < 1:
        return f"{best}, and the end is as good: {go_on}."
    return f"{best}. The rise since, {risen}, is within the noise ({size}): {go_on}."
