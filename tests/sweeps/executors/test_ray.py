"""Against a real cluster of two nodes on this machine, each with one CPU."""

from __future__ import annotations

import http.server
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from ganlab.config.experiment import Experiment
from ganlab.errors import ConfigError, DeviceError
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import read_history
from ganlab.sweeps.executors import Executor, Job, Outcome
from ganlab.sweeps.executors import ray as module
from ganlab.sweeps.executors.ray import RayExecutor
from ganlab.training.worker import train_job

import ray  # isort: skip  (after our module, which imports it so that it prints nothing)
from ray.cluster_utils import Cluster  # isort: skip

pytestmark = pytest.mark.xdist_group("ray")  # one cluster, not one a test process

PATIENCE = 240.0
LONG = ("training.steps=300", "monitor.snapshot_every=300", "monitor.checkpoint_every=20")
Toy = Callable[..., Experiment]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    # Ray's sockets lie below its temporary folder, and the path of a socket has at most 107 characters.
    folder = tempfile.mkdtemp(prefix="r", dir="/tmp")
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("RAY_TMPDIR", folder), ("TMPDIR", folder), ("RAY_USAGE_STATS_ENABLED", "0")):
            patch.setenv(name, value)
        os.makedirs(f"{folder}/ray")
        cluster = Cluster()
        try:
            for _ in range(2):
                cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20, include_dashboard=False)
            yield cluster
        finally:
            cluster.shutdown()
            signal.signal(signal.SIGTERM, handler)
            shutil.rmtree(folder, ignore_errors=True)


def job_in(folder: Path, experiment: Experiment) -> Job:
    name = f"{experiment.name}-s{experiment.seed}"
    return Job(name, folder / name, experiment.model_dump_json())


def wait_for(executor: Executor, number: int) -> dict[str, Outcome]:
    outcomes: list[Outcome] = []
    deadline = time.monotonic() + PATIENCE
    while len(outcomes) < number:
        assert time.monotonic() < deadline, outcomes
        outcomes += executor.wait(1.0)
    return {outcome.id: outcome for outcome in outcomes}


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def has_checkpoint(folder: Path) -> bool:
    return any(folder.glob("checkpoints/step_*/manifest.json"))


def same_history(one: Path, other: Path) -> None:
    first, second = (read_history(RunDirectory(folder).history) for folder in (one, other))
    assert list(first) == list(second)
    for column in set(first) - {"time"}:
        np.testing.assert_array_equal(first[column], second[column], err_msg=column)


