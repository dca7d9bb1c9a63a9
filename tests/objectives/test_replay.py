"""Replay: what the pool holds after some updates, what the discriminator is shown of it, and when."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from ganlab.config.load import experiment_from_mapping
from ganlab.config.stabilizers import ReplayOptions
from ganlab.data import load
from ganlab.errors import ConfigError
from ganlab.objectives.parts import build_parts
from ganlab.objectives.replay import Replay
from ganlab.training.step import train_step
from ganlab.training.workbench import build_workbench

CPU = torch.device("cpu")


def replay(points: Any, options: str, *more: str) -> Replay:
    (part,) = build_parts(points(f"stabilizers=[{{name: replay, {options}}}]", *more), CPU).stabilizers
    assert isinstance(part, Replay)
    return part


def made(update: int, count: int = 16) -> Tensor:
    """Fakes of an update, numbered over the whole run: 100 an update."""
    return (100.0 * update + torch.arange(count))[:, None].expand(count, 2)


def held(part: Replay) -> list[float]:
    return sorted(part.pool[:, 0].tolist())


@pytest.mark.parametrize("keep", [1, 4, 7])
def test_the_pool_holds_what_was_made_last(keep: int, points: Any) -> None:
    part = replay(points, f"size: 10, keep: {keep}")
    kept: list[float] = []
    for update in range(12):
        part.remember(made(update), update)
        kept += made(update)[:keep, 0].tolist()
        if len(kept) >= 10:
            assert held(part) == kept[-10:]


def test_a_share_of_the_fakes_is_old_once_the_pool_is_full(points: Any) -> None:
    part = replay(points, "size: 10, keep: 4, share: 0.25")
    for update in range(3):
        assert torch.equal(part.recall(made(update), update), made(update)), "not full"
        part.remember(made(update), update)
    before = part.pool.clone()
    shown = part.recall(made(3), 3)
    assert torch.equal(shown[4:], made(3)[4:])
    assert set(shown[:4, 0].tolist()) <= set(held(part))
    assert torch.equal(part.recall(made(3), 3), shown), "asked again"
    assert torch.equal(part.pool, before)
    drawn = torch.cat([part.recall(made(3), update)[:4, 0] for update in range(3, 103)])
    assert drawn.unique().tolist() == held(part), "each of them is drawn"
    assert shown[:4].tolist() != part.recall(made(3), 4)[:4].tolist()


@pytest.mark.parametrize("batches", ["summed", "mixed", "separate"])
def test_a_training_step_fills_the_pool_before_anything_is_done_to_fakes(batches: str, points: Any) -> None:
    """Whichever stabilizer is named first; each batch once, though `separate` batches are two updates."""
    noise, own = "{name: instance_noise, std: 5}", "{name: replay, size: 6, keep: 3}"
    experiment = points(
        f"stabilizers=[{noise}, {own}]",
        f"training.discriminator_batches={batches}",
        "training.discriminator_steps=2",
        "penalties=[{name: r1}]",
    )
    ours = build_workbench(experiment, load(experiment.data, 16), CPU)
    part = ours.state.parts.by_name["replay"]
    assert isinstance(part, Replay)
    expected = []
    for step in range(3):
        # Batch normalisation in train mode gives the same numbers again.
        for turn in range(2):
            inputs = ours.game.inputs("latent/discriminator", 16, 2 * step + turn).inputs
            with torch.no_grad():
                expected.append(ours.game.sample(inputs)[:3])
        train_step(ours.state, ours.game, ours.feed)
    assert torch.equal(part.pool, torch.cat(expected[-2:]))


def test_the_discriminator_is_shown_old_fakes_with_noise_of_their_own(points: Any) -> None:
    experiment = points("stabilizers=[{name: instance_noise, std: 0.01}, {name: replay, size: 4}]")
    ours = build_workbench(experiment, load(experiment.data, 16), CPU)
    train_step(ours.state, ours.game, ours.feed)
    part = ours.state.parts.by_name["replay"]
    assert isinstance(part, Replay)
    part.pool.fill_(50.0)
    seen: list[Tensor] = []
    ours.state.discriminator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    train_step(ours.state, ours.game, ours.feed)
    real, fake, generator = seen
    assert (fake[:8] - 50).abs().max() < 0.1
    assert len(fake[:8].unique()) == 16
    assert fake[8:].abs().max() < 10
    assert max(real.abs().max(), generator.abs().max()) < 10


GROWING = {
    "data": {"image_size": 32},
    "generator": {"name": "progressive"},
    "discriminator": {"name": "progressive"},
    "game": {"name": "progressive"},
}
TRANSLATING = {
    "generator": {"name": "translator"},
    "game": {"name": "cycle", "source": {"name": "mnist", "edges": True}},
}


@pytest.mark.parametrize("other", ["unrolling", "consensus"])
def test_the_fakes_that_are_differentiated_are_not_exchanged(other: str) -> None:
    with pytest.raises(ConfigError, match=f"remove replay or {other}"):
        experiment_from_mapping({"stabilizers": [{"name": "replay"}, {"name": other}]})


@pytest.mark.parametrize(
    ("experiment", "options", "words"),
    [
        ({"game": {"name": "conditional"}}, {}, "together with what was asked for"),
        ({"game": {"name": "auxiliary"}}, {}, "together with what was asked for"),
        ({"game": {"name": "infogan"}}, {}, "together with what was asked for"),
        (TRANSLATING, {}, "a pool of its own, game.pool"),
        (GROWING, {}, "older fakes have fewer pixels"),
        ({}, {"size": 3}, "4 fakes of each batch are more than the pool of 3 holds"),
        ({}, {"keep": 65}, "65 fakes cannot be kept of a batch of 64"),
        ({}, {"share": 0.001}, "is no fake"),
        ({}, {"share": 0.999}, "is every fake"),
        ({"training": {"batch_size": 1}}, {"keep": 1}, "raise training.batch_size, or remove replay"),
    ],
)
def test_pools_that_mean_nothing_are_refused(experiment: dict[str, Any], options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        experiment_from_mapping({**experiment, "stabilizers": [{"name": "replay", **options}]})


def test_a_pool_that_is_resumed_with_another_keep_shows_no_place_that_is_empty(points: Any) -> None:
    """Six fakes of eight are there after three updates of two each; with four a batch, the next one fills the pool."""
    before = Replay(ReplayOptions(name="replay", size=8, keep=2), points(), CPU)
    for update in range(3):
        before.remember(made(update) + 1, update)
    after = Replay(ReplayOptions(name="replay", size=8, keep=4), points(), CPU)
    after.load(before.state())
    assert torch.equal(after.recall(made(3), 3), made(3))
    after.remember(made(3) + 1, 3)
    assert after.pool.abs().min() > 0
    assert not torch.equal(after.recall(made(4), 4), made(4))
