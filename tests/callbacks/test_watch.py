"""What the callbacks share, without a library: the real ones are seen in test_lightning.py and test_keras.py."""

from __future__ import annotations

import logging
import math
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ganlab.callbacks.watch import Watch
from ganlab.errors import ConfigError, DataError
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import read_history
from ganlab.runs.snapshots import read_snapshots

Make = Callable[..., Watch]


def points(_: object) -> torch.Tensor:
    return torch.randn(20, 2)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(samples: Any = points, every: int = 10, **given: Any) -> Watch:
        options = {"runs_dir": tmp_path, "loss": "hinge", **given.pop("options", {})}
        return Watch("toy", samples, every, given.pop("columns", None), given.pop("asked", None), options)

    return made


def test_a_run_from_its_first_step_to_its_last(make: Make) -> None:
    watch = make(columns={"loss of D": "d_loss"})
    watch.begin(None, 0, 25)
    for step in range(1, 26):
        watch.take(None, step, {"loss of D": torch.tensor([1.0]), "g_loss": 0.5, "step": 2 * step, "7 x": 7})
    watch.end(model=watch)
    assert watch.monitor is not None
    history = read_history(watch.monitor.run.history)
    assert list(history) == ["step", "time", "d_loss", "g_loss", "logged_step", "logged_7_x"]
    assert history["step"].tolist() == list(range(1, 26))
    assert history["logged_step"].tolist() == list(range(2, 51, 2))
    assert [row["step"] for row in read_snapshots(watch.monitor.run.snapshots)] == [0, 10, 20, 25]
    assert (watch.monitor.run.status().status, watch.monitor.run.status().steps) == ("finished", 25)
    watch.end()  # ends nothing twice


def test_steps_that_are_reported_in_blocks_are_looked_at_in_time(make: Make) -> None:
    watch = make()
    watch.begin(None, 0, None)
    for step in range(7, 50, 7):
        watch.take(None, step, {})
    watch.end()
    assert watch.monitor is not None
    assert [row["step"] for row in read_snapshots(watch.monitor.run.snapshots)] == [0, 14, 21, 35, 42]


def test_samples_are_made_without_a_trace(make: Make) -> None:
    """In eval mode, without gradients; modes and random states are as before."""
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout())
    model[1].eval()
    seen = []

    def samples(module: nn.Sequential) -> torch.Tensor:
        seen.append([part.training for part in module.modules()])
        random.random()
        np.random.rand()  # noqa: NPY002
        made: torch.Tensor = module(torch.randn(20, 2))
        assert not made.requires_grad
        return made

    watch = make(samples)
    torch.manual_seed(3)
    np.random.seed(3)  # noqa: NPY002
    random.seed(3)
    watch.begin(model, 0, None)
    drawn = torch.rand(3).tolist(), np.random.rand(), random.random()  # noqa: NPY002
    watch.end()
    assert seen == [[False] * 4]
    assert [part.training for part in model.modules()] == [True, True, False, True]
    torch.manual_seed(3)
    np.random.seed(3)  # noqa: NPY002
    random.seed(3)
    assert drawn == (torch.rand(3).tolist(), np.random.rand(), random.random())  # noqa: NPY002


@pytest.mark.parametrize(
    ("given", "message"), [({"samples": torch.zeros(3)}, "samples is tensor"), ({"every": 0}, "every is 0")]
)
def test_arguments_are_checked_at_once(given: dict[str, Any], message: str, make: Make) -> None:
    with pytest.raises(ConfigError, match=message):
        make(**given)


def test_samples_that_cannot_be_used_are_told_before_the_first_step(make: Make) -> None:
    watch = make(lambda _: torch.full((20, 3, 8, 8), 255.0))
    with pytest.raises(DataError, match=r"x / 127.5 - 1"):
        watch.begin(None, 0, None)
    assert watch.monitor is not None
    assert watch.monitor.run.status().status == "failed"
    assert not watch.monitor.run.is_held()


def test_what_fails_later_is_a_warning_and_training_goes_on(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    def samples(step: int) -> torch.Tensor:
        if step == 20:
            raise MemoryError("no room")
        return torch.randn(20, 2) if step == 0 else torch.zeros(20, 5)

    watch = make(samples)
    watch.begin(0, 0, None)
    for step in range(1, 31):
        watch.take(step, step, {"d_loss": 1.0, "many": torch.zeros(2), "words": "x" * (step == 9)})
    watch.take(30, 30, {"d_loss": 1.0})
    watch.end()
    assert watch.monitor is not None
    assert watch.monitor.run.status().status == "finished"
    assert read_history(watch.monitor.run.history)["d_loss"].size == 30
    for part in (
        "(20, 5)",
        "no room",
        "the metric many is not one number",
        "the metric words",
        "step 30 after step 30",
    ):
        assert part in caplog.text
    assert caplog.text.count("the metric many") == 1


def test_a_process_that_does_not_write_makes_samples_only(make: Make, tmp_path: Path) -> None:
    calls: list[int] = []
    watch = make(calls.append)
    watch.begin(0, 0, None, writes=False)
    for step in range(1, 21):
        watch.take(step, step, {"d_loss": math.nan})
    watch.end(model=watch)
    assert calls == [0, 10, 20]
    assert watch.monitor is None
    assert list(tmp_path.iterdir()) == []


def test_another_fit_ends_the_run_before(make: Make) -> None:
    watch = make()
    watch.begin(None, 0, None)
    first = watch.monitor
    watch.begin(None, 0, None)
    assert first is not None
    assert first.run.status().status == "interrupted"
    watch.end()
    assert watch.monitor is not first


@pytest.mark.parametrize(
    ("ends", "status", "reason"),
    [
        ("raise ValueError('mine')", "failed", "ValueError: mine"),
        ("raise KeyboardInterrupt", "interrupted", "SIGINT"),
        ("sys.exit(0)", "interrupted", "the program ended"),
    ],
)
def test_a_program_that_ends_in_between_leaves_a_judged_run(
    ends: str, status: str, reason: str, make: Make, tmp_path: Path
) -> None:
    """No library need tell its callbacks."""
    program = f"""
import sys, torch
from ganlab.callbacks.watch import Watch
watch = Watch("toy", lambda _: torch.randn(20, 2), 10, None, None, {{"runs_dir": {str(tmp_path)!r}}})
watch.begin(None, 0, None)
watch.take(None, 1, {{"d_loss": 1.0}})
{ends}
"""
    subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, env=os.environ.copy())
    [run] = tmp_path.iterdir()
    found = RunDirectory(run).status()
    assert (found.status, found.reason) == (status, reason)
    assert (run / "verdict.json").is_file()


def test_what_it_does_is_logged(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "ganlab"):
        watch = make(options={"real": "ring"})
        watch.begin(None, 0, None)
        watch.end()
    assert watch.monitor is not None
    assert f"the run is recorded in {watch.monitor.run.path}" in caplog.text
    assert "preparing the comparison of 20 samples" in caplog.text
    assert "step 0 reads as inconclusive" in caplog.text
