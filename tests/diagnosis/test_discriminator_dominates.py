"""A discriminator that wins nearly always: named beside bad samples that stay bad, and else not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.judge import diagnose
from tests.diagnosis.made_up import energies

STEPS = 600


def judged(
    won: float,
    since: int = 0,
    good: tuple[float, float] = (0.1, 0.1),
    g_won: float = 5.0,
    d_won: float = 0.1,
    samples: bool = True,
    lost: tuple[int, int] = (0, 0),
    planned: int | None = None,
    count: int = STEPS,
    **row: float,
) -> Any:
    """Judge a run of which a share of the rows since a step is won by the discriminator, and the others are not.

    Args:
        won: that share.
        since: that step.
        good: share of the samples that pass the garbage test, at the start and at the end.
        g_won, d_won: both losses in the rows that the generator loses.
        samples: whether there are snapshots.
        lost: steps between which the generator wins.
        planned: steps that the run was to have.
        count: steps that it has.
        row: what each snapshot says beside.
    """
    rng = np.random.default_rng(0)
    steps = np.arange(1, count + 1)
    wins = (rng.random(count) < won) & (steps > since) & ((steps <= lost[0]) | (steps > lost[1]))
    d_loss, g_loss = np.where(wins, d_won, 1.2), np.where(wins, g_won, 1.0)
    rows = tuple(
        {"step": int(step), "n": 1000, "good": share, "good_real": 1.0, "vendi": 6.0, "vendi_real": 12.0}
        | {"fid": 200.0 - 150 * share, "fid_real": 2.0, "near_duplicates": 0.0, "distinct": 1000, "repeats_chance": 1.0}
        | row
        for step, share in zip(range(count // 10, count + 1, count // 10), np.linspace(*good, 10), strict=True)
    )
    curves = {"d_loss": Series(steps, d_loss), "g_loss": Series(steps, g_loss)}
    evidence = Evidence(
        "log", curves=curves, snapshots=rows if samples else (), family="cross_entropy", planned=planned
    )
    return diagnose(evidence)


@pytest.mark.parametrize("won", [0.7, 0.95])
@pytest.mark.parametrize("since", [0, 240])
def test_one_that_wins_nearly_always_beside_bad_samples_has_won(won: float, since: int) -> None:
    verdict = judged(won, since)
    assert verdict.name == "convergence_failure/discriminator_dominates"
    assert "nearly always" in verdict.summary
    assert "get no better" in verdict.summary
    assert [each.signal for each in verdict.evidence] == ["d_loss", "g_loss", "good"]
    assert since <= verdict.onset_step <= since + 60


@pytest.mark.parametrize("families", [("relativistic",), ("cross_entropy", "hinge", "relativistic")])
@pytest.mark.parametrize(
    ("changes", "accused"),
    [
        ({}, True),
        ({"g_won": 5.0}, False),
        ({"d_won": 0.12}, False),
        ({"good": (0.8, 0.8)}, False),
        ({"good": (0.05, 0.45)}, False),
        ({"d_won": 0.01, "good": (0.05, 0.45)}, False),
        ({"d_won": 0.01}, True),
        ({"samples": False}, False),
    ],
)
def test_one_that_compares_has_won_beside_samples_that_stay_bad(
    families: tuple[Any, ...], changes: dict[str, Any], accused: bool
) -> None:
    evidence = judged(0.95, **{"g_won": 7.0, "d_won": 0.08, **changes}).judged_on
    assert evidence is not None
    verdict = diagnose(replace(evidence, family=None, families=families))
    assert (verdict.name == "convergence_failure/discriminator_dominates") is accused


@pytest.mark.parametrize(
    "changes",
    [
        {"won": 0.5},
        {"won": 0.95, "since": 330},
        {"won": 0.95, "g_won": 2.0},
        {"won": 0.95, "good": (0.8, 0.8)},
        {"won": 0.95, "good": (0.05, 0.45)},
        {"won": 0.95, "good": (0.05, 0.45), "planned": 2 * STEPS},
        {"won": 0.95, "since": 90, "good": (0.05, 0.45), "planned": STEPS},
        {"won": 0.95, "lost": (300, 540)},
        {"won": 0.95, "count": 300},
        {"won": 0.95, "samples": False},
        {"won": 0.95, "good": (0.8, 0.8), **energies(0.02)},
    ],
)
def test_one_that_wins_at_times_or_whose_generator_learns_has_not(changes: dict[str, Any]) -> None:
    verdict = judged(**changes)
    assert verdict.name != "convergence_failure/discriminator_dominates"
    assert "convergence_failure" not in [each.failure for each in verdict.contributing]


def test_it_may_lose_for_a_third_of_the_run() -> None:
    assert judged(0.95, lost=(330, 500)).name == "convergence_failure/discriminator_dominates"


def test_samples_that_still_improve_when_all_steps_are_done_had_their_time() -> None:
    verdict = judged(0.95, since=30, good=(0.05, 0.45), planned=STEPS)
    assert verdict.name == "convergence_failure/discriminator_dominates"
    assert "bad at the end" in verdict.summary


def test_samples_that_pass_but_lie_apart_from_reals_are_bad() -> None:
    verdict = judged(0.95, good=(0.8, 0.8), **energies(0.09))
    assert verdict.name == "convergence_failure/discriminator_dominates"
    (far,) = [each for each in verdict.evidence if each.signal == "energy_coefficient"]
    assert far.value == pytest.approx(0.09)


def test_samples_that_were_better_than_garbage_are_bad_at_the_end() -> None:
    assert "bad at the end" in judged(0.95, good=(0.3, 0.3)).summary


THREE, FIFTY = {"near_duplicates": 0.99, "distinct": 3}, {"n": 64, "near_duplicates": 0.4, "distinct": 50}


@pytest.mark.parametrize(
    ("repeats", "coefficient", "failure"),
    [
        (THREE, 0.2, "mode_collapse"),
        (THREE, 0.4, "convergence_failure"),
        (FIFTY, 0.1, "mode_collapse"),
        (FIFTY, 0.2, "convergence_failure"),
    ],
)
def test_samples_that_repeat_each_other_have_collapsed_whoever_wins_if_they_are_of_the_reals_kind(
    repeats: dict[str, float], coefficient: float, failure: str
) -> None:
    reals = {"distinct_real": 990, "near_duplicates_real": 0.02}
    verdict = judged(0.95, good=(0.2, 0.2), **energies(coefficient), **repeats, **reals, repeats_chance=1e-12)
    assert verdict.failure == failure
