"""What a treatment is going to do, once and for all: what was asked for, its arms, seeds and steps; kept as JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganlab.config.experiment import Experiment
from ganlab.config.load import experiment_from_mapping, with_settings
from ganlab.errors import ConfigError, GanlabError, RunError
from ganlab.treatment.arms import Arm
from ganlab.treatment.statistics import FEWEST_SEEDS

UNITS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Wishes:
    """What the user asks for.

    Attributes:
        seconds: the budget; 0 for a complete treatment, which has none.
        seeds: of each arm in the first stage, at most; the second one has as many more.
        only: names of the remedies to try; empty: all.
        tries: changes of the user's own, `KEY=VALUE` each.
        from_onset: whether trials go on from the run's last checkpoint before the failure began.
        complete: whether every arm is tried on every seed, whatever that takes: for a table, not for a cure.
    """

    seconds: float = 1800.0
    seeds: int = FEWEST_SEEDS
    only: tuple[str, ...] = ()
    tries: tuple[str, ...] = ()
    from_onset: bool = False
    complete: bool = False

    @property
    def all_seeds(self) -> int:
        """Seeds of both stages; a complete treatment has one."""
        return self.seeds if self.complete else 2 * self.seeds

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "budget": self.seconds,
            "seeds": self.seeds,
            "only": list(self.only),
            "tries": list(self.tries),
            "from_onset": self.from_onset,
            "complete": self.complete,
        }


@dataclass(frozen=True)
class TreatmentPlan:
    """What is going to be done, fixed before the first trial: only what trials come to decides which follow.

    Attributes:
        wishes: what the user asked for.
        failure: the run's verdict.
        experiment: what the unchanged trials train.
        arms: `unchanged`, `random`, then the arms to be tried, in their order.
        seeds: of the trials, the same in all arms, those of both stages.
        trials: how many the budget allows, beside those that are kept.
        seconds: what one trial is expected to take.
        workers: trials side by side that the budget counts on.
        own_steps: steps that the run's experiment plans.
        branch: the step of the run's checkpoint from which trials go on that can; 0 if all start anew.
        earlier: arms of earlier treatments of the run, which get no further trials.
        kept: arm and seed of each trial of earlier treatments that counts.
    """

    wishes: Wishes
    failure: str
    experiment: Experiment
    arms: tuple[Arm, ...]
    seeds: tuple[int, ...]
    trials: int
    seconds: float
    workers: int
    own_steps: int
    branch: int = 0
    earlier: tuple[Arm, ...] = ()
    kept: tuple[tuple[str, int], ...] = ()

    @property
    def stages(self) -> tuple[int, ...]:
        """Numbers of seeds after which a stage ends: of the first one, then of both."""
        return tuple(sorted({min(self.wishes.seeds, len(self.seeds)), len(self.seeds)}))

    @property
    def steps(self) -> int:
        """Steps of a trial."""
        return self.experiment.training.steps

    @property
    def cures(self) -> tuple[Arm, ...]:
        """The arms that are no controls."""
        return tuple(arm for arm in self.arms if not arm.is_control)

    def experiment_of(self, arm: Arm, seed: int) -> Experiment:
        """Return what a trial trains."""
        return with_settings(self.experiment, scaled(arm.change_for(seed), self), {"seed": seed})

    @property
    def most(self) -> int:
        """Trials that are trained at most: what the budget allows, or every arm on every seed if that is less."""
        every = {(arm.name, seed) for arm in self.arms for seed in self.seeds} - set(self.kept)
        united = len(self.seeds) if not self.wishes.complete and len(self.cures) > 1 else 0
        return min(self.trials, len(every) + united)

    @property
    def expected(self) -> float:
        """Seconds that all trials take at most, side by side."""
        return math.ceil(self.most / self.workers) * self.seconds

    def as_json(self) -> dict[str, Any]:
        """Return plain values from which `plan_from_json` makes it again."""
        return {
            "wishes": self.wishes.as_json(),
            "failure": self.failure,
            "experiment": self.experiment.model_dump(mode="json"),
            "arms": [_arm_as_json(arm) for arm in self.arms],
            "seeds": list(self.seeds),
            "trials": self.trials,
            "seconds": self.seconds,
            "workers": self.workers,
            "own_steps": self.own_steps,
            "branch": self.branch,
            "earlier": [_arm_as_json(arm) for arm in self.earlier],
            "kept": [list(key) for key in self.kept],
        }


def scaled(change: Mapping[str, Any], plan: TreatmentPlan) -> dict[str, Any]:
    """Return a change for trials that are shorter than the run: its number of steps is shortened likewise."""
    found = dict(change)
    if "training.steps" in found:
        found["training.steps"] = max(1, round(found["training.steps"] * plan.steps / plan.own_steps))
    return found


def _arm_as_json(arm: Arm) -> dict[str, Any]:
    return {
        "name": arm.name,
        "kind": arm.kind,
        "change": dict(arm.change),
        "why": arm.why,
        "source": arm.source,
        "by_seed": {str(seed): dict(change) for seed, change in arm.by_seed.items()},
        "branch": arm.branch,
    }


def _arm_from_json(values: Mapping[str, Any]) -> Arm:
    return Arm(**{**values, "by_seed": {int(seed): change for seed, change in values["by_seed"].items()}})


def plan_from_json(values: Mapping[str, Any], path: Path) -> TreatmentPlan:
    """Return the plan that `TreatmentPlan.as_json` wrote.

    Raises:
        RunError: it is damaged.
    """
    try:
        wishes = dict(values["wishes"])
        return TreatmentPlan(
            wishes=Wishes(
                wishes["budget"],
                wishes["seeds"],
                tuple(wishes["only"]),
                tuple(wishes["tries"]),
                wishes["from_onset"],
                wishes.get("complete", False),
            ),
            failure=values["failure"],
            experiment=experiment_from_mapping(values["experiment"]),
            arms=tuple(map(_arm_from_json, values["arms"])),
            seeds=tuple(values["seeds"]),
            trials=values["trials"],
            seconds=values["seconds"],
            workers=values["workers"],
            own_steps=values["own_steps"],
            branch=values["branch"],
            earlier=tuple(map(_arm_from_json, values.get("earlier", ()))),
            kept=tuple((name, seed) for name, seed in values.get("kept", ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError, ConfigError) as error:
        raise RunError(f"{path} is damaged: {error}", "remove the folder to begin again") from error


def budget_seconds(text: str) -> float:
    """Return the seconds of `90s`, `30m`, `2h` or `1h30m`.

    Raises:
        GanlabError: it is none of these.
    """
    if not re.fullmatch(r"(\d{1,6}(\.\d+)?[smh])+", text):
        raise GanlabError(f"a budget is not written {text!r}", "write 90s, 30m or 2h")
    seconds = sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)([smh])", text))
    if seconds <= 0:
        raise GanlabError("a budget of nothing leaves no trial", "write 90s, 30m or 2h")
    return seconds
