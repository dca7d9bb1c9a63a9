"""The training step against a plain PyTorch loop written out here."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from ganlab.data import load
from ganlab.games.rounds import Round
from ganlab.networks import build_discriminator, build_generator
from ganlab.objectives.parts import Trace
from ganlab.training.step import train_step
from ganlab.training.workbench import Workbench, build_workbench

CPU = torch.device("cpu")


def bench(experiment: Any) -> Workbench:
    return build_workbench(experiment, load(experiment.data, experiment.training.batch_size), CPU)


def plain_loop(ours: Workbench, steps: int) -> list[tuple[float, float, float]]:
    """The same experiment as people write it by hand: non-saturating, Adam, default layouts."""
    experiment = ours.state.experiment
    g, d = build_generator(experiment), build_discriminator(experiment)
    opt_g = torch.optim.Adam(g.parameters(), lr=2e-4, betas=(0.5, 0.999))
    opt_d = torch.optim.Adam(d.parameters(), lr=2e-4, betas=(0.5, 0.999))
    n, mode = experiment.training.batch_size, experiment.training.discriminator_batches
    losses = []
    for step in range(steps):
        real = ours.feed.batch(step).values
        fake = g(ours.game.inputs("latent/discriminator", n, step).inputs).detach()
        if mode == "separate":
            opt_d.zero_grad()
            loss_real = bce(d(real), torch.ones(n))
            loss_real.backward()
            opt_d.step()
            opt_d.zero_grad()
            loss_fake = bce(d(fake), torch.zeros(n))
            loss_fake.backward()
            opt_d.step()
        else:
            opt_d.zero_grad()
            if mode == "mixed":
                scores = d(torch.cat([real, fake]))
                scores_real, scores_fake = scores[:n], scores[n:]
            else:
                scores_real, scores_fake = d(real), d(fake)
            loss_real, loss_fake = bce(scores_real, torch.ones(n)), bce(scores_fake, torch.zeros(n))
            (loss_real + loss_fake).backward()
            opt_d.step()
        opt_g.zero_grad()
        count = experiment.training.generator_batch
        loss_g = bce(d(g(ours.game.inputs("latent/generator", count, step).inputs)), torch.ones(count))
        loss_g.backward()
        opt_g.step()
        losses.append((float(loss_real), float(loss_fake), float(loss_g)))
    return losses


@pytest.mark.parametrize("batches", ["summed", "separate", "mixed"])
@pytest.mark.parametrize("kind", ["points", "images"])
def test_losses_are_those_of_a_plain_loop(batches: str, kind: str, request: Any) -> None:
    experiment = request.getfixturevalue(kind)(
        f"training.discriminator_batches={batches}", "training.generator_batch_size=12"
    )
    ours = bench(experiment)
    traces = [train_step(ours.state, ours.game, ours.feed) for _ in range(5)]
    got = [[float(t.losses[name]) for name in ("d_loss_real", "d_loss_fake", "g_loss")] for t in traces]
    torch.testing.assert_close(torch.tensor(got), torch.tensor(plain_loop(ours, 5)), rtol=2e-4, atol=2e-5)


def test_the_generators_step_leaves_the_discriminator_alone(points: Any) -> None:
    ours = bench(points())
    before = {}
    minimise = ours.state.generator_optimizer.minimise

    def spy(loss: torch.Tensor) -> None:
        before.update({k: v.clone() for k, v in ours.state.discriminator.named_parameters()})
        gradients = [p.grad.clone() for p in ours.state.discriminator.parameters() if p.grad is not None]
        minimise(loss)
        for old, p in zip(gradients, ours.state.discriminator.parameters(), strict=True):
            assert p.grad is not None
            assert torch.equal(old, p.grad)

    ours.state.generator_optimizer.minimise = spy  # type: ignore[method-assign]
    train_step(ours.state, ours.game, ours.feed)
    for name, value in ours.state.discriminator.named_parameters():
        assert torch.equal(before[name], value)
        assert value.requires_grad


def test_step_ratio_draws_anew_for_each_update(points: Any) -> None:
    ours = bench(points("training.discriminator_steps=3", "training.generator_steps=2"))
    numbers: list[int] = []
    batch = ours.feed.batch
    ours.feed.batch = lambda number: numbers.append(number) or batch(number)  # type: ignore[method-assign, func-returns-value]
    for _ in range(2):
        train_step(ours.state, ours.game, ours.feed)
    assert numbers == [0, 1, 2, 3, 4, 5]


def test_one_changed_knob_leaves_batches_latents_and_start_alone(points: Any) -> None:
    one, other = bench(points()), bench(points("optimizer.discriminator.lr=0.1", "discriminator.width=8"))
    assert torch.equal(one.feed.batch(3).values, other.feed.batch(3).values)
    drawn = [each.game.inputs("latent/generator", 4, 3).inputs for each in (one, other)]
    assert torch.equal(*drawn)
    for a, b in zip(one.state.generator.parameters(), other.state.generator.parameters(), strict=True):
        assert torch.equal(a, b)


def test_output_gradient_is_that_of_the_mean_loss(points: Any) -> None:
    """Against a linear D, s = w.x: the non-saturating loss has gradient (sigmoid(s) - 1) w / N at each sample."""
    ours = bench(points())
    weight = torch.tensor([0.6, -0.8])
    linear = torch.nn.Linear(2, 1, bias=False)
    linear.weight.data[0] = weight
    ours.game.discriminator = torch.nn.Sequential(linear, torch.nn.Flatten(0))
    made, sample = [], ours.game.sample

    def keep(inputs: torch.Tensor) -> torch.Tensor:
        made.append(sample(inputs))
        return made[-1]

    ours.game.sample = keep  # type: ignore[method-assign]
    trace = train_step(ours.state, ours.game, ours.feed)
    scores = made[-1].detach() @ weight
    torch.testing.assert_close(trace.output_gradient, (torch.sigmoid(scores) - 1)[:, None] * weight / len(scores))


@pytest.mark.parametrize("loss", ["minimax", "non_saturating", "least_squares", "hinge", "wasserstein"])
@pytest.mark.parametrize("penalty", ["r1", "r2", "wgan_gp"])
def test_every_loss_trains_with_every_penalty(loss: str, penalty: str, images: Any) -> None:
    ours = bench(images(f"loss={loss}", f"penalties=[{{name: {penalty}}}]", "discriminator.norm=layer"))
    trace = train_step(ours.state, ours.game, ours.feed)
    assert all(torch.isfinite(value) for value in trace.losses.values())
    assert float(trace.losses[f"penalty_{penalty}"]) >= 0


def test_weight_clipping_holds_after_every_update(points: Any) -> None:
    ours = bench(points("loss=wasserstein", "stabilizers=[{name: weight_clipping, limit: 0.02}]"))
    train_step(ours.state, ours.game, ours.feed)
    assert max(float(p.abs().max()) for p in ours.state.discriminator.parameters()) <= 0.02


def test_instance_noise_is_drawn_per_update_and_ends(points: Any) -> None:
    ours = bench(points("stabilizers=[{name: instance_noise, std: 0.5, until: 10}]"))
    real = ours.feed.batch(0)

    def noisy(update: int, step: int) -> torch.Tensor:
        drawn = ours.game.inputs("latent/discriminator", 2)
        return ours.game.show(real.values, "real", Round(real, drawn, real.values, update, step, Trace()))

    first = noisy(0, 1)
    assert not torch.equal(first, real.values)
    assert torch.equal(first, noisy(0, 1))
    assert not torch.equal(first, noisy(1, 1))
    assert torch.equal(noisy(0, 10), real.values)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_low_precision_trains(precision: str, images: Any) -> None:
    ours = bench(images(f"training.precision={precision}"))
    trace = [train_step(ours.state, ours.game, ours.feed) for _ in range(3)][-1]
    assert all(torch.isfinite(value) for value in trace.losses.values())
    assert trace.losses["g_loss"].dtype == torch.float32
    assert all(p.dtype == torch.float32 for p in ours.state.generator.parameters())
