from __future__ import annotations

from typing import Any

import torch

from ganlab.data import load
from ganlab.games.rounds import Batch, Draw, Round
from ganlab.games.standard import draw_latents
from ganlab.objectives.parts import Judged, Trace
from ganlab.randomness import seeded_generator
from ganlab.training.workbench import build_workbench

CPU = torch.device("cpu")


def game(experiment: Any) -> Any:
    return build_workbench(experiment, load(experiment.data, experiment.training.batch_size), CPU).game


def shown(real: torch.Tensor, fake: torch.Tensor) -> Round:
    return Round(Batch(real, torch.zeros(len(real), dtype=torch.int64)), Draw(fake), fake, 0, 1, Trace())


def test_latents_follow_their_distribution(points: Any) -> None:
    normal = draw_latents(points("latent.dim=50").latent, 4000, seeded_generator(0, "test"))
    uniform = draw_latents(
        points("latent.dim=50", "latent.distribution=uniform").latent, 4000, seeded_generator(0, "test")
    )
    assert abs(float(normal.mean())) < 0.01
    assert abs(float(normal.std()) - 1) < 0.01
    assert -1 <= float(uniform.min()) < -0.999
    assert 0.999 < float(uniform.max()) <= 1
    assert abs(float(uniform.var()) - 1 / 3) < 0.01


def test_turns_score_fakes_after_the_reals_have_moved_the_weights(points: Any) -> None:
    """`separate`: the second loss is asked for only after the first update."""
    played = game(points("training.discriminator_batches=separate"))
    round = shown(torch.randn(16, 2), torch.randn(16, 2))
    turns = played.turns(round)
    next(turns)
    with torch.no_grad():
        for parameter in played.discriminator.parameters():
            parameter.zero_()
    next(turns)
    assert round.trace.fake_scores.abs().max() == 0
    assert round.trace.real_scores.abs().max() > 0


def test_mixed_batches_leak_through_batch_norm_and_only_then(images: Any) -> None:
    """Batch statistics of a mixed batch depend on both halves: the scores of the same fakes change."""
    real, fake = torch.rand(8, 1, 28, 28) * 2 - 1, -torch.ones(8, 1, 28, 28) + 0.1 * torch.rand(8, 1, 28, 28)

    def difference(norm: str) -> float:
        scores = {}
        for batches in ("mixed", "summed"):
            round = shown(real.clone(), fake.clone())
            played = game(images(f"training.discriminator_batches={batches}", f"discriminator.norm={norm}"))
            next(played.turns(round))
            scores[batches] = round.trace.fake_scores
        return float((scores["mixed"] - scores["summed"]).abs().max())

    assert difference("batch") > 0.01
    assert difference("layer") < 1e-5


def test_label_smoothing_moves_the_target(points: Any) -> None:
    """At score 0 the cross-entropy is ln 2 whatever the target; its gradient is 1/2 - target."""
    played = game(points("stabilizers=[{name: label_smoothing, real: 0.9}]"))
    scores = torch.zeros(4, requires_grad=True)
    real = torch.zeros(4, 2)
    played.discriminator_loss(Judged(real, None, scores, None), None, shown(real, real)).backward()
    assert scores.grad is not None
    torch.testing.assert_close(scores.grad, torch.full((4,), (0.5 - 0.9) / 4))


def test_samples_are_scored_in_even_batches_if_they_are_compared(points: Any) -> None:
    """Of 251 samples, the last one would otherwise be alone, as if all of a batch were like it."""
    played = game(points("discriminator.minibatch=stddev"))
    samples = 100 * torch.randn(251, 2, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        played.discriminator.output.weight.fill_(1.0)
        expected = torch.cat([played.discriminator(samples[:126]), played.discriminator(samples[126:])])
        torch.testing.assert_close(played.score(samples), expected)
