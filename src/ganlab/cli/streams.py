"""Standard input and output as strangers set them up: closed, full, without Unicode, or read by nobody."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ganlab.errors import GanlabError

SPELLED = str.maketrans(dict(zip("▁▂▃▄▅▆▇█▲▼↑↓•×–µ…", "_.:-=+*#^v^v*x-u~", strict=True)) | {"±": "+-", "→": "->"})
"""ASCII for the characters that ganlab itself prints; a character for one where they stand in columns."""

PLAIN = "ganlab_plain_"
"""Begins the names of the encodings that `plain_codec` makes."""


class Output(io.FileIO):
    """Standard output, which says what is wrong if it cannot be written, as on a full disk."""

    def write(self, content: Any) -> int:
        """Write bytes.

        Raises:
            BrokenPipeError: whoever read them has stopped reading.
            GanlabError: they cannot be written.
        """
        try:
            return super().write(content)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise GanlabError(
                f"standard output cannot be written: {error.strerror}", "check where it is redirected to"
            ) from error


def open_streams() -> None:
    """Let standard output and error take any text: where their encoding is not Unicode, ganlab's own is ASCII then.

    Names of others are written as the encoding has them, and a character that it lacks as in Python (`\\u4e2d`). Rich
    draws its boxes in ASCII.
    """
    # Python's own output has no buffer below it if PYTHONUNBUFFERED is set.
    if isinstance(sys.stdout, io.TextIOWrapper) and isinstance(
        getattr(sys.stdout.buffer, "raw", sys.stdout.buffer), io.FileIO
    ):
        at_once = sys.stdout.line_buffering or sys.stdout.write_through
        output = io.BufferedWriter(Output(sys.stdout.fileno(), "wb", closefd=False))
        sys.stdout = io.TextIOWrapper(output, sys.stdout.encoding, line_buffering=at_once)
    # A stream is None if whoever started ganlab closed it: nobody is to be told.
    sys.stdout = sys.stdout or io.TextIOWrapper(io.BufferedWriter(io.FileIO(os.devnull, "w")))
    sys.stderr = sys.stderr or io.TextIOWrapper(io.BufferedWriter(io.FileIO(os.devnull, "w")))
    codecs.register(plain_codec)
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue
        unicode = stream.encoding.lower().startswith("utf")
        # Not even Unicode has halves of surrogate pairs, by which Python names files that are no UTF-8.
        stream.reconfigure(encoding=None if unicode else PLAIN + stream.encoding, errors="backslashreplace")


def plain_codec(name: str) -> codecs.CodecInfo | None:
    """Return the encoding that a name stands for, changed so that it spells SPELLED in ASCII; None for other names.

    An encoding of its own, because Typer writes UTF-8 to a stream that is said to be ASCII.
    """
    if not name.startswith(PLAIN):
        return None
    codec = codecs.lookup(name.removeprefix(PLAIN))

    class Encoder(codecs.IncrementalEncoder):
        def encode(self, input: str, final: bool = False) -> bytes:
            return codec.encode(input.translate(SPELLED), self.errors)[0]

    return codecs.CodecInfo(codec.encode, codec.decode, incrementalencoder=Encoder, name=name)


def close_streams() -> None:
    """Write out what was printed. Nobody is told, and nothing else fails, if whoever read it has stopped reading.

    Raises:
        GanlabError: it cannot be written, on a full disk for one.
    """
    try:
        sys.stdout.flush()
    except (BrokenPipeError, GanlabError) as error:
        # Python would flush again when it ends, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, GanlabError):
            raise


@contextmanager
def spooled() -> Iterator[Path]:
    """Hold what comes by standard input in a file meanwhile; its last line is whole, with or without an end.

    Raises:
        GanlabError: standard input is closed.
    """
    if sys.stdin is None:
        raise GanlabError("standard input is closed, so - stands for nothing", "pipe a log into ganlab, or name a file")
    with TemporaryDirectory(prefix="ganlab-") as folder:
        path = Path(folder) / "standard input"
        with path.open("wb") as file:
            last = b""
            while content := sys.stdin.buffer.read(1 << 20):
                file.write(content)
                last = content[-1:]
            if last not in (b"", b"\n"):
                file.write(b"\n")
        yield path
