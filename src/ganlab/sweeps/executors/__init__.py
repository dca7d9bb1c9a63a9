"""Where the runs of a sweep are trained: worker processes here, a Ray cluster, a Slurm cluster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

GRACE = 60.0
"""Seconds that runs have to save when the sweep ends."""

RETRIED = ("out_of_memory", "crash")
"""Causes after which a run is tried again, from its newest checkpoint."""


@dataclass(frozen=True)
class Job:
    """One run to train, or to go on with.

    Attributes:
        id: the name of the run and of its directory.
        folder: the run directory.
        experiment: what is trained, as JSON.
    """

    id: str
    folder: Path
    experiment: str


@dataclass(frozen=True)
class Outcome:
    """How a job ended, as the executor saw it; how the training ended stands in run.json.

    Attributes:
        id: the job's.
        cause: empty if the run ended by itself (diverged runs too), else `out_of_memory` (MemoryError, or a SIGKILL
            that was not ours), `crash`, `refused` (an error that the user can put right) or `interrupted`.
        words: what is known of the cause.
    """

    id: str
    cause: str = ""
    words: str = ""


class Executor(Protocol):
    """Trains jobs side by side; every job is answered by one outcome, whatever happens to who trains it."""

    @property
    def slots(self) -> int:
        """Jobs that can be under way at once."""

    def submit(self, job: Job) -> None:
        """Begin a job. Only called while fewer than `slots` are under way."""

    def wait(self, timeout: float) -> list[Outcome]:
        """Return the jobs that ended, after `timeout` seconds at the latest."""

    def close(self) -> None:
        """Ask what is under way to save and stop, and leave no process behind."""
