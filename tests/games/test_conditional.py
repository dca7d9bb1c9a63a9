"""Classes that are asked for: what goes in, how it is scored, what is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ganlab.config.load import experiment_from_mapping
from ganlab.errors import DataError
from ganlab.games import build_game
from ganlab.games.rounds import Batch, Draw, Round
from ganlab.games.standard import Setting, draw_latents
from ganlab.networks.parts import ConditionalBlock
from ganlab.objectives.parts import Trace
from ganlab.randomness import seeded_generator
from ganlab.training import session
from ganlab.training.step import train_step
from ganlab.training.trained import load_game

ALL = ("game.name=conditional", "data.classes=null", "data.fraction=0.02")
RING = ("game.name=conditional",)


def test_inputs_end_in_the_class(images: Any, bench: Any) -> None:
    experiment = images(*ALL)
    game = bench(experiment).game
    drawn = game.draw(200, seeded_generator(0, "test"))
    assert drawn.inputs.shape == (200, *experiment.input_shape) == (200, 8 + 10)
    assert torch.equal(drawn.inputs[:, :8], draw_latents(experiment.latent, 200, seeded_generator(0, "test")))
    assert torch.equal(drawn.inputs[:, 8:], one_hot(drawn.asked, 10).float())
    assert set(drawn.asked.tolist()) == set(range(10))


def test_classes_are_asked_for_as_often_as_they_are_there(images: Any, bench: Any) -> None:
    ours = bench(images(*ALL, "data.classes=[1,4,6]", "data.imbalance=0.1"))
    asked = torch.bincount(ours.game.draw(20_000, seeded_generator(0, "test")).asked, minlength=10)
    shares = torch.bincount(ours.game.data.train.labels, minlength=10) / len(ours.game.data.train)
    assert (shares > 0).nonzero().flatten().tolist() == [1, 4, 6]
    assert shares[1] > 5 * shares[6]
    # Four standard deviations of a share of 20,000 draws.
    assert ((asked / 20_000 - shares).abs() <= 4 * (shares * (1 - shares) / 20_000).sqrt()).all()


def test_without_the_data_each_kept_class_is_as_likely(images: Any, bench: Any) -> None:
    ours = bench(images(*ALL, "data.classes=[1,4,6]", "data.imbalance=0.1"))
    state = ours.state
    game = build_game(
        Setting(ours.game.experiment, state.generator, state.discriminator, state.parts, torch.device("cpu"))
    )
    asked = torch.bincount(game.draw(6000, seeded_generator(0, "test")).asked, minlength=10) / 6000
    torch.testing.assert_close(asked[[1, 4, 6]], torch.full((3,), 1 / 3), atol=0.025, rtol=0)
    assert asked.sum() == asked[[1, 4, 6]].sum()


@pytest.mark.parametrize("name", ["dcgan", "mlp"])
def test_the_score_is_a_projection_on_the_class(name: str, images: Any, bench: Any) -> None:
    """psi + <v_y, phi>, with phi what the last layer reads, psi its first row and v_y the row of the class."""
    ours = bench(images(*ALL, f"discriminator={{name: {name}, width: 4, norm: batch}}"))
    body, output = ours.game.discriminator[:-2], ours.game.discriminator[-2]
    nn.init.normal_(output.bias)
    real = ours.feed.batch(0)
    labels = torch.arange(8) % 10
    judged = ours.game.judge(real.values, labels)
    phi, weight, bias = body(real.values).flatten(1), output.weight.flatten(1), output.bias
    assert len(weight) == 1 + 10
    for number, label in enumerate(labels.tolist()):
        psi = weight[0] @ phi[number] + bias[0]
        torch.testing.assert_close(judged.scores[number], psi + weight[1 + label] @ phi[number] + bias[1 + label])
    other = ours.game.score(real.values, (labels + 1) % 10)
    assert (other - judged.scores).abs().min() > 1e-7


def told(bench: Any, labels: Tensor, update: int = 0) -> Tensor:
    nothing = torch.zeros(len(labels))
    found: Tensor = bench.game.real_labels(Round(Batch(nothing, labels), Draw(nothing), nothing, update, 1, Trace()))
    return found


def test_label_noise_replaces_its_share_by_labels_that_know_nothing(images: Any, bench: Any) -> None:
    count = 20_000
    for share in (0.0, 0.5, 1.0):
        ours = bench(images(*ALL, f"game.label_noise={share}"))
        shares = torch.bincount(ours.game.data.train.labels, minlength=10) / len(ours.game.data.train)
        labels = torch.multinomial(shares, count, replacement=True, generator=seeded_generator(1, "labels"))
        noisy = told(ours, labels)
        by_chance = float((shares**2).sum())
        kept = float((noisy == labels).double().mean())
        assert kept == pytest.approx(1 - share + share * by_chance, abs=0.015), share
        assert torch.equal(noisy, told(ours, labels))
        assert torch.equal(noisy, told(ours, labels, update=1)) is (share == 0)
        # Whatever the share, classes stay as frequent as they are.
        torch.testing.assert_close(torch.bincount(noisy, minlength=10) / count, shares, atol=0.015, rtol=0)
    table = torch.bincount(labels * 10 + noisy, minlength=100).view(10, 10).double()
    expected = table.sum(1, keepdim=True) * table.sum(0) / count
    # Chi-squared of two independent labels: 81 degrees of freedom, 124 at the 99.9 % point.
    assert ((table - expected) ** 2 / expected).sum() < 124


def test_the_discriminator_is_shown_what_the_data_loader_says(images: Any, bench: Any, round_of: Any) -> None:
    """Scores of reals are those of their (noisy) labels, scores of fakes those of the classes asked for."""
    ours = bench(images(*ALL, "game.label_noise=1", "discriminator.norm=none"))
    shown = round_of(ours, "discriminator")
    next(ours.game.turns(shown))
    noisy = ours.game.real_labels(shown)
    assert not torch.equal(noisy, shown.real.labels)
    torch.testing.assert_close(shown.trace.real_scores, ours.game.score(shown.real.values, noisy).detach())
    torch.testing.assert_close(shown.trace.fake_scores, ours.game.score(shown.fake, shown.drawn.asked).detach())


@pytest.mark.parametrize("classes", [range(10), [3, 8]])
def test_a_row_of_the_gallery_is_a_class_a_column_a_latent(classes: Any, images: Any, bench: Any) -> None:
    ours = bench(images(*ALL, f"data.classes={list(classes)}"))
    ours.game.generator = nn.Identity()  # the pictures are the inputs
    gallery = ours.game.gallery().unflatten(0, (-1, 10))
    assert len(gallery) == len(classes)
    for row, label in zip(gallery, classes, strict=True):
        assert torch.equal(row[:, 8:].argmax(1), torch.full((10,), label))
        assert torch.equal(row[:, :8], gallery[0][:, :8])
    assert len(gallery[0][:, :8].unique(dim=0)) == 10


@pytest.mark.parametrize("generator", ["{name: dcgan, width: 2, dense: 1}", "{name: mlp, width: 8, depth: 2}"])
def test_conditional_batch_norm_by_hand(generator: str, images: Any, bench: Any) -> None:
    """Normalised over the whole batch, then scaled and shifted by the values of each sample's class."""
    experiment = images(*ALL, f"generator={generator}", "generator.norm=conditional_batch")
    ours = bench(experiment)
    blocks = [module for module in ours.game.generator.modules() if isinstance(module, ConditionalBlock)]
    assert len(blocks) >= 2
    inputs = ours.game.draw(64, seeded_generator(0, "test"))
    seen: list[tuple[Tensor, Tensor]] = []
    for block in blocks:
        nn.init.normal_(block.scale.weight)
        nn.init.normal_(block.shift.weight)
        block.register_forward_hook(lambda _, given, made: seen.append((given[0].detach(), made.detach())))
    ours.game.generator(inputs.inputs)
    for block, (given, made) in zip(blocks, seen, strict=True):
        values = block.weights(given).detach()
        axes = [axis for axis in range(values.dim()) if axis != 1]
        mean, variance = values.mean(axes, keepdim=True), values.var(axes, correction=0, keepdim=True)
        values = (values - mean) / (variance + 1e-5).sqrt()
        for label in inputs.asked.unique().tolist():
            own = inputs.asked == label
            scale, shift = (table.weight[:, label].detach() for table in (block.scale, block.shift))
            scale, shift = (each.view(-1, *[1] * (values.dim() - 2)) for each in (scale, shift))
            torch.testing.assert_close(made[own], (values[own] * scale + shift).relu(), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("generator", ["{name: dcgan, width: 2}", "{name: mlp, width: 8, depth: 2}"])
def test_conditional_batch_norm_trains_the_classes_that_were_asked_for(generator: str, images: Any, bench: Any) -> None:
    experiment = images(*ALL, f"generator={generator}", "generator.norm=conditional_batch", "data.classes=[3,8]")
    ours = bench(experiment)
    blocks = [module for module in ours.state.generator.modules() if isinstance(module, ConditionalBlock)]
    for block in blocks:
        assert block.scale.weight.eq(1).all()
        assert block.shift.weight.eq(0).all()
    for _ in range(3):
        trace = train_step(ours.state, ours.game, ours.feed)
    assert all(value.isfinite() for value in trace.losses.values())
    for block in blocks:
        moved = (block.shift.weight != 0).any(0).nonzero().flatten().tolist()
        assert moved == [3, 8]


def test_points_have_classes_too(points: Any, bench: Any) -> None:
    ours = bench(points(*RING))
    assert ours.game.draw(5, seeded_generator(0, "test")).inputs.shape == (5, 4 + 8)
    train_step(ours.state, ours.game, ours.feed)


@pytest.mark.parametrize(("classes", "fits"), [(2, False), (3, True), (4, True)])
def test_a_folder_with_more_classes_than_the_game_is_refused(
    classes: int, fits: bool, bench: Any, tmp_path: Path
) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        for number in range(20):
            Image.new("L", (28, 28), 12 * number).save(tmp_path / name / f"{number}.png")
    experiment = experiment_from_mapping(
        {
            "data": {"name": "folder", "path": str(tmp_path), "image_size": 28, "grayscale": True},
            "generator": {"width": 2},
            "discriminator": {"width": 2},
            "game": {"name": "conditional", "classes": classes},
            "training": {"batch_size": 8, "steps": 1},
            "monitor": {"snapshot_samples": 16},
        }
    )
    if fits:
        ours = bench(experiment)
        train_step(ours.state, ours.game, ours.feed)
        # One more than there are is allowed, and never asked for.
        assert int(ours.game.draw(1000, seeded_generator(0, "test")).asked.max()) == 2
    else:
        with pytest.raises(DataError, match=r"3 classes.*game.classes"):
            session.start(experiment, tmp_path / "runs")
        assert not (tmp_path / "runs").exists()


@pytest.mark.usefixtures("no_plots")
def test_a_run_on_points_has_a_gallery_too(points: Any, tmp_path: Path) -> None:
    run = session.start(points("game.name=conditional", "training.steps=10"), tmp_path)
    assert load_game(run).gallery().shape == (80, 2)
    assert sorted(path.name for path in run.samples.glob("gallery_*")) == ["gallery_0000000.png", "gallery_0000010.png"]
