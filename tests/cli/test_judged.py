"""What `ganlab diagnose` says of treating a run, of a run that diverges."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ganlab.cli.app import app
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import write_json
from ganlab.training import session
from tests.conftest import DIVERGES
from tests.report.test_treatments import arm, treatment


def ganlab(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(scope="module")
def runs(points: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that diverges, and one that ends too early to say anything."""
    folder = tmp_path_factory.mktemp("two runs")
    session.start(points(*DIVERGES), folder)
    session.start(points("name=tame", "training.device=cpu"), folder)
    return folder


def advice(output: str) -> list[str]:
    """Return the items below `what to do`."""
    _, _, rest = output.partition("what to do:\n")
    return [line for line in rest.partition("\nfiles:")[0].splitlines() if line.startswith("  • ")]


def test_a_run_that_failed_is_to_be_treated(runs: Path) -> None:
    said = ganlab("diagnose", "wild", "--runs-dir", str(runs))
    assert said.exit_code == 0, said.output
    assert advice(said.output)[-1] == f"  • `ganlab treat wild --runs-dir '{runs}'` tries these next to controls"
    assert "ganlab treat" not in ganlab("diagnose", "tame", "--runs-dir", str(runs)).output


def test_what_its_treatment_found_takes_the_place_of_that(runs: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(runs, tmp_path / "runs"))
    run = next(folder.glob("wild*"))
    treated = folder / "treat-wild-abcdefgh"
    treatment(treated, "r1", arm("r1", 3, 3), run=run.name)
    last = advice(ganlab("diagnose", str(run)).output)[-1]
    assert last.startswith("  • treated: r1 (loss: r1) cured 3 of 3 trials; the run unchanged healed in 0 of 3")
    assert last.endswith(f"; see {treated}")
    RunDirectory(treated).page.touch()
    assert advice(ganlab("diagnose", str(run)).output)[-1].endswith(f"; see {treated / 'page.html'}")
    assert json.loads(ganlab("diagnose", str(run), "--json").stdout)["failure"] == "diverged"

    write_json(treated / "treatment.json", {"run": run.name})
    said = ganlab("diagnose", str(run)).output
    assert "treat-wild-abcdefgh/treatment.json is damaged" in said
    assert "tries these next to controls" in said
