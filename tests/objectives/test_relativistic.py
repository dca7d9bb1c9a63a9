"""Relativistic losses against their equations, and played."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from ganlab.config.load import experiment_from_mapping
from ganlab.data import load
from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.errors import ConfigError
from ganlab.networks import build_discriminator, build_generator
from ganlab.objectives.adversarial import Targets
from ganlab.objectives.parts import find_loss
from ganlab.runs.history import read_history
from ganlab.training import session
from ganlab.training.step import train_step
from ganlab.training.workbench import Workbench, build_workbench

NAMES = ("relativistic", "relativistic_average")
CPU = torch.device("cpu")

REAL = torch.tensor([1.5, -0.5, 0.25], dtype=torch.float64)
FAKE = torch.tensor([-1.0, 0.75, 0.0], dtype=torch.float64)


def sigmoid(s: float) -> float:
    return 1 / (1 + math.exp(-s))


def by_hand(name: str, real: list[float], fake: list[float]) -> tuple[float, float]:
    """Both players' losses, written as the paper has them: logarithms of probabilities."""
    if name == "relativistic":
        pairs = list(zip(real, fake, strict=True))
        d = -sum(math.log(sigmoid(r - f)) for r, f in pairs) / len(pairs)
        g = -sum(math.log(sigmoid(f - r)) for r, f in pairs) / len(pairs)
        return d, g
    mean_real, mean_fake = sum(real) / len(real), sum(fake) / len(fake)
    d_real, d_fake = [sigmoid(r - mean_fake) for r in real], [sigmoid(f - mean_real) for f in fake]
    d = -sum(math.log(p) for p in d_real) / len(real) - sum(math.log(1 - p) for p in d_fake) / len(fake)
    g = -sum(math.log(p) for p in d_fake) / len(fake) - sum(math.log(1 - p) for p in d_real) / len(real)
    return d, g


def played(name: str, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    loss = find_loss(name)
    return sum(loss.discriminator(real, fake, Targets()).values(), torch.zeros(())), loss.generator(fake, real)


@pytest.mark.parametrize("name", NAMES)
def test_both_losses_are_those_of_the_paper(name: str) -> None:
    found = [value.item() for value in played(name, REAL, FAKE)]
    assert found == pytest.approx(by_hand(name, REAL.tolist(), FAKE.tolist()), rel=1e-12)


def test_averages_may_be_of_different_numbers() -> None:
    found = [value.item() for value in played("relativistic_average", REAL, FAKE[:2])]
    assert found == pytest.approx(by_hand("relativistic_average", REAL.tolist(), FAKE[:2].tolist()), rel=1e-12)


@pytest.mark.parametrize("player", [0, 1])
@pytest.mark.parametrize("name", NAMES)
def test_gradients(name: str, player: int) -> None:
    """By differences; and both players' are through the scores of both batches."""
    real, fake = REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda r, f: played(name, r, f)[player], [real, fake])
    of_real, of_fake = torch.autograd.grad(played(name, real, fake)[player], [real, fake])
    assert of_real.abs().min() > 0
    assert of_fake.abs().min() > 0
    # Scores only count by their differences.
    assert (of_real.sum() + of_fake.sum()).item() == pytest.approx(0, abs=1e-12)


def test_gradient_of_a_pair() -> None:
    """-sigmoid(f - r) / N for a real, the opposite for its fake."""
    real, fake = REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()
    of_real, of_fake = torch.autograd.grad(played("relativistic", real, fake)[0], [real, fake])
    torch.testing.assert_close(of_real, -torch.sigmoid(FAKE - REAL) / 3)
    torch.testing.assert_close(of_fake, -of_real)


@pytest.mark.parametrize("name", NAMES)
def test_chance_extremes_and_half_precision(name: str) -> None:
    count = 1 if name == "relativistic" else 2
    equal = torch.full((4096,), 3.0, dtype=torch.float16)
    for value in played(name, equal, equal):
        assert value.dtype == torch.float32
        assert value.item() == pytest.approx(count * math.log(2), abs=1e-6)
    apart = torch.tensor([1e10]), torch.tensor([-1e10])
    assert [value.item() for value in played(name, *apart)] == pytest.approx([0, count * 2e10])
    loss = find_loss(name)
    assert loss.decision_point is None
    assert loss.mean_score(REAL).item() == pytest.approx(REAL.mean().item())


# In a game


def bench(experiment: Any) -> Workbench:
    return build_workbench(experiment, load(experiment.data, experiment.training.batch_size), CPU)


