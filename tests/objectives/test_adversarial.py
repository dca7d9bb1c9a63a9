"""Each loss against its closed form: value and gradient."""

from __future__ import annotations

import math

import pytest
import torch

from ganlab.config import objectives as config
from ganlab.objectives import adversarial
from ganlab.objectives.adversarial import Halves, Targets
from ganlab.objectives.parts import find_loss

SCORES = [-30.0, -3.0, -1.0, -0.5, 0.0, 0.5, 1.5, 3.0, 30.0]
EXTREMES = [-3e38, -1e10, -1e4, -100.0, 100.0, 1e4, 1e10, 3e38]


def sigmoid(s: float) -> float:
    return 1 / (1 + math.exp(-s))


def cross_entropy(s: float, t: float) -> float:
    """-t log p - (1 - t) log(1 - p), by the standard library."""
    positive, negative = math.log1p(math.exp(-s)), math.log1p(math.exp(s))
    return t * positive + (1 - t) * negative


# (value, slope) of one score for the discriminator's two halves at target t, and for the generator.
CLOSED_FORMS = {
    "minimax": (
        lambda s, t: (cross_entropy(s, t), sigmoid(s) - t),
        lambda s, t: (cross_entropy(s, t), sigmoid(s) - t),
        lambda s: (-math.log1p(math.exp(s)), -sigmoid(s)),
    ),
    "non_saturating": (
        lambda s, t: (cross_entropy(s, t), sigmoid(s) - t),
        lambda s, t: (cross_entropy(s, t), sigmoid(s) - t),
        lambda s: (math.log1p(math.exp(-s)), sigmoid(s) - 1),
    ),
    "least_squares": (
        lambda s, t: ((s - t) ** 2 / 2, s - t),
        lambda s, t: ((s - t) ** 2 / 2, s - t),
        lambda s: ((s - 1) ** 2 / 2, s - 1),
    ),
    "hinge": (
        lambda s, t: (max(0.0, 1 - s), -1.0 if s < 1 else 0.0),
        lambda s, t: (max(0.0, 1 + s), 1.0 if s > -1 else 0.0),
        lambda s: (-s, -1.0),
    ),
    "wasserstein": (lambda s, t: (-s, -1.0), lambda s, t: (s, 1.0), lambda s: (-s, -1.0)),
}


def value_and_slopes(function, scores, *target):  # type: ignore[no-untyped-def]
    tensor = torch.tensor(scores, dtype=torch.float64, requires_grad=True)
    value = function(tensor, *target)
    (gradient,) = torch.autograd.grad(value, tensor)
    return value.item(), gradient.tolist()


def halves(name: str) -> Halves:
    loss = find_loss(name)
    assert isinstance(loss, Halves)
    return loss


