"""What the trials came to, arm by arm, and what that proves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ganlab.errors import RunError
from ganlab.runs.names import RANDOM, UNCHANGED
from ganlab.runs.snapshots import Row
from ganlab.sweeps.counting import wilson
from ganlab.sweeps.records import RunRecord
from ganlab.treatment.arms import Arm
from ganlab.treatment.plan import TreatmentPlan
from ganlab.treatment.rounds import Trial, Trials, significance
from ganlab.treatment.statistics import fisher, is_proved
from ganlab.verdicts import acquits, failure_of

Conclusion = Literal[
    "control", "cured", "no better than chance", "not shown", "did not help", "made it worse", "not tried"
]
"""What is known of an arm. `cured`: half of its trials or more, more than of the unchanged run, by more than chance
explains, and more than of a random change on the same seeds; `no better than chance`: a random change did as well;
`not shown`: it cured some, too few to prove anything; `made it worse`: it cured none, and its trials, two or more, were
worse than the unchanged ones."""

QUALITY = ("fid", "energy_distance")
"""Statistics by which trials are compared, lower is better: the first one that the run has."""

WORSE = 1.1
"""Times the quality of the unchanged trial from which one is worse: differences below that are seen between seeds."""

VARIETY = ("coverage", "vendi")
"""The same for variety, higher is better; a Vendi score is taken relative to equally many reals."""


@dataclass(frozen=True)
class ArmResult:
    """What an arm came to.

    Attributes:
        arm: the arm.
        trials: its trials, by seed.
        cured, n: trials in which nothing was held against the run at the end, of how many.
        low, high: 95 % interval of the share cured (Wilson 1927).
        p: that the unchanged run does as well (Fisher's exact test, one-sided); None for controls and without trials.
        p_random: the same of a random change.
        quality, variety: mean paired difference from the unchanged run on the same seeds; None if it cannot be told.
        seconds: what its trials took.
        conclusion: what is known of it.
    """

    arm: Arm
    trials: tuple[Trial, ...]
    cured: int
    n: int
    low: float
    high: float
    p: float | None
    p_random: float | None
    quality: float | None
    variety: float | None
    seconds: float
    conclusion: Conclusion

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        values = {key: value for key, value in asdict(self).items() if key not in ("arm", "trials")}
        arm = self.arm
        return {
            "name": arm.name,
            "kind": arm.kind,
            "change": dict(arm.change),
            "changes_by_seed": {str(seed): dict(change) for seed, change in arm.by_seed.items()},
            "why": arm.why,
            "source": arm.source,
            "start": arm.start,
            **values,
            "trials": [trial._asdict() for trial in self.trials],
        }


def trial_of(record: RunRecord, arm: str, row: Row | None) -> Trial:
    """Return what a trial came to: a run that could not be trained cured nothing.

    Args:
        record: of its run, which is over.
        arm: whose it is.
        row: the last snapshot of the treated run, which says by what trials are compared.
    """
    name = record.failure_name if record.ended else ""
    broken = record.status.non_finite if record.status is not None else None
    return Trial(
        arm=arm,
        seed=record.planned.seed,
        run=record.planned.id,
        state=record.state if record.ended else "failed",
        verdict=name,
        cured=name != "" and acquits(name),
        # When NaN is noticed depends on when rows are written; where it began does not.
        step=record.step if broken is None else broken.step,
        quality=_last(record, first_known(QUALITY, row)),
        variety=_last(record, first_known(VARIETY, row)),
        seconds=record.seconds,
    )


def first_known(names: Sequence[str], row: Row | None) -> str | None:
    """Return the first of some statistics that a row holds."""
    return next((name for name in names if row is not None and row.number(name) is not None), None)


def _last(record: RunRecord, name: str | None) -> float | None:
    try:
        if name is None or not record.snapshots:
            return None
        row = record.snapshots[-1]
    except RunError:
        return None  # damaged snapshots compare nothing; the verdict says so
    return row.relative_vendi() if name == "vendi" else row.number(name)


def results(plan: TreatmentPlan, arms: Sequence[Arm], done: Trials, spare: int) -> list[ArmResult]:
    """Return what each arm came to.

    Args:
        plan: what was planned.
        arms: its arms, those of earlier treatments, and the one that unites two if there is one.
        done: what trials came to.
        spare: unchanged runs with the failure that count beside the trials.
    """
    by_arm = {arm.name: [done[key] for key in sorted(done) if key[0] == arm.name] for arm in arms}
    alpha = significance(plan, len({seed for _, seed in done}))
    return [_result(arm, by_arm, spare, alpha) for arm in arms]


def best_of(found: Sequence[ArmResult]) -> ArmResult | None:
    """Return the best arm that is proved to cure.

    By the share of its trials that it cured, then by the share that ended `healthy` and not `under_trained`, then one
    change before two, then by quality.
    """
    proved = [each for each in found if each.conclusion == "cured"]

    def place(each: ArmResult) -> tuple[float, float, bool, float]:
        healthy = sum(failure_of(trial.verdict) == "healthy" for trial in each.trials)
        quality = math.inf if each.quality is None else each.quality
        return -each.cured / each.n, -healthy / each.n, each.arm.kind == "combined", quality

    return min(proved, key=place, default=None)


def spare_runs(plan: TreatmentPlan) -> int:
    """Return how many unchanged runs with the failure count beside the trials: the treated run, if it is as long."""
    return int(plan.steps == plan.own_steps and not any(arm.branch for arm in plan.arms))


def _result(arm: Arm, by_arm: Mapping[str, Sequence[Trial]], spare: int, alpha: float) -> ArmResult:
    trials = by_arm[arm.name]
    k, n = sum(trial.cured for trial in trials), len(trials)
    unchanged, chance = by_arm[UNCHANGED], _paired(trials, by_arm[RANDOM])
    p, p_random, proved = None, None, False
    if not arm.is_control and n:
        p = fisher(k, n, sum(trial.cured for trial in unchanged), len(unchanged) + spare)
        by_chance = sum(trial.cured for trial in chance)
        p_random = fisher(k, n, by_chance, len(chance))
        proved = is_proved(p, k, n, by_chance, alpha)
    low, high = wilson(k, n)
    return ArmResult(
        arm=arm,
        trials=tuple(trials),
        cured=k,
        n=n,
        low=low,
        high=high,
        p=p,
        p_random=p_random,
        quality=_difference(trials, unchanged, "quality"),
        variety=_difference(trials, unchanged, "variety"),
        seconds=sum(trial.seconds or 0.0 for trial in trials),
        conclusion=_conclusion(arm, trials, unchanged, chance, proved),
    )


def _conclusion(
    arm: Arm,
    trials: Sequence[Trial],
    unchanged: Sequence[Trial],
    chance: Sequence[Trial],
    proved: bool,
) -> Conclusion:
    if arm.is_control:
        return "control"
    if not trials:
        return "not tried"
    if proved:
        return "cured"
    k = sum(trial.cured for trial in trials)
    if k and sum(trial.cured for trial in chance) >= k:
        return "no better than chance"
    if k:
        return "not shown"
    return "made it worse" if _is_worse(trials, unchanged) else "did not help"


def _is_worse(trials: Sequence[Trial], unchanged: Sequence[Trial]) -> bool:
    """Return whether every trial is worse than the unchanged one of its seed: it alone diverged, or looks WORSE.

    One pair alone says nothing.
    """
    pairs = list(zip(trials, _paired(trials, unchanged), strict=False))
    return len(pairs) > 1 and all(
        _diverged(mine) > _diverged(other)
        or (
            _diverged(mine) == _diverged(other)
            and mine.quality is not None
            and other.quality is not None
            and mine.quality > WORSE * other.quality
        )
        for mine, other in pairs
    )


def _diverged(trial: Trial) -> bool:
    return failure_of(trial.verdict) == "diverged"


def _paired(trials: Sequence[Trial], others: Sequence[Trial]) -> list[Trial]:
    """Return the others on the seeds of some trials, in their order."""
    by_seed = {trial.seed: trial for trial in others}
    return [by_seed[trial.seed] for trial in trials if trial.seed in by_seed]


def _difference(
    trials: Sequence[Trial], unchanged: Sequence[Trial], what: Literal["quality", "variety"]
) -> float | None:
    """Return the mean paired difference over seeds; None without a pair."""
    by_seed = {trial.seed: getattr(trial, what) for trial in unchanged}
    pairs = [(getattr(trial, what), by_seed.get(trial.seed)) for trial in trials]
    differences = [mine - other for mine, other in pairs if mine is not None and other is not None]
    return sum(differences) / len(differences) if differences else None
