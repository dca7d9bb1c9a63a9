"""`ganlab validate`."""

from __future__ import annotations

from ganlab.cli.console import console, print_json, safe
from ganlab.cli.options import ConfigArgument, JsonOption, OverridesArgument


def validate(config: ConfigArgument, overrides: OverridesArgument = None, as_json: JsonOption = False) -> None:
    """Check an experiment file: every error at once, with file, line and what was probably meant.

    Example: ganlab validate configs/dcgan_mnist.yaml training.steps=500
    """
    from ganlab.config.load import dump_experiment, load_experiment

    experiment = load_experiment(config, overrides or ())
    if as_json:
        print_json(experiment.model_dump(mode="json"))
    else:
        console().print(safe(dump_experiment(experiment)))
        console().print(f"{safe(config)} is valid; above is what it means, defaults included")
