"""Codes: where they stand, how much of them is read back, what is shown of them."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot, softplus

from ganlab.games.rounds import Draw
from ganlab.randomness import seeded_generator
from ganlab.runs.history import read_history
from ganlab.runs.snapshots import read_snapshots
from ganlab.training import session
from ganlab.training.step import train_step
from ganlab.training.trained import load_game

CODES = "game={name: infogan, categories: 4, continuous: 2, weight: 0.7, continuous_weight: 0.3}"
CHANGES = (CODES, "latent.dim=9", "data.fraction=0.2", "discriminator.norm=none")


def test_codes_are_the_last_columns(images: Any, bench: Any) -> None:
    game = bench(images(*CHANGES)).game
    drawn = game.draw(8000, seeded_generator(0, "test"))
    noise, category, continuous = drawn.inputs.split([3, 4, 2], dim=1)
    assert torch.equal(category, one_hot(drawn.asked, 4).float())
    torch.testing.assert_close(category.mean(0), torch.full((4,), 0.25), atol=0.02, rtol=0)
    assert float(continuous.abs().max()) <= 1
    torch.testing.assert_close(continuous.var(0), torch.full((2,), 1 / 3), atol=0.02, rtol=0)
    torch.testing.assert_close(noise.std(0), torch.ones(3), atol=0.04, rtol=0)
    correlations = torch.corrcoef(drawn.inputs.T)
    assert (correlations[:3, 3:].abs().max(), correlations[7, 8].abs()) < (0.05, 0.05)


def test_what_a_perfect_and_an_uninformed_reader_know(images: Any, bench: Any) -> None:
    game = bench(images(*CHANGES)).game
    drawn = game.draw(8000, seeded_generator(0, "test"))
    information, error = game.head.bounds(torch.cat([100 * drawn.inputs[:, 3:7], drawn.inputs[:, 7:]], 1), drawn)
    assert float(information) == pytest.approx(math.log(4), abs=1e-5)
    assert float(error) == 0
    information, error = game.head.bounds(torch.zeros(8000, 6), drawn)
    assert float(information) == pytest.approx(0, abs=1e-5)
    assert float(error) == pytest.approx(1 / 3, abs=0.01)
    # One that is sure of the wrong category is worse than none: a bound, not an estimate.
    wrong = torch.cat([100 * drawn.inputs[:, 3:7].roll(1, 1), drawn.inputs[:, 7:]], 1)
    assert game.head.bounds(wrong, drawn)[0] < 0


def read(judged: Tensor, drawn: Draw) -> tuple[Tensor, Tensor, Tensor]:
    """L_I of the category, the continuous codes' mean square error, and what the two add to a loss."""
    category = cross_entropy(judged[:, 1:5], drawn.asked)
    squares = (judged[:, 5:] - drawn.inputs[:, 7:]).square()
    # Each code's own - log N(c; mean, 1), the constants left out of it and H(c) put in.
    extra = 0.7 * (category - math.log(4)) + 0.3 * (squares / 2).sum(1).mean()
    return math.log(4) - category.detach(), squares.mean().detach(), extra


def test_both_players_raise_the_bound(images: Any, bench: Any, round_of: Any) -> None:
    ours = bench(images(*CHANGES))
    shown = round_of(ours, "discriminator")
    found = sum(ours.game.turns(shown))
    real, fake = ours.game.discriminator(shown.real.values), ours.game.discriminator(shown.fake)
    information, _, extra = read(fake, shown.drawn)
    torch.testing.assert_close(found, softplus(-real[:, 0]).mean() + softplus(fake[:, 0]).mean() + extra)
    torch.testing.assert_close(shown.trace.losses["info_d_bound"], information)

    shown = round_of(ours, "generator")
    fake = ours.game.discriminator(shown.fake)
    information, error, extra = read(fake, shown.drawn)
    torch.testing.assert_close(ours.game.generator_loss(shown), softplus(-fake[:, 0]).mean() + extra)
    torch.testing.assert_close(shown.trace.losses["info_bound"], information)
    torch.testing.assert_close(shown.trace.losses["info_continuous_error"], error)


