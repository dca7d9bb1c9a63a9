"""Whether a path that is named where a log is expected holds samples instead; told without decoding a picture."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Set
from itertools import islice
from pathlib import Path

import numpy as np

from ganlab.config.data import EXTENSIONS
from ganlab.diagnosis.readers import read_log
from ganlab.diagnosis.readers.arrays import read_header
from ganlab.diagnosis.readers.folders import NoLogError
from ganlab.errors import RunError

ARRAYS = frozenset({".npz", ".npy"})
LOOKED_AT = 10_000
"""Files of a folder whose names are looked at."""


def holds_only_samples(path: Path) -> bool:
    """Tell whether a path is a picture, a file of arrays of images or points, or a folder of those without a log."""
    if path.is_file():
        return path.suffix.lower() in EXTENSIONS or (path.suffix.lower() in ARRAYS and _are_samples(path))
    if not _holds(path, EXTENSIONS | ARRAYS):
        return False
    try:
        read_log(path)
    except NoLogError:
        return True
    except RunError:  # a broken log, or several logs: that is said when they are read
        pass
    return False


def holds_pictures(path: Path) -> bool:
    """Tell whether a path is a folder with pictures in it or in folders below."""
    return _holds(path, EXTENSIONS)


def _holds(path: Path, suffixes: Set[str]) -> bool:
    return path.is_dir() and any(file.suffix.lower() in suffixes for file in islice(path.rglob("*"), LOOKED_AT))


def _are_samples(path: Path) -> bool:
    """Tell whether a file's arrays have two or more dimensions, each; a curve has one. A broken file holds none."""
    try:
        shapes = list(_shapes(path))
    except (OSError, ValueError, EOFError, SyntaxError, zipfile.BadZipFile, NotImplementedError):
        return False
    return bool(shapes) and all(len(shape) > 1 and shape[0] > 1 and max(shape[1:]) > 1 for shape in shapes)


def _shapes(path: Path) -> Iterator[tuple[int, ...]]:
    """Yield the shapes that the headers of a file of NumPy's say."""
    if path.suffix.lower() == ".npy":
        yield np.load(path, mmap_mode="r", allow_pickle=False).shape
        return
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as member:
                yield read_header(member)[0]
