"""What is kept of games on 2-D points, against discriminators whose scores are known everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganlab.data import load
from ganlab.games.conditional import ConditionalGame
from ganlab.games.rounds import Batch, Round
from ganlab.objectives.parts import Trace
from ganlab.plots.grids import frame_of
from ganlab.plots.landscape import CELLS, LATTICE, Landscape
from ganlab.runs.directory import create_run
from ganlab.runs.status import RunStatus
from ganlab.training.watch import Watch
from ganlab.training.workbench import build_workbench

WEIGHT, BIAS = torch.tensor([1.5, -2.0]), 0.25

DERIVATIVES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "minimax": lambda fake, real: fake.sigmoid(),
    "non_saturating": lambda fake, real: (-fake).sigmoid(),
    "least_squares": lambda fake, real: 1 - fake,
    "hinge": lambda fake, real: torch.ones_like(fake),
    "wasserstein": lambda fake, real: torch.ones_like(fake),
    "relativistic": lambda fake, real: (real - fake).sigmoid(),
    "relativistic_average": lambda fake, real: (real.mean() - fake).sigmoid() + (real - fake.mean()).sigmoid().mean(),
}
"""How fast the generator's loss falls as a sample's score rises, times the number of samples."""


def prepared(experiment: Any, folder: Path) -> Watch:
    data = load(experiment.data, experiment.training.batch_size)
    bench = build_workbench(experiment, data, torch.device("cpu"))
    return Watch(bench, data, create_run(folder, experiment), RunStatus(status="running", steps=100))


def taken(watch: Watch, step: int = 0) -> Landscape:
    """Return what a snapshot of a step keeps."""
    _, facts = watch.snapshots.take(step)
    assert facts.landscape is not None
    return facts.landscape


def linear(watch: Watch, weight: Tensor = WEIGHT) -> nn.Linear:
    """Put a linear discriminator in the place of the game's own."""
    layer = nn.Linear(weight.numel(), 1)
    layer.weight.data, layer.bias.data = weight[None], torch.tensor([BIAS])
    watch.bench.plain_game.discriminator = nn.Sequential(layer, nn.Flatten(0))
    return layer


def places(found: Landscape) -> np.ndarray:
    """Where the scores are, (CELLS, CELLS, 2)."""
    left, right, bottom, top = found.extent
    middles = (np.arange(CELLS) + 0.5) / CELLS
    return np.stack(np.meshgrid(left + (right - left) * middles, bottom + (top - bottom) * middles), axis=2)


@pytest.mark.parametrize("loss", DERIVATIVES)
def test_a_linear_discriminator_is_a_plane_and_pushes_along_its_weights(points: Any, tmp_path: Path, loss: str) -> None:
    watch = prepared(points(f"loss={loss}"), tmp_path)
    linear(watch)
    found = taken(watch)
    np.testing.assert_allclose(found.scores, places(found) @ WEIGHT.numpy() + BIAS, rtol=1e-4, atol=1e-5)
    fake, real = (torch.as_tensor(each) @ WEIGHT + BIAS for each in (found.points, watch.snapshots.train.values))
    assert len(fake) == len(real) == 64
    expected = DERIVATIVES[loss](fake, real)[:, None] * WEIGHT
    np.testing.assert_allclose(found.push, expected, rtol=1e-4, atol=1e-6)


def test_the_level_is_the_loss_s_own_or_half_way_between_the_mean_scores(points: Any, tmp_path: Path) -> None:
    levels = {}
    for loss in DERIVATIVES:
        watch = prepared(points(f"loss={loss}"), tmp_path)
        linear(watch)
        found = taken(watch)
        middle = (found.points.mean(axis=0) + watch.snapshots.held_out.values.numpy().mean(axis=0)) / 2
        levels[loss] = (found.divides, found.logits, round(found.level, 4))
    between = round(float(middle @ WEIGHT.numpy()) + BIAS, 4)
    assert levels == {
        "minimax": (True, True, 0.0), "non_saturating": (True, True, 0.0), "least_squares": (True, False, 0.5),
        "hinge": (True, False, 0.0), "wasserstein": (False, False, between),
        "relativistic": (False, False, between), "relativistic_average": (False, False, between),
    }  # fmt: skip


