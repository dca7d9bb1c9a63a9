"""What a treatment is going to do: its arms, seeds and steps, and how many trials the budget allows."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ganlab.config.experiment import Experiment
from ganlab.config.load import experiment_from_mapping, with_settings
from ganlab.config.yaml_text import settings_words
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers.run_directory import read_run
from ganlab.diagnosis.verdict import Verdict
from ganlab.errors import ConfigError, GanlabError, RunError
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import read_history
from ganlab.runs.names import RANDOM, TREATMENT, UNCHANGED
from ganlab.sweeps.plan import identity, letters_of
from ganlab.treatment.arms import Arm, Change, arms_of, keeps_networks
from ganlab.treatment.chance import random_change
from ganlab.treatment.statistics import FEWEST_SEEDS
from ganlab.verdicts import INCONCLUSIVE, accuses, matches, words

FEWEST_ARMS = 3
"""Arms that must fit into the budget with all of their seeds: both controls and one cure."""

DEARER = 1.3
"""What a trial costs, over a run of as many steps: a cure adds work, and its cost is not known beforehand."""

MARGIN = 1.5
"""Steps of a shortened trial, over those after which the run's verdict stood, at least."""

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
class Patient:
    """A run that failed.

    Attributes:
        run: its directory.
        experiment: what it trained.
        verdict: what it is judged to be now, with the evidence.
        pace: seconds a step, watching included.
        overhead: seconds that its start and its end took beside the steps.
    """

    run: RunDirectory
    experiment: Experiment
    verdict: Verdict
    pace: float
    overhead: float

    @property
    def letters(self) -> str:
        """8 letters of the run's folder and experiment."""
        return letters_of([self.run.path.name, identity(self.experiment)])

    @property
    def folder_name(self) -> str:
        """Name of the treatment's folder: the same however often, and with whatever wishes, the run is treated."""
        return f"{TREATMENT}{self.experiment.name}-{self.letters}"


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


def examine(run: RunDirectory) -> Patient:
    """Read and judge a run that is to be treated.

    Raises:
        GanlabError: it goes on, cannot be read, has no experiment, or nothing that could be cured.
    """
    if run.is_held():
        raise RunError(f"{run.path} is still written to by another process", "wait until it ends, or stop it")
    status = run.status()
    evidence = read_run(run.path)
    experiment = evidence.experiment
    if experiment is None:
        why = "; ".join(evidence.notes) or "it was made by another program"
        raise RunError(f"{run.path} has no experiment that could be trained again: {why}", "train it with ganlab")
    verdict = diagnose(evidence)
    if verdict.name == INCONCLUSIVE:
        missing = [f"{each.what}: {each.how}" for each in verdict.missing]
        raise GanlabError(
            f"{run.path.name} is inconclusive, so nobody knows what to cure: {verdict.summary}",
            "; ".join(missing) or "train it longer",
        )
    if not accuses(verdict.name):
        raise GanlabError(
            f"{run.path.name} is {words(verdict.name)}: there is nothing to cure",
            _instead(verdict),
        )
    times = read_history(run.history).get("time", np.array([]))
    if status.seconds is None or len(times) < 2 or not times[-1] > times[0]:
        raise RunError(f"{run.path} does not say what a step takes, so no budget can be planned", "train it again")
    pace = float(times[-1] - times[0]) / (len(times) - 1)
    return Patient(run, experiment, verdict, pace, max(0.0, status.seconds - float(times[-1])))


def _instead(verdict: Verdict) -> str:
    """Return what to do with a run that has no failure: what its verdict advises, for example to train it longer."""
    if not verdict.remedies:
        return "`ganlab diagnose` says more; treat a run whose verdict names a failure"
    first = verdict.remedies[0]
    settings = settings_words(first.change or {}, "=", ", ")
    return first.why + (f": {settings}" if settings else "")


