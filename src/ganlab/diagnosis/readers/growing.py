"""Files that are read line by line, and so can be followed while they grow: what was read is not read again."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from ganlab.diagnosis.readers.lines import Lines
from ganlab.diagnosis.readers.log import Log
from ganlab.errors import RunError
from ganlab.text import excerpt

SETTLED = 250
"""Lines from which on a file's form is not asked for again: more than any reader looks at before it decides."""


class LineReader(Protocol):
    """Turns lines into the rows of a Log.

    Attributes:
        log: takes the rows.
    """

    log: Log

    def take(self, line: str, redrawn: bool = False) -> None:
        """Look at the next line.

        Args:
            line: without its end.
            redrawn: whether the next line was written over it, as those of a progress bar are.
        """

    def close(self, rest: str) -> Log | None:
        """Return the log, since no more lines come; None if the lines are not of this form after all.

        Args:
            rest: a last line that lacks its end; it may be whole all the same.
        """


Open = Callable[[Path], Log | LineReader | None]
"""Reads a file, or looks at how it begins and returns what reads its lines; None for a file of another form."""


def read_by(opens: Open, path: Path) -> Log | None:
    """Read a file.

    Returns:
        The log, or None if the file is of another form.

    Raises:
        RunError: the file cannot be read.
    """
    reader = opens(path)
    if reader is None or isinstance(reader, Log):
        return reader
    lines = Lines(path)
    for line, redrawn in lines.new():
        reader.take(line, redrawn)
    return reader.close(lines.rest)


class GrowingLog:
    """A file that is read again and again while it grows.

    Args:
        path: the file.
        forms: what it may be, in the order in which they are tried.
    """

    def __init__(self, path: Path, forms: Sequence[Open]) -> None:
        self.path = path
        self._forms = forms
        self._lines = Lines(path)
        self._reader: LineReader | None = None

    def __str__(self) -> str:
        return str(self.path)

    def log(self) -> Log | None:
        """Return the log as it is now; None if the file is of no known form.

        Only new lines are read, unless the file is short, is not read line by line, or was written anew.

        Raises:
            RunError: the file cannot be read.
        """
        if self.path.exists() and not self.path.is_file():
            # A pipe would be waited for without end.
            raise RunError(f"{excerpt(str(self.path))} is no file any more", "check what took its place")
        if self._reader is not None and not self._lines.replaced() and (log := self._go_on(self._reader)) is not None:
            return log
        self._reader = None
        for opens in self._forms:
            reader = opens(self.path)
            if isinstance(reader, Log):
                return reader
            if reader is not None:
                self._lines = Lines(self.path)
                log = self._go_on(reader)
                if log is not None:
                    self._reader = reader if self._lines.count >= SETTLED else None
                    return log
        return None

    def _go_on(self, reader: LineReader) -> Log | None:
        for line, redrawn in self._lines.new():
            reader.take(line, redrawn)
        # A twin is closed, so that the reader can take more lines.
        twin = copy.copy(reader)
        twin.log = copy.deepcopy(reader.log)
        return twin.close(self._lines.rest)
