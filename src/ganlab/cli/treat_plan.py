"""What `ganlab treat --dry-run` shows."""

from __future__ import annotations

from pathlib import Path

from ganlab.cli.console import console, print_json, say
from ganlab.cli.sweep_words import duration
from ganlab.config.yaml_text import settings_words
from ganlab.diagnosis.record import record_of
from ganlab.report.treated_arms import length_words
from ganlab.runs.directory import find_run
from ganlab.text import printable
from ganlab.treatment.arms import Arm
from ganlab.treatment.carry_out import planned
from ganlab.treatment.plan import TreatmentPlan, Wishes
from ganlab.treatment.planning import examine
from ganlab.verdicts import words


def show_treatment_plan(run: str, wishes: Wishes, workers: int, runs_dir: Path, as_json: bool) -> None:
    """Print the arms of a treatment in the order in which they are tried, and how long it takes at most."""
    patient = examine(find_run(run, runs_dir))
    folder = runs_dir / patient.folder_name
    plan = planned(patient, wishes, workers, folder)
    if as_json:
        values = {key: value for key, value in plan.as_json().items() if key != "experiment"}
        head = {"folder": str(folder), "run": patient.run.path.name, "most_trials": plan.most}
        print_json({**head, "expected_seconds": plan.expected, **values})
        return
    out = console()
    out.print(printable(f"{patient.run.path.name}: {words(plan.failure)}"))
    width = max(len(arm.name) for arm in plan.arms)
    for arm in plan.arms:
        say(out, printable(f"  {arm.name:<{width}}  {_words(arm, plan)}"))
    if plan.kept:
        names = ", ".join(dict.fromkeys(name for name, _ in plan.kept))
        say(out, printable(f"{len(plan.kept)} trials of earlier treatments stay: {names}"))
    say(
        out,
        f"{length_words(plan.steps, plan.own_steps)}; at most {plan.most} trials, "
        f"which take about {duration(plan.expected)} with "
        f"{plan.workers} worker{'s' * (plan.workers != 1)}; results in {printable(folder)}",
    )


def _words(arm: Arm, plan: TreatmentPlan) -> str:
    if arm.kind == "unchanged":
        return "the run again, on other seeds"
    if arm.kind == "random":
        drawn = [f"seed {seed}: {settings_words(arm.change_for(seed))}" for seed in plan.seeds]
        return f"one change at random for each seed ({'; '.join(drawn)})"
    record = record_of(plan.failure, arm.name)
    known = "" if record is None else f"; {record.words}"
    return f"{settings_words(arm.change)}: {arm.why} ({arm.source}), from {arm.start}{known}"
