from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ganlab.cli.app import app
from ganlab.errors import RunError
from ganlab.sweeps.folder import SweepFolder, open_sweep
from ganlab.sweeps.plan import make_plan
from ganlab.sweeps.spec import spec_from_mapping
from ganlab.training import session

runner = CliRunner()


@pytest.fixture(scope="module")
def sweep(points: Any, tmp_path_factory: pytest.TempPathFactory) -> SweepFolder:
    """One seed trained of two, of a configuration that expects something."""
    config = points("expect=[never_learned,under_trained,inconclusive]", "claim=too short to learn")
    entry = {"config": config.model_dump(mode="json")}
    plan = make_plan(spec_from_mapping({"name": "toy", "runs": [entry], "seeds": 2}))
    folder = open_sweep(plan, tmp_path_factory.mktemp("runs") / plan.folder_name)
    session.start(plan.runs[0].experiment, folder.runs, name=plan.runs[0].id)
    return folder


def report(sweep: SweepFolder, *arguments: str) -> Any:
    return runner.invoke(app, ["report", *arguments, "--runs-dir", str(sweep.path.parent)])


@pytest.mark.parametrize("by_name", [True, False])
def test_claims_states_and_files(by_name: bool, sweep: SweepFolder) -> None:
    result = report(sweep, "sweep-toy" if by_name else str(sweep.path))
    assert result.exit_code == 0, result.output
    claim, states, *files = result.output.splitlines()
    assert "1 of 1 [0.21, 1.00]" in claim
    assert "too short to learn" in claim
    assert states == "2 runs: 1 finished, 1 missing"
    names = [Path(file).name for file in files]
    assert names[:3] == ["runs.csv", "claims.csv", "summary.json"]
    assert "strips_1.png" in names
    assert all(Path(file).is_file() for file in files)


def test_json_is_all_that_is_printed(sweep: SweepFolder) -> None:
    told = json.loads(report(sweep, "toy", "--json").stdout)
    assert told["folder"] == str(sweep.path)
    assert all(Path(file).is_file() for file in told["files"])
    assert told["claims"][0]["k"] == 1
    assert told["states"] == {"finished": 1, "missing": 1}


def test_what_is_no_sweep_is_refused(sweep: SweepFolder, tmp_path: Path) -> None:
    (run,) = sweep.runs.iterdir()
    for reference in ("nobody", str(tmp_path), str(run)):
        assert isinstance(report(sweep, reference).exception, RunError)
    assert list(tmp_path.iterdir()) == []
