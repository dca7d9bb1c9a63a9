"""`ganlab guide` as a student meets it, at toy size: the list, a lesson, its screen, and Ctrl-C."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from ganlab.cli.app import app
from ganlab.cli.guide import show_lessons
from ganlab.cli.lesson_screen import show_lesson
from ganlab.cli.lesson_seen import Seen
from ganlab.config.load import apply_overrides, load_experiment
from ganlab.diagnosis.readers import ReadOptions
from ganlab.diagnosis.sessions import diagnose_path
from ganlab.lessons import find_lesson, list_lessons
from ganlab.runs.directory import list_runs

TOY = (
    *("training.steps=4", "data.fraction=0.05", "generator.width=2", "discriminator.width=2"),
    *("training.batch_size=8", "training.generator_batch_size=8"),
    *("monitor.snapshot_every=2", "monitor.snapshot_samples=32", "monitor.checkpoint_every=2"),
)


def ganlab(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["guide", *arguments])


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A lesson that was taken, in its folder of runs, and what was printed."""
    folder = tmp_path_factory.mktemp("guide")
    return folder, ganlab("collapse", *TOY, "--runs-dir", str(folder))


def test_every_lesson_is_a_line_with_its_time_and_command() -> None:
    lines = ganlab().stdout.splitlines()
    for lesson, line in zip(list_lessons(), lines[1:], strict=False):
        assert line.split(f"{lesson.seconds} s")[0].strip() == f"ganlab guide {lesson.name}"
        assert lesson.what in line
    assert [each["command"] for each in json.loads(ganlab("--json").stdout)] == [
        lesson.command for lesson in list_lessons()
    ]


def test_the_list_fits_a_narrow_terminal() -> None:
    out = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=80, markup=False)
    show_lessons(out, list_lessons())
    shown = out.file.getvalue()  # type: ignore[attr-defined]
    lines = [line.rstrip() for line in shown.splitlines()]
    assert len(lines) == len(list_lessons()) + 2
    assert max(map(len, lines)) <= 80


