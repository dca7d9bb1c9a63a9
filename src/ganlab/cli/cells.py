"""Text of tables and panels."""

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


def prose(text: str, style: str = "") -> Text:
    """Return a sentence that is wrapped between words, on a console whose other lines are not."""
    return Text(text, style=style, no_wrap=False, overflow="fold")