def files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_runs_on_two_nodes_are_those_of_this_process_and_a_killed_one_goes_on(
    cluster: Cluster, points: Toy, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    executor = RayExecutor(cluster.address)
    assert signal.getsignal(signal.SIGTERM) is handler
    assert executor.slots == 3  # two nodes of one CPU, and one run that waits
    short = [job_in(tmp_path, points(f"seed={seed}")) for seed in range(3)]
    victim = job_in(tmp_path, points("name=victim", *LONG))
    try:
        for job in (victim, *short):
            executor.submit(job)
        until(lambda: has_checkpoint(victim.folder) and RunDirectory(short[0].folder).status_file.is_file())
        # Two at once on nodes of one CPU: one on each. The parent of a worker is its node's raylet.
        pids = [RunDirectory(job.folder).status().process.pid for job in (victim, short[0])]
        raylets = {node.all_processes["raylet"][0].process.pid for node in cluster.list_all_nodes()}
        assert {psutil.Process(pid).ppid() for pid in pids} == raylets

        os.kill(pids[0], signal.SIGKILL)
        outcomes = wait_for(executor, 4)
        assert outcomes[victim.id].cause in ("crash", "out_of_memory")
        assert "died" in outcomes[victim.id].words
        assert [outcomes[job.id] for job in short] == [Outcome(job.id) for job in short]

        executor.submit(victim)
        assert wait_for(executor, 1) == {victim.id: Outcome(victim.id)}
    finally:
        executor.close()
    assert not ray.is_initialized()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    status = RunDirectory(victim.folder).status()
    assert (status.status, status.step) == ("finished", 300)
    assert len(status.resumed) == 1
    for job in (short[0], victim):
        here = tmp_path / "here" / job.id
        assert train_job(here, job.experiment, threads=1)["cause"] == ""
        same_history(job.folder, here)
    # Standard output is for results; Ray would report the killed worker there.
    assert capfd.readouterr().out == ""


def test_a_run_comes_back_from_a_node_that_does_not_see_the_folder(
    cluster: Cluster, points: Toy, tmp_path: Path
) -> None:
    job = job_in(tmp_path, points())
    endless = job_in(tmp_path, points("name=endless", *LONG, "training.steps=1000000"))
    executor = RayExecutor(cluster.address)
    try:
        executor.submit(endless)
        until(lambda: has_checkpoint(endless.folder))
    finally:
        executor.close()
    status = RunDirectory(endless.folder).status()
    assert (status.status, status.reason) == ("interrupted", "SIGINT")
    assert not RunDirectory(endless.folder).is_held()

    executor = RayExecutor(cluster.address)
    executor.token = tmp_path / "not" / "there"  # by which a node knows that it sees the folder
    try:
        executor.submit(job)
        executor.submit(endless)
        assert wait_for(executor, 1) == {job.id: Outcome(job.id)}
        step = status.step // 20 * 20 + 20
        until(lambda: list(Path(os.environ["TMPDIR"]).glob(f"ganlab-*/{endless.id}/checkpoints/*{step}/manifest.json")))
    finally:
        executor.close()
    here = tmp_path / "here" / job.id
    assert train_job(here, job.experiment, threads=1)["cause"] == ""
    same_history(job.folder, here)
    assert files_of(job.folder) == files_of(here)
    # What was trained before went there, and all of it came back when the sweep ended.
    after = RunDirectory(endless.folder).status()
    assert after.status == "interrupted"
    assert after.step > status.step
    assert len(after.resumed) == 1
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert list(Path(os.environ["TMPDIR"]).glob("ganlab-*")) == []


def test_more_than_a_node_has_is_refused(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    with pytest.raises(DeviceError, match=r"no node .* has 2 CPUs and 0 GPUs"):
        RayExecutor("auto", cpus=2)
    with pytest.raises(DeviceError, match=r"no node .* has 1 CPUs and 1 GPUs"):
        RayExecutor("auto", gpus=1)
    assert not ray.is_initialized()
    with pytest.raises(ConfigError, match=r"1\.5 GPUs"):
        RayExecutor("auto", gpus=1.5)


@pytest.fixture
def ports() -> Iterator[dict[str, int]]:
    """Ports at which nothing listens, something says nothing, and something speaks HTTP/1."""
    with (
        socket.create_server(("127.0.0.1", 0)) as closed,
        socket.create_server(("127.0.0.1", 0)) as silent,
        http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as web,
    ):
        numbers = {"closed": closed.getsockname()[1], "silent": silent.getsockname()[1], "web": web.server_port}
        closed.close()
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield numbers
        web.shutdown()


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1:{closed}", "Connection refused"),
        ("ray://127.0.0.1:{closed}", "Connection refused"),
        ("127.0.0.1:{silent}", "timed out"),
        ("127.0.0.1:{web}", "not Ray"),
        ("nowhere.invalid:6379", "nowhere.invalid"),
        ("local", "host:port"),
        ("127.0.0.1", "host:port"),
        ("127.0.0.1:many", "no Ray cluster"),
        ("auto", "Connection refused"),
    ],
)
def test_an_address_without_a_cluster_is_refused_at_once(
    address: str, why: str, ports: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.setattr(module, "ANSWER", 0.5)
    # A cluster that was here, and was killed.
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text(f"127.0.0.1:{ports['closed']}")
    begin = time.monotonic()
    with pytest.raises(DeviceError, match=why) as caught:
        RayExecutor(address.format(**ports))
    assert time.monotonic() - begin < 5
    assert address.format(**ports) in caught.value.message
    assert not ray.is_initialized()


def test_causes_of_what_ray_raises() -> None:
    assert module.cause_of(ray.exceptions.OutOfMemoryError("x"))[0] == "out_of_memory"
    assert module.cause_of(ray.exceptions.TaskCancelledError())[0] == "interrupted"
    assert module.cause_of(ray.exceptions.NodeDiedError("its node died\nand more")) == (
        "crash",
        "NodeDiedError: its node died",
    )


def test_nothing_is_unpacked_outside_of_the_folder(tmp_path: Path) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../outside"))
    with pytest.raises(tarfile.FilterError):
        module.unpack(tmp_path / "run", content.getvalue())
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("extra", ["ray", "slurm"])
def test_an_import_changes_nothing_needs_no_torch_and_names_the_extra_that_is_missing(extra: str) -> None:
    package = {"ray": "ray", "slurm": "submitit"}[extra]
    code = f"""
import logging, os, sys
import submitit
found = dict(os.environ), list(logging.getLogger("submitit").handlers)
import ganlab.sweeps.executors.{extra} as module
assert "torch" not in sys.modules
assert (dict(os.environ), logging.getLogger("submitit").handlers) == found
del sys.modules[module.__name__]
sys.modules["{package}"] = None
from ganlab.errors import GanlabError
try:
    import ganlab.sweeps.executors.{extra}
except GanlabError as error:
    print(error)
"""
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert f'pip install "ganlab-diagnose[{extra}]"' in output
