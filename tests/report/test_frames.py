"""Pictures of snapshots: evenly thinned, within their bytes, and as they were."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganlab.plots.grids import save_png
from ganlab.plots.shown import Shown
from ganlab.report.frames import encoded, grid, last_samples, read_frames
from ganlab.runs.directory import RunDirectory


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    run = RunDirectory(tmp_path)
    run.samples.mkdir()
    noise = np.random.default_rng(0)
    for step in range(100):
        images = noise.integers(0, 255, (100, 8, 8, 1), dtype=np.uint8)
        Shown(images=images).write(run.shown_file(step))
    return run


def test_frames_are_evenly_spaced_and_fit(run: RunDirectory) -> None:
    frames = read_frames(run, budget=10**9)
    assert frames.available == 100
    assert len(frames.frames) == 40
    assert (frames.frames[0].step, frames.frames[-1].step) == (0, 99)
    assert frames.words == "40 of 100 snapshots are shown, evenly spaced."
    one = len(frames.frames[0].picture.content)
    few = read_frames(run, budget=5 * one)
    assert 2 <= len(few.frames) <= 5
    assert sum(len(each.picture.content) for each in few.frames) <= 5 * one
    assert (few.frames[0].step, few.frames[-1].step) == (0, 99)
    assert [each.step for each in read_frames(run, budget=1).frames] == [99]


def test_a_damaged_snapshot_is_a_gap(run: RunDirectory) -> None:
    run.shown_file(0).write_bytes(b"PK")
    frames = read_frames(run, budget=10**9)
    assert len(frames.frames) == 39
    assert "shown_0000000.npz cannot be read" in frames.gaps[0]


def test_old_runs_show_their_pictures(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.samples.mkdir()
    save_png(np.full((20, 30, 3), 7, np.uint8), run.grid_file(5))
    frame = read_frames(run, budget=10**6).frames[0]
    assert (frame.step, frame.count, frame.picture.width, frame.picture.height) == (5, 0, 30, 20)
    assert last_samples(frame).shape == (20, 30, 3)


def test_the_grid_holds_each_image_at_its_own_size() -> None:
    images = np.arange(12, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 3, 1), np.uint8)
    laid = grid(images)
    assert laid.shape == (2 * 5 + 1, 10 * 4 + 1, 3)
    assert [laid[1, 1 + 4 * k, 0] for k in range(10)] == list(range(10))
    assert (laid[6, 1, 0], laid[6, 5, 0]) == (10, 11)


def test_what_is_encoded_is_the_picture() -> None:
    smooth = np.broadcast_to(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], (64, 64, 3))
    picture = encoded(smooth)
    data = base64.b64decode(picture.address.removeprefix("data:image/webp;base64,"))
    back = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    assert np.abs(back - smooth).mean() < 4


def test_large_pictures_are_made_smaller() -> None:
    picture = encoded(np.zeros((3000, 1500, 3), np.uint8), largest=640)
    assert (picture.width, picture.height) == (320, 640)
