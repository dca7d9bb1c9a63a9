"""Logs that leave open which loss they show, and logs of several games: what all of them prove is the verdict."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ganlab.config.objectives import Family
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.judge import diagnose

STEPS = np.arange(0, 10_000, 100, dtype=np.int64)
RNG = np.random.default_rng(0)
WON = {"d_loss": (1e-4, 0.1), "g_loss": (12.0, 0.1)}
"""Level and relative noise of a discriminator that has won, where the loss has levels."""
BALANCED = {"d_loss": (1.2, 0.1), "g_loss": (0.9, 0.1)}


def noisy(levels: dict[str, tuple[float, float]]) -> dict[str, Series]:
    return {
        name: Series(STEPS, level * (1 + noise * RNG.normal(size=len(STEPS))))
        for name, (level, noise) in levels.items()
    }


def fid(*values: float) -> dict[str, Series]:
    steps = np.linspace(0, STEPS[-1], len(values)).astype(np.int64)
    return {"fid": Series(steps, np.array(values))}


def open_run(
    levels: dict[str, tuple[float, float]], *families: Family, quality: dict[str, Series] | None = None
) -> Evidence:
    return Evidence("log", curves=noisy(levels), families=families, quality=quality or {})


def test_what_all_losses_prove_is_the_verdict() -> None:
    verdict = diagnose(open_run(WON, "cross_entropy", "least_squares", "hinge"))
    assert verdict.name == "convergence_failure/discriminator_dominates"
    assert "does not show" not in verdict.summary
    assert "at chance" not in str(verdict)  # which differs by loss
    assert "loss family" in {each.what for each in verdict.missing}


def test_what_one_loss_makes_normal_is_said_and_not_accused() -> None:
    verdict = diagnose(open_run(WON, "cross_entropy", "hinge", "relativistic", "wasserstein"))
    assert (verdict.name, verdict.contributing) == ("inconclusive", ())
    assert (
        "if it is cross-entropy or hinge, this is convergence failure, discriminator dominates; "
        "if it is relativistic or Wasserstein, this is no failure" in verdict.summary
    )
    assert diagnose(open_run(WON)).name == "inconclusive"  # nothing is known of the loss
    assert diagnose(open_run(WON, "unknown")).name == "inconclusive"


def test_a_loss_that_is_known_is_not_tried() -> None:
    verdict = diagnose(replace(open_run(WON, "relativistic"), family="cross_entropy"))
    assert verdict.name == "convergence_failure/discriminator_dominates"
    assert "cross-entropy at chance" in verdict.evidence[0].words


def test_variants_that_differ_leave_the_failure() -> None:
    """D and G near 0 together: a leak in cross-entropy, a critic that scores everything alike in Wasserstein losses."""
    curves = noisy({"d_loss": (1e-9, 0.1), "g_loss": (0.05, 0.1)})
    verdict = diagnose(Evidence("log", curves=curves, families=("cross_entropy", "wasserstein")))
    assert (verdict.failure, verdict.variant) == ("convergence_failure", None)
    assert "if it is cross-entropy, this is convergence failure, batch norm leak" in verdict.summary
    assert "if it is Wasserstein, this is convergence failure, frozen" in verdict.summary


def test_a_failure_of_the_samples_holds_whatever_the_loss() -> None:
    run = open_run(WON, "cross_entropy", "relativistic", quality=fid(260, 50, 60, 200))
    verdict = diagnose(run)
    assert verdict.name == "degraded"
    assert diagnose(replace(run, quality=fid(50, 44, 42, 40))).name == "healthy"


@pytest.mark.parametrize("order", ["AB", "BA"])
def test_the_worst_of_several_games_is_named(order: str) -> None:
    games = {"A": noisy(BALANCED), "B": noisy(WON)}
    players = {player: games[player] for player in order}
    run = Evidence("log", players=players, family="cross_entropy", quality={}, controls={})
    verdict = diagnose(run)
    assert verdict.name == "convergence_failure/discriminator_dominates"
    assert verdict.summary.startswith("Discriminator B: since step")
    assert verdict.contributing == ()
    assert diagnose(replace(run, players={"A": noisy(BALANCED), "B": noisy(BALANCED)})).name == "inconclusive"


def test_what_else_is_held_against_another_game_contributes() -> None:
    lost = noisy(BALANCED)
    lost["g_loss"].values[70:] = np.nan
    verdict = diagnose(Evidence("log", players={"A": noisy(WON), "B": lost}, family="cross_entropy"))
    assert (verdict.name, verdict.onset_step) == ("diverged", 7000)
    assert [each.name for each in verdict.contributing] == ["convergence_failure/discriminator_dominates"]
    assert verdict.summary.startswith("Discriminator B: training diverged")
    assert "Discriminator A: convergence failure, discriminator dominates." in verdict.summary


def test_games_share_what_belongs_to_none_of_them() -> None:
    run = Evidence(
        "log",
        curves=noisy({"g_loss": (12.0, 0.1)}),
        players={"A": noisy({"d_loss": (1e-4, 0.1)})},
        family="cross_entropy",
    )
    assert diagnose(run).name == "convergence_failure/discriminator_dominates"
    assert diagnose(replace(run, quality=fid(50, 44, 42, 40))).name == "healthy"


def test_the_drawing_shows_every_game_by_its_name() -> None:
    run = Evidence("log", players={"A": noisy(BALANCED), "B": noisy(WON)}, family="cross_entropy")
    verdict = diagnose(run)
    assert verdict.judged_on is run
    figure = verdict.plot()
    assert figure is not None
    titles = [axes.get_title("left").split(";")[0] for axes in figure.axes]
    assert [title for title in titles if title] == ["losses of A", "losses of B"]


def test_curves_of_games_have_their_names_before_those_of_none() -> None:
    curves = noisy(BALANCED)
    run = Evidence("log", {"g_loss": curves["g_loss"]}, players={"A": {"d_loss": curves["d_loss"]}})
    assert [name for name, _ in run.courses(("d_loss", "g_loss"))] == ["A/d_loss", "g_loss"]


@pytest.mark.parametrize("loss", ["cross_entropy", "least_squares", "hinge"])
def test_with_an_unknown_weight_the_level_of_the_generators_loss_accuses_nobody(loss: Family) -> None:
    """Terms of a larger loss: a generator's loss that is small by its weight looks like a leak or like a defeat."""
    lost = replace(open_run({"d_loss": (3.0, 0.1), "g_loss": (0.01, 0.1)}), family=loss, weighted=True)
    assert (diagnose(lost).name, diagnose(lost).contributing) == ("inconclusive", ())
    for levels in (WON, {"d_loss": (1e-4, 0.1), "g_loss": (0.01, 0.1)}):
        run = replace(open_run(levels), family=loss, weighted=True)
        assert (diagnose(run).name, diagnose(run).contributing) == ("convergence_failure/discriminator_dominates", ())
        assert diagnose(replace(run, quality=fid(90, 80, 70, 60))).name != "convergence_failure/discriminator_dominates"
    broken = replace(open_run(WON), family=loss, weighted=True, quality=fid(300, 320, 310, 300))
    assert diagnose(broken).name == "convergence_failure/discriminator_dominates"


def test_a_winning_discriminator_is_no_failure_while_fid_falls() -> None:
    run = replace(open_run(WON), family="cross_entropy")
    assert diagnose(replace(run, quality=fid(400, 350, 300, 280, 260, 240, 220, 200, 180))).name != (
        "convergence_failure/discriminator_dominates"
    )
    assert diagnose(replace(run, quality=fid(400, 300, 305, 302, 301, 303, 300, 302))).name == (
        "convergence_failure/discriminator_dominates"
    )


def test_numbers_that_are_no_fids_prove_nothing() -> None:
    impossible = Evidence("log", quality=fid(1e57, -3e68, -1e50))
    assert diagnose(impossible).name == "inconclusive"
