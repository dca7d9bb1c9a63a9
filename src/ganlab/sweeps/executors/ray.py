"""Tasks of a Ray cluster that is already running.

Importing this module needs the `ray` extra.
"""

from __future__ import annotations

import io
import logging
import os
import secrets
import signal
import socket
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ganlab.errors import ConfigError, DeviceError
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import TEMPORARY, remove, temporary_beside
from ganlab.sweeps.executors import GRACE, Job, Outcome

# Ray prints what happens to its workers on standard output, which is ours, unless this variable is set during import.
SILENCE = "RAY_DEDUP_LOGS_SKIP_REGEX"
silent_before = SILENCE in os.environ
os.environ.setdefault(SILENCE, ".")
try:
    import ray
except ImportError as error:
    raise DeviceError("the ray package is not installed", 'pip install "ganlab-diagnose[ray]"') from error
finally:
    if not silent_before:
        del os.environ[SILENCE]

ANSWER = 5.0
"""Seconds that a cluster's head has to answer."""

LOOK = 10.0
"""Seconds between two looks at what the cluster has."""

HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""How a client opens HTTP/2 (RFC 9113, section 3.4): the preface and empty settings; the server's settings answer."""


class RayExecutor:
    """Tasks on a running Ray cluster, whose nodes have ganlab installed. Starts no cluster and ends none.

    A task trains in the run's own directory where its node sees the sweep's folder (it looks for a file that was made
    there for it to find). Elsewhere it trains in a temporary folder, and the run directory comes back whole when the
    task ends or is asked to stop: nothing is seen of the run before, and a killed task's steps are lost. Either way a
    run that has a checkpoint here goes on from it.

    Args:
        address: `host:port` of the cluster's head, `ray://host:port`, or `auto`: RAY_ADDRESS, else the cluster that was
            last started on this machine.
        cpus: CPUs that Ray reserves for a run, more than 0; a run uses at most as many threads.
        gpus: GPUs that Ray reserves for a run: 0, a fraction, or a whole number.

    Raises:
        ConfigError: Ray cannot reserve such an amount.
        DeviceError: nothing answers as a Ray cluster at the address, or none of its nodes has that much.
    """

    def __init__(self, address: str, cpus: float = 1.0, gpus: float = 0.0) -> None:
        if cpus <= 0 or gpus < 0 or (gpus > 1 and gpus % 1):
            raise ConfigError(
                f"Ray cannot reserve {cpus:g} CPUs and {gpus:g} GPUs for a run",
                "more than 0 CPUs, and 0, a fraction or a whole number of GPUs",
            )
        self.cpus = cpus
        self.gpus = gpus
        self.jobs: dict[Any, Job] = {}
        self.token: Path | None = None
        connect(address)
        # A run that died is for the sweep to try again, which writes the attempt down.
        self.task = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=0, scheduling_strategy="SPREAD")(train)
        self.room = self._count()
        self.looked = time.monotonic()
        if self.room == 0:
            ray.shutdown()
            raise DeviceError(
                f"no node of the Ray cluster at {address} has {cpus:g} CPUs and {gpus:g} GPUs",
                "ask for less a run, or add such a node first",
            )

    def _count(self) -> int:
        """Return how many runs fit the cluster's living nodes side by side."""
        wanted = {name: amount for name, amount in (("CPU", self.cpus), ("GPU", self.gpus)) if amount}
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        return sum(min(int(has.get(name, 0) / amount + 1e-6) for name, amount in wanted.items()) for has in nodes)

    @property
    def slots(self) -> int:
        """What fits the cluster now, and one more: so a place that falls free is filled at once, and Ray's autoscaler
        learns that there is more to do."""
        if time.monotonic() - self.looked > LOOK:
            self.room = self._count()
            self.looked = time.monotonic()
        return self.room + 1

    def submit(self, job: Job) -> None:
        """Hand the job to Ray, with what was trained of it before."""
        if self.token is None:
            self.token = job.folder.parent / f"{TEMPORARY}ray-{secrets.token_hex(16)}"
            self.token.touch()
        # In a list, Ray sends a reference, and the content only to a task that asks for it.
        checkpoints = RunDirectory(job.folder).checkpoints
        before = [ray.put(pack(job.folder))] if checkpoints.is_dir() and any(checkpoints.iterdir()) else []
        threads = max(1, int(self.cpus))
        self.jobs[self.task.remote(str(job.folder), job.experiment, threads, os.getcwd(), str(self.token), before)] = (
            job
        )

    def wait(self, timeout: float) -> list[Outcome]:
        """Return a job that ended, if one did."""
        if not self.jobs:
            return []
        ended, _ = ray.wait(list(self.jobs), timeout=timeout)
        return [self._outcome(task) for task in ended]

    def _outcome(self, task: Any) -> Outcome:
        job = self.jobs.pop(task)
        try:
            outcome, content = ray.get(task)
        except ray.exceptions.RayError as error:
            return Outcome(job.id, *cause_of(error))
        if content:
            unpack_over(job.folder, content)
        return Outcome(job.id, **outcome)

    def close(self) -> None:
        """Interrupt the tasks, take what they saved, end those that have not after GRACE seconds, and disconnect."""
        try:
            for task in self.jobs:
                ray.cancel(task)
            if self.jobs:
                saved, _ = ray.wait(list(self.jobs), num_returns=len(self.jobs), timeout=GRACE)
                for task in saved:
                    self._outcome(task)
            for task in self.jobs:
                ray.cancel(task, force=True)
        finally:
            if self.token is not None:
                self.token.unlink(missing_ok=True)
            ray.shutdown()


