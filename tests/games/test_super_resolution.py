"""Large images from small ones: what is given, what is minimised, what is measured."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss, softplus

from ganlab.evaluation.pairs import bicubic, psnr, ssim
from ganlab.games.rounds import Draw

SMALL = (
    "data.fraction=0.02",
    "data.classes=null",
    "generator={name: super_resolution, width: 2, blocks: 1}",
    "discriminator={name: dcgan, width: 2}",
    "game={name: super_resolution, content: 3.0, adversarial: 0.2}",
)


@pytest.mark.parametrize("factor", [2, 4])
def test_inputs_are_block_means_of_what_is_wanted(factor: int, images: Any, bench: Any) -> None:
    experiment = images(*SMALL, f"game.factor={factor}")
    game, side = bench(experiment).game, 28 // factor
    for held_out, samples in ((False, game.data.train), (True, game.data.held_out)):
        drawn = game.draw(20, torch.Generator().manual_seed(0), held_out)
        assert drawn.inputs.shape[1:] == experiment.input_shape == (1, side, side)
        means = drawn.truth.numpy().reshape(20, 1, side, factor, side, factor).mean(axis=(3, 5))
        np.testing.assert_allclose(drawn.inputs, means, atol=1e-6)
        known = {each.numpy().tobytes(): int(label) for each, label in zip(samples.values, samples.labels, strict=True)}
        levels = ((drawn.truth + 1) * 127.5).round().to(torch.uint8)
        assert [known[each.numpy().tobytes()] for each in levels] == drawn.asked.tolist()
        assert game.sample(drawn.inputs).shape == drawn.truth.shape


def test_held_out_images_come_once_while_they_last(images: Any, bench: Any) -> None:
    game = bench(images(*SMALL, "data.held_out=0.0005")).game
    count = len(game.data.held_out)
    drawn = game.draw(2 * count, torch.Generator().manual_seed(0), held_out=True)
    assert len(drawn.truth[:count].flatten(1).unique(dim=0)) == count
    assert torch.equal(drawn.truth[:count], drawn.truth[count:])


def test_the_generator_minimises_content_and_adversarial_loss(images: Any, bench: Any, round_of: Any) -> None:
    ours = bench(images(*SMALL))
    shown = round_of(ours, "generator")
    loss = ours.game.generator_loss(shown)
    content = (shown.fake - shown.drawn.truth).square().mean()
    adversarial = softplus(-ours.state.discriminator(shown.fake)).mean()
    torch.testing.assert_close(loss, 3 * content + 0.2 * adversarial)
    torch.testing.assert_close(shown.trace.losses["content_loss"], content.detach())
    torch.testing.assert_close(shown.trace.losses["g_loss"], adversarial.detach())


def test_without_adversarial_weight_only_content_moves_it(images: Any, bench: Any, round_of: Any) -> None:
    ours = bench(images(*SMALL, "game.adversarial=0"))
    shown = round_of(ours, "generator")
    parameters = list(ours.state.generator.parameters())
    found = torch.autograd.grad(ours.game.generator_loss(shown), parameters)
    shown = round_of(ours, "generator")
    expected = torch.autograd.grad(3 * mse_loss(shown.fake, shown.drawn.truth), parameters)
    torch.testing.assert_close(found, expected)


def test_a_snapshot_compares_with_the_truth(images: Any, bench: Any) -> None:
    game = bench(images(*SMALL)).game
    drawn: Draw = game.draw(12, torch.Generator().manual_seed(0), held_out=True)
    assert drawn.truth is not None
    off = (drawn.truth + 0.1).clamp(-1, 1)
    found, plain = game.measure(drawn, off), bicubic(drawn.inputs, 4)
    assert found == {
        "psnr": pytest.approx(float(psnr(off, drawn.truth).mean())),
        "ssim": pytest.approx(float(ssim(off, drawn.truth).mean())),
        "psnr_bicubic": pytest.approx(float(psnr(plain, drawn.truth).mean())),
        "ssim_bicubic": pytest.approx(float(ssim(plain, drawn.truth).mean())),
    }
    errors = (off - drawn.truth).square().flatten(1).mean(1).tolist()
    assert found["psnr"] == pytest.approx(np.mean([10 * math.log10(4 / error) for error in errors]), rel=1e-4)
    perfect = game.measure(drawn, drawn.truth)
    assert (perfect["psnr"], perfect["ssim"]) == (100, pytest.approx(1))
    assert perfect["psnr_bicubic"] == found["psnr_bicubic"]


def test_the_gallery_lays_what_is_given_and_made_beside_the_truth(images: Any, bench: Any) -> None:
    game = bench(images(*SMALL)).game
    game.generator = nn.Upsample(scale_factor=4)
    gallery = game.gallery()
    assert gallery.shape == (80, 1, 28, 28)
    for given, plain, made, truth in gallery.unflatten(0, (2, 4, 10)):
        assert torch.equal(given, made), "each pixel repeated, as this generator does"
        means = truth.numpy().reshape(10, 1, 7, 4, 7, 4).mean(axis=(3, 5))
        np.testing.assert_allclose(given[:, :, ::4, ::4], means, atol=1e-6)
        torch.testing.assert_close(plain, bicubic(given[:, :, ::4, ::4], 4))
