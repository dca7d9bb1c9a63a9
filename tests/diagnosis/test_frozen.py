"""Losses that never move, and learning rates that died; and what only looks like that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ganlab.config.objectives import Family
from ganlab.diagnosis.calibration import UNCALIBRATED
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.judge import diagnose

FROZEN = "convergence_failure/frozen"
RNG = np.random.default_rng(0)


def run(d_loss: object, g_loss: object, family: Family | None = None, rows: int = 100, **changes: object) -> Evidence:
    steps = 50 * np.arange(rows, dtype=np.int64)
    curves = {
        name: Series(steps, np.broadcast_to(np.asarray(values, dtype=np.float64), rows).copy())
        for name, values in (("d_loss", d_loss), ("g_loss", g_loss))
    }
    return replace(Evidence("log", curves=curves, family=family), **changes)


@pytest.mark.parametrize(
    "family", [None, "cross_entropy", "least_squares", "hinge", "relativistic", "wasserstein", "unknown"]
)
def test_losses_that_never_move_are_frozen_whatever_the_loss(family: Family | None) -> None:
    verdict = diagnose(run(1.386, 0.693, family))
    assert (verdict.name, verdict.onset_step) == (FROZEN, 0)
    assert "1.386 and 0.693 in 100 rows" in verdict.summary
    assert verdict.remedies
    assert verdict.confidence <= UNCALIBRATED


def test_losses_that_stop_moving_are_frozen_since_then() -> None:
    alive = RNG.normal(1.2, 0.1, 100)
    for first in (1, 40, 70):
        d_loss, g_loss = np.where(np.arange(100) < first, alive, [[1.386], [0.693]])
        verdict = diagnose(run(d_loss, g_loss, "cross_entropy"))
        assert (verdict.name, verdict.onset_step) == (FROZEN, 50 * first)
    d_loss, g_loss = np.where(np.arange(100) < 90, alive, [[1.386], [0.693]])
    assert diagnose(run(d_loss, g_loss, "cross_entropy")).name == "inconclusive"  # ten rows prove nothing


@pytest.mark.parametrize("family", [None, "cross_entropy"])
def test_what_moves_or_is_too_coarse_or_too_short_is_not_frozen(family: Family | None) -> None:
    jitter = RNG.normal(0, 2e-3, (2, 100))
    for each in (
        run(1.386 + jitter[0], 0.693 + jitter[1], family),  # an equilibrium
        run(1.386, 0.693 + jitter[1], family),  # a stale number beside one that moves
        run(1.39, 0.69, family),  # so do the digits of an equilibrium look that are printed
        run(1.3, 0.8, family),
        run(1.386, 0.693, family, rows=20),
        run(1.386, 0.693, family, weighted=True),  # one term of several
    ):
        assert (diagnose(each).name, diagnose(each).contributing) == ("inconclusive", ())


def test_a_run_whose_fid_falls_or_is_good_is_not_frozen() -> None:
    steps = np.linspace(0, 4950, 9).astype(np.int64)
    for fid in (np.linspace(400, 200, 9), np.linspace(60, 30, 9)):
        assert diagnose(run(1.386, 0.693, quality={"fid": Series(steps, fid)})).name != FROZEN
    assert diagnose(run(1.386, 0.693, quality={"fid": Series(steps, np.full(9, 400.0))})).name == FROZEN


@pytest.mark.parametrize("d_loss", [1.0, 2.0])
def test_a_hinge_discriminator_that_scores_everything_0_is_dead(d_loss: float) -> None:
    for weighted in (False, True):
        verdict = diagnose(run(d_loss, 0.0, "hinge", weighted=weighted))
        assert verdict.name == FROZEN
        assert "dead discriminator" in verdict.summary


def test_a_saturated_loss_has_a_winner() -> None:
    fooled = run(100.0, 0.0, "cross_entropy", rows=50)
    assert diagnose(fooled).name == "convergence_failure/generator_dominates"
    assert diagnose(run(0.0, 100.0, "cross_entropy", rows=50)).name == "convergence_failure/discriminator_dominates"
    for each in (fooled, run(0.0, 100.0, "cross_entropy")):
        assert diagnose(each).contributing == ()


def test_a_critic_that_scores_everything_alike_is_dead() -> None:
    """float32 rounds scores near .009 to about 1e-9."""
    rounding = 1e-9 * RNG.integers(-2, 3, 100)
    dead = run(rounding, -0.009 + 1e-4 * RNG.normal(size=100), "wasserstein")
    verdict = diagnose(dead)
    assert verdict.name == FROZEN
    assert "alike" in verdict.summary
    drifting = run(-30 + 3 * RNG.normal(size=100), 5e4 * np.linspace(0.1, 1, 100), "wasserstein")
    assert diagnose(drifting).name == "inconclusive"


def test_a_learning_rate_that_died_while_the_run_goes_on() -> None:
    living = run(RNG.normal(1.2, 0.1, 100), RNG.normal(0.9, 0.1, 100), "cross_entropy")
    steps = living.curves["d_loss"].steps

    def with_rate(values: np.ndarray, name: str = "lr_g") -> str:
        return diagnose(replace(living, controls={name: Series(steps, values)})).name

    decay = 2e-4 * (1 - np.arange(100) / 99)
    died = np.where(np.arange(100) < 50, 2e-4 * (1 - np.arange(100) / 50), 0.0)
    assert with_rate(died) == with_rate(died, "lr_d") == FROZEN
    assert with_rate(decay) == "inconclusive"
    assert with_rate(np.where(np.arange(100) < 90, 2e-4 * (1 - np.arange(100) / 90), 0.0)) == "inconclusive"
    assert with_rate(np.round(decay / 2, 4)) == "inconclusive"  # 0.0000 is how 4e-5 is printed
    assert with_rate(np.zeros(100)) == "inconclusive"
