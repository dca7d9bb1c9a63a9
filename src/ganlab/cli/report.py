"""`ganlab report`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganlab.cli import completion
from ganlab.cli.browser import open_page, require_browser
from ganlab.cli.console import console, print_json, say
from ganlab.cli.options import DEFAULT_RUNS, ForceOption, JsonOption, RunsDirOption
from ganlab.text import printable

if TYPE_CHECKING:
    from ganlab.report.making import Made
    from ganlab.sweeps.folder import SweepFolder


def report(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="A run or a sweep: its folder, its name, or part of its name.",
            show_default=False,
            autocompletion=completion.runs_and_sweeps,
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="The page; left out: page.html in the folder of what it shows.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    force: ForceOption = False,
    runs_dir: RunsDirOption = DEFAULT_RUNS,
    as_json: JsonOption = False,
) -> None:
    """Make a page of a run: one HTML file to look at and to send, which needs no network.

    Of a sweep, also one that is not finished, its tables and pictures are made again too, and its claims are shown.

    Example: ganlab report smoke --open

    Example: ganlab report induced_failures
    """
    if show:
        require_browser()
    from ganlab.report.making import find_shown, make_page
    from ganlab.sweeps.folder import SweepFolder

    shown = [find_shown(path, runs_dir) for path in paths]
    if len(shown) == 1 and isinstance(shown[0], SweepFolder):
        from ganlab.report.sweep import make_report

        show_report(shown[0], make_report(shown[0].path), as_json)
        return
    made = make_page(shown, runs_dir, out, force)
    if as_json:
        print_json(page_json(made))
    else:
        show_page(made)
    if show:
        open_page(made.path)


def show_page(made: Made) -> None:
    """Print what a page shows, how large it is, and where it is."""
    out = console()
    say(out, f"page of {printable(made.what)}, {size_words(made.size)}:")
    for path in filter(None, (made.path, made.picture)):
        out.print(printable(path))


def page_json(made: Made) -> dict[str, Any]:
    """Return a page for machines."""
    picture = None if made.picture is None else str(made.picture)
    return {"page": str(made.path), "bytes": made.size, "picture": picture}


def size_words(size: int) -> str:
    """Return a number of bytes as people say it."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} kB"


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
