"""Ways against SciPy's, sums in a latent space that is known, neighbours that are planted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial import geometric_slerp
from torch import Tensor, nn

from ganlab.data import load, to_float
from ganlab.data.points import modes
from ganlab.errors import RunError
from ganlab.training.latent_space import NOISE, arithmetic, interpolate, nearest, of_class, walk
from ganlab.training.trained import generate, sample_inputs
from ganlab.training.workbench import build_workbench

CONDITIONAL = ("game.name=conditional", "data.modes=8")
INFOGAN = ("game.name=infogan", "latent.dim=9", "game.categories=4", "game.continuous=2")
CYCLE = (
    "game={name: cycle, source: {name: mnist, fraction: 0.05, edges: true}}",
    "generator={name: translator, width: 2}",
)


def game(experiment: Any) -> Any:
    return build_workbench(experiment, load(experiment.data, experiment.training.batch_size), torch.device("cpu")).game


class Snapped(nn.Module):
    """From latents in the plane to the mode of a ring in whose direction they point."""

    def __init__(self, centres: Tensor) -> None:
        super().__init__()
        self.centres = centres

    def forward(self, latents: Tensor) -> Tensor:
        return self.centres[(latents @ self.centres.T).argmax(1)]


def snapped(points: Any, reached: int = 8) -> Any:
    """A game whose generator makes the first `reached` modes of the ring."""
    played = game(points("latent.dim=2"))
    played.generator = Snapped(modes(played.experiment.data)[:reached])
    return played


def test_a_straight_interpolation_goes_evenly_from_one_latent_to_the_other(points: Any) -> None:
    played = game(points())
    rows = interpolate(played, pairs=3, columns=10, seed=5).reshape(3, 10, -1)
    starts, ends = sample_inputs(played, 6, 5).inputs.chunk(2)
    torch.testing.assert_close(rows[:, 0], starts)
    torch.testing.assert_close(rows[:, -1], ends)
    torch.testing.assert_close(rows[:, 3], starts * 2 / 3 + ends / 3)


def test_a_spherical_interpolation_is_scipys(points: Any) -> None:
    played = game(points("latent.dim=256"))
    rows = interpolate(played, pairs=4, columns=7, seed=5, spherical=True).reshape(4, 7, -1).double()
    starts, ends = sample_inputs(played, 8, 5).inputs.double().chunk(2)
    for row, a, b in zip(rows, starts, ends, strict=True):
        angle = math.acos(float(a @ b / (a.norm() * b.norm())))
        flat = geometric_slerp(np.array([1.0, 0.0]), np.array([math.cos(angle), math.sin(angle)]), np.linspace(0, 1, 7))
        # What SciPy finds in the plane of both, written in terms of both.
        of_b = torch.from_numpy(flat[:, 1] / math.sin(angle))[:, None]
        of_a = torch.from_numpy(flat[:, 0])[:, None] - of_b * math.cos(angle)
        torch.testing.assert_close(row, of_a * a + of_b * b, atol=1e-5, rtol=1e-5)
    straight = interpolate(played, pairs=4, columns=7, seed=5).reshape(4, 7, -1)
    assert (straight[:, 3].norm(dim=1) / 16 < 0.8).all()  # near 1 / sqrt 2 of sqrt 256
    assert ((rows[:, 3].norm(dim=1) / 16 - 1).abs() < 0.1).all()


def test_where_no_arc_is_defined_the_way_is_straight(points: Any) -> None:
    """In one dimension two latents lie on one line, in the same or in opposite directions."""
    played = game(points("latent.dim=1"))
    straight, arc = (interpolate(played, pairs=20, columns=5, seed=1, spherical=s) for s in (False, True))
    torch.testing.assert_close(arc, straight)


@pytest.mark.parametrize(("overrides", "free"), [(CONDITIONAL, 4), (INFOGAN, 3)])
def test_only_the_latent_moves_not_the_class_nor_the_codes(points: Any, overrides: Any, free: int) -> None:
    played = game(points(*overrides))
    rows = interpolate(played, pairs=5, columns=4, seed=2).reshape(5, 4, -1)
    starts, ends = sample_inputs(played, 10, 2).inputs.chunk(2)
    assert torch.equal(rows[:, :, free:], starts[:, None, free:].expand(-1, 4, -1))
    torch.testing.assert_close(rows[:, -1, :free], ends[:, :free])
    walked = walk(played, free - 1, rows=5, columns=4, reach=2.0, seed=2).reshape(5, 4, -1)
    assert torch.equal(walked[:, :, free:], sample_inputs(played, 5, 2).inputs[:, None, free:].expand(-1, 4, -1))
    with pytest.raises(RunError, match=f"no dimension {free}"):
        walk(played, free, rows=5, columns=4, reach=2.0, seed=2)


def test_a_walk_moves_one_dimension_and_holds_the_others(points: Any) -> None:
    played = game(points())
    rows = walk(played, 2, rows=3, columns=5, reach=3.0, seed=4).reshape(3, 5, 4)
    torch.testing.assert_close(rows[:, :, 2], torch.tensor([-3.0, -1.5, 0.0, 1.5, 3.0]).expand(3, 5))
    held = sample_inputs(played, 3, 4).inputs
    for dimension in (0, 1, 3):
        assert torch.equal(rows[:, :, dimension], held[:, dimension, None].expand(3, 5))


def test_arithmetic_adds_and_subtracts_class_means(points: Any) -> None:
    """East - north + west is south, where the direction of the latent is that of the mode."""
    played = snapped(points)
    latents = arithmetic(played, played.data or load(played.experiment.data, 16), "mode 0-mode 2 + mode 4", 4000, 3)
    length = sample_inputs(played, 4000, 3).inputs.norm(dim=1).mean()
    expected = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]) * length
    torch.testing.assert_close(latents[:4], expected, atol=0.1, rtol=0)
    samples = generate(played, latents)
    torch.testing.assert_close(samples[:4], modes(played.experiment.data)[[0, 2, 4, 6]])
    away = (latents[4:] - latents[3]).abs()
    assert len(away) == 6
    assert 0.5 * NOISE < float(away.max()) <= NOISE


@pytest.mark.parametrize(
    ("reached", "expression", "message"),
    [
        (8, "mode 0-mode 1", "not A-B"),
        (8, "mode 0-mode 1+mode 9", "not A-B"),
        (2, "mode 0-mode 1+mode 4", "of 500 samples 0 are of class mode 4"),
    ],
)
def test_arithmetic_refuses_what_it_cannot_add(points: Any, reached: int, expression: str, message: str) -> None:
    played = snapped(points, reached)
    with pytest.raises(RunError, match=message):
        arithmetic(played, load(played.experiment.data, 16), expression, 500, 3)


def test_arithmetic_needs_classes_that_are_in_the_latent(points: Any, images: Any) -> None:
    for overrides in (CONDITIONAL, INFOGAN):
        played = game(points(*overrides))
        with pytest.raises(RunError, match="not part of the latent"):
            arithmetic(played, load(played.experiment.data, 16), "mode 0-mode 1+mode 2", 100, 0)
    played = game(points("data.name=swiss_roll"))
    with pytest.raises(RunError, match="classes of this run's data"):
        arithmetic(played, load(played.experiment.data, 16), "a-b+c", 100, 0)


def test_a_game_that_starts_from_images_has_no_latent_space(images: Any) -> None:
    played = game(images(*CYCLE))
    data = load(played.experiment.data, 8)
    for ask in (
        lambda: interpolate(played, 2, 3, 0),
        lambda: walk(played, 0, 2, 3, 1.0, 0),
        lambda: arithmetic(played, data, "8-8+8", 100, 0),
    ):
        with pytest.raises(RunError, match="starts from images"):
            ask()


def test_inputs_of_a_class_ask_for_it_with_the_usual_latents(images: Any) -> None:
    played = game(images("game.name=conditional", "data.classes=[3,8]"))
    data = load(played.experiment.data, 8)
    inputs = of_class(played, data, "3", 5, 7)
    assert inputs[:, 8:].argmax(1).tolist() == [3] * 5
    assert torch.equal(inputs[:, :8], sample_inputs(played, 5, 7).inputs[:, :8])
    with pytest.raises(RunError, match="'5' is no class that this run was trained on") as told:
        of_class(played, data, "5", 5, 7)
    assert told.value.hint == "choose one of 3, 8"
    with pytest.raises(RunError, match="standard game cannot be asked for a class"):
        of_class(game(images()), data, "8", 5, 7)


def test_the_nearest_training_image_of_a_disturbed_one_is_itself(images: Any, points: Any) -> None:
    data = load(images().data, 8)
    rows = torch.tensor([5, 170, 33])
    planted = to_float(data.train.values[rows])
    samples = planted + 0.05 * torch.randn(planted.shape, generator=torch.Generator().manual_seed(0))
    pairs = nearest(samples, data)
    assert torch.equal(pairs[0::2], samples)
    assert torch.equal(pairs[1::2], planted)
    with pytest.raises(RunError, match="points have no nearest image"):
        nearest(torch.zeros(3, 2), load(points().data, 8))
