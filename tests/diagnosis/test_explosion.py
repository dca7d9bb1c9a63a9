"""Explosions without a quiet start: absolute limits, both players losing, critics that run away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ganlab.config.objectives import Family
from ganlab.diagnosis.evidence import Evidence, NonFinite, Series
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.verdict import Verdict

AT = np.arange(100) / 100
RNG = np.random.default_rng(0)
EVERY: list[Family | None] = [
    None, "cross_entropy", "least_squares", "hinge", "relativistic", "wasserstein", "unknown"
]  # fmt: skip


def judged(d_loss: NDArray[np.float64], g_loss: NDArray[np.float64] | float, family: Family | None) -> Verdict:
    steps = 10 * np.arange(len(d_loss), dtype=np.int64)
    curves = {"d_loss": Series(steps, d_loss), "g_loss": Series(steps, np.zeros(len(d_loss)) + g_loss)}
    return diagnose(Evidence("log", curves=curves, family=family))


@pytest.mark.parametrize("family", EVERY)
def test_a_discriminator_that_lost_from_the_first_row_on_has_diverged(family: Family | None) -> None:
    verdict = judged(90_887.0 + np.arange(13), 0.6, family)
    assert (verdict.name, verdict.onset_step) == ("diverged", 0)


@pytest.mark.parametrize("family", ["wasserstein", "unknown", None])
def test_a_large_penalty_that_comes_down_is_normal(family: Family | None) -> None:
    verdict = judged(1e4 * np.exp(-8 * AT) - 20 * AT, -3.0, family)
    assert (verdict.name, verdict.contributing) == ("inconclusive", ())


@pytest.mark.parametrize("family", ["cross_entropy", "least_squares", "hinge", "relativistic"])
def test_limits_are_those_of_the_loss(family: Family) -> None:
    assert judged(250 + RNG.normal(size=100), 0.6, family).name == "diverged"
    assert judged(250 + RNG.normal(size=100), 0.6, "wasserstein").name == "inconclusive"
    assert judged(np.where(AT < 0.7, 250.0, 1.3), 0.6, family).name == "inconclusive"  # it recovered


def test_a_clamped_loss_has_not_diverged() -> None:
    assert judged(np.full(20, 100.0), 0.0, "cross_entropy").name == "convergence_failure/generator_dominates"


def test_both_players_far_beyond_chance_have_exploded() -> None:
    d_loss = np.where(AT < 0.2, 1e-3, 40 + 30 * AT) + RNG.uniform(0, 5, 100)
    g_loss = np.where(AT < 0.2, 90.0, 22 + 40 * AT) + RNG.uniform(0, 5, 100)
    verdict = judged(d_loss, g_loss, "cross_entropy")
    assert verdict.name == "diverged"
    assert verdict.onset_step == pytest.approx(200, abs=50)
    assert judged(d_loss, g_loss, None).name == "inconclusive"  # a critic has such levels
    assert judged(np.full(100, 1e-3), g_loss, "cross_entropy").name == "convergence_failure/discriminator_dominates"


@pytest.mark.parametrize("family", EVERY)
@pytest.mark.parametrize("summands", [128, 1024])
def test_losses_that_are_sums_over_a_batch_have_not_exploded(family: Family | None, summands: int) -> None:
    noise = 1 + 0.05 * RNG.normal(size=(2, 100))
    verdict = judged(1.3 * summands * noise[0], 0.8 * summands * noise[1], family)
    assert (verdict.name, verdict.contributing) == ("inconclusive", ())


def test_the_weight_of_one_term_is_no_explosion() -> None:
    steps = np.arange(100, dtype=np.int64)
    curves = {"d_loss": Series(steps, 1.3 + 0.1 * RNG.normal(size=100)), "g_loss": Series(steps, np.full(100, 5e3))}
    run = Evidence("log", curves=curves, family="cross_entropy")
    assert diagnose(run).name == "diverged"
    assert diagnose(replace(run, weighted=True)).name == "inconclusive"


@pytest.mark.parametrize("family", ["wasserstein", "unknown", None])
def test_a_critic_whose_gap_never_stops_growing_runs_away(family: Family | None) -> None:
    noise = 1 + 0.05 * RNG.normal(size=100)
    for course in (-1 - 180 * AT, -np.exp(5.2 * AT)):
        verdict = judged(course * noise, 3.0, family)
        assert verdict.name == "diverged"
        assert "run away" in verdict.summary
    for course in (
        -180 * (1 - np.exp(-4 * AT)),  # it slows down
        -180 * np.sin(3 * AT),  # it turns back
        -1 - 30 * AT,
        -100 - 150 * AT,
    ):
        assert judged(course * noise, 3.0, family).name == "inconclusive"
    assert judged((-1 - 180 * AT)[::5], 3.0, family).name == "inconclusive"  # too few rows


def test_a_number_that_a_reader_saw_under_any_name_counts() -> None:
    run = Evidence("log", curves={"d_loss": Series(np.arange(9), np.ones(9))}, non_finite=NonFinite(5, "DF"))
    verdict = diagnose(run)
    assert (verdict.name, verdict.onset_step) == ("diverged", 5)
    assert "DF" in verdict.summary
