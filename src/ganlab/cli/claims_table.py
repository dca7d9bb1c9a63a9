"""Which claims replicated, as the terminal shows it: a table, two lines a claim where it is narrow, plain lines."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ganlab.sweeps import claim_words
from ganlab.text import printable

NARROW = 110
"""Columns of a terminal under which a claim does not fit into one row of a table."""

STYLES = {"yes": "green", "no": "red"}


def show_claims(out: Console, claims: Sequence[claim_words.Claim]) -> None:
    """Print a row a claim: what is claimed and by whom, what was to be seen, and in how many runs it was.

    Args:
        out: where to; no terminal gets one plain line a claim, a narrow one a block a claim.
        claims: as `summary.json` holds them under `claims`.
    """
    if not claims:
        out.print(claim_words.NONE)
    elif not out.is_terminal:
        for row in claims:
            out.print(_line(row))
    elif out.width < NARROW:
        for row in claims:
            # The claim wraps at words, and all of it stands behind its answer.
            block = Table.grid(padding=(0, 1))
            block.add_row(_answer(row), Text(claim_words.with_source(row)))
            block.add_row("", Text(f"{claim_words.expected(row)}: {_rate(row)}, {_onset(row)}", style="dim"))
            out.print(block, soft_wrap=False)
    else:
        out.print(_table(claims), soft_wrap=False)


def _table(claims: Sequence[claim_words.Claim]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading, ratio in (("claim", 5), ("source", 2), ("expected", 3)):
        table.add_column(heading, ratio=ratio, overflow="fold")
    for heading in ("k of n", "interval", "onset", "replicated"):
        table.add_column(heading, no_wrap=True)
    for row in claims:
        words = (
            claim_words.title(row), row["source"] or "-", claim_words.expected(row),
            claim_words.k_of_n(row), claim_words.interval(row), claim_words.onset(row),
        )  # fmt: skip
        table.add_row(*(Text(printable(word)) for word in words), _answer(row))
    return table


def _line(row: claim_words.Claim) -> str:
    """All of a claim in one line, what is short first, so that lines of several claims stand below each other."""
    claim = f"{claim_words.expected(row)}: {claim_words.with_source(row)}"
    return f"{row['replicated']:<9} {_rate(row):<23} {_onset(row):<16} {claim}"


def _answer(row: claim_words.Claim) -> Text:
    return Text(f"{row['replicated']:<9}", style=STYLES.get(row["replicated"], ""))


def _rate(row: claim_words.Claim) -> str:
    return f"{claim_words.k_of_n(row)} {claim_words.interval(row)}"


def _onset(row: claim_words.Claim) -> str:
    return "no onset" if row["onset"] is None else f"onset {claim_words.onset(row)}"
