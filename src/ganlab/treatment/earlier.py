"""What an earlier treatment of a run left: its trials stay, beside those that are asked for now."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from ganlab.config.load import with_settings
from ganlab.sweeps.plan import identity
from ganlab.treatment.arms import Arm, free_name
from ganlab.treatment.plan import TreatmentPlan
from ganlab.treatment.planning import Patient, with_chance
from ganlab.treatment.rounds import Key


def same_kind(plan: TreatmentPlan, earlier: TreatmentPlan) -> bool:
    """Return whether trials of two plans can be compared: equally long, from the same checkpoint or all from step 0."""
    return plan.experiment == earlier.experiment and plan.branch == earlier.branch


def joined(plan: TreatmentPlan, arms: Sequence[Arm], done: Collection[Key], patient: Patient) -> TreatmentPlan:
    """Return a plan with what earlier treatments tried: their arms and trials, and the changes drawn for their control.

    An arm that is asked for again goes on with the trials that it has. A remedy takes the place of an arm with its name
    that did something else, as one of an older ganlab may; a change of the user's own gets a number.

    Args:
        plan: what is asked for now.
        arms: all arms of the earlier treatment.
        done: its trials that are over.
        patient: the run.
    """
    tried = {name for name, _ in done}
    before = {_letters(plan, arm): arm for arm in arms if not arm.is_control and arm.name in tried}
    names = {arm.name for arm in (*plan.arms, *before.values())}
    cures: dict[str, Arm] = {}
    for arm in plan.cures:
        letters = _letters(plan, arm)
        same = before.get(letters)
        if same is not None and "asked" in (same.kind, arm.kind):
            arm = replace(arm, name=same.name)
        elif same is None and arm.kind == "asked" and arm.name in {each.name for each in before.values()}:
            arm = replace(arm, name=free_name(arm.name, names))
        names.add(arm.name)
        cures[letters] = arm
    called = {arm.name for arm in cures.values()}
    earlier = {letters: arm for letters, arm in before.items() if letters not in cures and arm.name not in called}
    controls = [arm for arm in plan.arms if arm.is_control]
    whose = {arm.name for arm in controls} | {
        arm.name for letters, arm in (cures | earlier).items() if letters in before and before[letters].name == arm.name
    }
    merged = replace(
        plan,
        arms=(*controls, *cures.values()),
        earlier=tuple(earlier.values()),
        kept=tuple(sorted(key for key in done if key[0] in whose)),
    )
    return with_chance(merged, patient, next((arm.by_seed for arm in arms if arm.kind == "random"), {}))


def _letters(plan: TreatmentPlan, arm: Arm) -> str:
    return identity(with_settings(plan.experiment, arm.change))
