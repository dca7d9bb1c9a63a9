"""Gradient penalties against discriminators whose gradient is known."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from ganlab.config.load import experiment_from_mapping
from ganlab.config.penalties import PENALTIES
from ganlab.data import load
from ganlab.errors import ConfigError
from ganlab.games.rounds import Round
from ganlab.objectives.parts import Trace
from ganlab.objectives.penalties import dragan, r1, r2, wgan_gp, zero_centred_line
from ganlab.training.workbench import Workbench, build_workbench


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("penalty", [r1, r2])
def test_linear_discriminator(penalty) -> None:  # type: ignore[no-untyped-def]
    """D(x) = w.x: the penalty is weight / 2 |w|^2, its gradient weight * w."""
    samples, w = draw(5, 1, 2, 3).requires_grad_(), draw(6, seed=1).requires_grad_()
    value = penalty(samples.flatten(1) @ w, samples, 10.0)
    torch.testing.assert_close(value, 5.0 * w.square().sum())
    torch.testing.assert_close(torch.autograd.grad(value, w)[0], 10.0 * w)


@pytest.mark.parametrize("penalty", [r1, r2])
def test_quadratic_discriminator(penalty) -> None:  # type: ignore[no-untyped-def]
    """D(x) = a |x|^2 / 2: gradient a x, penalty weight / 2 a^2 E |x|^2, its slope in a weight a E |x|^2."""
    samples, a = draw(7, 4).requires_grad_(), torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    value = penalty(a * samples.square().sum(1) / 2, samples, 3.0)
    mean_square = samples.detach().square().sum(1).mean()
    torch.testing.assert_close(value, 1.5 * 1.5**2 * mean_square)
    torch.testing.assert_close(torch.autograd.grad(value, a)[0], 3.0 * 1.5 * mean_square)


def test_wgan_gp_of_a_linear_discriminator() -> None:
    """D(x) = w.x: weight (|w| - 1)^2 wherever it is measured; 0 at |w| = 1; slope 2 weight (|w| - 1) w / |w|."""
    real, fake, mix = draw(5, 1, 2, 3), draw(5, 1, 2, 3, seed=1), torch.rand(5, dtype=torch.float64)
    w = draw(6, seed=2)
    for length in (1.0, 3.0):
        slope = (w / w.norm() * length).requires_grad_()
        value = wgan_gp(lambda x, slope=slope: x.flatten(1) @ slope, real, fake, mix, 10.0)
        torch.testing.assert_close(value.item(), 10 * (length - 1) ** 2, atol=1e-12, rtol=1e-7)
        expected = 20 * (length - 1) * slope.detach() / length
        torch.testing.assert_close(torch.autograd.grad(value, slope)[0], expected)


def test_wgan_gp_is_measured_between_the_pairs() -> None:
    """mix 1 is the real sample, 0 the fake one; nothing flows back to the samples."""
    real, fake = draw(3, 2).requires_grad_(), draw(3, 2, seed=1).requires_grad_()
    mix = torch.tensor([1.0, 0.0, 0.25], dtype=torch.float64)
    seen = []
    a = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)

    def discriminator(samples: Tensor) -> Tensor:
        seen.append(samples.detach())
        return a * samples.square().sum(1) / 2

    value = wgan_gp(discriminator, real, fake, mix, 2.0)
    expected = torch.stack([real[0], fake[1], 0.25 * real[2] + 0.75 * fake[2]]).detach()
    torch.testing.assert_close(seen, [expected])
    torch.testing.assert_close(value, 2 * (expected.norm(dim=1) - 1).square().mean())
    value.backward()
    assert real.grad is None
    assert fake.grad is None


def test_wgan_gp_of_a_flat_discriminator_is_finite() -> None:
    """At gradient 0 the norm has no derivative; the penalty is weight and its gradient must not be NaN."""
    w = torch.zeros(2, requires_grad=True)
    value = wgan_gp(lambda x: x @ w, torch.ones(3, 2), torch.zeros(3, 2), torch.rand(3), 10.0)
    assert value.item() == 10.0
    assert torch.autograd.grad(value, w)[0].isfinite().all()


@pytest.mark.parametrize("penalty", [wgan_gp, zero_centred_line, dragan])
def test_asking_the_discriminator_again_leaves_autocast(penalty: Any) -> None:
    places = [torch.ones(3, 2), torch.zeros(3, 2)] + [torch.rand(3)] * (penalty is not dragan)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        layer = torch.nn.Linear(2, 1)
        seen = []
        penalty(lambda x: seen.append(layer(x)) or seen[-1].flatten(), *places, 1.0)
    assert seen[0].dtype == torch.float32


@pytest.mark.parametrize("name", ["wgan_gp", "zero_centred_line", "dragan"])
def test_a_run_in_half_precision_has_its_penalty_in_full(name: str, points: Any) -> None:
    """Of the same batches and weights the penalty is that of a float32 run to the last bit; the scores are not."""
    penalties, scores = {}, {}
    for precision in ("float32", "bfloat16"):
        experiment = points(f"penalties=[{{name: {name}}}]", f"training.precision={precision}")
        ours = build_workbench(experiment, load(experiment.data, 16), torch.device("cpu"))
        drawn, fake = ours.game.inputs("latent/discriminator", 16), torch.ones(16, 2)
        round = Round(ours.feed.batch(0), drawn, fake, 0, 1, Trace())
        list(ours.game.turns(round))
        penalties[precision] = round.trace.losses[f"penalty_{name}"]
        scores[precision] = round.trace.real_scores
    assert penalties["bfloat16"].equal(penalties["float32"])
    assert not scores["bfloat16"].equal(scores["float32"])


def quadratic(a: Tensor) -> Any:
    """D(x) = a |x|^2 / 2, whose gradient is a x."""
    return lambda x: a * x.flatten(1).square().sum(1) / 2


def test_the_zero_centred_penalty_on_the_line() -> None:
    """weight E |grad D|^2 at mix x + (1 - mix) G(z): 0 only where the discriminator is flat, unlike wgan_gp's."""
    real, fake = draw(3, 1, 2, 1).requires_grad_(), draw(3, 1, 2, 1, seed=1).requires_grad_()
    mix = torch.tensor([1.0, 0.0, 0.25], dtype=torch.float64)
    places = torch.stack([real[0], fake[1], 0.25 * real[2] + 0.75 * fake[2]]).detach()
    a = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    value = zero_centred_line(quadratic(a), real, fake, mix, 3.0)
    mean_square = places.flatten(1).square().sum(1).mean()
    torch.testing.assert_close(value, 3.0 * 1.5**2 * mean_square)
    value.backward()
    torch.testing.assert_close(a.grad, 3.0 * 2 * 1.5 * mean_square)
    assert real.grad is None
    assert fake.grad is None


