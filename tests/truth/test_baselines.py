"""Judges to compare verdicts with, on losses and descriptions whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from ganlab.diagnosis.evidence import Evidence, Series
from truth.baselines import described, nearest_neighbour, rules_of_thumb
from truth.corpora import Labelled

STEPS = np.arange(1, 101)


def losses(d_loss: object, g_loss: object) -> Evidence:
    """A run whose losses are these."""
    values = {"d_loss": d_loss, "g_loss": g_loss}
    return Evidence(
        "log",
        curves={name: Series(STEPS, np.broadcast_to(np.asarray(each, float), 100)) for name, each in values.items()},
    )


@pytest.mark.parametrize(
    ("d_loss", "g_loss", "verdict"),
    [
        (1.3, 0.8, "healthy"),
        (0.01, 9.0, "convergence_failure"),
        (1.3, 2 + 1.9 * np.sin(STEPS), "mode_collapse"),
        (np.where(STEPS > 90, np.nan, 1.3), 0.8, "diverged"),
        (np.where(STEPS < 40, 0.0, 1.3), 0.8, "healthy"),
    ],
)
def test_the_rules_of_the_guides(d_loss: object, g_loss: object, verdict: str) -> None:
    assert rules_of_thumb(losses(d_loss, g_loss)) == verdict


def test_without_losses_the_rules_say_nothing() -> None:
    assert rules_of_thumb(Evidence("samples")) == "inconclusive"


def labelled(group: str, *right: str) -> Labelled:
    return Labelled("own", group, group, "tune", "points", "good", frozenset(right))


def test_the_nearest_run_of_another_configuration_decides() -> None:
    won, fair = described(losses(0.01, 9.0)), described(losses(1.3, 0.8))
    known = [(labelled("a", "convergence_failure", "never_learned"), won), (labelled("b", "healthy"), fair),
             (labelled("c", "never_learned"), described(losses(0.2, 6.0)))]  # fmt: skip
    assert nearest_neighbour(known, labelled("d"), described(losses(1.2, 0.9))) == "healthy"
    assert nearest_neighbour(known, labelled("d"), described(losses(0.02, 8.0))) == "never_learned"  # right twice
    assert nearest_neighbour(known[1:], labelled("b"), fair) == "never_learned"
    assert nearest_neighbour([], labelled("d"), fair) == "inconclusive"


def test_statistics_of_samples_are_compared_with_those_of_reals() -> None:
    row = {"step": 10, "good": 0.4, "good_real": 0.8, "vendi": 3.0, "vendi_real": 5.0, "fid": 20.0, "fid_real": 2.0}
    found = described(Evidence("run", snapshots=(row,)))
    assert found[0] == pytest.approx(0.5)
    assert found[6:8] == pytest.approx([0.5, np.log(10)])
    assert np.isnan(found[1])
