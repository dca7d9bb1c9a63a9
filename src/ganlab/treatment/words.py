"""A treatment in words."""

from __future__ import annotations

from ganlab.config.yaml_text import write_flow
from ganlab.sweeps.counting import rate_words
from ganlab.text import one_line
from ganlab.treatment.arms import Change
from ganlab.treatment.carry_out import Treatment
from ganlab.treatment.planning import TreatmentPlan


def change_words(change: Change) -> str:
    """Return a change as settings: `latent.dim: 64; loss: hinge`."""
    return one_line("; ".join(f"{key}: {write_flow(value)}" for key, value in change.items()))


def length_words(plan: TreatmentPlan) -> str:
    """Return how long a trial is, and whether that is the run's own length."""
    own = "as many as the run plans" if plan.steps == plan.own_steps else f"shortened from {plan.own_steps:,}"
    return f"trials of {plan.steps:,} steps ({own})"


def conclusion_words(done: Treatment) -> str:
    """Return what a treatment proved: the best cure, or that there is none."""
    best = done.best
    if best is None:
        healed, more = done.arms[0].cured, 2 * len(done.plan.seeds)
        by_itself = f"; unchanged it heals by itself in {healed} of {done.arms[0].n} trials" if healed else ""
        some = [each.arm.name for each in done.arms if each.conclusion == "not shown"]
        perhaps = f"; {', '.join(some)} cured some trials, and --seeds {more} tells more" if some else ""
        return f"nothing was shown to cure it{by_itself}{perhaps}"
    chance = f"p {best.p_random:.2g} against changes at random" if best.p_random is not None else ""
    return (
        f"cured by {change_words(best.arm.change)}: {rate_words(best.cured, best.n)} trials; "
        f"p {best.p:.2g} against the unchanged run, {chance}"
    )
