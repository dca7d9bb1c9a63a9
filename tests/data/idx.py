"""IDX files, which ganlab reads and only tests write."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from ganlab.data.idx import UNSIGNED_BYTE


def write_idx(values: NDArray[np.uint8]) -> bytes:
    """Return the IDX file, unpacked, that holds an array of unsigned bytes."""
    header = bytes((0, 0, UNSIGNED_BYTE, values.ndim)) + struct.pack(f">{values.ndim}I", *values.shape)
    return header + values.tobytes()
