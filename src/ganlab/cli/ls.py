"""`ganlab ls`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from ganlab.cli.console import console, print_json
from ganlab.cli.options import DEFAULT_RUNS, JsonOption, RunsDirOption
from ganlab.text import printable

if TYPE_CHECKING:
    from ganlab.runs.status import RunStatus


class What(str, Enum):
    """What can be listed."""

    configs = "configs"
    sweeps = "sweeps"
    runs = "runs"
    networks = "networks"
    games = "games"
    losses = "losses"
    penalties = "penalties"
    stabilizers = "stabilizers"
    optimizers = "optimizers"
    data = "data"
    failures = "failures"


def ls(
    what: Annotated[What, typer.Argument(help="What to list.")] = What.configs,
    runs_dir: RunsDirOption = DEFAULT_RUNS,
    as_json: JsonOption = False,
) -> None:
    """List shipped experiments and sweeps, runs, or what an experiment can be made of.

    Example: ganlab ls networks
    """
    rows = list_runs(runs_dir) if what is What.runs else list_parts(what)
    if as_json:
        print_json(rows)
        return
    if not rows:
        console().print(f"no {what.value} in {printable(runs_dir)}")
        return
    table = Table(box=None, pad_edge=False)
    for heading in rows[0]:
        # A name is there to be copied: it is never cut.
        table.add_column(heading, no_wrap=heading == "name", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(value)) for value in row.values()))
    console().print(table)


def list_parts(what: What) -> list[dict[str, str]]:
    """Return name and description of everything registered under a heading, or of the shipped files."""
    if what is What.configs:
        from ganlab.config.shipped import list_configs

        return [{"name": name, "what": text} for name, text in list_configs()]
    if what is What.sweeps:
        from ganlab.config.shipped import list_sweeps

        return [{"name": name, "what": text} for name, text in list_sweeps()]

    # The options classes take a quarter of a second to build: only if they are asked for.
    from ganlab.config.catalogue import CATALOGUE

    return [{"name": name, "what": text} for name, text in CATALOGUE[what.value].items()]


def list_runs(runs_dir: Path) -> list[dict[str, str]]:
    """Return name, status and progress of each run; a damaged run is listed as such."""
    from ganlab.errors import RunError
    from ganlab.runs.directory import list_runs as find_runs

    rows = []
    for run in find_runs(runs_dir):
        try:
            status = run.status()
        except RunError:
            rows.append({"name": run.path.name, "status": "damaged", "step": "", "seconds": "", "started": ""})
            continue
        reason = f" ({status.reason})" if status.reason else ""
        rows.append(
            {
                "name": run.path.name,
                "status": f"{run.state(status)}{reason}",
                "step": progress(status),
                "seconds": "?" if status.seconds is None else str(status.seconds),
                "started": (status.started or "?")[:16].replace("T", " "),
            }
        )
    return rows


def progress(status: RunStatus) -> str:
    """Return the steps done, out of those planned; another program's loop need not have planned any."""
    done = "?" if status.step is None else str(status.step)
    return done if status.steps is None else f"{done}/{status.steps}"