def test_dragan_is_measured_around_the_reals() -> None:
    """weight E (|grad D(x + delta)| - 1)^2, whose slope pulls the length of the gradient towards 1."""
    real, delta = draw(4, 3).requires_grad_(), draw(4, 3, seed=1)
    a = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    value = dragan(quadratic(a), real, delta, 5.0)
    lengths = (real + delta).detach().norm(dim=1)
    torch.testing.assert_close(value, 5 * (0.7 * lengths - 1).square().mean())
    value.backward()
    torch.testing.assert_close(a.grad, 10 * ((0.7 * lengths - 1) * lengths).mean())
    assert real.grad is None


def test_dragan_of_a_flat_discriminator_is_finite() -> None:
    w = torch.zeros(2, requires_grad=True)
    value = dragan(lambda x: x @ w, torch.ones(3, 2), torch.zeros(3, 2), 10.0)
    assert value.item() == 10.0
    assert torch.autograd.grad(value, w)[0].isfinite().all()


# In a game


def bench(experiment: Any) -> Workbench:
    return build_workbench(experiment, load(experiment.data, experiment.training.batch_size), torch.device("cpu"))


def asked(ours: Workbench, update: int = 0) -> tuple[Round, list[Tensor]]:
    """A round of the discriminator, and what it was shown: reals, fakes, and where a penalty asked it again."""
    drawn = ours.game.inputs("latent/discriminator", ours.state.experiment.training.batch_size, update)
    with torch.no_grad():
        fake = ours.game.sample(drawn.inputs)
    round = Round(ours.feed.batch(update), drawn, fake, update, 1, Trace())
    seen: list[Tensor] = []
    hook = ours.state.discriminator.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    for loss in ours.game.turns(round):
        loss.backward()
    hook.remove()
    return round, seen


