"""Folders of TensorBoard event files, of TensorFlow 1, 2 and PyTorch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ganlab.diagnosis.readers.log import Log, Name, Place
from ganlab.errors import RunError
from ganlab.text import excerpt, listed

MARK = b"brain.Event:"
"""Stands in the first record of every event file."""

MAX_FILES = 1000

PARTS = ("train", "training", "validation", "val", "eval", "evaluation", "test")
"""Folders below a run's that hold a part of its curves."""


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
    """Read the scalars of one run; those of a folder below `path` are named `folder/tag`, unless it is the only one.

    A folder that `add_scalars` made for one of several curves, such as `loss_D`, belongs to the run above it: its tag
    is `loss`, and what follows says whose it is.

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
    scalars = {file: list(_scalars(file)) for file in files}
    tags: dict[str, set[str]] = {}
    for file, found in scalars.items():
        for tag, _, _ in found:
            below, name = _name(_below(path, file), tag)
            tags.setdefault(below, set()).add(str(name))
    for file, found in scalars.items():
        for tag, step, value in found:
            folder = _below(path, file)
            below, name = _name(folder, tag)
            if len(tags) > 1:
                name = name._replace(label=below + name.label)
            log.facts.full_names[folder + tag] = name
            log.add({name: value}, Place(iteration=step))
    if runs := _runs(tags):
        raise RunError(f"{log.source} holds {len(runs)} runs: {listed(runs)}", "name the folder of one run")
    if not log.count:
        raise RunError(
            f"{log.source} holds TensorBoard event files without a scalar",
            "log the losses with add_scalar, or name another file",
        )
    return log


def _below(path: Path, file: Path) -> str:
    """Return the folder of a file, relative to what was named: `a/b/`, or nothing."""
    return "" if file == path or file.parent == path else f"{file.parent.relative_to(path).as_posix()}/"


def _name(below: str, tag: str) -> tuple[str, Name]:
    """Return the folder of a run, and the name of one of its scalars.

    `add_scalars` writes each of the curves of a tag into a folder of its own, called after both.
    """
    above, _, folder = below.rstrip("/").rpartition("/")
    start = tag.replace("/", "_") + "_"
    if not folder.startswith(start) or folder == start:
        return below, Name(tag)
    return f"{above}/" if above else "", Name(folder.removeprefix(start), tag)


def _runs(tags: Mapping[str, set[str]]) -> list[str]:
    """Return the folders that hold a run each; none if all of them hold parts of one run.

    Keras makes one for training and one for validation.
    """
    folders = [below for below in tags if below and below.strip("/").split("/")[-1] not in PARTS]
    alike = [a for a in folders if any(a != b and len(tags[a] & tags[b]) > 1 for b in folders)]
    return [] if "" in tags else [below.rstrip("/") for below in alike]


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
