"""`ganlab treat` as a user meets it, up to where trials would start; tests/treatment trains them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ganlab.cli.app import app
from ganlab.cli.treat_table import show_treatment
from ganlab.config.load import load_experiment
from ganlab.errors import GanlabError
from ganlab.runs.directory import RunDirectory
from ganlab.training import session
from ganlab.treatment.carry_out import Treatment
from ganlab.treatment.plan import Wishes
from ganlab.treatment.planning import examine, make_treatment
from ganlab.treatment.results import best_of, results
from ganlab.treatment.rounds import Trial
from tests.conftest import DIVERGES


def ganlab(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(scope="module")
def wild(points: Any, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    folder = tmp_path_factory.mktemp("runs")
    return session.start(points(*DIVERGES), folder)


def test_a_dry_run_shows_arms_and_time_and_starts_nothing(wild: RunDirectory) -> None:
    arguments = ("treat", "wild", "--runs-dir", str(wild.path.parent), "--budget", "9h", "--dry-run", "--workers", "1")
    said = ganlab(*arguments)
    assert said.exit_code == 0, said.output
    names = [line.split()[0] for line in said.output.splitlines() if line.startswith("  ")]
    told = json.loads(ganlab(*arguments, "--json", "--try", "latent.dim=8").stdout)
    assert [arm["name"] for arm in told["arms"]] == [*names[:2], "latent_dim_8", *names[2:]]
    assert names[:2] == ["unchanged", "random"]
    assert told["expected_seconds"] > 0
    assert not Path(told["folder"]).exists()
    assert ganlab(*arguments, "--seeds", "2").exit_code == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--budget", "1s"), "too small"),
        (("--budget", "soon"), "not written"),
        (("--only", "r3"), "no remedy"),
        (("--try", "loss=foo"), "--try loss=foo"),
    ],
)
def test_a_refusal_starts_nothing(wild: RunDirectory, options: tuple[str, ...], said: str) -> None:
    refused = ganlab("treat", "wild", "--runs-dir", str(wild.path.parent), "--workers", "1", *options)
    assert isinstance(refused.exception, GanlabError)
    assert said in str(refused.exception)
    assert list(wild.path.parent.iterdir()) == [wild.path]


def test_the_table_has_a_row_an_arm_and_says_what_is_proved(
    wild: RunDirectory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = make_treatment(examine(wild), Wishes(36_000.0, only=("r1",)), 1)
    done = {
        (arm.name, seed): Trial(arm.name, seed, "run", "finished", verdict, verdict == "healthy", 20, fid, None, 1.0)
        for arm in plan.arms
        for seed in plan.seeds[:3]
        for verdict, fid in ([("healthy", 0.25)] if arm.name == "r1" else [("mode_collapse/cycling", 1.0)])
    }
    found = results(plan, plan.arms, done, 1)
    (tmp_path / "page.html").touch()
    shown = Treatment(tmp_path, plan, tuple(found), best_of(found), tmp_path / "cured.yaml", finished=wild.path)
    show_treatment(shown, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert "variety" not in " ".join(lines)  # which no trial has
    assert str(tmp_path / "page.html") in lines
    assert lines[-2].startswith("trained to its end, the cured experiment is judged: Diverged")
    assert lines[-1] in (str(wild.path), str(wild.page))
    (row,) = [line for line in lines if line.startswith("r1 ")]
    assert "healthy x3" in row
    assert "3 of 3 [0.44, 1.00]" in row
    assert "0.25 (1)" in row
    assert any("in brackets that of the unchanged trials" in line for line in lines)
    assert row.rstrip().endswith("cured")
    assert any("p 0.029 against the unchanged run" in line for line in lines)

    varied = {key: trial._replace(variety=0.5) for key, trial in done.items()}
    show_treatment(Treatment(tmp_path, plan, tuple(results(plan, plan.arms[:2], varied, 1)), None, None), as_json=False)
    said = capsys.readouterr().out
    assert "nothing was shown to cure it" in said
    assert "0.5 (0.5)" in said


def test_a_treatment_is_no_run_to_treat(tmp_path: Path) -> None:
    folder = tmp_path / "treat-wild-abcdefgh"
    folder.mkdir()
    (folder / "treatment.json").write_text('{"schema": 1, "run": "wild-1"}')
    for name in (str(folder), folder.name):
        refused = ganlab("treat", name, "--runs-dir", str(tmp_path))
        assert "is a treatment, that of the run wild-1" in str(refused.exception)


def test_a_log_of_other_code_gets_its_remedies_in_words_and_an_experiment(tmp_path: Path) -> None:
    rows = "".join(f"{step},{1e-6 * (step % 7)},{3.0 + step % 3},{3e-4}\n" for step in range(500))
    (tmp_path / "log.csv").write_text(f"step,d_loss,g_loss,lr_d\n{rows}")
    target = tmp_path / "analogy.yaml"
    arguments = ("treat", str(tmp_path / "log.csv"), "--loss", "hinge", "--as-experiment", str(target))
    said = ganlab(*arguments)
    assert said.exit_code == 0, said.output
    assert "  1. " in said.output
    assert "analogy" in target.read_text().splitlines()[1]
    experiment = load_experiment(target)
    assert (experiment.name, experiment.data.name, experiment.loss) == ("analogy", "ring", "hinge")
    assert experiment.optimizer.discriminator.lr == 3e-4
    assert "exists already" in str(ganlab(*arguments).exception)


def test_what_is_for_logs_is_refused_for_runs(wild: RunDirectory, tmp_path: Path) -> None:
    refused = ganlab("treat", str(wild.path), "--as-experiment", str(tmp_path / "analogy.yaml"))
    assert "for logs of other code" in str(refused.exception)
    assert not list(tmp_path.iterdir())
