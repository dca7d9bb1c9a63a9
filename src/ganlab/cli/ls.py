"""`ganlab ls`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ganlab.cli.console import console, print_json, print_table, widest
from ganlab.cli.options import DEFAULT_RUNS, JsonOption, RunsDirOption
from ganlab.text import printable


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
    part: Annotated[
        str, typer.Argument(metavar="[PART]", help="Only what has this in its name; of runs also those inside sweeps.")
    ] = "",
    runs_dir: RunsDirOption = DEFAULT_RUNS,
    as_json: JsonOption = False,
) -> None:
    """List shipped experiments and sweeps, runs, or what an experiment can be made of.

    Runs and sweeps are listed with their verdicts and, while they go on, with the step that they have reached.

    Example: ganlab ls networks

    Example: ganlab ls runs latent_1
    """
    if what is What.runs:
        from ganlab.cli.ls_cells import narrowing
        from ganlab.cli.ls_runs import list_runs

        rows = list_runs(runs_dir, part)
    else:
        rows = [row for row in list_parts(what) if part in row["name"]]
    if as_json:
        print_json(rows)
        return
    if not rows:
        where = f" in {printable(runs_dir)}" if what is What.runs else ""
        console().print(f"no {what.value}{where}" + (f" with {printable(part)!r} in the name" if part else ""))
        return
    out = console()
    for shown in narrowing(rows) if what is What.runs else [rows]:
        table = as_table(shown)
        if not out.is_terminal or widest(out, table) <= out.width:
            break
    print_table(out, table)


def as_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return rows as a table, a column for each key."""
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    for heading in rows[0]:
        cells = [printable(row[heading]) for row in rows]
        longest = max(len(word) for cell in (heading, *cells) for word in (cell.split() or [""]))
        # Names are copied, so they are never cut; other columns may break only words of more than 20 characters.
        table.add_column(heading, no_wrap=heading == "name", overflow="fold", min_width=min(longest, 20))
    for row in rows:
        table.add_row(*(Text(printable(value)) for value in row.values()))
    return table


def list_parts(what: What) -> list[dict[str, Any]]:
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
