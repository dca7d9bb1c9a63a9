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

PLAYERS = {"generator": "lr_g", "discriminator": "lr_d"}
"""The learning rate of each network, as a log has it."""


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
        run = find_run(reference, runs_dir, quiet=True)  # whoever uses it says which one it is
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
    evidence = _evidence(verdict)
    found = with_settings(load_experiment(_base(evidence)), {"name": "analogy", "expect": [], "claim": ""})
    for settings in ({"loss": _loss(evidence) or "non_saturating"}, _rates(evidence)):
        try:
            found = with_settings(found, settings)
        except ConfigError:
            continue  # the small experiment cannot have it
    return found


def analogy_text(verdict: Verdict, path: str, loss: str | None = None) -> str:
    """Return the text of an experiment file that says what it is.

    Args:
        verdict: of the run.
        path: the file's.
        loss: what `--loss` said; None if it was not given.
    """
    experiment = analogy(verdict)
    lines = (
        f"ganlab train {path}",
        f"An analogy to {verdict.source} ({words(verdict.name)}), not that run: its networks and its data are others.",
        f"The loss is {_loss_origin(verdict, experiment, loss)}.",
        f"The learning rates are {_rates_origin(verdict, experiment)}.",
        "If it fails in the same way, `ganlab treat analogy` tries its remedies.",
    )
    return "".join(f"# {one_line(line)}\n" for line in lines) + dump_experiment(experiment)


def _evidence(verdict: Verdict) -> Evidence:
    return verdict.judged_on or Evidence(verdict.source)


def _base(evidence: Evidence) -> str:
    """Return the shipped experiment that stands for a run: one on images if images were judged."""
    protocols = [row.get("protocol") for row in evidence.snapshots]
    space = next((each.get("space") for each in protocols if isinstance(each, dict)), None)
    return IMAGES if space not in (None, "coordinates") else POINTS


def _loss(evidence: Evidence) -> str | None:
    """Return the loss that stands for a run's; None if its family is not known, or no experiment has it."""
    return "minimax" if evidence.saturating else LOSSES.get(evidence.family) if evidence.family else None


def _rates(evidence: Evidence) -> dict[str, float]:
    """Return the first learning rate of each player, as far as a log shows them."""
    return {
        f"optimizer.{player}.lr": float(curve.values[0])
        for player, key in PLAYERS.items()
        if (curve := evidence.controls.get(key)) is not None and len(curve)
    }


def _loss_origin(verdict: Verdict, experiment: Experiment, loss: str | None) -> str:
    known = _loss(_evidence(verdict)) == experiment.loss
    if not known:
        return f"{experiment.loss}, as that of the run is not known or does not fit here"
    return f"{experiment.loss}, of the kind that {'its log shows' if loss is None else '--loss names'}"


def _rates_origin(verdict: Verdict, experiment: Experiment) -> str:
    evidence = _evidence(verdict)
    base = f"the experiment `{_base(evidence)}`"
    rates, now = _rates(evidence), {player: getattr(experiment.optimizer, player).lr for player in PLAYERS}
    taken = [player for player in PLAYERS if rates.get(f"optimizer.{player}.lr") == now[player]]
    if len(taken) == len(PLAYERS):
        return "the first ones in its log"
    if taken:
        return f"the first one in its log for the {taken[0]}, and for the other network that of {base}"
    return f"those of {base}, as its log {'shows ones that do not fit here' if rates else 'shows none'}"
