"""FID curves as people ask for them: which snapshot was best, how sure a rise is, go on or stop."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ganlab.diagnosis.case import Case
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.fid_course import LEAST_NOISE, advice, course, noise
from ganlab.diagnosis.judge import diagnose


def log(*values: float, every: int = 40_000, **changes: object) -> Evidence:
    steps = every * np.arange(len(values), dtype=np.int64)
    return Evidence("log", quality={"fid": Series(steps, np.array(values, float))}, unit="image", **changes)  # type: ignore[arg-type]


def noisy(levels: NDArray[np.float64], sigma: float, seed: int = 0) -> Evidence:
    return log(*levels * np.exp(sigma * np.random.default_rng(seed).standard_normal(len(levels))))


@pytest.mark.parametrize("sigma", [0.02, 0.05, 0.2])
def test_the_noise_is_that_of_single_points_whatever_the_trend(sigma: float) -> None:
    falling = np.geomspace(300, 10, 400)
    values = noisy(falling, sigma).quality["fid"]
    assert noise(values) == pytest.approx(sigma, rel=0.2)
    values.values[100] *= 20
    assert noise(values) == pytest.approx(sigma, rel=0.2)


def test_a_curve_without_noise_has_that_of_measuring_and_a_short_one_none_that_is_known() -> None:
    assert noise(log(*np.geomspace(300, 10, 20)).quality["fid"]) == LEAST_NOISE
    assert np.isnan(noise(log(30, 20, 10, 12, 14).quality["fid"]))


def test_a_rise_many_times_the_noise_says_which_snapshot_to_use_and_to_stop() -> None:
    levels = np.concatenate([np.geomspace(100, 20, 20), np.linspace(20.2, 22.2, 12)])
    verdict = diagnose(noisy(levels, 0.01))
    assert verdict.name == "healthy"  # it is under 1.5 times its best
    assert "The best snapshot is that of kimg 800" in verdict.summary
    assert "FID has risen since by 10 %" in verdict.summary
    assert "times the noise of this curve: stop here" in verdict.summary


def test_a_rise_within_the_noise_is_none() -> None:
    levels = np.concatenate([np.geomspace(100, 20, 20), np.full(20, 20.0)])
    found = advice(Case(noisy(levels, 0.05)))
    assert "stop here" not in found
    assert "FID no longer falls, so going on will bring little." in found
    bumpy = log(90, 70, 50, 40, 30, 22, 21.5, 20, 22, 21, 20.5, 22, 21, 22.5, 22, 22.5)
    assert "is within the noise" in advice(Case(bumpy))


def test_a_fid_that_still_falls_says_go_on() -> None:
    assert advice(Case(log(*np.geomspace(100, 20, 20)))) == (
        " The best snapshot is that of kimg 760 (FID 20), the last one: FID still falls, so go on."
    )
    assert "FID still falls, so go on" in diagnose(noisy(np.geomspace(100, 20, 30), 0.05)).summary


def test_one_odd_point_at_the_end_is_to_be_measured_again() -> None:
    values = [*np.geomspace(100, 20, 20), 20.1, 20.0, 20.1, 28.0]
    assert advice(Case(log(*values))).endswith("Only the last FID is worse, by 40 %: measure again.")


def test_three_points_name_the_best_one_and_say_nothing_of_noise() -> None:
    verdict = diagnose(log(260, 50, 90, every=200_000))
    assert verdict.name == "degraded"
    assert verdict.summary.endswith(
        "The best snapshot is that of kimg 200 (FID 50): use it. 3 FIDs are too few to tell a rise from noise."
    )


def test_a_run_that_came_back_up_says_how_sure_that_is() -> None:
    verdict = diagnose(log(300, 120, 60, 30, 20, 18, 40, 90, 150, 180, 200))
    assert verdict.name == "degraded"
    assert "The best snapshot is that of kimg 200 (FID 18): use it." in verdict.summary
    assert "stop here" in verdict.summary


def test_nothing_is_said_of_too_few_or_impossible_points() -> None:
    assert course(Case(log(30, 20))) is None
    assert course(Case(log(30, 0, 20))) is None
    assert advice(Case(Evidence("log"))) == ""


def test_a_fid_of_no_image_that_falls_is_under_trained_and_one_that_stands_has_never_learned() -> None:
    falls = diagnose(log(*np.geomspace(800, 180, 20)))
    assert falls.name == "under_trained"
    assert "FID still falls, so go on" in falls.summary
    assert diagnose(noisy(np.full(20, 300.0), 0.03)).name == "never_learned"
