"""How long a sweep will take on this machine, estimated from short real runs of it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ganlab.config.experiment import Experiment
from ganlab.config.load import with_settings
from ganlab.errors import RunError
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import read_history
from ganlab.sweeps.executors import Job
from ganlab.sweeps.executors.local import LocalExecutor
from ganlab.sweeps.plan import PlannedRun

BUDGET = 60.0
"""Seconds to probe for; what was not probed by then is taken to cost what the others do."""

STEPS = 6
"""Steps of a probe: the first two are left out, as they pay for memory and plans."""

CHEAP = ("name", "seed", "latent", "weight_init", "optimizer", "monitor", "expect", "claim")
"""Sections that hardly change what a step costs."""


@dataclass(frozen=True)
class Cost:
    """What a run costs, in seconds: each step, and each snapshot; start and end cost about as much as two snapshots."""

    step: float
    snapshot: float

    def of(self, experiment: Experiment) -> float:
        """Seconds of a whole run."""
        steps = experiment.training.steps
        return steps * self.step + (2 + math.ceil(steps / experiment.monitor.snapshot_every)) * self.snapshot


@dataclass(frozen=True)
class Estimate:
    """Seconds that the runs still to be done take in all, one after the other.

    Attributes:
        seconds: the sum, at most where some are only trained if a claim needs them.
        least: the sum of those that are required.
        runs: how many are still to be done, at most.
        kinds: kinds of runs among them, told apart by what a step costs.
        probed: how many of these were probed.
    """

    seconds: float
    least: float
    runs: int
    kinds: int
    probed: int


def estimate(todo: Sequence[PlannedRun], threads: int) -> Estimate:
    """Train a few steps of each kind of run in a temporary folder, and add up.

    Args:
        todo: the runs that are still to be done.
        threads: of each run.

    Raises:
        RunError: a probe failed; so would the sweep.
    """
    kinds: dict[str, PlannedRun] = {}
    for planned in todo:
        kinds.setdefault(kind_of(planned.experiment), planned)
    costs: dict[str, Cost] = {}
    with TemporaryDirectory() as scratch:
        executor = LocalExecutor(1, threads, Path(scratch) / "log")
        deadline = time.monotonic() + BUDGET
        try:
            for kind, planned in kinds.items():
                if time.monotonic() < deadline:
                    costs[kind] = probe(planned, Path(scratch), executor)
        finally:
            executor.close()
    if not costs:
        return Estimate(0.0, 0.0, 0, 0, 0)
    usual = Cost(*np.median([[cost.step, cost.snapshot] for cost in costs.values()], axis=0).tolist())
    each = [costs.get(kind_of(planned.experiment), usual).of(planned.experiment) for planned in todo]
    least = sum(seconds for planned, seconds in zip(todo, each, strict=True) if planned.required)
    return Estimate(sum(each), least, len(todo), len(kinds), len(costs))


def kind_of(experiment: Experiment) -> str:
    """Return what is the same in runs whose steps cost the same."""
    values: dict[str, Any] = experiment.model_dump(exclude=set(CHEAP))
    values["training"] = {key: value for key, value in values["training"].items() if key != "steps"}
    values["data"] = {key: value for key, value in values["data"].items() if key not in ("classes", "fraction", "seed")}
    return repr(values)


def probe(planned: PlannedRun, scratch: Path, executor: LocalExecutor) -> Cost:
    """Train the first steps of a run and return what they cost."""
    short = with_settings(planned.experiment, {"training.steps": STEPS, "monitor.snapshot_every": STEPS})
    run = RunDirectory(scratch / planned.id)
    executor.submit(Job(planned.id, run.path, short.model_dump_json()))
    while not (outcomes := executor.wait(1.0)):
        pass
    if outcomes[0].cause:
        raise RunError(f"{planned.id} cannot be trained here: {outcomes[0].words}", "fix this before the sweep")
    step = float(np.median(np.diff(read_history(run.history)["time"])[1:]))
    return Cost(step, max(0.0, (run.status().seconds or 0.0) - STEPS * step) / 3)
