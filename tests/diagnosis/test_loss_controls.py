"""Histories of losses whose verdict is known: each signature in each family of losses, and what only looks like one.

A story says where the mean logits of reals, fakes and the generator's fakes are over the run. Batches of scores are
drawn around them, and the losses of those are computed as training does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.signal import lfilter

from ganlab.config.objectives import FIXED_LEVELS, LOSSES, Family, Loss
from ganlab.diagnosis.calibration import UNCALIBRATED
from ganlab.diagnosis.evidence import Evidence, NonFinite, Series
from ganlab.diagnosis.findings import Contribution
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.verdict import Verdict
from ganlab.objectives.adversarial import Targets
from ganlab.objectives.parts import find_loss

Array = NDArray[np.float64]
Columns = dict[str, Array]
Means = tuple[Array, Array, Array]
"""Mean logits, each (STEPS,), of reals, of the discriminator's fakes and of the generator's."""

STEPS, BATCH = 1200, 32
SEEDS = (0, 1, 2)
ALL: tuple[Loss, ...] = ("non_saturating", "minimax", "least_squares", "hinge", "wasserstein")
BOUNDED: tuple[Loss, ...] = ALL[:-1]
AT = np.arange(STEPS) / STEPS


# Scores and losses


def softplus(x: Array) -> Array:
    return np.logaddexp(0, x)


def sigmoid(x: Array) -> Array:
    return np.asarray(np.exp(-softplus(-x)))


def scores(loss: Loss, logits: Array) -> Array:
    """Scores of a discriminator of this loss that is as sure as these logits."""
    return sigmoid(logits) if loss == "least_squares" else logits / 2 if loss == "hinge" else logits


def losses(loss: Loss, real: Array, fake: Array, made: Array) -> Columns:
    """Losses over the last axis of scores: the discriminator's halves and the generator's."""
    if loss in ("non_saturating", "minimax"):
        halves = softplus(-real), softplus(fake)
        generator = -softplus(made) if loss == "minimax" else softplus(-made)
    elif loss == "least_squares":
        halves, generator = ((real - 1) ** 2 / 2, fake**2 / 2), (made - 1) ** 2 / 2
    elif loss == "hinge":
        halves, generator = (np.maximum(0, 1 - real), np.maximum(0, 1 + fake)), -made
    else:
        halves, generator = (-real, fake), -made
    return {"d_loss_real": halves[0].mean(-1), "d_loss_fake": halves[1].mean(-1), "g_loss": generator.mean(-1)}


def slow(rng: np.random.Generator, size: float, memory: float = 0.97) -> Array:
    """A wandering curve (STEPS,) of a standard deviation."""
    return np.asarray(lfilter([size * np.sqrt(1 - memory**2)], [1, -memory], rng.normal(size=STEPS + 300))[300:])


def history(loss: Loss, means: Means, seed: int, scale: float = 1.0, spread: float = 1.0) -> Columns:
    """The full history of a story, with a start like that of every run: 5 % of it in which scores leave 0."""
    rng = np.random.default_rng([seed, 77])
    start = 1 - np.exp(-AT / 0.015)
    real, fake, made = (
        scale * scores(loss, (start * mean)[:, None] + spread * rng.normal(size=(STEPS, BATCH))) for mean in means
    )
    columns = losses(loss, real, fake, made)
    columns["d_loss"] = columns["d_loss_real"] + columns["d_loss_fake"]
    middle = 0.5 if loss == "least_squares" else 0.0
    if loss != "wasserstein":
        columns["d_acc_real"], columns["d_acc_fake"] = (real > middle).mean(-1), (fake <= middle).mean(-1)
    shown = sigmoid if LOSSES[loss].family == "cross_entropy" else np.asarray
    columns["d_real"], columns["d_fake"] = shown(real).mean(-1), shown(fake).mean(-1)
    for name in ("grad_d", "grad_g", "grad_g_output"):
        columns[name] = scale * np.exp(1 + slow(rng, 0.4) + 0.3 * rng.normal(size=STEPS))
    return columns


# What the reader of a log sees of it


def evidence(columns: Mapping[str, Array], loss: Loss | None, saturating: bool | None = None) -> Evidence:
    steps = np.arange(1, STEPS + 1, dtype=np.int64)
    curves = {name: Series(steps, np.asarray(values, dtype=np.float64)) for name, values in columns.items()}
    return Evidence("control", curves, family=LOSSES[loss].family if loss else None, saturating=saturating)


def pair(columns: Columns, factor: float = 1.0) -> Columns:
    return {"d_loss": factor * columns["d_loss"], "g_loss": columns["g_loss"]}


OPEN: dict[Loss, tuple[Family, ...]] = {"minimax": ("cross_entropy",), "wasserstein": ("wasserstein", "unknown")}
"""Families that a reader leaves open, where it is not all that have fixed levels."""

View = Callable[[Columns, Loss], Evidence]
VIEWS: dict[str, View] = {
    "full": lambda columns, loss: evidence(columns, loss, loss == "minimax"),
    "sum": lambda columns, loss: evidence(pair(columns), loss),
    "mean": lambda columns, loss: evidence(pair(columns, 0.5), loss),
    "open": lambda columns, loss: replace(evidence(pair(columns), None), families=OPEN.get(loss, FIXED_LEVELS)),
    "unnamed": lambda columns, loss: evidence(pair(columns), None),
}
"""With all columns; with two losses, D's the sum or the mean of its halves; where it is open which of several losses
it is; and where nothing says which."""


def judged(columns: Columns, loss: Loss, view: str) -> Verdict:
    verdict = diagnose(VIEWS[view](columns, loss))
    json.dumps(verdict.as_json(), allow_nan=False)
    assert verdict.confidence <= UNCALIBRATED  # no samples were seen
    return verdict


# Stories


def usual(rng: np.random.Generator) -> Means:
    """A healthy run: cross-entropy .4 to .7 for each half of the discriminator, .7 to 1.5 for the generator."""
    return 0.5 + slow(rng, 0.25), -0.5 + slow(rng, 0.25), -0.4 + slow(rng, 0.4)


def between(rng: np.random.Generator, other: tuple[float, float, float], first: float, last: float = 2.0) -> Means:
    """A healthy run that is elsewhere from one share of the run to another."""
    inside = np.clip((AT - first) / 0.01, 0, 1) * np.clip((last - AT) / 0.01, 0, 1)
    real, fake, made = (
        (1 - inside) * mean + inside * (level + slow(rng, 0.3)) for mean, level in zip(usual(rng), other, strict=True)
    )
    return real, fake, made


def swinging(rng: np.random.Generator, size: Array | float, first: float = -1.0) -> Means:
    """A healthy run whose players circle each other 40 times, with a phase that is not quite steady."""
    phase = 2 * np.pi * 40 * AT + slow(rng, 0.3, 0.99)
    swing = size * (first < AT)
    real, fake, made = usual(rng)
    return real + swing * np.sin(phase), fake + swing * np.sin(phase + 1), made + swing * np.sin(phase + 2.5)


WON, LEAKED, FOOLED = (7.0, -8.0, -9.0), (7.0, -7.0, 7.0), (3.0, 3.5, 4.0)


@dataclass(frozen=True)
class Signature:
    """A failure that losses prove: from a share of the run on."""

    means: Callable[[np.random.Generator], Means]
    onset: float
    name: Callable[[Loss], str]
    losses: tuple[Loss, ...] = BOUNDED
    open: tuple[Loss, ...] = ()
    """Losses of which it can be told though others fit too, which would mean the same."""
    unnamed: tuple[Loss, ...] = ()
    """Losses of which it can be told though nothing says which they are."""


def dominated(loss: Loss) -> str:
    return f"convergence_failure/{'vanishing_gradient' if loss == 'minimax' else 'discriminator_dominates'}"


RISING: tuple[Loss, ...] = ("non_saturating", "minimax", "hinge")
"""Losses whose generator's level, once it has lost, is one of a lost game in other losses too."""

