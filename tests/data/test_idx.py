from __future__ import annotations

import numpy as np
import pytest

from ganlab.data.idx import read_idx
from ganlab.errors import DataError
from tests.data.idx import write_idx

VALUES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
CONTENT = b"\0\0\x08\x03" + b"\0\0\0\x02" + b"\0\0\0\x03" + b"\0\0\0\x04" + bytes(range(24))


def test_an_array_is_written_and_read_as_the_format_says() -> None:
    assert write_idx(VALUES) == CONTENT
    assert np.array_equal(read_idx(CONTENT, "x"), VALUES)


@pytest.mark.parametrize("cut", range(len(CONTENT)))
def test_a_file_cut_anywhere_is_refused(cut: int) -> None:
    with pytest.raises(DataError, match="x is no whole IDX file"):
        read_idx(CONTENT[:cut], "x")


@pytest.mark.parametrize("content", [CONTENT + b"\0", b"\0\0\x0d" + CONTENT[3:], b"\x01" + CONTENT[1:]])
def test_more_bytes_another_type_or_another_magic_number_is_refused(content: bytes) -> None:
    with pytest.raises(DataError, match="x is no whole IDX file"):
        read_idx(content, "x")
