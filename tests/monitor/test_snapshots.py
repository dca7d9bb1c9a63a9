from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from ganlab.data import load, to_float
from ganlab.games.rounds import Draw
from ganlab.runs.directory import create_run
from ganlab.runs.snapshots import Row
from ganlab.runs.status import RunStatus
from ganlab.training.watch import Watch
from ganlab.training.workbench import build_workbench


def prepared(experiment: Any, folder: Path) -> Watch:
    data = load(experiment.data, experiment.training.batch_size)
    bench = build_workbench(experiment, data, torch.device("cpu"))
    return Watch(bench, data, create_run(folder, experiment), RunStatus(status="running", steps=100))


def taken(watch: Watch, step: int) -> Row:
    watch.state.step = step
    watch.look()
    return watch.recorder.evidence.snapshots[-1]


def test_scores_are_those_of_eval_mode_and_modes_are_put_back(images: Any, tmp_path: Path) -> None:
    watch = prepared(images("discriminator.norm=batch"), tmp_path)
    bench, snapshots = watch.bench, watch.snapshots
    before = {name: value.clone() for name, value in bench.state.tensors().items()}
    row = taken(watch, 0)
    assert bench.state.generator.training
    assert bench.state.discriminator.training
    assert all(torch.equal(before[name], value) for name, value in bench.state.tensors().items())
    with torch.no_grad():
        bench.state.discriminator.eval()
        expected = torch.sigmoid(bench.state.discriminator(snapshots.held_out.values)).mean()
    assert row["d_held_out"] == pytest.approx(float(expected), rel=1e-5)


def test_a_generator_of_real_images_reaches_the_floor(images: Any, tmp_path: Path) -> None:
    """Held-out reals in place of samples: distance 0 to themselves, diversity 1; a constant image has none."""
    watch = prepared(images("monitor.snapshot_samples=200"), tmp_path)
    snapshots = watch.snapshots
    reals = snapshots.held_out.values
    snapshots.game.sample = lambda latents: reals  # type: ignore[method-assign]
    snapshots.drawn = Draw(snapshots.drawn.inputs[:1])
    perfect = taken(watch, 1)
    assert perfect["diversity"] == pytest.approx(perfect["diversity_real"])
    assert perfect["energy_distance"] == pytest.approx(0.0, abs=0.02)
    snapshots.game.sample = lambda latents: reals[:1].expand(200, -1, -1, -1)  # type: ignore[method-assign]
    collapsed = taken(watch, 2)
    assert collapsed["diversity"] == pytest.approx(0.0, abs=1e-6)
    assert collapsed["energy_distance"] > 20 * abs(perfect["energy_distance_real"])
    assert (perfect["n"], collapsed["n"]) == (200, 200)
    assert collapsed["fid"] > 10 * perfect["fid_real"] > 10 * perfect["fid"]
    assert collapsed["vendi"] == pytest.approx(1.0, abs=1e-3)
    assert perfect["vendi"] == pytest.approx(perfect["vendi_real"], rel=0.2)


def test_held_out_images_are_not_training_images(images: Any, tmp_path: Path) -> None:
    watch = prepared(images(), tmp_path)
    train = to_float(watch.bench.feed.values).flatten(1)
    assert float(torch.cdist(watch.snapshots.held_out.values.flatten(1), train).min()) > 0


@pytest.mark.parametrize("kind", ["points", "images"])
def test_the_grid_shows_the_same_latents_each_time(kind: str, tmp_path: Path, request: Any) -> None:
    watch = prepared(request.getfixturevalue(kind)(), tmp_path)
    taken(watch, 0)
    taken(watch, 1)
    first, second = (path for _, path in watch.recorder.run.grids())
    assert first.read_bytes() == second.read_bytes()
    assert Image.open(first).width > 300
