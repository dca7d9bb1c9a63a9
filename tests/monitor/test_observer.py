from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from ganlab.config.data import RingOptions
from ganlab.data import load
from ganlab.domain import Points
from ganlab.games.rounds import Phase
from ganlab.monitor.comparison import Comparison
from ganlab.monitor.observer import Observer, SampleFacts
from ganlab.monitor.pictures import Pictures
from ganlab.monitor.recorder import Recorder
from ganlab.monitor.view import View
from ganlab.runs.directory import new_run
from ganlab.runs.snapshots import read_snapshots
from ganlab.runs.status import RunStatus


class Collector(View):
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def picture(self, step: int, pixels: Any) -> None:
        self.seen.append(("picture", step, pixels.shape))

    def reading(self, verdict: Any) -> None:
        self.seen.append(("reading", verdict.steps[1], verdict.name))


def observer(folder: Path, real: bool = True, steps: int = 30, view: View | None = None) -> Observer:
    run = new_run(folder, "toy")
    recorder = Recorder(run, RunStatus(status="running", steps=steps), views=[] if view is None else [view])
    options = RingOptions(name="ring")
    comparison = Comparison(load(options, 1), options, 0) if real else None
    return Observer(recorder, comparison, Pictures(recorder))


def lump(count: int = 60) -> torch.Tensor:
    """Points between the modes of the ring, all but alike."""
    return 0.01 * torch.randn(count, 2, generator=torch.Generator().manual_seed(count))


def test_samples_become_a_row_a_picture_and_a_reading(tmp_path: Path) -> None:
    view = Collector()
    watching = observer(tmp_path, view=view)
    facts = SampleFacts({"latents": "fixed"}, {"d_fake": 0.25}, game="standard", phase=Phase(28, 5))
    reading = watching.snapshot(10, lump(), Points(), facts)
    (row,) = read_snapshots(watching.recorder.run.snapshots)
    assert row == watching.recorder.evidence.snapshots[0]
    assert (row["step"], row["n"], row["d_fake"], row["game"]) == (10, 60, 0.25, "standard")
    assert (row["phase_size"], row["phase_since"]) == (28, 5)
    assert row["protocol"]["latents"] == "fixed"
    assert row["protocol"]["n_fake"] == 60
    assert watching.reading is reading
    assert json.loads(watching.recorder.run.verdict.read_text())["failure"] == reading.failure == "inconclusive"
    assert view.seen == [("picture", 10, (512, 512, 3)), ("reading", 10, "inconclusive")]


def test_without_reals_a_row_tells_of_variety_alone(tmp_path: Path) -> None:
    watching = observer(tmp_path, real=False)
    watching.snapshot(10, lump(), Points(), SampleFacts())
    (row,) = read_snapshots(watching.recorder.run.snapshots)
    assert set(row) == {"step", "time", "n", "diversity", "protocol"}


def test_a_verdict_stands_once_it_is_read_long_enough(tmp_path: Path) -> None:
    watching = observer(tmp_path)
    assert not watching.stands(("never_learned",))
    stood = []
    for step in range(1, 31):
        watching.recorder.log(step, {"d_loss": 0.1, "g_loss": 3.0})
        if step % 3 == 0:
            watching.snapshot(step, lump(), Points(), SampleFacts())
            stood += [step] * watching.stands((watching.reading.name,))
    assert watching.reading is not None
    assert watching.reading.name != "inconclusive"
    assert stood
    assert not watching.stands(("healthy",))


def test_the_best_step_is_that_of_the_nearest_samples(tmp_path: Path) -> None:
    watching = observer(tmp_path)
    assert watching.best_step is None
    assert watching.comparison is not None
    reals = watching.comparison.real.train.values
    for step, samples in ((1, lump()), (2, reals[:60]), (3, lump())):
        watching.snapshot(step, samples, Points(), SampleFacts())
    assert watching.best_step == 2


@pytest.mark.parametrize("last", [29, 30])
def test_the_last_samples_are_looked_at_thoroughly_once(tmp_path: Path, last: int) -> None:
    watching = observer(tmp_path)
    for step in (10, last):
        watching.snapshot(step, lump(), Points(), SampleFacts(scores={"d_fake": 0.5}))
    assert ("c_t" in watching.recorder.evidence.snapshots[-1]) is (last == 30)
    verdict = watching.finish()
    first, second = read_snapshots(watching.recorder.run.snapshots)
    assert "c_t" not in first
    assert "c_t" in second
    assert second["d_fake"] == 0.5
    assert json.loads(watching.recorder.run.verdict.read_text())["summary"] == verdict.summary
    assert (watching.recorder.run.plots / "verdict.png").is_file()


def test_log_txt_hears_of_a_verdict_only_when_it_changes(tmp_path: Path) -> None:
    watching = observer(tmp_path)
    for step in (1, 2, 3):
        watching.snapshot(step, lump(), Points(), SampleFacts())
    lines = watching.recorder.run.log.read_text().splitlines()
    assert len(lines) < 3
    assert "step 1 reads as inconclusive" in lines[0]
