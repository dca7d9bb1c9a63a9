"""Expectation, verdict and truth of a sweep's runs: from a toy sweep to tables."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from ganlab.sweeps.counting import wilson
from ganlab.sweeps.folder import SweepFolder, open_sweep
from ganlab.sweeps.plan import make_plan
from ganlab.sweeps.spec import spec_from_mapping
from ganlab.sweeps.summary import write_results
from ganlab.training import session
from truth.sweeps import Judged, has_ended, judge_all, judged, known, read_runs, settings, tables

pytestmark = pytest.mark.xdist_group("truth_sweeps")  # trained once


@pytest.fixture(scope="module")
def sweep(points: Any, tmp_path_factory: pytest.TempPathFactory) -> SweepFolder:
    """A grid of two learning rates, and a config that expects to be healthy after 20 steps; one run is not begun."""
    base = points("monitor.keep_samples=true").model_dump(mode="json")
    entry = {**base, "name": "short", "expect": "healthy"}
    spec = {"name": "toy", "base": base, "grid": {"optimizer.lr": [1e-3, 1e-2]}, "runs": [{"config": entry}]}
    plan = make_plan(spec_from_mapping(spec))
    folder = open_sweep(plan, tmp_path_factory.mktemp("runs") / plan.folder_name)
    for planned in plan.runs[1:]:
        session.start(planned.experiment, folder.runs, name=planned.id)
    write_results(plan, folder)
    judge_all(folder)
    return folder


def test_runs_that_ended_are_judged_and_others_are_not(sweep: SweepFolder) -> None:
    rows = read_runs(sweep.path)
    assert [has_ended(row) for row in rows] == [False, True, True]
    assert [settings(row) for row in rows] == [{"optimizer.lr": "1e-3"}, {"optimizer.lr": "0.01"}, {}]
    runs = judged(sweep.path)
    assert [each.row["run"] for each in runs] == [row["run"] for row in rows[1:]]
    assert [each.truth["family"] for each in runs] == ["", ""]
    assert [each.truth["kind"] for each in runs] == ["points", "points"]
    assert [each.as_expected for each in runs] == [None, False]
    assert runs[1].expected == "healthy"
    verdict = json.loads(sweep.run(rows[2]["run"]).verdict.read_text())
    assert (runs[1].row["verdict"], runs[1].row["variant"]) == (verdict["failure"], verdict["variant"] or "")
    assert runs[1].confidence == pytest.approx(verdict["confidence"], abs=1e-6)


def test_a_run_is_judged_again_only_if_it_was_trained_again(sweep: SweepFolder) -> None:
    file = sweep.path / "truth.json"
    before = json.loads(file.read_text())
    first, second = before
    file.write_text(json.dumps({**before, first: {**before[first], "label": "kept"}}))
    judge_all(sweep)
    assert json.loads(file.read_text())[first]["label"] == "kept"
    file.write_text(json.dumps({**before, first: {**before[first], "label": "old", "ended": "at another time"}}))
    assert set(known(sweep)) == {second}
    judge_all(sweep)
    assert json.loads(file.read_text()) == before


def test_results_without_the_truth_of_a_run_are_refused(sweep: SweepFolder, tmp_path: Path) -> None:
    for name in ("runs.csv", "summary.json"):
        (tmp_path / name).write_bytes((sweep.path / name).read_bytes())
    with pytest.raises(SystemExit, match="not all runs are judged"):
        judged(tmp_path)


NUMBERS = {"training_samples": 50_000, "passing": 0.9, "spread": 1.0, "lost": [1], "lost_mass": 0.2, "away": 1.0,
           "variety": 0.9, "repeats": 0.9, "copying": None, "earlier": []}  # fmt: skip


def run(label: str, verdict: str, expected: str = "", as_expected: str = "", seed: int = 0) -> Judged:
    failure, _, variant = verdict.partition("/")
    row = {"run": "r", "config": "c", "seed": str(seed), "state": "finished", "verdict": failure, "variant": variant}
    row |= {"confidence": "0.89", "expected": expected, "as_expected": as_expected}
    truth = {"label": label, "kind": "images", "family": "", "mechanism": "", "statistics": NUMBERS}
    return Judged(row, truth)


RUNS = [
    run("good", "healthy", "healthy|under_trained", "yes"),
    run("good", "mode_collapse/total", "healthy|under_trained", "no"),
    run("garbage", "healthy", "mode_collapse", "no"),
    run("poor", "healthy"),
    run("poor", "degraded", seed=1),
    run("total", "mode_collapse/total", "diverged", "no"),
    run("poor", "healthy", seed=2),
]


def test_totals_with_their_intervals() -> None:
    (line,) = (line for line in tables({"toy": RUNS}).splitlines() if line.startswith("| toy |"))
    counts = ((1, 4), (3, 7), (1, 2), (1, 2), (2, 3), (0, 7))
    shown = [f"{k} of {n} [{wilson(k, n)[0]:.2f}, {wilson(k, n)[1]:.2f}]" for k, n in counts]
    assert line == f"| toy | 7 | {' | '.join(shown)} |"


def test_tables_of_expectation_truth_and_wrong_verdicts() -> None:
    text = tables({"toy": RUNS})
    (unexpected,) = (line for line in text.splitlines() if line.startswith("Of "))
    assert [word for word in unexpected.split() if word.isdigit()] == ["3", "1"]
    assert "| verdict | diverged | mode collapse | healthy |" in text
    assert "| **as expected** | **0 of 1** | **0 of 1** | **1 of 2** |" in text
    assert "| verdict | good | poor | garbage | total |" in text
    assert "| healthy | 1 | 2 | 1 |  |" in text
    assert "| **right** | **1 of 2** | **1 of 3** | **0 of 1** | **1 of 1** |" in text
    assert "| c | 0, 2 | poor |  | healthy | 0.89 |" in text


def test_two_sweeps_are_counted_together() -> None:
    lines = tables({"a": RUNS[:2], "b": RUNS[2:]}).splitlines()
    assert [line.split("|")[1:3] for line in lines[2:5]] == [[" a ", " 2 "], [" b ", " 5 "], [" all ", " 7 "]]


def test_if_every_verdict_is_right_the_tables_say_so() -> None:
    assert "No verdict is wrong." in tables({"toy": RUNS[:1]})


def test_rows_in_the_repository_are_of_runs_that_are_in_the_table_of_runs() -> None:
    for folder in (Path(__file__).parents[2] / "docs" / "sweeps").iterdir():
        with (folder / "runs.csv").open(newline="") as file:
            ended = [row["run"] for row in csv.DictReader(file) if row["state"] == "finished"]
        assert list(json.loads((folder / "truth.json").read_text())) == ended