SIGNATURES = {
    "discriminator dominates late": Signature(lambda rng: between(rng, WON, 0.6), 0.6, dominated, open=RISING),
    "discriminator dominates from the start": Signature(
        lambda rng: between(rng, WON, 0.02), 0.02, dominated, open=RISING
    ),
    "batch-norm leak": Signature(
        lambda rng: between(rng, LEAKED, 0.3),
        0.3,
        lambda loss: "convergence_failure/batch_norm_leak",
        open=("minimax", "hinge"),
    ),
    "generator dominates": Signature(
        lambda rng: between(rng, FOOLED, 0.4), 0.4, lambda loss: "convergence_failure/generator_dominates",
        losses=("non_saturating", "minimax"), open=("minimax",),
    ),
    "oscillation": Signature(
        lambda rng: swinging(rng, 1.2), 0.0, lambda loss: "oscillation", losses=ALL, open=ALL, unnamed=ALL
    ),
    "oscillation from the middle on": Signature(
        lambda rng: swinging(rng, 1.2, 0.45), 0.45, lambda loss: "oscillation", losses=ALL, open=ALL, unnamed=ALL
    ),
}  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("signature", "loss"), [(name, loss) for name, each in SIGNATURES.items() for loss in each.losses]
)
def test_signatures_are_named(signature: str, loss: Loss, seed: int) -> None:
    expected = SIGNATURES[signature]
    columns = history(loss, expected.means(np.random.default_rng(seed)), seed)
    for view in VIEWS:
        verdict = judged(columns, loss, view)
        if loss not in {"open": expected.open, "unnamed": expected.unnamed}.get(view, ALL):
            assert verdict.name == "inconclusive"
            continue
        assert verdict.name == expected.name(loss), view
        assert verdict.onset_step == pytest.approx(expected.onset * STEPS, abs=STEPS / 10)
        assert not verdict.contributing
        assert verdict.evidence
        assert verdict.severity > 0
        assert {"samples"} <= {each.what for each in verdict.missing}


