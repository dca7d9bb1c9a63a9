from __future__ import annotations

import json
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.diagnosis.readers.wandb import BLOCK
from ganlab.errors import GanlabError, RunError


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def field(number: int, content: bytes | int) -> bytes:
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def history(row: dict[str, object], nested: bool) -> bytes:
    """A history record; current versions name a column by a list of keys, older ones by one key."""
    items = b"".join(
        field(1, b"".join(field(2, part.encode()) for part in key.split("/")) + field(16, json.dumps(value).encode()))
        if nested
        else field(1, field(1, key.encode()) + field(16, json.dumps(value).encode()))
        for key, value in row.items()
    )
    return field(1, 5) + field(2, items) + field(16, field(3, b""))


def store(path: Path, records: list[bytes]) -> None:
    """Write records in chunks that end where their block does."""
    out = bytearray(struct.pack("<4sHB", b":W&B", 0xBEE1, 0))
    for record in records:
        first = True
        while True:
            left = BLOCK - len(out) % BLOCK
            if left < 7:
                out += b"\0" * left
                left = BLOCK
            chunk, record = record[: left - 7], record[left - 7 :]
            kind = (1 if not record else 2) if first else (4 if not record else 3)
            out += struct.pack("<IHB", zlib.crc32(chunk), len(chunk), kind) + chunk
            first = False
            if not record:
                break
    path.write_bytes(bytes(out))


def rows(count: int) -> list[dict[str, object]]:
    return [
        {"d_loss": 1.5 - i / 1000, "val/fid": i, "g_loss": math.nan if i == 3 else 0.5, "text": "x" * 90, "_step": i}
        for i in range(count)
    ]


@pytest.mark.parametrize("nested", [True, False])
def test_the_history_is_read_over_the_blocks(tmp_path: Path, nested: bool) -> None:
    other = [field(1, 1) + field(17, b"run"), field(7, b"z" * 40000)]
    store(tmp_path / "run-1.wandb", [*other, *(history(row, nested) for row in rows(900))])
    assert (tmp_path / "run-1.wandb").stat().st_size > 4 * BLOCK
    for path in (tmp_path / "run-1.wandb", tmp_path):
        found = read(path, ReadOptions())
        assert found.curves["d_loss"].steps.tolist() == list(range(900))
        np.testing.assert_array_equal(found.curves["d_loss"].values, [1.5 - i / 1000 for i in range(900)])
        assert math.isnan(found.curves["g_loss"].values[3])
        assert found.quality["fid"].values.tolist() == list(range(900))


def test_a_file_that_is_still_written_is_read_up_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "run-1.wandb"
    store(path, [history(row, True) for row in rows(900)])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    count = len(read(path, ReadOptions()).curves["d_loss"])
    assert 400 < count < 500


def test_a_run_without_a_history_is_refused(tmp_path: Path) -> None:
    store(tmp_path / "run-1.wandb", [field(17, b"run")])
    with pytest.raises(RunError, match="no history of numbers") as caught:
        read(tmp_path, ReadOptions())
    assert "output.log" in caught.value.hint


def test_the_history_of_older_versions(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "wandb-history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows(5)))
    (tmp_path / "files" / "wandb-summary.json").write_text(json.dumps(rows(5)[-1]))
    assert read(tmp_path, ReadOptions()).curves["d_loss"].steps.tolist() == [0, 1, 2, 3, 4]


def test_several_runs_are_named(tmp_path: Path) -> None:
    for run in ("run-a", "run-b"):
        (tmp_path / run).mkdir()
        store(tmp_path / run / "run.wandb", [history(row, True) for row in rows(5)])
    with pytest.raises(RunError, match="holds 2 logs: `run-a/`, `run-b/`"):
        read(tmp_path, ReadOptions())
    (tmp_path / "run-b" / "run.wandb").unlink()
    assert len(read(tmp_path, ReadOptions()).curves["d_loss"]) == 5


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_raises_only_errors_of_ours(tmp_path: Path, data: st.DataObject) -> None:
    store(tmp_path / "run.wandb", [history(row, True) for row in rows(20)])
    raw = bytearray((tmp_path / "run.wandb").read_bytes())
    for _ in range(data.draw(st.integers(0, 6))):
        raw[data.draw(st.integers(4, len(raw) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "damaged").write_bytes(raw[: data.draw(st.integers(4, len(raw)))])
    try:
        read(tmp_path / "damaged", ReadOptions())
    except GanlabError:
        return
