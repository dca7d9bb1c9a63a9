"""Which trials come next: successive halving over the cures, or all of them, beside controls on the same seeds.

The answer depends on what trials came to and on nothing else, so a treatment that was killed goes on as if it had not
been.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from ganlab.config.load import with_settings
from ganlab.errors import ConfigError
from ganlab.runs.names import RANDOM, UNCHANGED
from ganlab.sweeps.plan import identity
from ganlab.treatment.arms import COMBINED, Arm, free_name, merged
from ganlab.treatment.plan import TreatmentPlan
from ganlab.treatment.statistics import alpha_of, fisher, is_proved


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

    Trials of earlier treatments come first. Then every arm gets the first seed, and the better half of those that can
    still be proved the next one, up to the seeds of the first stage. If nothing is proved on them, halving starts
    again among all arms, on the seeds up to those of the second stage.

    Args:
        plan: what was planned.
        done: what trials came to.
        spare: unchanged runs with the failure that count beside the trials: 1 if the treated run does.
    """
    due = dict.fromkeys(plan.kept)
    everybody = [arm.name for arm in plan.cures]
    if plan.wishes.complete:
        every = [(name, seed) for seed in plan.seeds for name in (UNCHANGED, RANDOM, *everybody)]
        return Schedule(list(due | dict.fromkeys(every)))
    turn, known = 0, _known(plan, done, 0)
    for stage in plan.stages:
        alive = everybody
        while turn < stage:
            left, seeds = _left(plan, due), stage - turn
            room = left - 2 - FEWEST_OF_A_SEED * (seeds - 1)
            # The first stage looks for the best arms fast, the second one spends what the budget has.
            least = left // seeds - 2 if stage > plan.stages[0] else 0
            alive = _chosen(plan, known, alive, turn, stage, spare, least)[: max(0, room)]
            if not alive:
                break
            due |= dict.fromkeys((name, plan.seeds[turn]) for name in (UNCHANGED, RANDOM, *alive))
            if any(key not in done for key in due):
                return Schedule(list(due))
            turn += 1
            known = _known(plan, done, turn)
        if any(_is_shown(plan, known, name, stage, spare) for name in everybody):
            break
    combined = combination(plan, known) if turn and _left(plan, due) >= turn else None
    if combined is None or not _would_show(plan, known, turn, spare):
        return Schedule(list(due))
    return Schedule(list(due | dict.fromkeys((combined.name, seed) for seed in plan.seeds[:turn])), combined)


FEWEST_OF_A_SEED = 3
"""Trials that a seed needs at least: both controls, and one cure."""


def significance(plan: TreatmentPlan, seeds: int) -> float:
    """Return the p that counts, at most, of trials on so many seeds: that of the stage to which they belong."""
    return alpha_of(next((stage for stage in plan.stages if seeds <= stage), seeds))


def combination(plan: TreatmentPlan, done: Trials) -> Arm | None:
    """Return the two best arms that cured something as one; None if there are no two, or they cannot be united."""
    good = [arm for arm in plan.cures if _cured(done, _of(done, arm.name))]
    ranked = sorted(good, key=lambda arm: _merit(plan, done, arm.name))
    if len(ranked) < 2:
        return None
    first, second = ranked[:2]
    change = merged(first.change, second.change, plan.experiment)
    if change is None or not _is_new(plan, change):
        return None
    return Arm(
        free_name(COMBINED, {arm.name for arm in (*plan.arms, *plan.earlier)}),
        "combined",
        change,
        why=f"unites {first.name} and {second.name}",
        source="; ".join(dict.fromkeys((first.source, second.source))),
        branch=min(first.branch, second.branch),
    )


def _known(plan: TreatmentPlan, done: Trials, turn: int) -> Trials:
    """Return what was known before a turn: looked at again when more is done, the choice is the same."""
    kept, seeds = set(plan.kept), plan.seeds[:turn]
    return {key: trial for key, trial in done.items() if key in kept or key[1] in seeds}


