"""`ganlab validate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ganlab.cli.console import console, print_json
from ganlab.cli.options import ConfigArgument, JsonOption, OverridesArgument
from ganlab.text import printable

if TYPE_CHECKING:
    from ganlab.config.experiment import Experiment

FIRST = 5
"""Runs of a sweep that are shown."""


def validate(config: ConfigArgument, overrides: OverridesArgument = None, as_json: JsonOption = False) -> None:
    """Check the file of an experiment or a sweep: every error at once, with file, line and what was probably meant.

    Example: ganlab validate configs/dcgan_mnist.yaml training.steps=500
    """
    from ganlab.config.load import dump_experiment, load_experiment
    from ganlab.sweeps.spec import is_sweep

    if is_sweep(config):
        validate_sweep(config, overrides or (), as_json)
        return
    experiment = load_experiment(config, overrides or ())
    found = surveys([experiment])
    if as_json:
        print_json(experiment.model_dump(mode="json"))
    else:
        console().print(printable(dump_experiment(experiment)))
        console().print(f"{printable(config)} is valid; above is what it means, defaults included")
        for line in found:
            console().print(printable(line))


def validate_sweep(source: str, overrides: Sequence[str], as_json: bool) -> None:
    """Check a sweep's file and every run that it asks for."""
    from ganlab.cli.sweep_words import opening_count
    from ganlab.sweeps.plan import make_plan
    from ganlab.sweeps.spec import load_spec

    plan = make_plan(load_spec(source, overrides))
    found = surveys([run.experiment for run in plan.runs])
    if as_json:
        print_json({"folder": plan.folder_name, "axes": plan.axes, "runs": [run.id for run in plan.runs]})
        return
    out = console()
    for run in plan.runs[:FIRST]:
        out.print(printable(f"{run.id}  {run.config}"))
    if len(plan.runs) > FIRST:
        out.print(f"and {len(plan.runs) - FIRST} more")
    out.print(f"{printable(source)} is valid: {opening_count(plan)}, each of which could be trained")
    for line in found:
        out.print(printable(line))


def surveys(experiments: Sequence[Experiment]) -> list[str]:
    """Return what each folder of images holds that an experiment asks for, a line each.

    Raises:
        DataError: a folder is not there, no image in it can be opened, or it holds fewer than one batch.
    """
    from ganlab.config.data import FolderOptions
    from ganlab.config.games import CycleGameOptions

    batches: dict[FolderOptions, int] = {}
    for experiment in experiments:
        game, size = experiment.game, experiment.training.batch_size
        for data in (experiment.data, *([game.source] if isinstance(game, CycleGameOptions) else ())):
            if isinstance(data, FolderOptions):
                batches[data] = max(size, batches.get(data, 0))
    if not batches:
        return []  # PyTorch, which takes a second to import, is only needed to look into a folder

    from ganlab.data import require_batch, require_held_out
    from ganlab.data.folder import survey

    lines: dict[str, None] = {}
    for data, size in batches.items():
        found = survey(data)
        train, held_out = found.split(data)
        require_batch(data, train, size)
        require_held_out(data, held_out)
        lines |= dict.fromkeys(f"{data.path}: {said}" for said in (found.words(data.domain), *found.remarks(data)))
    return list(lines)
