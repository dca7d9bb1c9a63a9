"""What `ganlab report` and `ganlab sweep` print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganlab.cli.console import console, print_json, say
from ganlab.text import printable

if TYPE_CHECKING:
    from ganlab.report.making import Made
    from ganlab.sweeps.folder import SweepFolder


def show_page(made: Made, as_json: bool) -> None:
    """Print what a page shows, how large it is, and where it is."""
    if as_json:
        print_json(page_json(made))
        return
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


def show_report(sweep: SweepFolder, files: Sequence[Path], as_json: bool, made: Made | None = None) -> None:
    """Print the claims of a sweep, how its runs stand, and which files tell more."""
    from ganlab.cli.claims_table import show_claims
    from ganlab.runs.files import read_json
    from ganlab.sweeps.plan import plain

    summary = read_json(sweep.summary)
    if as_json:
        configs = [{**config, "settings": plain(config["settings"])} for config in summary["configs"]]
        files_of = {"folder": str(sweep.path), "files": [str(file) for file in files]}
        print_json({**files_of, **summary, "configs": configs, **(page_json(made) if made else {})})
        return
    out = console()
    show_claims(out, summary["claims"])
    states = ", ".join(f"{count} {state}" for state, count in summary["states"].items())
    out.print(f"{summary['runs']} runs: {states}")
    for file in files:
        if file.suffix != ".svg":
            out.print(printable(file))
    if made is not None:
        out.print(f"the last of them is the page, {size_words(made.size)}")