# Divergence


def broken(columns: Columns, value: float) -> Columns:
    return {name: np.where(AT < 0.7, values, value) for name, values in columns.items()}


def exploded(columns: Columns) -> Columns:
    growth = np.exp(np.clip((AT - 0.7) / 0.05, 0, 1) * np.log(1e6))
    return {name: values * growth if "loss" in name else values for name, values in columns.items()}


def test_a_leak_needs_no_perfect_generator() -> None:
    """A run of ours with mixed batches had .0003 for the discriminator and .04, slowly falling, for the generator."""
    columns = history("non_saturating", between(np.random.default_rng(0), (8.0, -8.0, 3.6), 0.2), 0)
    assert judged(columns, "non_saturating", "full").name == "convergence_failure/batch_norm_leak"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_generator_without_gradient_stands_still_though_reals_are_misjudged(seed: int) -> None:
    columns = history("minimax", between(np.random.default_rng(seed), (2.0, -9.0, -9.0), 0.3), seed)
    for view in ("full", "sum", "mean"):
        verdict = judged(columns, "minimax", view)
        assert verdict.name == "convergence_failure/vanishing_gradient"
        assert verdict.evidence[0].value == pytest.approx(np.exp(-8.5), rel=0.5)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("loss", ALL)
@pytest.mark.parametrize("end", ["nan", "inf", "explosion"])
def test_divergence_is_named(end: str, loss: Loss, seed: int) -> None:
    columns = history(loss, usual(np.random.default_rng(seed)), seed)
    columns = exploded(columns) if end == "explosion" else broken(columns, float(end))
    for view in VIEWS:
        verdict = judged(columns, loss, view)
        assert (verdict.name, verdict.severity) == ("diverged", 1), view
        assert verdict.onset_step == pytest.approx(0.7 * STEPS, abs=STEPS / 10)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("first", [0.3, 0.9])
def test_a_gradient_that_exploded_and_stays_is_divergence(first: float, seed: int) -> None:
    columns = history("non_saturating", usual(np.random.default_rng(seed)), seed)
    columns["grad_g"] = columns["grad_g"] * np.where(first < AT, 1e4, 1)
    verdict = judged(columns, "non_saturating", "full")
    assert verdict.name == "diverged"
    assert verdict.onset_step == pytest.approx(first * STEPS, abs=STEPS / 10)


def test_losses_that_were_never_numbers_diverged_at_the_first_step() -> None:
    columns = {name: np.full(STEPS, np.nan) for name in ("d_loss", "g_loss", "d_acc_real")}
    verdict = judged(columns, "non_saturating", "sum")
    assert (verdict.name, verdict.onset_step) == ("diverged", 1)


def test_what_the_run_itself_reported_counts() -> None:
    columns = history("hinge", usual(np.random.default_rng(0)), 0)
    seen = replace(evidence(columns, "hinge"), non_finite=NonFinite(1190, "grad_g"))
    verdict = diagnose(seen)
    assert (verdict.name, verdict.onset_step) == ("diverged", 1190)


def test_numbers_that_came_back_only_contribute() -> None:
    columns = history("non_saturating", usual(np.random.default_rng(0)), 0)
    columns["g_loss"][[400, 402]] = np.inf
    verdict = judged(columns, "non_saturating", "full")
    assert verdict.name == "inconclusive"
    assert verdict.contributing == (Contribution("diverged", None, 401, (401, 403)),)


def test_empty_columns_late_starts_and_overflowing_gradients_are_no_divergence() -> None:
    columns = history("wasserstein", usual(np.random.default_rng(0)), 0)
    columns["d_acc_real"] = columns["d_acc_fake"] = np.full(STEPS, np.nan)
    columns["g_loss"][:4] = np.nan  # the critic goes first
    columns["grad_g"][10::200] = np.inf
    verdict = judged(columns, "wasserstein", "full")
    assert (verdict.name, verdict.contributing) == ("inconclusive", ())


