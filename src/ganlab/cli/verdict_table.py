"""Several verdicts as the terminal shows them: a row for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ganlab.cli.console import console, print_error, print_json, print_uncut
from ganlab.cli.verdict_panel import colour_of, print_remarks
from ganlab.diagnosis.sessions import Judged
from ganlab.errors import GanlabError
from ganlab.text import printable
from ganlab.verdicts import certainty, matches, words


def show_several(results: Sequence[tuple[str, Judged | GanlabError]], as_json: bool) -> None:
    """Print a table, or a list for machines, and on standard error what could not be done."""
    if as_json:
        print_json([_as_values(path, result) for path, result in results])
    else:
        show_table(console(), results)
    for _, result in results:
        if isinstance(result, Judged):
            print_remarks(result)
        else:
            print_error(result)


def _as_values(path: str, result: Judged | GanlabError) -> dict[str, Any]:
    if isinstance(result, GanlabError):
        return {"source": path, "error": result.message, "hint": result.hint}
    return result.verdict.as_json()


def show_table(out: Console, results: Sequence[tuple[str, Judged | GanlabError]]) -> None:
    """Print a row for each path: its verdict, or that it could not be judged.

    Args:
        out: where to.
        results: each path as the user named it, with what came of it.
    """
    table = Table(box=None, pad_edge=False)
    for heading in ("run", "verdict", "confidence", "since step", "severity", "as expected"):
        table.add_column(heading, no_wrap=True)
    for name, result in results:
        table.add_row(Text(printable(name)), *_cells(result))
    print_uncut(out, table)  # on a terminal too: a name is there to be copied


def _cells(result: Judged | GanlabError) -> list[Text]:
    if isinstance(result, GanlabError):
        return [Text("not judged", style="bold red")]
    verdict = result.verdict
    experiment = verdict.judged_on.experiment if verdict.judged_on else None
    expect = experiment.expect if experiment else ()
    agrees = matches(verdict.name, expect)
    return [
        Text(printable(words(verdict.name).capitalize()), style=colour_of(verdict)),
        Text(certainty(verdict.name, verdict.confidence) or "-"),
        Text("-" if verdict.onset_step is None else f"{verdict.onset_step:,}"),
        Text(f"{verdict.severity:.2f}"),
        Text(("yes" if agrees else f"no: {' or '.join(expect)}") if expect else "-", style="" if agrees else "red"),
    ]
