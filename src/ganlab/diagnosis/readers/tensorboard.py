"""Folders of TensorBoard event files, of TensorFlow 1, 2 and PyTorch."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.readers.column_names import (
    MAX_NAMES,
    QUALITY,
    finish,
    match,
    once_a_step,
    thread,
)
from ganlab.errors import RunError
from ganlab.text import excerpt

MARK = b"brain.Event:"
"""Stands in the first record of every event file."""

MAX_FILES = 1000

Scalars = dict[str, tuple["array[int]", "array[float]"]]
"""Steps and values by tag, in the order they were written."""


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


def read_events(path: Path, files: Sequence[Path], mapping: Mapping[str, str]) -> Evidence:
    """Read the scalars of one run; those of a folder below `path` are named `folder/tag`.

    Of each curve whose steps go back, the last pass is kept.

    Raises:
        RunError: the `tensorboard` extra is not installed, a file cannot be read, no tag fits, or a tag stands in
            several runs.
    """
    if find_spec("tensorboard") is None:
        raise RunError(
            f"{excerpt(str(path))} holds TensorBoard event files, and the tensorboard package is not installed",
            'pip install "ganlab-diagnose[tensorboard]"',
        )
    scalars: Scalars = {}
    for file in files:
        below = "" if file == path or file.parent == path else f"{file.parent.relative_to(path).as_posix()}/"
        for tag, step, value in _scalars(file):
            if below + tag not in scalars:
                if len(scalars) == MAX_NAMES:
                    continue
                scalars[below + tag] = (array("q"), array("d"))
            scalars[below + tag][0].append(step)
            scalars[below + tag][1].append(value)
    source = excerpt(str(path))
    chosen, notes = match(list(scalars), mapping, source)
    chosen.pop("step", None)
    series = {}
    for signal, tag in chosen.items():
        steps, values = np.array(scalars[tag][0], dtype=np.int64), np.array(scalars[tag][1], dtype=np.float64)
        kept, more = thread(steps, np.full(len(steps), signal not in QUALITY))
        series[signal] = once_a_step(steps[kept], values[kept], first=signal in QUALITY)
        notes += [f"{signal}: {note}" for note in more]
    reading = finish(series, notes)
    return Evidence(source=source, curves=reading.curves, quality=reading.quality, notes=reading.notes)


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