# Near misses


def rising(rng: np.random.Generator) -> Means:
    """The generator's loss rises sixfold, but the discriminator is far from sure."""
    real, fake, made = usual(rng)
    return real + 0.7, fake - 0.7, made - 4 * AT


def at_chance(rng: np.random.Generator) -> Means:
    return 0.02 * rng.normal(size=STEPS), 0.02 * rng.normal(size=STEPS), 0.02 * rng.normal(size=STEPS)


def aperiodic(rng: np.random.Generator) -> Means:
    real, fake, made = usual(rng)
    return real + slow(rng, 0.5), fake + slow(rng, 0.5), made + slow(rng, 0.9)


NEAR_MISSES: dict[str, tuple[Callable[[np.random.Generator], Means], float]] = {
    "healthy": (usual, 1.0),
    "flat at chance": (at_chance, 0.01),
    "the generator's loss rises": (rising, 1.0),
    "wide but aperiodic": (aperiodic, 1.0),
    "a swing that dies down": (lambda rng: swinging(rng, 2 * np.exp(-4 * AT)), 0.3),
    "a ripple": (lambda rng: swinging(rng, 0.05), 0.05),
}
"""Means and spread of the scores of runs of which losses prove nothing."""


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("loss", ALL)
@pytest.mark.parametrize("story", NEAR_MISSES)
def test_near_misses_are_neither_accused_nor_acquitted(story: str, loss: Loss, seed: int) -> None:
    means, spread = NEAR_MISSES[story]
    columns = history(loss, means(np.random.default_rng(seed)), seed, spread=spread)
    for view in VIEWS:
        verdict = judged(columns, loss, view)
        assert (verdict.name, verdict.contributing) == ("inconclusive", ()), view
        assert (verdict.onset_step, verdict.severity) == (None, 0)
        missing = {each.what for each in verdict.missing}
        assert "samples" in missing
        assert ("gradients" in missing) == (view != "full")
        assert ("loss family" in missing) == (view in ("open", "unnamed"))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("window", [(0.0, 0.25), (0.2, 0.5), (0.55, 0.85)])
@pytest.mark.parametrize(
    ("end", "loss"),
    [*[(WON, loss) for loss in BOUNDED], *[(LEAKED, loss) for loss in BOUNDED], (FOOLED, "non_saturating")],
)
def test_a_spell_that_ended_only_contributes(
    end: tuple[float, float, float], loss: Loss, window: tuple[float, float], seed: int
) -> None:
    columns = history(loss, between(np.random.default_rng(seed), end, *window), seed)
    name = {WON: dominated(loss), LEAKED: "convergence_failure/batch_norm_leak"}.get(
        end, "convergence_failure/generator_dominates"
    )
    for view in ("full", "sum", "mean"):
        verdict = judged(columns, loss, view)
        assert verdict.name == "inconclusive", view
        (spell,) = verdict.contributing
        assert f"{spell.failure}/{spell.variant}" == name, view
        assert spell.window == pytest.approx([share * STEPS for share in window], abs=STEPS / 20)
        assert spell.onset_step == spell.window[0]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("loss", [None, "wasserstein"])
@pytest.mark.parametrize(("scale", "drift"), [(1e-4, 0.0), (1.0, 0.0), (1.0, -500.0), (1e4, 0.0), (30.0, 5e4)])
def test_critics_have_losses_of_any_level(scale: float, drift: float, loss: Loss | None, seed: int) -> None:
    columns = history("wasserstein", usual(np.random.default_rng(seed)), seed, scale)
    moved = drift * AT
    columns |= {
        "d_loss_real": columns["d_loss_real"] - moved,
        "d_loss_fake": columns["d_loss_fake"] + moved,
        "g_loss": columns["g_loss"] - moved,
        "d_real": columns["d_real"] + moved,
        "d_fake": columns["d_fake"] + moved,
    }
    for seen in (columns, pair(columns)):
        verdict = diagnose(evidence(seen, loss))
        assert (verdict.name, verdict.contributing) == ("inconclusive", ())


