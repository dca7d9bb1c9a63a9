from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ganlab.diagnosis.judge import diagnose
from ganlab.domain import Images, Points
from ganlab.monitor import pictures as module
from ganlab.monitor.pictures import Pictures
from ganlab.monitor.recorder import Recorder
from ganlab.plots.grids import tile, to_pixels
from ganlab.plots.landscape import CELLS, Landscape, extent_of
from ganlab.runs.directory import RunDirectory, new_run
from ganlab.runs.status import RunStatus


def pictures(run: RunDirectory, **options: Any) -> Pictures:
    return Pictures(Recorder(run, RunStatus(status="running", steps=1000)), **options)


def digits(step: int) -> torch.Tensor:
    return torch.rand(20, 1, 12, 12, generator=torch.Generator().manual_seed(step)) * 2 - 1


def show(drawn: Pictures, step: int, **row: Any) -> None:
    drawn.recorder.add_snapshot({"step": step, **row})
    drawn.show(step, digits(step), Images(1, 12, 12), None)


def finish(drawn: Pictures) -> None:
    evidence = drawn.recorder.evidence.so_far(ended=True)
    drawn.finish(evidence, diagnose(evidence))


def kept(run: RunDirectory) -> list[int]:
    return [step for step, _ in run.shown()]


def test_a_snapshot_is_shown(tmp_path: Path) -> None:
    drawn = pictures(new_run(tmp_path, "toy"), keep_samples=True)
    drawn.recorder.add_snapshot({"step": 30})
    drawn.show(30, digits(30), Images(1, 12, 12), None, gallery=digits(1)[:10])
    run = drawn.run
    with Image.open(run.samples / "step_0000030.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), tile(to_pixels(digits(30).numpy()), columns=10))
    assert np.load(run.samples / "step_0000030.npz")["step_0000030"].shape == (20, 1, 12, 12)
    assert (run.samples / "gallery_0000030.png").is_file()
    assert (run.grids(), run.shown()) == (
        [(30, run.samples / "step_0000030.png")], [(30, run.samples / "shown_0000030.npz")]
    )  # fmt: skip


def test_no_picture_is_read_back(tmp_path: Path) -> None:
    """All that a run draws at its end is drawn without the grids that it drew on the way."""
    drawn = pictures(new_run(tmp_path, "toy"))
    for step, size in ((0, 6), (10, 6), (20, 12), (30, 12)):
        show(drawn, step, phase_size=size, phase_since=1)
    for _, path in drawn.run.grids():
        path.write_bytes(b"no picture")
    finish(drawn)
    with Image.open(drawn.run.samples / "evolution.gif") as gif:
        assert gif.n_frames == 4
    with Image.open(drawn.run.plots / "phases.png") as picture:
        grid = tile(to_pixels(digits(10).numpy()), columns=10)
        quarter = grid[: len(grid) // 2, : grid.shape[1] // 2]
        np.testing.assert_array_equal(np.asarray(picture)[: len(quarter), : quarter.shape[1]], quarter)
    with Image.open(drawn.run.plots / "samples.png") as picture:
        assert picture.width > 300


def test_what_is_kept_is_bounded_and_spread_evenly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 4)
    drawn = pictures(new_run(tmp_path, "toy"))
    seen = []
    for step in range(11):
        show(drawn, step)
        seen.append(kept(drawn.run))
    assert seen[3:6] == [[0, 1, 2, 3], [0, 2, 4], [0, 2, 4, 5]]
    assert seen[-3:] == [[0, 4, 8], [0, 4, 8, 9], [0, 4, 8, 10]]
    assert len(drawn.run.grids()) == 11


def test_the_last_of_each_size_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    drawn = pictures(new_run(tmp_path, "toy"))
    for step in range(9):
        show(drawn, step, phase_size=7 if step < 4 else 14)
    assert kept(drawn.run) == [0, 3, 8]


def test_a_resumed_run_keeps_what_a_whole_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after nine snapshots, resumed from a checkpoint after five."""
    monkeypatch.setattr(module, "KEPT", 4)
    whole, run = pictures(new_run(tmp_path, "whole")), new_run(tmp_path, "killed")
    killed = pictures(run)
    for step in range(9):
        show(killed, step)
    lines = run.snapshots.read_text().splitlines(keepends=True)
    run.snapshots.write_text("".join(lines[:5]))
    resumed = pictures(run)
    for step in range(5, 12):
        show(resumed, step)
    for step in range(12):
        show(whole, step)
    assert kept(run) == kept(whole.run)
    for drawn in (whole, resumed):
        finish(drawn)
    first, second = (drawn.run.samples / "evolution.gif" for drawn in (whole, resumed))
    assert first.read_bytes() == second.read_bytes()


def test_landscapes_are_kept_of_the_same_snapshots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 4)
    drawn, pairs = pictures(new_run(tmp_path, "toy")), torch.rand(5, 2)
    drawn.run.make_folders(Points())
    flat = Landscape(
        np.zeros((CELLS, CELLS), np.float32), extent_of(pairs.numpy()), 0.0, True, True, 1, 1,
        points=pairs.numpy(), push=pairs.numpy(), real=pairs.numpy(),
    )  # fmt: skip
    for step in range(11):
        drawn.recorder.add_snapshot({"step": step})
        drawn.show(step, pairs, Points(), pairs, landscape=flat)
    assert [step for step, _ in drawn.run.landscapes()] == kept(drawn.run) == [0, 4, 8, 10]


def test_plots_are_drawn_on_the_way_only_if_that_is_cheap(tmp_path: Path) -> None:
    drawn = pictures(new_run(tmp_path, "toy"))
    drawn.recorder.log(1, {"d_loss": 1.0, "g_loss": 1.0})
    drawn.recorder.flush()
    drawn.plot_if_cheap()
    assert not list(drawn.run.plots.iterdir())
    drawn.recorder.begun -= 3600
    drawn.plot_if_cheap()
    assert {path.suffix for path in drawn.run.plots.iterdir()} == {".png"}
    assert drawn.recorder.seconds["drawing"] > 0
