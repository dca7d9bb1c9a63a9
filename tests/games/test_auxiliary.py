"""The discriminator names the class: cross-entropies by hand, and a score that does not ask for it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from ganlab.training.step import train_step

CHANGES = ("game={name: auxiliary, weight: 0.7}", "data.classes=null", "data.fraction=0.02", "discriminator.norm=none")


def named_wrong(heads: Tensor, labels: Tensor) -> Tensor:
    """- E log softmax(heads)[label]."""
    shares = heads.exp() / heads.exp().sum(1, keepdim=True)
    return -shares[torch.arange(len(labels)), labels].log().mean()


@pytest.mark.parametrize("batches", ["summed", "mixed", "separate"])
def test_both_players_minimise_the_cross_entropy_of_the_class(
    batches: str, images: Any, bench: Any, round_of: Any
) -> None:
    ours = bench(images(*CHANGES, f"training.discriminator_batches={batches}"))
    shown = round_of(ours, "discriminator")
    found = sum(ours.game.turns(shown))
    real, fake = ours.game.discriminator(shown.real.values), ours.game.discriminator(shown.fake)
    assert real.shape == (8, 1 + 10)
    adversarial = softplus(-real[:, 0]).mean() + softplus(fake[:, 0]).mean()
    classes_real = named_wrong(real[:, 1:], shown.real.labels)
    classes_fake = named_wrong(fake[:, 1:], shown.drawn.asked)
    torch.testing.assert_close(found, adversarial + 0.7 * (classes_real + classes_fake))
    torch.testing.assert_close(shown.trace.losses["class_loss_real"], classes_real.detach())
    torch.testing.assert_close(shown.trace.losses["class_loss_fake"], classes_fake.detach())

    shown = round_of(ours, "generator")
    fake = ours.game.discriminator(shown.fake)
    classes_fake = named_wrong(fake[:, 1:], shown.drawn.asked)
    found = ours.game.generator_loss(shown)
    torch.testing.assert_close(found, softplus(-fake[:, 0]).mean() + 0.7 * classes_fake)
    torch.testing.assert_close(shown.trace.losses["g_loss"], softplus(-fake[:, 0]).mean().detach())
    torch.testing.assert_close(shown.trace.losses["class_loss_generator"], classes_fake.detach())


def test_the_score_does_not_depend_on_the_class(images: Any, bench: Any) -> None:
    ours = bench(images(*CHANGES))
    values = ours.feed.batch(0).values
    assert torch.equal(ours.game.score(values, torch.zeros(8).long()), ours.game.score(values, torch.ones(8).long()))


def test_it_learns_the_classes_of_the_reals(points: Any, bench: Any) -> None:
    """Eight well separated modes: the cross-entropy falls below half of ln 8."""
    ours = bench(points("game.name=auxiliary", "optimizer.discriminator.lr=0.01"))
    for _ in range(100):
        trace = train_step(ours.state, ours.game, ours.feed)
    assert trace.losses["class_loss_real"] < 0.5 * torch.tensor(8.0).log()
