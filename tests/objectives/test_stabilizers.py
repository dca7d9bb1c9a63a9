"""Label smoothing, instance noise, weight clipping and packing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganlab.config.load import experiment_from_mapping
from ganlab.config.stabilizers import InstanceNoiseOptions, LabelSmoothingOptions
from ganlab.data import load
from ganlab.errors import ConfigError
from ganlab.games.rounds import Round
from ganlab.networks import build_discriminator, describe
from ganlab.objectives.adversarial import Targets
from ganlab.objectives.parts import Trace, build_parts
from ganlab.objectives.stabilizers import LabelSmoothing, clip_weights, instance_noise_std
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import read_history
from ganlab.runs.snapshots import read_snapshots
from ganlab.training import session
from ganlab.training.step import train_step
from ganlab.training.trained import load_game
from ganlab.training.workbench import Workbench, build_workbench

CPU = torch.device("cpu")


def bench(experiment: Any) -> Workbench:
    return build_workbench(experiment, load(experiment.data, experiment.training.batch_size), CPU)


def test_smoothing_replaces_both_targets(points: Any) -> None:
    options = LabelSmoothingOptions(name="label_smoothing", real=0.8, fake=0.1)
    assert LabelSmoothing(options, points(), CPU).targets(Targets()) == (0.8, 0.1)


@pytest.mark.parametrize(("step", "std"), [(0, 0.4), (25, 0.3), (50, 0.2), (100, 0.0), (1000, 0.0)])
def test_instance_noise_falls_linearly_to_zero(step: int, std: float) -> None:
    options = InstanceNoiseOptions(name="instance_noise", std=0.4, until=100)
    assert instance_noise_std(options, step) == pytest.approx(std)


def test_instance_noise_without_end_stays() -> None:
    assert instance_noise_std(InstanceNoiseOptions(name="instance_noise", std=0.4), 10**6) == 0.4


def test_clipping_touches_parameters_beyond_the_limit_only() -> None:
    network = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    values = torch.tensor([-5.0, -0.01, -0.003, 0.0, 0.003, 0.01, 5.0, 0.02, -0.02]).view(3, 3)
    with torch.no_grad():
        network[0].weight.copy_(values)
    clip_weights(network, 0.01)
    assert network[0].weight.equal(values.clamp(-0.01, 0.01))
    assert max(parameter.abs().max().item() for parameter in network.parameters()) <= 0.01 + 1e-9
    assert network[1].running_var.eq(1).all(), "buffers are no weights"
    assert network[0].weight.requires_grad


# Packing


def pack(size: int) -> str:
    return f"stabilizers=[{{name: packing, size: {size}}}]"


def test_packs_join_neighbours_along_channels(points: Any) -> None:
    parts = build_parts(points(pack(2)), CPU)
    coordinates = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])
    assert parts.arrange(coordinates).tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    pictures = torch.rand(6, 3, 5, 4)
    parts = build_parts(points(pack(2), "training.batch_size=16"), CPU)
    packs = parts.arrange(pictures)
    assert packs.shape == (3, 6, 5, 4)
    for number in range(3):
        assert torch.equal(packs[number], torch.cat([pictures[2 * number], pictures[2 * number + 1]]))


def test_what_is_left_over_in_a_snapshot_is_filled_up_from_the_start(points: Any) -> None:
    parts = build_parts(points(pack(4)), CPU)
    assert parts.arrange(torch.arange(6.0)[:, None]).tolist() == [[0, 1, 2, 3], [4, 5, 0, 1]]
    assert parts.arrange(torch.arange(3.0)[:, None]).tolist() == [[0, 1, 2, 0]]


def test_noise_is_drawn_before_samples_are_packed(points: Any) -> None:
    """Whichever of the two is named first."""
    noise, samples = "{name: instance_noise, std: 0.5}", torch.zeros(8, 2)
    first = build_parts(points(f"stabilizers=[{noise}, {{name: packing, size: 2}}]"), CPU)
    last = build_parts(points(f"stabilizers=[{{name: packing, size: 2}}, {noise}]"), CPU)
    alone = build_parts(points(f"stabilizers=[{noise}]"), CPU)
    for update in range(2):
        expected = alone.show(samples, "real", update, 1).view(4, 4)
        assert torch.equal(first.show(samples, "real", update, 1), expected)
        assert torch.equal(last.show(samples, "real", update, 1), expected)


NETWORKS = {
    "dcgan": (),
    "mlp": (),
    "sagan": ("generator={name: sagan, width: 4}",),
    "guide": (),
    "progressive": (
        "data.image_size=32",
        "generator={name: progressive, width: 2}",
        "game={name: progressive, sizes: [8, 16, 32], fade: 8, images_per_phase: 8}",
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_only_the_first_layer_of_a_discriminator_grows(name: str, images: Any) -> None:
    changes = (f"discriminator={{name: {name}, width: 4}}", *NETWORKS[name])
    single, packed = images(*changes), images(*changes, pack(4))
    assert packed.judged_shape(packed.data.shape) == (4, *packed.data.shape[1:])
    one, four = build_discriminator(single), build_discriminator(packed)
    shapes = [{key: weight.shape for key, weight in network.named_parameters()} for network in (one, four)]
    assert shapes[0].keys() == shapes[1].keys()
    grown = {key for key in shapes[0] if shapes[0][key] != shapes[1][key]}
    # A network that grows has an input layer a size.
    assert 1 <= len(grown) <= (4 if name == "progressive" else 1)
    assert all(shapes[1][key].numel() == 4 * shapes[0][key].numel() for key in grown)
    assert describe(four, packed.judged_shape(packed.data.shape))[-1].output_shape == ()
    ours = bench(packed)
    for _ in range(4):
        trace = train_step(ours.state, ours.game, ours.feed)
    assert all(torch.isfinite(value) for value in trace.losses.values())
    assert trace.real_scores.shape == (2,)


@pytest.mark.parametrize("batches", ["summed", "mixed", "separate"])
def test_both_players_lose_as_packs_are_scored(batches: str, points: Any) -> None:
    ours = bench(points(pack(2), f"training.discriminator_batches={batches}", "training.generator_batch_size=12"))
    discriminator, game = ours.state.discriminator, ours.game
    drawn, real = game.inputs("latent/discriminator", 16), ours.feed.batch(0)
    with torch.no_grad():
        fake = game.sample(drawn.inputs)
    round = Round(real, drawn, fake, 0, 1, Trace())
    found = sum(game.turns(round))
    expected = softplus(-discriminator(real.values.view(8, 4))).mean() + softplus(discriminator(fake.view(8, 4))).mean()
    torch.testing.assert_close(found, expected)
    drawn = game.inputs("latent/generator", 12)
    fake = game.sample(drawn.inputs)
    loss = game.generator_loss(Round(real, drawn, fake, 0, 1, round.trace))
    torch.testing.assert_close(loss, softplus(-discriminator(fake.view(6, 4))).mean())
    assert train_step(ours.state, game, ours.feed).output_gradient.shape == (12, 2)
    assert round.trace.generator_scores == 6


@pytest.mark.parametrize("penalty", ["r1", "r2", "wgan_gp"])
def test_penalties_are_of_packs(penalty: str, points: Any) -> None:
    """D(x) = w.x of a pack's four coordinates: a gradient w for each."""
    ours = bench(points(pack(2), f"penalties=[{{name: {penalty}, weight: 10}}]"))
    weight = torch.tensor([3.0, -1.0, 2.0, 0.5])
    linear = nn.Linear(4, 1, bias=False)
    linear.weight.data[0] = weight
    ours.game.discriminator = nn.Sequential(linear, nn.Flatten(0))
    drawn, real = ours.game.inputs("latent/discriminator", 16), ours.feed.batch(0)
    round = Round(real, drawn, torch.randn(16, 2), 0, 1, Trace())
    list(ours.game.turns(round))
    expected = 10 * (weight.norm() - 1) ** 2 if penalty == "wgan_gp" else 5 * weight.square().sum()
    torch.testing.assert_close(round.trace.losses[f"penalty_{penalty}"], expected)


