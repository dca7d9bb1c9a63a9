"""Files that are no logs, told by their first bytes."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

from ganlab.diagnosis.readers.log import Log
from ganlab.errors import RunError
from ganlab.text import excerpt

START = 1 << 12
"""Bytes that are looked at."""

IMAGE = ("an image", "images go after --samples; name the log of the training")
CHECKPOINT = ("a checkpoint", "it holds weights and no history; name the log of the training")
ARCHIVE = ("a compressed file", "unpack it first")
PICKLE = (
    "a Python pickle, as checkpoints and saved histories are",
    "opening it could run any code that is in it, so ganlab does not; save the history as JSON: "
    "json.dump(history, file)",
)
DATABASE = ("an SQLite database", "export the run from it as CSV")
OTHER = ("binary data", "name the log of the training")

MAGIC: tuple[tuple[int, bytes, tuple[str, str]], ...] = (
    (0, b"\x89PNG", IMAGE),
    (0, b"\xff\xd8\xff", IMAGE),
    (0, b"GIF8", IMAGE),
    (8, b"WEBP", IMAGE),
    (0, b"II*\x00", IMAGE),
    (0, b"\x89HDF\r\n", ("an HDF5 file, as Keras writes weights", CHECKPOINT[1])),
    (0, b"\x1f\x8b", ARCHIVE),
    (0, b"BZh", ARCHIVE),
    (0, b"\xfd7zXZ", ARCHIVE),
    (0, b"7z\xbc\xaf", ARCHIVE),
    (0, b"\x28\xb5\x2f\xfd", ARCHIVE),
    (0, b"Rar!", ARCHIVE),
    (257, b"ustar", ("an archive", "unpack it first")),
    (0, b"PAR1", ("a Parquet file", "save the table as CSV")),
    (0, b"MATLAB 5.0", ("a MATLAB file", "save the curves as CSV")),
    (0, b"SQLite format 3", DATABASE),
    (0, b"%PDF", ("a PDF", "name the log of the training")),
    (0, b"\xd0\xcf\x11\xe0", ("an old Office document", "save the sheet as CSV")),
    (0, b"\x7fELF", ("a program", "name the log of the training")),
)
"""Offset, the bytes that stand there, and what such a file is and what to do instead."""

MEMBERS: tuple[tuple[Callable[[str], bool], tuple[str, str]], ...] = (
    (lambda name: name.endswith("data.pkl"), ("a PyTorch checkpoint", CHECKPOINT[1])),
    (lambda name: name.endswith("model.weights.h5"), ("a Keras model", CHECKPOINT[1])),
    (lambda name: name.startswith("xl/"), ("a spreadsheet", "save the sheet as CSV")),
    (lambda name: name.startswith("word/"), ("a text document", "save the log as plain text")),
)
"""What a ZIP archive is by a member's name."""


def refuse_binary(path: Path) -> Log | None:
    """Return None for a file that may be text.

    Raises:
        RunError: it is empty, or binary, and what it seems to be.
    """
    with open(path, "rb") as file:
        start = file.read(START)
    if not start:
        raise RunError(f"{excerpt(str(path))} is empty", "name a log that holds numbers")
    what = _what(path, start)
    if what is not None:
        raise RunError(f"{excerpt(str(path))} is no log: it seems to be {what[0]}", what[1])
    return None


def _what(path: Path, start: bytes) -> tuple[str, str] | None:
    """Return what a file is that is no text, and what to do instead; None if it may be text."""
    for offset, mark, what in MAGIC:
        if start[offset : offset + len(mark)] == mark:
            return what
    if start.startswith(b"PK\x03\x04"):
        return _what_archive(path)
    if start[0] == 0x80 and len(start) > 1 and 2 <= start[1] <= 5:
        return PICKLE
    if len(start) > 9 and start[8:10] in (b'{"', b"{ ") and struct.unpack("<Q", start[:8])[0] < path.stat().st_size:
        return "a safetensors checkpoint", CHECKPOINT[1]
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):  # UTF-16
        return None
    controls = sum(byte < 32 and byte not in b"\t\n\r\x0c\x08\x07\x1b" for byte in start)
    return OTHER if controls > 0.02 * len(start) + 2 else None


def _what_archive(path: Path) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:10_000]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "a damaged ZIP archive", "unpack it first"
    return next((what for fits, what in MEMBERS if any(map(fits, names))), ("a ZIP archive", "unpack it first"))
