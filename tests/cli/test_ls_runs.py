"""`ganlab ls runs`: runs as they stand and go on, sweeps, and what is damaged."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ganlab.cli.app import app
from ganlab.config.load import dump_experiment
from ganlab.monitor.monitor import Monitor
from ganlab.runs.status import RunStatus
from ganlab.sweeps.folder import SweepFolder, open_sweep
from ganlab.sweeps.plan import make_plan
from ganlab.sweeps.spec import load_spec
from ganlab.training import session


def ls(runs: Path, *arguments: str) -> str:
    # As wide as any table: what a pipe gets.
    result = CliRunner().invoke(app, ["ls", "runs", *arguments, "--runs-dir", str(runs)])
    assert result.exit_code == 0, result.output
    return str(result.stdout)


def rows(runs: Path, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ls(runs, *arguments, "--json"))
    return found


@pytest.fixture(scope="module")
def runs(points: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, and a sweep of which one of two runs was trained."""
    folder = tmp_path_factory.mktemp("ls")
    experiment = points("name=alone", "training.steps=4", "monitor.snapshot_every=2")
    session.start(experiment, folder / "runs")
    (folder / "inside.yaml").write_text(dump_experiment(points("name=inside", "training.steps=4")))
    (folder / "spec.yaml").write_text("name: toy\nruns: [inside.yaml]\nseeds: 2\n")
    plan = make_plan(load_spec(str(folder / "spec.yaml")))
    sweep = open_sweep(plan, folder / "runs" / plan.folder_name)
    session.start(plan.runs[0].experiment, sweep.runs, name=plan.runs[0].id)
    return folder / "runs"


def test_runs_and_sweeps_are_listed_with_their_verdicts(runs: Path) -> None:
    alone, sweep = sorted(rows(runs), key=lambda row: row["kind"])
    assert (alone["status"], alone["step"], alone["steps"], alone["sweep"]) == ("finished", 4, 4, None)
    assert 0 < alone["confidence"] < 1
    assert 0 < alone["seconds"] < 1000
    assert (sweep["status"], sweep["runs"], sweep["ended"], sweep["running"]) == ("unfinished", 2, 1, 0)
    (verdict,) = sweep["verdicts"]
    text = ls(runs)
    for said in (alone["name"], "4/4", sweep["name"], "1/2 runs", f"1 {verdict.replace('_', ' ')}"):
        assert said in text
    assert "inside" not in text


def test_a_part_of_a_name_lists_runs_inside_sweeps(runs: Path) -> None:
    (inside,) = rows(runs, "inside")
    assert inside["sweep"].startswith("sweep-toy-")
    assert Path(inside["path"], "run.json").is_file()
    assert [row["kind"] for row in rows(runs, "sweep-toy")] == ["sweep", "run"]
    assert ls(runs, "nothing").startswith("no runs in")


def test_a_run_that_goes_on_shows_its_step(tmp_path: Path) -> None:
    with Monitor("mine", runs_dir=tmp_path, views=[], steps=500) as monitor:
        end = time.monotonic() + 60
        for step in itertools.count(1):
            monitor.log(step, d_loss=1.0, g_loss=1.0)
            row = rows(tmp_path)[0]
            if row["step"] or time.monotonic() > end:
                break
        assert (row["status"], row["steps"]) == ("running", 500)
        assert 1 <= row["step"] <= step
        assert f"{row['step']}/500" in ls(tmp_path)
    assert rows(tmp_path)[0]["status"] == "finished"


def test_a_run_whose_process_was_killed_shows_how_far_it_came(runs: Path, tmp_path: Path, points: Any) -> None:
    run = session.start(points("training.steps=3"), tmp_path)
    run.write_status(RunStatus(status="running", step=0, steps=9))
    (row,) = rows(tmp_path)
    assert (row["status"], row["step"], row["steps"]) == ("interrupted", 3, 9)


def test_what_is_damaged_is_listed_as_such(tmp_path: Path) -> None:
    for folder, file in (("broken", "run.json"), ("sweep-older-abcdefgh", "spec.yaml")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file).write_text("{")
    found = {row["name"]: row for row in rows(tmp_path)}
    assert {row["status"] for row in found.values()} == {"damaged"}
    assert all(row["reason"] for row in found.values())
    assert SweepFolder(tmp_path / "sweep-older-abcdefgh").spec.read_text() == "{"
    assert ls(tmp_path).count("damaged (") == 2


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    error = CliRunner().invoke(app, ["ls", "runs", "--runs-dir", str(tmp_path / "file")]).exception
    assert "is a file, not a folder of runs" in str(error)
