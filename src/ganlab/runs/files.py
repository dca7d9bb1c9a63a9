"""Writing files so that a crash at any moment leaves the old content or the new, never half of either."""

from __future__ import annotations

import errno
import json
import math
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ganlab.errors import Interrupted, RunError

TEMPORARY = ".tmp-"
"""Prefix of every file and folder that is still being written."""


def temporary_beside(path: Path) -> Path:
    """Return a name in `path`'s own folder, so that the final rename stays on one file system."""
    return path.with_name(f"{TEMPORARY}{secrets.token_hex(4)}-{path.name}")


def atomic_write(path: Path, content: bytes, sync: bool = True) -> None:
    """Replace `path` by `content` in one step: temporary file, fsync, rename, fsync of the folder.

    Args:
        path: the file.
        content: all that it is to hold.
        sync: wait until the disk has it. Without that a power cut may leave the file empty; the death of the process
            cannot.

    Raises:
        Interrupted: the disk is full; the file that was there before is untouched.
    """
    temporary = temporary_beside(path)
    with disk_full_told(path):
        try:
            if sync:
                write_synced(temporary, content)
            else:
                temporary.write_bytes(content)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        if sync:
            sync_folder(path.parent)


def write_synced(path: Path, content: bytes) -> None:
    """Write a file and wait until the disk has it."""
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the folder's entries, so that a rename survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def disk_full_told(path: Path) -> Iterator[None]:
    """Turn the operating system's 'no space left' into one clear message, exit code 75."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise disk_full(path) from error


def disk_full(path: Path) -> Interrupted:
    """Return the error that says the disk under `path` is full."""
    return Interrupted(
        f"the disk is full: {path.name} could not be written in {path.parent}",
        "what was saved before is intact; free some space and run `ganlab resume` on this run",
        exit_code=75,
    )


def require_space(folder: Path, size: int) -> None:
    """Raise Interrupted, before anything is written, if `size` bytes would not fit on the folder's disk."""
    if shutil.disk_usage(folder).free < size:
        raise disk_full(folder / "checkpoint")


def sweep_temporaries(folder: Path) -> int:
    """Remove what an earlier process left half-written anywhere under `folder`; return how many there were."""
    stale = list(folder.rglob(f"{TEMPORARY}*"))
    for path in stale:
        remove(path)
    return len(stale)


def remove(path: Path) -> None:
    """Remove a file, a folder with all it holds, or a link but not what it points to; what is gone is no error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def require_place(path: Path, hint: str) -> None:
    """Raise RunError, before any work is done, if nothing can be written at a path; folders above it may be made."""
    above = next(each for each in path.absolute().parents if os.path.lexists(each))
    if not os.path.isdir(above):
        raise RunError(f"{path} cannot be written: {above} is no folder", hint)
    if not os.access(above, os.W_OK | os.X_OK):
        raise RunError(f"{path} cannot be written: permission denied", hint)


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON object atomically; non-finite numbers are refused rather than written as invalid JSON."""
    text = json.dumps(values, indent=2, allow_nan=False)
    atomic_write(path, (text + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        RunError: the file is missing, is no JSON, holds NaN or a number too large for a float, or is no object.
    """
    try:
        text = path.read_text(encoding="utf-8")
        values = json.loads(text, parse_constant=_finite, parse_float=_finite)
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(
            f"{path} cannot be read as JSON: {error}", "the file is damaged; restore it or use another run"
        ) from error
    if not isinstance(values, dict):
        raise RunError(f"{path} holds no JSON object", "the file is damaged; restore it or use another run")
    return values


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text} is no finite number")
    return value
