from __future__ import annotations

import logging
import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ganlab.evaluation import kept as module
from ganlab.evaluation.kept import kept, listening

Make = Callable[[], dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "reals"


@pytest.fixture
def calls() -> list[int]:
    return []


@pytest.fixture
def make(calls: list[int]) -> Make:
    def made() -> dict[str, Any]:
        calls.append(1)
        square = torch.arange(12.0).view(3, 4)
        return {
            "turned": square.T,
            "part": square[1:],
            "none": None,
            "share": 0.1,
            "names": ["a", "b"],
        }

    return made


INPUTS = (torch.tensor([[1, 2], [3, 4]], dtype=torch.uint8), "features", 7)


def _same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a.keys() == b.keys() and all(
        torch.equal(a[key], b[key]) and a[key].stride() == b[key].stride() if isinstance(a[key], Tensor)
        else a[key] == b[key]
        for key in a
    )  # fmt: skip


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.kept"))


def test_the_second_time_the_same_bits_are_read(folder: Path, make: Make, calls: list[int]) -> None:
    first, second = (kept("scores", make, *INPUTS) for _ in range(2))
    assert calls == [1]
    assert _same(first, second)
    assert torch.equal(first["turned"], torch.arange(12.0).view(3, 4).T)
    assert first["share"] == 0.1
    assert first["names"] == ["a", "b"]
    assert first["none"] is None


@pytest.mark.parametrize(
    "other",
    [
        (torch.tensor([[1, 2], [3, 5]], dtype=torch.uint8), "features", 7),
        (torch.tensor([[1, 2], [3, 4]], dtype=torch.int64), "features", 7),
        (torch.tensor([1, 2, 3, 4], dtype=torch.uint8), "features", 7),
        (INPUTS[0], "feature", 7),
        (INPUTS[0], "features", 8),
        (INPUTS[0], "features", "7"),
    ],
    ids=["value", "type", "shape", "text", "number", "text for a number"],
)
def test_other_inputs_are_another_result(
    folder: Path, make: Make, calls: list[int], other: tuple[Tensor | str | int, ...]
) -> None:
    kept("scores", make, *INPUTS)
    kept("scores", make, *other)
    assert len(calls) == 2
    assert len(_files(folder)) == 2


def test_other_code_is_another_result(
    folder: Path, make: Make, calls: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept("scores", make, *INPUTS)
    monkeypatch.setattr(module, "_code", lambda: "another release")
    kept("scores", make, *INPUTS)
    assert len(calls) == 2


def test_strided_and_memory_mapped_inputs_count_by_their_content(
    folder: Path, make: Make, calls: list[int], tmp_path: Path
) -> None:
    (tmp_path / "bytes").write_bytes(bytes([1, 2, 3, 4]))
    mapped = torch.from_file(str(tmp_path / "bytes"), size=4, dtype=torch.uint8).view(2, 2)
    strided = torch.tensor([[1, 3], [2, 4]], dtype=torch.uint8).T
    for values in (INPUTS[0], mapped, strided):
        kept("scores", make, values, "features", 7)
    assert calls == [1]


@pytest.mark.parametrize("damage", ["cut", "one bit", "empty", "other"])
def test_a_damaged_result_is_made_again(folder: Path, make: Make, calls: list[int], damage: str) -> None:
    first = kept("scores", make, *INPUTS)
    [path] = _files(folder)
    content = path.read_bytes()
    flipped = bytearray(content)
    flipped[len(flipped) // 2] ^= 1
    path.write_bytes({"cut": content[:-9], "one bit": bytes(flipped), "empty": b"", "other": b"x" * 99}[damage])
    assert _same(kept("scores", make, *INPUTS), first)
    assert len(calls) == 2
    assert path.read_bytes() == content


def test_what_a_file_says_is_believed(folder: Path, make: Make) -> None:
    """A result that was put there by hand is what the next one gets: nothing is computed."""
    kept("scores", make, *INPUTS)
    [path] = _files(folder)
    kept("others", lambda: {"share": 0.5}, *INPUTS)
    [other] = [each for each in _files(folder) if each != path]
    path.write_bytes(other.read_bytes())
    assert kept("scores", make, *INPUTS) == {"share": 0.5}


def test_a_folder_that_cannot_be_used_costs_no_run_and_is_told_once(
    tmp_path: Path, make: Make, calls: list[int], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GANLAB_CACHE", str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING):
        found = [kept("scores", make, *INPUTS) for _ in range(3)]
    assert len(calls) == 3
    assert all(_same(each, found[0]) for each in found)
    [record] = caplog.records
    assert "GANLAB_CACHE" in record.getMessage()


def test_a_full_disk_costs_no_run_and_leaves_nothing(
    folder: Path, make: Make, calls: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
    try:
        found = kept("scores", make, *INPUTS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert found["share"] == 0.1
    assert calls == [1], "what could not be written is not computed twice"
    assert not _files(folder)
    assert not list(folder.glob(".tmp-*"))
    assert len(caplog.records) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_full_cache_that_may_only_be_read_is_read(folder: Path, make: Make, calls: list[int]) -> None:
    kept("scores", make, *INPUTS)
    folder.chmod(0o500)
    try:
        kept("scores", make, *INPUTS)
        kept("scores", make, "something else")
    finally:
        folder.chmod(0o700)
    assert len(calls) == 2


def _slowly(counted: str) -> None:
    def make() -> dict[str, Any]:
        with open(counted, "a") as file:
            file.write("x")
        time.sleep(0.5)
        return {"found": torch.arange(1000)}

    assert torch.equal(kept("scores", make, "the same")["found"], torch.arange(1000))


def test_of_processes_at_once_one_computes(folder: Path, tmp_path: Path) -> None:
    counted = tmp_path / "counted"
    processes = [multiprocessing.get_context("spawn").Process(target=_slowly, args=(str(counted),)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert counted.read_text() == "x"


def test_results_take_no_more_than_the_limit_and_the_unused_go_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of(number: int) -> None:
        kept("scores", lambda: {"found": torch.full((1000,), number)}, number)

    of(0)
    size = _files(folder)[0].stat().st_size
    monkeypatch.setattr(module, "LIMIT", 3 * size)
    for number in (1, 2):
        of(number)
    for age, path in enumerate(sorted(_files(folder), key=lambda path: path.stat().st_mtime_ns, reverse=True)):
        os.utime(path, (1e9 - age, 1e9 - age))
    oldest, *_, newest = sorted(_files(folder), key=lambda path: path.stat().st_mtime_ns)
    of(0)  # it is read: used again
    of(3)
    left = _files(folder)
    assert len(left) == 3
    assert oldest in left
    assert newest in left


def test_the_listener_hears_what_is_computed_and_not_what_is_read(folder: Path, make: Make) -> None:
    heard: list[tuple[str, float]] = []
    with listening(lambda what, share: heard.append((what, share))):
        for _ in range(2):
            kept("scores", make, *INPUTS)
    kept("scores", make, "outside")
    assert heard == [("scores", 0.0), ("scores", 1.0)]


def test_what_must_not_be_kept_is_computed(folder: Path, make: Make, calls: list[int]) -> None:
    for _ in range(2):
        kept("scores", make, *INPUTS, when=False)
    assert len(calls) == 2
    assert not folder.exists()
