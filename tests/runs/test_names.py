"""Which run is meant by what a user types; runs are made as `ganlab train` and `ganlab sweep` make them."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest

from ganlab.errors import RunError
from ganlab.runs import directory
from ganlab.runs.directory import find_run
from ganlab.runs.names import Named, runs_beside, runs_in
from ganlab.runs.status import RunStatus

SWEEP = "sweep-guide-abcdefgh"


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "ganlab")
    return caplog


@pytest.fixture
def make(tmp_path: Path, points: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a run of an experiment, a second after the last one; in a sweep, under the name that the sweep gives it."""
    monkeypatch.chdir(tmp_path)
    ages = iter(range(100, 1000))

    def run(experiment: str, sweep: str = "", name: str | None = None) -> Path:
        runs = Path("runs", sweep, "runs") if sweep else Path("runs")
        made = directory.create_run(runs, points(f"name={experiment}"), name)
        if sweep:
            (runs.parent / "spec.yaml").write_text("name: guide")
        made.write_status(RunStatus(status="finished"))
        age = next(ages)
        os.utime(made.status_file, (age, age))
        return made.path

    return run


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("latent_1-20260101-120000-abcd", "latent_1"),
        ("latent_1-s10-abcdefgh", "latent_1"),
        ("sweep-adam_map-abcdefgh", "adam_map"),
        ("first", "first"),
        ("a-b-20260101", "a-b-20260101"),
    ],
)
def test_a_folder_is_called_without_time_seed_and_letters(folder: str, name: str) -> None:
    assert Named(Path("runs", folder), 0.0).name == name


def test_runs_inside_sweeps_are_found(make: Any) -> None:
    alone, inside = make("smoke"), make("latent_1", SWEEP, "latent_1-s0-abcdefgh")
    (Path("runs") / "thesis" / "runs" / "latent_1-s1-abcdefgh").mkdir(parents=True)  # no sweep: it has no spec
    assert [named.path for named in runs_in(Path("runs"))] == [alone, inside]
    assert [named.path for named in runs_beside(Path("runs"))] == [alone]
    for reference in ("latent_1", "latent", "latent_1-s0-abcdefgh", "guide/latent_1", f"runs/{SWEEP}/latent_1"):
        assert find_run(reference, Path("runs")).path == inside
    assert find_run("latent_1", Path("runs", SWEEP)).path == inside
    assert find_run(str(inside) + "/", Path("elsewhere")).path == inside


def test_of_runs_of_one_name_the_newest_is_taken_and_said(make: Any, said: pytest.LogCaptureFixture) -> None:
    make("smoke"), make("smoke", SWEEP, "smoke-s0-abcdefgh")
    newest = make("smoke")
    assert find_run("smoke", Path("runs")).path == newest
    assert said.messages == [f"3 runs are called smoke; this is the newest: {newest}"]
    newest = make("smoke", SWEEP, "smoke-s1-abcdefgh")
    assert find_run("smo", Path("runs")).path == newest


def test_a_trial_of_a_treatment_is_taken_only_if_nothing_else_fits_as_well(make: Any) -> None:
    run = make("r1")
    trial = make("r1", "treat-wild-abcdefgh", "r1-s1-abcdefgh")
    other = make("unchanged", "treat-wild-abcdefgh", "unchanged-s1-abcdefgh")
    assert find_run("r1", Path("runs")).path == run
    assert find_run("treat-wild/r1", Path("runs")).path == trial
    assert find_run("unchanged", Path("runs")).path == other


def test_one_that_asks_quietly_is_not_told(make: Any, said: pytest.LogCaptureFixture) -> None:
    make("smoke"), make("smoke")
    find_run("smoke", Path("runs"), quiet=True)
    assert said.messages == []


def test_the_only_one_needs_no_words(make: Any, said: pytest.LogCaptureFixture) -> None:
    make("smoke")
    find_run("smoke", Path("runs"))
    assert said.messages == []


def test_a_whole_name_comes_before_whole_words_and_those_before_parts(make: Any) -> None:
    ring, packed, bigger = make("ring"), make("ring_packed"), make("strings_10")
    assert find_run("ring", Path("runs")).path == ring
    assert find_run("packed", Path("runs")).path == packed
    assert find_run("ings_1", Path("runs")).path == bigger
    make("latent_10"), make("my_latent_1")
    assert find_run("latent_1", Path("runs")).path.name.startswith("my_latent_1-")


def test_runs_that_are_called_differently_are_not_guessed_at(make: Any) -> None:
    make("alpha"), make("beta"), make("beta")
    with pytest.raises(RunError, match=r"'-' could mean 3 runs, called `alpha`, `beta`\ngive more of the name"):
        find_run("-", Path("runs"))


@pytest.mark.parametrize("typed", ["smkoe", "SMOKE", "runs/smkoe"])
def test_a_slip_is_told_with_what_was_meant(make: Any, typed: str) -> None:
    make("smoke")
    with pytest.raises(RunError, match=r"no run in runs has '.*' in its name\ndid you mean smoke\?"):
        find_run(typed, Path("runs"))


def test_an_experiment_with_its_folder_finds_its_runs(make: Any) -> None:
    run = make("latent_1")
    make("latent_10")
    for reference in ("failures/latent_1", "failures/latent_1.yaml"):
        assert find_run(reference, Path("runs")).path == run
    Path("mine").mkdir()
    Path("mine/latent_1.yaml").write_text("extends: failures/latent_1")
    assert find_run("mine/latent_1.yaml", Path("runs")).path == run
    # A path that leads nowhere is never taken for a run by its last part.
    with pytest.raises(RunError, match="no run in runs has 'nowhere/latent_1' in its name"):
        find_run("nowhere/latent_1", Path("runs"))


def test_a_folder_of_its_name_does_not_hide_a_run(make: Any, said: pytest.LogCaptureFixture) -> None:
    run = make("smoke")
    Path("smoke").mkdir()
    assert find_run("smoke", Path("runs")).path == run
    assert said.messages == ["smoke is taken for the name of a run; the folder is ./smoke"]
    for reference in ("./smoke", "."):
        with pytest.raises(RunError, match="no run directory"):
            find_run(reference, Path("runs"))
    Path("smo").mkdir()  # a part of a name is not what the folder is called
    with pytest.raises(RunError, match="no run directory"):
        find_run("smo", Path("runs"))


@pytest.mark.parametrize("reference", ["", "/", "a" * 5000, "\0", "[", "*"])
def test_what_can_be_no_name_means_no_run(make: Any, reference: str) -> None:
    make("smoke")
    with pytest.raises(RunError):
        find_run(reference, Path("runs"))


def test_a_file_is_no_folder_of_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="is a file, not a folder of runs"):
        find_run("smoke", tmp_path / "file")
