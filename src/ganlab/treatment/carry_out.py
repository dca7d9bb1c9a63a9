"""Carrying a treatment out: round after round of trials, each a sweep, until nothing is left to try."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from ganlab.config.experiment import Experiment
from ganlab.errors import Interrupted, RunError
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import atomic_write, read_json, sweep_temporaries, write_json
from ganlab.runs.names import CURED_FILE, TREATMENT_FILE
from ganlab.runs.stop import EXIT_CODES, StopSignal
from ganlab.sweeps.executors import Executor
from ganlab.sweeps.folder import SweepFolder
from ganlab.sweeps.plan import Plan, make_plan
from ganlab.sweeps.records import RunRecord, read_records
from ganlab.sweeps.scheduler import run_sweep
from ganlab.sweeps.spec import RunEntry, SweepSpec, dump_spec
from ganlab.sweeps.summary import write_results
from ganlab.sweeps.view import SweepView
from ganlab.treatment.arms import Arm
from ganlab.treatment.cured import cured_text
from ganlab.treatment.earlier import joined, same_kind
from ganlab.treatment.plan import TreatmentPlan, Wishes, plan_from_json
from ganlab.treatment.planning import Patient, make_treatment
from ganlab.treatment.results import ArmResult, best_of, results, spare_runs, trial_of
from ganlab.treatment.rounds import Key, Schedule, Trial, Trials, schedule

TREATMENT_SCHEMA = 1
"""Version of the format of treatment.json."""

INTERRUPTED = "interrupted"
"""Cause of an attempt that a signal ended."""


Brancher: TypeAlias = "Callable[[RunDirectory, int, Experiment, RunDirectory], None]"
"""Makes a trial's directory from the run's checkpoint of a step, for an experiment; the trial then goes on from it."""


@dataclass(frozen=True)
class Treatment:
    """What a treatment came to.

    Attributes:
        folder: its folder, that of a sweep whose runs are the trials.
        plan: what was planned.
        arms: what each arm came to: the controls first.
        best: the best arm that is proved to cure; None if there is none.
        cured: cured.yaml; None without a cure.
        finished: the run that `--finish` trained; None if none was asked for.
    """

    folder: Path
    plan: TreatmentPlan
    arms: tuple[ArmResult, ...]
    best: ArmResult | None
    cured: Path | None
    finished: Path | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what treatment.json holds."""
        values = read_json(self.folder / TREATMENT_FILE)
        return {**values, "finished": None if self.finished is None else str(self.finished)}


def stored_plan(folder: Path) -> TreatmentPlan | None:
    """Return the plan that an earlier treatment left; None without.

    Raises:
        RunError: treatment.json is damaged, or of a newer format.
    """
    path = folder / TREATMENT_FILE
    if not path.is_file():
        return None
    values = read_json(path)
    if values.get("schema") != TREATMENT_SCHEMA:
        raise RunError(f"{path} has format {values.get('schema')}, and this ganlab reads {TREATMENT_SCHEMA}")
    return plan_from_json(values.get("plan", {}), path)


def planned(patient: Patient, wishes: Wishes, workers: int, folder: Path) -> TreatmentPlan:
    """Return the plan of a treatment: the stored one if the wishes are the same, so that a restart goes on with it.

    With other wishes, a new one, which keeps the trials that are there if they are of the same kind.

    Raises:
        GanlabError: as for `make_treatment`, or what is stored is damaged.
    """
    stored = stored_plan(folder)
    if stored is not None and stored.wishes == wishes and len(stored.seeds) == wishes.all_seeds:
        return stored
    plan = make_treatment(patient, wishes, workers)
    if stored is None or not same_kind(plan, stored):
        return plan
    there = SweepFolder(folder)
    due, _ = progress(patient, stored, there, spare_runs(stored))
    arms = _arms(stored, due)
    # All that is there, not only what would be due now: an older ganlab may have chosen other trials.
    seeds = sorted({*stored.seeds, *(seed for _, seed in stored.kept)})
    every = [(arm.name, seed) for arm in arms for seed in seeds if not arm.by_seed or seed in arm.by_seed]
    return joined(plan, arms, _over(patient, stored, due, every, there), patient)


