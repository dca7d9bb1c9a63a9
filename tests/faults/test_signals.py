"""Row 5: SIGTERM or SIGINT, once, in each phase of a run; SIGINT twice; and from outside, on the real command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ganlab.config.load import dump_experiment
from ganlab.monitor.pictures import Pictures
from ganlab.runs.directory import RunDirectory
from ganlab.training import session, watch
from ganlab.training.optimizers import NetworkOptimizer

OVERRIDES = ("training.device=cpu", "training.steps=8", "monitor.checkpoint_every=3", "monitor.snapshot_every=4")
EXIT_CODES = {signal.SIGTERM: 75, signal.SIGINT: 130}
GRACE = 10.0
"""Seconds in which a toy run must have saved and left."""


class Clock:
    """Sends this process a signal once, at a moment, and prints how long after it something ends."""

    def __init__(self, number: int, moment: int) -> None:
        self.number = number
        self.left = moment
        self.sent = 0.0

    def tick(self) -> None:
        """Send the signal when called for the moment-th time."""
        self.left -= 1
        if self.left == 0:
            self.sent = time.perf_counter()
            os.kill(os.getpid(), self.number)


def before_and_after(function: Callable[..., Any], tick: Callable[[], None]) -> Callable[..., Any]:
    """Return the function with a tick at its start and one at its end."""

    def ticking(*arguments: Any, **options: Any) -> Any:
        tick()
        result = function(*arguments, **options)
        tick()
        return result

    return ticking


PHASES: dict[str, tuple[Callable[[Callable[[], None]], None], int]] = {
    "training step": (
        lambda tick: setattr(NetworkOptimizer, "minimise", before_and_after(NetworkOptimizer.minimise, tick)),
        32,
    ),
    "snapshot": (lambda tick: setattr(watch.Watch, "look", before_and_after(watch.Watch.look, tick)), 6),
    "saving": (lambda tick: setattr(watch, "save_checkpoint", before_and_after(watch.save_checkpoint, tick)), 8),
    "last plots": (lambda tick: setattr(Pictures, "plot", before_and_after(Pictures.plot, tick)), 2),
}
"""How to tick in each phase, and how often a run of 8 steps ticks there."""


def signalled(child: Any, experiment: Any, place: Path, phase: str, moment: int, number: int) -> Any:
    """Train in a child that gets a signal at a moment of a phase; its value is how long it took to leave."""

    def work() -> float:
        patch, _ = PHASES[phase]
        clock = Clock(number, moment)
        patch(clock.tick)
        try:
            session.start(experiment, place)
        finally:
            print(f"left after {time.perf_counter() - clock.sent:.3f} s")
        return time.perf_counter() - clock.sent

    return child(work).wait()


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
@pytest.mark.parametrize("phase", list(PHASES))
def test_one_signal_in_each_phase(
    phase: str,
    every: int,
    points: Any,
    runs: Any,
    child: Any,
    differences: Any,
    figure: Any,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    if phase != "last plots":
        request.getfixturevalue("no_plots")
    experiment = points(*OVERRIDES)
    whole = runs.whole(experiment)
    good = trials = 0
    for moment in range(1, PHASES[phase][1] + 1, 2 * every if phase == "training step" and every > 1 else every):
        for number, code in EXIT_CODES.items():
            place = tmp_path / f"{moment}-{number}"
            ended = signalled(child, experiment, place, phase, moment, number)
            (path,) = place.iterdir()
            run = RunDirectory(path)
            status = run.status()
            at_end = status.status == "finished"
            # At the last step there is nothing left to stop: the run is whole, and says so.
            assert ended.code == (0 if at_end else code), ended.output
            assert at_end == (status.step == 8), status
            seconds = float(ended.output.rpartition("left after ")[2].split()[0])
            if not at_end:
                assert (status.status, status.reason) == ("interrupted", signal.Signals(number).name)
                assert f"stopped after step {status.step} of 8" in ended.output
                again = child(lambda run=run: session.resume(run)).wait()
                assert again.code == 0, again.output
            found = differences(run, whole)
            assert not found, found
            trials += 1
            good += seconds < GRACE
    figure(5, f"SIGTERM or SIGINT in the phase '{phase}'; saved within grace, resumed identical", good, trials)
    assert good == trials


@pytest.mark.usefixtures("no_plots")
def test_a_second_sigint_leaves_at_once(
    points: Any, runs: Any, child: Any, differences: Any, figure: Any, tmp_path: Path
) -> None:
    experiment = points(*OVERRIDES)
    good, firsts = 0, (signal.SIGINT, signal.SIGTERM)
    for first in firsts:
        place = tmp_path / first.name

        def endless_step(place: Path = place) -> None:
            minimise = NetworkOptimizer.minimise

            def slow(self: NetworkOptimizer, loss: Any) -> None:
                minimise(self, loss)
                if (place / "step").exists():
                    (place / "waiting").touch()
                    time.sleep(60)

            NetworkOptimizer.minimise = slow  # type: ignore[method-assign]
            session.start(experiment, place)

        place.mkdir()
        (place / "step").touch()
        process = child(endless_step)
        while not (place / "waiting").exists():
            time.sleep(0.01)
        process.send(first)
        time.sleep(0.3)
        begun = time.perf_counter()
        process.send(signal.SIGINT)
        ended = process.wait()
        seconds = time.perf_counter() - begun
        assert ended.code == 130, ended.output
        (path,) = (path for path in place.iterdir() if path.is_dir())
        run = RunDirectory(path)
        assert run.status().status == "interrupted"
        again = child(lambda run=run: session.resume(run)).wait()
        assert again.code == 0, again.output
        good += seconds < 2.0 and not differences(run, runs.whole(experiment))
    figure(5, "a second signal, SIGINT; left within 2 s, resumed identical", good, len(firsts))
    assert good == len(firsts)


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize(("number", "code"), EXIT_CODES.items(), ids=lambda value: str(value))
def test_the_command_line(
    number: int, code: int, points: Any, runs: Any, child: Any, differences: Any, tmp_path: Path
) -> None:
    config = tmp_path / "toy.yaml"
    config.write_text(dump_experiment(points(*OVERRIDES, "training.steps=1000000", "monitor.snapshot_every=1000000")))
    process = subprocess.Popen(
        [sys.executable, "-m", "ganlab", "train", "toy.yaml"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    # Any checkpoint from step 30 on: old ones are removed as new ones are written.
    while not [path for path in tmp_path.glob("runs/*/checkpoints/step_*") if path.name >= "step_0000030"]:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    (path,) = (tmp_path / "runs").iterdir()
    run = RunDirectory(path)
    step = run.status().step
    assert f"{signal.Signals(number).name}: stopped after step {step} of 1000000, which is saved" in said
    assert f"ganlab resume {path.name}" in said
    more = f"training.steps={step + 3}"
    assert child(lambda: session.resume(run, [more])).wait().code == 0
    whole = runs.whole(points(*OVERRIDES, "monitor.snapshot_every=1000000", more))
    assert not differences(run, whole)
