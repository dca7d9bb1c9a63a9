"""Which trials come next, played through with outcomes that a test chose."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from ganlab.runs.names import RANDOM, UNCHANGED
from ganlab.treatment.arms import COMBINED, Arm
from ganlab.treatment.plan import TreatmentPlan, Wishes
from ganlab.treatment.results import best_of, results
from ganlab.treatment.rounds import Key, Schedule, Trial, schedule

CHANGES = [
    {"latent.dim": 8},
    {"loss": "hinge"},
    {"penalties": [{"name": "r1"}]},
    {"generator.width": 32},
    {"discriminator.width": 32},
    {"training.batch_size": 32},
]
Outcome = Callable[[str, int], bool]


def planned(
    points: Any, cures: int = 6, trials: int = 100, seeds: int = 3, complete: bool = False, stages: int = 1
) -> TreatmentPlan:
    arms = [Arm(f"cure{place}", "remedy", change) for place, change in enumerate(CHANGES[:cures])]
    controls = [Arm(UNCHANGED, "unchanged"), Arm(RANDOM, "random")]
    numbers = tuple(range(1, stages * seeds + 1))
    return TreatmentPlan(
        Wishes(seeds=seeds, complete=complete),
        "diverged",
        points(),
        (*controls, *arms),
        numbers,
        trials,
        1.0,
        2,
        points().training.steps,
    )


def trial(key: Key, cured: bool) -> Trial:
    name = "healthy" if cured else "diverged"
    return Trial(*key, "run", "finished", name, cured, 20, 0.1 if cured else 0.5, 0.9 if cured else 0.2, 1.0)


def played(plan: TreatmentPlan, outcome: Outcome, spare: int = 1) -> tuple[list[list[Key]], Schedule, dict[Key, Trial]]:
    """Return the rounds of new trials, the last schedule, and what the trials came to."""
    done: dict[Key, Trial] = {}
    rounds = []
    while True:
        due = schedule(plan, done, spare)
        new = [key for key in due.trials if key not in done]
        if not new:
            return rounds, due, done
        rounds.append(new)
        done |= {key: trial(key, outcome(*key)) for key in new}


def test_a_complete_treatment_tries_every_arm_on_every_seed(points: Any) -> None:
    plan = planned(points, cures=2, complete=True)
    rounds, last, _ = played(plan, lambda arm, seed: False)
    assert rounds == [[(name, seed) for seed in (1, 2, 3) for name in (UNCHANGED, RANDOM, "cure0", "cure1")]]
    assert last.combined is None


def test_every_seed_has_both_controls_and_the_better_half(points: Any) -> None:
    plan = planned(points)
    rounds, last, done = played(plan, lambda arm, seed: arm in ("cure3", "cure5"))
    first, second, third, united = rounds
    assert first == [(UNCHANGED, 1), (RANDOM, 1), *((f"cure{place}", 1) for place in range(6))]
    assert second == [(UNCHANGED, 2), (RANDOM, 2), ("cure3", 2), ("cure5", 2)]
    assert [name for name, _ in third] == [UNCHANGED, RANDOM, "cure3", "cure5"]
    assert united == [(COMBINED, seed) for seed in (1, 2, 3)]
    assert last.combined is not None
    assert last.combined.change == CHANGES[3] | CHANGES[5]
    best = best_of(results(plan, [*plan.arms, last.combined], done, 1))
    assert best is not None
    assert best.arm.name == "cure3"


def test_killed_anywhere_it_goes_on_to_the_same_trials(points: Any) -> None:
    def outcome(arm: str, seed: int) -> bool:
        return arm in ("cure1", "cure4") and seed < 3

    plan = planned(points, seeds=5)
    whole, _, done = played(plan, outcome)
    trials = [key for each in whole for key in each]
    for count in range(len(trials)):
        kept = {key: done[key] for key in trials[:count]}
        due = schedule(plan, kept, 1)
        assert trials[: len(due.trials)] == due.trials
        assert set(due.trials) - set(kept)  # something is left to do


def test_an_arm_that_failed_once_is_proved_in_a_second_stage(points: Any) -> None:
    def outcome(arm: str, seed: int) -> bool:
        return arm == "cure4" and seed > 1

    plan = planned(points, stages=2)
    rounds, last, done = played(plan, outcome)
    assert [len(each) for each in rounds[:3]] == [8, 8, 8]  # after the first seed nothing can be 3 of 3
    assert [seed for name, seed in last.trials if name == "cure4"] == [1, 2, 3, 4, 5, 6]
    found = {each.arm.name: each for each in results(plan, plan.arms, done, 1)}
    assert (found["cure4"].cured, found["cure4"].n, found["cure4"].conclusion) == (5, 6, "cured")
    # With a smaller budget, half of the arms go on, then those that have failed less often.
    _, last, _ = played(planned(points, trials=8 + 20, stages=2), outcome)
    assert [seed for name, seed in last.trials if name == "cure4"] == [1, 3, 4, 5, 6]
    # Killed anywhere, it goes on to the same trials.
    trials = [key for each in rounds for key in each]
    for count in range(len(trials)):
        due = schedule(plan, {key: done[key] for key in trials[:count]}, 1)
        assert trials[: len(due.trials)] == due.trials


def test_the_second_stage_begins_only_if_nothing_is_proved_and_the_budget_allows_it(points: Any) -> None:
    _, last, _ = played(planned(points, stages=2), lambda arm, seed: arm == "cure1")
    assert max(seed for _, seed in last.trials) == 3
    for trials, begins in ((8 + 14, False), (8 + 15, True)):  # five more seeds of both controls and one cure
        _, last, _ = played(planned(points, trials=trials, stages=2), lambda arm, seed: False)
        assert (max(seed for _, seed in last.trials) > 1) == begins
        assert len(last.trials) <= trials


def test_more_seeds_must_show_more(points: Any) -> None:
    """p of 4 of 6 against 0 of 6 is 0.03: enough for one look, too much for the second one."""
    plan = planned(points, cures=1, stages=2)
    done = {(arm, seed): trial((arm, seed), False) for arm in (UNCHANGED, RANDOM, "cure0") for seed in range(1, 7)}
    done |= {("cure0", seed): trial(("cure0", seed), True) for seed in range(1, 5)}
    assert results(plan, plan.arms, done, 0)[2].conclusion == "not shown"
    done["cure0", 5] = trial(("cure0", 5), True)
    assert results(plan, plan.arms, done, 0)[2].conclusion == "cured"


def test_trials_of_earlier_treatments_count_and_get_no_others(points: Any) -> None:
    plan = planned(points, cures=2)
    _, last, done = played(planned(points, cures=1), lambda arm, seed: arm == "cure0" and seed < 3)
    later = dataclasses.replace(plan, arms=(*plan.arms[:2], plan.arms[3]), earlier=(plan.arms[2],), kept=tuple(done))
    due = schedule(later, done, 1)
    assert due.trials[: len(last.trials)] == last.trials
    assert due.trials[len(last.trials) :] == [("cure1", 1)]
    found = results(later, [*later.arms, *later.earlier], done, 1)
    assert [(each.arm.name, each.n) for each in found if each.n] == [(UNCHANGED, 3), (RANDOM, 3), ("cure0", 3)]


def test_nothing_is_tried_further_that_cannot_be_shown_any_more(points: Any) -> None:
    rounds, _, _ = played(planned(points), lambda arm, seed: False)
    assert len(rounds) == 1
    # The unchanged run heals once: three of three against one of four is no proof.
    rounds, last, _ = played(planned(points), lambda arm, seed: seed > 1 or arm == "cure1")
    assert [len(each) for each in rounds] == [8, 3]
    assert last.combined is None


@pytest.mark.parametrize("trials", [9, 12, 17, 20])
def test_the_budget_holds_and_lets_one_cure_have_all_its_seeds(points: Any, trials: int) -> None:
    rounds, last, _ = played(planned(points, trials=trials), lambda arm, seed: arm not in (UNCHANGED, RANDOM))
    assert len(last.trials) <= trials
    assert ("cure0", 3) in last.trials
    assert {(UNCHANGED, 3), (RANDOM, 3)} <= set(last.trials)
    assert len(rounds[0]) == min(8, trials - 6)


def conclusions(points: Any, outcome: Outcome) -> dict[str, str]:
    plan = planned(points, cures=2)
    _, last, done = played(plan, outcome)
    arms = [*plan.arms, *([last.combined] if last.combined else [])]
    return {each.arm.name: each.conclusion for each in results(plan, arms, done, 1)}


def test_a_cure_must_beat_both_controls(points: Any) -> None:
    assert conclusions(points, lambda arm, seed: arm == "cure1") == {
        UNCHANGED: "control",
        RANDOM: "control",
        "cure0": "did not help",
        "cure1": "cured",
    }
    # Random changes do as well, or the run heals by itself.
    assert conclusions(points, lambda arm, seed: arm in ("cure1", RANDOM))["cure1"] == "no better than chance"
    assert (
        conclusions(points, lambda arm, seed: arm == "cure1" or (arm, seed) == (UNCHANGED, 2))["cure1"] == "not shown"
    )
    assert conclusions(points, lambda arm, seed: arm == "cure1" and seed < 3)["cure1"] == "not shown"


def test_of_equal_shares_the_arm_with_more_healthy_trials_is_best(points: Any) -> None:
    plan = planned(points, cures=2)
    _, _, done = played(plan, lambda arm, seed: arm in ("cure0", "cure1"))
    for seed in (1, 2, 3):
        done["cure0", seed] = done["cure0", seed]._replace(verdict="under_trained", quality=0.01)
    best = best_of(results(plan, plan.arms, done, 1))
    assert best is not None
    assert best.arm.name == "cure1"


def test_differences_are_paired_by_seed(points: Any) -> None:
    plan = planned(points, cures=1)
    _, _, done = played(plan, lambda arm, seed: arm == "cure0")
    unchanged, _, cure = results(plan, plan.arms, done, 1)
    assert unchanged.quality == 0.0
    assert cure.quality == pytest.approx(0.1 - 0.5)
    assert cure.variety == pytest.approx(0.9 - 0.2)
    assert (cure.cured, cure.n) == (3, 3)
    assert cure.p == pytest.approx(1 / 35)
    assert cure.p_random == pytest.approx(1 / 20)
    assert cure.low == pytest.approx(0.4385, abs=1e-4)


def test_worse_on_every_seed_is_said(points: Any) -> None:
    plan = planned(points, cures=1)
    done = {(arm, seed): trial((arm, seed), False) for arm in (UNCHANGED, RANDOM, "cure0") for seed in (1, 2)}
    assert results(plan, plan.arms, done, 1)[2].conclusion == "did not help"
    done["cure0", 1] = done["cure0", 1]._replace(quality=0.9)
    assert results(plan, plan.arms, done, 1)[2].conclusion == "did not help"
    done["cure0", 2] = done["cure0", 2]._replace(quality=0.9)
    assert results(plan, plan.arms, done, 1)[2].conclusion == "made it worse"