def test_a_snapshot_scores_packs(points: Any) -> None:
    ours = bench(points(pack(4)))
    samples = torch.randn(1003, 2)
    packs = torch.cat([samples, samples[:1]]).view(251, 8)
    with torch.no_grad():
        found = ours.game.score(samples, torch.zeros(1003, dtype=torch.int64))
        torch.testing.assert_close(found, ours.state.discriminator(packs))


GAMES = {
    "super_resolution": (
        "generator={name: super_resolution, width: 2, blocks: 1}",
        "game={name: super_resolution, factor: 4}",
    ),
    "cycle": (
        "data={name: mnist, fraction: 0.02}",
        "generator={name: translator, width: 2, blocks: 1}",
        "discriminator={name: dcgan, width: 2, norm: instance}",
        "game={name: cycle, source: {name: mnist, edges: true, fraction: 0.02}, pool: 6}",
    ),
}


@pytest.mark.parametrize("name", GAMES)
def test_games_without_heads_are_played_in_packs(name: str, images: Any) -> None:
    ours = bench(images(*GAMES[name], pack(2)))
    for _ in range(3):
        trace = train_step(ours.state, ours.game, ours.feed)
    assert trace.fake_scores.shape == (4,)
    assert all(torch.isfinite(value) for value in trace.losses.values())


@pytest.mark.parametrize("game", ["conditional", "auxiliary", "infogan"])
def test_games_with_heads_refuse_packs(game: str) -> None:
    with pytest.raises(ConfigError, match="has to say something of each sample"):
        experiment_from_mapping({"game": {"name": game}, "stabilizers": [{"name": "packing"}]})


@pytest.mark.parametrize(
    ("training", "match"),
    [
        ({"batch_size": 62}, "batches of 62 do not divide into packs of 4"),
        ({"batch_size": 64, "generator_batch_size": 66}, "batches of 66 do not"),
        ({"batch_size": 4}, "batch normalisation in the discriminator needs at least 2 packs"),
    ],
)
def test_batches_that_packs_do_not_fit_are_refused(training: dict[str, int], match: str) -> None:
    packed = {
        "discriminator": {"name": "dcgan", "norm": "batch"},
        "generator": {"name": "dcgan", "norm": "none"},
        "stabilizers": [{"name": "packing", "size": 4}],
    }
    with pytest.raises(ConfigError, match=match):
        experiment_from_mapping({**packed, "training": training})
    assert experiment_from_mapping({**packed, "training": {"batch_size": 8}}).joined == 4


def test_a_run_in_packs_goes_on_and_is_loaded(points: Any, tmp_path: Path) -> None:
    whole = session.start(points(pack(2), "training.steps=10"), tmp_path)
    part = session.start(points(pack(2), "training.steps=5"), tmp_path)
    session.resume(part, ["training.steps=10"])
    histories = [read_history(run.history) for run in (whole, part)]
    for name in ("d_loss", "g_loss", "d_acc_real"):
        assert histories[0][name].tolist() == histories[1][name].tolist()
    assert set(histories[0]["d_acc_real"] * 8 % 1) == {0}, "of eight packs"
    row = read_snapshots(whole.snapshots)[-1]
    assert 0 < row["d_train"] < 1
    game = load_game(RunDirectory(whole.path))
    assert isinstance(game.sample(game.draw(4, torch.Generator()).inputs), Tensor)
