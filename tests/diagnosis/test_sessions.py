"""Watching a run that grows; what `ganlab diagnose` prints of it is tested in tests/cli."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.readers import ReadOptions
from ganlab.diagnosis.sessions import Target, as_samples, diagnose_path, find_target, follow, write_down
from ganlab.errors import DataError, Interrupted, RunError
from ganlab.runs.stop import StopSignal
from ganlab.training import session


def write_log(path: Path, rows: int, there: int = 0) -> Path:
    """Write a log of that many rows, or add what it lacks if some are there, as a program adds to its log."""
    draw = np.random.default_rng(0).normal(1.0, 0.05, size=(rows, 2))
    lines = [f"{i},{d:.4f},{g:.4f}\n" for i, (d, g) in enumerate(draw, 1)]
    with path.open("a" if there else "w") as file:
        file.write("".join(lines[there:] if there else ["step,d_loss,g_loss\n", *lines]))
    return path


def test_pictures_beside_a_log_are_judged_with_it_if_real_data_are_named(tmp_path: Path) -> None:
    target, plain, real = Target(tmp_path, None), ReadOptions(), ReadOptions(real="mnist")
    write_log(tmp_path / "log.csv", 30)
    assert as_samples(target, plain) == (target, plain)
    with pytest.raises(DataError, match="there are no samples to hold against it"):
        as_samples(target, real)
    broken = Target(tmp_path / "empty.npy", None)  # that it is empty is said when it is read
    assert as_samples(broken, real) == (broken, real)
    Image.new("L", (8, 8)).save(tmp_path / "1.png")
    assert as_samples(target, plain) == (target, plain)
    assert as_samples(target, real) == (target, ReadOptions(real="mnist", samples=tmp_path))


def complain(why: str) -> None:
    raise AssertionError(why)


def test_a_run_that_has_ended_is_judged_once(points: Any, tmp_path: Path) -> None:
    run = session.start(points(), tmp_path)
    target = find_target(run.path.name, tmp_path)
    assert target == Target(run.path, run)
    verdicts = list(follow(target, ReadOptions(), 60.0, StopSignal(), complain))
    assert [each.steps for each in verdicts] == [(0, 20)]


def test_a_log_is_judged_again_whenever_it_grew(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.csv", 100)
    found = follow(Target(log, None), ReadOptions(), 0.01, StopSignal(), complain)
    assert next(found).steps == (1, 100)
    growing = threading.Timer(0.5, write_log, [log, 200, 100])
    growing.start()
    started = time.monotonic()
    assert next(found).steps == (1, 200)
    assert time.monotonic() - started > 0.4


def dcgan_log(path: Path, batches: int, first: int = 0) -> Path:
    """DCGAN's example prints its 200 batches an epoch as 0 to 199, here every fifth."""
    form = "[0/1][{}/200]\tLoss_D: {}\tLoss_G: {}\tD(x): 0.6\tD(G(z)): 0.4 / 0.3\n"
    rows = (form.format(row, 1.2 + row % 7 / 50, 0.9 + row % 3 / 50) for row in range(first, batches, 5))
    with path.open("a") as file:
        file.write("".join(rows))
    return path


def test_a_log_that_has_reached_its_plan_ends_if_it_grows_no_more(tmp_path: Path) -> None:
    target = Target(dcgan_log(tmp_path / "train.log", 200), None)
    assert [each.steps for each in follow(target, ReadOptions(), 0.05, StopSignal(), complain)] == [(0, 195)]
    log = dcgan_log(tmp_path / "another.log", 150)
    found = follow(Target(log, None), ReadOptions(), 0.05, StopSignal(), complain)
    assert next(found).steps == (0, 145)
    threading.Timer(0.5, dcgan_log, [log, 200, 150]).start()
    assert [each.steps for each in found] == [(0, 195)]


@pytest.mark.parametrize(
    ("first", "every", "last", "planned", "reached"),
    [
        (0, 1, 99, 100, True),
        (1, 1, 99, 100, False),
        (1, 1, 100, 100, True),
        (0, 30, 90, 100, True),
        (10, 10, 90, 100, False),
        (1, 1, 100, None, False),
    ],
)
def test_a_plan_is_reached_if_the_next_row_would_lie_beyond_it(
    first: int, every: int, last: int, planned: int | None, reached: bool
) -> None:
    steps = np.arange(first, last + 1, every)
    curves = {"d_loss": Series(steps, np.ones(len(steps)))}
    assert Evidence("log", players={"A": curves}, planned=planned).plan_reached is reached
    assert Evidence("log", curves, planned=planned).plan_reached is reached


