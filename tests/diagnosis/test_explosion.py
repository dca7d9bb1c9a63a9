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


def test_of_columns_that_break_together_the_loss_is_named_and_nothing_is_frozen() -> None:
    steps = np.arange(100, dtype=np.int64)
    noise = np.where(steps < 40, 1 + 0.1 * RNG.normal(size=100), np.nan)
    curves = {name: Series(steps, level * noise) for name, level in (("d_fake", 0.3), ("d_loss", 1.2), ("g_loss", 1.1))}
    verdict = diagnose(Evidence("log", curves=curves, family="cross_entropy"))
    assert "d_loss became NaN" in verdict.summary
    assert verdict.contributing == ()


@pytest.mark.parametrize("family", EVERY)
def test_nan_that_went_away_is_told_where_nothing_is_proved(family: Family | None) -> None:
    verdict = judged(np.where((AT > 0.5) & (AT < 0.6), np.nan, 1.2 + 0.1 * RNG.normal(size=100)), 0.8, family)
    assert verdict.name == "inconclusive"
    assert "d_loss was NaN or infinite (steps " in verdict.summary
    assert "finite again after that." in verdict.summary
    assert "neither does" not in verdict.summary
    assert "prove no failure" not in verdict.summary


def test_of_two_games_the_one_that_was_nan_for_a_while_is_told_of() -> None:
    steps = np.arange(100, dtype=np.int64)
    calm = {name: Series(steps, 0.3 + 0.02 * RNG.normal(size=100)) for name in ("d_loss", "g_loss")}
    odd = calm | {"g_loss": Series(steps, np.where((steps > 50) & (steps < 60), np.nan, calm["g_loss"].values))}
    verdict = diagnose(Evidence("log", players={"A": calm, "B": odd}, family="least_squares", weighted=True))
    assert verdict.summary.startswith("Discriminator B: nothing is proved: ")
    assert "g_loss was NaN or infinite (steps 51 to 59)" in verdict.summary


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


@pytest.mark.parametrize("rows", [12, 20, 32, 60, 100])
@pytest.mark.parametrize("family", ["wasserstein", "unknown", None])
@pytest.mark.parametrize("level", [3000, 10_000, 50_000])
def test_a_penalty_that_has_not_come_down_yet_is_normal(level: float, family: Family | None, rows: int) -> None:
    noise = np.random.default_rng(1).normal(size=rows)
    assert judged(level * np.exp(-np.arange(rows) / 60) - 10 + 2 * noise, noise, family).name == "inconclusive"
    assert judged(level + 0.05 * level * noise, noise, family).name == "inconclusive"


def test_a_discriminator_summed_beside_a_generator_of_unknown_scale_has_not_exploded() -> None:
    steps = np.arange(60, dtype=np.int64)
    sums = 45_000 + 4_000 * np.random.default_rng(1).normal(size=60)
    curves = {"d_loss": Series(steps, sums), "g_loss": Series(steps, np.full(60, 1.5))}
    run = Evidence("log", curves=curves, family="cross_entropy", weighted=True)
    assert diagnose(run).name == "inconclusive"
    rising = curves | {"d_loss": Series(steps, np.where(steps < 30, 1.3, 45_000.0))}
    assert diagnose(replace(run, curves=rising)).name == "diverged"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("family", EVERY)
def test_the_largest_floats_are_judged_without_a_warning(family: Family | None) -> None:
    assert judged(np.where(AT < 0.5, 1.0, 1e308), 0.6, family).name == "diverged"
    assert judged(1e308 * (1 + AT / 2), 0.6, family).name == "diverged"
