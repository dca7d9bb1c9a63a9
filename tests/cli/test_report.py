from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ganlab.cli.app import app
from ganlab.errors import GanlabError, RunError
from ganlab.report.document import is_page
from ganlab.report.making import leave_page, make_page
from ganlab.runs.directory import RunDirectory
from ganlab.sweeps.folder import SweepFolder, open_sweep
from ganlab.sweeps.plan import make_plan
from ganlab.sweeps.spec import spec_from_mapping
from ganlab.training import session

runner = CliRunner()


@pytest.fixture(scope="module")
def sweep(points: Any, tmp_path_factory: pytest.TempPathFactory) -> SweepFolder:
    """One seed trained of two, of a configuration that expects something."""
    config = points(
        "monitor.page=true", "expect=[never_learned,under_trained,inconclusive]", "claim=too short to learn"
    )
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
    claim, states, *files, page = result.output.splitlines()
    assert "1 of 1 [0.21, 1.00]" in claim
    assert "too short to learn" in claim
    assert states == "2 runs: 1 finished, 1 missing"
    names = [Path(file).name for file in files]
    assert names[:3] == ["runs.csv", "claims.csv", "summary.json"]
    assert "strips_1.png" in names
    assert all(Path(file).is_file() for file in files)
    assert Path(files[-1]) == sweep.path / "page.html"
    assert is_page(sweep.path / "page.html")
    assert page.startswith("the last of them is the page, ")
    # The page leads to those of the runs.
    (run,) = sweep.runs.iterdir()
    assert is_page(run / "page.html")
    assert f'href="runs/{run.name}/page.html"' in (sweep.path / "page.html").read_text()


def test_json_is_all_that_is_printed(sweep: SweepFolder) -> None:
    told = json.loads(report(sweep, "toy", "--json").stdout)
    assert told["folder"] == str(sweep.path)
    assert all(Path(file).is_file() for file in told["files"])
    assert told["claims"][0]["k"] == 1
    assert told["states"] == {"finished": 1, "missing": 1}
    assert (told["page"], told["bytes"]) == (str(sweep.path / "page.html"), (sweep.path / "page.html").stat().st_size)


def test_what_is_no_sweep_is_refused(sweep: SweepFolder, tmp_path: Path) -> None:
    for reference in ("nobody", str(tmp_path)):
        assert isinstance(report(sweep, reference).exception, RunError)
    assert list(tmp_path.iterdir()) == []


# -- runs


@pytest.fixture
def run(sweep: SweepFolder, tmp_path: Path) -> RunDirectory:
    """A copy of the run, in a folder of runs."""
    (trained,) = sweep.runs.iterdir()
    pages = shutil.ignore_patterns("page.*")
    return RunDirectory(Path(shutil.copytree(trained, tmp_path / "runs" / "one-s0-abcdefgh", ignore=pages)))


def page_of(run: RunDirectory, *arguments: str) -> Any:
    return runner.invoke(app, ["report", *arguments, "--runs-dir", str(run.path.parent)])


def refused(run: RunDirectory, *arguments: str) -> str:
    """The one message that a command ends with."""
    result = page_of(run, *arguments)
    assert isinstance(result.exception, GanlabError), result.output
    assert result.exception.exit_code == 2
    return str(result.exception)


@pytest.mark.parametrize("reference", ["one", "ne-s", "folder"])
def test_a_run_gets_a_page_in_its_folder_again_and_again(reference: str, run: RunDirectory) -> None:
    for _ in range(2):
        result = page_of(run, str(run.path) if reference == "folder" else reference)
        assert result.exit_code == 0, result.output
        words, path, picture = result.output.splitlines()
        assert words.startswith(f"page of run {run.path.name}, ")
        assert words.endswith(" kB:")
        assert (Path(path), Path(picture)) == (run.page, run.page.with_suffix(".png"))
        assert is_page(run.page)


def test_commands_that_make_the_same_page_at_once_do_not_fail(run: RunDirectory) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: make_page([run], run.path), range(4)))
    assert {each.path for each in made} == {run.page}
    assert is_page(run.page)


def test_json_is_path_and_bytes(run: RunDirectory, tmp_path: Path) -> None:
    out = tmp_path / "new" / "x.html"
    told = json.loads(page_of(run, "one", "--out", str(out), "--json").stdout)
    assert told == {"page": str(out), "bytes": out.stat().st_size, "picture": str(out.with_suffix(".png"))}
    assert not run.page.exists()


def test_what_is_there_is_replaced_only_with_force(run: RunDirectory, tmp_path: Path) -> None:
    out = tmp_path / "mine.html"
    page_of(run, "one", "--out", str(out))
    assert is_page(out)
    for path, arguments in ((out, ["--out", str(out)]), (run.page, [])):
        path.write_text("somebody else's")
        assert "--force replaces it" in refused(run, "one", *arguments)
        assert path.read_text() == "somebody else's"
        assert page_of(run, "one", *arguments, "--force").exit_code == 0
        assert is_page(path)


