from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ganlab.diagnosis.verdict import Verdict
from ganlab.sweeps.folder import SweepFolder, open_sweep
from ganlab.sweeps.plan import Plan, make_plan
from ganlab.sweeps.records import read_attempts, read_records
from ganlab.sweeps.spec import spec_from_mapping
from ganlab.training import session

Sweep = tuple[Plan, SweepFolder]


@pytest.fixture(scope="module")
def trained(points: Any, tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """One seed trained, the other not begun."""
    base = points("expect=[healthy,under_trained,never_learned,inconclusive]").model_dump(mode="json")
    plan = make_plan(spec_from_mapping({"name": "toy", "base": base, "seeds": 2}))
    folder = open_sweep(plan, tmp_path_factory.mktemp("runs") / plan.folder_name)
    session.start(plan.runs[0].experiment, folder.runs, name=plan.runs[0].id)
    return plan, folder


def test_records_of_trained_runs(trained: Sweep) -> None:
    plan, folder = trained
    records = read_records(plan, folder)
    assert [record.state for record in records] == ["finished", "missing"]
    first, missing = records
    assert first.planned is plan.runs[0]
    assert first.history["step"].tolist() == list(range(1, 21))
    assert first.step == 20
    assert first.verdict == Verdict.read(first.run.verdict)
    assert first.failure_name == first.verdict.name
    assert first.as_expected is (first.failure_name in plan.runs[0].experiment.expect)
    assert first.metric("fid") == first.snapshots[-1]["fid"]
    assert first.metric("no such thing") is None
    assert missing.reason == "not begun"
    assert missing.verdict is missing.as_expected is missing.metric("fid") is None
    assert (missing.history, missing.snapshots, missing.failure_name) == ({}, [], "")


def test_reading_records_needs_no_torch(trained: Sweep) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from ganlab.sweeps.folder import SweepFolder\nfrom ganlab.sweeps.summary import write_results\n"
        f"folder = SweepFolder(Path({str(trained[1].path)!r}))\nwrite_results(folder.plan(), folder)\n"
        "assert not {'torch', 'matplotlib'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_run_that_says_running_is_so_only_while_it_is_held(written: Any) -> None:
    left = written.add(status="running", verdict="mode_collapse/total", expect=("mode_collapse",))
    assert (left.state, left.reason, left.as_expected) == ("interrupted", "its process is gone", None)
    with left.run.held():
        held = read_records(written.plan(), written.folder)[0]
        assert (held.state, held.reason) == ("running", "")
        assert held.failure_name == "mode_collapse/total"
        assert held.as_expected is None  # its verdict is only the reading so far


def test_expectations_are_met_by_failure_or_variant(written: Any) -> None:
    def met(*expect: str, verdict: str = "mode_collapse/total", status: str = "finished") -> Any:
        return written.add(seed=len(written.runs), expect=expect, verdict=verdict, status=status).as_expected

    assert met("mode_collapse")
    assert met("healthy", "mode_collapse/total", status="stopped")
    assert met("mode_collapse/partial") is False
    assert met("healthy") is False
    assert met() is None
    assert met("mode_collapse", verdict="") is None
    assert met("mode_collapse", status="failed") is None


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("run.json", b"", "run.json cannot be read as JSON"),
        ("run.json", b'{"schema": 1, "status": "asleep"}', "run.json names no known status"),
        ("run.json", b'{"schema": 99, "status": "finished"}', "run.json has format 99"),
        ("run.json", b"\xff\x00", "run.json cannot be read as JSON"),
        ("verdict.json", b'{"schema": 1, "failure": ["x"]}', "verdict.json is damaged"),
        ("verdict.json", b'{"schema": 99, "failure": "healthy"}', "verdict.json has format 99"),
        ("verdict.json", b"[1]", "verdict.json holds no JSON object"),
    ],
)
def test_a_damaged_run_is_failed_and_says_why(written: Any, file: str, content: bytes, words: str) -> None:
    whole, broken = written.add("whole"), written.add("broken")
    (broken.run.path / file).write_bytes(content)
    records = read_records(written.plan(), written.folder)
    assert [record.state for record in records] == ["finished", "failed"]
    assert records[1].reason.startswith(words)  # without the folder, which may move
    assert (records[1].verdict, records[1].status) == (None, None)
    assert whole.failure_name == records[0].failure_name


def test_why_a_run_never_began_stands_in_the_attempts(written: Any) -> None:
    whole, gone, left = written.add("whole"), written.add("gone"), written.add("left", status="running")
    for record in (whole, gone, left):
        for words in ("first", "killed (SIGKILL)"):
            written.folder.note_attempt({"run": record.planned.id, "cause": "out_of_memory", "words": words})
    gone.run.status_file.unlink()
    reasons = [(record.state, record.reason) for record in read_records(written.plan(), written.folder)]
    why = "out_of_memory: killed (SIGKILL)"
    assert reasons == [("finished", ""), ("missing", why), ("interrupted", why)]


def test_damaged_attempts_are_counted_as_such(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    assert read_attempts(folder) == []
    folder.attempts.write_text('{"run": "a", "cause": "crash"}\n{"run": \n[1]\n{"run": "torn')
    assert [row["cause"] for row in read_attempts(folder)] == ["crash", "unreadable", "unreadable"]
