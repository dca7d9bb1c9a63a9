"""Row 1: kill -9 at a random moment, then the same command again, until the run is finished."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

import ganlab
from ganlab.runs.directory import RunDirectory, list_runs

OVERRIDES = {
    "points": ("training.device=cpu", "training.steps=30", "monitor.checkpoint_every=4"),
    "images": ("training.device=cpu", "monitor.checkpoint_every=2"),
}
MOST_KILLS = 3


def finished_runs(runs_dir: Path) -> list[RunDirectory]:
    """Return the runs that say they are finished."""
    return [run for run in list_runs(runs_dir) if run.status().status == "finished"]


def killed_until_done(child: Any, experiment: Any, runs_dir: Path, longest: float, chance: random.Random) -> None:
    """Train in children that are killed after a random time each, then in one that is not."""
    for kills in range(MOST_KILLS + 1):
        process = child(lambda: ganlab.train(experiment, runs_dir=runs_dir, resume=True).path)
        if kills < MOST_KILLS:
            time.sleep(chance.uniform(0.0, longest))
            process.send(signal.SIGKILL)
        ended = process.wait()
        assert ended.code in (0, -signal.SIGKILL), ended.output
        if finished_runs(runs_dir):  # perhaps killed on its way out, when the run was done
            return
    raise AssertionError("unreachable")


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize(
    ("kind", "trials"),
    [
        ("points", 3),
        ("images", 1),
        pytest.param("points", 100, marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
        pytest.param("images", 50, marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
    ],
)
def test_a_run_killed_at_any_moment_ends_as_if_it_had_not_been(
    kind: str, trials: int, request: Any, runs: Any, child: Any, differences: Any, figure: Any, tmp_path: Path
) -> None:
    experiment = request.getfixturevalue(kind)(*OVERRIDES[kind])
    whole = runs.whole(experiment)
    start = time.perf_counter()
    assert child(lambda: ganlab.train(experiment, runs_dir=tmp_path / "timing")).wait().code == 0
    longest = 0.9 * (time.perf_counter() - start)

    identical = tried = attempt = 0
    while tried < trials:
        runs_dir, attempt = tmp_path / str(attempt), attempt + 1
        killed_until_done(child, experiment, runs_dir, longest, random.Random(attempt))
        finished = finished_runs(runs_dir)
        assert len(finished) == 1
        if not finished[0].status().resumed:
            continue  # every kill fell before there was something to go on from
        found = differences(finished[0], whole)
        assert not found, f"attempt {attempt}: {found}"
        tried += 1
        identical += not found
    figure(1, f"{kind}: killed at a random moment, resumed; identical", identical, trials)
