"""Translation there and back: every loss by hand, the pool of earlier translations, what a snapshot measures."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganlab.games.rounds import Batch, Draw, Round
from ganlab.networks.parts import Pair
from ganlab.objectives.parts import Trace
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import read_history
from ganlab.runs.snapshots import read_snapshots
from ganlab.training import session
from ganlab.training.checkpoint import checkpoint_path, read_checkpoint
from ganlab.training.step import train_step

CYCLE = (
    "data={name: mnist, fraction: 0.02, classes: null, seed: 1}",
    "generator={name: translator, width: 2, blocks: 1}",
    "discriminator={name: dcgan, width: 2, norm: instance}",
    "game={name: cycle, source: {name: mnist, edges: true, fraction: 0.02}, cycle: 3.0, identity: 2.0, pool: 12}",
    "loss=least_squares",
    "monitor.snapshot_samples=16",
)


def away(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).abs().mean()


def test_the_source_is_a_domain_of_its_own(images: Any, bench: Any) -> None:
    """Edges of other images than the digits that they shall become; held-out ones are never trained on."""
    ours = bench(images(*CYCLE))
    drawn = ours.game.draw(20, torch.Generator().manual_seed(0))
    source = ours.game.source
    assert drawn.inputs.shape == (20, 1, 28, 28)
    assert len(source.train) == len(ours.game.data.train) == 1200
    training = {each.numpy().tobytes() for each in source.train.values}
    levels = ((drawn.inputs + 1) * 127.5).round().to(torch.uint8)
    assert all(each.numpy().tobytes() in training for each in levels)
    unseen = ours.game.draw(20, torch.Generator().manual_seed(0), held_out=True)
    held_out = {
        each.numpy().tobytes(): int(label)
        for each, label in zip(source.held_out.values, source.held_out.labels, strict=True)
    }
    levels = ((unseen.inputs + 1) * 127.5).round().to(torch.uint8)
    assert [held_out[each.numpy().tobytes()] for each in levels] == unseen.asked.tolist()
    # A digit's inside is dark among its edges.
    assert source.train.values.float().mean() != ours.game.data.train.values.float().mean()


def test_the_fingerprint_is_of_both_domains(images: Any, bench: Any) -> None:
    changes: list[tuple[str, ...]] = [(), ("seed=5",), ("data.seed=5",), ("game.source.seed=5",)]
    prints = [bench(images(*CYCLE, *each)).game.fingerprint for each in changes]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


def test_the_discriminators_losses_by_hand(images: Any, bench: Any, round_of: Any) -> None:
    ours = bench(images(*CYCLE))
    shown = round_of(ours, "discriminator")
    (loss,) = ours.game.turns(shown)
    d, g, real, source = ours.state.discriminator, ours.state.generator, shown.real.values, shown.drawn.inputs
    there = (d.there(real) - 1).square().mean() / 2 + d.there(g.there(source)).square().mean() / 2
    back = (d.back(source) - 1).square().mean() / 2 + d.back(g.back(real)).square().mean() / 2
    torch.testing.assert_close(loss, there + back)
    losses = shown.trace.losses
    torch.testing.assert_close(losses["d_loss_real"] + losses["d_loss_fake"], there.detach())
    torch.testing.assert_close(losses["back_d_loss"], back.detach())
    loss.backward()
    assert all(parameter.grad is None for parameter in g.parameters()), "the generators are not the ones to learn"


@pytest.mark.parametrize("identity", [2.0, 0.0])
def test_the_generators_losses_by_hand(identity: float, images: Any, bench: Any, round_of: Any) -> None:
    ours = bench(images(*CYCLE, f"game.identity={identity}"))
    shown = round_of(ours, "generator")
    loss = ours.game.generator_loss(shown)
    d, g, real, source = ours.state.discriminator, ours.state.generator, shown.real.values, shown.drawn.inputs
    g_loss = (d.there(g.there(source)) - 1).square().mean() / 2
    back_g_loss = (d.back(g.back(real)) - 1).square().mean() / 2
    cycle = away(g.back(g.there(source)), source) + away(g.there(g.back(real)), real)
    same = away(g.there(real), real) + away(g.back(source), source)
    torch.testing.assert_close(loss, g_loss + back_g_loss + 3 * cycle + identity * same)
    expected = {"g_loss": g_loss, "back_g_loss": back_g_loss, "cycle_loss": cycle, "identity_loss": same}
    if not identity:
        del expected["identity_loss"]
    assert shown.trace.losses.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(shown.trace.losses[name], value.detach())


def test_every_network_learns(images: Any, bench: Any) -> None:
    ours = bench(images(*CYCLE))
    before = {name: value.clone() for name, value in ours.state.tensors().items()}
    train_step(ours.state, ours.game, ours.feed)
    for network in ("generator/there", "generator/back", "discriminator/there", "discriminator/back"):
        names = [name for name in before if name.startswith(network) and name.endswith("weight")]
        moved = [name for name in names if not torch.equal(before[name], ours.state.tensors()[name])]
        assert len(moved) == len(names) > 3, network


def test_instance_noise_is_on_everything_that_is_judged(images: Any, bench: Any, round_of: Any) -> None:
    """On all four batches of the discriminators and both of the generators."""
    ours = bench(images(*CYCLE, "stabilizers=[{name: instance_noise, std: 0.5}]"))
    seen: list[Tensor] = []
    for judge in (ours.state.discriminator.there, ours.state.discriminator.back):
        judge.register_forward_hook(lambda _, given, made: seen.append(given[0].detach()))
    shown = round_of(ours, "discriminator")
    list(ours.game.turns(shown))
    ours.game.generator_loss(round_of(ours, "generator"))
    assert len(seen) == 4 + 2
    # No image reaches beyond [-1, 1] by itself.
    assert all(each.abs().max() > 1.2 for each in seen)
    noises = [seen[0] - shown.real.values, seen[2] - shown.drawn.inputs]
    assert (noises[0] - noises[1]).abs().max() > 0.1, "each has its own"


class TestPool:
    """Images that are all of one value, by which they are known."""

    @staticmethod
    def shown(bench: Any, values: list[int], update: int, direction: int = 0) -> list[int]:
        fake = torch.tensor(values, dtype=torch.float32)[:, None, None, None].expand(-1, 1, 28, 28)
        nothing = torch.zeros(len(values), 1, 28, 28)
        round = Round(Batch(nothing, torch.zeros(len(values))), Draw(nothing), nothing, update, update + 1, Trace())
        found = bench.game.pooled(fake, direction, round)
        assert found.shape == fake.shape
        assert torch.equal(found, found[:, :, :1, :1].expand_as(found)), "images are not mixed"
        return [int(value) for value in found[:, 0, 0, 0]]

    @staticmethod
    def kept(bench: Any, direction: int = 0) -> list[int]:
        size = bench.game.options.pool
        return [int(value) for value in bench.state.discriminator.pool[direction * size :][:size, 0, 0, 0]]

    def test_it_fills_first(self, images: Any, bench: Any) -> None:
        ours = bench(images(*CYCLE, "game.pool=5"))
        assert self.shown(ours, [1, 2], 0) == [1, 2]
        assert self.kept(ours) == [1, 2, 0, 0, 0]
        assert self.shown(ours, [3, 4], 1) == [3, 4]
        assert self.shown(ours, [5, 6], 2) == [5, 6], "one place was left"
        assert self.kept(ours) == [1, 2, 3, 4, 5]
        assert self.kept(ours, 1) == [0] * 5, "each direction has its own"

    @pytest.mark.parametrize(("pool", "batch"), [(12, 8), (50, 1), (3, 8)])
    def test_then_half_of_the_images_are_exchanged(self, pool: int, batch: int, images: Any, bench: Any) -> None:
        ours = bench(images(*CYCLE, f"game.pool={pool}"))
        full, updates, old = math.ceil(pool / min(pool, batch)), 150, 0
        for update in range(full + updates):
            fake = [update * batch + number + 1 for number in range(batch)]
            before = self.kept(ours, 1)
            found = self.shown(ours, fake, update, direction=1)
            if update >= full:
                assert sorted([*found, *self.kept(ours, 1)]) == sorted([*before, *fake]), "none is lost, none doubled"
                old += len(set(found) - set(fake))
            else:
                assert found == fake
        # Five standard deviations of fair coins, one for each image that has a place in the pool.
        coins = updates * min(pool, batch)
        assert abs(old - coins / 2) < 5 * math.sqrt(coins) / 2
        assert self.kept(ours, 0) == [0] * pool

    def test_without_a_pool_the_newest_are_shown(self, images: Any, bench: Any) -> None:
        ours = bench(images(*CYCLE, "game.pool=0"))
        for update in range(3):
            assert self.shown(ours, [7, 8], update) == [7, 8]
        train_step(ours.state, ours.game, ours.feed)


def test_a_snapshot_measures_both_ways(images: Any, bench: Any) -> None:
    ours = bench(images(*CYCLE))
    drawn = ours.game.draw(40, torch.Generator().manual_seed(0), held_out=True)
    with torch.no_grad():
        samples = ours.game.sample(drawn.inputs)
        found = ours.game.measure(drawn, samples)
        assert found.keys() == {"cycle_error", "cycle_error_disturbed", "back_vendi", "back_vendi_real"}
        returned = ours.state.generator.back(samples)
        assert found["cycle_error"] == pytest.approx(float(away(returned, drawn.inputs)), rel=1e-4)
        assert 1 < found["back_vendi"] < 40
        assert 1 < found["back_vendi_real"] < 40
        # A second translator that makes one image of everything.
        ours.game.generator = Pair(nn.Identity(), Constant())
        assert ours.game.measure(drawn, samples)["back_vendi"] == pytest.approx(1, abs=1e-6)


class Constant(nn.Module):
    def forward(self, values: Tensor) -> Tensor:
        return torch.zeros_like(values)


def test_the_disturbance_is_two_grey_levels(images: Any, bench: Any) -> None:
    """Of grey images that pass unchanged, what comes back differs by |N(0, 2)| / 127.5, rounded to levels."""
    ours = bench(images(*CYCLE))
    ours.game.generator = Pair(nn.Identity(), nn.Identity())
    grey = torch.zeros(50, 1, 28, 28)
    found = ours.game.measure(Draw(grey), grey)
    assert found["cycle_error"] == 0
    assert found["cycle_error_disturbed"] == pytest.approx(2 * math.sqrt(2 / math.pi) / 127.5, rel=0.03)


def test_the_gallery_shows_there_and_back(images: Any, bench: Any) -> None:
    ours = bench(images(*CYCLE))
    with torch.no_grad():
        gallery = ours.game.gallery()
        assert gallery.shape == (90, 1, 28, 28)
        for source, there, back in gallery.unflatten(0, (3, 3, 10)):
            torch.testing.assert_close(there, ours.state.generator.there(source), atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(back, ours.state.generator.back(there), atol=1e-5, rtol=1e-4)


def tensors(run: RunDirectory, step: int) -> dict[str, Tensor]:
    return read_checkpoint(checkpoint_path(run.checkpoints, step)).tensors


@pytest.mark.usefixtures("no_plots")
def test_a_run_goes_on_with_the_same_pool(images: Any, tmp_path: Path) -> None:
    """The pool of 12 is full after two batches of 8; images are exchanged on either side of step 3."""
    whole = session.start(images(*CYCLE, "training.steps=5"), tmp_path)
    part = session.start(images(*CYCLE, "training.steps=3"), tmp_path)
    session.resume(part, ["training.steps=5"])
    one, other = tensors(whole, 5), tensors(part, 5)
    assert one["discriminator/pool"].shape == (2 * 12, 1, 28, 28)
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []
    assert one["discriminator/pool"].flatten(1).abs().sum(1).min() > 0
    assert not torch.equal(one["discriminator/pool"], tensors(part, 3)["discriminator/pool"])
    histories = read_history(whole.history), read_history(part.history)
    assert {"back_d_loss", "back_g_loss", "cycle_loss", "identity_loss"} <= histories[0].keys()
    for name in histories[0].keys() - {"time"}:
        np.testing.assert_array_equal(*(history[name] for history in histories), err_msg=name)
    row = read_snapshots(whole.snapshots)[-1]
    assert row["asked"] == "classes"
    assert row["cycle_error"] > 0
    assert row["back_vendi"] >= 1


@pytest.mark.usefixtures("no_plots")
def test_a_run_without_a_pool_goes_on_too(images: Any, tmp_path: Path) -> None:
    run = session.start(images(*CYCLE, "game.pool=0", "training.steps=1"), tmp_path)
    session.resume(run, ["training.steps=2"])
    assert run.status().status == "finished"
    assert tensors(run, 2)["discriminator/pool"].numel() == 0
