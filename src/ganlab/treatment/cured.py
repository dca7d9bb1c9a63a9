"""cured.yaml: the setting that was shown to work, as a file to train, with what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganlab.config.changes import changes
from ganlab.config.experiment import Experiment
from ganlab.config.load import dump_experiment, with_settings
from ganlab.runs.names import RANDOM, UNCHANGED
from ganlab.sweeps.counting import rate_words
from ganlab.text import one_line
from ganlab.treatment.plan import TreatmentPlan
from ganlab.treatment.planning import Patient
from ganlab.treatment.results import ArmResult
from ganlab.verdicts import words


def cured_experiment(patient: Patient, change: Mapping[str, Any]) -> Experiment:
    """Return the run's experiment with a change, at its own length and with its own seed."""
    name = f"{patient.experiment.name[:57]}_cured"
    return with_settings(patient.experiment, change, {"name": name, "expect": [], "claim": "", "monitor.stop_on": []})


def cured_text(patient: Patient, plan: TreatmentPlan, best: ArmResult, found: list[ArmResult], path: str) -> str:
    """Return the text of cured.yaml: what was changed, why, what it was measured to do, and the experiment."""
    experiment = cured_experiment(patient, best.arm.change)
    by_name = {each.arm.name: each for each in found}
    rates = [f"{name} {rate_words(by_name[name].cured, by_name[name].n)}" for name in (UNCHANGED, RANDOM)]
    lines = [
        f"ganlab train {path}",
        f"A cure for {words(plan.failure)} in the run {patient.run.path.name}, found by `ganlab treat`.",
        *(f"changed: {change.line}, which was {change.was}" for change in changes(patient.experiment, experiment)),
        f"why: {best.arm.why} ({best.arm.source})",
        f"measured: cured {rate_words(best.cured, best.n)} trials of {plan.steps:,} steps; {', '.join(rates)}",
    ]
    return "".join(f"# {one_line(line)}\n" for line in lines) + dump_experiment(experiment)
