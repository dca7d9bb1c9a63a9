"""The monitor as other people's loops use it; ganlab's own is seen in tests/training."""

from __future__ import annotations

import json
import logging
import math
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
import torch
from PIL import Image

import ganlab
from ganlab.data.named import load_named
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.diagnosis.verdict_files import draw_samples
from ganlab.errors import ConfigError, DataError, RunError
from ganlab.monitor import comparison, recorder
from ganlab.monitor.monitor import Monitor
from ganlab.monitor.recorder import NonFinite
from ganlab.monitor.view import View
from ganlab.runs.history import read_history
from ganlab.runs.snapshots import read_snapshots
from ganlab.training import session

Make = Callable[..., Monitor]


class Collector(View):
    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self.readings: list[str] = []
        self.warnings: list[str] = []
        self.ended = 0

    def progress(self, rows: Any) -> None:
        self.rows += rows

    def reading(self, verdict: Any) -> None:
        self.readings.append(verdict.name)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def end(self) -> None:
        self.ended += 1


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Make a monitor that writes rows only when asked to or when a block is full."""
    monkeypatch.setattr(recorder, "FLUSH_SECONDS", 1e9)
    return lambda *arguments, **options: Monitor(*(arguments or ("toy",)), **{"runs_dir": tmp_path, **options})


def ring(count: int, seed: int = 0, modes: int = 8) -> torch.Tensor:
    """Points of the first Gaussians on the ring, std .01."""
    source = torch.Generator().manual_seed(seed)
    angle = torch.randint(modes, (count,), generator=source) * (math.tau / 8)
    return torch.stack([angle.cos(), angle.sin()], dim=1) + 0.01 * torch.randn(count, 2, generator=source)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_bad_value_is_written_and_told_and_the_loop_goes_on(
    make: Make, bad: float, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "ganlab"), make() as monitor:
        for step, value in enumerate([1.0, 2.0, bad, 4.0], start=1):
            monitor.log(step, d_loss=torch.tensor(value))
        monitor.recorder.flush()
        with pytest.raises(NonFinite) as caught:
            monitor.recorder.require_finite()
        monitor.log(5, d_loss=0.5)
    assert (caught.value.step, caught.value.column) == (3, "d_loss")
    assert monitor.run.history.read_text().splitlines()[3].endswith(str(bad))
    assert len(read_history(monitor.run.history)["step"]) == 5
    assert "d_loss is NaN or infinite at step 3" in caplog.text
    assert monitor.run.status().status == "finished"
    assert json.loads(monitor.run.verdict.read_text())["failure"] == "diverged"
    assert json.loads(monitor.run.verdict.read_text())["onset_step"] == 3


def test_a_foreign_run_directory(make: Make) -> None:
    view = Collector()
    monitor = make(real="ring", loss="minimax", steps=20, views=[view], keep_samples=True)
    assert monitor.run.status().status == "running"
    assert monitor.run.is_held()
    for step in range(21):
        monitor.log(step, d_loss=1.3, g_loss=torch.tensor(0.7), mine=step)
        if step % 5 == 0:
            reading = monitor.snapshot(step, ring(500, seed=step), d_fake=0.5)
    assert reading.failure == "healthy"
    verdict = monitor.finish()
    run, status = monitor.run, monitor.run.status()
    assert not run.is_held()
    assert {p.name for p in run.path.iterdir() if not p.name.startswith(".")} == {
        "run.json", "history.csv", "snapshots.jsonl", "samples", "plots", "log.txt", "verdict.json"
    }  # fmt: skip
    assert {key: getattr(status, key) for key in ("status", "reason", "made_by", "name", "loss", "steps", "step")} == {
        "status": "finished", "reason": "", "made_by": "ganlab.Monitor", "name": "toy", "loss": "minimax",
        "steps": 20, "step": 20,
    }  # fmt: skip
    assert 0 < status.cost.watching_share <= 1
    assert list(read_history(run.history)) == ["step", "time", "d_loss", "g_loss", "mine"]
    rows = read_snapshots(run.snapshots)
    assert [row["step"] for row in rows] == [0, 5, 10, 15, 20]
    assert rows[0]["d_fake"] == 0.5
    assert rows[0]["good"] > 0.95
    assert "c_t" not in rows[0]
    assert "c_t" in rows[-1]
    np.testing.assert_array_equal(np.load(run.samples / "step_0000005.npz")["step_0000005"], ring(500, seed=5).numpy())
    assert (run.samples / "evolution.gif").is_file()
    assert (run.plots / "verdict.png").is_file()
    assert verdict.failure == "healthy"
    assert json.loads(run.verdict.read_text())["summary"] == verdict.summary
    assert (view.readings[:2], view.readings[-1], view.ended) == (["inconclusive"] * 2, "healthy", 1)
    told = [line.split(" ", 1)[1] for line in run.log.read_text().splitlines()]
    *readings, last = told
    assert [line.split(":")[0] for line in readings] == ["step 0 reads as inconclusive", "step 15 reads as healthy"]
    assert last == f"`ganlab report {run.path}` makes a page of it"


def test_what_was_judged_in_memory_is_what_the_files_tell(make: Make) -> None:
    monitor = make(real="ring", loss="hinge", steps=300)
    for step in range(1, 301):
        monitor.log(step, d_loss=1 + math.sin(step), g_loss=torch.tensor(1 / step))
        if step % 30 == 0:
            monitor.snapshot(step, ring(400, seed=step, modes=2))
    verdict = monitor.finish()
    evidence, files = monitor.recorder.evidence.so_far(ended=True), read(monitor.run.path, ReadOptions())
    assert (files.family, files.saturating) == (evidence.family, evidence.saturating)
    assert files.planned == evidence.planned == 300
    assert list(files.snapshots) == list(evidence.snapshots)
    assert files.curves.keys() == evidence.curves.keys()
    for name, curve in files.curves.items():
        np.testing.assert_array_equal(curve.steps, evidence.curves[name].steps)
        np.testing.assert_allclose(curve.values, evidence.curves[name].values, rtol=1e-6)
    assert verdict.name == "mode_collapse/partial"
    assert 0 < verdict.onset_step <= 60


def test_several_discriminators_are_judged_by_name_in_the_loop_and_from_its_files(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """The second one wins from step 100 on; other terms and metrics say nothing of it."""
    with make(loss="non_saturating", steps=400) as monitor:
        for step in range(1, 401):
            noise = 0.02 * math.sin(step)
            won = step > 100
            monitor.log(
                step,
                d_loss_A=1.386 + noise,
                d_loss_B=1e-5 if won else 1.386 + noise,
                g_loss_A=0.7 + noise,
                g_loss_B=12.0 if won else 0.7 + noise,
                d_fid=math.nan,
            )
    assert monitor.reading is not None
    assert monitor.reading.name == "convergence_failure/discriminator_dominates"
    assert monitor.reading.summary.startswith("Discriminator b: ")
    assert 80 < (monitor.reading.onset_step or 0) < 130
    assert ganlab.diagnose(monitor.run.path).summary == monitor.reading.summary
    assert "d_fid is NaN or infinite at step 1" in caplog.text


def test_images_of_an_array(make: Make) -> None:
    """Dark squares whose brightness is their class: samples of one class only, and the same twice as many."""
    source = torch.Generator().manual_seed(0)
    reals = torch.rand(600, 3, 16, 16, generator=source) * 0.5 - 1
    monitor = make(real=reals, steps=3)
    monitor.snapshot(1, reals[:100])
    monitor.snapshot(2, reals[:200].numpy())
    monitor.snapshot(3, reals[:1].expand(200, -1, -1, -1))
    monitor.finish()
    rows = read_snapshots(monitor.run.snapshots)
    assert [row["n"] for row in rows] == [100, 200, 200]
    assert rows[2]["diversity"] == pytest.approx(0, abs=1e-6)
    assert rows[2]["vendi"] == pytest.approx(1, abs=1e-3)
    assert rows[1]["diversity"] == pytest.approx(rows[1]["diversity_real"], rel=0.01)
    assert (monitor.run.plots / "samples.png").is_file()


@pytest.mark.parametrize("shape", [(3, 48, 32), (1, 20, 30)])
def test_images_of_any_size_are_judged_and_diagnosed_alike(
    make: Make, shape: tuple[int, int, int], tmp_path: Path
) -> None:
    """Floats that are not square, in a loop and from files: features, statistics, grids and the sheet."""
    _, height, width = shape

    def ramps(count: int, seed: int) -> torch.Tensor:
        """Slopes of random direction with a little noise."""
        source = torch.Generator().manual_seed(seed)
        turn = torch.rand(count, 1, 1, 1, generator=source) * 2 - 1
        down, right = torch.linspace(-1, 1, height)[:, None], torch.linspace(-1, 1, width)
        noise = 0.1 * torch.randn(count, *shape, generator=source)
        return (0.6 * (turn * down + (1 - turn.abs()) * right) + noise).clamp(-1, 1)

    reals, samples = ramps(300, seed=0), ramps(100, seed=1)
    monitor = make(real=reals, loss="hinge", steps=2, keep_samples=True)
    for step in (1, 2):
        monitor.log(step, d_loss=1.0, g_loss=0.0)
        monitor.snapshot(step, samples)
    monitor.finish()
    (*_, row) = read_snapshots(monitor.run.snapshots)
    assert row["good"] > 0.9
    assert row["fid"] < 3 * row["fid_real"]
    assert {"diversity", "coverage", "vendi", "c_t", "copies"} <= row.keys()
    enlarged = round(660 / (10 * width))
    with Image.open(monitor.run.grid_file(2)) as grid:
        assert grid.size == (10 * (enlarged * width + 2) + 2, 10 * (enlarged * height + 2) + 2)
    assert {path.name for path in monitor.run.plots.glob("*.png")} >= {"samples.png", "verdict.png"}

    real, files = tmp_path / "real.npz", monitor.run.samples / "step_0000002.npz"
    np.savez(real, real=reals.numpy())
    [found] = read(monitor.run.path, ReadOptions(samples=files, real=str(real))).snapshots
    assert found["step"] == 2
    assert found["good"] > 0.9
    assert found["fid"] == pytest.approx(row["fid"], rel=0.5, abs=0.1)
    drawn = draw_samples(Evidence("x"), None, files, None)
    assert drawn is not None
    assert isinstance(drawn.sheet, np.ndarray)


def modes(count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Grey squares, one at each of three places, with noise; and which place."""
    source = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (count,), generator=source)
    values = torch.rand(count, 1, 12, 12, generator=source) * 0.4 - 1
    for label in range(3):
        values[labels == label, :, :, 4 * label : 4 * label + 4] += 1.2
    return values, labels


