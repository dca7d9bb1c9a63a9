"""Stabilizers around both optimisers: in every game, through a resume, where a step is skipped."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganlab.config.optimizer import OPTIMIZERS
from ganlab.data import load, mnist
from ganlab.objectives.parts import build_parts
from ganlab.training.checkpoint import checkpoint_path, read_checkpoint, restore, save_checkpoint
from ganlab.training.optimizers import NetworkOptimizer
from ganlab.training.step import train_step
from ganlab.training.workbench import Workbench, build_workbench

CPU = torch.device("cpu")
MOVES = {
    "optimism": "{name: optimism}",
    "lookahead": "{name: lookahead, every: 2}",
    "clipped norm": "{name: gradient_clipping, max_norm: 0.01}",
    "clipped values": "{name: gradient_clipping, max_norm: null, max_value: 0.001}",
    "historical_averaging": "{name: historical_averaging, weight: 1.0}",
    "all": "{name: gradient_clipping}, {name: historical_averaging}, {name: optimism}, {name: lookahead}",
}
GAMES = {
    "separate": ("training.discriminator_batches=separate", "training.discriminator_steps=2"),
    "progressive": (
        "data.image_size=32",
        "generator={name: progressive, width: 2}",
        "discriminator={name: progressive, width: 2}",
        "game={name: progressive, sizes: [8, 16, 32], fade: 8, images_per_phase: 8}",
    ),
    "cycle": (
        "generator={name: translator, width: 2, blocks: 1}",
        "discriminator={name: dcgan, width: 2, norm: instance}",
        "game={name: cycle, source: {name: mnist, classes: [3], fraction: 0.05}, pool: 4}",
    ),
    "float16": ("training.precision=float16",),
}


@pytest.fixture(scope="module", autouse=True)
def _digits_once() -> Iterator[None]:
    """Unpack MNIST once: nobody writes into it, and it takes most of a toy's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mnist, "unpack", functools.cache(mnist.unpack))
        yield


def stabilizers(name: str) -> str:
    return f"stabilizers=[{MOVES[name]}]"


def bench(experiment: Any) -> Workbench:
    return build_workbench(experiment, load(experiment.data, experiment.training.batch_size), CPU)


def train(ours: Workbench, steps: int) -> None:
    for _ in range(steps):
        train_step(ours.state, ours.game, ours.feed)


def resumed_differs(experiment: Any, folder: Path, first: int = 3) -> tuple[list[str], dict[str, Tensor]]:
    """Return which tensors differ after 6 steps from those of a run that went on from a checkpoint, and all of them."""
    whole, part, rest = bench(experiment), bench(experiment), bench(experiment)
    train(whole, 6)
    train(part, first)
    save_checkpoint(folder, part.state)
    path = checkpoint_path(folder, first)
    restore(rest.state, read_checkpoint(path), path)
    train(rest, 6 - first)
    ours, theirs = whole.state.tensors(), rest.state.tensors()
    assert ours.keys() == theirs.keys()
    return [name for name in ours if not torch.equal(ours[name], theirs[name])], ours


@pytest.mark.parametrize("name", MOVES)
def test_both_players_move_otherwise_than_without(name: str, points: Any) -> None:
    ours, plain = bench(points(stabilizers(name))), bench(points())
    train(ours, 3)
    train(plain, 3)
    for player in ("generator", "discriminator"):
        pairs = zip(*(getattr(each.state, player).parameters() for each in (ours, plain)), strict=True)
        assert not any(torch.equal(one, other) for one, other in pairs)


@pytest.mark.parametrize("game", GAMES)
def test_every_game_is_played_with_all_of_them(game: str, images: Any, tmp_path: Path) -> None:
    differs, ours = resumed_differs(images(stabilizers("all"), *GAMES[game]), tmp_path)
    assert differs == []
    assert all(value.isfinite().all() for value in ours.values() if value.is_floating_point())


def test_the_past_of_a_layer_starts_when_it_joins_in(images: Any) -> None:
    """Not where it was initialised: 6 steps go through all sizes of both networks."""
    ours = bench(images(stabilizers("historical_averaging"), *GAMES["progressive"]))
    train(ours, 6)
    for player in ("generator", "discriminator"):
        counts = ours.state.tensors()[f"game/historical_averaging/{player}/count"]
        assert {2, 3, 6} <= set(counts.tolist()) <= set(range(7))


SKIPPING = {name: OPTIMIZERS[name](name=name, lr=0.01) for name in OPTIMIZERS}  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", SKIPPING)
@pytest.mark.parametrize("name", ["optimism", "clipped norm", "clipped values"])
def test_a_step_that_the_scaler_skips_leaves_all_as_it_was(name: str, kind: str, points: Any) -> None:
    """A fused optimiser is called and skips it itself; others are not called. Inf stays, so that it is found."""
    torch.manual_seed(1)
    network, inputs = nn.Linear(5, 3), torch.randn(8, 4, 5)
    optimizer = NetworkOptimizer(network, SKIPPING[kind], 10, scaled=True)
    parts = build_parts(points(stabilizers(name)), CPU)
    optimizer.optimizer = parts.wrap("generator", optimizer.optimizer)

    def held() -> list[Tensor]:
        state = [value for part in parts.by_name.values() for value in part.state().values()]
        return [value.detach().clone() for value in (*network.parameters(), *state)]

    for step in range(4):
        before = held()
        loss = network(inputs[step]).square().mean()
        optimizer.minimise(loss * 1e38 if step == 2 else loss)
        same = [torch.equal(one, other) for one, other in zip(before, held(), strict=True)]
        assert all(same) if step == 2 else not any(same)
        gradients = torch.cat([gradient.flatten() for gradient in optimizer.gradients()])
        assert gradients.isfinite().all() == (step != 2)
