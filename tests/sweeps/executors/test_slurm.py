"""With submitit's local executor: the same files and processes, without Slurm."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from ganlab.config.experiment import Experiment
from ganlab.errors import ConfigError, DeviceError
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import read_history
from ganlab.sweeps.executors import Job, Outcome
from ganlab.sweeps.executors.slurm import SlurmExecutor, cause_of
from ganlab.training.worker import train_job

PATIENCE = 240.0
LONG = ("training.steps=300", "monitor.snapshot_every=300", "monitor.checkpoint_every=20")
Toy = Callable[..., Experiment]


def job_in(folder: Path, experiment: Experiment) -> Job:
    name = f"{experiment.name}-s{experiment.seed}"
    return Job(name, folder / "runs" / name, experiment.model_dump_json())


def wait_for(executor: SlurmExecutor, number: int) -> dict[str, Outcome]:
    outcomes: list[Outcome] = []
    deadline = time.monotonic() + PATIENCE
    while len(outcomes) < number:
        assert time.monotonic() < deadline, outcomes
        outcomes += executor.wait(1.0)
    return {outcome.id: outcome for outcome in outcomes}


def until(condition: Callable[[], Any], executor: SlurmExecutor) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        assert executor.wait(0.02) == []


def has_checkpoint(folder: Path) -> bool:
    return any(folder.glob("checkpoints/step_*/manifest.json"))


def test_one_is_killed_the_others_are_those_of_this_process_and_it_goes_on(points: Toy, tmp_path: Path) -> None:
    executor = SlurmExecutor(tmp_path / "slurm", {"timeout_min": 10, "cpus_per_task": 1}, cluster="local")
    assert (executor.slots, executor.threads) == (100, 1)
    victim = job_in(tmp_path, points("name=victim", *LONG))
    other = job_in(tmp_path, points())
    try:
        executor.submit(victim)
        until(lambda: has_checkpoint(victim.folder), executor)
        executor.submit(other)
        os.kill(RunDirectory(victim.folder).status().process.pid, signal.SIGKILL)
        outcomes = wait_for(executor, 2)
        assert outcomes[other.id] == Outcome(other.id)
        assert outcomes[victim.id].cause == "out_of_memory"
        assert "SIGKILL" in outcomes[victim.id].words

        executor.submit(victim)
        assert wait_for(executor, 1) == {victim.id: Outcome(victim.id)}
    finally:
        executor.close()
    status = RunDirectory(victim.folder).status()
    assert (status.status, status.step, len(status.resumed)) == ("finished", 300, 1)
    for job in (victim, other):
        here = RunDirectory(tmp_path / "here" / job.id)
        assert train_job(here.path, job.experiment, threads=1)["cause"] == ""
        there, expected = read_history(RunDirectory(job.folder).history), read_history(here.history)
        assert list(there) == list(expected)
        for column in set(expected) - {"time"}:
            np.testing.assert_array_equal(there[column], expected[column], err_msg=column)


def test_closing_ends_the_processes_and_the_run_is_saved(points: Toy, tmp_path: Path) -> None:
    executor = SlurmExecutor(tmp_path / "slurm", {}, cluster="local")
    endless = job_in(tmp_path, points("name=endless", *LONG, "training.steps=1000000"))
    try:
        executor.submit(endless)
        until(lambda: has_checkpoint(endless.folder), executor)
        pid = RunDirectory(endless.folder).status().process.pid
        controller = psutil.Process(pid).ppid()
        executor.submit(job_in(tmp_path, points()))  # not submitted before the next wait, which does not come
    finally:
        executor.close()
    assert not psutil.pid_exists(pid)
    assert not psutil.pid_exists(controller)
    status = RunDirectory(endless.folder).status()
    assert (status.status, status.reason) == ("interrupted", "SIGTERM")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [endless.id]


def test_submitit_is_quiet_only_while_an_executor_is_open(tmp_path: Path) -> None:
    logger = logging.getLogger("submitit")
    found = list(logger.handlers)
    assert found, "it has handlers of its own, one of them for standard output"
    executor = SlurmExecutor(tmp_path / "slurm", {}, cluster="local")
    assert logger.handlers == []
    executor.close()
    assert logger.handlers == found
    with pytest.raises(ConfigError):
        SlurmExecutor(tmp_path / "slurm", {"no_such_option": 1}, cluster="local")
    assert logger.handlers == found


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, **programs: str) -> None:
    """Put shell scripts where programs are looked for first."""
    folder.mkdir()
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_what_is_submitted_between_two_waits_is_one_array(
    points: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for sbatch keeps the script that it is given."""
    install(
        tmp_path / "bin",
        monkeypatch,
        sbatch='cp "$1" "$0.given"; echo Submitted batch job 77',
        srun="",
        sacct='echo "JobID|State|NodeList"; echo "77_0|OUT_OF_MEMORY|n1"; echo "77_1|RUNNING|n1"',
        scancel='echo "$1" >> "$0.given"',
    )
    monkeypatch.setattr("ganlab.sweeps.executors.slurm.GRACE", 0.5)
    monkeypatch.setattr("submitit.core.core.Job._results_timeout_s", 0)
    options = {"slurm_partition": "gpu", "slurm_array_parallelism": 7, "cpus_per_task": 3, "timeout_min": 45}
    executor = SlurmExecutor(tmp_path / "slurm", options)
    assert (executor.slots, executor.threads) == (7, 3)
    jobs = [job_in(tmp_path, points(f"seed={seed}")) for seed in range(3)]
    for job in jobs:
        executor.submit(job)
    [outcome] = executor.wait(0.0)
    assert (outcome.id, outcome.cause) == (jobs[0].id, "out_of_memory")
    script = (tmp_path / "bin" / "sbatch.given").read_text()
    for line in ("--array=0-2%3", "--partition=gpu", "--cpus-per-task=3", "--time=45", "--job-name=ganlab"):
        assert f"#SBATCH {line}\n" in script
    executor.close()
    assert set((tmp_path / "bin" / "scancel.given").read_text().split()) == {"77_1", "77_2"}


