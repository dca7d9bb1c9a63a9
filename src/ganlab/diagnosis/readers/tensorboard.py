"""Folders of TensorBoard event files, of TensorFlow 1, 2 and PyTorch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ganlab.diagnosis.readers.log import Log, Name, Place
from ganlab.errors import RunError
from ganlab.text import excerpt

MARK = b"brain.Event:"
"""Stands in the first record of every event file."""

MAX_FILES = 1000


def is_event_file(path: Path) -> bool:
    """Return whether a file opens as an event file does."""
    with open(path, "rb") as file:
        return MARK in file.read(64)


def find_event_files(folder: Path) -> list[Path]:
    """Return the event files of a folder and those below it, in the order of their names, which begin with a time.

    Raises:
        RunError: there are more than MAX_FILES.
    """
    found = sorted(path for path in folder.rglob("*tfevents*") if path.is_file())
    if len(found) > MAX_FILES:
        raise RunError(f"{excerpt(str(folder))} holds {len(found)} event files", "name the folder of one run")
    return found


def read_event_file(path: Path) -> Log | None:
    """Read one event file; None if it is none.

    Raises:
        RunError: as read_events does.
    """
    return read_events(path, [path]) if is_event_file(path) else None


def read_events(path: Path, files: Sequence[Path]) -> Log:
    """Read the scalars of one run; those of a folder below `path` are named `folder/tag`.

    Args:
        path: what messages name.
        files: its event files, in the order in which they were begun.

    Raises:
        RunError: the `tensorboard` extra is not installed, or a file cannot be read.
    """
    if find_spec("tensorboard") is None:
        raise RunError(
            f"{excerpt(str(path))} holds TensorBoard event files, and the tensorboard package is not installed",
            'pip install "ganlab-diagnose[tensorboard]"',
        )
    log = Log(excerpt(str(path)), "TensorBoard event files")
    log.facts.separate = True
    for file in files:
        below = "" if file == path or file.parent == path else f"{file.parent.relative_to(path).as_posix()}/"
        for tag, step, value in _scalars(file):
            log.add({Name(below + tag): value}, Place(iteration=step))
    return log


def _scalars(file: Path) -> Iterator[tuple[str, int, float]]:
    """Yield tag, step and value of each scalar, up to the first record that is torn or damaged."""
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

    try:
        for event in LegacyEventFileLoader(str(file)).Load():
            for value in event.summary.value:
                number = _number(value)
                if number is not None and event.step >= 0:
                    yield value.tag, event.step, number
    except DecodeError:
        return
    except (OSError, ValueError, MemoryError) as error:
        raise RunError(f"{excerpt(str(file))} cannot be read: {excerpt(str(error))}", "name another file") from error


def _number(value: Any) -> float | None:
    """Return a summary's number: PyTorch writes it as such, TensorFlow 2 as a tensor of one element."""
    from tensorboard.util.tensor_util import make_ndarray

    kind = value.WhichOneof("value")
    if kind == "simple_value":
        return float(value.simple_value)
    if kind != "tensor" or len(value.tensor.tensor_content) > 8 or value.tensor.tensor_shape.dim:
        return None
    try:
        found = make_ndarray(value.tensor)
    except (TypeError, ValueError):
        return None
    return float(found) if found.size == 1 and np.issubdtype(found.dtype, np.number) else None
