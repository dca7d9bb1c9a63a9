"""Make mnist.npz, the embedded copy, from the four original files.

    python -m ganlab.data.mnist.pack FOLDER

FOLDER holds the IDX files as published (gzip). The same files always give the same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
from numpy.typing import NDArray

from ganlab.data.idx import read_idx
from ganlab.errors import DataError

MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
"""Checksums of the unpacked originals."""

LONGEST_RUN = 255


def pack(folder: Path, target: Path) -> None:
    """Write the archive that `ganlab.data.mnist.unpack` reads.

    Raises:
        DataError: a file in `folder` is not the original.
    """
    originals = {name: _original(folder, name) for name in MD5}
    images = np.concatenate([originals["train-images-idx3-ubyte"], originals["t10k-images-idx3-ubyte"]]).ravel()
    labels = np.concatenate([originals["train-labels-idx1-ubyte"], originals["t10k-labels-idx1-ubyte"]])
    # Not np.savez_compressed: it has no level, and the level is what keeps the file below 10 MB on every NumPy.
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for name, values in {"runs": run_lengths(images > 0), "ink": images[images > 0], "labels": labels}.items():
            with archive.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, values)


def run_lengths(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the lengths of alternate runs of False and True, False first; an empty run cuts those over 255."""
    padded = np.concatenate([[False], mask, [not mask[-1]]])
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    lengths = np.diff(edges, prepend=0)
    pieces: list[int] = []
    for length in lengths.tolist():
        while length > LONGEST_RUN:
            pieces += (LONGEST_RUN, 0)
            length -= LONGEST_RUN
        pieces.append(length)
    return np.array(pieces, np.uint8)


def _original(folder: Path, name: str) -> NDArray[np.uint8]:
    content = gzip.decompress((folder / f"{name}.gz").read_bytes())
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != MD5[name]:
        raise DataError(f"{folder / name}.gz is not the published file", f"its unpacked md5 must be {MD5[name]}")
    return read_idx(content, name)


if __name__ == "__main__":
    pack(Path(sys.argv[1]), Path(__file__).with_name("mnist.npz"))
