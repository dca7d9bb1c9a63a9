"""Games as the training step plays them, at toy size on the CPU."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
import torch

from ganlab.config.experiment import Experiment
from ganlab.data import load, mnist
from ganlab.games.rounds import Round
from ganlab.monitor.pictures import Pictures
from ganlab.objectives.parts import Trace
from ganlab.training.workbench import Workbench, build_workbench


@pytest.fixture(scope="session", autouse=True)
def _digits_once() -> Iterator[None]:
    """Unpack MNIST once: nobody writes into it, and it takes most of a toy's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mnist, "unpack", functools.cache(mnist.unpack))
        yield


@pytest.fixture(scope="session")
def bench() -> Callable[[Experiment], Workbench]:
    """Build everything that a training step needs."""
    return lambda experiment: build_workbench(
        experiment, load(experiment.data, experiment.training.batch_size), torch.device("cpu")
    )


@pytest.fixture(scope="session")
def round_of() -> Callable[..., Round]:
    """Make what a player is shown in its first update, as `train_step` does."""

    def make(bench: Workbench, player: Literal["discriminator", "generator"]) -> Round:
        game = bench.game
        game.begin(1)
        real = game.real(bench.feed.batch(0))
        drawn = game.inputs(f"latent/{player}", len(real.values))
        fake = game.sample(drawn.inputs)
        return Round(real, drawn, fake if player == "generator" else fake.detach(), 0, 1, Trace())

    return make


@pytest.fixture
def no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the figures at a run's end: they take most of a toy run's time, and nothing of its state."""
    monkeypatch.setattr(Pictures, "finish", lambda self, evidence, verdict: None)