def train(
    folder: str, experiment: str, threads: int, directory: str, token: str, before: list[Any]
) -> tuple[dict[str, str], bytes]:
    """Train a run on a node of the cluster.

    Args:
        folder: the run directory, as the driver names it.
        experiment: what is trained, as JSON.
        threads: threads of the CPU at most.
        directory: the driver's current directory, at which the experiment's relative paths start.
        token: a file beside the run directory; who can write to it trains there.
        before: a reference to what was trained of the run before, packed; or none.

    Returns:
        `cause` and `words` of an Outcome; and the run directory, packed, where it was trained elsewhere.
    """
    from ganlab.training.worker import train_job  # imports torch, which the driver does without

    if os.path.isdir(directory):
        os.chdir(directory)
    if os.access(token, os.W_OK):
        return train_job(Path(folder), experiment, threads), b""
    with tempfile.TemporaryDirectory(prefix="ganlab-") as temporary:
        run = Path(temporary, os.path.basename(folder))
        if before:
            unpack(run, ray.get(before[0]))
        outcome = train_job(run, experiment, threads)
        return outcome, pack(run) if run.is_dir() else b""


def pack(folder: Path) -> bytes:
    """Return a folder's content as a tar archive."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.add(folder, arcname=".")
    return content.getvalue()


def unpack(folder: Path, content: bytes) -> None:
    """Make a folder of what `pack` returned; a member that would land outside of it raises tarfile.FilterError."""
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        archive.extractall(folder, filter="data")


def unpack_over(folder: Path, content: bytes) -> None:
    """Put what `pack` returned in the place of a folder, there or not; a crash leaves no mixture of the two."""
    new, old = temporary_beside(folder), temporary_beside(folder)
    unpack(new, content)
    if folder.exists():
        os.replace(folder, old)
    os.replace(new, folder)
    remove(old)


def cause_of(error: ray.exceptions.RayError) -> tuple[str, str]:
    """Return cause and words for a task that Ray could not bring to its end."""
    if isinstance(error, ray.exceptions.TaskCancelledError):
        return "interrupted", "cancelled"
    if isinstance(error, ray.exceptions.RayTaskError):
        return "crash", f"{type(error.cause).__name__}: {error.cause}"
    if isinstance(error, ray.exceptions.OutOfMemoryError):
        return "out_of_memory", "Ray ended the task, because the memory of its node was nearly full"
    if isinstance(error, ray.exceptions.WorkerCrashedError):
        return "crash", "its process died; Ray does not tell a crash from a SIGKILL by the system for want of memory"
    return "crash", f"{type(error).__name__}: {str(error).splitlines()[0]}"


def connect(address: str) -> None:
    """Connect this process to a running Ray cluster.

    Raises:
        DeviceError: nothing answers as Ray does, or Ray refuses (another version of Ray or of Python, say).
    """
    found = find_address(address)
    try:
        if found != "auto":
            say_hello(found)
        with own_signals():
            ray.init(found, logging_level=logging.ERROR, log_to_driver=False)
    # What Ray raises here is no part of what it promises: ConnectionError, RuntimeError, ValueError, its own.
    except Exception as error:
        where = address if found == address else f"{address} ({found})"
        raise DeviceError(
            f"no Ray cluster can be used at {where}: {error or type(error).__name__}",
            "give the address that `ray start --head` printed, as host:port; `ray status` tells whether it is up",
        ) from error


def find_address(address: str) -> str:
    """Return what `auto` stands for; Ray itself waits for minutes for a cluster that left its address behind."""
    if address != "auto":
        return address
    last = Path(os.environ.get("RAY_TMPDIR", "/tmp"), "ray", "ray_current_cluster")
    return os.environ.get("RAY_ADDRESS") or (last.read_text().strip() if last.is_file() else address)


def say_hello(address: str) -> None:
    """Check that an HTTP/2 server, which all of Ray's are, answers at an address.

    A plain connection is not enough: ray.init never comes back from a port that something else listens on, such as that
    of Ray's own dashboard (it had not after 400 s).

    Raises:
        ValueError: the address has no host or no port.
        OSError: nothing answers there, or something else.
    """
    place = urlsplit(address if "://" in address else f"//{address}")
    if not place.hostname or not place.port:
        raise ValueError("an address is host:port")
    with socket.create_connection((place.hostname, place.port), timeout=ANSWER) as connection:
        if os.environ.get("RAY_USE_TLS", "0") != "0":
            return  # it would have to be said in TLS
        connection.sendall(HELLO)
        connection.settimeout(ANSWER)
        answer = connection.recv(9)
        if answer[3:4] != b"\x04":
            raise ConnectionError("what answers there is not Ray")


@contextmanager
def own_signals() -> Iterator[None]:
    """Keep our handler of SIGTERM, which ray.init replaces in a main thread."""
    handler = signal.getsignal(signal.SIGTERM)
    yield
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)
