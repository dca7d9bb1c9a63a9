"""`ganlab report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganlab.cli import completion
from ganlab.cli.browser import open_page, require_browser
from ganlab.cli.options import DEFAULT_RUNS, ForceOption, JsonOption, RunsDirOption
from ganlab.cli.report_shown import show_page, show_report
from ganlab.errors import GanlabError


def report(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="A run or a sweep: its folder, its name, or part of its name; or a folder that `ganlab diagnose "
            "--out` wrote. Several runs are shown side by side.",
            show_default=False,
            autocompletion=completion.runs_and_sweeps,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="The page; left out: page.html in the folder of what it shows, and for several runs "
            "comparison-<8 letters>.html in the folder of runs."
        ),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve the page of a run that goes on, to this machine only, until it ends.")
    ] = False,
    force: ForceOption = False,
    runs_dir: RunsDirOption = DEFAULT_RUNS,
    as_json: JsonOption = False,
) -> None:
    """Make a page: one HTML file to look at and to send, which needs no network.

    Example: ganlab report smoke --open

    Several runs side by side: ganlab report guide_stable guide_latent_1 --out comparison.html

    While a run trains: ganlab report smoke --serve

    A sweep, finished or not: ganlab report induced_failures; makes its tables and pictures again too, and shows its
    claims
    """
    if serve and as_json:
        raise GanlabError("--serve goes on, and --json prints one document", "leave one of them out")
    if show:
        require_browser()
    if serve:
        from ganlab.cli.serving import serve_page

        serve_page(paths, runs_dir, out, force, show)
        return
    from ganlab.report.making import find_shown, make_page, place
    from ganlab.report.sweep import make_report
    from ganlab.sweeps.folder import SweepFolder

    shown = [find_shown(path, runs_dir) for path in paths]
    place(shown, runs_dir, out, force)  # refused before anything is drawn
    sweep = shown[0] if len(shown) == 1 and isinstance(shown[0], SweepFolder) else None
    files = [] if sweep is None else make_report(sweep.path)
    made = make_page(shown, runs_dir, out, force)
    if sweep is None:
        show_page(made, as_json)
    else:
        show_report(sweep, [*files, made.path], as_json, made)
    if show:
        open_page(made.path.resolve().as_uri())