@pytest.mark.parametrize("batches", ["summed", "mixed"])
@pytest.mark.parametrize("name", NAMES)
def test_a_step_is_that_of_a_plain_loop(name: str, batches: str, points: Any) -> None:
    """Written out as one writes it by hand, for the pairs; the average beside it by `by_hand`."""
    ours = bench(points(f"loss={name}", f"training.discriminator_batches={batches}", "discriminator.norm=layer"))
    d, g = build_discriminator(ours.state.experiment), build_generator(ours.state.experiment)
    opt_d, opt_g = (torch.optim.Adam(each.parameters(), lr=2e-4, betas=(0.5, 0.999)) for each in (d, g))
    for step in range(4):
        real = ours.feed.batch(step).values
        with torch.no_grad():
            fake = g(ours.game.inputs("latent/discriminator", 16, step).inputs)
        d_loss = compared(name, d(real), d(fake))
        opt_d.zero_grad()
        d_loss.backward()
        opt_d.step()
        g_loss = compared(name, d(g(ours.game.inputs("latent/generator", 16, step).inputs)), d(real).detach())
        opt_g.zero_grad()
        g_loss.backward()
        opt_g.step()
        trace = train_step(ours.state, ours.game, ours.feed)
        terms = [value for column, value in trace.losses.items() if column.startswith("d_loss")]
        torch.testing.assert_close(sum(terms), d_loss.detach(), rtol=2e-4, atol=2e-5)
        torch.testing.assert_close(trace.losses["g_loss"], g_loss.detach(), rtol=2e-4, atol=2e-5)


def compared(name: str, winners: Tensor, losers: Tensor) -> Tensor:
    if name == "relativistic":
        return softplus(losers - winners).mean()
    return softplus(losers.mean() - winners).mean() + softplus(losers - winners.mean()).mean()


GAMES = {
    "conditional": ("game.name=conditional", "penalties=[{name: r1}, {name: r2}]"),
    "auxiliary": ("game.name=auxiliary", "penalties=[{name: wgan_gp}]"),
    "infogan": ("game={name: infogan, categories: 2, continuous: 1}", "stabilizers=[{name: instance_noise}]"),
}


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("name", NAMES)
def test_it_is_played_in_games_with_heads_and_with_penalties(name: str, game: str, points: Any) -> None:
    ours = bench(points(f"loss={name}", *GAMES[game]))
    for _ in range(3):
        trace = train_step(ours.state, ours.game, ours.feed)
    assert all(torch.isfinite(value) for value in trace.losses.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_cycle_compares_in_both_domains(name: str, images: Any) -> None:
    ours = bench(
        images(
            f"loss={name}",
            "data={name: mnist, fraction: 0.02}",
            "generator={name: translator, width: 2, blocks: 1}",
            "discriminator={name: dcgan, width: 2, norm: instance}",
            "game={name: cycle, source: {name: mnist, edges: true, fraction: 0.02}, pool: 0}",
        )
    )
    real, drawn = ours.feed.batch(0).values, ours.game.inputs("latent/discriminator", 8)
    d, g, source = ours.state.discriminator, ours.state.generator, drawn.inputs
    with torch.no_grad():
        there, back = g.there(source), g.back(real)
        expected = compared(name, d.there(real), d.there(there)), compared(name, d.back(source), d.back(back))
        drawn = ours.game.inputs("latent/generator", 8)
    trace = train_step(ours.state, ours.game, ours.feed)
    terms = [value for column, value in trace.losses.items() if column.startswith("d_loss")]
    torch.testing.assert_close((sum(terms), trace.losses["back_d_loss"]), expected)
    assert trace.losses["back_g_loss"] > 0


def test_nothing_but_the_generator_moves_in_its_update(points: Any) -> None:
    """Reals that carry gradients for a penalty carry none here."""
    ours = bench(points("loss=relativistic", "penalties=[{name: r1}]"))
    seen: list[Tensor] = []
    ours.state.discriminator.register_forward_hook(lambda _, given, made: seen.append(made))
    train_step(ours.state, ours.game, ours.feed)
    of_fakes, of_reals = seen[-2:]
    assert of_fakes.requires_grad
    assert not of_reals.requires_grad


@pytest.mark.parametrize("name", NAMES)
def test_batches_of_their_own_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="no update has both"):
        experiment_from_mapping({"loss": name, "training": {"discriminator_batches": "separate"}})


def test_pairs_need_as_many_of_each() -> None:
    more = {"training": {"batch_size": 16, "generator_batch_size": 32}}
    with pytest.raises(ConfigError, match="pairs each fake with a real"):
        experiment_from_mapping({"loss": "relativistic", **more})
    assert experiment_from_mapping({"loss": "relativistic_average", **more}).training.generator_batch == 32


@pytest.mark.parametrize("name", NAMES)
def test_a_run_has_the_columns_that_it_can_have(name: str, points: Any, tmp_path: Path) -> None:
    run = session.start(points(f"loss={name}"), tmp_path)
    history = read_history(run.history)
    assert np.isfinite(history["d_loss"]).all()
    assert np.isfinite(history["g_loss"]).all()
    assert np.isnan(history["d_acc_real"]).all()
    halves = history["d_loss_real"], history["d_loss_fake"]
    if name == "relativistic":
        assert np.isnan(halves).all()
    else:
        np.testing.assert_allclose(sum(halves), history["d_loss"], rtol=1e-6)
    evidence = read(run.path, ReadOptions())
    assert evidence.family == "relativistic"
    assert not evidence.damaged
    assert ("d_loss_real" in evidence.curves) is (name != "relativistic")
    assert (run.plots / "losses.png").stat().st_size > 5000
