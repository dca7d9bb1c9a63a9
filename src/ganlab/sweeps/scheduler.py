"""Carrying a plan out: what is done stays done, what died is tried again, and all of it is written down."""

from __future__ import annotations

from collections import Counter, deque
from datetime import datetime, timezone

from ganlab.errors import GanlabError
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import whole_lines
from ganlab.runs.stop import StopSignal
from ganlab.sweeps.deciding import Rounds
from ganlab.sweeps.executors import RETRIED, Executor, Job, Outcome
from ganlab.sweeps.folder import SweepFolder
from ganlab.sweeps.plan import Plan, PlannedRun
from ganlab.sweeps.view import SweepView

RETRIES = 2
"""Times that a run is tried again, at most, after a crash or for want of memory."""

TICK = 1.0
"""Seconds between two looks at the runs."""


def has_ended(run: RunDirectory) -> bool:
    """Tell whether a run ended by itself: finished, diverged or ended by `stop_on`. Such a run is not trained again."""
    try:
        return run.status().ended_by_itself
    except GanlabError:
        return False  # not there, or damaged: what is missing is trained


def run_sweep(plan: Plan, folder: SweepFolder, executor: Executor, view: SweepView, stop: StopSignal) -> None:
    """Train every run of a plan that is needed and has not ended, and return when all have or a signal came.

    Required runs come first, in the plan's order; a seed that only an undecided claim needs follows when all before it
    are over. A run that died is tried again, from its newest checkpoint, at most RETRIES times, after the others; each
    attempt that did not end by itself stands in attempts.jsonl with its cause. The others go on meanwhile.
    """
    done = [planned.id for planned in plan.runs if has_ended(folder.run(planned.id))]
    rounds = Rounds(plan, folder)
    waiting = deque(rounds.begin())
    under_way: dict[str, PlannedRun] = {}
    failures: Counter[str] = Counter()
    view.begin(plan, folder.path, len(done))
    view.decided(rounds.not_needed)
    try:
        while (waiting or under_way) and not stop.received:
            while waiting and len(under_way) < executor.slots:
                planned = waiting.popleft()
                under_way[planned.id] = planned
                executor.submit(job_of(planned, folder))
                view.started(planned.id, failures[planned.id] + 1)
            for outcome in executor.wait(TICK):
                planned = under_way.pop(outcome.id)
                if outcome.cause:
                    note(folder, outcome)
                    failures[planned.id] += 1
                if outcome.cause in RETRIED and failures[planned.id] <= RETRIES:
                    waiting.append(planned)
                    view.retrying(planned.id, outcome.cause, outcome.words, failures[planned.id] + 1)
                    continue
                if outcome.cause:
                    give_up(folder.run(planned.id), outcome)
                view.ended(planned.id, outcome.words, outcome.cause)
                waiting.extend(rounds.over(planned.id, failed=bool(outcome.cause)))
                view.decided(rounds.not_needed)
            view.tick()
    finally:
        executor.close()
        view.end()


def job_of(planned: PlannedRun, folder: SweepFolder) -> Job:
    """Return what an executor needs to train a planned run."""
    path = folder.run(planned.id).path.absolute()
    return Job(planned.id, path, planned.experiment.model_dump_json())


def note(folder: SweepFolder, outcome: Outcome) -> None:
    """Write an attempt that did not end by itself down, with the last step that its history has."""
    lines = list(whole_lines(folder.run(outcome.id).history))
    step = int(lines[-1].split(",", 1)[0]) if len(lines) > 1 else 0
    row = {"run": outcome.id, "cause": outcome.cause, "words": outcome.words, "step": step}
    folder.note_attempt({**row, "time": datetime.now(timezone.utc).isoformat(timespec="seconds")})


def give_up(run: RunDirectory, outcome: Outcome) -> None:
    """Leave a run.json that says failed and why; a killed worker could not."""
    if outcome.cause != "interrupted" and run.status_file.is_file():
        run.write_status(run.status().changed(status="failed", reason=f"{outcome.cause}: {outcome.words}"))
