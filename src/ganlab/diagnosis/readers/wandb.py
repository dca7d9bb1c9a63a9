"""Runs of Weights & Biases as they lie on disk: `run-*.wandb` beside `files/`, or the older wandb-history.jsonl.

A .wandb file is a log of records in blocks (wandb/sdk/internal/datastore.py, after LevelDB's log format); a record is a
protobuf message, of which only the history is read (wandb/proto/wandb_internal.proto: Record.history = 2,
HistoryRecord.item = 1 and step = 2, HistoryItem.key = 1, nested_key = 2 and value_json = 16, HistoryStep.num = 1).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ganlab.diagnosis.readers.json_files import add_row, read_json_lines
from ganlab.diagnosis.readers.log import Log
from ganlab.diagnosis.readers.place_columns import take_places
from ganlab.errors import RunError
from ganlab.text import excerpt

MARK = b":W&B"
HEADER = 7
"""Bytes of the file's header, and of each chunk's: checksum (4), length (2), kind (1)."""

BLOCK = 1 << 15
"""Bytes of a block; no chunk crosses its end."""

WHOLE, FIRST, MIDDLE, LAST = 1, 2, 3, 4
"""Kinds of chunks."""

HISTORY, ITEM, STEP = 2, 1, 2
KEY, NESTED_KEY, VALUE = 1, 2, 16
"""Fields of the messages."""


def read_wandb(path: Path) -> Log | None:
    """Read the history in a .wandb file, up to the first record that is torn.

    Returns:
        The log, or None if this is no such file.

    Raises:
        RunError: it holds no history.
    """
    with open(path, "rb") as file:
        if file.read(len(MARK)) != MARK:
            return None
    log = Log(excerpt(str(path)), "a run of Weights & Biases")
    broken = 0
    for record in _records(path):
        try:
            for field, value in _fields(record):
                if field == HISTORY and isinstance(value, bytes):
                    add_row(log, _history(value))
        except ValueError:
            broken += 1
    if broken:
        log.facts.dropped["damaged records"] = broken
    if not log.count:
        raise RunError(
            f"{log.source} is a run of Weights & Biases whose file holds no history of numbers",
            "export the run as CSV, or name the output of the training (files/output.log)",
        )
    take_places(log)
    return log


def read_wandb_folder(folder: Path) -> Log | None:
    """Read a run's folder: its .wandb file, else its wandb-history.jsonl; None if it has neither."""
    for files in (sorted(folder.glob("*.wandb")), [folder / "files" / "wandb-history.jsonl"]):
        for file in files:
            if file.is_file():
                return read_wandb(file) if file.suffix == ".wandb" else read_json_lines(file)
    return None


def _records(path: Path) -> Iterator[bytes]:
    """Yield the records of a file, put together from their chunks."""
    with open(path, "rb") as file:
        begun, block = b"", file.read(BLOCK)
        at = HEADER
        while block:
            while at + HEADER <= len(block):
                _, length, kind = struct.unpack_from("<IHB", block, at)
                chunk = block[at + HEADER : at + HEADER + length]
                at += HEADER + length
                if kind == 0:
                    break  # the rest of the block is padding
                if len(chunk) < length or kind > LAST:
                    return
                begun = chunk if kind in (WHOLE, FIRST) else begun + chunk
                if kind in (WHOLE, LAST):
                    yield begun
            block, at = file.read(BLOCK), 0


def _history(message: bytes) -> dict[str, Any]:
    """Return one row: its numbers by name, and `_step`."""
    row: dict[str, Any] = {}
    for field, value in _fields(message):
        if not isinstance(value, bytes):
            continue
        if field == STEP:
            row.setdefault("_step", next((each for number, each in _fields(value) if number == 1), 0))
        elif field == ITEM:
            names, text = [], ""
            for number, each in _fields(value):
                if isinstance(each, bytes):
                    if number in (KEY, NESTED_KEY):
                        names.append(each.decode("utf-8", "replace"))
                    elif number == VALUE:
                        text = each.decode("utf-8", "replace")
            row["/".join(filter(None, names))] = _value(text)
    return row


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the fields of a protobuf message by number: whole numbers, and whatever has a length as bytes.

    Raises:
        ValueError: the message is damaged.
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if kind == 2:
            length, at = _varint(message, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError(f"no field has the type {kind}")
        if at + length > len(message):
            raise ValueError("the message is cut off")
        yield key >> 3, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return the whole number at a place, seven bits a byte, and the place behind it."""
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise ValueError("the message is cut off")
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
