from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from ganlab.errors import RunError
from ganlab.sweeps.folder import SweepFolder, find_sweep, open_sweep
from ganlab.sweeps.plan import Plan, make_plan
from ganlab.sweeps.spec import spec_from_mapping


def plan(lr: float = 1e-3, seeds: int = 2) -> Plan:
    return make_plan(spec_from_mapping({"name": "toy", "base": "ring", "set": {"optimizer.lr": lr}, "seeds": seeds}))


def test_a_folder_holds_one_spec_and_more_seeds_of_it(tmp_path: Path) -> None:
    path = tmp_path / plan().folder_name
    assert open_sweep(plan(), path).plan().runs == plan().runs
    more = plan(seeds=3)
    assert path.name == more.folder_name
    assert open_sweep(more, path).plan().runs == more.runs

    with pytest.raises(RunError, match="another spec"):
        open_sweep(plan(lr=2e-3), path)
    assert SweepFolder(path).plan().runs == more.runs


def test_fresh_removes_runs_and_attempts(tmp_path: Path) -> None:
    folder = open_sweep(plan(), tmp_path / "sweep")
    run = folder.run(plan().runs[0].id)
    run.path.mkdir()
    folder.note_attempt({"run": run.path.name, "cause": "crash"})

    assert open_sweep(plan(), folder.path).run(run.path.name).path.is_dir()
    fresh = open_sweep(plan(), folder.path, fresh=True)
    assert list(fresh.runs.iterdir()) == []
    assert not fresh.attempts.exists()


def test_a_folder_that_no_sweep_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("four years of work")
    with pytest.raises(RunError, match="no sweep made it"):
        open_sweep(plan(), tmp_path, fresh=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="no sweep can be written"):
        open_sweep(plan(), tmp_path / "file" / "sweep")


def test_a_sweep_is_found_by_path_or_part_of_its_name(tmp_path: Path) -> None:
    one = open_sweep(plan(), tmp_path / plan().folder_name)
    two = open_sweep(plan(lr=2e-3), tmp_path / plan(lr=2e-3).folder_name)
    assert find_sweep(str(one.path), Path("nowhere")) == one
    assert find_sweep(two.path.name[-8:], tmp_path) == two
    with pytest.raises(RunError, match="no sweep in"):
        find_sweep("tomorrow", tmp_path)
    with pytest.raises(RunError, match="no sweep's folder"):
        find_sweep(str(tmp_path), tmp_path)


def test_of_sweeps_of_one_name_the_newest_is_taken_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "ganlab")
    one, two = (open_sweep(each, tmp_path / each.folder_name) for each in (plan(), plan(lr=2e-3)))
    os.utime(two.spec, (1, 1))
    assert find_sweep("toy", tmp_path) == one
    assert caplog.messages == [f"2 sweeps are called toy; this is the newest: {one.path}"]
    open_sweep(plan(lr=2e-3), two.path)  # started again
    assert find_sweep("toy", tmp_path) == two


def test_a_folder_of_its_name_does_not_hide_a_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = open_sweep(plan(), tmp_path / plan().folder_name)
    monkeypatch.chdir(tmp_path)
    Path("toy").mkdir()
    assert find_sweep("toy", tmp_path) == sweep


def test_sweeps_that_are_called_differently_are_not_guessed_at(tmp_path: Path) -> None:
    for name in ("sweep-toy_a-abcdefgh", "sweep-toy_b-abcdefgh"):
        open_sweep(plan(), tmp_path / name)
    with pytest.raises(RunError, match="could mean 2 sweeps, called `toy_a`, `toy_b`"):
        find_sweep("toy", tmp_path)
    with pytest.raises(RunError, match=r"did you mean toy_a\?"):
        find_sweep("tya_a", tmp_path)
