"""Worker processes on this machine."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from ganlab.sweeps.executors import GRACE, Job, Outcome


class Worker:
    """One process of `ganlab.training.worker`, and the job it has."""

    def __init__(self, number: int, threads: int, log: Path) -> None:
        self.job: Job | None = None
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ganlab.training.worker", str(number)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "OMP_NUM_THREADS": str(threads)},
                start_new_session=True,  # Ctrl-C is for the sweep, which asks its workers to save
            )
        self.threads = threads

    def begin(self, job: Job) -> None:
        """Send a job. A worker that has just died answers by the end of its output."""
        self.job = job
        line = {"id": job.id, "folder": str(job.folder), "experiment": job.experiment, "threads": self.threads}
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(line).encode() + b"\n")
            self.process.stdin.flush()

    def dismiss(self) -> None:
        """Close its input, at which it saves and ends."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.close()

    def answer(self) -> Outcome | None:
        """Return how its job ended, once its output can be read; None if it ended without a job."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        job, self.job = self.job, None
        if line.endswith(b"\n"):
            return Outcome(**json.loads(line))
        code = self.process.wait()
        return Outcome(job.id, *cause_of(code)) if job else None


def cause_of(code: int) -> tuple[str, str]:
    """Return cause and words for the exit code of a worker that died with a job, negative for a signal."""
    if code == -signal.SIGKILL:
        return "out_of_memory", "killed by SIGKILL, which was not ours: most likely the machine ran out of memory"
    if code < 0:
        return "crash", f"killed by {signal.Signals(-code).name}"
    return "crash", f"ended with exit code {code}"


class LocalExecutor:
    """Worker processes, each with its own import of torch, memory and crash; started when first needed.

    Args:
        workers: processes at most.
        threads: threads of each, at most.
        log: file that takes what workers print.
    """

    def __init__(self, workers: int, threads: int, log: Path) -> None:
        self.slots = workers
        self.threads = threads
        self.log = log
        self.workers: dict[int, Worker] = {}
        self.ready = selectors.DefaultSelector()

    def submit(self, job: Job) -> None:
        """Give the job to a worker that has none, or to a new one."""
        idle = [worker for worker in self.workers.values() if worker.job is None]
        (idle[0] if idle else self._new_worker()).begin(job)

    def _new_worker(self) -> Worker:
        number = next(n for n in range(self.slots) if n not in self.workers)
        worker = Worker(number, self.threads, self.log)
        self.workers[number] = worker
        assert worker.process.stdout is not None
        self.ready.register(worker.process.stdout, selectors.EVENT_READ, number)
        return worker

    def wait(self, timeout: float) -> list[Outcome]:
        """Return the jobs that ended; a worker that is gone is replaced at the next job."""
        outcomes = []
        for key, _ in self.ready.select(timeout):
            worker = self.workers[key.data]
            outcome = worker.answer()
            if outcome is not None:
                outcomes.append(outcome)
            if worker.process.poll() is not None or (outcome is None or outcome.cause in ("out_of_memory", "crash")):
                self._forget(key.data)
        return outcomes

    def _forget(self, number: int) -> None:
        worker = self.workers.pop(number)
        assert worker.process.stdout is not None
        self.ready.unregister(worker.process.stdout)
        worker.dismiss()
        try:
            worker.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            worker.process.kill()
            worker.process.wait()
        worker.process.stdout.close()

    def close(self) -> None:
        """Dismiss all workers; kill what has not ended after GRACE seconds."""
        for worker in self.workers.values():
            worker.dismiss()
        for number in list(self.workers):
            self._forget(number)
        self.ready.close()


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_of(workers: int) -> int:
    """Return the threads of each of so many workers."""
    return max(1, cores() // workers)


def default_workers() -> int:
    """Return one worker a GPU, else one a core. Several can share a GPU where `--workers` says so."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        count = len([name for name in visible.split(",") if name.strip() not in ("", "-1")])
    else:
        count = len(list(Path("/proc/driver/nvidia/gpus").glob("*")))
    return count or cores()
