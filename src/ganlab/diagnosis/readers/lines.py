"""Text of strangers, read line by line whatever its bytes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

from ganlab.errors import RunError
from ganlab.text import excerpt, without_escapes

MAX_LINE = 1 << 20
"""Characters of a line; longer ones are passed over, so that a file without a newline costs no memory."""

BACKSPACES = re.compile("\x08+")
"""How Keras goes back to the start of its bar."""

DECIMAL = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:[nN][aA][nN]|[iI][nN][fF](?:inity)?)\b"
"""A number as programs print it, NaN and infinities too."""


def lines(path: Path) -> Iterator[str]:
    """Yield the whole lines of a file, without colours; what a progress bar overwrote counts as a line of its own.

    A last line that lacks its end is still being written, and is left out. Bytes that are no UTF-8 (or UTF-16, where
    the file says so) become replacement characters.

    Raises:
        RunError: the file cannot be read.
    """
    for line, _ in parts(path):
        yield line


def parts(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield what `lines` yields, and of each line whether the one after it was written over it.

    Raises:
        RunError: the file cannot be read.
    """
    try:
        with open(path, encoding=encoding(path), errors="replace", newline="\n") as file:
            while line := file.readline(MAX_LINE):
                whole = line.endswith("\n")
                if len(line) == MAX_LINE and not whole:
                    while not whole and (rest := file.readline(MAX_LINE)):
                        whole = rest.endswith("\n")
                    continue
                line = without_escapes(line)
                if "\b" in line:
                    line = BACKSPACES.sub("\r", line)
                if "\r" not in line:
                    if whole:
                        yield line[:-1], False
                    continue
                overwritten = [part for part in line.rstrip("\r\n").split("\r") if part] or [""]
                if not whole and not line.endswith("\r"):
                    overwritten.pop()
                for part in overwritten[:-1]:
                    yield part, True
                if overwritten:
                    yield overwritten[-1], not whole
    except (OSError, UnicodeError) as error:
        raise RunError(f"{excerpt(str(path))} cannot be read: {excerpt(str(error))}", "check the file") from error


def encoding(path: Path) -> str:
    """Return UTF-16 if the file opens with its mark, as output redirected by PowerShell does; else UTF-8."""
    with open(path, "rb") as file:
        return "utf-16" if file.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"


def number(text: str) -> float | None:
    """Return the number that a cell holds, also NaN or infinite, or None if it holds none.

    Digits that overflow are no number: they come from a damaged exponent, and would read as infinity.
    """
    if not text.isascii() or "_" in text:  # float() takes more than programs print
        return None
    try:
        value = float(text.strip().rstrip("%"))
    except ValueError:
        return None
    return None if math.isinf(value) and "n" not in text.lower() else value


def all_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a file as `lines` does, and a last one that lacks its end: a table's row shows by itself
    whether it is whole.

    Raises:
        RunError: the file cannot be read.
    """
    yield from lines(path)
    if encoding(path) == "utf-16":
        return
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - MAX_LINE))
        rest = file.read()
    last = rest[rest.rfind(b"\n") + 1 :]
    if last and b"\r" not in last and len(last) < MAX_LINE:
        text = last.decode("utf-8-sig" if len(last) == size else "utf-8", "replace")
        yield without_escapes(text)


def seen(path: Path) -> str:
    """Return what a text file holds, in words for a message: how many lines, and the first that is not blank."""
    count, first = 0, ""
    for line in all_lines(path):
        count += 1
        first = first or line.strip()
    if not count:
        return f"its lines are longer than {MAX_LINE:,} characters"
    return f"{count:,} lines, the first of which is {excerpt(first, 60)!r}" if first else f"{count:,} blank lines"
