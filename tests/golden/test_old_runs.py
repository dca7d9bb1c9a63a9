"""Run directories of version 0.1.0 stay readable by every command that reads runs."""

from __future__ import annotations

import csv
import json
import math
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import ganlab
from tests.golden.compare import mapping_differences, report
from tests.golden.record import OLD_RUNS, RESUMED, machine, resumed

RUNS = ("ring", "conditional", "monitor")
TRAINED = ("ring", "conditional")
SWEEP = "sweep-old_sweep"

Command = Callable[..., str]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Copies of the old runs; the recorded ones are never written to."""
    return Path(shutil.copytree(OLD_RUNS, tmp_path / "runs"))


@pytest.fixture
def command(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command in this process, in a folder whose `runs` are the old ones, and return its standard output."""
    from ganlab.cli.app import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["ganlab", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, messages = capsys.readouterr()
        assert (ended.value.code or 0) == code, out + messages
        assert "Traceback" not in messages
        return out if code == 0 else messages

    return run


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a run's history.csv, read without ganlab."""
    with (OLD_RUNS / name / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def recorded_verdict(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((OLD_RUNS / name / "verdict.json").read_text())
    return found


def test_ls_runs(command: Command) -> None:
    found = {row["name"]: row for row in json.loads(command("ls", "runs", "--json"))}
    assert found.pop("sweep-old_sweep")["status"] == "finished"
    assert found.keys() == set(RUNS)
    assert {row["status"] for row in found.values()} == {"finished"}
    assert (found["ring"]["step"], found["ring"]["steps"]) == (60, 60)
    assert all(name in command("ls", "runs") for name in RUNS)


TOO_SHORT = {"ring": 60, "conditional": 30, "monitor": 80}
"""Runs that version 0.1.0 said had never learned; they ended before that can be told."""


@pytest.mark.parametrize("name", RUNS)
def test_diagnose(name: str, command: Command, runs: Path, tmp_path: Path) -> None:
    found, before = json.loads(command("diagnose", name, "--json", "--out", tmp_path / "out")), recorded_verdict(name)
    if name in TOO_SHORT:
        assert before["failure"] == "never_learned"
        assert found["failure"] == "inconclusive"
        assert f"{TOO_SHORT[name]} of the 100 updates" in found["summary"]
    else:
        for key in ("failure", "variant", "severity", "onset_step"):
            assert found[key] == before[key], key
    for key in ("schema", "steps"):
        assert found[key] == before[key], key
    assert json.loads((tmp_path / "out" / "verdict.json").read_text()) == found
    assert found.keys() >= before.keys()


def test_diagnose_several_and_show_one(command: Command) -> None:
    assert len(json.loads(command("diagnose", *RUNS, "--json"))) == len(RUNS)
    assert "never" in command("diagnose", "conditional")


def test_compare(command: Command, tmp_path: Path) -> None:
    found = json.loads(command("compare", *RUNS, "--out", tmp_path / "side_by_side.png", "--json"))
    assert (tmp_path / "side_by_side.png").stat().st_size > 1000
    assert all(name in json.dumps(found) for name in RUNS)


@pytest.mark.parametrize("name", TRAINED)
def test_evaluate(name: str, command: Command) -> None:
    assert json.loads(command("evaluate", name, "-n", 32, "--json"))


def test_sample(command: Command, tmp_path: Path) -> None:
    for step in (40, "newest", "best"):
        command("sample", "ring", "-n", 50, "--step", step, "--out", tmp_path / f"{step}.npz")
    newest = np.load(tmp_path / "newest.npz")["samples"]
    assert newest.shape == (50, 2)
    assert not np.array_equal(newest, np.load(tmp_path / "40.npz")["samples"])
    command("sample", "conditional", "-n", 10, "--class", 3, "--out", tmp_path / "threes.png")
    assert (tmp_path / "threes.png").is_file()


def test_export(command: Command, tmp_path: Path) -> None:
    command("export", "ring", "--out", tmp_path / "exported")
    generator = torch.export.load(tmp_path / "exported" / "generator.pt2").module()
    latents = torch.randn(5, 2)
    with torch.no_grad():
        torch.testing.assert_close(generator(latents), ganlab.load_run(OLD_RUNS / "ring").generator()(latents))


def test_a_resumed_run_goes_on_as_it_did(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    recorded = json.loads(RESUMED.read_text())
    exact = machine() == recorded["machine"]
    record_property("golden", "a resumed run to the last bit" if exact else "a resumed run to 1e-6")
    found = resumed(tmp_path)
    assert found["step"] == ["61", "62", "63", "64", "65", "66"]
    different = list(mapping_differences("history", recorded["history"], found, None if exact else 1e-6, frozenset()))
    assert not different, report(different)


def test_a_conditional_run_can_be_resumed(command: Command, runs: Path) -> None:
    command("resume", "conditional", "training.steps=32")
    run = ganlab.load_run(runs / "conditional")
    assert (run.status["status"], run.status["step"], len(run.history["step"])) == ("finished", 32, 32)
    assert run.verdict is not None
    assert run.verdict.steps == (0, 32)


def test_report_of_a_sweep(command: Command, runs: Path) -> None:
    table = (runs / SWEEP / "runs.csv").read_text()
    (runs / SWEEP / "runs.csv").unlink()
    command("report", runs / SWEEP, "--json")
    before, now = (list(csv.DictReader(text.splitlines())) for text in (table, (runs / SWEEP / "runs.csv").read_text()))
    assert [{key: row[key] for key in old} for old, row in zip(before, now, strict=True)] == before


@pytest.mark.parametrize("name", RUNS)
def test_load_run(name: str, runs: Path) -> None:
    run = ganlab.load_run(runs / name)
    table = rows(name)
    assert run.status["status"] == "finished"
    recorded = recorded_verdict(name)
    remedies = [{**each, "name": "", "record": ""} for each in recorded["remedies"]]
    assert run.verdict == {"read": None, **recorded, "remedies": remedies}  # with the keys that later versions added
    for column in table[0]:
        expected = [float(row[column]) if row[column] else math.nan for row in table]
        np.testing.assert_array_equal(run.history[column], expected)
    lines = (OLD_RUNS / name / "snapshots.jsonl").read_text().splitlines()
    assert [row["step"] for row in run.snapshots] == [json.loads(line)["step"] for line in lines]


def test_the_experiment_and_the_generator_of_a_run(runs: Path, command: Command) -> None:
    run = ganlab.load_run("conditional", runs)
    assert (run.experiment.game.name, run.experiment.training.steps) == ("conditional", 30)
    # Two latent dimensions and ten classes, one-hot.
    assert run.generator()(torch.zeros(3, 12)).shape == (3, 1, 28, 28)
    for name in TRAINED:
        command("validate", runs / name / "config.yaml")


@pytest.mark.parametrize("what", ["evaluate", "sample", "export", "resume"])
def test_what_needs_a_generator_refuses_a_foreign_run(what: str, command: Command) -> None:
    assert "error: " in command(what, "monitor", code=2)
