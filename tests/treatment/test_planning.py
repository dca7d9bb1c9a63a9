from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from ganlab.errors import GanlabError, RunError
from ganlab.runs.directory import RunDirectory, new_run
from ganlab.training import session
from ganlab.treatment.plan import Wishes, budget_seconds, plan_from_json, scaled
from ganlab.treatment.planning import Patient, examine, make_treatment, most_trials, stood_at


@pytest.fixture(scope="module")
def patient(wild: RunDirectory) -> Patient:
    """A run of 40 steps of a second each."""
    return dataclasses.replace(examine(wild), pace=1.0, overhead=0.0)


def test_all_arms_are_paired_and_differ_from_the_run_in_nothing_but_their_change(patient: Patient) -> None:
    plan = make_treatment(patient, Wishes(36_000.0), 2)
    assert (plan.seeds, plan.stages) == ((1, 2, 3, 4, 5, 6), (3, 6))
    assert plan.steps == patient.experiment.training.steps
    assert plan.trials == int(2 * 36_000 / (40 * 1.3))
    unchanged = plan.experiment_of(plan.arms[0], 2)
    run = patient.experiment
    same = {"monitor": run.monitor, "expect": run.expect, "claim": run.claim, "seed": run.seed}
    assert unchanged.model_copy(update=same) == run
    assert unchanged.monitor.stop_on == ("diverged",)
    assert [arm.name for arm in plan.arms[:2]] == ["unchanged", "random"]
    assert set(plan.arms[1].by_seed) == set(plan.seeds)
    assert plan.most == 6 * (len(plan.arms) + 1)  # far less than the budget allows; the one more is `combined`
    assert plan_from_json(plan.as_json(), Path("treatment.json")) == plan


def test_trials_are_shortened_so_that_more_arms_fit_but_not_below_what_the_verdict_needs(patient: Patient) -> None:
    wanted = most_trials(len(make_treatment(patient, Wishes(36_000.0), 1).cures), 3)
    long = dataclasses.replace(
        patient, experiment=patient.experiment.model_copy(
            update={"training": patient.experiment.training.model_copy(update={"steps": 2000})}
        )
    )  # fmt: skip
    plan = make_treatment(long, Wishes(wanted * 1.3 * 100.5), 1)
    assert (plan.steps, plan.own_steps, plan.trials) == (100, 2000, wanted)
    assert scaled({"training.steps": 4000, "loss": "hinge"}, plan) == {"training.steps": 200, "loss": "hinge"}
    assert patient.verdict.judged_on is not None
    stood = stood_at(patient.verdict.judged_on, lambda name: name == "diverged")
    with pytest.raises(GanlabError, match="too small: 9 trials") as refused:
        make_treatment(long, Wishes(9 * stood), 1)
    needed = budget_seconds(refused.value.hint.rpartition(" ")[2])
    assert make_treatment(long, Wishes(needed), 1).trials >= 9


def test_trials_go_on_from_the_last_checkpoint_before_the_onset_where_networks_are_kept(patient: Patient) -> None:
    late = dataclasses.replace(patient, verdict=dataclasses.replace(patient.verdict, onset_step=39))
    for step in (0, 20, 25, 39, 40):
        (patient.run.checkpoints / f"step_{step:07d}").mkdir(exist_ok=True)
    tries = ("latent.dim=8", "training.ema=0.0", "optimizer.lr=0.5")
    plan = make_treatment(late, Wishes(36_000.0, tries=tries, from_onset=True), 1)
    starts = {arm.name: arm.branch for arm in plan.arms}
    assert starts["unchanged"] == starts["random"] == starts["lr_0.5"] == starts["r1"] == 25
    assert starts["latent_dim_8"] == starts["ema_0"] == starts["spectral_norm"] == 0
    assert plan_from_json(plan.as_json(), Path("treatment.json")) == plan
    for change in plan.arms[1].by_seed.values():
        assert not any(key.startswith(("generator", "discriminator", "latent", "weight_init")) for key in change)
    for onset in (None, 1):
        early = dataclasses.replace(patient, verdict=dataclasses.replace(patient.verdict, onset_step=onset))
        with pytest.raises(GanlabError, match=r"no checkpoint before the onset.*0 \(the beginning"):
            make_treatment(early, Wishes(36_000.0, from_onset=True), 1)


def test_what_cannot_be_treated_is_refused_before_anything_starts(
    points: Any, wild: RunDirectory, tmp_path: Path, patient: Patient
) -> None:
    run = session.start(points("training.device=cpu", "training.steps=2", "monitor.snapshot_every=1"), tmp_path)
    with pytest.raises(GanlabError, match="nobody knows what to cure"):
        examine(run)
    with wild.held(), pytest.raises(RunError, match="still written to"):
        examine(wild)
    with pytest.raises(GanlabError, match="too short for the failure") as short:
        make_treatment(patient, Wishes(36_000.0, tries=("latent.dim=8 training.steps=5",)), 1)
    least = int(short.value.hint.split()[-1])
    assert make_treatment(patient, Wishes(36_000.0, tries=(f"latent.dim=8 training.steps={least}",)), 1)
    with pytest.raises(GanlabError, match="2 seeds"):
        make_treatment(patient, Wishes(seeds=2), 1)
    empty = new_run(tmp_path, "empty")
    with pytest.raises(RunError):
        examine(empty)
