from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ganlab.cli.app import app
from ganlab.errors import RunError
from ganlab.training import session

runner = CliRunner()


@pytest.fixture(scope="module")
def runs(points: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "runs"
    for name, changes in {"slow": (), "fast": ("optimizer.lr=5e-3", "loss=hinge")}.items():
        session.start(points(*changes), folder, name=name)
    return folder


def compare(runs: Path, *arguments: str) -> Any:
    return runner.invoke(app, ["compare", *arguments, "--runs-dir", str(runs)])


def test_runs_by_part_of_their_names(runs: Path, tmp_path: Path) -> None:
    result = compare(runs, "slo", "fas", "--out", str(tmp_path / "a.png"))
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert ["A", "slow"] in lines
    assert ["B", "fast"] in lines
    assert ["optimizer.generator.lr", "0.0002", "0.005"] in lines
    assert ["loss", "non_saturating", "hinge"] in lines
    assert ["step", "20", "20"] in lines
    assert not any(line and line[0] in ("generator.width", "seed") and line[0] != "seed" for line in lines)
    assert [line[1] for line in lines if line[:1] == ["picture:"]] == [str(tmp_path / "a.png")]
    assert (tmp_path / "a.png").is_file()


def test_json_is_all_that_is_printed(runs: Path, tmp_path: Path) -> None:
    result = compare(runs, "slow", "fast", "--out", str(tmp_path / "a.png"), "--json")
    told = json.loads(result.stdout)
    assert [run["name"] for run in told["runs"]] == ["slow", "fast"]
    assert told["settings"]["loss"] == ["non_saturating", "hinge"]
    assert set(told["numbers"]) >= {"fid", "coverage", "g_loss (late median)"}
    assert told["picture"] == str(tmp_path / "a.png")


def test_the_picture_lies_among_the_runs_and_replaces_no_other(runs: Path) -> None:
    def picture(*names: str) -> Path:
        return Path(json.loads(compare(runs, *names, "--json").stdout)["picture"])

    first = picture("slow", "fast")
    assert first.parent == runs
    assert picture("slow", "fast") == first
    assert picture("fast", "slow") != first
    assert len(list(runs.glob("comparison-*.png"))) == 2


@pytest.mark.parametrize(
    ("names", "says"),
    [(["slow"], "not 1"), (["slow", "slow"], "named twice"), (["slow", "nobody"], "no run"), (["slow"] * 9, "not 9")],
)
def test_refused_with_one_message(names: list[str], says: str, runs: Path, tmp_path: Path) -> None:
    result = compare(runs, *names, "--out", str(tmp_path / "a.png"))
    assert isinstance(result.exception, RunError)
    assert says in result.exception.message
    assert list(tmp_path.iterdir()) == []


def test_damage_and_hostile_text_are_told_safely(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs, tmp_path / "runs")
    hostile = tmp_path / "runs" / "[red]x[ :smiley:"
    (tmp_path / "runs" / "slow").rename(hostile)
    (hostile / "history.csv").write_bytes(b"\xff")
    status = json.loads((hostile / "run.json").read_text())
    (hostile / "run.json").write_text(json.dumps({**status, "reason": "\x1b]0;title\x07[bold]"}))
    result = compare(tmp_path / "runs", str(hostile), "fast")
    assert result.exit_code == 0, result.output
    assert "A: left out, history.csv: " in result.output
    assert "[red]x[ :smiley:" in result.output
    assert "\x1b]" not in result.output
    assert "[bold]" in result.output
