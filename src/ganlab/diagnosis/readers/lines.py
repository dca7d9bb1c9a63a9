"""Text of strangers, read line by line whatever its bytes."""

from __future__ import annotations

import codecs
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ganlab.errors import RunError
from ganlab.text import excerpt, without_escapes

MAX_LINE = 1 << 20
"""Characters of a line; longer ones are passed over, so that a file without a newline costs no memory."""

CHUNK = 1 << 18
"""Bytes that are read at a time."""

EDGE = 1 << 12
"""Bytes at each end of what was read that show whether a file has only grown."""

BACKSPACES = re.compile("\x08+")
"""How Keras goes back to the start of its bar."""

DECIMAL = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:[nN][aA][nN]|[iI][nN][fF](?:inity)?)\b"
"""A number as programs print it, NaN and infinities too."""


def lines(path: Path) -> Iterator[str]:
    """Yield the whole lines of a file, as `Lines` has them.

    Raises:
        RunError: the file cannot be read.
    """
    for line, _ in Lines(path).new():
        yield line


def all_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a file as `lines` does, and a last one that lacks its end: a table's row shows by itself
    whether it is whole.

    Raises:
        RunError: the file cannot be read.
    """
    source = Lines(path)
    for line, _ in source.new():
        yield line
    if source.rest:
        yield source.rest


class Lines:
    """The whole lines of a file that may grow, without colours; what a progress bar overwrote is a line of its own.

    A last line that lacks its end is still being written, and waits. Bytes that are no UTF-8 (or UTF-16, where the file
    says so) become replacement characters.

    Attributes:
        path: the file.
        count: lines so far.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._position = 0
        self._identity = (0, 0)
        self._edges = (b"", b"")
        self._rest = ""
        self._overwritten = False
        self._newlines = False
        self._too_long = False
        self._decoder: codecs.IncrementalDecoder | None = None

    @property
    def rest(self) -> str:
        """A last line that lacks its end; empty for one of a progress bar.

        Without any newline in the file, carriage returns end its lines.
        """
        return "" if self._overwritten and self._newlines else without_escapes(self._rest)

    def new(self) -> Iterator[tuple[str, bool]]:
        """Yield each line that was written since the last time, and whether the one after it was written over it.

        Raises:
            RunError: the file cannot be read.
        """
        try:
            with open(self.path, "rb") as file:
                stat = os.fstat(file.fileno())
                self._identity = (stat.st_dev, stat.st_ino)
                if self._decoder is None:
                    self._decoder = codecs.getincrementaldecoder(encoding(self.path))("replace")
                file.seek(self._position)
                while content := file.read(CHUNK):
                    self._position += len(content)
                    for line, redrawn in self._whole(self._decoder.decode(content)):
                        self.count += 1
                        yield line, redrawn
                self._edges = self._read_edges(file)
        except OSError as error:
            raise RunError(f"{excerpt(str(self.path))} cannot be read: {error.strerror}", "check the file") from error
        if self._rest.endswith("\r"):
            line, self._rest, self._overwritten = self._rest.rstrip("\r"), "", True
            self.count += 1
            yield without_escapes(line), True

    def replaced(self) -> bool:
        """Return whether what was read is no longer the beginning of the file: it was cut, or written anew."""
        try:
            with open(self.path, "rb") as file:
                stat = os.fstat(file.fileno())
                same = (stat.st_dev, stat.st_ino) == self._identity and stat.st_size >= self._position
                return not same or self._read_edges(file) != self._edges
        except OSError:
            return True

    def _read_edges(self, file: BinaryIO) -> tuple[bytes, bytes]:
        """Return the first bytes of what was read, and the last."""
        file.seek(0)
        first = file.read(min(EDGE, self._position))
        file.seek(max(0, self._position - EDGE))
        return first, file.read(min(EDGE, self._position))

    def _whole(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yield the lines that more text brings to their end."""
        if "\b" in text:
            text = BACKSPACES.sub("\r", text)
        *ended, rest = text.split("\n")
        self._newlines |= bool(ended)
        for line in ended:
            if self._rest:
                line, self._rest = self._rest + line, ""
            if self._too_long or len(line) >= MAX_LINE:
                self._too_long = False
            elif "\r" in line:
                yield from _overwritten(line)
            else:
                yield without_escapes(line), False
            self._overwritten = False
        self._rest += rest
        # The last characters may be the first half of a line's end.
        last = self._rest.rstrip("\r").rfind("\r")
        if last >= 0:
            yield from ((line, True) for line, _ in _overwritten(self._rest[:last]) if line)
            self._rest, self._overwritten = self._rest[last + 1 :], True
        if len(self._rest) >= MAX_LINE:
            self._rest, self._too_long = "", True


def _overwritten(line: str) -> Iterator[tuple[str, bool]]:
    """Yield what was written over each other in a line, and whether something was written over it."""
    parts = [part for part in without_escapes(line).split("\r") if part] or [""]
    yield from ((part, True) for part in parts[:-1])
    yield parts[-1], False


def holds(path: Path, mark: str) -> bool:
    """Return whether a file holds an ASCII text somewhere, which is found much faster than its lines are split."""
    marks = [mark.encode(code) for code in ("ascii", "utf-16-le", "utf-16-be")]
    with open(path, "rb") as file:
        end = b""
        while content := file.read(CHUNK):
            if any(each in end + content for each in marks):
                return True
            end = content[-2 * len(mark) :]
    return False


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


def seen(path: Path) -> str:
    """Return what a text file holds, in words for a message: how many lines, and the first that is not blank."""
    count, first = 0, ""
    for line in all_lines(path):
        count += 1
        first = first or line.strip()
    if not count:
        return f"its lines are longer than {MAX_LINE:,} characters"
    if count == 1 and first:
        return f"one line, {excerpt(first, 60)!r}"
    return f"{count:,} lines, the first of which is {excerpt(first, 60)!r}" if first else f"{count:,} blank lines"
