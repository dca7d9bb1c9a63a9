"""`ganlab resume`."""

from __future__ import annotations

from typing import Annotated

import typer

from ganlab.cli import completion_settings
from ganlab.cli.console import console
from ganlab.cli.options import DEFAULT_RUNS, JsonOption, OverridesArgument, RunArgument, RunsDirOption
from ganlab.cli.train import show_end


def resume(
    run: RunArgument,
    overrides: OverridesArgument = None,
    allow_change: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-change",
            metavar="KEY",
            help="A key whose change is meant; may be given again.",
            autocompletion=completion_settings.keys,
        ),
    ] = None,
    runs_dir: RunsDirOption = DEFAULT_RUNS,
    as_json: JsonOption = False,
) -> None:
    """Go on with a run from its newest checkpoint, bit for bit.

    Example: ganlab resume dcgan_mnist-20260101-120000-abcd training.steps=4000
    """
    from ganlab.cli.live import choose_view
    from ganlab.report.making import leave_page
    from ganlab.runs.directory import find_run
    from ganlab.training import session

    found = find_run(run, runs_dir)
    view = choose_view(console(stderr=as_json))
    resumed = session.resume(found, overrides or (), allow_change or (), [view])
    leave_page(resumed)
    show_end(resumed, view.verdict, wanted=(), as_json=as_json)
