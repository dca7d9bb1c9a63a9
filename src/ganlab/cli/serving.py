"""Serving the page of a run that goes on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ganlab.cli.browser import open_page
from ganlab.cli.console import console, say
from ganlab.cli.report_shown import show_page
from ganlab.errors import GanlabError
from ganlab.runs.directory import RunDirectory
from ganlab.runs.stop import StopSignal
from ganlab.text import printable


def serve_page(paths: Sequence[str], runs_dir: Path, out: Path | None, force: bool, show: bool) -> None:
    """Serve the page of the one run that is named until it ends, then say where it is written.

    Args:
        paths: what the user named.
        runs_dir: where runs are looked for.
        out, force: as for `report.making.make_page`.
        show: open the address in the browser.

    Raises:
        GanlabError: that is no single run, or the page cannot be written.
        Interrupted: a signal ended it.
    """
    # Before what takes seconds to import, so that no signal is lost meanwhile.
    with StopSignal() as stop:
        from ganlab.report.making import find_shown
        from ganlab.report.serve import goes_on, serve

        shown = [find_shown(path, runs_dir) for path in paths]
        run = shown[0]
        if len(shown) > 1 or not isinstance(run, RunDirectory):
            raise GanlabError("--serve is for a single run", "name one that goes on: `ganlab ls runs` lists them")
        terminal, name = console(), printable(run.path.resolve().name)
        ended = not goes_on(run)
        if ended:
            say(terminal, f"run {name} has ended: there is nothing to wait for")

        def tell(address: str) -> None:
            say(terminal, f"run {name} is shown until it ends, to this machine only; Ctrl-C leaves the run alone:")
            terminal.print(address)
            if show:
                open_or_warn(address)

        made = serve(run, stop, tell, out, force)
    show_page(made, as_json=False)
    if show and ended:
        open_page(made.path.resolve().as_uri())


def open_or_warn(address: str) -> None:
    """Open a page that is served; if there is no browser, only say so: the page is served all the same."""
    try:
        open_page(address)
    except GanlabError as error:
        say(console(stderr=True), printable(f"warning: {error}"))
