"""`ganlab sweep` as a user meets it: one real sweep of two toy runs, and what is refused before anything starts."""

from __future__ import annotations

import csv
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ganlab.cli.app import app
from ganlab.cli.parsing import parameters
from ganlab.config.load import dump_experiment
from ganlab.errors import ConfigError, GanlabError

runner = CliRunner()


def ganlab(*arguments: str) -> Any:
    """Run a command in this process; a GanlabError comes back as the result's exception."""
    return runner.invoke(app, list(arguments))


@pytest.fixture(scope="module")
def spec(points: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweep")
    claims = ("training.device=cpu", "expect=[never_learned, under_trained]", "claim=too short to learn (a test)")
    (folder / "toy.yaml").write_text(dump_experiment(points(*claims)))
    path = folder / "spec.yaml"
    path.write_text("name: toy\nruns: [{config: toy.yaml, quick: true}]\nseeds: 2\n")
    return path


def test_a_sweep_from_plan_to_report(spec: Path) -> None:
    runs_dir = ("--runs-dir", str(spec.parent / "runs"), "--json")
    planned = json.loads(ganlab("sweep", str(spec), "--dry-run", "--workers", "1", *runs_dir).stdout)
    assert [(row["config"], row["seed"], row["done"]) for row in planned["runs"]] == [
        ("toy_points", 0, False),
        ("toy_points", 1, False),
    ]
    assert planned["kinds"] == planned["probed"] == 1
    assert planned["seconds"] > 0
    assert not Path(planned["folder"]).exists()

    quick = ganlab("sweep", str(spec), "--quick", "--workers", "1", *runs_dir)
    assert quick.exit_code == 0, quick.output
    told = json.loads(quick.stdout)
    assert told["folder"] == planned["folder"]
    assert (told["runs"], told["states"]) == (1, {"finished": 1})
    assert all(Path(file).is_file() for file in told["files"])
    assert "[1/1]" in quick.stderr

    whole = ganlab("sweep", str(spec), "--workers", "1", *runs_dir[:2])  # only seed 1 is left
    assert whole.exit_code == 0, whole.output
    assert "[2/2]" in whole.output
    assert "[1/2]" not in whole.output
    (claim,) = [line for line in whole.output.splitlines() if "too short to learn" in line]
    with (Path(told["folder"]) / "claims.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert (row["n"], row["source"]) == ("2", "a test")
    assert claim.startswith(row["replicated"])

    again = ganlab("report", "sweep-toy", *runs_dir[:2])
    assert again.exit_code == 0, again.output
    assert claim in again.output


@pytest.mark.parametrize(
    ("text", "options", "why"),
    [
        ("name: x\nbase: ring\ngrid: {}\n", (), "grid"),
        ("name: x\nbase: ring\ngrid: {optimizer.rl: [1]}\n", (), "optimizer"),
        ("name: x\nbase: ring\ngird: {optimizer.lr: [1]}\n", (), "did you mean grid"),
        ("name: x\nbase: ring\n", ("--quick",), "quick"),
        ("name: x\nbase: ring\nseeds: 10001\n", (), "--yes"),
        ("name: x\nbase: ring\n", ("--executor", "slurm", "--slurm", "partition"), "KEY=VALUE"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(
    text: str, options: tuple[str, ...], why: str, tmp_path: Path
) -> None:
    (tmp_path / "spec.yaml").write_text(text)
    result = ganlab("sweep", str(tmp_path / "spec.yaml"), "--runs-dir", str(tmp_path / "runs"), *options)
    assert isinstance(result.exception, GanlabError), result.output
    assert result.exception.exit_code == 2
    assert why in str(result.exception)
    assert not (tmp_path / "runs").exists()


def test_a_ray_cluster_that_is_not_there_is_told(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    place = ("--executor", "ray", "--address", address)
    result = ganlab("sweep", "ring", "--runs-dir", str(tmp_path / "runs"), *place)
    assert isinstance(result.exception, GanlabError)
    (tmp_path / "spec.yaml").write_text("name: x\nbase: ring\n")
    result = ganlab("sweep", str(tmp_path / "spec.yaml"), "--runs-dir", str(tmp_path / "runs"), *place)
    assert isinstance(result.exception, GanlabError), result.output
    assert address in str(result.exception)
    assert not (tmp_path / "runs").exists()


def test_parameters_of_slurm_are_numbers_or_text() -> None:
    assert parameters(["slurm_partition=gpu", "timeout_min=90"]) == {"slurm_partition": "gpu", "timeout_min": 90}
    with pytest.raises(ConfigError, match="expected KEY=VALUE"):
        parameters(["gpu"])
