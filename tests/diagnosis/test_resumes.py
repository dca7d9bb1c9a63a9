"""Before and after a resume."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ganlab.diagnosis.case import Case
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.resumes import REMEDY, since_restart

RESTART = 40_000


def resumed(before: float, after: float, swing: tuple[float, float] = (0.1, 0.1), **changes: Any) -> Evidence:
    """A run of 80 rows, started again in the middle: D's loss has these levels before and after, and these swings."""
    steps = 1000 * np.arange(80, dtype=np.int64)
    late, noise = steps >= RESTART, np.random.default_rng(0).standard_normal(80)
    d_loss = np.where(late, after + swing[1] * noise, before + swing[0] * noise)
    curves = {"d_loss": Series(steps, d_loss), "g_loss": Series(steps, 0.8 + 0.1 * noise[::-1])}
    found = Evidence("log", curves=curves, family="cross_entropy", restarts=(10_000, RESTART))
    return replace(found, **changes)


def fid(*values: float) -> dict[str, Series]:
    """FIDs every 10,000 steps."""
    return {"fid": Series(10_000 * np.arange(len(values), dtype=np.int64), np.array(values, float))}


def test_a_fid_that_is_worse_since_the_restart_is_said_with_what_to_check() -> None:
    run = resumed(1.2, 1.2, quality=fid(40, 20, 13, 12, 17, 19, 19, 20))
    verdict = diagnose(run)
    assert verdict.summary.endswith(f" Worse since the restart at step 40,000: FID 13 before, 19 after. {REMEDY}")
    assert verdict.name == "degraded"  # by its own best, whatever was restarted


def test_it_is_no_accusation() -> None:
    verdict = diagnose(resumed(1.2, 0.4))
    assert verdict.name == "inconclusive"
    assert verdict.contributing == ()


@pytest.mark.parametrize(
    "values",
    [
        pytest.param((40, 20, 13, 12, 12, 11, 11, 10), id="it went on falling"),
        pytest.param((40, 20, 13, 12, 13.5, 12, 11, 11), id="a first point that is a little worse"),
        pytest.param((14, 12, 13, 12, 12.5, 14.5, 13, 14), id="one that moves as much before"),
    ],
)
def test_a_fid_that_is_not_clearly_worse_is_not_mentioned(values: tuple[float, ...]) -> None:
    assert since_restart(Case(resumed(1.2, 1.2, quality=fid(*values)))) == ""


def test_a_loss_with_another_level_is_different_and_not_worse() -> None:
    assert since_restart(Case(resumed(1.2, 1.25))) == ""
    found = since_restart(Case(resumed(1.2, 0.4)))
    assert found.startswith(" Different since the restart at step 40,000: d_loss 1.19 before")
    assert " before, 0.4" in found


def test_a_loss_that_swings_wider_is_different_too() -> None:
    assert since_restart(Case(resumed(1.2, 1.2, swing=(0.1, 0.2)))) == ""
    assert "d_loss swings by" in since_restart(Case(resumed(1.2, 1.2, swing=(0.1, 1.0))))


def test_without_a_restart_or_without_rows_on_both_sides_nothing_is_said() -> None:
    assert since_restart(Case(resumed(1.2, 0.4, restarts=()))) == ""
    assert since_restart(Case(resumed(1.2, 0.4, restarts=(0,)))) == ""
    assert since_restart(Case(resumed(1.2, 0.4, restarts=(78_000,)))) == ""


def test_places_are_those_of_the_log() -> None:
    run = resumed(1.2, 0.4, unit="epoch")
    assert "since the restart at epoch 40,000" in since_restart(Case(run))