def test_the_frame_is_that_of_the_scatter_plot_and_stays(points: Any, tmp_path: Path) -> None:
    watch = prepared(points(), tmp_path)
    first, second = taken(watch), taken(watch, 1)
    assert watch.observer.comparison is not None
    watch.observer.comparison.prepare(64, None)
    centre, half = frame_of(watch.observer.comparison.held_out.numpy())
    np.testing.assert_allclose(first.extent, [centre[0] - half, centre[0] + half, centre[1] - half, centre[1] + half])
    np.testing.assert_array_equal(first.extent, second.extent)


def test_a_pack_is_full_of_one_place_and_each_of_its_samples_is_pushed(points: Any, tmp_path: Path) -> None:
    watch = prepared(points("stabilizers=[{name: packing, size: 4}]", "monitor.snapshot_samples=62"), tmp_path)
    weight = torch.arange(8.0)
    linear(watch, weight)
    found = taken(watch)
    np.testing.assert_allclose(found.scores, places(found) @ weight.view(4, 2).sum(0).numpy() + BIAS, rtol=1e-4)
    assert (found.pack, len(found.points)) == (4, 60)
    packs = torch.as_tensor(found.points).view(15, 8)
    expected = (-(packs @ weight + BIAS)).sigmoid()[:, None] * weight
    np.testing.assert_allclose(found.push.reshape(15, 8), expected, rtol=1e-4, atol=1e-6)


