"""Text in messages: what a stranger wrote is made harmless before it is shown, here and nowhere else."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

SHORT = 80
"""Characters of a value in a message about it."""

PATH = 300
"""Characters of a path or of an error's text in a message."""

NAME = 60
"""Characters of a name in a list of names."""

ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
"""What moves a terminal's cursor or sets its colours (ECMA-48)."""


def printable(text: object) -> str:
    """Return text that cannot steer a terminal: control characters are spelled out, and newlines stay."""
    return "".join(c if c.isprintable() or c == "\n" else _spelled(c) for c in str(text))


def one_line(text: object, limit: int | None = None) -> str:
    """Return text on one line: every character that cannot be printed is spelled out, newlines too.

    Args:
        text: what somebody else wrote.
        limit: its characters at most, before any is spelled out.
    """
    whole = str(text)
    if limit is not None and len(whole) > limit:
        whole = f"{whole[: limit - 3]}..."
    return "".join(c if c.isprintable() else _spelled(c) for c in whole)


def short(text: object) -> str:
    """Return a value for a message about it: one line of at most 80 characters."""
    return one_line(text, SHORT)


def excerpt(text: object, limit: int = PATH) -> str:
    """Return the beginning of a log's text on one line, without the escapes by which it steered a terminal."""
    return one_line(without_escapes(str(text)[: 2 * limit]), limit)


def described(error: BaseException) -> str:
    """Return an error as `Type: message`; an error whose own text cannot be made is its type alone."""
    kind = type(error).__name__
    try:
        return f"{kind}: {error}"
    except Exception:
        return kind


def without_escapes(text: str) -> str:
    """Return text without the escapes that steer a terminal."""
    return ESCAPES.sub("", text) if "\x1b" in text else text


def replaced(text: str, mark: str, keep: str = "") -> str:
    """Return text with a mark in place of every character that cannot be printed, but for those to keep."""
    return "".join(c if c.isprintable() or c in keep else mark for c in text)


def drawable(text: str) -> str:
    """Return text that a font can draw: `?` stands for what it cannot, and newlines stay."""
    return replaced(text, "?", keep="\n")


def listed(names: Sequence[str], limit: int = 12) -> str:
    """Return the first of some names in quotes, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(quoted, names[:limit])) + more


def quoted(name: str) -> str:
    """Return a name that somebody else gave in quotes, on one line."""
    return f"`{excerpt(name, NAME)}`"


def closest(word: object, options: Iterable[object]) -> str | None:
    """Return the option that a mistyped word was probably meant to be; None if none is close."""
    found = difflib.get_close_matches(str(word)[:100].lower(), [str(option) for option in options], n=1)
    return found[0] if found else None


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode()
