"""Which trials come next: successive halving over the cures, or all of them, beside controls on the same seeds.

The answer depends on what trials came to and on nothing else, so a treatment that was killed goes on as if it had not
been.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ganlab.config.load import with_settings
from ganlab.errors import ConfigError
from ganlab.sweeps.plan import identity
from ganlab.treatment.arms import COMBINED, RANDOM, UNCHANGED, Arm, merged
from ganlab.treatment.planning import TreatmentPlan
from ganlab.treatment.statistics import ALPHA, fisher


class Trial(NamedTuple):
    """What one trial came to.

    Attributes:
        arm, seed: whose it is.
        run: name of its run.
        state: `finished`, `stopped`, or `failed` for one that could not be trained.
        verdict: `failure/variant`; empty without one.
        cured: whether nothing is held against it.
        step: its last step, or the first one with NaN or Inf.
        quality: statistic of its last snapshot by which trials are compared, lower is better; None without one.
        variety: the same for variety, higher is better.
        seconds: what it took.
    """

    arm: str
    seed: int
    run: str
    state: str
    verdict: str
    cured: bool
    step: int | None
    quality: float | None
    variety: float | None
    seconds: float | None


Key = tuple[str, int]
"""Arm and seed of a trial."""

Trials = Mapping[Key, Trial]


class Schedule(NamedTuple):
    """The trials so far and the next ones, in their order, and the arm that unites the two best, once it is known."""

    trials: list[Key]
    combined: Arm | None = None


def schedule(plan: TreatmentPlan, done: Trials, spare: int) -> Schedule:
    """Return the trials that are due, those that are done among them; all are done if nothing is left to try.

    Args:
        plan: what was planned.
        done: what trials came to.
        spare: unchanged runs with the failure that count beside the trials: 1 if the treated run does.
    """
    due: list[Key] = []
    alive = [arm.name for arm in plan.cures]
    if plan.wishes.complete:
        return Schedule([(name, seed) for seed in plan.seeds for name in (UNCHANGED, RANDOM, *alive)])
    for turn, seed in enumerate(plan.seeds):
        room = plan.trials - len(due) - 2 - FEWEST_OF_A_SEED * (len(plan.seeds) - turn - 1)
        alive = _chosen(plan, done, alive, turn, spare)[: max(0, room)]
        if not alive:
            return Schedule(due)
        due += [(UNCHANGED, seed), (RANDOM, seed), *((name, seed) for name in alive)]
        if any(key not in done for key in due):
            return Schedule(due)
    combined = combination(plan, done)
    if combined is not None and plan.trials - len(due) >= len(plan.seeds):
        return Schedule([*due, *((COMBINED, seed) for seed in plan.seeds)], combined)
    return Schedule(due)


FEWEST_OF_A_SEED = 3
"""Trials that a seed needs at least: both controls, and one cure."""


def combination(plan: TreatmentPlan, done: Trials) -> Arm | None:
    """Return the two best arms that cured something as one; None if there are no two, or they cannot be united."""
    good = [arm for arm in plan.cures if sum(done[key].cured for key in _of(plan, done, arm.name))]
    ranked = sorted(good, key=lambda arm: _merit(plan, done, arm.name))
    if len(ranked) < 2:
        return None
    first, second = ranked[:2]
    change = merged(first.change, second.change, plan.experiment)
    if change is None or not _is_new(plan, change):
        return None
    return Arm(
        COMBINED,
        "combined",
        change,
        why=f"unites {first.name} and {second.name}",
        source="; ".join(dict.fromkeys((first.source, second.source))),
        branch=min(first.branch, second.branch),
    )


def _is_new(plan: TreatmentPlan, change: Mapping[str, Any]) -> bool:
    """Return whether a change can be trained, and no arm trains it yet."""
    try:
        letters = identity(with_settings(plan.experiment, change))
    except ConfigError:
        return False
    return letters not in {identity(with_settings(plan.experiment, arm.change)) for arm in plan.arms}


def _chosen(plan: TreatmentPlan, done: Trials, alive: Sequence[str], turn: int, spare: int) -> list[str]:
    """Return who gets the next seed: all at first, then the better half, and everybody who cured all of its trials."""
    if turn == 0:
        return list(alive)
    # Only what was known then: looked at again when more is done, the choice is the same.
    done = {key: trial for key, trial in done.items() if trial.seed in plan.seeds[:turn]}
    ranked = sorted(alive, key=lambda name: _merit(plan, done, name))
    perfect = sum(all(done[key].cured for key in _of(plan, done, name)) for name in alive)
    kept = ranked[: max(math.ceil(len(alive) / 2), perfect)]
    return [name for name in kept if can_be_shown(plan, done, name, spare)]


def can_be_shown(plan: TreatmentPlan, done: Trials, name: str, spare: int) -> bool:
    """Return whether an arm could still be told from the unchanged one, if all that is to come went its way."""
    own, unchanged = _of(plan, done, name), _of(plan, done, UNCHANGED)
    seeds = len(plan.seeds)
    k = sum(done[key].cured for key in own) + seeds - len(own)
    return fisher(k, seeds, sum(done[key].cured for key in unchanged), seeds + spare) <= ALPHA


def _of(plan: TreatmentPlan, done: Trials, name: str) -> list[Key]:
    return [(name, seed) for seed in plan.seeds if (name, seed) in done]


def _merit(plan: TreatmentPlan, done: Trials, name: str) -> tuple[float, float, int]:
    """Return a key that sorts arms, the best first: share cured, then mean quality, then their order."""
    keys = _of(plan, done, name)
    values = [done[key].quality for key in keys]
    known = [value for value in values if value is not None]
    quality = sum(known) / len(known) if known and len(known) == len(values) else math.inf
    order = [arm.name for arm in plan.arms]
    return -sum(done[key].cured for key in keys) / max(1, len(keys)), quality, order.index(name)
