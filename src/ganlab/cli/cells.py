"""Text of a table's cells that are laid out a column at a time."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from ganlab.text import printable


def cell(text: str, style: str = "") -> Text:
    """Return text of a user's as one line."""
    return Text(printable(text).replace("\n", " "), style=style)


def one_below_the_other(lines: Iterable[Text]) -> Text:
    """Join lines that are cut, not wrapped, where there is no room."""
    return Text("\n", no_wrap=True, overflow="ellipsis").join(lines)
