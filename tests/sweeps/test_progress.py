from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ganlab.api import train
from ganlab.cli.sweep_words import totals_words
from ganlab.diagnosis.verdict import Verdict
from ganlab.monitor.view import View
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import read_history
from ganlab.sweeps.plan import Plan, make_plan
from ganlab.sweeps.progress import Course, Glance, glance, last_row
from ganlab.sweeps.spec import RunEntry, SeedRange, SweepSpec

HEADER = "step,time,d_loss,g_loss,fid\n"


@pytest.fixture(scope="module")
def finished(points: Any, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    return train(points(), runs_dir=tmp_path_factory.mktemp("runs")).directory


@pytest.fixture
def plan(points: Any) -> Plan:
    """Of two configurations, `a` and `b`, two seeds each, of 100 steps: a0, b0, a1, b1."""
    runs = [RunEntry(config=points(f"name={name}", f"latent.dim={dim}")) for name, dim in (("a", 4), ("b", 5))]
    return make_plan(SweepSpec(name="toy", runs=tuple(runs), seeds=2, set={"training.steps": 100}))


def test_a_glance_at_a_finished_run_tells_what_its_files_say(finished: RunDirectory) -> None:
    history, status = read_history(finished.history), finished.status()
    verdict = json.loads(finished.verdict.read_text())
    seen = glance(finished)
    assert (seen.state, seen.step, seen.steps, seen.reason) == ("finished", 20, 20, "")
    assert seen.seconds == status.seconds
    assert seen.pace == history["time"][-1] / 20
    assert (seen.d_loss, seen.g_loss) == (history["d_loss"][-1], history["g_loss"][-1])
    assert seen.reading == "/".join(filter(None, (verdict["failure"], verdict["variant"])))
    assert seen.confidence == verdict["confidence"]


def test_a_glance_while_the_run_goes_on(points: Any, tmp_path: Path) -> None:
    class Watcher(View):
        def begin(self, run: RunDirectory, first_step: int, steps: int | None) -> None:
            self.run, self.seen = run, [(glance(run), 0.0, 0.0)]

        def progress(self, rows: Any) -> None:
            self.seen.append((glance(self.run), rows[-1]["step"], rows[-1]["time"]))

    watcher = Watcher()
    train(points("monitor.snapshot_every=5"), runs_dir=tmp_path, views=[watcher])
    (first, _, _), *later = watcher.seen
    assert (first.state, first.step, first.seconds, first.reading) == ("running", None, None, None)
    assert len(later) >= 4
    for seen, step, seconds in later:
        assert (seen.state, seen.step, seen.steps) == ("running", step, 20)
        assert seen.seconds == pytest.approx(seconds)
    assert later[-1][0].reading is not None


def test_what_is_missing_or_damaged_is_none(finished: RunDirectory, tmp_path: Path) -> None:
    assert glance(RunDirectory(tmp_path / "nowhere")) == Glance()
    for name in ("run.json", "verdict.json"):
        (tmp_path / name).write_bytes((finished.path / name).read_bytes()[:100])
    (tmp_path / "history.csv").write_bytes(b"\xff\x00,\n\xfe\n")
    assert glance(RunDirectory(tmp_path)) == Glance()

    (tmp_path / "run.json").write_text('{"schema": 1, "status": "running", "steps": "many", "seconds": null}')
    (tmp_path / "verdict.json").write_text('{"failure": null, "variant": 3, "confidence": 1e400}')
    (tmp_path / "history.csv").write_text(HEADER + "inf,nan,nan,inf,\n")
    seen = glance(RunDirectory(tmp_path))
    assert (seen.state, seen.step, seen.steps, seen.seconds, seen.pace) == ("running", None, None, None, None)
    assert (seen.reading, seen.confidence) == (None, None)
    assert math.isnan(seen.d_loss or 0)
    assert seen.g_loss == math.inf


def test_the_last_whole_row_wherever_the_file_is_torn(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    rows = [f"{step},{step / 10},1.5,0.{step},\n" for step in range(1, 400)]
    text = HEADER + "".join(rows)
    for end in [*range(80), *range(len(text) - 80, len(text) + 1)]:
        path.write_text(text[:end])
        whole = text[:end].count("\n") - 1
        row = last_row(path)
        if whole < 1:
            assert row == {}
        else:
            assert row == {"step": whole, "time": whole / 10, "d_loss": 1.5, "g_loss": float(f"0.{whole}")}
    path.write_text(HEADER + "1,0.1,1.5,0.1," + "1" * 5000 + "\n")
    assert last_row(path) == {}


def test_only_the_ends_of_the_file_are_read(tmp_path: Path) -> None:
    """Of 64 GiB, nearly all of it a hole, that no test could read whole."""
    path = tmp_path / "history.csv"
    with open(path, "wb") as file:
        file.write(HEADER.encode())
        file.truncate(2**36)
        file.seek(0, 2)
        file.write(b"\n7,1,2,3,4\n")
    assert last_row(path) == {"step": 7, "time": 1, "d_loss": 2, "g_loss": 3, "fid": 4}


def test_only_a_verdict_that_ends_a_run_saves_time() -> None:
    early: dict[str, Any] = {"state": "stopped", "step": 25, "steps": 100, "seconds": 9.0, "pace": 0.2}
    assert Glance(reason="stop_on: diverged at step 25", **early).saved == pytest.approx(15.0)
    assert Glance(reason="non_finite", **early).saved == 0
    assert Glance(state="finished", step=100, steps=100, pace=0.2).saved == 0
    assert Glance(state="stopped", reason="stop_on: diverged at step 25").saved == 0


def test_a_reading_agrees_with_a_failure_or_its_variant(finished: RunDirectory) -> None:
    seen = Glance(verdict=replace(Verdict.read(finished.verdict), failure="mode_collapse", variant="partial"))
    assert seen.agrees(["diverged", "mode_collapse"])
    assert seen.agrees(["mode_collapse/partial"])
    assert not seen.agrees(["mode_collapse/total"])
    assert not Glance().agrees(["healthy"])


def test_nothing_is_foretold_before_anything_is_known(plan: Plan, tmp_path: Path) -> None:
    course = Course(plan.runs, tmp_path)
    a0 = plan.runs[0].id
    assert set(course.states.values()) == {"waiting"}
    course.enter(a0, "running")
    totals = course.totals()
    assert (totals.total, totals.done, totals.running) == (4, 0, 1)
    assert (totals.rate, totals.left, totals.left_by_run, totals.saved) == (None, None, {}, 0)


def test_a_run_takes_as_long_as_its_like_took_else_as_paces_say(plan: Plan, tmp_path: Path) -> None:
    course = Course(plan.runs, tmp_path)
    a0, b0, a1, b1 = course.runs
    course.states |= {a0: "finished", b0: "running", a1: "running"}
    course.glances[a0] = Glance("finished", step=100, steps=100, seconds=30.0, pace=0.25)
    course.glances[b0] = Glance("running", step=40, steps=100, seconds=20.0, pace=0.5)
    course.glances[a1] = Glance("running", step=10, steps=100, seconds=4.0, pace=0.4)
    totals = course.totals()
    # b0 by its own pace, a1 by a0; b1, yet to begin, at b0's pace.
    assert totals.left_by_run == {b0: pytest.approx(30.0), a1: pytest.approx(26.0)}
    assert totals.left == pytest.approx((30 + 26 + 50) / 2)
    assert totals.rate == pytest.approx(1 / 0.5 + 1 / 0.4)

    # Slower than its like: its own pace. One long run holds up the end, however many run beside it.
    course.glances[a1] = Glance("running", step=20, steps=100, seconds=31.0, pace=1.55)
    totals = course.totals()
    assert totals.left_by_run[a1] == pytest.approx(80 * 1.55)
    assert totals.left == pytest.approx(80 * 1.55)

    # Given up, or stopped early: nothing is left of either.
    course.states |= {b0: "failed", a1: "stopped", b1: "running"}
    course.glances[a1] = Glance("stopped", "stop_on: diverged at step 20", 20, 100, 10.0, 0.4)
    course.glances[b1] = Glance("running", step=50, steps=100, seconds=10.0, pace=0.2)
    totals = course.totals()
    assert (totals.done, totals.failed, totals.running) == (3, 1, 1)
    assert totals.left == pytest.approx(10.0)
    assert totals.saved == pytest.approx(32.0)


def test_runs_that_ended_before_are_done_and_a_run_that_ends_says_how(
    plan: Plan, finished: RunDirectory, tmp_path: Path
) -> None:
    a0, b0, a1, b1 = (run.id for run in plan.runs)
    (tmp_path / a0).symlink_to(finished.path)
    course = Course(plan.runs, tmp_path)
    assert course.states == {a0: "finished", b0: "waiting", a1: "waiting", b1: "waiting"}
    assert course.totals().done == 1

    for name in (b0, a1, b1):
        course.enter(name, "running")
    assert course.under_way() == [b0, a1, b1]
    (tmp_path / b0).symlink_to(finished.path)
    assert course.end(b0, "").step == 20
    course.end(a1, "refused")
    course.end(b1, "interrupted")
    assert course.states == {a0: "finished", b0: "finished", a1: "failed", b1: "interrupted"}
    assert (course.totals().done, course.totals().failed) == (3, 1)


def test_looking_sees_what_was_written_meanwhile(plan: Plan, finished: RunDirectory, tmp_path: Path) -> None:
    course = Course(plan.runs, tmp_path)
    a0 = plan.runs[0].id
    course.enter(a0, "running")
    assert course.glances[a0].step is None
    (tmp_path / a0).symlink_to(finished.path)
    course.look()
    assert course.glances[a0].step == 20


def test_no_torch_is_loaded_to_watch() -> None:
    code = "import sys, ganlab.sweeps.progress, ganlab.cli.sweep_live; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_runs_that_are_not_needed_leave_the_totals(points: Any, tmp_path: Path) -> None:
    entry = RunEntry(config=points("expect=healthy"))
    plan = make_plan(SweepSpec(name="toy", runs=(entry,), seeds=SeedRange(min=3, max=6)))
    course = Course(plan.runs, tmp_path / "runs")
    ids = [run.id for run in plan.runs]
    course.enter(ids[0], "running")
    totals = course.totals()
    assert (totals.total, totals.optional, totals.not_needed) == (6, 3, 0)
    assert totals_words(totals) == "0/6 done, 3 only if needed, 0 failed, 1 running"
    course.decided(ids[4:])
    totals = course.totals()
    assert (totals.total, totals.optional, totals.not_needed) == (4, 1, 2)
    assert totals_words(totals) == "0/4 done, 2 not needed, 1 only if needed, 0 failed, 1 running"
    course.decided(ids[5:])  # a claim that others share is open again
    assert (course.totals().total, course.states[ids[4]]) == (5, "waiting")