def carry_out(
    patient: Patient,
    plan: TreatmentPlan,
    folder: SweepFolder,
    make: Callable[[], Executor],
    view: SweepView,
    branch: Brancher | None = None,
) -> Treatment:
    """Train what is due until nothing is, write the results, and return them. What has ended is not trained again.

    Args:
        patient: the run.
        plan: what was planned.
        folder: the treatment's.
        make: makes who trains a round.
        view: who watches.
        branch: needed if trials go on from the run's checkpoint.

    Raises:
        RunError: the folder cannot be written, or another process holds it.
        Interrupted: a signal ended it; the trials have saved.
    """
    _open(folder)
    spare = spare_runs(plan)
    with StopSignal() as stop, folder.held():
        sweep_temporaries(folder.path)
        _write(patient, plan, folder, [], None)
        while True:
            due, done = progress(patient, plan, folder, spare)
            left = [key for key in due.trials if key not in done]
            found = results(plan, _arms(plan, due), done, spare)
            _write(patient, plan, folder, found, None if left else best_of(found), over=not left)
            # Also if nothing is left: an earlier treatment of the run, with other wishes, had other trials.
            sweep, _ = _sweep(plan, due, due.trials)
            atomic_write(folder.spec, dump_spec(sweep.spec).encode())
            if not left:
                break
            to_do, whose = _sweep(plan, due, left)
            for trial in to_do.runs:
                arm = next(arm for arm in _arms(plan, due) if arm.name == whose[trial.id][0])
                if arm.branch and branch is not None:
                    branch(patient.run, arm.branch, trial.experiment, folder.run(trial.id))
            run_sweep(to_do, folder, make(), view, stop)
            if stop.received:
                _, done = progress(patient, plan, folder, spare)
                raise Interrupted(
                    f"{stop.received.name}: {len(done.keys() - set(plan.kept))} of at most {plan.most} trials are done",
                    "the same command goes on with the others",
                    EXIT_CODES[stop.received],
                )
        write_results(folder.plan(), folder)
    best = best_of(found)
    return Treatment(folder.path, plan, tuple(found), best, folder.path / CURED_FILE if best else None)


def progress(patient: Patient, plan: TreatmentPlan, folder: SweepFolder, spare: int) -> tuple[Schedule, Trials]:
    """Return which trials are due, and what those came to that are over."""
    done: dict[Key, Trial] = {}
    while True:
        due = schedule(plan, done, spare)
        unread = [key for key in due.trials if key not in done]
        if not unread:
            return due, done
        over = _over(patient, plan, due, unread, folder)
        if not over:
            return due, done
        done |= over


def _over(
    patient: Patient, plan: TreatmentPlan, due: Schedule, keys: list[Key], folder: SweepFolder
) -> dict[Key, Trial]:
    """Return what those of some trials came to that are over."""
    assert patient.verdict.judged_on is not None
    rows = patient.verdict.judged_on.snapshots
    sweep, whose = _sweep(plan, due, keys)
    return {
        key: trial_of(record, key[0], rows[-1] if rows else None)
        for record in read_records(sweep, folder)
        if is_over(record) and (key := whose[record.planned.id])
    }


def is_over(record: RunRecord) -> bool:
    """Return whether a trial ended, or failed for good; one that was interrupted goes on."""
    lost = record.state == "missing" and record.begun and not record.reason.startswith(INTERRUPTED)
    return record.ended or record.state == "failed" or lost


def _sweep(plan: TreatmentPlan, due: Schedule, keys: list[Key]) -> tuple[Plan, dict[str, Key]]:
    """Return trials as a sweep, a configuration an arm, and whose each of its runs is."""
    arms = {arm.name: arm for arm in _arms(plan, due)}
    entries: list[RunEntry] = []
    whose: dict[tuple[str, int], Key] = {}
    for name in dict.fromkeys(name for name, _ in keys):
        arm, seeds = arms[name], tuple(seed for each, seed in keys if each == name)
        for config, its in [(f"{name}_{seed}", (seed,)) for seed in seeds] if arm.by_seed else [(name, seeds)]:
            trained = plan.experiment_of(arm, its[0]).model_copy(update={"name": config, "seed": 0})
            entries.append(RunEntry(config=trained, seeds=its))
            whose |= {(config, seed): (name, seed) for seed in its}
    sweep = make_plan(SweepSpec(name=plan.experiment.name, runs=tuple(entries)))
    order = {key: place for place, key in enumerate(keys)}
    runs = sorted(sweep.runs, key=lambda run: order[whose[run.config, run.seed]])
    return replace(sweep, runs=tuple(runs)), {run.id: whose[run.config, run.seed] for run in runs}


def _arms(plan: TreatmentPlan, due: Schedule) -> list[Arm]:
    return [*plan.arms, *plan.earlier, *([due.combined] if due.combined is not None else [])]


def _open(folder: SweepFolder) -> None:
    """Make the treatment's folder.

    Raises:
        RunError: it cannot be made, or holds something else.
    """
    path = folder.path
    if path.exists() and not os.path.isdir(path):
        raise RunError(f"{path} is a file", "move it away, or choose another folder with --runs-dir")
    try:
        folder.runs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"no treatment can be written at {path}: {error.strerror or error}", "choose another folder with --runs-dir"
        ) from error


def _write(
    patient: Patient,
    plan: TreatmentPlan,
    folder: SweepFolder,
    found: list[ArmResult],
    best: ArmResult | None,
    over: bool = False,
) -> None:
    """Write treatment.json, and cured.yaml once something is proved to cure."""
    cured = folder.path / CURED_FILE
    if best is not None:
        atomic_write(cured, cured_text(patient, plan, best, found, str(cured)).encode())
    else:
        cured.unlink(missing_ok=True)
    values = {
        "schema": TREATMENT_SCHEMA,
        "run": patient.run.path.name,
        "failure": plan.failure,
        "steps": plan.steps,
        "own_steps": plan.own_steps,
        "over": over,
        "best": None if best is None else best.arm.name,
        "cured": None if best is None else CURED_FILE,
        "arms": [each.as_json() for each in found],
        "plan": plan.as_json(),
    }
    write_json(folder.path / TREATMENT_FILE, values)
