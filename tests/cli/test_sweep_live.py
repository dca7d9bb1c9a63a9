from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from ganlab.cli.console import console as make_console
from ganlab.cli.sweep_live import LiveSweep, choose_sweep_view
from ganlab.cli.sweep_plain import PlainSweep
from ganlab.cli.sweep_words import duration
from ganlab.runs.directory import RunDirectory
from ganlab.sweeps.plan import Plan, make_plan
from ganlab.sweeps.spec import SweepSpec
from ganlab.training import session

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(scope="module")
def plan(points: Any) -> Plan:
    """A grid of two latent dimensions and three seeds, of 20 steps."""
    spec = SweepSpec(name="toy", base=points("expect=healthy"), grid={"latent.dim": [1, 4]}, seeds=3)
    return make_plan(spec)


@pytest.fixture(scope="module")
def folder(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sweep's folder, where the first two runs were trained; the second as if a verdict had stopped it halfway."""
    path = tmp_path_factory.mktemp("sweep-toy")
    for planned in plan.runs[:2]:
        session.start(planned.experiment, path / "runs", name=planned.id)
    second = RunDirectory(path / "runs" / plan.runs[1].id)
    lines = second.history.read_text().splitlines(keepends=True)
    second.history.write_text("".join(lines[:11]))
    second.write_status(second.status().changed(status="stopped", reason="stop_on: never_learned at step 10"))
    return path


def as_it_ran(folder: Path, plan: Plan, tmp_path: Path, **changes: Any) -> Path:
    """Copy the folder as it was while its first run went on."""
    for planned in plan.runs[:2]:
        source, target = folder / "runs" / planned.id, tmp_path / "runs" / planned.id
        target.mkdir(parents=True)
        for name in ("history.csv", "run.json", "verdict.json"):
            (target / name).write_bytes((source / name).read_bytes())
    first = RunDirectory(tmp_path / "runs" / plan.runs[0].id)
    first.write_status(first.status().changed(**changes))
    return tmp_path


def screen(width: int = 160, height: int = 30) -> Console:
    return Console(
        file=io.StringIO(),
        force_terminal=True,
        width=width,
        height=height,
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def pipe() -> Console:
    console = make_console()
    console.file = io.StringIO()
    return console


def lines_of(console: Console) -> list[str]:
    return ESCAPES.sub("", console.file.getvalue()).splitlines()  # type: ignore[attr-defined]


def last_table(console: Console) -> list[str]:
    """The lines of the table as it was drawn last, totals included."""
    lines = lines_of(console)
    return lines[max(i for i, line in enumerate(lines) if " seed " in line and " state " in line) :]


def test_the_view_fits_the_place() -> None:
    assert isinstance(choose_sweep_view(Console(file=io.StringIO(), force_terminal=False)), PlainSweep)
    assert isinstance(choose_sweep_view(Console(file=io.StringIO(), force_terminal=True)), LiveSweep)


def test_seconds_as_a_person_says_them() -> None:
    assert [duration(s) for s in (0.4, 89, 90, 5340, 5400, 7501)] == [
        "0 s",
        "89 s",
        "2 min",
        "89 min",
        "1 h 30 min",
        "2 h 05 min",
    ]


def test_plain_lines_tell_each_end_and_each_retry(folder: Path, plan: Plan) -> None:
    console = pipe()
    first, second, third, fourth, *_ = (run.id for run in plan.runs)
    view = PlainSweep(console)
    view.SECONDS = 0.0
    view.begin(plan, folder, 2)
    view.started(first, 1)
    view.ended(first, "", "")
    view.started(second, 1)
    view.ended(second, "", "")
    view.started(third, 1)
    view.retrying(third, "out_of_memory", "killed by\nSIGKILL", 2)
    view.started(third, 2)
    view.ended(third, "SIGSEGV \x1b[31m", "crash")
    view.started(fourth, 1)
    view.tick()
    view.note("look [bold]here[/bold]")
    view.end()
    opening, one, two, retry, three, progress, note, four, last = lines_of(console)

    verdict = json.loads((folder / "runs" / first / "verdict.json").read_text())
    name = "/".join(filter(None, (verdict["failure"], verdict["variant"])))
    seconds = RunDirectory(folder / "runs" / first).status().seconds
    sure = "" if name == "inconclusive" else f" ({100 * verdict['confidence']:.0f} %)"
    reading = f"{name}{sure}, expected healthy"
    assert opening == f"sweep {folder}: 6 runs, 2 of them done before"
    assert one == f"[2/6] toy_points (latent.dim=1) s0: {reading}, {seconds:.0f} s"
    assert two.startswith("[2/6] toy_points (latent.dim=4) s0: ")
    assert ", stopped at step 10/20, " in two
    assert retry == "toy_points (latent.dim=1) s1: out of memory: killed by SIGKILL; attempt 2 follows"
    assert three == "[3/6] toy_points (latent.dim=1) s1: crash: SIGSEGV \\x1b[31m"
    assert progress.startswith("3/6 done, 1 failed, 1 running, about ")
    assert "early stops saved " in progress
    assert note == "look [bold]here[/bold]"
    assert four == "[3/6] toy_points (latent.dim=4) s1: interrupted"
    assert last.startswith("3/6 done, 1 failed, 0 running")


def test_progress_lines_are_rare(folder: Path, plan: Plan) -> None:
    console = pipe()
    view = PlainSweep(console)
    view.begin(plan, folder, 2)
    for _ in range(5):
        view.tick()
    assert len(lines_of(console)) == 1


def test_an_expected_verdict_is_said_to_be_one(folder: Path, plan: Plan, points: Any) -> None:
    first = plan.runs[0]
    verdict = json.loads((folder / "runs" / first.id / "verdict.json").read_text())
    same = make_plan(
        SweepSpec(name="toy", base=points(f"expect={verdict['failure']}"), grid={"latent.dim": [1, 4]}, seeds=3)
    )
    assert same.runs[0].id == first.id
    console = pipe()
    view = PlainSweep(console)
    view.begin(same, folder, 0)
    view.ended(first.id, "", "")
    assert ", as expected, " in lines_of(console)[1]


def test_the_table_has_the_running_runs_first_and_the_totals_last(folder: Path, plan: Plan, tmp_path: Path) -> None:
    console = screen()
    first, second, third, *_ = (run.id for run in plan.runs)
    copy = as_it_ran(folder, plan, tmp_path, status="running", seconds=0.0)
    history = RunDirectory(copy / "runs" / first).history
    lines = history.read_text().splitlines(keepends=True)
    history.write_text("".join(lines[:6]) + lines[6][:20])

    view = LiveSweep(console)
    view.begin(plan, copy, 0)
    view.started(second, 1)
    view.ended(second, "", "")
    view.started(first, 2)
    view.tick()
    _, running, stopped, totals = last_table(console)
    row = dict(zip(lines[0].strip().split(","), lines[5].strip().split(","), strict=True))
    assert row["step"] == "5"
    assert re.match(r"dim=1 +0 +running, attempt 2 +5/20 +", running)
    for loss in ("d_loss", "g_loss"):
        assert f" {float(row[loss]):.3g} " in running
    assert "too early to tell" in running
    assert running.rstrip().endswith(duration(15 * float(row["time"]) / 5))
    assert re.match(r"dim=4 +0 +stopped +10/20 +", stopped)
    assert "stopped at step 10/20" in stopped
    assert totals.startswith("1/6 done, 0 failed, 1 running, ")
    rate = float(totals.split("running, ")[1].split(" steps/s, about ")[0].replace(",", ""))
    assert rate == pytest.approx(5 / float(row["time"]), abs=0.51)
    assert "early stops saved " in totals

    # It goes on, and is seen to.
    history.write_text("".join(lines[:12]))
    view.tick()
    assert " 11/20 " in last_table(console)[1]

    view.started(third, 1)
    view.ended(third, "killed", "crash")
    view.note("look [bold]here[/bold]\x1b]0;x\x07")
    view.end()
    told = lines_of(console)
    assert "toy_points (latent.dim=1) s1: crash: killed" in told
    assert r"look [bold]here[/bold]\x1b]0;x\x07" in told
    states = [line.split()[2].rstrip(",") for line in last_table(console)[1:-1]]
    assert states == ["interrupted", "failed", "stopped"]


@pytest.mark.parametrize(("width", "height"), [(200, 40), (80, 24), (60, 12), (60, 8), (60, 4)])
def test_the_table_fits_the_terminal(folder: Path, points: Any, width: int, height: int) -> None:
    spec = SweepSpec(name="toy", base=points(), grid={"generator.activation": ["relu", "tanh"]}, seeds=20)
    plan = make_plan(spec)
    console = screen(width, height)
    view = LiveSweep(console)
    view.begin(plan, folder, 0)
    for planned in plan.runs[:20]:
        view.started(planned.id, 1)
        view.ended(planned.id, "a very long story\nof what happened to it " * 10, "interrupted")
    for planned in plan.runs[20:28]:
        view.started(planned.id, 1)
    view.tick()
    table = last_table(console)
    rows = table[1:-1]
    assert len(rows) == max(1, min(18, height - 6))
    assert max(map(cell_len, table)) <= width
    assert sum(" running " in row for row in rows) == min(8, len(rows))
    view.end()


def test_no_colour_where_none_is_wanted(folder: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn() -> str:
        console = make_console()
        console.file, console._force_terminal = io.StringIO(), True
        view = LiveSweep(console)
        view.begin(plan, folder, 0)
        view.started(plan.runs[0].id, 1)
        view.tick()
        view.end()
        return console.file.getvalue()

    colour = re.compile(r"\x1b\[[0-9;]*3[0-7]m")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert colour.search(drawn())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colour.search(drawn())


def test_a_running_run_is_told_once_two_snapshots_agree(folder: Path, plan: Plan, tmp_path: Path) -> None:
    ran = as_it_ran(folder, plan, tmp_path, status="running", reason="")
    view, first = LiveSweep(screen()), plan.runs[0].id
    view.begin(plan, ran, 0)
    view.started(first, 1)
    file = ran / "runs" / first / "verdict.json"
    verdict = json.loads(file.read_text()) | {"failure": "healthy", "variant": None, "missing": [], "evidence": []}
    shown = []
    for step, failure in ((10, "healthy"), (15, "under_trained"), (20, "healthy"), (25, "healthy")):
        file.write_text(json.dumps(verdict | {"failure": failure, "steps": [0, step]}))
        view.tick()
        shown.append(view._cells(first, view.course.totals())[6].plain)
    assert shown == ["too early to tell"] * 3 + [f"healthy ({100 * verdict['confidence']:.0f} %)"]
