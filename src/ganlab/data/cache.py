"""The user's cache of data sets: what is in it is whole, however many processes fill it and whenever one is killed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from ganlab.errors import DataError
from ganlab.runs.files import TEMPORARY, sync_folder, temporary_beside

filled: set[Path] = set()
"""Folders of the cache into which this process has written, so that it can be told."""


def cache_folder() -> Path:
    """Return $GANLAB_CACHE, or ~/.cache/ganlab where that is not set; it need not exist yet.

    Raises:
        DataError: there is no home folder.
    """
    try:
        return Path(os.environ.get("GANLAB_CACHE") or "~/.cache/ganlab").expanduser().absolute()
    except RuntimeError as error:
        raise DataError(f"no place for data sets: {error}", "set GANLAB_CACHE to a folder you can write") from error


def build(target: Path, is_whole: Callable[[Path], bool], write: Callable[[Path], None]) -> None:
    """Make `target`, a file or a folder, exist and be whole; one process builds it while the others wait.

    Args:
        target: what to build.
        is_whole: whether a path holds what it should; False if there is nothing.
        write: writes the file or folder, and syncs it to disk, at a temporary path in the same folder.

    Raises:
        DataError: the folder cannot be written; whatever `write` raises passes. Nothing half-written is left.
    """
    try:
        if is_whole(target):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(_lock(target)):
            _sweep(target)
            if is_whole(target):
                return
            part = temporary_beside(target)
            try:
                write(part)
                if target.is_dir():
                    _remove(target)
                os.replace(part, target)
                filled.add(target.parent)
                sync_folder(target.parent)
            finally:
                _remove(part)
    except OSError as error:
        raise DataError(
            f"the cache of data sets cannot be used: {target.parent}: {error.strerror or error}",
            "free some space there, or set GANLAB_CACHE to a folder you can write",
        ) from error


def _lock(target: Path) -> Path:
    return target.with_name(f".{target.name}.lock")


def _sweep(target: Path) -> None:
    """Remove what killed builders left next to `target`, whose lock we hold; files of a live one stay."""
    for part in target.parent.glob(f"{TEMPORARY}*"):
        owner = target.with_name(part.name.removeprefix(TEMPORARY).partition("-")[2])
        if owner == target:
            _remove(part)
            continue
        try:
            with FileLock(_lock(owner), timeout=0):
                _remove(part)
        except Timeout:
            continue


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