def test_listing_imports_nothing_heavy() -> None:
    code = (
        "import sys\nsys.argv = ['ganlab', 'guide']\nfrom ganlab.cli.app import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'matplotlib', 'scipy'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_the_screen_says_what_was_changed_seen_and_what_to_try(taken: tuple[Path, Any]) -> None:
    folder, result = taken
    assert result.exit_code == 0, result.output
    (run,) = list_runs(folder)
    screen = result.stdout[result.stdout.index("Mode collapse\nchanged:") :]
    assert "  latent: {dim: 1}  # in failures/stable: 50\n" in screen
    assert "(and 4 steps instead of 1,000)" in screen
    assert f"  picture: {run.plots / 'verdict.png'}\n" in screen
    assert (run.plots / "verdict.png").is_file()
    assert "as expected" not in screen  # the user changed what the lesson trains
    lesson = find_lesson("collapse")
    assert "  by you: data: {fraction: 0.05}  # in the lesson: 1.0\n" in screen
    assert re.search(
        r"\n  accuracy on fakes +81 to 100 % +\d+ % *\n  different pictures among the samples +a few +\d+ of 32", screen
    )
    assert re.search(r"\n  d_loss +[▁▂▃▄▅▆▇█]+ ", screen)
    assert f"the guide:\n  {lesson.expected}\n" in screen
    assert f"  {lesson.next[0].command}: {lesson.next[0].why}\n" in screen
    assert "\x1b" not in result.stdout


def test_what_has_ended_is_shown_again_and_json_is_all_on_stdout(taken: tuple[Path, Any]) -> None:
    folder, _ = taken
    again = ganlab("collapse", *TOY, "--runs-dir", str(folder), "--resume", "--json")
    told = json.loads(again.stdout)
    (run,) = list_runs(folder)
    (one,) = told["runs"]
    assert one["run"] == str(run.path)
    assert {"line": "latent: {dim: 1}", "was": "50"} in one["changes"]
    assert (one["as_expected"], one["status"]) == (None, "finished")
    assert {"line": "data: {fraction: 0.05}", "was": "1.0"} in one["own_changes"]
    assert [each["guide"] for each in one["figures"]] == ["81 to 100 %", "a few"]
    assert told["next"] == [each.command for each in find_lesson("collapse").next]


def test_seed_and_device_are_settings(tmp_path: Path) -> None:
    told = json.loads(ganlab("collapse", *TOY, "--runs-dir", str(tmp_path), "--seed", "3", "--json").stdout)
    assert told["runs"][0]["seed"] == 3
    error = ganlab("collapse", "--device", "cuda:77", "--runs-dir", str(tmp_path)).exception
    assert "CUDA" in str(error)


def test_own_settings_that_undo_the_lesson_s_change_are_told(taken: tuple[Path, Any]) -> None:
    """`ganlab guide collapse latent.dim=50`, and the lesson's own base."""
    (run,) = list_runs(taken[0])
    lesson, shipped, stable = find_lesson("collapse"), *map(load_experiment, ("failures/latent_1", "failures/stable"))
    judged = diagnose_path(run.path, ReadOptions())
    undone = apply_overrides(shipped, ["latent.dim=50"])
    for experiment, of, told in (
        (undone, shipped, "nothing that differs from failures/stable, with which the others are compared"),
        (stable, stable, "nothing: this is failures/stable, with which the others are compared"),
    ):
        out = Console(file=io.StringIO(), force_terminal=False, width=200, markup=False)
        show_lesson(out, lesson, [Seen(experiment, of, run, judged)])
        shown = out.file.getvalue()  # type: ignore[attr-defined]
        assert told in shown
        assert ("by you: latent: {dim: 50}  # in the lesson: 1" in shown) is (of is shipped)


@pytest.mark.parametrize("width", [80, 60])
def test_a_narrow_terminal_breaks_lines_between_words(taken: tuple[Path, Any], width: int) -> None:
    (run,) = list_runs(taken[0])
    seen = [Seen(run.experiment(), load_experiment("failures/latent_1"), run, diagnose_path(run.path, ReadOptions()))]
    out = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=width, markup=False, soft_wrap=True)
    show_lesson(out, find_lesson("collapse"), seen)
    shown = out.file.getvalue().splitlines()  # type: ignore[attr-defined]
    panel = [line for line in shown if not line.startswith(("picture: ", "samples, step by step: ", "page: "))]
    assert f"page: {run.page}" in shown
    assert max(map(len, panel)) <= width
    assert f"picture: {run.plots / 'verdict.png'}" in shown  # whole, to be copied
    words = set("".join(line.strip("│ ") + " " for line in panel[1:-1]).split())
    assert {"discriminator", "recognises", "different"} <= words


def test_an_unknown_lesson_is_one_message(tmp_path: Path) -> None:
    error = ganlab("colapse").exception
    assert "did you mean collapse?" in str(error)
    assert error.exit_code == 2


def test_ctrl_c_keeps_the_run_and_says_how_to_go_on(tmp_path: Path) -> None:
    settings = ("training.steps=100000", *TOY[1:])
    command = [sys.executable, "-m", "ganlab", "guide", "collapse", *settings, "--runs-dir", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 120
    while not list(tmp_path.glob("*/checkpoints/step_*")) and time.monotonic() < until:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command with --resume goes on with the lesson" in err
    (run,) = list_runs(tmp_path)
    assert run.status().status == "interrupted"
    shorter = f"training.steps={run.status().step + 2}"
    run.config.write_text(
        run.config.read_text().replace("steps: 100000", shorter.replace("training.steps=", "steps: "))
    )
    resumed = ganlab("collapse", shorter, *settings[1:], "--runs-dir", str(tmp_path), "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert [each.status().status for each in list_runs(tmp_path)] == ["finished"]
