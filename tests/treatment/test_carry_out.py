"""Real trials at toy size: a run that diverges at once is cured, however often the treatment is stopped."""

from __future__ import annotations

import os
import shlex
import signal
from pathlib import Path

import pytest

from ganlab.config.load import load_experiment
from ganlab.config.yaml_text import write_flow
from ganlab.errors import Interrupted
from ganlab.report.treatments import treatment_of
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import read_json
from ganlab.sweeps.executors import Job, Outcome
from ganlab.sweeps.folder import SweepFolder
from ganlab.sweeps.view import SweepView
from ganlab.training.worker import train_job
from ganlab.treatment.arms import arms_of
from ganlab.treatment.carry_out import Treatment, carry_out, planned
from ganlab.treatment.cured import cured_experiment
from ganlab.treatment.plan import Wishes
from ganlab.treatment.planning import examine


class Here:
    """Trains trials in this process, and asks it to stop before a trial of some number."""

    slots = 1

    def __init__(self, stop_before: int | None = None) -> None:
        self.left = stop_before
        self.outcomes: list[Outcome] = []

    def submit(self, job: Job) -> None:
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGTERM)
            self.outcomes.append(Outcome(job.id, "interrupted", "SIGTERM"))
            return
        self.left = None if self.left is None else self.left - 1
        self.outcomes.append(Outcome(job.id, **train_job(job.folder, job.experiment, 1)))

    def wait(self, timeout: float) -> list[Outcome]:
        outcomes, self.outcomes = self.outcomes, []
        return outcomes

    def close(self) -> None:
        pass


def treated(
    wild: RunDirectory, path: Path, stop_before: int | None = None, tries: tuple[str, ...] = (), only: str = ""
) -> Treatment:
    patient, executor = examine(wild), Here(stop_before)
    plan = planned(patient, Wishes(seconds=36_000.0, only=(only or steady(wild),), tries=tries), 1, path)
    return carry_out(patient, plan, SweepFolder(path), lambda: executor, SweepView())


def steady(wild: RunDirectory) -> str:
    """Name of the remedy that takes Adam in place of gradient descent."""
    patient = examine(wild)
    arms = arms_of(patient.verdict, patient.experiment)
    return next(arm.name for arm in arms if arm.change.get("optimizer.generator.name") == "adam")


def test_killed_and_called_again_it_finds_the_cure_and_trains_nothing_twice(wild: RunDirectory, tmp_path: Path) -> None:
    path = tmp_path / "treat-wild"
    for number, done in ((0, 0), (4, 4)):  # the second time within the second round
        with pytest.raises(Interrupted, match=f"{done} of at most") as interrupted:
            treated(wild, path, stop_before=number)
        assert interrupted.value.exit_code == 75
        assert read_json(path / "treatment.json")["best"] is None
        assert not (path / "cured.yaml").exists()

    found = treated(wild, path)
    assert found.best is not None
    assert (found.best.cured, found.best.n) == (3, 3)
    assert [trial.verdict for trial in found.arms[0].trials] == ["diverged"] * 3
    assert found.cured is not None
    assert load_experiment(found.cured) == cured_experiment(examine(wild), found.best.arm.change)
    head = found.cured.read_text().splitlines()
    assert any(line.startswith("# changed: optimizer:") for line in head)
    assert any("measured: cured 3 of 3" in line for line in head)
    assert len(SweepFolder(path).plan().runs) == 9
    assert (path / "runs.csv").is_file()

    beside = treatment_of(RunDirectory(tmp_path / wild.path.name), [])
    assert beside is not None  # the run's page knows it, if both lie in the same folder
    assert beside.advice.endswith("(cured 3 of 3 trials of this run)")
    assert beside.cured[found.best.arm.name] == (3, 3)
    assert shlex.split(beside.command) == ["ganlab", "train", str(found.cured)]

    written = (path / "treatment.json").read_bytes()
    SweepFolder(path).spec.unlink()
    assert treated(wild, path, stop_before=0).best == found.best
    assert (path / "treatment.json").read_bytes() == written
    assert len(SweepFolder(path).plan().runs) == 9

    # With other wishes, what was tried before stays in the table, judged by the same controls.
    other = treated(wild, path, tries=("latent.dim=8",), only="r1")
    by_name = {each.arm.name: each for each in other.arms}
    kept = by_name[found.best.arm.name]
    assert (kept.cured, kept.n, kept.conclusion) == (3, 3, "cured")
    assert other.best is not None
    assert {"latent_dim_8", "r1"} < set(by_name)
    assert [trial.run for trial in by_name["random"].trials[:3]] == [trial.run for trial in found.arms[1].trials]
    runs = {run.id for run in SweepFolder(path).plan().runs}
    assert runs == {trial.run for each in other.arms for trial in each.trials}
    assert runs == {each.name for each in SweepFolder(path).runs.iterdir()}
    assert len(read_json(path / "treatment.json")["arms"]) == len(other.arms)

    # Asked for again under another name, it is the same arm.
    change = " ".join(f"{key}={write_flow(value)}" for key, value in found.best.arm.change.items())
    again = treated(wild, path, stop_before=0, tries=(change,), only=found.best.arm.name)
    assert [each.arm.name for each in again.arms].count(found.best.arm.name) == 1
    assert len(again.arms) == len(other.arms)
