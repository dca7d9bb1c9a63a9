from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from ganlab.config.experiment import Experiment
from ganlab.runs.directory import RunDirectory
from ganlab.sweeps.executors import Job, Outcome
from ganlab.sweeps.executors.local import LocalExecutor, cause_of, default_workers


def job(name: str, experiment: Experiment, folder: Path) -> Job:
    return Job(name, folder / name, experiment.model_dump_json())


def wait(executor: LocalExecutor, count: int) -> list[Outcome]:
    outcomes: list[Outcome] = []
    while len(outcomes) < count:
        outcomes += executor.wait(1.0)
    return outcomes


def test_one_worker_trains_one_run_after_another_and_is_replaced_when_it_is_killed(points: Any, tmp_path: Path) -> None:
    executor = LocalExecutor(1, 1, tmp_path / "log")
    short = points("training.device=cpu")
    for seed in range(2):
        executor.submit(job(f"short{seed}", short.model_copy(update={"seed": seed}), tmp_path))
        assert wait(executor, 1) == [Outcome(f"short{seed}")]
    first, second = (RunDirectory(tmp_path / f"short{seed}").status() for seed in range(2))
    assert first.status == second.status == "finished"
    assert first.process == second.process  # torch was imported once
    assert first.threads == 1

    refused = points("training.device=cuda:99")
    executor.submit(job("refused", refused, tmp_path))
    (outcome,) = wait(executor, 1)
    assert outcome.cause == "refused"
    assert "cuda" in outcome.words
    assert not (tmp_path / "refused").exists()

    executor.submit(job("long", points("training.device=cpu", "training.steps=1000000"), tmp_path))
    while not (tmp_path / "long" / "history.csv").is_file():
        assert executor.wait(0.1) == []
    psutil.Process(first.process.pid).send_signal(signal.SIGKILL)
    (outcome,) = wait(executor, 1)
    assert (outcome.id, outcome.cause) == ("long", "out_of_memory")
    assert "SIGKILL" in outcome.words

    executor.submit(job("after", short, tmp_path))
    assert wait(executor, 1) == [Outcome("after")]
    replacement = RunDirectory(tmp_path / "after").status().process.pid
    assert replacement != first.process.pid
    executor.close()
    assert not psutil.pid_exists(replacement)
    assert (tmp_path / "log").is_file()


def test_closing_saves_what_is_under_way(points: Any, tmp_path: Path) -> None:
    executor = LocalExecutor(1, 1, tmp_path / "log")
    executor.submit(job("long", points("training.device=cpu", "training.steps=1000000"), tmp_path))
    run = RunDirectory(tmp_path / "long")
    while not run.history.is_file():
        executor.wait(0.1)

    executor.close()

    status = run.status()
    assert (status.status, status.reason) == ("interrupted", "SIGTERM")
    assert not psutil.pid_exists(status.process.pid)
    assert f"step_{status.step:07d}" in {path.name for path in run.checkpoints.iterdir()}


@pytest.mark.parametrize(
    ("code", "cause", "words"),
    [
        (-signal.SIGKILL, "out_of_memory", "SIGKILL"),
        (-signal.SIGSEGV, "crash", "killed by SIGSEGV"),
        (1, "crash", "exit code 1"),
    ],
)
def test_an_exit_code_names_its_cause(code: int, cause: str, words: str) -> None:
    assert cause_of(code)[0] == cause
    assert words in cause_of(code)[1]


def test_one_worker_a_visible_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,2,5")
    assert default_workers() == 3
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert default_workers() >= 1
