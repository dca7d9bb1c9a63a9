"""Where the command line prints: results on standard output, messages on standard error when output is for machines."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console

from ganlab.errors import GanlabError
from ganlab.text import printable


def console(stderr: bool = False) -> Console:
    """Return a console that never reads markup, emoji codes or highlights out of user text; NO_COLOR is honoured."""
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)


def print_json(values: Any) -> None:
    """Print machine output: one JSON document on standard output."""
    sys.stdout.write(json.dumps(values, indent=2, allow_nan=False) + "\n")


def print_error(error: GanlabError) -> None:
    """Print a user's error: what is wrong, and what to do."""
    out = console(stderr=True)
    out.print(f"error: {printable(error.message)}", style="bold red")
    if error.hint:
        out.print(printable(error.hint))
