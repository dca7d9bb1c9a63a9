"""Jobs of a Slurm cluster, submitted as arrays by submitit.

Importing this module needs the `slurm` extra.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

from ganlab.errors import ConfigError, DeviceError
from ganlab.sweeps.executors import GRACE, Job, Outcome

try:
    import submitit
    from submitit.core.utils import FailedJobError, UncompletedJobError
except ImportError as error:
    raise DeviceError("the submitit package is not installed", 'pip install "ganlab-diagnose[slurm]"') from error

AT_ONCE = 100
"""Jobs under way at once where the options do not say `slurm_array_parallelism`."""

TIME_LIMIT = 120
"""Minutes a job where the options do not say `timeout_min`. A run that they end is tried again, from its checkpoint."""

GLANCE = 0.2
"""Seconds between two looks for results."""


class SlurmExecutor:
    """Jobs on a Slurm cluster whose nodes see the sweep's folder and this Python.

    What is submitted between two waits becomes one job array. A job that Slurm preempts and requeues goes on from the
    run's checkpoint.

    Args:
        folder: where submitit keeps its files and what the jobs print.
        options: submitit's parameters: `timeout_min`, `mem_gb`, `cpus_per_task` (at most as many threads; default 1),
            `gpus_per_node`, `slurm_partition`, `slurm_account`, `slurm_array_parallelism` and so on.
        cluster: `slurm`; or `local`, to try it out: processes on this machine, all those of an array at once.

    Raises:
        ConfigError: submitit has no such parameter, or not with this type of value.
        DeviceError: this machine cannot submit to Slurm.
    """

    def __init__(self, folder: Path, options: Mapping[str, Any], cluster: Literal["slurm", "local"] = "slurm") -> None:
        missing = [program for program in ("sbatch", "srun") if shutil.which(program) is None]
        if cluster == "slurm" and missing:
            raise DeviceError(
                f"no Slurm on this machine: {' and '.join(missing)} not found",
                "start the sweep on a login node of the cluster",
            )
        defaults = {"name": "ganlab", "timeout_min": TIME_LIMIT, "slurm_array_parallelism": AT_ONCE}
        parameters: dict[str, Any] = {**defaults, **options}
        with ExitStack() as stack:
            stack.enter_context(quiet())
            self.executor = submitit.AutoExecutor(folder, cluster=cluster)
            try:
                self.executor.update_parameters(**parameters)
                self.slots = int(parameters["slurm_array_parallelism"])
            except (AssertionError, NameError, TypeError, ValueError) as error:
                raise ConfigError(f"submitit refuses the Slurm options: {error}") from error
            self.quiet = stack.pop_all()
        self.threads = int(parameters.get("cpus_per_task", 1))
        self.queue: list[Job] = []
        self.jobs: dict[str, submitit.Job[dict[str, str]]] = {}

    def submit(self, job: Job) -> None:
        """Queue the job for the next array."""
        self.queue.append(job)

    def wait(self, timeout: float) -> list[Outcome]:
        """Submit what is queued, and return the jobs that ended.

        Raises:
            ConfigError: Slurm does not take the jobs.
        """
        if self.queue:
            self._submit_queue()
        deadline = time.monotonic() + timeout
        while True:
            ended = [name for name, handle in self.jobs.items() if handle.done()]
            if ended or time.monotonic() > deadline:
                return [outcome_of(name, self.jobs.pop(name)) for name in ended]
            time.sleep(GLANCE)

    def _submit_queue(self) -> None:
        folders = [job.folder for job in self.queue]
        experiments = [job.experiment for job in self.queue]
        try:
            submitted = self.executor.map_array(train, folders, experiments, [self.threads] * len(folders))
        except FailedJobError as error:
            raise ConfigError(
                f"Slurm does not take the jobs: {str(error).strip()}", "change the options: partition, time, memory"
            ) from error
        self.jobs |= {job.id: handle for job, handle in zip(self.queue, submitted, strict=True)}
        self.queue = []

    def close(self) -> None:
        """Cancel the jobs, at which they save and end, and wait for them at most GRACE seconds."""
        with self.quiet:
            self._end_jobs()

    def _end_jobs(self) -> None:
        left = list(self.jobs.values())
        deadline = time.monotonic() + GRACE
        for handle in left:
            if not isinstance(handle, submitit.LocalJob):
                handle.cancel(check=False)
        while left and time.monotonic() < deadline:
            for handle in left:
                if isinstance(handle, submitit.LocalJob):
                    # submitit's own way gives it a second, and leaves a zombie. While it starts it may be deaf to this.
                    os.kill(int(handle.job_id), signal.SIGTERM)
            time.sleep(GLANCE)
            # Asking Slurm of one job tells of all.
            left = [handle for number, handle in enumerate(left) if not handle.done(force_check=number == 0)]
        for handle in left:
            handle.cancel(check=False)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep submitit off standard output, which is ours; its warnings go to standard error all the same."""
    logger = logging.getLogger("submitit")
    handlers = list(logger.handlers)
    logger.handlers.clear()
    try:
        yield
    finally:
        logger.handlers[:] = handlers


def train(folder: Path, experiment: str, threads: int) -> dict[str, str]:
    """Train a run in a job; return `cause` and `words` of an Outcome."""
    from ganlab.training.worker import train_job  # imports torch, which the parent does without

    faulthandler.enable()
    return train_job(folder, experiment, threads)


def outcome_of(name: str, handle: submitit.Job[dict[str, str]]) -> Outcome:
    """Return how a job that is done ended."""
    try:
        return Outcome(name, **handle.result())
    except FailedJobError as error:
        # What was raised outside of `train_job`, which never raises: ganlab could not be imported there, say.
        trace = str(error).split("-" * 22)[1].strip()
        return Outcome(name, "crash", trace.splitlines()[-1])
    except UncompletedJobError:
        return Outcome(name, *cause_of(handle.state, handle.stderr() or ""))


def cause_of(state: str, log: str) -> tuple[str, str]:
    """Return cause and words for a job without a result.

    Args:
        state: its state, as `sacct` or, for local jobs, submitit names it.
        log: what it wrote to standard error.
    """
    last = log.strip().splitlines()[-1:] or ["it wrote nothing to its log"]
    words = f"{state}: {last[0]}"
    if state.startswith("CANCELLED"):
        return "interrupted", words
    if state == "OUT_OF_MEMORY" or "oom_kill" in log or "oom-kill" in log:
        return "out_of_memory", words
    # Of a local job nothing says the signal that killed it, but any crash that faulthandler sees leaves its trace.
    if state in ("FINISHED", "INTERRUPTED") and "Fatal Python error" not in log:
        return "out_of_memory", "killed without a trace, as by SIGKILL: most likely the machine ran out of memory"
    return "crash", words
