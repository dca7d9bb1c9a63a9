"""Which claims replicated, as the terminal shows it: a table, two lines a claim where it is narrow, plain lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ganlab.text import printable

NARROW = 110
"""Columns of a terminal under which a claim does not fit into one row of a table."""

STYLES = {"yes": "green", "no": "red"}


def show_claims(out: Console, claims: Sequence[Mapping[str, Any]]) -> None:
    """Print a row a claim: what is claimed and by whom, what was to be seen, and in how many runs it was.

    Args:
        out: where to; no terminal gets one plain line a claim, a narrow one a block a claim.
        claims: fields of `ganlab.sweeps.claims.ClaimRow`, as `summary.json` holds them under `claims`.
    """
    if not claims:
        out.print("no claims: no config of this sweep says what it expects")
    elif not out.is_terminal:
        for row in claims:
            out.print(_line(row))
    elif out.width < NARROW:
        for row in claims:
            # The claim wraps at words, and all of it stands behind its answer.
            block = Table.grid(padding=(0, 1))
            block.add_row(_answer(row), Text(_claim(row)))
            block.add_row("", Text(f"{_expected(row)}: {_rate(row)}, {_onset(row)}", style="dim"))
            out.print(block, soft_wrap=False)
    else:
        out.print(_table(claims), soft_wrap=False)


def _table(claims: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading, ratio in (("claim", 5), ("source", 2), ("expected", 3)):
        table.add_column(heading, ratio=ratio, overflow="fold")
    for heading in ("k of n", "interval", "onset", "replicated"):
        table.add_column(heading, no_wrap=True)
    for row in claims:
        k_of_n, interval = _rate(row).split(" [")
        onset = "-" if row["onset"] is None else f"{row['onset']:,.0f}"
        words = (_title(row), row["source"] or "-", _expected(row), k_of_n, f"[{interval}", onset)
        table.add_row(*(Text(printable(word)) for word in words), _answer(row))
    return table


def _line(row: Mapping[str, Any]) -> str:
    """All of a claim in one line, what is short first, so that lines of several claims stand below each other."""
    return f"{row['replicated']:<9} {_rate(row):<23} {_onset(row):<16} {_expected(row)}: {_claim(row)}"


def _answer(row: Mapping[str, Any]) -> Text:
    return Text(f"{row['replicated']:<9}", style=STYLES.get(row["replicated"], ""))


def _title(row: Mapping[str, Any]) -> str:
    """The claim in words; where it has none, the runs that it is about."""
    return str(row["claim"] or ", ".join(row["runs"]))


def _claim(row: Mapping[str, Any]) -> str:
    """The claim and its source, on one line."""
    source = f" ({row['source']})" if row["source"] else ""
    return printable(f"{_title(row)}{source}".replace("\n", " "))


def _expected(row: Mapping[str, Any]) -> str:
    return printable(str(row["expected"]).replace("\n", " "))


def _rate(row: Mapping[str, Any]) -> str:
    return f"{row['k']} of {row['n']} [{row['low']:.2f}, {row['high']:.2f}]"


def _onset(row: Mapping[str, Any]) -> str:
    return "no onset" if row["onset"] is None else f"onset {row['onset']:,.0f}"
