"""`ganlab evaluate` as its user meets it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ganlab.api import train
from ganlab.cli.app import app
from ganlab.cli.evaluation_table import BY_CLASS
from ganlab.evaluation.evaluate import REFERENCE_METRICS, TRAINING_METRICS


def ganlab(*arguments: object) -> Any:
    """Run the command in this process; a GanlabError comes back as the result's exception."""
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, points: Any) -> Path:
    runs = tmp_path_factory.mktemp("evaluate") / "runs"
    return Path(train(points("name=first", "training.device=cpu"), runs_dir=runs).path)


def test_a_row_a_metric_with_what_reals_score(run: Path) -> None:
    (run / "evaluation.json").unlink(missing_ok=True)
    result = ganlab("first", "-n", 40, "--runs-dir", run.parent)
    assert result.exit_code == 0, result.output
    told = json.loads((run / "evaluation.json").read_text())
    lines = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines() if line.strip()}
    assert lines["live"] == ["ema", "real"]
    fid = [told["metrics"]["live"]["fid"]["value"], told["metrics"]["ema"]["fid"]["value"]]
    assert lines["fid"] == ["↓", *(f"{value:.4g}" for value in (*fid, told["metrics"]["live"]["fid"]["real"]))]
    assert {*REFERENCE_METRICS, *TRAINING_METRICS} - {*BY_CLASS} <= lines.keys()
    assert "step 20" in result.stdout
    assert f"written to {run / 'evaluation.json'}\n" in result.stdout
    assert "None" not in result.output
    again = ganlab("first", "-n", 40, "--runs-dir", run.parent)
    assert "evaluation.json, in place of an earlier one\n" in again.stdout


def test_json_is_evaluation_json_and_all_there_is_on_stdout(run: Path) -> None:
    result = ganlab(run, "-n", 40, "--json")
    assert json.loads(result.stdout) == json.loads((run / "evaluation.json").read_text())
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == ["reals", "live", "ema"]


def test_a_checkpoint_can_be_named(run: Path) -> None:
    told = {step: json.loads(ganlab(run, "-n", 40, "--json", "--step", step).stdout) for step in ("best", "newest", 15)}
    assert told["newest"]["step"] == 20
    assert told[15]["step"] == 15
    assert told["best"]["step"] in (0, 5, 10, 15, 20)
    assert told["newest"]["metrics"] != told[15]["metrics"]


def test_the_seed_decides(run: Path) -> None:
    first, again, other = (ganlab(run, "-n", 40, "--json", "--seed", seed).stdout for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--step", "3"], "no checkpoint of step 3"),
        (["--step", "newst"], "names no checkpoint"),
        (["-n", "15"], "--count"),
        (["--seed", "-1"], "--seed"),
    ],
)
def test_what_cannot_be_meant_is_refused(run: Path, arguments: list[str], message: str) -> None:
    result = ganlab(run, *arguments)
    assert getattr(result.exception, "exit_code", result.exit_code) == 2
    assert message in result.output + str(result.exception)


@pytest.mark.parametrize("name", ["state.safetensors", "state.json", "manifest.json"])
def test_a_damaged_run_is_refused(run: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy, ignore=shutil.ignore_patterns("evaluation.json"))
    file = copy / "checkpoints" / "step_0000020" / name
    file.write_bytes(file.read_bytes()[:-20])
    error = ganlab(copy, "-n", 16).exception
    assert error.exit_code == 2
    assert "step_0000020" in error.message
    assert "--step 15" in error.hint
    assert not (copy / "evaluation.json").exists()


def test_help_shows_an_example() -> None:
    assert "Example: ganlab evaluate" in " ".join(ganlab("--help").output.split())
