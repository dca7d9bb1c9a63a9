"""A sweep's folder whose runs hold curves, snapshots and verdicts that a test chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganlab.config.experiment import Experiment
from ganlab.diagnosis.verdict import Verdict
from ganlab.runs.directory import create_run
from ganlab.runs.files import write_json
from ganlab.runs.history import append_rows
from ganlab.runs.snapshots import append_snapshot
from ganlab.runs.status import RunStatus
from ganlab.sweeps.folder import SweepFolder
from ganlab.sweeps.plan import Plan, PlannedRun
from ganlab.sweeps.records import RunRecord, read_records
from ganlab.sweeps.spec import SweepSpec
from ganlab.verdicts import split


def judged(name: str, onset: int | None) -> Verdict:
    """A verdict without its reasons."""
    return Verdict(
        *split(name),
        confidence=0.9,
        basis="",
        severity=0.5,
        onset_step=onset,
        summary="",
        contributing=(),
        evidence=(),
        missing=(),
        remedies=(),
        source="",
        steps=(0, 0),
    )


class WrittenSweep:
    """Run directories in the public format, written without training."""

    def __init__(self, path: Path) -> None:
        self.folder = SweepFolder(path)
        self.runs: list[PlannedRun] = []

    def add(
        self,
        config: str = "stable",
        seed: int = 0,
        *,
        curves: Mapping[str, Any] | None = None,
        snapshots: Sequence[Mapping[str, Any]] = (),
        verdict: str = "healthy",
        onset: int | None = None,
        settings: Mapping[str, str] | None = None,
        status: str = "finished",
        reason: str = "",
        seconds: float = 2.0,
        **experiment: Any,
    ) -> RunRecord:
        """Write a run and return its record; `curves` are whole columns of history.csv from step 1."""
        planned = PlannedRun(
            f"{config}-s{seed}-abcdefgh", config, seed, settings or {}, Experiment(name="toy", **experiment), False
        )
        self.runs.append(planned)
        run = create_run(self.folder.runs, planned.experiment, planned.id)
        columns = {name: np.asarray(values, float) for name, values in (curves or {}).items()}
        count = len(next(iter(columns.values()), ()))
        if count:
            append_rows(run.history, ["step", *columns], list(zip(range(1, count + 1), *columns.values(), strict=True)))
        for row in snapshots:
            append_snapshot(run.snapshots, row)
        if verdict:
            write_json(run.verdict, judged(verdict, onset).as_json())
        run.write_status(RunStatus(status=status, reason=reason, step=count, seconds=seconds))
        return read_records(self.plan(), self.folder)[-1]

    def plan(self, claims: Sequence[Mapping[str, Any]] = (), axes: Sequence[str] = ()) -> Plan:
        """The plan of the runs so far."""
        spec = SweepSpec(name="toy", base=Experiment(), claims=tuple(map(dict, claims)))
        return Plan(spec, tuple(self.runs), "sweep-toy-abcdefgh", tuple(axes))


@pytest.fixture
def written(tmp_path: Path) -> WrittenSweep:
    return WrittenSweep(tmp_path / "sweep-toy-abcdefgh")