def test_what_slurm_does_not_take_is_told(points: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(
        tmp_path / "bin", monkeypatch, sbatch="echo sbatch: error: invalid partition specified >&2; exit 1", srun=""
    )
    executor = SlurmExecutor(tmp_path / "slurm", {"slurm_partition": "nowhere"})
    executor.submit(job_in(tmp_path, points()))
    with pytest.raises(ConfigError, match="invalid partition specified"):
        executor.wait(0.0)
    executor.close()


def test_without_slurm_it_is_refused_and_never_run_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceError, match="sbatch and srun not found"):
        SlurmExecutor(tmp_path / "slurm", {})
    assert not (tmp_path / "slurm").exists()


@pytest.mark.parametrize("options", [{"slurm_parttion": "gpu"}, {"slurm_hours": 2}, {"timeout_min": "an hour"}])
def test_an_option_that_submitit_does_not_know_is_refused(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        SlurmExecutor(tmp_path / "slurm", options, cluster="local")


@pytest.mark.parametrize(
    ("state", "log", "cause", "words"),
    [
        ("OUT_OF_MEMORY", "", "out_of_memory", "OUT_OF_MEMORY"),
        ("FAILED", "slurmstepd: error: Detected 1 oom_kill event in StepId=7.0.", "out_of_memory", "oom_kill"),
        ("FAILED", "Fatal Python error: Segmentation fault\n  in f", "crash", "FAILED: in f"),
        ("FINISHED", "Fatal Python error: Aborted\n", "crash", "Aborted"),
        ("NODE_FAIL", "", "crash", "NODE_FAIL"),
        ("CANCELLED by 1000", "", "interrupted", "CANCELLED by 1000"),
    ],
)
def test_causes_of_jobs_without_a_result(state: str, log: str, cause: str, words: str) -> None:
    found, said = cause_of(state, log)
    assert found == cause
    assert words in said.replace(":   ", ": ")
