"""`ganlab compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganlab.cli import completion
from ganlab.cli.console import console, print_json, print_table, say
from ganlab.cli.options import DEFAULT_RUNS, ForceOption, JsonOption, RunsDirOption
from ganlab.cli.target import require_new
from ganlab.text import printable

if TYPE_CHECKING:
    from rich.console import Console

    from ganlab.report.compare import RunComparison


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN RUN...",
            help="2 to 8 runs: folders, names, or parts of names.",
            autocompletion=completion.runs,
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="The picture, a PNG; left out: comparison-<8 letters>.png among the runs.")
    ] = None,
    force: ForceOption = False,
    runs_dir: RunsDirOption = DEFAULT_RUNS,
    as_json: JsonOption = False,
) -> None:
    """Lay runs side by side: settings that differ, verdicts, final numbers, curves and last samples.

    Example: ganlab compare guide_stable guide_latent_1 --out comparison.png
    """
    from ganlab.api import compare as lay_side_by_side

    if out is not None and not force:
        require_new(out)
    comparison = lay_side_by_side(runs, out, runs_dir=runs_dir)
    if as_json:
        print_json(comparison.as_json())
    else:
        show_comparison(console(), comparison)


def show_comparison(out: Console, comparison: RunComparison) -> None:
    """Print which run is which letter, one table with a column a run, what could not be read, and the picture."""
    from rich.table import Table
    from rich.text import Text

    from ganlab.plots.comparisons import LETTERS
    from ganlab.report.compare import fact_words, value_words

    for letter, side in zip(LETTERS, comparison.sides, strict=False):
        out.print(f"{letter}  {printable(side.run.path.name)}")
    out.print()
    sides = comparison.sides
    facts = {key: [fact_words(key, side) for side in sides] for key in sides[0].facts}
    settings = {key: list(map(value_words, values)) for key, values in comparison.settings.items()}
    numbers = {
        key: ["-" if value is None else f"{value:.4g}" for value in values]
        for key, values in comparison.numbers.items()
    }
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for letter in LETTERS[: len(comparison.sides)]:
        table.add_column(letter, overflow="fold")
    for heading, rows in (("", facts), ("settings that differ", settings), ("final numbers", numbers)):
        if rows and heading:
            table.add_row()
            table.add_row(Text(heading, style="bold"))
        for key, values in rows.items():
            table.add_row(Text(printable(key)), *(Text(printable(value)) for value in values))
    print_table(out, table)
    out.print()
    for letter, side in zip(LETTERS, comparison.sides, strict=False):
        for gap in side.gaps:
            say(out, f"{letter}: left out, {printable(gap)}", "yellow")
    out.print(f"picture: {printable(comparison.picture)}")