def test_codes_of_points_are_learnt(points: Any, bench: Any) -> None:
    """On well separated modes the bound leaves 0 within 150 steps."""
    ours = bench(points("game={name: infogan, categories: 3, continuous: 0}", "latent.dim=5", "optimizer.lr=0.003"))
    for _ in range(150):
        trace = train_step(ours.state, ours.game, ours.feed)
    assert trace.losses["info_bound"] > 0.5
    assert "info_continuous_error" not in trace.losses


@pytest.mark.parametrize("categories", [4, 12])
def test_a_row_of_the_gallery_varies_one_code(categories: int, images: Any, bench: Any) -> None:
    ours = bench(images(*CHANGES, f"game.categories={categories}", "latent.dim=20"))
    ours.game.generator = nn.Identity()  # the pictures are the inputs
    noise, category, continuous = ours.game.gallery().unflatten(0, (10, 10)).split([18 - categories, categories, 2], 2)
    assert torch.equal(noise, noise[:, :1].expand_as(noise)), "noise is one row's"
    assert len(noise[:, 0].unique(dim=0)) == 10
    assert category.sum(2).eq(1).all()
    varied = [category[row].argmax(1).unique().numel() > 1 for row in range(10)]
    assert varied == [True] * 4 + [False] * 6
    for row in range(4):
        assert torch.equal(category[row].argmax(1), torch.arange(10) % categories)
        assert continuous[row].eq(0).all()
    for row in range(4, 10):
        code = (row - 4) // 3
        torch.testing.assert_close(continuous[row, :, code], torch.linspace(-2, 2, 10))
        assert continuous[row, :, 1 - code].eq(0).all()


def test_without_continuous_codes_only_the_category_is_shown(images: Any, bench: Any) -> None:
    ours = bench(images(*CHANGES, "game.continuous=0"))
    assert ours.game.gallery().shape == (40, 1, 28, 28)
    with torch.no_grad():
        found = ours.game.measure(ours.game.draw(4, seeded_generator(0, "test")), torch.zeros(4, 1, 28, 28))
    assert found.keys() == {"info_bound", "info_max"}


def test_a_snapshot_is_measured_through_the_heads(images: Any, bench: Any) -> None:
    ours = bench(images(*CHANGES))
    drawn: Draw = ours.game.draw(300, seeded_generator(0, "test"))  # more than one chunk
    with torch.no_grad():
        samples = ours.game.sample(drawn.inputs)
        heads = ours.game.discriminator(samples)[:, 1:]
        found = ours.game.measure(drawn, samples)
    assert found["info_max"] == math.log(4)
    assert found["info_bound"] == pytest.approx(math.log(4) - float(cross_entropy(heads[:, :4], drawn.asked)), abs=1e-5)
    assert found["info_continuous_error"] == pytest.approx(
        float((heads[:, 4:] - drawn.inputs[:, 7:]).square().mean()), abs=1e-5
    )


@pytest.mark.usefixtures("no_plots")
def test_a_run_writes_down_what_was_read(images: Any, tmp_path: Any) -> None:
    run = session.start(images(*CHANGES, "data.classes=null", "data.fraction=0.02", "training.steps=3"), tmp_path)
    history, rows = read_history(run.history), read_snapshots(run.snapshots)
    for column in ("info_bound", "info_d_bound", "info_continuous_error", "info_d_continuous_error"):
        assert len(history[column]) == 3, column
    for row in rows:
        assert row["asked"] == "codes"
        assert row["info_bound"] <= row["info_max"] == pytest.approx(math.log(4))
        assert row["agreement"] == row["agreement_matched"] <= 1
        assert "vendi_by_asked" not in row
    assert sorted(path.name for path in run.samples.glob("gallery_*")) == ["gallery_0000000.png", "gallery_0000003.png"]


@pytest.mark.usefixtures("no_plots")
def test_a_run_on_points_has_a_gallery_too(points: Any, tmp_path: Any) -> None:
    run = session.start(points("game={name: infogan, categories: 2, continuous: 1}", "training.steps=10"), tmp_path)
    assert load_game(run).gallery().shape == (70, 2)
    assert sorted(path.name for path in run.samples.glob("gallery_*")) == ["gallery_0000000.png", "gallery_0000010.png"]
