"""A discriminator that wins nearly always: named beside bad samples that stay bad, and else not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.judge import diagnose

STEPS = 600


def judged(
    won: float, since: int = 0, good: tuple[float, float] = (0.1, 0.1), g_won: float = 5.0, samples: bool = True
) -> Any:
    """Judge a run of which a share of the rows since a step is won by the discriminator, and the others are not."""
    rng = np.random.default_rng(0)
    steps = np.arange(1, STEPS + 1)
    wins = (rng.random(STEPS) < won) & (steps > since)
    d_loss, g_loss = np.where(wins, 0.1, 1.2), np.where(wins, g_won, 1.0)
    rows = tuple(
        {"step": int(step), "n": 1000, "good": share, "good_real": 1.0, "vendi": 6.0, "vendi_real": 12.0}
        | {"fid": 200.0 - 150 * share, "fid_real": 2.0, "near_duplicates": 0.0, "distinct": 1000, "repeats_chance": 1.0}
        for step, share in zip(range(60, STEPS + 1, 60), np.linspace(*good, 10), strict=True)
    )
    curves = {"d_loss": Series(steps, d_loss), "g_loss": Series(steps, g_loss)}
    evidence = Evidence("log", curves=curves, snapshots=rows if samples else (), family="cross_entropy")
    return diagnose(evidence)


@pytest.mark.parametrize("won", [0.85, 0.95])
@pytest.mark.parametrize("since", [0, 150])
def test_one_that_wins_nearly_always_beside_bad_samples_has_won(won: float, since: int) -> None:
    verdict = judged(won, since)
    assert verdict.name == "convergence_failure/discriminator_dominates"
    assert "nearly always" in verdict.summary
    assert [each.signal for each in verdict.evidence] == ["d_loss", "g_loss", "good"]
    assert since <= verdict.onset_step <= since + 60


@pytest.mark.parametrize(
    "changes",
    [
        {"won": 0.5},
        {"won": 0.95, "since": 450},
        {"won": 0.95, "g_won": 2.0},
        {"won": 0.95, "good": (0.8, 0.8)},
        {"won": 0.95, "good": (0.05, 0.45)},
        {"won": 0.95, "samples": False},
    ],
)
def test_one_that_wins_at_times_or_whose_generator_learns_has_not(changes: dict[str, Any]) -> None:
    verdict = judged(**changes)
    assert verdict.name != "convergence_failure/discriminator_dominates"
    assert "convergence_failure" not in [each.failure for each in verdict.contributing]
