"""A process that trains one run of a sweep after another, and pays for importing torch once.

    python -m ganlab.training.worker NUMBER

It reads a job a line from standard input and answers each with a line on standard output, both JSON. When standard
input ends, because the sweep is over or its process was killed, the run under way is saved and the worker ends.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import torch

from ganlab.config.load import experiment_from_mapping
from ganlab.errors import GanlabError, Interrupted, RunError
from ganlab.runs.directory import RunDirectory
from ganlab.training import session
from ganlab.training.checkpoint import newest_checkpoint

PATIENCE = 120.0
"""Seconds to wait for a run that an orphaned worker is still saving."""


def train_job(folder: Path, experiment: str, threads: int | None) -> dict[str, str]:
    """Train the experiment, given as JSON, in a run directory, or go on with what is there; never raises.

    Returns:
        `cause` and `words` of `ganlab.sweeps.executors.Outcome`.
    """
    try:
        _train(RunDirectory(folder), experiment, threads)
    except Interrupted as error:
        return {"cause": "interrupted", "words": error.message}
    except GanlabError as error:
        return {"cause": "refused", "words": str(error)}
    except KeyboardInterrupt:
        return {"cause": "interrupted", "words": "SIGINT"}
    except MemoryError as error:
        return {"cause": "out_of_memory", "words": f"MemoryError: {error}"}
    except Exception as error:
        traceback.print_exc()
        memory = isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
        words = f"{type(error).__name__}: {error}"
        return {"cause": "out_of_memory" if memory else "crash", "words": words}
    return {"cause": "", "words": ""}


def _train(run: RunDirectory, text: str, threads: int | None) -> None:
    deadline = time.monotonic() + PATIENCE
    while run.is_held():
        if time.monotonic() > deadline:
            raise RunError(f"{run.path} is in use by another process", "wait until it ends, or stop that process")
        time.sleep(0.2)
    if newest_checkpoint(run.checkpoints)[0] is not None:
        session.resume(run)
        return
    # Killed before its first checkpoint: there is nothing to go on from, and nothing to lose.
    if run.path.exists():
        shutil.rmtree(run.path)
    experiment = experiment_from_mapping(json.loads(text))
    session.start(experiment, run.path.parent, name=run.path.name, threads=threads)


def main() -> None:
    """Answer jobs until there are no more."""
    number = int(sys.argv[1])
    # Answers go where standard output went; whatever else prints goes to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if torch.cuda.is_available():
        torch.cuda.set_device(number % torch.cuda.device_count())
    jobs: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    while (job := jobs.get()) is not None:
        outcome = train_job(Path(job["folder"]), job["experiment"], job["threads"])
        try:
            answers.write(json.dumps({"id": job["id"], **outcome}) + "\n")
            answers.flush()
        except BrokenPipeError:
            return  # nobody is left to hear it
        if outcome["cause"] in ("out_of_memory", "crash"):
            return  # what such a process still holds is unknown; the sweep starts a fresh one


def _listen(jobs: queue.SimpleQueue[dict[str, Any] | None]) -> None:
    for line in sys.stdin:
        jobs.put(json.loads(line))
    jobs.put(None)
    # The training loop takes it as a request to save and stop; between two runs it ends the process.
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
