from __future__ import annotations

import math
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.errors import RunError


def run_folder(folder: Path) -> None:
    (folder / "metrics" / "train").mkdir(parents=True)
    (folder / "meta.yaml").write_text("run_id: abc\nstatus: 3\n")
    (folder / "metrics" / "train" / "d_loss").write_text(
        "1700000000000 1.5 0\n1700000000001 nan 10\n1700000000002 1 20\n"
    )
    (folder / "metrics" / "g_loss").write_text("1700000000000 0.5 0\n1700000000001 0.25 20\n")
    (folder / "params").mkdir()
    (folder / "params" / "lr").write_text("0.001")


def test_a_run_is_a_file_a_metric(tmp_path: Path) -> None:
    run_folder(tmp_path / "mlruns" / "0" / "abc")
    for path in (tmp_path / "mlruns" / "0" / "abc", tmp_path / "mlruns", tmp_path):
        found = read(path, ReadOptions())
        assert found.curves["d_loss"].steps.tolist() == [0, 10, 20]
        np.testing.assert_array_equal(found.curves["d_loss"].values, [1.5, math.nan, 1.0])
        assert found.curves["g_loss"].steps.tolist() == [0, 20]


def test_several_runs_are_named(tmp_path: Path) -> None:
    for run in "ab":
        run_folder(tmp_path / "0" / run)
    with pytest.raises(RunError, match="holds 2 logs: `0/a/`, `0/b/`"):
        read(tmp_path, ReadOptions())


@pytest.mark.parametrize("runs", [1, 2])
def test_a_database_of_one_run(tmp_path: Path, runs: int) -> None:
    database = sqlite3.connect(tmp_path / "mlflow.db")
    database.execute("CREATE TABLE runs (run_uuid, name)")
    database.execute("CREATE TABLE metrics (key, value, timestamp, run_uuid, step, is_nan)")
    for run in range(runs):
        for step in range(5):
            database.execute(
                "INSERT INTO metrics VALUES ('d_loss', ?, ?, ?, ?, ?)", (step / 2, step, run, step, step == 3)
            )
    database.commit()
    database.close()
    if runs > 1:
        with pytest.raises(RunError, match="2 runs"):
            read(tmp_path / "mlflow.db", ReadOptions())
        return
    found = read(tmp_path / "mlflow.db", ReadOptions())
    np.testing.assert_array_equal(found.curves["d_loss"].values, [0.0, 0.5, 1.0, math.nan, 2.0])
