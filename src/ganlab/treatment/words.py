"""A treatment in words."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace

from ganlab.config.yaml_text import settings_words
from ganlab.sweeps.counting import rate_words
from ganlab.treatment.arms import Change
from ganlab.treatment.carry_out import Treatment
from ganlab.treatment.plan import TreatmentPlan
from ganlab.treatment.results import ArmResult, spare_runs
from ganlab.treatment.rounds import Key, Trial, schedule
from ganlab.verdicts import INCONCLUSIVE, acquits

UNFINISHED = ("never_learned", INCONCLUSIVE)
"""Verdicts on a trial that was cured of its failure and may only be too short."""


def conclusion_words(done: Treatment) -> str:
    """Return what a treatment proved: the best cure; or that there is none, why it ended, and what to do next."""
    best = done.best
    if best is None:
        return f"nothing was shown to cure it: {_ending(done)}{_healed(done.arms[0])}. {' '.join(_advice(done))}"
    chance = f"p {best.p_random:.2g} against changes at random" if best.p_random is not None else ""
    return (
        f"cured by {settings_words(best.arm.change)}: {rate_words(best.cured, best.n)} trials; "
        f"p {best.p:.2g} against the unchanged run, {chance}"
    )


def _ending(done: Treatment) -> str:
    """Say why no more trials followed, and how much of the budget is left, if that is much."""
    plan, trials = done.plan, _trials(done)
    left = plan.trials - len(trials.keys() - set(plan.kept))
    if _lacks_budget(done):
        return f"the budget of {plan.trials} trials allows no more"
    rest = f"; {left} of the {plan.trials} trials of the budget are left" if 4 * left > plan.trials else ""
    if {seed for _, seed in trials} >= set(plan.seeds):
        return f"no change was proved on {len(plan.seeds)} seeds{rest}"
    return f"no change could be proved any more on {len(plan.seeds)} seeds{rest}"


def _lacks_budget(done: Treatment) -> bool:
    """Return whether more trials would have followed with a larger budget."""
    trials = _trials(done)
    due = schedule(replace(done.plan, trials=sys.maxsize), trials, spare_runs(done.plan)).trials
    return any(key not in trials for key in due)


def _trials(done: Treatment) -> dict[Key, Trial]:
    return {(trial.arm, trial.seed): trial for each in done.arms for trial in each.trials}


def _healed(unchanged: ArmResult) -> str:
    if not unchanged.cured:
        return ""
    return f"; unchanged it heals by itself in {unchanged.cured} of {unchanged.n} trials"


def _advice(done: Treatment) -> list[str]:
    """Say what to do if nothing is proved, likeliest first."""
    wishes = done.plan.wishes
    slow = [each for each in done.arms if _is_slow(each, done.plan.failure)]
    some = [each.arm.name for each in done.arms if each.conclusion == "not shown" and each not in slow]
    found = [
        f"{each.arm.name} ended the failure in all of its trials, with better samples than the unchanged run, and may "
        f"need more steps: --try {_longer(each.arm.change, done.plan)}."
        for each in slow
    ]
    if _lacks_budget(done):
        found.append("A larger --budget goes on.")
    if some:
        found.append(f"{', '.join(some)} cured some trials: --seeds {2 * wishes.seeds} tells more.")
    if not found:
        every = "" if wishes.complete else ", --complete every known cure"
        found.append(f"--try KEY=VALUE tries a change of your own{every}.")
    return found


def _is_slow(each: ArmResult, failure: str) -> bool:
    """Return whether an arm ended the failure in all of its trials, which were better and only too short."""
    if each.arm.is_control or each.quality is None or each.quality >= 0:
        return False
    verdicts = [trial.verdict for trial in each.trials]
    open_ones = [name for name in verdicts if name in UNFINISHED]
    rest = [name for name in verdicts if name not in UNFINISHED]
    return failure not in UNFINISHED and bool(open_ones) and all(name and acquits(name) for name in rest)


def _longer(change: Change, plan: TreatmentPlan) -> str:
    """Return a change with twice as many steps, as `--try` takes it in a shell."""
    steps = 2 * change.get("training.steps", plan.own_steps)
    settings = {**change, "training.steps": steps}
    return shlex.quote(settings_words(settings, "=", " "))
