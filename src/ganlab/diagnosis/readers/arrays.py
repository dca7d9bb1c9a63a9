"""Curves that a program saved with NumPy: .npz files of arrays, and .npy files of records."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from ganlab.diagnosis.readers.json_files import joined
from ganlab.diagnosis.readers.log import Log, Name
from ganlab.diagnosis.readers.place_columns import take_places
from ganlab.errors import RunError
from ganlab.text import excerpt, listed

PICKLED = "opening pickled objects could run any code that is in them"
SAVE = 'save one array of numbers a curve: np.savez("log.npz", d_loss=..., g_loss=...)'

MAX_NUMBERS = 50_000_000
"""Numbers of an array; one with more is no history."""


def read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, whether in Fortran's order, and type of an array of the NPY format; its numbers come next.

    Raises:
        ValueError, EOFError, SyntaxError: it is broken.
    """
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(file)


def read_arrays(path: Path) -> Log | None:
    """Read one curve an array, by the array's name; what is no row of numbers is left out.

    Returns:
        The log, or None if this is no file of NumPy's.

    Raises:
        RunError: the file is damaged, its arrays have no names, or none of them is a row of numbers.
    """
    with open(path, "rb") as file:
        start = file.read(6)
    if start != b"\x93NUMPY" and not (start[:4] == b"PK\x03\x04" and _holds_arrays(path)):
        return None
    source = excerpt(str(path))
    try:
        arrays, pickled = _arrays(np.load(path, allow_pickle=False))
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, MemoryError) as error:
        why = PICKLED if "pickle" in str(error) else str(error)
        raise RunError(f"{source} cannot be read: {excerpt(why)}", SAVE) from error
    rows = {name: array for name, array in arrays.items() if array.ndim == 1 and 0 < array.size <= MAX_NUMBERS}
    if not rows:
        found = [f"{name} {array.shape}" for name, array in arrays.items()]
        seen = [f"arrays of another shape: {listed(found)}"] * bool(found)
        seen += [f"objects ({PICKLED}): {listed(pickled)}"] * bool(pickled)
        raise RunError(f"{source} holds no row of numbers with a name, but {'; '.join(seen) or 'nothing'}", SAVE)
    log = Log(source, "a file of NumPy arrays")
    if left := [*(name for name in arrays if name not in rows), *pickled]:
        log.facts.notes.append(f"left out, since they are no rows of numbers: {listed(left)}")
    table = joined({name: array.tolist() for name, array in rows.items()})
    log.facts.notes += table.notes
    for row in table.rows:
        log.add({Name(name): float(value) for name, value in row.items()})
    take_places(log)
    return log


def _arrays(loaded: Any) -> tuple[dict[str, Any], list[str]]:
    """Return the arrays of real numbers in what NumPy loaded, by name, and the names of pickled objects.

    A record's fields are arrays with names; any other single array has none, and becomes no row of numbers.
    """
    if isinstance(loaded, np.ndarray):
        if loaded.dtype.names:
            return {name: loaded[name] for name in loaded.dtype.names if loaded[name].dtype.kind in "fiu"}, []
        return {"one array": loaded.reshape(1, *loaded.shape)}, []
    arrays, pickled = {}, []
    with loaded:
        for name in loaded.files:
            try:
                array = loaded[name]
            except ValueError as error:
                if "pickle" not in str(error):
                    raise
                pickled.append(name)
                continue
            if array.dtype.kind in "fiu":
                arrays[name] = np.squeeze(array) if array.size > 1 else array.reshape(-1)
    return arrays, pickled


def _holds_arrays(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return bool(names) and all(name.endswith(".npy") for name in names)
