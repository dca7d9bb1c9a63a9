"""What a user trains is found by the name that it was trained by, as often as it is trained."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ganlab.cli.app import app
from ganlab.config.load import dump_experiment
from ganlab.sweeps.folder import open_sweep
from ganlab.sweeps.plan import make_plan
from ganlab.sweeps.spec import load_spec
from ganlab.training import session
from ganlab.verdicts import KINDS


def ganlab(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def toy(tmp_path: Path, points: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("mine").mkdir()
    Path("mine/toy.yaml").write_text(dump_experiment(points("name=toy", "training.steps=6")))
    return "mine/toy.yaml"


def test_train_and_diagnose_by_one_name_works_every_time(toy: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "ganlab")
    unhealthy = ",".join(name for name in KINDS if name != "healthy")
    for number, reference in enumerate(("toy", "toy", toy), start=1):
        caplog.clear()
        assert ganlab("train", toy, f"training.steps={number}").exit_code == 0
        judged = ganlab("diagnose", reference, "--json", "--fail-on", unhealthy)
        assert judged.exit_code == 3, judged.output
        assert json.loads(judged.stdout)["steps"][1] == number
        assert ganlab("diagnose", reference, "--fail-on", "healthy").exit_code == 0
        said = [message for message in caplog.messages if "called toy" in message]
        assert len(said) == (2 if number > 1 else 0)
        assert all(
            message.startswith(f"{number} runs are called toy; this is the newest: runs/toy-") for message in said
        )


def test_every_command_finds_a_run_inside_a_sweep(toy: str) -> None:
    Path("spec.yaml").write_text(f"name: many\nbase: {toy}\nseeds: 1\n")
    plan = make_plan(load_spec("spec.yaml"))
    sweep = open_sweep(plan, Path("runs") / plan.folder_name)
    run = session.start(plan.runs[0].experiment, sweep.runs, name=plan.runs[0].id)
    alone = session.start(plan.runs[0].experiment.model_copy(update={"name": "alone"}), Path("runs"))
    for arguments in (
        ("diagnose", "toy"),
        ("diagnose", "many/toy"),
        ("sample", "toy", "-n", "4", "--out", "a.npz"),
        ("evaluate", "toy", "-n", "16"),
        ("export", "toy"),
        ("resume", "toy", "training.steps=8"),
    ):
        told = ganlab(*arguments, "--json")
        assert told.exit_code == 0, told.output
        if arguments[0] != "evaluate":
            values = json.loads(told.stdout)
            assert values["source" if arguments[0] == "diagnose" else "run"] == str(run.path)
    assert (run.path / "evaluation.json").is_file()
    compared = json.loads(ganlab("compare", "toy", "alone", "--json").stdout)
    assert [side["path"] for side in compared["runs"]] == [str(run.path), str(alone.path)]


def test_a_slip_in_a_name_is_told(toy: str) -> None:
    ganlab("train", toy)
    for command in ("diagnose", "resume", "sample", "evaluate", "export"):
        error = ganlab(command, "tyo").exception
        assert "did you mean toy?" in str(error)
        assert error.exit_code == 2
