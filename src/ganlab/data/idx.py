"""The IDX format of MNIST and its relatives: a magic number, the sizes, then the bytes."""

from __future__ import annotations

import math
import struct

import numpy as np
from numpy.typing import NDArray

from ganlab.errors import DataError

UNSIGNED_BYTE = 0x08


def read_idx(content: bytes, name: str) -> NDArray[np.uint8]:
    """Return the array in an unpacked IDX file of unsigned bytes.

    Args:
        content: the file, whole.
        name: what to call it in an error.

    Raises:
        DataError: another value type, or a different number of bytes from what the header says.
    """
    problem = DataError(f"{name} is no whole IDX file of unsigned bytes", "remove it and fetch it again")
    if len(content) < 4 or content[:3] != bytes((0, 0, UNSIGNED_BYTE)):
        raise problem
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise problem
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise problem
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