@pytest.fixture
def labelled() -> tuple[torch.Tensor, torch.Tensor]:
    """Reals whose classes are easily told apart."""
    return modes(600)


def test_a_conditional_loop_says_what_it_asked_for(make: Make, labelled: Any) -> None:
    """First samples that do not look at what they are asked for, then ones that do."""
    monitor = make(real=labelled[0], labels=labelled[1], steps=3)
    values, labels = modes(200, seed=1)
    monitor.snapshot(1, values)
    monitor.snapshot(2, values, asked=labels[torch.randperm(200, generator=torch.Generator().manual_seed(0))])
    monitor.snapshot(3, values.numpy(), asked=labels.numpy().astype(np.int32))
    monitor.finish()
    without, ignored, heeded = read_snapshots(monitor.run.snapshots)
    assert "agreement" not in without
    assert (ignored["asked"], heeded["asked"]) == ("classes", "classes")
    assert ignored["agreement"] == pytest.approx(ignored["agreement_chance"], abs=0.1)
    assert heeded["agreement"] == heeded["agreement_matched"] > 0.95
    assert heeded["agreement_real"] > 0.95
    assert heeded["agreement_chance"] == pytest.approx(1 / 3, abs=0.05)
    assert len(heeded["vendi_by_asked"]) == 3
    files = read(monitor.run.path, ReadOptions())
    assert [row.get("agreement") for row in files.snapshots] == [None, ignored["agreement"], heeded["agreement"]]


