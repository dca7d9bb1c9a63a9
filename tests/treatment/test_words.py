"""What is said when nothing was shown to cure a run: why it ended, and what to do."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from ganlab.runs.directory import RunDirectory
from ganlab.treatment.arms import arms_of
from ganlab.treatment.carry_out import Treatment
from ganlab.treatment.plan import TreatmentPlan, Wishes
from ganlab.treatment.planning import Patient, examine, make_treatment
from ganlab.treatment.results import best_of, results
from ganlab.treatment.rounds import Key, Trial, schedule
from ganlab.treatment.words import conclusion_words

Outcome = Callable[[str, int], str]


@pytest.fixture(scope="module")
def patient(wild: RunDirectory) -> Patient:
    """A run of 40 steps of a second each."""
    return dataclasses.replace(examine(wild), pace=1.0, overhead=0.0)


def played(plan: TreatmentPlan, outcome: Outcome) -> Treatment:
    done: dict[Key, Trial] = {}
    while new := [key for key in schedule(plan, done, 1).trials if key not in done]:
        for key in new:
            verdict = outcome(*key)
            quality = {"diverged": 1.0, "never_learned": 0.4, "healthy": 0.1}[verdict]
            done[key] = Trial(*key, "run", "finished", verdict, verdict == "healthy", 40, quality, 0.5, 1.0)
    found = results(plan, plan.arms, done, 1)
    return Treatment(Path("treat-wild"), plan, tuple(found), best_of(found), None)


def test_without_a_clue_a_change_of_ones_own_is_advised(patient: Patient) -> None:
    said = conclusion_words(played(make_treatment(patient, Wishes(36_000.0), 1), lambda arm, seed: "diverged"))
    assert "no change could be proved any more on 6 seeds" in said
    assert "trials of the budget are left" in said
    assert said.endswith("--try KEY=VALUE tries a change of your own, --complete every known cure.")


def test_the_budget_is_named_if_more_would_have_followed(patient: Patient) -> None:
    plan = dataclasses.replace(make_treatment(patient, Wishes(36_000.0), 1), trials=12)
    said = conclusion_words(played(plan, lambda arm, seed: "healthy" if arm == "r1" and seed == 2 else "diverged"))
    assert "the budget of 12 trials allows no more. A larger --budget goes on." in said


def test_more_seeds_are_advised_for_arms_that_cured_some(patient: Patient) -> None:
    plan = make_treatment(patient, Wishes(36_000.0, only=("r1",)), 1)
    cured = {("r1", 1), ("unchanged", 2)}
    said = conclusion_words(played(plan, lambda arm, seed: "healthy" if (arm, seed) in cured else "diverged"))
    assert "unchanged it heals by itself in 1 of" in said
    assert "r1 cured some trials: --seeds 6 tells more." in said


def test_more_steps_are_advised_for_arms_that_ended_the_failure_and_the_command_works(patient: Patient) -> None:
    plan = make_treatment(patient, Wishes(36_000.0, tries=("latent.dim=8 loss=hinge",), only=("r1",)), 1)
    slow = "latent_dim_8_loss_hinge"
    said = conclusion_words(played(plan, lambda arm, seed: "never_learned" if arm == slow else "diverged"))
    assert f"{slow} ended the failure in all of its trials" in said
    option, change = shlex.split(said.partition("more steps: ")[2].rstrip("."))
    assert option == "--try"
    arm = arms_of(patient.verdict, patient.experiment, [change])[0]
    assert arm.change == {"latent.dim": 8, "loss": "hinge", "training.steps": 80}
