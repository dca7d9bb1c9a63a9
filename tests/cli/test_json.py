"""What `--json` prints: numbers are numbers wherever they stand."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ganlab.cli.app import app
from ganlab.config.load import dump_experiment
from ganlab.monitor.monitor import Monitor

TEXTS = ("versions", "fingerprint")
"""Keys below which text may look like a number."""


@pytest.fixture(scope="module")
def folder(points: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, one of another program's loop, and a sweep whose axes have numbers, lists and names."""
    folder = tmp_path_factory.mktemp("json")
    (folder / "toy.yaml").write_text(dump_experiment(points("training.device=cpu", "expect=healthy")))
    (folder / "spec.yaml").write_text(
        "name: toy\nbase: toy.yaml\nset: {training.steps: 4}\nrandom: {n: 1, draw: {latent.dim: {choice: [2]}}}\n"
        "grid: {optimizer.lr: [1.0e-4], 'generator.width, discriminator.width': [[8, 4]], loss: [hinge]}\nseeds: 1\n"
    )
    with Monitor("mine", runs_dir=folder / "runs", views=[]) as monitor:
        monitor.log(99, d_loss=1.0, g_loss=1.0)
    return folder


def told(folder: Path, *arguments: str) -> Any:
    where = [] if arguments[0] == "validate" else ["--runs-dir", str(folder / "runs")]
    result = CliRunner().invoke(app, [*arguments, *where, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def numbers_as_text(value: Any, path: str = "") -> Iterator[str]:
    """Yield where text stands for a number, alone or with a unit; NaN and infinity, which JSON lacks, are text."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from () if key in TEXTS else numbers_as_text(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from numbers_as_text(item, path)
    elif isinstance(value, str):
        try:
            finite = math.isfinite(float(value.removesuffix("%").removesuffix("s")))
        except ValueError:
            return
        if finite:
            yield f"{path}: {value}"


def test_numbers_as_text_are_found() -> None:
    assert list(numbers_as_text({"a": [1, "2", {"b": "3.5 %", "c": "41 s"}], "d": "nan", "versions": "3"})) == [
        ".a: 2",
        ".a.b: 3.5 %",
        ".a.c: 41 s",
    ]


def test_numbers_are_numbers_in_every_command(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("step,d_loss,g_loss\n" + "".join(f"{i},1.3{i % 7},0.8\n" for i in range(1, 200)))
    toy, spec = str(folder / "toy.yaml"), str(folder / "spec.yaml")
    for arguments in (
        ("train", toy),
        ("train", toy, "--dry-run"),
        ("resume", "toy_points", "training.steps=24"),
        ("diagnose", "toy_points"),
        ("diagnose", str(tmp_path / "log.csv"), "--show"),
        ("diagnose", str(tmp_path / "log.csv"), "toy_points"),
        ("sweep", spec, "--dry-run", "--workers", "1"),
        ("sweep", spec, "--workers", "1"),
        ("report", "toy"),
        ("compare", "toy_points-2", "mine", "--out", str(tmp_path / "a.png")),
        ("evaluate", "toy_points-2", "-n", "16"),
        ("sample", "toy_points-2", "-n", "4", "--out", str(tmp_path / "a.npz")),
        ("validate", toy),
        ("validate", spec),
        ("ls", "runs"),
        ("ls", "runs", "toy"),
        ("ls", "losses"),
    ):
        assert list(numbers_as_text(told(folder, *arguments))) == [], arguments
