"""Pairs with a known truth: what the generator is told, what it minimises, what a snapshot measures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import rotate
from torch import Tensor
from torch.nn.functional import softplus

from ganlab.games.paired import ANGLES
from ganlab.plots.grids import save_png
from ganlab.training.step import train_step

SMALL = (
    "data={name: mnist, fraction: 0.02, classes: null, rotated: 60}",
    "generator={name: translator, width: 2, blocks: 1, norm: batch}",
    "discriminator={name: dcgan, width: 2}",
    "game={name: paired, l1: 3.0}",
)


def drawn(game: Any, count: int = 20, held_out: bool = False) -> Any:
    return game.draw(count, torch.Generator().manual_seed(0), held_out)


def test_inputs_are_an_original_its_class_and_the_angle_of_the_truth(images: Any, bench: Any) -> None:
    experiment = images(*SMALL)
    game = bench(experiment).game
    for held_out, samples in ((False, game.originals.train), (True, game.originals.held_out)):
        found = drawn(game, held_out=held_out)
        assert found.inputs.shape[1:] == experiment.input_shape == (1 + 10 + 2, 28, 28)
        image, maps = found.inputs[:, 0], found.inputs[:, 1:, 0, 0]
        assert torch.equal(found.inputs[:, 1:], maps[:, :, None, None].expand(-1, -1, 28, 28)), "constant maps"
        known = {each.numpy().tobytes(): int(label) for each, label in zip(samples.values, samples.labels, strict=True)}
        levels = ((image + 1) * 127.5).round().to(torch.uint8)
        assert [known[each.numpy().tobytes()] for each in levels] == found.asked.tolist()
        assert torch.equal(maps[:, :10].argmax(1), found.asked)
        assert torch.equal(maps[:, :10].sum(1), torch.ones(20))
        angles = np.degrees(np.arctan2(maps[:, 11].numpy(), maps[:, 10].numpy()))
        assert np.abs(angles).max() <= 60
        assert np.ptp(angles) > 60
        for each, angle, truth in zip(image, angles, found.truth[:, 0], strict=True):
            expected = rotate(each.double().numpy(), float(angle), reshape=False, order=1, cval=-1.0)
            np.testing.assert_allclose(truth, expected, atol=2e-3)
        assert game.sample(found.inputs).shape == found.truth.shape


def test_images_without_classes_are_told_the_angle_alone(images: Any, bench: Any, tmp_path: Any) -> None:
    for number in range(40):
        save_png(np.full((28, 28, 3), 6 * number, dtype=np.uint8), tmp_path / f"{number}.png")
    folder = f"data={{name: folder, path: {tmp_path}, fraction: 1.0, image_size: 28, rotated: 60}}"
    experiment = images(*SMALL, folder)
    found = drawn(bench(experiment).game)
    assert found.inputs.shape[1:] == experiment.input_shape == (3 + 2, 28, 28)
    assert found.asked is None
    radius = found.inputs[:, 3:].square().sum(1)
    torch.testing.assert_close(radius, torch.ones_like(radius))


def test_the_generator_minimises_the_distance_to_the_truth(images: Any, bench: Any, round_of: Any) -> None:
    ours = bench(images(*SMALL))
    shown = round_of(ours, "generator")
    loss = ours.game.generator_loss(shown)
    distance = (shown.fake - shown.drawn.truth).abs().mean()
    adversarial = softplus(-ours.state.discriminator(shown.fake)).mean()
    torch.testing.assert_close(loss, adversarial + 3 * distance)
    torch.testing.assert_close(shown.trace.losses["l1_loss"], distance.detach())
    torch.testing.assert_close(shown.trace.losses["g_loss"], adversarial.detach())


def test_the_discriminator_sees_rotated_digits_of_both_kinds(images: Any, bench: Any, round_of: Any) -> None:
    ours = bench(images(*SMALL))
    shown = round_of(ours, "discriminator")
    known = {each.numpy().tobytes() for each in ours.game.data.train.values}
    levels = ((shown.real.values + 1) * 127.5).round().to(torch.uint8)
    assert all(each.numpy().tobytes() in known for each in levels)
    (loss,) = ours.game.turns(shown)
    real, fake = ours.state.discriminator(shown.real.values), ours.state.discriminator(shown.fake)
    torch.testing.assert_close(loss, softplus(-real).mean() + softplus(fake).mean())


def test_class_and_angle_reach_the_image(images: Any, bench: Any) -> None:
    ours = bench(images(*SMALL))
    train_step(ours.state, ours.game, ours.feed)
    inputs = drawn(ours.game).inputs
    made = ours.game.sample(inputs)
    for channels in (slice(1, 11), slice(11, 13)):
        others = inputs.clone()
        others[:, channels] = inputs[:, channels].roll(1, 0)
        assert (ours.game.sample(others) - made).abs().max() > 1e-4


def test_a_snapshot_compares_with_the_truth(images: Any, bench: Any) -> None:
    game = bench(images(*SMALL)).game
    found = drawn(game, held_out=True)

    def measured(samples: Tensor) -> dict[str, float]:
        measures: dict[str, float] = game.measure(found, samples)
        return measures

    perfect, untouched, off = (measured(each) for each in (found.truth, found.inputs[:, :1], found.truth + 0.25))
    given = float((found.inputs[:, :1] - found.truth).abs().mean())
    assert (perfect["pair_error"], off["pair_error"]) == (0, pytest.approx(0.25, abs=1e-6))
    assert untouched["pair_error"] == perfect["pair_error_input"] == pytest.approx(given)
    angles = torch.rad2deg(torch.atan2(found.inputs[:, 12, 0, 0], found.inputs[:, 11, 0, 0]))
    # To the nearest of the angles that are tried, half a step off at most.
    assert perfect["angle_error"] == perfect["angle_error_real"] <= 120 / (ANGLES - 1) / 2
    assert untouched["angle_error"] == pytest.approx(float(angles.abs().mean()), abs=1e-3)


def test_the_gallery_lays_what_is_given_and_made_beside_the_truth(images: Any, bench: Any) -> None:
    game = bench(images(*SMALL)).game
    asked = game.inputs("gallery", 30, held_out=True)
    game.sample = lambda inputs: inputs[:, :1] / 2
    gallery = game.gallery()
    assert gallery.shape == (90, 1, 28, 28)
    given, made, truth = gallery.unflatten(0, (3, 3, 10)).unbind(1)
    assert torch.equal(given.flatten(0, 1), asked.inputs[:, :1])
    assert torch.equal(made, given / 2)
    assert torch.equal(truth.flatten(0, 1), asked.truth)
