from __future__ import annotations

import errno
import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from ganlab.errors import Interrupted, RunError
from ganlab.runs import files


def test_atomic_write_replaces_and_leaves_no_temporary(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    files.atomic_write(target, b"old")
    files.atomic_write(target, b"new")
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_failed_write_keeps_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.json"
    files.atomic_write(target, b"old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Interrupted, match="disk is full") as caught:
        files.atomic_write(target, b"new")
    assert caught.value.exit_code == 75
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_space_is_asked_for_before_writing(tmp_path: Path) -> None:
    files.require_space(tmp_path, 1)
    with pytest.raises(Interrupted):
        files.require_space(tmp_path, 2**60)


def test_stale_temporaries_are_swept_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "checkpoints" / ".tmp-abcd-step_0000005").mkdir(parents=True)
    (tmp_path / "checkpoints" / ".tmp-abcd-step_0000005" / "state.safetensors").write_bytes(b"half")
    (tmp_path / ".tmp-1234-run.json").write_text("{")
    (tmp_path / "run.json").write_text("{}")
    assert files.sweep_temporaries(tmp_path) == 2
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["checkpoints", "run.json"]


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '"x"', "[" * 5000])
def test_a_damaged_json_file_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(RunError, match=r"run\.json"):
        files.read_json(tmp_path / "run.json")


def test_json_never_holds_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "a.json", {"x": float("nan")})


def test_a_file_can_be_replaced_without_waiting_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[int] = []
    monkeypatch.setattr(files.os, "fsync", waited.append)
    files.atomic_write(tmp_path / "file", b"old", sync=False)
    files.atomic_write(tmp_path / "file", b"new", sync=False)
    assert (tmp_path / "file").read_bytes() == b"new"
    assert not waited
    files.atomic_write(tmp_path / "file", b"newer")
    assert len(waited) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(("place", "refused"), [("new", False), ("new/deep/file", False), ("file/deep", True)])
def test_a_place_is_refused_where_a_file_stands_for_a_folder(tmp_path: Path, place: str, refused: bool) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="is no folder") if refused else nullcontext():
        files.require_place(tmp_path / place, "choose another")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
