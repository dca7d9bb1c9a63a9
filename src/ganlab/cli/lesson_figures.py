"""The guide's figures beside those of a lesson's run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ganlab.diagnosis.verdict import Verdict
from ganlab.lessons import Lesson

LAST = 100
"""Steps at the end whose median stands for a curve."""

NAMES = {
    "d_loss_real": "discriminator's loss per half: on real images",
    "d_loss_fake": "discriminator's loss per half: on fakes",
    "g_loss": "generator's loss",
    "d_acc_real": "accuracy on real images",
    "d_acc_fake": "accuracy on fakes",
    "d_fake": "score of fakes, D(G(z))",
    "d_train": "score of training images, D(x)",
    "d_held_out": "score of real images it never saw",
    "distinct": "different pictures among the samples",
}
"""What the curves of the guide's figures are called; scores are probabilities."""


class Figure(NamedTuple):
    """A figure of the guide beside that of a run.

    Attributes:
        name: what it is.
        guide: what the guide says.
        here: what the run shows over its last 100 steps (median), in words; a dash if it has no such curve.
    """

    name: str
    guide: str
    here: str


def figures(lesson: Lesson, name: str, verdict: Verdict) -> Iterator[Figure]:
    """Yield what the guide says of a lesson's run of a name, beside what the run shows."""
    evidence = verdict.judged_on
    for key, guide in lesson.figures.get(name, {}).items():
        curve = evidence.curve(key) if evidence is not None else None
        if evidence is None or curve is None:
            yield Figure(NAMES[key], guide, "-")
            continue
        value = float(np.median(curve.within(evidence.last_step - LAST + 1, evidence.last_step).values))
        if key == "distinct":
            here = f"{value:.0f} of {evidence.snapshots[-1]['n']}"
        else:
            here = f"{100 * value:.0f} %" if key.startswith("d_acc") else f"{value:.3f}"
        yield Figure(NAMES[key], guide, here)