def test_every_loss_of_the_config_is_checked() -> None:
    alone = {name for name, entry in config.LOSSES.items() if entry.compares is None}
    assert alone == set(CLOSED_FORMS), "the others: test_relativistic.py"


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("target", [0.0, 0.1, 0.9, 1.0])
@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_discriminator_value_and_gradient(name: str, target: float, half: int) -> None:
    function = (halves(name).of_reals, halves(name).of_fakes)[half]
    value, slopes = value_and_slopes(function, SCORES, target)
    expected = [CLOSED_FORMS[name][half](s, target) for s in SCORES]
    assert value == pytest.approx(sum(v for v, _ in expected) / len(SCORES), rel=1e-7)
    assert slopes == pytest.approx([slope / len(SCORES) for _, slope in expected], rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("target", [0.0, 1.0])
@pytest.mark.parametrize("score", [math.inf, -math.inf])
def test_an_infinite_score_is_never_hidden(score: float, target: float) -> None:
    assert not adversarial.cross_entropy(torch.tensor([0.5, score]), target).isfinite()


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_generator_value_and_gradient(name: str) -> None:
    value, slopes = value_and_slopes(halves(name).of_generator, SCORES)
    expected = [CLOSED_FORMS[name][2](s) for s in SCORES]
    assert value == pytest.approx(sum(v for v, _ in expected) / len(SCORES), rel=1e-7)
    assert slopes == pytest.approx([slope / len(SCORES) for _, slope in expected], rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("name", [name for name in CLOSED_FORMS if name != "least_squares"])
@pytest.mark.parametrize("score", EXTREMES)
def test_extreme_scores_stay_finite_and_exact_in_float32(name: str, score: float) -> None:
    loss = halves(name)
    for function, target in ((loss.of_reals, (1.0,)), (loss.of_fakes, (0.0,)), (loss.of_generator, ())):
        tensor = torch.tensor([score], requires_grad=True)
        value = function(tensor, *target)
        value.backward()
        assert value.isfinite()
        assert tensor.grad is not None
        assert tensor.grad.isfinite().all()
        assert min(abs(value.item()), abs(abs(value.item()) - abs(score))) <= 1 + 1e-6 * abs(score)
        assert min(abs(tensor.grad.item()), abs(abs(tensor.grad.item()) - 1)) < 1e-6


@pytest.mark.parametrize("score", [-1e4, 1e4])
def test_least_squares_at_extreme_scores(score: float) -> None:
    loss = halves("least_squares")
    for value, target in ((loss.of_reals, 1.0), (loss.of_fakes, 0.0)):
        assert value(torch.tensor([score]), target).item() == pytest.approx((score - target) ** 2 / 2)


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_half_precision_scores_are_averaged_in_float32(name: str) -> None:
    scores = torch.full((4096,), 3.0, dtype=torch.float16)
    loss = halves(name)
    for value in (loss.of_reals(scores, 1.0), loss.of_generator(scores), loss.mean_score(scores)):
        assert value.dtype == torch.float32
    assert loss.of_reals(scores, 1.0).item() == pytest.approx(CLOSED_FORMS[name][0](3.0, 1.0)[0], abs=1e-6)


@pytest.mark.parametrize("name", ["hinge", "wasserstein"])
def test_losses_without_targets_ignore_them(name: str) -> None:
    scores, loss = torch.tensor(SCORES), find_loss(name)
    assert loss.discriminator(scores, scores, Targets()) == loss.discriminator(scores, scores, Targets(0.3, 0.3))


@pytest.mark.parametrize(
    ("name", "point"),
    [("minimax", 0), ("non_saturating", 0), ("least_squares", 0.5), ("hinge", 0), ("wasserstein", None)],
)
def test_decision_point_is_where_both_labels_are_equally_near(name: str, point: float | None) -> None:
    loss = find_loss(name)
    assert loss.decision_point == point
    if point is not None:
        scores = torch.tensor([point])
        as_real, as_fake = loss.discriminator(scores, scores, Targets()).values()
        assert as_real == as_fake


def test_mean_score_is_a_probability_for_cross_entropy_only() -> None:
    scores = torch.tensor([-1e4, 0.0, math.log(3), 1e4])
    for name in config.LOSSES:
        expected = (0 + 0.5 + 0.75 + 1) / 4 if name in ("minimax", "non_saturating") else math.log(3) / 4
        assert find_loss(name).mean_score(scores).item() == pytest.approx(expected, rel=1e-4)


def test_both_halves_at_chance_sum_to_two_ln_two() -> None:
    scores = torch.zeros(8)
    terms = find_loss("non_saturating").discriminator(scores, scores, Targets())
    assert sum(term.item() for term in terms.values()) == pytest.approx(2 * math.log(2))


def test_a_loss_of_halves_takes_one_batch_at_a_time() -> None:
    loss, real, fake = find_loss("hinge"), torch.tensor([0.5]), torch.tensor([0.25])
    assert loss.discriminator(real, None, Targets()) == {"d_loss_real": torch.tensor(0.5)}
    assert loss.discriminator(None, fake, Targets()) == {"d_loss_fake": torch.tensor(1.25)}