def test_a_path_that_leads_nowhere_is_called_no_file(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no file or folder .*/nofile\.log"):
        find_target(str(tmp_path / "nofile.log"), tmp_path)
    with pytest.raises(RunError, match="no such file, and no run in"):
        find_target("nofile.log", tmp_path)


def test_a_slip_in_a_path_is_told_with_what_is_beside_it(tmp_path: Path) -> None:
    log = write_log(tmp_path / "train.csv", 3)
    with pytest.raises(RunError, match=f"did you mean {log}"):
        find_target(str(tmp_path / "tran.csv"), tmp_path)


def test_what_train_was_given_is_found_by_diagnose(
    points: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = session.start(points("training.steps=2"), Path("runs"))
    Path("toy_points").mkdir()
    Path("toy_points.yaml").write_text("extends: ring")
    for reference in ("toy_points", "toy_points.yaml"):
        assert find_target(reference, Path("runs")) == Target(run.path, run)
    # What is named by its path, or is called like no run, is a log or a folder of other code.
    Path("toy").mkdir()
    for reference in ("./toy_points", "toy"):
        assert find_target(reference, Path("runs")) == Target(Path(reference), None)
    write_log(Path("toy_points.csv"), 3)
    assert find_target("toy_points.csv", Path("runs")).run is None


def test_a_log_that_grew_is_judged_as_one_that_is_read_as_a_whole(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.csv", 400)
    found = follow(Target(log, None), ReadOptions(), 0.01, StopSignal(), complain)
    next(found)
    with log.open("a") as file:
        file.write("401,nan,0.9\n402,1.1")  # the last line is still being written
    verdict = next(found)
    assert (verdict.failure, verdict.steps) == ("diverged", (1, 401))
    assert verdict == diagnose_path(log, ReadOptions())


def test_a_signal_ends_it_before_the_next_look(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.csv", 100)
    with StopSignal() as stop:
        found = follow(Target(log, None), ReadOptions(), 600.0, stop, complain)
        next(found)
        threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGTERM]).start()
        started = time.monotonic()
        with pytest.raises(Interrupted, match="SIGTERM") as ended:
            next(found)
    assert ended.value.exit_code == 75
    assert 0.2 < time.monotonic() - started < 5


def test_one_that_came_before_is_heeded_first(tmp_path: Path) -> None:
    with StopSignal() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Interrupted) as ended:
            next(follow(Target(tmp_path / "not_there", None), ReadOptions(), 0.1, stop, complain))
    assert ended.value.exit_code == 130


def test_what_says_nothing_yet_is_waited_for_and_a_run_that_ended_so_is_an_error(points: Any, tmp_path: Path) -> None:
    log, said = tmp_path / "train.log", list[str]()
    log.write_text("loading data\n")
    threading.Timer(0.3, write_log, [log, 100]).start()
    assert next(follow(Target(log, None), ReadOptions(), 0.05, StopSignal(), said.append)).steps == (1, 100)
    assert len(said) == 1
    run = session.start(points("training.steps=1"), tmp_path)
    for file in (run.history, run.snapshots):
        file.unlink()
    with pytest.raises(RunError):
        next(follow(Target(run.path, run), ReadOptions(), 0.05, StopSignal(), complain))


def test_a_verdict_on_something_else_is_not_replaced_in_silence(tmp_path: Path) -> None:
    remarks = []
    for name in ("one", "one", "two"):
        log = tmp_path / f"{name}.csv"
        log.write_text("step,d_loss,g_loss\n" + "".join(f"{step},1.3,0.7\n" for step in range(60)))
        judged = write_down(diagnose_path(log, ReadOptions()), ReadOptions(), None, tmp_path / "out")
        remarks.append(list(judged.remarks))
    told = f"the verdict on {tmp_path / 'one.csv'} that was in {tmp_path / 'out'} is replaced"
    assert remarks == [[], [], [told]]
