from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from ganlab.data import load, to_float
from ganlab.games.rounds import Draw
from ganlab.monitor.monitor import Monitor
from ganlab.monitor.snapshots import Snapshots, best_step
from ganlab.runs.directory import create_run
from ganlab.training.workbench import Workbench, build_workbench


def prepared(experiment: Any, folder: Path) -> tuple[Workbench, Snapshots]:
    data = load(experiment.data, experiment.training.batch_size)
    bench = build_workbench(experiment, data, torch.device("cpu"))
    monitor = Monitor(
        create_run(folder, experiment), data, experiment.loss, 100, views=[], experiment=experiment, status={}
    )
    return bench, Snapshots(bench.plain_game, data, monitor)


def taken(snapshots: Snapshots, step: int) -> dict[str, Any]:
    snapshots.take(step)
    return snapshots.monitor.live.snapshots[-1]


def test_the_best_snapshot_is_the_closest_to_real() -> None:
    rows = [{"step": 0, "energy_distance": 2.0}, {"step": 5, "energy_distance": 0.1}, {"step": 9}]
    assert best_step(rows) == 5
    assert best_step([{"step": 1, "energy_distance": None}]) is None
    assert best_step([{**rows[0], "fid": 3.0}, {**rows[1], "fid": 7.0}, {"step": 9, "fid": None}]) == 0


def test_scores_are_those_of_eval_mode_and_modes_are_put_back(images: Any, tmp_path: Path) -> None:
    bench, snapshots = prepared(images("discriminator.norm=batch"), tmp_path)
    before = {name: value.clone() for name, value in bench.state.tensors().items()}
    row = taken(snapshots, 0)
    assert bench.state.generator.training
    assert bench.state.discriminator.training
    assert all(torch.equal(before[name], value) for name, value in bench.state.tensors().items())
    with torch.no_grad():
        bench.state.discriminator.eval()
        expected = torch.sigmoid(bench.state.discriminator(snapshots.held_out.values)).mean()
    assert row["d_held_out"] == pytest.approx(float(expected), rel=1e-5)


def test_a_generator_of_real_images_reaches_the_floor(images: Any, tmp_path: Path) -> None:
    """Held-out reals in place of samples: distance 0 to themselves, diversity 1; a constant image has none."""
    _, snapshots = prepared(images("monitor.snapshot_samples=200"), tmp_path)
    reals = snapshots.held_out.values
    snapshots.game.sample = lambda latents: reals  # type: ignore[method-assign]
    snapshots.drawn = Draw(snapshots.drawn.inputs[:1])
    perfect = taken(snapshots, 1)
    assert perfect["diversity"] == pytest.approx(perfect["diversity_real"])
    assert perfect["energy_distance"] == pytest.approx(0.0, abs=0.02)
    snapshots.game.sample = lambda latents: reals[:1].expand(200, -1, -1, -1)  # type: ignore[method-assign]
    collapsed = taken(snapshots, 2)
    assert collapsed["diversity"] == pytest.approx(0.0, abs=1e-6)
    assert collapsed["energy_distance"] > 20 * abs(perfect["energy_distance_real"])
    assert (perfect["n"], collapsed["n"]) == (200, 200)
    assert collapsed["fid"] > 10 * perfect["fid_real"] > 10 * perfect["fid"]
    assert collapsed["vendi"] == pytest.approx(1.0, abs=1e-3)
    assert perfect["vendi"] == pytest.approx(perfect["vendi_real"], rel=0.2)


def test_held_out_images_are_not_training_images(images: Any, tmp_path: Path) -> None:
    bench, snapshots = prepared(images(), tmp_path)
    train = to_float(bench.feed.values).flatten(1)
    assert float(torch.cdist(snapshots.held_out.values.flatten(1), train).min()) > 0


@pytest.mark.parametrize("kind", ["points", "images"])
def test_the_grid_shows_the_same_latents_each_time(kind: str, tmp_path: Path, request: Any) -> None:
    _, snapshots = prepared(request.getfixturevalue(kind)(), tmp_path)
    snapshots.take(0)
    snapshots.take(1)
    first, second = (snapshots.monitor.run.samples / f"step_000000{step}.png" for step in (0, 1))
    assert first.read_bytes() == second.read_bytes()
    assert Image.open(first).width > 300
