"""The family of losses from their numbers: what only one family gives, what leaves several open, and who wins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ganlab.config.objectives import LOSSES, Family
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.read_report import ReadReport
from ganlab.diagnosis.readers.family import LOSS_NAMES, with_family
from ganlab.errors import RunError

ROWS = 40
NOISE = np.random.default_rng(0).normal(size=(8, ROWS))


def evidence(trainer: str | None = None, first_step: int = 1000, **curves: Any) -> Evidence:
    steps = first_step + 10 * np.arange(ROWS, dtype=np.int64)
    series = {name: Series(steps, np.broadcast_to(np.asarray(v, dtype=float), (ROWS,))) for name, v in curves.items()}
    report = None
    if trainer is not None:
        report = ReadReport("a log", trainer, ROWS, (0, 1), "step", "", None, (), (), ())
    return Evidence("log", series, read=report)


def families(given: Evidence, loss: str | None = None) -> set[Family | None]:
    found = with_family(given, loss)
    assert found.family is None or not found.families
    return {found.family} if found.family else set(found.families)


@pytest.mark.parametrize("loss", LOSS_NAMES)
def test_what_the_user_says_wins(loss: str) -> None:
    found = with_family(evidence(d_loss=-5.0, g_loss=3.0), loss)
    assert (found.family, found.saturating) == LOSS_NAMES[loss]
    assert found.families == ()
    assert found.notes == ()


def test_every_loss_and_the_unknown_one_can_be_named() -> None:
    assert {*LOSSES, "relativistic", "relativistic_average", "cross_entropy", "unknown"} <= LOSS_NAMES.keys()


def test_an_unknown_loss_is_refused_and_the_nearest_proposed() -> None:
    with pytest.raises(RunError, match="no such loss; hinge is close"):
        with_family(evidence(d_loss=1.0), "hing")


@pytest.mark.parametrize(
    ("first", "family"),
    [
        ((1.386, 0.693), "cross_entropy"),
        ((1.41, 0.66), "cross_entropy"),
        ((0.5, 0.25), "least_squares"),
        ((0.25, 0.26), "least_squares"),
        ((2.0, 0.01), "hinge"),
        ((1.0, -0.02), "hinge"),
    ],
)
def test_the_first_losses_tell_the_family(first: tuple[float, float], family: Family) -> None:
    d_loss, g_loss = 0.6 + 0.1 * NOISE[0], 1.5 + 0.3 * NOISE[1]
    d_loss[0], g_loss[0] = first
    assert families(evidence(first_step=0, d_loss=d_loss, g_loss=g_loss)) == {family}
    later = families(evidence(first_step=1000, d_loss=d_loss, g_loss=g_loss))
    assert len(later) > 1 or first[1] < 0  # in the middle of a run such values say nothing


def test_a_mean_of_halves_at_chance_may_be_relativistic() -> None:
    d_loss, g_loss = 0.6 + 0.05 * NOISE[0], 1.5 + 0.3 * NOISE[1]
    d_loss[0] = g_loss[0] = 0.693
    assert families(evidence(first_step=0, d_loss=d_loss, g_loss=g_loss)) == {"cross_entropy", "relativistic"}


@pytest.mark.parametrize(("level", "g_level", "family"), [(1.386, 0.693, "cross_entropy"), (2.0, 0.0, "hinge")])
def test_losses_that_stay_at_chance_tell_the_family(level: float, g_level: float, family: Family) -> None:
    assert families(evidence(d_loss=level, g_loss=g_level)) == {family}


@pytest.mark.parametrize("batch", [1, 16, 64])
def test_a_clamp_tells_cross_entropy(batch: int) -> None:
    counts = np.arange(ROWS) % batch + 1
    d_loss = np.round(100.0 * counts / batch, 4)
    assert families(evidence(d_loss=d_loss, g_loss=0.0)) == {"cross_entropy"}


def test_losses_without_decimals_are_no_clamp() -> None:
    assert "hinge" in families(evidence(d_loss=3.0, g_loss=15.0 + np.arange(ROWS) % 7))


def test_probabilities_tell_cross_entropy() -> None:
    real, fake = 0.8 + 0.02 * NOISE[0], 0.2 + 0.02 * NOISE[1]
    losses = {"d_loss": -np.log(real) - np.log(1 - fake) + 0.1, "g_loss": -np.log(fake)}
    assert families(evidence(d_real=real, d_fake=fake, **losses)) == {"cross_entropy"}
    assert families(evidence(d_real=1.0, d_fake=1.0, d_loss=37.3, g_loss=0.0)) == {"cross_entropy"}


def test_scores_of_a_dead_discriminator_are_no_probabilities() -> None:
    assert families(evidence(d_real=0.0, d_fake=0.0, d_loss=2.0, g_loss=0.0)) == {"hinge"}


def test_scores_that_cost_less_than_cross_entropy_are_least_squares_or_others() -> None:
    real, fake = 0.6 + 0.02 * NOISE[0], 0.4 + 0.02 * NOISE[1]
    found = families(evidence(d_real=real, d_fake=fake, d_loss=(1 - real) ** 2 + fake**2, g_loss=(1 - fake) ** 2))
    assert "least_squares" in found


def test_the_loss_of_super_resolution_is_none_of_these() -> None:
    real, fake = 0.8 + 0.1 * NOISE[0], 0.2 + 0.1 * NOISE[1]
    assert families(evidence(d_real=real, d_fake=fake, d_loss=1 - real + fake, g_loss=0.01)) == {"unknown"}


def test_a_critic_is_told_by_signs() -> None:
    assert families(evidence(d_loss=-5 + NOISE[0], g_loss=3 * NOISE[1])) == {"wasserstein"}
    assert families(evidence(d_loss=-1.0, g_loss=-0.7)) == {
        "wasserstein",
        "unknown",
    }  # or log D + log(1 - D), maximised


def test_hinge_is_told_by_the_sign_of_the_generator() -> None:
    assert families(evidence(d_loss=1 + 0.1 * NOISE[0], g_loss=0.3 * NOISE[1])) == {"hinge", "wasserstein"}


def test_a_sure_discriminator_leaves_open_what_is_normal_for_some() -> None:
    found = families(evidence(d_loss=0.0, g_loss=18.5 + 2 * NOISE[0]))
    assert found == {"cross_entropy", "hinge", "relativistic"}


def test_a_sure_discriminator_and_a_generator_at_one_are_least_squares() -> None:
    found = families(evidence(d_loss=0.001, g_loss=1 + 0.01 * NOISE[0]))
    assert {"least_squares"} <= found
    assert "cross_entropy" not in found


def test_an_accuracy_is_no_critics() -> None:
    found = families(evidence(d_loss=0.01, g_loss=8 + NOISE[0], d_acc_real=1.0, d_acc_fake=1.0))
    assert not found & {"wasserstein", "relativistic"}


def test_a_weighted_term_excludes_nothing_by_its_level() -> None:
    given = evidence(d_loss=0.001, g_loss=0.05)
    weighted = Evidence("log", given.curves, weighted=True)
    assert families(weighted) == {"cross_entropy", "least_squares", "hinge", "relativistic"}


def test_what_a_trainer_uses_counts_if_the_numbers_allow_it() -> None:
    assert families(evidence("CycleGAN", d_loss=0.3 + 0.01 * NOISE[0], g_loss=0.9)) == {"least_squares"}
    assert families(evidence("CycleGAN", d_loss=1.386, g_loss=0.693)) == {"cross_entropy"}
    assert families(evidence("CTGAN", d_loss=-1.0, g_loss=0.693)) == {"wasserstein"}
    assert families(evidence("CycleGAN", d_loss=-1.0, g_loss=0.693)) == {"wasserstein", "unknown"}


def test_every_player_speaks() -> None:
    open_game = evidence(d_loss=0.6, g_loss=1.2).curves
    critic = evidence(d_loss=-3.0, g_loss=NOISE[0]).curves
    assert families(Evidence("log", players={"A": open_game, "B": critic})) == {"wasserstein"}


def test_scores_that_are_no_probabilities_are_left_out_of_cross_entropy() -> None:
    given = evidence(d_loss=0.4, g_loss=2.0, d_real=3.0, d_fake=-4.0)
    found = with_family(given, "non_saturating")
    assert found.curves.keys() == {"d_loss", "g_loss"}
    assert "the scores are not probabilities" in found.notes[-1]
    assert with_family(given, "hinge").curves.keys() == given.curves.keys()


def test_metrics_alone_have_no_family() -> None:
    found = with_family(Evidence("log", quality={"fid": Series(np.arange(3), np.ones(3))}), None)
    assert (found.family, found.families, found.notes) == (None, (), ())


def test_what_was_decided_is_said() -> None:
    assert (
        "the first losses are 1.39 and 0.693"
        in with_family(evidence(first_step=0, d_loss=1.386, g_loss=0.693), None).notes[-1]
    )
    left = with_family(evidence(d_loss=0.6, g_loss=1.2), None).notes[-1]
    assert left.startswith("which loss it is was not seen")
    assert "cross-entropy, least squares, hinge and relativistic losses would fit" in left


def test_a_critic_may_still_pay_its_penalty() -> None:
    falling = 5000 * np.exp(-np.arange(ROWS) / 60)
    assert "wasserstein" in families(evidence(d_loss=falling, g_loss=3 + NOISE[0] / 10))
    assert "wasserstein" not in families(evidence(d_loss=falling[::-1], g_loss=3 + NOISE[0] / 10))
