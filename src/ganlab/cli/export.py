"""`ganlab export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganlab.cli.console import console, print_json
from ganlab.cli.options import DEFAULT_RUNS, JsonOption, LiveOption, RunArgument, RunsDirOption, StepOption
from ganlab.text import printable


def export(
    run: RunArgument,
    out: Annotated[Path, typer.Option(help="A new or empty folder.")] = Path("exported"),
    step: StepOption = "newest",
    live: LiveOption = False,
    runs_dir: RunsDirOption = DEFAULT_RUNS,
    as_json: JsonOption = False,
) -> None:
    """Write a trained generator for use without ganlab: generator.pt2, generator.safetensors, config.yaml.

    Example: ganlab export dcgan_mnist --out generator
    """
    from ganlab.runs.directory import find_run
    from ganlab.training import trained

    which = trained.parse_which(step)
    trained.require_export(out)
    found = find_run(run, runs_dir)
    files = trained.export(trained.load_game(found, which, live), out)
    if as_json:
        print_json({"run": str(found.path), "files": [str(file) for file in files]})
    else:
        console().print("\n".join(printable(file) for file in files))
