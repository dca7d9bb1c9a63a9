"""The runs that pages are tried with are what their names say."""

from __future__ import annotations

import pytest

from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers.run_directory import read_run
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import read_history
from tests.report.browser.runs import HOSTILE, Runs

pytestmark = pytest.mark.xdist_group("browser")


@pytest.mark.parametrize(
    ("name", "failure", "snapshots"),
    [
        ("ring", "never_learned", 9),
        ("nan", "diverged", 1),
        ("digits", "never_learned", 7),
        ("one", "inconclusive", 1),
        ("thousand", "under_trained", 1000),
        ("monitored", "mode_collapse", 5),
    ],
)
def test_verdict_and_snapshots(name: str, failure: str, snapshots: int, runs: Runs) -> None:
    evidence = read_run(runs[name])
    assert diagnose(evidence).failure == failure
    assert len(evidence.snapshots) == snapshots
    assert len(RunDirectory(runs[name]).grids()) == snapshots


def test_games(runs: Runs) -> None:
    phases = {row["phase_size"] for row in read_run(runs["progressive"]).snapshots}
    assert phases == {4, 8, 16}
    assert "back_g_loss" in read_history(RunDirectory(runs["cycle"]).history)
    assert RunDirectory(runs["conditional"]).experiment().game.name == "conditional"
    assert not RunDirectory(runs["monitored"]).config.exists()
    assert {path.name for path in runs["foreign"].iterdir()} >= {"verdict.json"}


def test_hostile_text_is_read_as_it_is(runs: Runs) -> None:
    run = RunDirectory(runs["hostile"])
    assert HOSTILE["script"] in run.status().device
    assert "{{7*7}}" in run.experiment().claim
    assert "<script>" in run.path.name
    evidence = read_run(run.path)
    assert HOSTILE["closing"] in evidence.snapshots[-1]["classes"]