def test_line_penalties_ask_on_the_line_and_differ_by_their_centre(points: Any) -> None:
    """Both draw the same places; where |grad D| is not known, (l - 1)^2 and l^2 have to fit one another."""
    names = ("wgan_gp", "zero_centred_line")
    (one, places), (zero, same) = (asked(bench(points(f"penalties=[{{name: {name}, weight: 1}}]"))) for name in names)
    assert torch.equal(places[2], same[2])
    along, across = places[2] - places[1], places[0] - places[1]
    share = (along * across).sum(1) / across.square().sum(1)
    torch.testing.assert_close(share[:, None] * across, along, atol=1e-5, rtol=1e-4)
    assert share.min() > 0
    assert share.max() < 1
    one_centred, zero_centred = (
        round.trace.losses[f"penalty_{name}"].item() for round, name in zip((one, zero), names, strict=True)
    )
    assert 0 < zero_centred < 0.5, "a discriminator at its start is flat"
    assert one_centred > 0.2


@pytest.mark.parametrize(("distribution", "mean", "deviation"), [("normal", 0, 2), ("uniform", 0.5, math.sqrt(7) / 6)])
def test_the_noise_of_dragan_is_relative_to_the_batch(
    distribution: str, mean: float, deviation: float, points: Any
) -> None:
    """In units of the batch's standard deviation: N(0, noise^2), or a share from U[0, 1] times U[0, noise].

    The product u v of two such draws times 2 has mean 1/2 and variance 4/9 - 1/4 = 7/36.
    """
    part = f"penalties=[{{name: dragan, noise: 2, distribution: {distribution}}}]"
    ours = bench(points(part, "training.batch_size=1000"))
    _, (real, _, around) = asked(ours)
    delta = (around - real) / real.std()
    assert delta.mean().item() == pytest.approx(mean, abs=0.15)
    assert delta.std().item() == pytest.approx(deviation, rel=0.06)
    if distribution == "uniform":
        assert delta.min() >= -1e-6
        assert delta.max() <= 2
    again, other = asked(bench(ours.state.experiment))[1], asked(ours, update=1)[1]
    assert torch.equal(again[2], around), "it is a function of the update"
    assert not torch.equal((other[2] - other[0]) / other[0].std(), delta)


def test_dragan_asks_of_a_real_as_of_its_own_class(images: Any) -> None:
    """And with batches of their own, where there are no fakes."""
    ours = bench(
        images(
            "data.classes=[3, 8]",
            "game={name: conditional}",
            "discriminator.norm=layer",
            "penalties=[{name: dragan}]",
            "training.discriminator_batches=separate",
        )
    )
    labels: list[Tensor] = []
    split = ours.game.head.split
    ours.game.head.split = lambda found, given: labels.append(given) or split(found, given)  # type: ignore[method-assign]
    round, _ = asked(ours)
    assert torch.equal(labels[0], round.real.labels)
    assert torch.equal(labels[1], round.real.labels)
    assert torch.equal(labels[2], round.drawn.asked)


@pytest.mark.parametrize("name", [name for name, entry in PENALTIES.items() if entry.options.sample_by_sample])
def test_a_gradient_of_each_sample_needs_each_sample_by_itself(name: str) -> None:
    given: dict[str, Any] = {"penalties": [{"name": name}], "discriminator": {"norm": "none"}}
    experiment_from_mapping(given)
    with pytest.raises(ConfigError, match=f"{name} penalises the gradient of each sample, which batch norm"):
        experiment_from_mapping({**given, "discriminator": {"norm": "batch"}})


@pytest.mark.parametrize("name", [name for name, entry in PENALTIES.items() if entry.options.looks_at == "both"])
def test_what_needs_both_batches_is_refused_where_each_comes_alone(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} needs reals and fakes in one update"):
        experiment_from_mapping(
            {
                "penalties": [{"name": name}],
                "discriminator": {"norm": "none"},
                "training": {"discriminator_batches": "separate"},
            }
        )
