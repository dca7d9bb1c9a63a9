"""A run's generator judged at full size: both networks, any checkpoint, a file that is whole or absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from ganlab.api import Run, train
from ganlab.data import load
from ganlab.errors import RunError
from ganlab.evaluation.evaluate import REFERENCE_METRICS, TRAINING_METRICS, evaluate
from ganlab.evaluation.features import features_for
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import TEMPORARY
from ganlab.training.checkpoint import TENSORS, checkpoint_path, checkpoint_steps
from ganlab.training.evaluating import FILE, evaluate_run
from ganlab.training.trained import generate, load_game, sample_inputs

COUNT = 64
OVERRIDES = ("training.device=cpu", "training.steps=40", "monitor.snapshot_every=10", "monitor.checkpoint_every=20")


def silent(_: str) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, points: Any) -> RunDirectory:
    made: Run = train(points(*OVERRIDES), runs_dir=tmp_path_factory.mktemp("evaluating"))
    return RunDirectory(made.path)


def test_live_and_average_are_measured_beside_the_same_reals(run: RunDirectory) -> None:
    found = evaluate_run(run, "newest", COUNT, 3, silent)
    assert (found["step"], found["samples"], found["seed"], found["schema"]) == (40, COUNT, 3, 1)
    assert found["metrics"].keys() == {"live", "ema"}
    live, ema = found["metrics"]["live"], found["metrics"]["ema"]
    assert live.keys() == ema.keys() == {*REFERENCE_METRICS, *TRAINING_METRICS}
    for name in live:
        assert live[name]["real"] == ema[name]["real"], name
        assert live[name]["protocol"] == ema[name]["protocol"], name
    assert live["fid"]["value"] != ema["fid"]["value"]


def test_figures_are_those_of_the_networks(run: RunDirectory) -> None:
    found = evaluate_run(run, "newest", COUNT, 3, silent)
    for name, live in (("live", True), ("ema", False)):
        game = load_game(run, "newest", live)
        experiment, samples = game.experiment, generate(game, sample_inputs(game, COUNT, 3).inputs)
        data = load(experiment.data, experiment.training.batch_size)
        expected = evaluate(features_for(experiment.data, data), samples, data.train, data.held_out, 3)
        assert found["metrics"][name] == json.loads(json.dumps(expected))


def test_without_an_average_there_is_one_generator(tmp_path: Path, points: Any) -> None:
    made = train(points("training.ema=0", "training.steps=2", "training.device=cpu"), runs_dir=tmp_path)
    assert evaluate_run(RunDirectory(made.path), "newest", 16, 0, silent)["metrics"].keys() == {"live"}


def test_the_step_that_was_measured_is_told(run: RunDirectory) -> None:
    steps = checkpoint_steps(run.checkpoints)
    best = evaluate_run(run, "best", COUNT, 0, silent)
    assert best["step"] in steps
    assert best["metrics"] == evaluate_run(run, best["step"], COUNT, 0, silent)["metrics"]


def test_the_file_holds_what_was_returned_and_is_replaced_whole(run: RunDirectory) -> None:
    first = evaluate_run(run, "newest", COUNT, 0, silent)
    written = run.path / FILE
    assert json.loads(written.read_text()) == first
    before = written.stat().st_ino
    with open(written) as still_open:
        second = evaluate_run(run, "newest", COUNT, 1, silent)
        assert json.load(still_open) == first
    assert json.loads(written.read_text()) == second != first
    assert written.stat().st_ino != before
    assert not list(run.path.rglob(f"{TEMPORARY}*"))


def test_progress_names_what_is_measured(run: RunDirectory) -> None:
    told: list[str] = []
    evaluate_run(run, "newest", COUNT, 0, told.append)
    for who in ("reals", "live", "ema"):
        assert any(line.startswith(f"{who}: copies") for line in told), who
    assert told.index("live: drawing 64 samples") < told.index("ema: drawing 64 samples")


def test_a_damaged_checkpoint_is_refused_and_nothing_is_written(tmp_path: Path, points: Any) -> None:
    run = RunDirectory(train(points("training.steps=10", "training.device=cpu"), runs_dir=tmp_path).path)
    (checkpoint_path(run.checkpoints, 10) / TENSORS).write_bytes(b"")
    with pytest.raises(RunError, match="step_0000010"):
        evaluate_run(run, "newest", 16, 0, silent)
    with pytest.raises(RunError, match="no checkpoint of step 7"):
        evaluate_run(run, 7, 16, 0, silent)
    assert not (run.path / FILE).exists()
    assert evaluate_run(run, 5, 16, 0, silent)["step"] == 5


def test_a_generator_that_diverged_is_not_judged(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its numbers are missing, the reals' too, and JSON has no NaN."""
    monkeypatch.setattr("ganlab.training.evaluating.generate", lambda *_: torch.full((COUNT, 2), torch.nan))
    found = evaluate_run(run, "newest", COUNT, 0, silent)
    assert all(entry["value"] is None and "not finite" in entry["why"] for entry in found["metrics"]["live"].values())
    assert json.loads((run.path / FILE).read_text()) == found
