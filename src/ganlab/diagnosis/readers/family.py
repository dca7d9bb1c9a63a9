"""Which loss made the curves: what the user says, else what the format or the levels say without doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ganlab.config.objectives import LOSSES, Family
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.errors import RunError
from ganlab.text import excerpt

LOSS_NAMES: dict[str, tuple[Family, bool | None]] = {
    **{loss: (entry.family, entry.saturates) for loss, entry in LOSSES.items()},
    "cross_entropy": ("cross_entropy", None),
}
"""What `--loss` can say, with family and whether it saturates: a loss that an experiment can name, or cross-entropy
where the generator's is not known."""

ENOUGH_POINTS = 10
"""Points of which all must agree before levels say which loss it is."""


def with_family(evidence: Evidence, loss: str | None) -> Evidence:
    """Return the evidence with the family of its losses.

    `--loss` wins; then what the reader knows; then levels: losses that are never negative with mean scores that are
    all strictly between 0 and 1 are cross-entropy, the one loss whose scores are probabilities. All else stays open: a
    discriminator's loss below 0 is a Wasserstein loss or a maximised objective.

    Raises:
        RunError: there is no such loss.
    """
    if loss is not None:
        if loss not in LOSS_NAMES:
            raise RunError(f"--loss {excerpt(loss, 60)}: no such loss", f"losses are {', '.join(LOSS_NAMES)}")
        family, saturating = LOSS_NAMES[loss]
        return replace(evidence, family=family, saturating=saturating)
    if evidence.family is not None or not {"d_loss", "g_loss", "d_loss_real"} & evidence.curves.keys():
        return evidence
    if _are_probabilities(evidence.curves):
        note = "scores are probabilities, so the loss is taken for cross-entropy; --loss says otherwise"
        return replace(evidence, family="cross_entropy", notes=(*evidence.notes, note))
    below = "d_loss" in evidence.curves and bool((evidence.curves["d_loss"].values < 0).any())
    why = (
        "d_loss falls below 0, as Wasserstein losses and maximised objectives do" if below else "levels do not show it"
    )
    note = f"which loss it is was not seen ({why}); name it with --loss"
    return replace(evidence, notes=(*evidence.notes, note))


def _are_probabilities(curves: Mapping[str, Series]) -> bool:
    """Return whether both mean scores lie strictly between 0 and 1, and no loss is negative, at enough points."""
    if "d_real" not in curves or "d_fake" not in curves:
        return False
    scores = np.concatenate([curves["d_real"].values, curves["d_fake"].values])
    scores = scores[np.isfinite(scores)]
    losses = [curves[name].values for name in ("d_loss", "g_loss") if name in curves]
    return bool(
        len(scores) >= 2 * ENOUGH_POINTS
        and ((scores > 0) & (scores < 1)).all()
        and not any((values < 0).any() for values in losses)
    )
