from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ganlab.errors import RunError
from ganlab.runs import directory


def make(tmp_path: Path, points: Any, name: str = "toy") -> directory.RunDirectory:
    run = directory.create_run(tmp_path, points(f"name={name}"))
    run.write_status({"status": "finished"})
    return run


def test_a_run_is_made_whole(tmp_path: Path, points: Any) -> None:
    run = make(tmp_path / "deep" / "runs", points)
    assert run.path.name.startswith("toy-")
    assert run.experiment() == points("name=toy")
    assert run.samples.is_dir()
    assert run.checkpoints.is_dir()


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


def test_a_newer_format_is_refused(tmp_path: Path, points: Any) -> None:
    run = make(tmp_path, points)
    run.status_file.write_text('{"schema": 99, "status": "finished"}')
    with pytest.raises(RunError, match="format 99"):
        run.status()
    run.status_file.write_text('{"schema": 1, "status": "dancing"}')
    with pytest.raises(RunError, match="no known status"):
        run.status()


def test_the_lock_names_its_holder_and_dies_with_it(tmp_path: Path, points: Any) -> None:
    run = make(tmp_path, points)
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom ganlab.runs.directory import RunDirectory, this_process\n"
        f"run = RunDirectory(Path({str(run.path)!r}))\n"
        "with run.held():\n    run.write_status({'status': 'running', 'process': this_process()})\n"
        "    print('held', flush=True)\n    time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert run.is_held()
    with pytest.raises(RunError, match=f"in use by process {holder.pid}"), run.held():
        pass
    holder.kill()
    holder.wait()
    assert not run.is_held()
    assert os.getpid() == directory.this_process()["pid"]
