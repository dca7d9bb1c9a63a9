"""The kernel lock of a folder: of a run while it is written, of a sweep while it is carried out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ganlab.errors import RunError
from ganlab.runs.files import read_json, write_json
from ganlab.runs.status import this_process

LOCK, HOLDER = ".lock", ".holder"
"""A kernel lock, and who has it: files of a folder that is being written."""

PATIENCE = 0.5
"""Seconds to wait for a lock: longer than its new holder takes to write down who it is."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder's kernel lock, which dies with its process.

    Raises:
        RunError: another process holds it; the message names the process. Or no lock can be made there.
    """
    lock = FileLock(folder / LOCK, timeout=PATIENCE)
    holder = folder / HOLDER
    try:
        lock.acquire()
    except Timeout as error:
        process = read_json(holder) if holder.is_file() else {}
        raise RunError(
            f"{folder} is in use by process {process.get('pid', '?')} on {process.get('host', '?')}",
            "wait until it ends, or stop that process",
        ) from error
    except OSError as error:
        raise RunError(
            f"{folder} cannot be locked: {error.strerror or error}", "make the folder writable, or copy it"
        ) from error
    try:
        write_json(holder, this_process().model_dump())
        yield
    finally:
        try:
            holder.unlink(missing_ok=True)
        finally:
            lock.release()


def is_held(folder: Path) -> bool:
    """Return whether a live process holds a folder's lock. A folder that was never locked stays as it is."""
    if not (folder / LOCK).is_file():
        return False
    lock = FileLock(folder / LOCK, blocking=False)
    try:
        lock.acquire()
    except Timeout:
        return True
    lock.release()
    return False
