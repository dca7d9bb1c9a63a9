"""DiffAugment: what each change makes of a known picture, and which draws it is made from."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from ganlab.config.load import experiment_from_mapping
from ganlab.data import load
from ganlab.errors import ConfigError
from ganlab.objectives import augmentation
from ganlab.objectives.augmentation import DiffAugment, brightness, contrast, corners, cut, hue, resample, saturation
from ganlab.objectives.parts import build_parts
from ganlab.training.step import train_step
from ganlab.training.workbench import build_workbench

CPU = torch.device("cpu")
COLOURS = torch.rand(3, 3, 5, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
"""Three pictures, 5 pixels high and 4 wide."""
COLOURED = "data={name: cifar10}"
FACTORS = torch.tensor([0.0, 1.0, 2.0])


def augment(policy: str, images: Any, *more: str) -> DiffAugment:
    options = f"stabilizers=[{{name: diff_augment, policy: [{policy}]{''.join(f', {each}' for each in more)}}}]"
    (part,) = build_parts(images(COLOURED, options), CPU).stabilizers
    assert isinstance(part, DiffAugment)
    return part


def test_brightness_adds_the_same_number_to_all_of_a_picture() -> None:
    added = brightness(COLOURS, torch.tensor([-0.25, 0.0, 0.5])) - COLOURS
    torch.testing.assert_close(added, torch.tensor([-0.25, 0.0, 0.5])[:, None, None, None].expand(3, 3, 5, 4))


def test_saturation_moves_channels_away_from_their_grey() -> None:
    found, grey = saturation(COLOURS, FACTORS), COLOURS.mean(1, keepdim=True)
    torch.testing.assert_close(found[0], grey[0].expand(3, 5, 4))
    assert torch.equal(found[1], COLOURS[1])
    torch.testing.assert_close(found[2], 2 * COLOURS[2] - grey[2])


def test_contrast_moves_pixels_away_from_the_pictures_mean() -> None:
    found, means = contrast(COLOURS, FACTORS), COLOURS.mean((1, 2, 3))
    torch.testing.assert_close(found[0], means[0].expand(3, 5, 4))
    assert torch.equal(found[1], COLOURS[1])
    torch.testing.assert_close(found[2], 2 * COLOURS[2] - means[2])


def test_hue_turns_red_to_green_and_leaves_greys() -> None:
    third = 2 * math.pi / 3
    red, green, blue = COLOURS.unbind(1)
    found = hue(COLOURS, torch.tensor([0.0, third, -third]))
    assert torch.equal(found[0], COLOURS[0])
    torch.testing.assert_close(found[1], torch.stack([blue, red, green], 1)[1])
    torch.testing.assert_close(found[2], torch.stack([green, blue, red], 1)[2])
    greys = COLOURS[:, :1].expand(3, 3, 5, 4)
    torch.testing.assert_close(hue(greys, torch.tensor([0.3, 1.0, 2.0])), greys)


def test_a_shift_moves_by_whole_pixels_and_lets_zeros_in() -> None:
    found = augmentation.shift(COLOURS, torch.tensor([2, -1, 0]), torch.tensor([0, -1, 3]))
    expected = torch.zeros_like(COLOURS)
    expected[0, :, 2:] = COLOURS[0, :, :-2]
    expected[1, :, :-1, :-1] = COLOURS[1, :, 1:, 1:]
    expected[2, :, :, 3:] = COLOURS[2, :, :, :-3]
    assert torch.equal(found, expected)


def test_a_cut_is_a_rectangle_of_zeros_and_what_lies_outside_is_not_cut() -> None:
    found = cut(COLOURS, torch.tensor([1, -1, 4]), torch.tensor([2, -1, 0]), 3, 2)
    expected = COLOURS.clone()
    expected[0, :, 1:4, 2:4] = 0
    expected[1, :, :2, :1] = 0
    expected[2, :, 4:, :2] = 0
    assert torch.equal(found, expected)


@pytest.mark.parametrize(("side", "size"), [(28, 14), (28, 13), (5, 5)])
def test_the_centre_of_a_cut_is_anywhere_in_the_picture(side: int, size: int) -> None:
    found = corners(torch.linspace(0, 1, 4000)[:-1], side, size)
    middles = found + (size - 1) / 2
    assert middles.min() == (-0.5 if size % 2 == 0 else 0)
    assert middles.max() == (side - 0.5 if size % 2 == 0 else side - 1)
    counts = (found - found.min()).bincount()
    assert counts.max() - counts.min() <= 2


def test_resampling_is_exact_at_pixels_linear_between_and_reflected_outside() -> None:
    rows, columns = torch.meshgrid(torch.arange(5.0), torch.arange(4.0), indexing="ij")
    assert torch.equal(resample(COLOURS, rows.expand(3, 5, 4), columns.expand(3, 5, 4)), COLOURS)
    half = resample(COLOURS, (rows + 0.5).expand(3, 5, 4), columns.expand(3, 5, 4))
    torch.testing.assert_close(half[:, :, :4], (COLOURS[:, :, :4] + COLOURS[:, :, 1:]) / 2)
    beyond = resample(COLOURS, (rows - 2).expand(3, 5, 4), (columns + 1).expand(3, 5, 4))
    assert torch.equal(beyond, COLOURS[:, :, [2, 1, 0, 1, 2]][..., [1, 2, 3, 2]])


@pytest.mark.parametrize("policy", ["color", "translation", "cutout", "color, translation, cutout"])
def test_gradients_pass_through(policy: str, images: Any) -> None:
    part = augment(policy, images)
    samples = torch.rand(2, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda values: part.see(values, "generator", 3, 1), samples)
    assert torch.autograd.gradgradcheck(lambda values: part.see(values, "generator", 3, 1).square(), samples)


def test_resampling_can_be_differentiated_twice() -> None:
    places = torch.rand(2, 2, 4, 3, dtype=torch.float64) * 6 - 1
    samples = torch.rand(2, 1, 4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda values: resample(values, *places), samples)
    assert torch.autograd.gradgradcheck(lambda values: resample(values, *places).square(), samples)


def test_each_image_has_a_draw_of_its_own_and_each_stream_and_update_too(images: Any) -> None:
    part = augment("color", images, "saturation: 0", "contrast: 0")

    def added(stream: str = "real", update: int = 7, step: int = 1) -> Tensor:
        return part.see(torch.zeros(16, 1, 4, 4), stream, update, step)[:, 0, 0, 0]

    assert torch.equal(added(), added(step=2)), "a function of stream and update"
    draws = [added(), added("fake"), added("generator"), added(update=8)]
    assert len({float(each) for each in torch.cat(draws)}) == 64


def test_draws_are_as_in_the_paper(images: Any) -> None:
    """Strengths of 2,000 draws: U[-.5, .5], U[0, 2], U[.5, 1.5]; shifts of an eighth, cuts of a half."""
    count = 2000

    def seen(policy: str, samples: Tensor, *more: str) -> Tensor:
        return augment(policy, images, *more).see(samples.expand(count, -1, -1, -1), "real", 0, 1)

    def uniform(values: Tensor, low: float, high: float) -> None:
        assert values.min() == pytest.approx(low, abs=0.01 * (high - low))
        assert values.max() == pytest.approx(high, abs=0.01 * (high - low))
        assert values.mean() == pytest.approx((low + high) / 2, abs=0.03 * (high - low))

    uniform(seen("color", torch.zeros(1, 3, 2, 2))[:, 0, 0, 0], -0.5, 0.5)
    red = torch.tensor([1.0, 0.0, -1.0])[None, :, None, None].expand(1, 3, 2, 2)
    uniform(seen("color", red, "brightness: 0", "contrast: 0")[:, 0, 0, 0], 0, 2)
    halves = torch.tensor([1.0, -1.0])[None, None, :, None].expand(1, 1, 2, 2)
    uniform(seen("color", halves, "brightness: 0")[:, 0, 0, 0], 0.5, 1.5)
    dot = torch.zeros(1, 1, 24, 16)
    dot[..., 10, 8] = 1
    places = seen("translation", dot).flatten(1).argmax(1)
    assert (places // 16 - 10).unique().tolist() == [-3, -2, -1, 0, 1, 2, 3]
    assert (places % 16 - 8).unique().tolist() == [-2, -1, 0, 1, 2]
    zeros = seen("cutout", torch.ones(1, 1, 24, 16)) == 0
    assert zeros.any(3).sum(2).max() == 12
    assert zeros.any(2).sum(2).max() == 8
    assert (zeros.sum((1, 2, 3)) == 96).float().mean() > 0.1
    assert zeros.any(dim=0).all()


@pytest.mark.parametrize("data", ["mnist", "stacked_mnist"])
def test_channels_that_are_no_colours_are_not_mixed(data: str, images: Any) -> None:
    change = "stabilizers=[{name: diff_augment, policy: [color], brightness: 1.0e-6, contrast: 0}]"
    (part,) = build_parts(images(f"data={{name: {data}}}", change), CPU).stabilizers
    torch.testing.assert_close(part.see(COLOURS, "real", 0, 1), COLOURS, rtol=0, atol=2e-6)
    # A flip turns channels about, but mixes none of their values.
    hues = "stabilizers=[{name: ada, p: 1, augmentations: [hue, saturation, flip]}]"
    (part,) = build_parts(images(f"data={{name: {data}}}", hues), CPU).stabilizers
    assert torch.equal(part.see(COLOURS, "real", 0, 1), COLOURS.flip(3))


GAMES = {
    "standard": (),
    "conditional": ("game.name=conditional", "data={name: mnist, fraction: 0.02}"),
    "progressive": (
        "data.image_size=32",
        "generator={name: progressive, width: 2}",
        "discriminator={name: progressive, width: 2}",
        "game={name: progressive, sizes: [4, 8, 16, 32], fade: 8, images_per_phase: 8}",
    ),
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


@pytest.mark.parametrize(
    "part", ["{name: diff_augment}", "{name: ada, target: null, p: 0.5, augmentations: [flip, rotation, cutout]}"]
)
@pytest.mark.parametrize("game", GAMES)
def test_every_game_is_played_with_changed_images(game: str, part: str, images: Any) -> None:
    experiment = images(*GAMES[game], f"stabilizers=[{part}, {{name: instance_noise}}]")
    ours = build_workbench(experiment, load(experiment.data, 8), CPU)
    for _ in range(7 if game == "progressive" else 2):
        trace = train_step(ours.state, ours.game, ours.feed)
    assert trace.output_gradient.abs().sum() > 0
    assert all(torch.isfinite(value) for value in trace.losses.values())


@pytest.mark.parametrize("other", ["unrolling, steps: 2", "consensus"])
@pytest.mark.parametrize("augmentation", ["diff_augment", "ada, target: null, p: 1"])
def test_losses_at_changed_images_are_differentiated_twice(augmentation: str, other: str, images: Any) -> None:
    experiment = images(f"stabilizers=[{{name: {augmentation}}}, {{name: {other}}}]", "discriminator.norm=none")
    ours = build_workbench(experiment, load(experiment.data, 8), CPU)
    trace = train_step(ours.state, ours.game, ours.feed)
    assert trace.output_gradient.abs().sum() > 0


@pytest.mark.parametrize(
    ("part", "path", "words"),
    [
        ({"policy": ["color", "color"]}, "stabilizers.0.policy", "names color twice"),
        ({"policy": []}, "stabilizers.0.policy", "at least 1"),
        ({"translation": 0.6}, "stabilizers.0.translation", "0.6"),
        ({"translation": 0.01}, "stabilizers.0.translation", "less than half a pixel"),
        ({"policy": ["cutout"], "cutout": 0.01}, "stabilizers.0.cutout", "leave cutout out of"),
    ],
)
def test_policies_that_mean_nothing_are_refused(part: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        experiment_from_mapping({"stabilizers": [{"name": "diff_augment", **part}]})
    assert path in str(caught.value)
    assert words in str(caught.value)
    experiment_from_mapping({"stabilizers": [{"name": "diff_augment", "policy": ["color"], "cutout": 0.01}]})


@pytest.mark.parametrize("name", ["diff_augment", "ada"])
def test_points_are_not_augmented(name: str) -> None:
    mlp = {"generator": {"name": "mlp"}, "discriminator": {"name": "mlp"}}
    with pytest.raises(ConfigError, match=f"remove {name}, or choose image data"):
        experiment_from_mapping({**mlp, "data": {"name": "ring"}, "stabilizers": [{"name": name}]})


def test_one_augmentation_is_enough() -> None:
    with pytest.raises(ConfigError, match="would both change each image"):
        experiment_from_mapping({"stabilizers": [{"name": "ada"}, {"name": "diff_augment"}]})