def make_treatment(patient: Patient, wishes: Wishes, workers: int) -> TreatmentPlan:
    """Plan the trials of a run: at its own length if enough of them fit into the budget, else shortened.

    Raises:
        GanlabError: a change that was asked for cannot be trained, there is nothing to try, or the budget is too small.
    """
    if wishes.seeds < FEWEST_SEEDS:
        raise GanlabError(f"{wishes.seeds} seeds cannot tell a cure from chance", f"give {FEWEST_SEEDS} or more")
    experiment, failure = patient.experiment, patient.verdict.name
    cures = arms_of(patient.verdict, experiment, wishes.tries, wishes.only, wishes.complete)
    branch = last_before_onset(patient) if wishes.from_onset else 0
    seeds = tuple(experiment.seed + number for number in range(1, wishes.all_seeds + 1))
    steps, trials = _length(patient, wishes, len(cures), workers)
    plain: dict[str, Any] = {
        "training.steps": steps,
        "monitor.stop_on": [failure],
        "monitor.tensorboard": False,
        "expect": [],
        "claim": "",
    }
    unchanged = with_settings(experiment, plain)
    if branch:
        kept = [keeps_networks(experiment, with_settings(experiment, arm.change)) for arm in cures]
        cures = [replace(arm, branch=branch * keeps) for arm, keeps in zip(cures, kept, strict=True)]
    plan = TreatmentPlan(
        wishes=wishes,
        failure=failure,
        experiment=unchanged,
        arms=(Arm(UNCHANGED, "unchanged", why="does it heal by itself?", branch=branch), *cures),
        seeds=seeds,
        trials=trials,
        seconds=_trial_seconds(patient, steps),
        workers=workers,
        own_steps=experiment.training.steps,
        branch=branch,
    )
    _refuse_too_short(plan, patient)
    return with_chance(plan, patient)


def _refuse_too_short(plan: TreatmentPlan, patient: Patient) -> None:
    """Refuse a change of the user's own with so few steps that its trials end before the failure shows.

    Raises:
        GanlabError: there is one.
    """
    asked = [arm for arm in plan.cures if arm.kind == "asked" and "training.steps" in arm.change]
    if not asked:
        return
    least = least_steps(patient)
    for arm in asked:
        steps = scaled(arm.change, plan)["training.steps"]
        if steps < least:
            raise GanlabError(
                f"--try training.steps={arm.change['training.steps']}: trials of {steps} steps are too short for the "
                f"failure to show; in this run that takes {least} steps",
                f"give at least {math.ceil(least * plan.own_steps / plan.steps)}",
            )


def with_chance(plan: TreatmentPlan, patient: Patient, drawn: Mapping[int, Change] | None = None) -> TreatmentPlan:
    """Return the plan with changes at random as its second control.

    Args:
        plan: with all of its other arms.
        patient: the run.
        drawn: changes by seed that were drawn earlier; they stay unless an arm trains the same.
    """
    others = tuple(arm for arm in plan.arms if arm.kind != "random")
    seeds = sorted({*plan.seeds, *(seed for _, seed in plan.kept)})
    taken = {identity(plan.experiment_of(arm, seed)) for arm in (*others, *plan.earlier) for seed in seeds}
    found: dict[int, Change] = {}
    for seed in seeds:
        base = plan.experiment.model_copy(update={"seed": seed})
        change = (drawn or {}).get(seed)
        if change is None or identity(with_settings(base, change)) in taken:
            change = random_change(base, patient.letters, seed, taken, same_networks=plan.branch > 0)
        found[seed] = change
    chance = Arm(RANDOM, "random", why="does any change help as well?", by_seed=found, branch=plan.branch)
    return replace(plan, arms=(others[0], chance, *others[1:]))


