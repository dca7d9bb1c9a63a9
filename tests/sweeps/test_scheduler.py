from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ganlab.config.load import dump_experiment
from ganlab.runs.history import read_history
from ganlab.runs.stop import StopSignal
from ganlab.sweeps.estimate import estimate
from ganlab.sweeps.executors.local import LocalExecutor
from ganlab.sweeps.folder import SweepFolder, open_sweep
from ganlab.sweeps.plan import Plan, PlannedRun, make_plan
from ganlab.sweeps.records import read_attempts
from ganlab.sweeps.scheduler import has_ended, run_sweep
from ganlab.sweeps.spec import spec_from_mapping
from ganlab.sweeps.view import SweepView
from tests.conftest import DIVERGES


class Heard(SweepView):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []

    def begin(self, plan: Plan, folder: Path, done_before: int) -> None:
        self.events.append(("begin", done_before))

    def started(self, name: str, attempt: int) -> None:
        self.events.append(("started", name, attempt))

    def ended(self, name: str, words: str, cause: str) -> None:
        self.events.append(("ended", name, cause))


def carry_out(plan: Plan, folder: SweepFolder) -> list[tuple[Any, ...]]:
    heard = Heard()
    with StopSignal() as stop:
        run_sweep(plan, folder, LocalExecutor(2, 1, folder.log), heard, stop)
    return heard.events


def test_a_sweep_ends_goes_on_and_does_no_run_twice(points: Any, tmp_path: Path) -> None:
    base = json.loads(points("training.device=cpu").model_dump_json())
    spec = {
        "name": "toy",
        "base": base,
        "grid": {"where": {"here": {"latent.dim": 3}, "nowhere": {"training.device": "cuda:99"}}},
    }
    one, three = (make_plan(spec_from_mapping({**spec, "seeds": seeds})) for seeds in (1, 3))
    good, bad = one.runs
    folder = open_sweep(one, tmp_path / "sweep")

    events = carry_out(one, folder)
    assert events[0] == ("begin", 0)
    assert ("ended", good.id, "") in events
    assert ("ended", bad.id, "refused") in events  # what the user must mend is not tried again
    assert [event for event in events if event[0] == "started"] == [("started", good.id, 1), ("started", bad.id, 1)]
    assert [(row["run"], row["cause"], row["step"]) for row in read_attempts(folder)] == [(bad.id, "refused", 0)]
    assert has_ended(folder.run(good.id))
    assert not has_ended(folder.run(bad.id))

    written = folder.run(good.id).history.stat().st_mtime_ns
    events = carry_out(three, folder)
    assert events[0] == ("begin", 1)
    assert {event[1] for event in events if event[0] == "started"} == {run.id for run in three.runs} - {good.id}
    assert folder.run(good.id).history.stat().st_mtime_ns == written


def test_a_run_that_diverges_has_ended(points: Any, tmp_path: Path) -> None:
    base = json.loads(points(*DIVERGES, "training.steps=500").model_dump_json())
    plan = make_plan(spec_from_mapping({"name": "toy", "base": base}))
    folder = open_sweep(plan, tmp_path / "sweep")
    carry_out(plan, folder)
    status = folder.run(plan.runs[0].id).status()
    assert (status.status, status.reason) == ("stopped", "non_finite")
    assert read_attempts(folder) == []


def test_a_stop_of_the_spec_is_each_runs_own(points: Any) -> None:
    base = json.loads(points().model_dump_json())
    plan = make_plan(spec_from_mapping({"name": "toy", "base": base, "stop_on": ["diverged"]}))
    assert plan.runs[0].experiment.monitor.stop_on == ("diverged",)


def test_an_estimate_comes_from_real_steps_and_leaves_out_what_is_done(points: Any, tmp_path: Path) -> None:
    steps = ("training.device=cpu", "training.steps=400", "monitor.snapshot_every=100")
    spec = {
        "name": "toy",
        "base": json.loads(points(*steps).model_dump_json()),
        "seeds": 2,
        "grid": {"generator.width": [16, 32], "optimizer.lr": [1e-3, 1e-4]},
    }
    plan = make_plan(spec_from_mapping(spec))
    folder = open_sweep(plan, tmp_path / "sweep")

    def to_do() -> list[PlannedRun]:
        return [run for run in plan.runs if not has_ended(folder.run(run.id))]

    told = estimate(to_do(), threads=1)
    assert (told.runs, told.kinds, told.probed) == (8, 2, 2)  # a learning rate does not change what a step costs
    assert list(folder.runs.iterdir()) == []

    one = make_plan(spec_from_mapping({**spec, "limit": 1}))
    carry_out(one, folder)
    run = folder.run(one.runs[0].id)
    assert len(read_history(run.history)["step"]) == 400
    assert run.status().seconds / 4 < told.seconds / 8 < run.status().seconds * 4
    assert estimate(to_do(), threads=1).runs == 7


def test_the_experiments_travel_whole(points: Any, tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text(dump_experiment(points()))
    plan = make_plan(spec_from_mapping({"name": "toy", "base": str(tmp_path / "toy.yaml")}))
    (tmp_path / "toy.yaml").unlink()
    assert open_sweep(plan, tmp_path / "sweep").plan() == plan