def _left(plan: TreatmentPlan, due: Collection[Key]) -> int:
    return plan.trials - len(due) + len(plan.kept)


def _is_new(plan: TreatmentPlan, change: Mapping[str, Any]) -> bool:
    """Return whether a change can be trained, and no arm trains it yet."""
    try:
        letters = identity(with_settings(plan.experiment, change))
    except ConfigError:
        return False
    return letters not in {identity(with_settings(plan.experiment, arm.change)) for arm in (*plan.arms, *plan.earlier)}


def _chosen(
    plan: TreatmentPlan, done: Trials, alive: Sequence[str], turn: int, stage: int, spare: int, least: int
) -> list[str]:
    """Return who gets the next seed: all at first, then half as many, or `least`, and whoever cured all of its trials.

    Arms that were dropped come back once those before them failed more often.
    """
    if turn == 0:
        return list(alive)
    ranked = sorted((arm.name for arm in plan.cures), key=lambda name: _merit(plan, done, name))
    perfect = sum(bool(keys := _of(done, name)) and _cured(done, keys) == len(keys) for name in ranked)
    likely = [name for name in ranked if can_be_shown(plan, done, name, turn, stage, spare)]
    return likely[: max(math.ceil(len(alive) / 2), perfect, least)]


def can_be_shown(plan: TreatmentPlan, done: Trials, name: str, turn: int, stage: int, spare: int) -> bool:
    """Return whether an arm could still be proved at the end of a stage, if all that is to come went its way."""

    def to_come(arm: str) -> int:
        return sum((arm, seed) not in done for seed in plan.seeds[turn:stage])

    own, unchanged = _of(done, name), _of(done, UNCHANGED)
    k, n = _cured(done, own) + to_come(name), len(own) + to_come(name)
    p = fisher(k, n, _cured(done, unchanged), len(unchanged) + to_come(UNCHANGED) + spare)
    return is_proved(p, k, n, 0, _alpha(plan, stage))


def _is_shown(plan: TreatmentPlan, done: Trials, name: str, stage: int, spare: int) -> bool:
    """Return whether an arm is proved at the end of a stage."""
    own, unchanged = _of(done, name), _of(done, UNCHANGED)
    if not own:
        return False
    chance = [(RANDOM, seed) for _, seed in own if (RANDOM, seed) in done]
    k, n = _cured(done, own), len(own)
    p = fisher(k, n, _cured(done, unchanged), len(unchanged) + spare)
    return is_proved(p, k, n, _cured(done, chance), _alpha(plan, stage))


def _would_show(plan: TreatmentPlan, done: Trials, turn: int, spare: int) -> bool:
    """Return whether an arm that cures every seed so far were proved."""
    unchanged = _of(done, UNCHANGED)
    return fisher(turn, turn, _cured(done, unchanged), len(unchanged) + spare) <= _alpha(plan, turn)


def _alpha(plan: TreatmentPlan, seeds: int) -> float:
    """Return what `significance` is then: trials that are kept may be on more seeds."""
    return significance(plan, max(seeds, len({seed for _, seed in plan.kept})))


def _of(done: Trials, name: str) -> list[Key]:
    return sorted(key for key in done if key[0] == name)


def _cured(done: Trials, keys: Sequence[Key]) -> int:
    return sum(done[key].cured for key in keys)


def _merit(plan: TreatmentPlan, done: Trials, name: str) -> tuple[float, float, int]:
    """Return a key that sorts arms, the best first: how likely it cures the next trial, then mean quality, then their
    order.

    By Laplace's rule of succession, (cured + 1) / (trials + 2): one failure weighs less than two.
    """
    keys = _of(done, name)
    values = [done[key].quality for key in keys]
    known = [value for value in values if value is not None]
    quality = sum(known) / len(known) if known and len(known) == len(values) else math.inf
    order = [arm.name for arm in plan.arms]
    return -(_cured(done, keys) + 1) / (len(keys) + 2), quality, order.index(name)
