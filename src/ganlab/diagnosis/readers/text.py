"""Text logs: what training loops print, read line by line."""

from __future__ import annotations

from pathlib import Path

from ganlab.diagnosis.readers.grammar import TextReader
from ganlab.diagnosis.readers.lines import lines
from ganlab.diagnosis.readers.log import Log
from ganlab.text import excerpt


def read_text(path: Path) -> Log | None:
    """Read the lines of a text log.

    Returns:
        The log, or None if no line holds a number with a name.

    Raises:
        RunError: the file cannot be read.
    """
    log = Log(excerpt(str(path)), "a text log")
    reader = TextReader(log)
    for line in lines(path):
        reader.take(line)
    reader.close()
    return log if log.count else None
