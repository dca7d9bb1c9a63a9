from __future__ import annotations

import csv
import json
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganlab.runs.history import read_history
from ganlab.runs.snapshots import read_snapshots
from ganlab.sweeps.folder import SweepFolder, open_sweep
from ganlab.sweeps.plan import Plan, make_plan
from ganlab.sweeps.spec import spec_from_mapping
from ganlab.sweeps.summary import cell, steps_saved, write_results
from ganlab.training import session

Sweep = tuple[Plan, SweepFolder]
RATES = ("1e-3", "0.01")


@pytest.fixture(scope="module")
def trained(points: Any, tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """Two learning rates, of which the second is not begun, and a config that expects something."""
    base = points().model_dump(mode="json")
    entry = {**points("training.steps=8").model_dump(mode="json"), "name": "short", "expect": "healthy"}
    claim = {
        "measure": "verdict",
        "runs": ["short"],
        "verdicts": ["never_learned", "inconclusive"],
        "claim": "too short",
    }
    spec = {
        "name": "toy",
        "base": base,
        "grid": {"optimizer.lr": [1e-3, 1e-2]},
        "runs": [{"config": entry}],
    }
    plan = make_plan(spec_from_mapping({**spec, "claims": [claim]}))
    folder = open_sweep(plan, tmp_path_factory.mktemp("runs") / plan.folder_name)
    for planned in plan.runs[::2]:
        session.start(planned.experiment, folder.runs, name=planned.id)
    return plan, folder


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def strict_json(path: Path) -> Any:
    def refuse(name: str) -> Any:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(path.read_text(), parse_constant=refuse)


def test_runs_csv_says_what_the_directories_say(trained: Sweep) -> None:
    plan, folder = trained
    write_results(plan, folder)
    rows = read_rows(folder.path / "runs.csv")
    assert [row["run"] for row in rows] == [planned.id for planned in plan.runs]
    assert [row["state"] for row in rows] == ["finished", "missing", "finished"]
    assert [row["optimizer.lr"] for row in rows] == [*RATES, ""]
    assert [row["seed"] for row in rows] == ["0"] * 3
    for planned, row in zip(plan.runs[::2], rows[::2], strict=True):
        run = folder.run(planned.id)
        history, last = read_history(run.history), read_snapshots(run.snapshots)[-1]
        verdict = json.loads(run.verdict.read_text())
        tenth = max(1, len(history["step"]) // 10)
        for name in ("d_loss", "g_loss", "d_acc_real", "d_acc_fake"):
            assert float(row[name]) == pytest.approx(np.mean(history[name][-tenth:]), rel=1e-5)
        for name in ("good", "fid", "precision", "recall", "density", "coverage"):
            assert float(row[name]) == pytest.approx(last[name], rel=1e-5)
        relative = max(0.0, (last["vendi"] - 1) / (last["vendi_real"] - 1))
        assert float(row["relative_vendi"]) == pytest.approx(relative, rel=1e-5)
        assert row["classes_seen"] == str(sum(map(bool, last["class_counts"])))
        assert (row["verdict"], row["variant"]) == (verdict["failure"], verdict["variant"] or "")
        assert (row["step"], row["stopped_early"]) == (str(planned.experiment.training.steps), "0")
    assert rows[2]["expected"] == "healthy"
    assert rows[2]["as_expected"] == ("yes" if rows[2]["verdict"] == "healthy" else "no")
    assert rows[0]["as_expected"] == rows[0]["expected"] == rows[1]["fid"] == ""


def test_claims_and_summary_of_trained_runs(trained: Sweep) -> None:
    plan, folder = trained
    results = write_results(plan, folder)
    assert [record.state for record in results.records].count("missing") == 1
    claims = read_rows(folder.path / "claims.csv")
    assert [row["claim"] for row in claims] == ["short", "too short"]
    assert [(row["k"], row["n"]) for row in claims] == [(str(row.k), str(row.n)) for row in results.claims]

    summary = strict_json(folder.path / "summary.json")
    assert (summary["schema"], summary["name"], summary["runs"]) == (1, "toy", 3)
    assert plan.folder_name == f"sweep-toy-{summary['letters']}"
    assert summary["states"] == {"finished": 2, "missing": 1}
    assert summary["machine"] == {"cores": os.cpu_count(), "devices": [f"cpu ({platform.machine()})"], "threads": [1]}
    assert sum(summary["verdicts"].values()) == 2
    assert [each["n"] for each in summary["configs"]] == [1, 0, 1]
    assert [each["settings"] for each in summary["configs"]] == [*({"optimizer.lr": rate} for rate in RATES), {}]
    assert summary["claims"][1]["claim"] == "too short"
    assert summary["seconds"]["trained"] == pytest.approx(
        sum((record.seconds or 0) for record in results.records), abs=1e-3
    )


def test_writing_the_results_again_changes_nothing(trained: Sweep) -> None:
    plan, folder = trained
    names = ("runs.csv", "claims.csv", "summary.json")
    write_results(plan, folder)
    before = [(folder.path / name).read_bytes() for name in names]
    write_results(folder.plan(), folder)
    assert [(folder.path / name).read_bytes() for name in names] == before


def test_a_cell_has_its_most_frequent_verdict(written: Any) -> None:
    for seed, (verdict, onset) in enumerate(
        [("healthy", None), ("diverged", 30), ("diverged", 50), ("diverged", None)]
    ):
        written.add("lr=1", seed, verdict=verdict, onset=onset, settings={"lr": "1"})
    written.add("lr=1", 4, verdict="healthy", status="failed", settings={"lr": "1"})
    written.add("lr=2", 0, verdict="", settings={"lr": "2"})
    write_results(written.plan(axes=["lr"]), written.folder)
    first, second = strict_json(written.folder.path / "summary.json")["configs"]
    assert (first["low"], first["high"]) == pytest.approx((0.3006, 0.9544), abs=5e-5)
    assert first | {"low": 0, "high": 1} == {
        "config": "lr=1", "settings": {"lr": "1"}, "planned": 5, "n": 4, "verdicts": {"diverged": 3, "healthy": 1},
        "verdict": "diverged", "k": 3, "rate": 0.75, "low": 0, "high": 1, "onset": 40.0,
    }  # fmt: skip
    assert (second["n"], second["verdict"], second["rate"], second["onset"]) == (0, None, None, None)


def test_time_saved_is_estimated_from_the_runs_own_rate(written: Any) -> None:
    steps = {"training": {"steps": 500}}
    stopped = written.add("a", curves={"g_loss": np.ones(100)}, status="stopped", seconds=20.0, **steps)
    failed = written.add("b", curves={"g_loss": np.ones(100)}, status="failed", seconds=7.0, **steps)
    done = written.add("c", curves={"g_loss": np.ones(500)}, seconds=50.0, **steps)
    assert [steps_saved(record) for record in (stopped, failed, done)] == [400, None, 0]
    for cause in ("crash", "crash", "out_of_memory"):
        written.folder.note_attempt({"run": "b", "cause": cause, "words": "x"})
    write_results(written.plan(), written.folder)
    summary = strict_json(written.folder.path / "summary.json")
    assert summary["seconds"] == {"trained": 77.0, "saved": 80.0}
    assert summary["attempts"] == {"total": 3, "causes": {"crash": 2, "out_of_memory": 1}}
    assert [row["stopped_early"] for row in read_rows(written.folder.path / "runs.csv")] == ["400", "", "0"]


def test_a_wasserstein_loss_has_no_accuracy_and_nan_ends_no_mean(written: Any) -> None:
    empty, losses = np.full(20, np.nan), np.append(np.ones(19), np.nan)
    written.add(curves={"d_loss": losses, "d_acc_real": empty}, status="stopped", reason="non_finite")
    write_results(written.plan(), written.folder)
    [row] = read_rows(written.folder.path / "runs.csv")
    assert (row["d_loss"], row["d_acc_real"], row["g_loss"], row["reason"]) == ("1", "", "", "non_finite")


def test_damage_is_told_and_stops_nothing(written: Any) -> None:
    for file in ("history.csv", "snapshots.jsonl", "run.json", "verdict.json"):
        record = written.add(file.split(".")[0], curves={"g_loss": np.ones(20)}, snapshots=[{"step": 0, "fid": 1.0}])
        (record.run.path / file).write_bytes(b"\xffgarbage,\nmore,1\n")
    written.folder.attempts.write_text("garbage\n")
    write_results(written.plan(), written.folder)
    rows = read_rows(written.folder.path / "runs.csv")
    assert [row["state"] for row in rows] == ["finished", "finished", "failed", "failed"]
    assert all(row["reason"] for row in rows)
    assert str(written.folder.path) not in (written.folder.path / "runs.csv").read_text()
    assert strict_json(written.folder.path / "summary.json")["attempts"]["causes"] == {"unreadable": 1}


def test_an_axis_may_be_called_like_a_column(written: Any) -> None:
    written.add(settings={"state": "solid", "=1+1": "@home"})
    write_results(written.plan(axes=["state", "=1+1"]), written.folder)
    [row] = read_rows(written.folder.path / "runs.csv")
    assert (row["state"], row["state (axis)"], row["'=1+1"]) == ("finished", "solid", "'@home")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (True, "yes"), (False, "no"), (3, "3"), (0.123456789, "0.123457"), (1e-5, "1e-05"),
        ("=SUM(A1)", "'=SUM(A1)"), ("+cmd", "'+cmd"), ("-cmd", "'-cmd"), ("@x", "'@x"), ("-1e-3", "-1e-3"),
        ("+2", "+2"), ("-", "-"), ("two\nlines", "two lines"), ("plain", "plain"),
    ],
)  # fmt: skip
def test_cells(value: Any, text: str) -> None:
    assert cell(value) == text
