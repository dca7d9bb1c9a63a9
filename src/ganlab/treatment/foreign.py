"""Runs of other code: they have no experiment to train again, but perhaps one that resembles them."""

from __future__ import annotations

import os
from pathlib import Path

from ganlab.config.experiment import Experiment
from ganlab.config.load import dump_experiment, load_experiment, with_settings
from ganlab.config.objectives import Family
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.verdict import Verdict
from ganlab.errors import ConfigError, RunError
from ganlab.runs.directory import find_run
from ganlab.runs.files import read_json
from ganlab.runs.names import TREATMENT_FILE
from ganlab.text import one_line
from ganlab.verdicts import words

LOSSES: dict[Family, str] = {
    "cross_entropy": "non_saturating",
    "least_squares": "least_squares",
    "hinge": "hinge",
    "wasserstein": "wasserstein",
    "relativistic": "relativistic",
}
"""The loss of an experiment that stands for a family."""

POINTS, IMAGES = "ring", "mlp_mnist"
"""Shipped experiments that stand for games on points, and for those on images."""


def is_foreign(reference: str, runs_dir: Path) -> bool:
    """Return whether a path or a name means what other code made: a log, a folder of logs, a run of ganlab.Monitor.

    Raises:
        RunError: it means nothing, or a treatment.
    """
    _refuse_treatment(reference, runs_dir)
    there = os.path.exists(reference)
    if there and os.path.isfile(reference) and not reference.endswith(".yaml"):
        return True
    try:
        run = find_run(reference, runs_dir)
    except RunError:
        if there:
            return True
        raise
    return run.status().made_by is not None


def _refuse_treatment(reference: str, runs_dir: Path) -> None:
    for folder in (Path(reference), runs_dir / reference):
        if os.path.isfile(folder / TREATMENT_FILE):
            name = read_json(folder / TREATMENT_FILE).get("run", "RUN")
            raise RunError(
                f"{reference} is a treatment, that of the run {name}",
                f"`ganlab treat {name}`, with the same options, goes on with it",
            )


def analogy(verdict: Verdict) -> Experiment:
    """Return a small experiment that comes closest to a run of other code: the family of its loss, points or images,
    and its learning rates, as far as its log shows them."""
    evidence = verdict.judged_on or Evidence(verdict.source)
    protocols = [row.get("protocol") for row in evidence.snapshots]
    space = next((each.get("space") for each in protocols if isinstance(each, dict)), None)
    experiment = load_experiment(IMAGES if space not in (None, "coordinates") else POINTS)
    loss = "minimax" if evidence.saturating else LOSSES.get(evidence.family or "cross_entropy", "non_saturating")
    found = with_settings(experiment, {"name": "analogy", "expect": [], "claim": ""})
    rates = {
        f"optimizer.{player}.lr": float(curve.values[0])
        for player, key in (("generator", "lr_g"), ("discriminator", "lr_d"))
        if (curve := evidence.controls.get(key)) is not None and len(curve)
    }
    for settings in ({"loss": loss}, rates):
        try:
            found = with_settings(found, settings)
        except ConfigError:
            continue  # the small experiment cannot have it
    return found


def analogy_text(verdict: Verdict, path: str) -> str:
    """Return the text of an experiment file that says what it is."""
    lines = (
        f"ganlab train {path}",
        f"An analogy to {verdict.source} ({words(verdict.name)}), not that run: its networks and its data are others,",
        "the loss and the learning rates are those that its log shows.",
        "If it fails in the same way, `ganlab treat analogy` tries its remedies.",
    )
    return "".join(f"# {one_line(line)}\n" for line in lines) + dump_experiment(analogy(verdict))
