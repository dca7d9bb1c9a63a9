"""A treatment in words."""

from __future__ import annotations

from ganlab.config.yaml_text import write_flow
from ganlab.text import one_line
from ganlab.treatment.arms import Change
from ganlab.treatment.planning import TreatmentPlan


def change_words(change: Change) -> str:
    """Return a change as settings: `latent.dim: 64; loss: hinge`."""
    return one_line("; ".join(f"{key}: {write_flow(value)}" for key, value in change.items()))


def length_words(plan: TreatmentPlan) -> str:
    """Return how long a trial is, and whether that is the run's own length."""
    own = "as many as the run plans" if plan.steps == plan.own_steps else f"shortened from {plan.own_steps:,}"
    return f"trials of {plan.steps:,} steps ({own})"