def test_a_close_look_at_the_end_keeps_what_was_asked(make: Make, labelled: Any) -> None:
    monitor = make(real=labelled[0], labels=labelled[1], steps=1000)
    values, labels = modes(100, seed=1)
    monitor.snapshot(1, values, asked=labels)
    monitor.finish()
    (row,) = read_snapshots(monitor.run.snapshots)
    assert "c_t" in row
    assert row["agreement"] > 0.9


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (torch.zeros(99, dtype=torch.int64), r"of shape \(99,\) for 100 samples"),
        (torch.zeros(100, 1, dtype=torch.int64), r"of shape \(100, 1\) for 100 samples"),
        (torch.zeros(100, 3), r"of shape \(100, 3\) for 100 samples"),
        (torch.zeros(100), "float32"),
        (torch.full((100,), -1), "one integer from 0"),
        (torch.full((100,), 3), "asked holds class 3, and the real data have 3 classes"),
        (np.arange(100), "asked holds class 99, and the real data have 3 classes"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(asked: Any, message: str, make: Make, labelled: Any) -> None:
    monitor = make(real=labelled[0], labels=labelled[1])
    with pytest.raises(DataError, match=message):
        monitor.snapshot(1, modes(100, seed=1)[0], asked=asked)
    assert read_snapshots(monitor.run.snapshots) == []


@pytest.mark.parametrize("real", ["none", "unlabelled"])
def test_without_labels_nothing_can_be_asked_for(real: str, make: Make, labelled: Any) -> None:
    monitor = make(real=None if real == "none" else labelled[0])
    with pytest.raises(DataError, match="the real data have 0 classes"):
        monitor.snapshot(1, modes(100, seed=1)[0], asked=torch.zeros(100, dtype=torch.int64))


def test_without_reals_only_variety_is_measured(make: Make) -> None:
    monitor = make(loss="non_saturating")
    for step in (10, 20, 30):
        monitor.snapshot(step, ring(100))
    verdict = monitor.finish()
    (row, *_) = read_snapshots(monitor.run.snapshots)
    assert row["diversity"] == pytest.approx(torch.pdist(ring(100)).mean().item() / math.sqrt(2), rel=1e-4)
    assert "good" not in row
    assert verdict.failure == "inconclusive"
    assert verdict.missing


def test_samples_that_are_no_numbers_are_recorded(make: Make) -> None:
    monitor = make(real="ring")
    points = ring(50)
    points[3, 1] = float("nan")
    monitor.snapshot(1, points)
    (row,) = read_snapshots(monitor.run.snapshots)
    assert row["diversity"] is None
    assert {"diversity", "samples"} <= set(row["non_finite"])
    monitor.finish()


@pytest.mark.parametrize("real", ["ring", None])
def test_samples_that_are_no_numbers_are_diverged(real: Any, make: Make, caplog: pytest.LogCaptureFixture) -> None:
    monitor = make(real=real)
    for step in range(1, 7):
        monitor.log(step, d_loss=1.3, g_loss=0.7)
        reading = monitor.snapshot(step, torch.full((50, 2), math.nan) if step > 2 else ring(50, seed=step))
        assert (reading.failure == "diverged") == (step > 2)
    verdict = monitor.finish()
    assert (verdict.failure, verdict.onset_step, verdict.evidence[0].signal) == ("diverged", 3, "non_finite")
    assert "samples became NaN or infinite at step 3" in verdict.summary
    assert caplog.text.count("samples hold NaN or infinite numbers") == 1
    assert diagnose(read(monitor.run.path, ReadOptions())).as_json()["summary"] == verdict.summary


def test_points_beyond_float32_are_infinite(make: Make) -> None:
    monitor = make()
    assert monitor.snapshot(1, ring(50).double() * 1e200).failure == "diverged"
    with pytest.raises(DataError, match="NaN or infinite"):
        make(real=ring(50).double() * 1e200)


def digits(count: int) -> torch.Tensor:
    """Real digits (N, 1, 28, 28), 0 to 255."""
    return load_named("mnist")[1].held_out.values[:count].float()  # type: ignore[index]


@pytest.mark.parametrize(
    ("samples", "reals", "said"),
    [
        (lambda x: x / 255, None, "no pixel of the samples is below 0: they are read as images in [0, 1]"),
        (lambda x: x, None, "they are read as images in [0, 255]"),
        (lambda x: x / 255, lambda x: x / 127.5 - 1, "tells them apart by their scale alone"),
        (lambda x: x / 255, lambda x: x / 255, "samples and real ones are in [0, 1]"),
        (lambda x: x / 255 - 0.02, lambda x: x / 255, "samples reach from -0.02 to 0.98: what lies beyond [0, 1] is"),
        (lambda x: x, lambda x: x.byte(), "they are read as images in [0, 255]"),
    ],
)
def test_samples_on_any_scale_are_good_samples(
    samples: Any, reals: Any, said: str, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    images = digits(400)
    monitor = make(real="mnist" if reals is None else reals(images), steps=3)
    for step in (1, 2, 3):
        monitor.snapshot(step, samples(images[:100]))
    assert said in caplog.text
    assert caplog.text.count("read as images in") <= 1
    assert all(row["good"] > 0.9 for row in read_snapshots(monitor.run.snapshots))
    assert monitor.finish().failure in ("healthy", "inconclusive", "memorisation")


def test_a_scale_that_was_mistaken_is_put_right(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """A generator whose first pictures are grey or white, to the last pixel."""
    monitor = make(real="mnist")
    images = digits(100)
    monitor.snapshot(1, torch.full_like(images, 0.25))
    monitor.snapshot(2, images / 255)
    monitor.snapshot(3, images / 127.5 - 1)
    assert "those of the snapshots before were read as if they were in [0, 1]" in caplog.text
    assert [row["good"] > 0.9 for row in read_snapshots(monitor.run.snapshots)] == [False, True, True]


def test_samples_that_cannot_be_compared_are_a_gap_and_no_failure(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    monitor = make(real="mnist", steps=3)
    for step in (1, 2, 3):
        monitor.snapshot(step, digits(100) / 255 - 0.5)
    assert "step 1 is not compared with real images: the samples look as if [-0.5, 0.5] had been taken" in caplog.text
    assert monitor.finish().failure == "inconclusive"
    assert all(row["diversity"] > 0 and "good" not in row for row in read_snapshots(monitor.run.snapshots))


@pytest.mark.parametrize(
    ("real", "samples", "said"),
    [
        ((60, 12, 12), (20, 16, 16), "samples are 16 x 16 pixels in grey, and real ones 12 x 12 pixels in grey"),
        ((60, 16, 16), (20, 12, 12), "they are compared as 12 x 12 pixels in grey"),
        ((60, 12, 18, 3), (20, 12, 12), "they are compared as 12 x 12 pixels in grey"),
        ((60, 12, 12), (20, 12, 12, 3), "samples are 12 x 12 pixels in colour, and real ones 12 x 12 pixels in grey"),
    ],
)
def test_reals_of_another_size_are_compared_at_the_smaller_one(
    real: Any, samples: Any, said: str, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    source = np.random.default_rng(0)
    monitor = make(real=source.integers(0, 256, real, np.uint8))
    for step in (1, 2):
        monitor.snapshot(step, source.integers(0, 256, samples, np.uint8))
    monitor.finish()
    assert caplog.text.count(said) == 1
    rows = read_snapshots(monitor.run.snapshots)
    assert len(rows) == 2
    assert all("fid" in row for row in rows)


@pytest.mark.parametrize(("real", "samples"), [("ring", torch.zeros(20, 1, 8, 8)), ("mnist", torch.zeros(20, 2))])
def test_samples_of_another_kind_than_the_reals_are_a_gap(
    real: str, samples: torch.Tensor, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    with make(real=real) as monitor:
        for step in (1, 2):
            monitor.snapshot(step, samples, asked=np.zeros(20, np.int64))
    assert caplog.text.count("the comparison with real samples could not be made, and training goes on without") == 1
    assert [row["n"] for row in read_snapshots(monitor.run.snapshots)] == [20, 20]


@pytest.mark.parametrize(
    ("misuse", "error", "message"),
    [
        (lambda m: (m.log(5, d_loss=1.0), m.log(5, g_loss=1.0)), RunError, "step 5 after step 5"),
        (lambda m: (m.log(5, d_loss=1.0), m.log(4, d_loss=1.0)), RunError, "step 4 after step 5"),
        (lambda m: m.log(-1, d_loss=1.0), RunError, "integer from 0"),
        (lambda m: m.log(1.5, d_loss=1.0), RunError, "integer from 0"),
        (lambda m: m.log(1, d_loss=torch.ones(4)), RunError, r"d_loss=d_loss.mean\(\)"),
        (lambda m: (m.snapshot(5, ring(10)), m.snapshot(5, ring(10))), RunError, "step 5 after step 5"),
        (lambda m: m.snapshot(5, ring(10), d_reel=0.5), RunError, "d_held_out"),
        (lambda m: (m.finish(), m.log(9, d_loss=1.0)), RunError, "is finished"),
        (lambda m: (m.finish(), m.snapshot(9, ring(10))), RunError, "is finished"),
        (lambda m: (m.finish(), m.finish()), RunError, "is finished"),
        (lambda m: m.snapshot(5, ring(10), d_fake=None), RunError, "d_fake is no number"),
        (lambda m: m.snapshot(5, ring(10), d_fake="x"), RunError, "d_fake is no number"),
        (lambda m: m.snapshot(5, ring(10), d_fake=torch.ones(3)), RunError, "shape"),
        (lambda m: m.snapshot(5, ring(10), d_fake=1j), RunError, "d_fake is no number"),
        (lambda m: m.snapshot(5, ring(10), d_fake=10**400), RunError, "too large"),
        (lambda m: m.snapshot(5, ring(10), protocol="EMA"), RunError, "protocol is 'EMA'"),
        (lambda m: m.snapshot(5, ring(10), protocol={"latents": 3}), RunError, "from text to text"),
        (lambda m: m.snapshot(5, [[1.0, 2.0], [3.0]]), DataError, "cannot be read as an array"),
        (lambda m: m.snapshot(5, None), DataError, "samples"),
        (lambda m: m.finish("done"), RunError, "cannot end as 'done'"),
        (lambda m: m.finish("running"), RunError, "cannot end as 'running'"),
    ],
)
def test_misuse_is_told(misuse: Callable[[Monitor], Any], error: type[Exception], message: str, make: Make) -> None:
    with pytest.raises(error, match=message):
        misuse(make(real="ring"))


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (("../up",), {}, ConfigError, "cannot be called"),
        (("a b",), {}, ConfigError, "cannot be called"),
        (("toy\n",), {}, ConfigError, "cannot be called"),
        ((None,), {}, ConfigError, "cannot be called"),
        (("toy",), {"loss": "bce"}, ConfigError, "non_saturating"),
        (("toy",), {"steps": 0}, ConfigError, "steps"),
        (("toy",), {"steps": 10**30}, ConfigError, "steps"),
        (("toy",), {"seed": "x"}, ConfigError, "seed"),
        (("toy",), {"loss": []}, ConfigError, "loss"),
        (("toy",), {"views": 3}, ConfigError, "views"),
        (("toy",), {"views": [print]}, ConfigError, "views"),
        (("toy",), {"runs_dir": None}, RunError, "runs_dir is None"),
        (("toy",), {"runs_dir": 3}, RunError, "runs_dir is 3"),
        (("toy",), {"runs_dir": "a\0b"}, RunError, "null character"),
        (("toy", "imagenet"), {}, DataError, "imagenet"),
        (("toy", 3 * torch.rand(20, 1, 8, 8)), {}, DataError, r"\[0, 1\]"),
    ],
)
def test_what_cannot_be_watched_leaves_nothing_behind(
    arguments: Any, options: Any, error: type[Exception], message: str, make: Make, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        make(*arguments, **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (ValueError("of mine"), "failed", "ValueError: of mine"),
        (KeyboardInterrupt(), "interrupted", "SIGINT"),
    ],
)
def test_an_exception_leaves_a_judged_run(error: BaseException, status: str, reason: str, make: Make) -> None:
    monitor = make()

    def loop() -> None:
        with monitor:
            monitor.log(1, d_loss=1.0)
            raise error

    with pytest.raises(type(error)):
        loop()
    assert (monitor.run.status().status, monitor.run.status().reason) == (status, reason)
    assert read_history(monitor.run.history)["d_loss"].tolist() == [1.0]
    assert monitor.run.verdict.is_file()


def test_it_is_opened_like_any_run_but_not_resumed(make: Make) -> None:
    with make() as monitor:
        monitor.log(0, d_loss=1.0)
    run = ganlab.load_run(monitor.run.path)
    assert run.verdict is not None
    assert run.verdict["failure"] == "inconclusive"
    with pytest.raises(RunError, match="another program"):
        session.resume(run.directory)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_own_images_are_judged_within_the_modes_of_a_loop(make: Make, mode: Any) -> None:
    """Features of images without a known classifier are trained at the first snapshot, wherever that is."""
    real = np.random.default_rng(0).integers(0, 256, (60, 12, 12, 3), np.uint8)
    monitor = make(real=real)
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    random.seed(5)
    with mode():
        for step in (1, 2):
            monitor.snapshot(step, torch.rand(20, 3, 12, 12) * 2 - 1)
        drawn = torch.rand(3).tolist(), np.random.rand(), random.random()  # noqa: NPY002
        verdict = monitor.finish()
    assert [row["n"] for row in read_snapshots(monitor.run.snapshots)] == [20, 20]
    assert verdict.failure == json.loads(monitor.run.verdict.read_text())["failure"]
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    random.seed(5)
    for _ in range(2):
        torch.rand(20, 3, 12, 12)
    assert drawn == (torch.rand(3).tolist(), np.random.rand(), random.random()), "as if nobody had watched"  # noqa: NPY002


def test_a_folder_of_reals_is_read_as_large_as_the_samples(make: Make, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    source = np.random.default_rng(0)
    for number in range(30):
        size = (40 + number, 40, 3)
        Image.fromarray(source.integers(0, 256, size, np.uint8)).save(tmp_path / "real" / f"{number}.png")
    monitor = make(real=tmp_path / "real")
    for step, side in ((1, 12), (2, 12), (3, 16)):  # a generator that grows
        monitor.snapshot(step, source.integers(0, 256, (20, side, side, 3), np.uint8))
    monitor.snapshot(4, ring(20))
    monitor.finish()
    rows = read_snapshots(monitor.run.snapshots)
    assert [(row["n"], row["protocol"].get("n_real")) for row in rows] == [(20, 15)] * 3 + [(20, None)]
    assert [row.get("phase_since") for row in rows] == [None, None, 3, 3]
    assert monitor.recorder.evidence.so_far().phases == (3,)


def test_grey_samples_beside_colour_pictures_are_told(
    make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "real").mkdir()
    source = np.random.default_rng(0)
    for number in range(30):
        Image.fromarray(source.integers(0, 256, (16, 16, 3), np.uint8)).save(tmp_path / "real" / f"{number}.png")
    make(real=tmp_path / "real").snapshot(1, source.integers(0, 256, (20, 16, 16), np.uint8))
    assert "the samples are grey: the colour pictures of" in caplog.text


def test_pixels_beyond_the_range_are_cut_off_as_in_pictures(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """A generator need not have bounds."""
    monitor = make(keep_samples=True)
    samples = torch.linspace(-3, 2, 30 * 64).reshape(30, 1, 8, 8)
    samples[0, 0, 0, 0] = math.nan
    monitor.snapshot(1, samples)
    monitor.snapshot(2, samples.abs() + 1)
    monitor.snapshot(3, samples * 0)
    assert caplog.text.count("what lies beyond [-1, 1] is cut off") == 1
    assert "samples reach from -3 to 2:" in caplog.text or "samples reach from -2.99" in caplog.text
    assert "samples" in read_snapshots(monitor.run.snapshots)[0].non_finite
    monitor.finish()
    with pytest.raises(DataError, match="x / 127"):
        make().snapshot(1, samples.abs() * 10)


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16])
def test_the_type_of_floats_that_the_loop_prefers_is_left_alone(
    kind: torch.dtype, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    before = torch.get_default_dtype()
    torch.set_default_dtype(kind)
    try:
        make(real=np.random.default_rng(0).integers(0, 256, (60, 12, 12, 3), np.uint8)).snapshot(
            1, torch.zeros(20, 3, 12, 12)
        )
        assert torch.get_default_dtype() == kind
    finally:
        torch.set_default_dtype(before)
    assert "could not be made" not in caplog.text


def test_a_statistic_that_fails_is_a_gap_and_the_loop_goes_on(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def features_for(*_: object) -> NoReturn:
        raise MemoryError("the features need 40 GB")

    monkeypatch.setattr(comparison, "features_for", features_for)
    monitor = make(real=np.random.default_rng(0).integers(0, 256, (60, 13, 13), np.uint8))
    monitor.snapshot(1, torch.zeros(20, 1, 13, 13))
    monitor.log(2, d_loss=1.0)
    monitor.finish()
    assert "the statistics of step 1 could not be made, and training goes on without: MemoryError" in caplog.text
    assert [(row.step, row["n"]) for row in read_snapshots(monitor.run.snapshots)] == [(1, 20)]
    assert monitor.run.status().status == "finished"


@pytest.mark.parametrize("as_folder", [True, False])
def test_a_few_real_images_are_refused_before_the_first_step(make: Make, tmp_path: Path, as_folder: bool) -> None:
    images = np.random.default_rng(0).integers(0, 256, (15, 13, 13), np.uint8)
    for number, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    with pytest.raises(DataError, match=r"holds 15 [\s\S]*give at least 16"):
        make(real=tmp_path if as_folder else images, runs_dir=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_cache_that_cannot_be_used_costs_no_statistic(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # A file is where its folder would be.
    (cache := make().run.path / "cache").write_text("not a folder")
    monkeypatch.setenv("GANLAB_CACHE", str(cache))
    monitor = make(real=np.random.default_rng(0).integers(0, 256, (60, 13, 13), np.uint8))
    monitor.snapshot(1, torch.zeros(20, 1, 13, 13))
    monitor.finish()
    assert "free some space there, or set GANLAB_CACHE" in caplog.text
    assert "fid" in read_snapshots(monitor.run.snapshots)[0]


@pytest.mark.parametrize("fault", ["cache", "images"])
def test_a_folder_of_reals_that_cannot_be_read_is_a_gap_and_the_loop_goes_on(
    fault: str, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "real").mkdir()
    for number in range(20):
        path = tmp_path / "real" / f"{number}.png"
        Image.new("L", (16, 16), number).save(path)
        if fault == "images":
            path.write_bytes(path.read_bytes()[:40])
    if fault == "cache":
        (tmp_path / "cache").write_text("not a folder")
        monkeypatch.setenv("GANLAB_CACHE", str(tmp_path / "cache"))
    monitor = make(real=tmp_path / "real")
    source = np.random.default_rng(0)
    for step in (1, 2):
        monitor.snapshot(step, source.integers(0, 256, (20, 16, 16, 3), np.uint8))
    monitor.finish()
    why = "set GANLAB_CACHE to a folder you can write" if fault == "cache" else "none of the 20 images"
    assert caplog.text.count("the comparison with real samples could not be made, and training goes on without") == 1
    assert why in caplog.text
    rows = read_snapshots(monitor.run.snapshots)
    assert [row["n"] for row in rows] == [20, 20]
    assert all(row["diversity"] > 0 and "fid" not in row for row in rows)


def test_steps_may_be_integers_of_numpy(make: Make) -> None:
    with make(steps=np.int64(3)) as monitor:
        for step in np.arange(1, 4):
            monitor.log(step, d_loss=1.0)
            monitor.snapshot(step, ring(20))
    assert [row["step"] for row in read_snapshots(monitor.run.snapshots)] == [1, 2, 3]
    assert (monitor.run.status().step, monitor.run.status().steps) == (3, 3)


@pytest.mark.parametrize("step", [-1, 1.0, True, "1", None, 10**30, np.float32(1)])
def test_what_is_no_step_is_refused(step: Any, make: Make) -> None:
    with make() as monitor:
        for call in (monitor.log, lambda step: monitor.snapshot(step, ring(20))):
            with pytest.raises(RunError, match="for a step"):
                call(step)


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


def test_an_exception_whose_text_cannot_be_made_is_named_by_its_type(make: Make) -> None:
    with pytest.raises(Unspeakable), make() as monitor:
        raise Unspeakable
    assert (monitor.run.status().status, monitor.run.status().reason) == ("failed", "Unspeakable")


def test_the_exception_of_the_loop_is_not_replaced_by_one_of_the_monitor(make: Make) -> None:
    view = Collector()
    monitor = make(views=[view])
    monitor.log(1, d_loss=1.0)
    shutil.rmtree(monitor.run.path)
    with pytest.raises(ZeroDivisionError), monitor:
        1 / 0  # noqa: B018
    assert any("rows of history.csv up to step 1 could not be made" in text for text in view.warnings)
    assert (monitor.open, view.ended) == (False, 1)
    monitor.run.path.mkdir()
    with monitor.run.held():
        """Nobody holds it any more."""


def test_a_directory_that_cannot_be_written_ends_no_loop(make: Make) -> None:
    """Rows, snapshots and the verdict are lost, and each of these is told; what was logged is still judged."""
    view = Collector()
    monitor = make(real="ring", steps=6, views=[view])
    shutil.rmtree(monitor.run.path)
    for step in range(1, 7):
        monitor.log(step, d_loss=1.3, g_loss=0.7)
        monitor.snapshot(step, ring(50, seed=step))
    assert monitor.finish().failure == "inconclusive"
    for what in ("rows of history.csv up to step 1", "the row of step 3", "verdict.json", "plots", "run.json"):
        assert any(text.startswith(f"{what} ") for text in view.warnings), what


def test_the_copy_of_a_fork_writes_nothing(make: Make) -> None:
    """As in a worker of a DataLoader that holds the monitor."""
    monitor = make()
    monitor.log(1, d_loss=1.0)
    worker = os.fork()
    if not worker:
        try:
            monitor.log(1, d_loss=2.0)
            told = monitor.snapshot(2, ring(50)).failure == monitor.finish().failure == "inconclusive"
        finally:
            os._exit(7 if told else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == 7
    assert monitor.run.is_held()
    monitor.log(2, d_loss=3.0)
    monitor.finish()
    assert read_history(monitor.run.history)["d_loss"].tolist() == [1.0, 3.0]
    assert not monitor.run.snapshots.exists()


class Fails(View):
    def reading(self, verdict: Any) -> None:
        raise ArithmeticError("no reading")


def test_a_run_whose_judging_fails_is_closed_all_the_same(make: Make) -> None:
    monitor = make(views=[Fails()])
    monitor.log(1, d_loss=1.0)
    with pytest.raises(ArithmeticError, match="no reading"):
        monitor.finish()
    assert (monitor.run.status().status, monitor.run.status().reason) == ("failed", "ArithmeticError: no reading")
    assert not monitor.run.is_held()
    with pytest.raises(RunError, match="is finished"):
        monitor.finish()


def test_the_reason_is_the_error_of_the_loop_even_if_judging_fails(make: Make) -> None:
    with pytest.raises(ZeroDivisionError), make(views=[Fails()]) as monitor:
        1 / 0  # noqa: B018
    assert monitor.run.status().reason == "ZeroDivisionError: division by zero"