@pytest.mark.parametrize(("name", "says"), [("folder", "is a folder"), ("file/page.html", "is no folder")])
def test_a_place_that_cannot_be_written_is_refused(name: str, says: str, run: RunDirectory, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    assert says in refused(run, "one", "--out", str(tmp_path / name), "--force")


def test_what_no_page_can_be_made_of(run: RunDirectory, tmp_path: Path) -> None:
    (tmp_path / "train.log").write_text("step 1 loss_d 0.5")
    assert "ganlab diagnose" in refused(run, str(tmp_path / "train.log"))
    assert "neither a run nor a sweep" in refused(run, str(tmp_path))
    assert "did you mean one?" in refused(run, "noe")
    assert "`ganlab sweep sweeps/adam_map` makes one" in refused(run, "adam_map")
    for file in (run.history, run.snapshots):
        file.write_bytes(b"\x00")
    assert "no history and no snapshots" in refused(run, "one")


def test_a_damaged_run_has_a_page_that_says_so(run: RunDirectory) -> None:
    run.snapshots.write_text("{]\n")
    run.status_file.unlink()
    assert page_of(run, str(run.path)).exit_code == 0
    page = run.page.read_text()
    assert "line 1 of snapshots.jsonl was left out" in page
    assert "run.json cannot be used" in page


def test_a_run_that_is_called_exactly_so_comes_before_a_sweep(sweep: SweepFolder, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    (trained,) = sweep.runs.iterdir()
    shutil.copytree(sweep.path, runs / sweep.path.name)
    only_sweep = runner.invoke(app, ["report", "toy", "--runs-dir", str(runs)])
    assert "1 of 1 [0.21, 1.00]" in only_sweep.output
    shutil.copytree(trained, runs / "toy-20260101-120000-abcd")
    both = runner.invoke(app, ["report", "toy", "--runs-dir", str(runs)])
    assert both.output.startswith("page of run toy-20260101-120000-abcd")
    # A part of a run's name is not: the sweep was found by it before there were pages of runs.
    assert "1 of 1 [0.21, 1.00]" in runner.invoke(app, ["report", "to", "--runs-dir", str(runs)]).output


def test_several_runs_have_a_page_side_by_side(run: RunDirectory, tmp_path: Path) -> None:
    other = Path(shutil.copytree(run.path, run.path.with_name("two-s0-abcdefgh")))
    told = json.loads(page_of(run, "one", "two", "--json").stdout)
    page = Path(told["page"])
    assert (page.parent, page.suffix) == (run.path.parent, ".html")
    assert is_page(page)
    assert page_of(run, "one", "two").output.startswith("page of 2 runs side by side, ")
    out = tmp_path / "both.html"
    assert page_of(run, "one", str(other), "--out", str(out)).exit_code == 0
    assert b"two-s0-abcdefgh" in out.read_bytes()
    assert "named twice" in refused(run, "one", str(run.path))
    (tmp_path / "judged").mkdir()
    (tmp_path / "judged" / "verdict.json").write_text("{}")
    assert "only runs stand side by side" in refused(run, "one", str(tmp_path / "judged"))


def test_serve_is_for_one_run_that_goes_on(sweep: SweepFolder, run: RunDirectory) -> None:
    ended = page_of(run, "one", "--serve")
    assert ended.exit_code == 0, ended.output
    assert ended.output.startswith(f"run {run.path.name} has ended")
    assert is_page(run.page)
    assert "a single run" in refused(run, "one", str(sweep.path), "--serve")
    assert "a single run" in refused(run, str(sweep.path), "--serve")
    assert "leave one of them out" in refused(run, "one", "--serve", "--json")


def test_the_page_of_a_run_that_has_ended_is_opened_too(run: RunDirectory, tmp_path: Path) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    undisplayed = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = [sys.executable, "-m", "ganlab", "report", str(run.path), "--serve", "--open"]
    subprocess.run(command, env={**undisplayed, "BROWSER": str(browser)}, check=True)
    assert opened.read_text().strip() == run.page.as_uri()


def test_without_a_display_nothing_is_opened_or_made(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert "no display" in refused(run, "one", "--open")
    assert not run.page.exists()


def test_what_diagnose_wrote_has_a_page_of_its_own_again_and_again(tmp_path: Path) -> None:
    log, out = tmp_path / "train.log", tmp_path / "out"
    log.write_text("".join(f"step {step} loss_d: {0.01 + step % 3 * 0.01} loss_g: 6.5\n" for step in range(500)))
    judged = runner.invoke(app, ["diagnose", str(log), "--loss", "non_saturating", "--out", str(out)])
    assert judged.exit_code == 0, judged.output
    assert str(out / "page.html") in judged.output
    page = (out / "page.html").read_bytes()
    (out / "page.html").unlink()
    result = runner.invoke(app, ["report", str(out)])
    assert result.output.startswith("page of what was judged in out, ")
    assert (out / "page.html").read_bytes() == page
    assert b" - train.log</title>" in page
    assert b"data-chart" in page
    # An older ganlab kept no curves.
    (out / "evidence.json").unlink()
    assert runner.invoke(app, ["report", str(out)]).exit_code == 0
    assert "kept no curves" in (out / "page.html").read_text()
    (out / "evidence.json").write_text("{")
    result = runner.invoke(app, ["report", str(out)])
    assert isinstance(result.exception, RunError)


# -- unasked


def test_the_setting_decides_and_a_failure_is_a_warning(run: RunDirectory, caplog: pytest.LogCaptureFixture) -> None:
    assert leave_page(run) == run.page
    run.page.unlink()
    run.page.mkdir()
    with caplog.at_level(logging.WARNING, "ganlab"):
        assert leave_page(run) is None
    (line,) = caplog.messages
    assert line.startswith(f"warning: no page was made of {run.path.name}: ")
    assert "is a folder" in line
    run.page.rmdir()
    run.config.write_text(run.config.read_text().replace("  page: true\n", "  page: false\n"))
    assert leave_page(run) is None
    assert not run.page.exists()
    assert page_of(run, "one").exit_code == 0  # asked for, it is made
