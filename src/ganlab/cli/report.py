"""`ganlab report`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganlab.cli import completion
from ganlab.cli.console import console, print_json
from ganlab.cli.options import DEFAULT_RUNS, JsonOption, RunsDirOption
from ganlab.text import printable

if TYPE_CHECKING:
    from ganlab.sweeps.folder import SweepFolder


def report(
    folder: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER",
            help="A sweep's folder, its name, or part of its name.",
            show_default=False,
            autocompletion=completion.sweep_folders,
        ),
    ],
    runs_dir: RunsDirOption = DEFAULT_RUNS,
    as_json: JsonOption = False,
) -> None:
    """Make the tables and pictures of a sweep again, also of one that is not finished, and show its claims.

    Example: ganlab report induced_failures
    """
    from ganlab.report.sweep import make_report
    from ganlab.sweeps.folder import find_sweep

    sweep = find_sweep(folder, runs_dir)
    show_report(sweep, make_report(sweep.path), as_json)


def show_report(sweep: SweepFolder, files: Sequence[Path], as_json: bool) -> None:
    """Print the claims of a sweep, how its runs stand, and which files tell more."""
    from ganlab.cli.claims_table import show_claims
    from ganlab.runs.files import read_json
    from ganlab.sweeps.plan import plain

    summary = read_json(sweep.summary)
    if as_json:
        configs = [{**config, "settings": plain(config["settings"])} for config in summary["configs"]]
        files_of = {"folder": str(sweep.path), "files": [str(file) for file in files]}
        print_json({**files_of, **summary, "configs": configs})
        return
    out = console()
    show_claims(out, summary["claims"])
    states = ", ".join(f"{count} {state}" for state, count in summary["states"].items())
    out.print(f"{summary['runs']} runs: {states}")
    for file in files:
        if file.suffix != ".svg":
            out.print(printable(file))