@pytest.mark.parametrize("length", [1, 3, 40])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_gradient_spike_that_ended_is_no_divergence(seed: int, length: int) -> None:
    columns = history("non_saturating", usual(np.random.default_rng(seed)), seed)
    columns["grad_g"][600 : 600 + length] *= 1e5
    columns["grad_d"][-length // 2 :] *= 50
    verdict = judged(columns, "non_saturating", "full")
    assert (verdict.name, verdict.contributing) == ("inconclusive", ())


@pytest.mark.parametrize("until", [0.2, 0.5, 0.8])
def test_a_gradient_that_comes_back_is_no_divergence(until: float) -> None:
    columns = history("minimax", usual(np.random.default_rng(0)), 0)
    for name in ("grad_g", "grad_d", "grad_g_output"):
        columns[name] = columns[name] * np.where(until > AT, 1e-6, 1)
    assert judged(columns, "minimax", "full").name == "inconclusive"


def test_a_discriminator_that_is_sure_of_smoothed_labels_is_not_taken_for_a_leak() -> None:
    columns = history("non_saturating", usual(np.random.default_rng(0)), 0)
    columns["d_loss_real"] = np.full(STEPS, 0.325)
    columns["d_loss"] = columns["d_loss_real"] + 1e-4
    columns["d_loss_fake"] = np.full(STEPS, 1e-4)
    assert judged(columns, "non_saturating", "full").name == "inconclusive"


@pytest.mark.parametrize("loss", ["relativistic", "relativistic_average"])
def test_a_discriminator_that_compares_may_win_all_the_time(loss: Loss) -> None:
    """A comparison has such levels for thousands of steps with good samples; with cross-entropy they accuse."""
    rng = np.random.default_rng(0)
    columns = {"d_loss": 1e-3 * np.exp(slow(rng, 0.5)), "g_loss": 7 + 17 * AT + slow(rng, 1.0)}
    assert judged(columns, "non_saturating", "sum").name == "convergence_failure/discriminator_dominates"
    assert judged(columns, loss, "sum").name == "inconclusive"
    columns |= {"d_real": 12 + slow(rng, 2.0), "d_fake": -3 - 17 * AT + slow(rng, 2.0)}
    assert judged(columns, loss, "full").name == "inconclusive"
    # Nor does a level beyond what a loss with labels can cost, only one that keeps growing.
    high = {"d_loss": columns["d_loss"], "g_loss": 2000 + slow(rng, 20.0)}
    assert judged(high, "non_saturating", "sum").name != "inconclusive"
    assert judged(high, loss, "sum").name == "inconclusive"
    assert judged({**high, "g_loss": np.exp(20 * AT)}, loss, "sum").name == "diverged"


# The formulas


@pytest.mark.parametrize("loss", ALL)
def test_controls_have_the_losses_of_training(loss: Loss) -> None:
    real, fake, made = np.random.default_rng(0).normal(size=(3, 50))
    ours, theirs = losses(loss, real, fake, made), find_loss(loss)
    for name, term in theirs.discriminator(torch.tensor(real), torch.tensor(fake), Targets()).items():
        assert ours[name] == pytest.approx(float(term))
    assert ours["g_loss"] == pytest.approx(float(theirs.generator(torch.tensor(made), None)))


LEVELS: dict[Loss, tuple[float, float]] = {
    "non_saturating": (np.log1p(np.exp(-8)), 8 + np.log1p(np.exp(-8))),
    "minimax": (np.log1p(np.exp(-8)), -np.log1p(np.exp(-8))),
    "least_squares": (0.0, 0.5),
    "hinge": (0.0, 8.0),
}
"""A half of the discriminator's loss and the generator's at perfect discrimination: logits or hinge scores of 8 and
-8, least squares on its labels."""


@pytest.mark.parametrize("loss", BOUNDED)
def test_levels_at_perfect_discrimination(loss: Loss) -> None:
    sure = (1.0, 0.0) if loss == "least_squares" else (8.0, -8.0)
    real, fake = (torch.full((64,), score, dtype=torch.float64) for score in sure)
    played = find_loss(loss)
    halves = [float(term) for term in played.discriminator(real, fake, Targets()).values()]
    generator = float(played.generator(fake, None))
    assert [*halves, generator] == pytest.approx([LEVELS[loss][0]] * 2 + [LEVELS[loss][1]], abs=1e-12)
    flat = {"d_loss": np.full(STEPS, sum(halves)), "g_loss": np.full(STEPS, generator)}
    for view in ("sum", "mean"):
        assert judged(flat, loss, view).name == dominated(loss)


def test_least_squares_without_the_half_is_the_same_failure() -> None:
    columns = history("least_squares", between(np.random.default_rng(0), WON, 0.3), 0)
    assert judged({name: 2 * columns[name] for name in ("d_loss", "g_loss")}, "least_squares", "sum").name == (
        "convergence_failure/discriminator_dominates"
    )
