from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ganlab.errors import RunError
from ganlab.runs import directory
from ganlab.runs.status import RunStatus


def make(tmp_path: Path, points: Any, name: str = "toy") -> directory.RunDirectory:
    run = directory.create_run(tmp_path, points(f"name={name}"))
    run.write_status(RunStatus(status="finished"))
    return run


def test_a_run_is_made_whole(tmp_path: Path, points: Any) -> None:
    run = make(tmp_path / "deep" / "runs", points)
    assert run.path.name.startswith("toy-")
    assert run.experiment() == points("name=toy")
    assert run.samples.is_dir()
    assert run.checkpoints.is_dir()


def test_landscapes_are_listed_by_step_and_old_runs_have_none(tmp_path: Path, points: Any, images: Any) -> None:
    run = make(tmp_path, points)
    for step in (2, 10_000_000, 1):
        run.landscape_file(step).write_bytes(b"")
    (run.snapshot_folder / "landscape_none.npz").write_bytes(b"")
    assert run.landscapes() == [(step, run.landscape_file(step)) for step in (1, 2, 10_000_000)]
    other = directory.create_run(tmp_path, images("name=other"))
    assert not other.snapshot_folder.exists()
    assert other.landscapes() == []


def test_an_unwritable_folder_is_told(tmp_path: Path, points: Any) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="no run can be written"):
        directory.create_run(tmp_path / "file", points())


def test_a_part_of_the_name_finds_a_run(tmp_path: Path, points: Any) -> None:
    first, second = make(tmp_path, points, "alpha"), make(tmp_path, points, "beta")
    assert directory.find_run("alpha", tmp_path) == first
    assert directory.find_run(str(second.path), tmp_path).path == second.path
    with pytest.raises(RunError, match="could mean 2 runs"):
        directory.find_run("-", tmp_path)
    with pytest.raises(RunError, match="no run in"):
        directory.find_run("gamma", tmp_path)
    with pytest.raises(RunError, match="no run directory"):
        directory.find_run(str(tmp_path), tmp_path)


def test_a_run_whose_process_is_gone_is_interrupted(tmp_path: Path, points: Any) -> None:
    run, running = make(tmp_path, points), RunStatus(status="running")
    assert run.state(running) == "interrupted"
    with run.held():
        assert run.state(running) == "running"
    assert run.state(RunStatus(status="failed")) == "failed"
