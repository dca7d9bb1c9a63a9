from __future__ import annotations

import resource
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from ganlab.data.cache import build, cache_folder, filled
from ganlab.errors import DataError


def _write(content: str = "whole") -> object:
    return lambda path: path.write_text(content)


def _is_whole(path: Path) -> bool:
    return path.is_file() and path.read_text() == "whole"


def _temporaries(folder: Path) -> list[Path]:
    return list(folder.glob(".tmp-*"))


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GANLAB_CACHE", str(tmp_path / "here"))
    assert cache_folder() == tmp_path / "here"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GANLAB_CACHE", "")
    assert cache_folder() == tmp_path / ".cache" / "ganlab"
    monkeypatch.setenv("GANLAB_CACHE", "~/there")
    assert cache_folder() == tmp_path / "there"


def test_a_home_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_CACHE", "~no-such-user-of-this-machine/x")
    with pytest.raises(DataError, match="no place for data sets"):
        cache_folder()


def test_of_many_at_once_one_builds(tmp_path: Path) -> None:
    writes: list[int] = []
    target = tmp_path / "deep" / "target"

    def write(path: Path) -> None:
        writes.append(threading.get_ident())
        time.sleep(0.05)
        path.write_text("whole")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: build(target, _is_whole, write), range(16)))
    assert len(writes) == 1
    assert _is_whole(target)
    assert not _temporaries(target.parent)


def test_what_is_whole_is_left_alone_and_what_is_not_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("half")
    build(target, _is_whole, _write())
    before = target.stat()
    build(target, _is_whole, _write("other"))
    assert target.stat() == before


def test_a_folder_that_is_not_whole_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "old").write_text("half")

    def write(path: Path) -> None:
        path.mkdir()
        (path / "new").write_text("whole")

    build(target, lambda path: (path / "new").exists(), write)
    assert [p.name for p in target.iterdir()] == ["new"]


def test_a_writer_that_fails_leaves_nothing_and_the_next_one_succeeds(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        path.write_text("ha")
        raise DataError("cut short")

    with pytest.raises(DataError, match="cut short"):
        build(tmp_path / "target", _is_whole, fail)
    assert not (tmp_path / "target").exists()
    assert not _temporaries(tmp_path)
    build(tmp_path / "target", _is_whole, _write())


def test_what_killed_builders_left_is_swept_and_what_a_live_one_writes_is_not(tmp_path: Path) -> None:
    for name in (".tmp-01234567-target", ".tmp-89abcdef-target", ".tmp-01234567-dead"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "half").write_text("ha")
    (tmp_path / ".tmp-01234567-alive").write_text("ha")
    with FileLock(tmp_path / ".alive.lock"):
        build(tmp_path / "target", _is_whole, _write())
        assert [p.name for p in _temporaries(tmp_path)] == [".tmp-01234567-alive"]


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"the cache of data sets cannot be used: .*file") as refused:
        build(tmp_path / "file" / "target", _is_whole, _write())
    assert "GANLAB_CACHE" in refused.value.hint


def test_a_disk_that_takes_no_more_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(DataError, match=r"cannot be used: .*: File too large"):
            build(tmp_path / "target", _is_whole, _write("x" * 8192))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / "target").exists()
    assert not _temporaries(tmp_path)


def test_what_was_written_is_remembered_and_what_was_there_is_not(tmp_path: Path) -> None:
    for folder in (tmp_path / "new", tmp_path / "there"):
        build(folder / "file", Path.exists, lambda part: part.write_text("x"))
    assert {tmp_path / "new", tmp_path / "there"} <= filled
    filled.discard(tmp_path / "there")
    build(tmp_path / "there" / "file", Path.exists, lambda part: part.write_text("x"))
    assert tmp_path / "there" not in filled
