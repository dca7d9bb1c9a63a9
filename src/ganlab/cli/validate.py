"""`ganlab validate`."""

from __future__ import annotations

from collections.abc import Sequence

from ganlab.cli.console import console, print_json
from ganlab.cli.options import ConfigArgument, JsonOption, OverridesArgument
from ganlab.text import printable

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
    if as_json:
        print_json(experiment.model_dump(mode="json"))
    else:
        console().print(printable(dump_experiment(experiment)))
        console().print(f"{printable(config)} is valid; above is what it means, defaults included")


def validate_sweep(source: str, overrides: Sequence[str], as_json: bool) -> None:
    """Check a sweep's file and every run that it asks for."""
    from ganlab.sweeps.plan import make_plan
    from ganlab.sweeps.spec import load_spec

    plan = make_plan(load_spec(source, overrides))
    if as_json:
        print_json({"folder": plan.folder_name, "axes": plan.axes, "runs": [run.id for run in plan.runs]})
        return
    out = console()
    for run in plan.runs[:FIRST]:
        out.print(printable(f"{run.id}  {run.config}"))
    if len(plan.runs) > FIRST:
        out.print(f"and {len(plan.runs) - FIRST} more")
    out.print(f"{printable(source)} is valid: {len(plan.runs)} runs, each of which could be trained")
