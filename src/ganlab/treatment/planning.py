"""How a treatment is planned: from the run that failed, how many trials of how many steps the budget allows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ganlab.config.experiment import Experiment
from ganlab.config.load import with_settings
from ganlab.config.yaml_text import settings_words
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers.run_directory import read_run
from ganlab.diagnosis.verdict import Verdict
from ganlab.errors import GanlabError, RunError
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import read_history
from ganlab.runs.names import RANDOM, TREATMENT, UNCHANGED
from ganlab.sweeps.plan import identity, letters_of
from ganlab.treatment.arms import Arm, Change, arms_of, keeps_networks
from ganlab.treatment.chance import random_change
from ganlab.treatment.plan import TreatmentPlan, Wishes, scaled
from ganlab.treatment.statistics import FEWEST_SEEDS
from ganlab.verdicts import INCONCLUSIVE, accuses, matches, words

FEWEST_ARMS = 3
"""Arms that must fit into the budget with all of their seeds: both controls and one cure."""

DEARER = 1.3
"""What a trial costs, over a run of as many steps: a cure adds work, and its cost is not known beforehand."""

MARGIN = 1.5
"""Steps of a shortened trial, over those after which the run's verdict stood, at least."""


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