def test_a_class_is_the_best_one_in_the_plane_and_the_one_asked_for_in_the_push(points: Any, tmp_path: Path) -> None:
    watch = prepared(points("game={name: conditional}"), tmp_path)
    game, layer = watch.bench.plain_game, nn.Linear(2, 9)
    assert isinstance(game, ConditionalGame)
    game.discriminator, game.shares[5] = layer, 0.0  # that class is never asked for
    layer.weight.data[6] = 1000.0
    found, drawn = taken(watch), watch.snapshots.drawn
    said = places(found) @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
    best = np.delete(said[..., 1:], 5, axis=2).max(axis=2)
    np.testing.assert_allclose(found.scores, said[..., 0] + best, rtol=1e-4, atol=1e-5)
    assert found.classes == 7
    weight, bias = ((each[0] + each[1:][drawn.asked]).detach() for each in (layer.weight, layer.bias))
    scores = (torch.as_tensor(found.points) * weight).sum(1) + bias
    np.testing.assert_allclose(found.push, (-scores).sigmoid()[:, None] * weight, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("game", ["{name: auxiliary, weight: 3.0}", "{name: infogan, categories: 2, continuous: 1}"])
def test_the_push_is_that_of_the_whole_objective(points: Any, tmp_path: Path, game: str) -> None:
    """Heads included: what the generator minimises falls along the push as fast as the push is long."""
    smooth = ("discriminator.activation=tanh", "weight_init.name=default")
    watch = prepared(points(f"game={game}", *smooth), tmp_path)
    found, played, drawn = taken(watch), watch.bench.plain_game, watch.snapshots.drawn
    samples, push = torch.as_tensor(found.points), torch.as_tensor(found.push)
    unused = Batch(samples, torch.zeros(len(samples), dtype=torch.int64))

    @torch.no_grad()
    def objective(share: float) -> float:
        return float(played.generator_loss(Round(unused, drawn, samples + share * push, 0, 1, Trace())))

    slope = (objective(0.05) - objective(-0.05)) / 0.1
    assert slope == pytest.approx(-float(push.square().sum(1).mean()), rel=1e-2)


def test_noise_on_what_the_discriminator_sees_is_left_out(points: Any, tmp_path: Path) -> None:
    plain = taken(prepared(points(), tmp_path))
    noisy = taken(prepared(points("stabilizers=[{name: instance_noise, std: 5.0}]"), tmp_path))
    np.testing.assert_array_equal(plain.push, noisy.push)
    np.testing.assert_array_equal(plain.scores, noisy.scores)


def test_a_latent_of_two_dimensions_is_shown_as_a_lattice(points: Any, tmp_path: Path) -> None:
    for distribution, reach in (("normal", 2.0), ("uniform", 1.0)):
        watch = prepared(points("latent.dim=2", f"latent.distribution={distribution}"), tmp_path)
        watch.bench.plain_game.generator = nn.Linear(2, 2)
        lattice = taken(watch).lattice
        assert lattice is not None
        corners = torch.tensor([[-reach, -reach], [-reach, reach], [reach, -reach], [reach, reach]])
        expected = watch.bench.plain_game.generator(corners).detach().numpy()
        np.testing.assert_allclose(lattice[[0, 0, -1, -1], [0, -1, 0, -1]], expected, rtol=1e-5)
        assert lattice.shape == (LATTICE, LATTICE, 2)
    assert taken(prepared(points("latent.dim=3"), tmp_path)).lattice is None
    assert taken(prepared(points("latent.dim=2", "game={name: conditional}"), tmp_path)).lattice is None


@pytest.mark.parametrize("norm", ["batch", "spectral"])
def test_taking_one_leaves_no_trace(points: Any, tmp_path: Path, norm: str) -> None:
    """No weight, buffer, gradient, mode or random state is another afterwards; a batch norm scores as in eval mode."""
    watch = prepared(points(f"discriminator.norm={norm}", "loss=relativistic_average"), tmp_path)
    state = watch.bench.state
    before = {name: value.clone() for name, value in state.tensors().items()}
    random = torch.get_rng_state()
    found = taken(watch)
    assert all(torch.equal(before[name], value) for name, value in state.tensors().items())
    assert torch.equal(random, torch.get_rng_state())
    for network in (state.generator, state.discriminator):
        assert all(parameter.grad is None for parameter in network.parameters())
        assert network.training
    with torch.no_grad():
        scores = state.discriminator.eval()(torch.from_numpy(places(found).astype(np.float32)).flatten(0, 1))
    np.testing.assert_allclose(found.scores.ravel(), scores, rtol=1e-4, atol=1e-6)


def test_samples_and_scores_that_are_not_finite_stay_so(points: Any, tmp_path: Path) -> None:
    watch = prepared(points(), tmp_path)
    game, sample = watch.bench.plain_game, watch.bench.plain_game.sample

    def broken(inputs: Tensor) -> Tensor:
        samples = sample(inputs)
        samples[3] = torch.nan
        return samples

    game.sample = broken  # type: ignore[method-assign]
    found = taken(watch)
    assert [int(each) for each in np.flatnonzero(np.isnan(found.points).any(axis=1))] == [3]
    assert [int(each) for each in np.flatnonzero(np.isnan(found.push).any(axis=1))] == [3]
    assert np.isfinite(found.scores).all()
    linear(watch).bias.data[:] = torch.inf
    assert np.isposinf(taken(watch, 1).scores).all()


def test_images_have_none(images: Any, tmp_path: Path) -> None:
    watch = prepared(images(), tmp_path)
    assert watch.snapshots.take(0)[1].landscape is None
    assert not watch.recorder.run.snapshot_folder.exists()


@pytest.mark.parametrize("kind", ["stddev", "discrimination"])
def test_places_are_scored_among_copies_and_pushes_are_of_whole_batches(points: Any, tmp_path: Path, kind: str) -> None:
    """With 62 samples and batches of 16 the generator's samples are pushed in four batches of 15 and 16."""
    watch = prepared(points(f"discriminator.minibatch={kind}", "monitor.snapshot_samples=62"), tmp_path)
    network = watch.bench.plain_game.discriminator
    with torch.no_grad():
        network.output.weight.add_(1.0)
    found = taken(watch)
    assert found.compares
    assert "here each place is among copies of itself" in found.legend
    network.eval()
    for row, column in ((0, 0), (20, 31)):
        place = torch.as_tensor(places(found)[row, column]).float()
        np.testing.assert_allclose(network(place.expand(7, -1))[0].item(), found.scores[row, column], rtol=1e-4)

    samples = torch.as_tensor(found.points)
    for part, push in zip(samples.tensor_split(4), torch.as_tensor(found.push).tensor_split(4), strict=True):
        leaf = part.clone().requires_grad_()
        loss = torch.nn.functional.softplus(-network(leaf)).sum()
        np.testing.assert_allclose(-torch.autograd.grad(loss, leaf)[0], push, rtol=1e-4, atol=1e-6)


def test_a_discriminator_that_scores_samples_one_by_one_says_nothing_of_copies(points: Any, tmp_path: Path) -> None:
    found = taken(prepared(points(), tmp_path))
    assert not found.compares
    assert "copies" not in found.legend
