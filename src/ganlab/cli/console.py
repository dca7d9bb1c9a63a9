"""Where the command line prints: results on standard output, messages on standard error when output is for machines."""

from __future__ import annotations

import json
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.measure import Measurement

from ganlab.errors import GanlabError
from ganlab.text import printable

if TYPE_CHECKING:
    from rich.table import Table

WIDEST = 10_000
"""Characters of a table's line, at most."""


def console(stderr: bool = False) -> Console:
    """Return a console that never reads markup, emoji codes or highlights out of user text; NO_COLOR is honoured."""
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)


def say(out: Console, text: str, style: str = "") -> None:
    """Print a sentence, wrapped between words in a terminal; a longer word, such as a path, stays whole."""
    if out.is_terminal:
        text = "\n".join(_wrapped(line, out.width) for line in text.split("\n"))
    out.print(text, style=style, soft_wrap=True)


def _wrapped(line: str, width: int) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def print_table(out: Console, table: Table) -> None:
    """Print a table as wide as the terminal; in a file or pipe nothing is cut, and a line is a row."""
    if out.is_terminal:
        out.print(table, soft_wrap=False)
    else:
        print_uncut(out, table)


def print_uncut(out: Console, table: Table) -> None:
    """Print a table as wide as its cells are, however narrow the console: a row a line, nothing cut."""
    out.width = max(out.width, widest(out, table))
    out.print(table, soft_wrap=False)


def widest(out: Console, table: Table) -> int:
    """Return how many characters a line of a table takes if none of its cells is wrapped."""
    return Measurement.get(out, out.options.update(width=WIDEST), table).maximum


def print_json(values: Any) -> None:
    """Print machine output: one JSON document on standard output."""
    sys.stdout.write(json.dumps(values, indent=2, allow_nan=False) + "\n")


def print_error(error: GanlabError) -> None:
    """Print a user's error: what is wrong, and what to do."""
    out = console(stderr=True)
    say(out, f"error: {printable(error.message)}", "bold red")
    if error.hint:
        say(out, printable(error.hint))