def last_before_onset(patient: Patient) -> int:
    """Return the step of the run's last checkpoint before its failure began.

    Raises:
        GanlabError: there is none, or it is not known when the failure began.
    """
    onset = patient.verdict.onset_step
    names = (path.name.removeprefix("step_") for path in patient.run.checkpoints.glob("step_*"))
    steps = sorted(int(name) for name in names if name.isdigit())
    before = [step for step in steps if onset is not None and 0 < step < onset]
    if not before:
        began = "it is not known when its failure began" if onset is None else f"its failure began at step {onset:,}"
        named = [f"{step}{' (the beginning, where trials start anyway)' if step == 0 else ''}" for step in steps]
        kept = f"checkpoints of steps {', '.join(named)}" if steps else "no checkpoint"
        raise GanlabError(
            f"{patient.run.path.name} has no checkpoint before the onset: {began}, and it keeps {kept}",
            "leave --from-onset out; monitor.keep_checkpoints keeps more of a new run",
        )
    return before[-1]


def scaled(change: Mapping[str, Any], plan: TreatmentPlan) -> dict[str, Any]:
    """Return a change for trials that are shorter than the run: its number of steps is shortened likewise."""
    found = dict(change)
    if "training.steps" in found:
        found["training.steps"] = max(1, round(found["training.steps"] * plan.steps / plan.own_steps))
    return found


def most_trials(cures: int, seeds: int) -> int:
    """Return the trials of successive halving: both controls and the better half of the cures, seed by seed."""
    return sum(2 + max(1, math.ceil(cures / 2**turn)) for turn in range(seeds))


def stood_at(evidence: Evidence, holds: Callable[[str], bool]) -> int:
    """Return the step of the first snapshot from which something holds of a run's verdict at it and all later ones."""
    first = evidence.last_step
    for step in sorted((row.step for row in evidence.snapshots), reverse=True):
        if not holds(diagnose(evidence.until(step)).name):
            break
        first = step
    return first


def least_steps(patient: Patient) -> int:
    """Return the fewest steps of a trial: MARGIN times those after which the run's verdict stood, or its own steps."""
    assert patient.verdict.judged_on is not None
    every = patient.experiment.monitor.snapshot_every
    stood = stood_at(patient.verdict.judged_on, lambda name: matches(name, (patient.verdict.name,)))
    return min(patient.experiment.training.steps, math.ceil(MARGIN * stood / every) * every)


def _trial_seconds(patient: Patient, steps: int) -> float:
    return (patient.pace * steps + patient.overhead) * DEARER


def _length(patient: Patient, wishes: Wishes, cures: int, workers: int) -> tuple[int, int]:
    """Return the steps of a trial, and how many trials the budget allows.

    The run's own steps if successive halving over all cures fits; else as many steps as let it fit, but not fewer than
    MARGIN times those after which the verdict stood.

    Raises:
        GanlabError: not even FEWEST_ARMS arms with all of their seeds fit.
    """
    own, every = patient.experiment.training.steps, patient.experiment.monitor.snapshot_every
    if wishes.complete:
        return own, (2 + cures) * wishes.seeds
    fewest = FEWEST_ARMS * wishes.seeds
    available = wishes.seconds * workers

    def fitting(steps: int) -> int:
        return int(available / _trial_seconds(patient, steps))

    wanted = max(fewest, most_trials(cures, wishes.seeds))
    if fitting(own) >= wanted:
        return own, fitting(own)
    least = least_steps(patient)
    affordable = (available / wanted / DEARER - patient.overhead) / patient.pace
    fits = max(0, int(affordable)) // every * every
    steps = min(own, max(least, fits))
    if fitting(steps) < fewest:
        needed = math.ceil(fewest * _trial_seconds(patient, steps) / workers)
        raise GanlabError(
            f"the budget of {wishes.seconds:.0f} s is too small: {fewest} trials (both controls and one cure, "
            f"{wishes.seeds} seeds each) of {steps} steps take about {needed} s with {workers} "
            f"worker{'s' * (workers != 1)}",
            f"give --budget {math.ceil(needed / 60)}m" if needed > 60 else f"give --budget {needed}s",
        )
    return steps, fitting(steps)
