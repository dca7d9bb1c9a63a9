from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganlab.api import train
from ganlab.config.experiment import Experiment
from ganlab.config.load import dump_experiment
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.errors import GanlabError, RunError
from ganlab.monitor.live import LiveEvidence
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import write_json
from ganlab.runs.history import STANDARD_COLUMNS, append_rows, read_history
from ganlab.runs.snapshots import append_snapshot, read_snapshots
from ganlab.runs.status import NonFiniteFacts, RunStatus

STEPS = 20


def history_row(step: int) -> list[float | None]:
    real, fake = 0.7 + step / 1000, 0.6 - step / 1000
    return [step, step / 10, real + fake, real, fake, 0.9, 0.75, 0.5, 0.6, 0.4, 3.0, 2.0, 1.0, 2e-4, 2e-4]


def snapshot(step: int, **changes: Any) -> dict[str, Any]:
    return {
        "step": step, "time": step / 10, "n": 64, "diversity": 0.5, "diversity_real": 0.6, "d_fake": 0.4, "good": 0.9,
        "good_real": 0.98, "precision": 0.8, "precision_real": 0.9, "vendi": 12.5, "vendi_real": 20.0, "c_t": -0.5,
        "vendi_by_class": [0.5, None], "class_counts": [30, 20], "class_shares_real": [0.5, 0.5],
        "classes": ["a", "b"], "inception_score": None, "protocol": {"n_fake": 64}, **changes,
    }  # fmt: skip


def whole(path: Path, experiment: Experiment, **status: Any) -> Path:
    path.mkdir()
    run = RunDirectory(path)
    run.config.write_text(dump_experiment(experiment))
    write_json(run.status_file, {"schema": 1, "status": "finished", "reason": "", "steps": STEPS, **status})
    append_rows(run.history, STANDARD_COLUMNS, [history_row(step) for step in range(1, STEPS + 1)])
    for step in (0, 10, 20):
        append_snapshot(run.snapshots, snapshot(step))
    return path


@pytest.fixture
def path(tmp_path: Path, points: Callable[..., Experiment]) -> Path:
    return whole(tmp_path / "run", points())


def load(path: Path) -> Evidence:
    return read(path, ReadOptions())


def edit(path: Path, line: int, change: Callable[[str], str]) -> None:
    lines = path.read_text().splitlines(keepends=True)
    lines[line] = change(lines[line])
    path.write_text("".join(lines))


def test_a_whole_run(path: Path, points: Callable[..., Experiment]) -> None:
    found = load(path)
    assert len(found.curves) == 11
    assert found.curves["d_loss_real"].steps.tolist() == list(range(1, 21))
    assert found.curves["d_loss_real"].values.tolist() == pytest.approx([0.7 + s / 1000 for s in range(1, 21)])
    assert found.snapshots == tuple(snapshot(step) for step in (0, 10, 20))
    assert (found.family, found.saturating, found.planned, found.ended) == ("cross_entropy", False, 20, True)
    assert found.experiment == points()
    assert found.notes == ()
    assert found.non_finite is None


def test_reading_changes_nothing(path: Path) -> None:
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in path.iterdir()}
    load(path)
    assert {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in path.iterdir()} == before


@pytest.mark.parametrize(
    ("loss", "family", "saturating"),
    [("minimax", "cross_entropy", True), ("hinge", "hinge", False), ("wasserstein", "wasserstein", False)],
)
def test_the_loss_tells_the_family(
    tmp_path: Path, points: Callable[..., Experiment], loss: str, family: str, saturating: bool
) -> None:
    found = load(whole(tmp_path / "run", points(f"loss={loss}")))
    assert (found.family, found.saturating) == (family, saturating)


def test_a_run_that_goes_on_and_its_torn_last_row(path: Path, points: Callable[..., Experiment]) -> None:
    RunDirectory(path).write_status(RunStatus(status="running", steps=STEPS))
    for file in ("history.csv", "snapshots.jsonl"):
        (path / file).write_bytes((path / file).read_bytes()[:-5])
    found = load(path)
    assert not found.ended
    assert len(found.curves["g_loss"]) == 19
    assert [row["step"] for row in found.snapshots] == [0, 10]
    assert found.notes == ()


def test_nan_is_a_point_and_an_empty_cell_is_none(path: Path) -> None:
    edit(path / "history.csv", 20, lambda line: line.replace(",0.9,0.75,", ",nan,,"))
    found = load(path)
    assert math.isnan(found.curves["g_loss"].values[-1])
    assert found.curves["d_acc_real"].steps[-1] == 19


def test_a_nan_that_the_run_did_not_meet_is_doubted(path: Path) -> None:
    """Our own loop stops at one and says so in run.json."""
    edit(path / "history.csv", 20, lambda line: line.replace(",0.9,", ",nan,"))
    status = RunStatus(status="stopped", step=STEPS, steps=STEPS)
    RunDirectory(path).write_status(status)
    assert load(path).notes == ("history.csv holds NaN or Inf in `g_loss`, but run.json reports none",)
    assert load(path).damaged
    RunDirectory(path).write_status(status.changed(non_finite=NonFiniteFacts(step=20, tensor="g_loss")))
    assert not load(path).damaged


def test_the_runs_own_report_of_nan(tmp_path: Path, points: Callable[..., Experiment]) -> None:
    bad = {"step": 7, "tensor": "gradient", "network": "generator", "layer": "0", "seen_in": "grad_g", "checkpoint": 5}
    found = load(whole(tmp_path / "run", points(), status="stopped", reason="non_finite", non_finite=bad))
    assert found.non_finite is not None
    assert (found.non_finite.step, found.non_finite.signal) == (7, "gradient of generator.0")
    broken = load(whole(tmp_path / "other", points(), non_finite={"step": "7"}))
    assert broken.non_finite is None
    assert broken.notes == ("run.json is damaged: it has no usable `non_finite`",)
    assert broken.damaged


def test_what_a_newer_ganlab_says_in_run_json_is_no_damage(tmp_path: Path, points: Callable[..., Experiment]) -> None:
    found = load(whole(tmp_path / "run", points(), mood="sunny"))
    assert found.notes == ("run.json has keys that this ganlab does not know: `mood`",)
    assert not found.damaged


def test_that_training_ended_in_an_error_is_said(tmp_path: Path, points: Callable[..., Experiment]) -> None:
    found = load(whole(tmp_path / "run", points(), status="failed", reason="MemoryError: no room", step=20))
    assert found.notes == ("training ended at step 20 in an error: MemoryError: no room",)
    assert not found.damaged


def test_float16_may_overflow_gradients(tmp_path: Path, points: Callable[..., Experiment]) -> None:
    path = whole(tmp_path / "run", points("training.precision=float16"))
    edit(path / "history.csv", 3, lambda line: line.replace(",3,2,1,", ",inf,2,1,"))
    found = load(path)
    assert found.curves["grad_d"].steps.tolist() == [1, 2, *range(4, 21)]
    assert len(found.curves["grad_g"]) == 20


@pytest.mark.parametrize(
    ("line", "old", "new", "kept"),
    [
        (5, "0.9", "0.9e", 4),  # no number
        (5, "0.9", "0.9e999", 4),  # overflows
        (5, "0.9", "0_9", 4),
        (5, ",", "", 4),
        (5, "0.705", "8.705", 4),  # d_loss is no longer the sum of its halves
        (5, ",0.75,", ",7.5,", 4),  # no share
        (5, ",3,2,1,", ",-3,2,1,", 4),
        (5, "5,", "9,", 4),  # the next step goes back: both are doubted
        (6, "6,", "2,", 4),
        (20, "20,", "29,", 19),  # beyond what was planned
        (1, "1,", "3,", 0),
    ],
)
def test_rows_before_the_first_damaged_one_are_taken(path: Path, line: int, old: str, new: str, kept: int) -> None:
    edit(path / "history.csv", line, lambda text: text.replace(old, new, 1))
    found = load(path)
    assert len(found.curves.get("g_loss", ())) == kept
    assert any(f"damaged after {kept} rows" in note for note in found.notes)
    assert len(found.snapshots) == 3


def test_a_missing_row_ends_the_history(path: Path) -> None:
    edit(path / "history.csv", 8, lambda line: "")
    assert load(path).curves["g_loss"].steps.tolist() == list(range(1, 8))


def test_a_damaged_header(path: Path) -> None:
    edit(path / "history.csv", 0, lambda line: line.replace("g_loss", "g_lost"))
    found = load(path)
    assert "g_loss" not in found.curves
    assert "history.csv has no column `g_loss`" in found.notes
    edit(path / "history.csv", 0, lambda line: line.replace("g_lost", "d_loss"))
    assert load(path).curves == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"step": "10"}, {"step": True}, {"step": -1}, {"step": 1.5}, {"step": 10**15}, {"step": 90}, {"good": 1.2},
        {"good": "0.9"}, {"good": True}, {"precision": -0.1}, {"d_fake": 1.4}, {"vendi": 0.2}, {"n": 0},
        {"class_counts": [30, 20, 1]}, {"class_counts": [3000, 20]}, {"class_counts": [30, -20]}, {"class_counts": 3},
        {"class_shares_real": [0.5, 0.9]}, {"classes": ["a", 3]}, {"vendi_by_class": [0.5, "x"]},
        {"diversity": 1e300}, {"inception_score": 0.1}, {"fid": -3.0},
        {"non_finite": [{"fid": 1}]}, {"non_finite": "fid"},
    ],
)  # fmt: skip
def test_a_snapshot_that_cannot_be_true_is_left_out(path: Path, changes: dict[str, Any]) -> None:
    edit(path / "snapshots.jsonl", 1, lambda line: json.dumps(snapshot(10) | changes) + "\n")
    found = load(path)
    assert [row["step"] for row in found.snapshots] == [0, 20]
    assert len(found.notes) == 1
    assert found.notes[0].startswith("line 2 of snapshots.jsonl was left out")


@pytest.mark.parametrize(
    "line", ["", "null", "[]", "{", '{"step": NaN}', '{"step": 10, "good": Infinity}', "[" * 100_000]
)
def test_a_snapshot_that_is_none_is_left_out(path: Path, line: str) -> None:
    edit(path / "snapshots.jsonl", 1, lambda _: line + "\n")
    assert [row["step"] for row in load(path).snapshots] == [0, 20]


def test_one_snapshot_out_of_order_costs_one_row(path: Path) -> None:
    edit(path / "snapshots.jsonl", 0, lambda line: line.replace('"step": 0', '"step": 19'))
    edit(path / "snapshots.jsonl", 1, lambda line: line)
    found = load(path)
    assert len(found.snapshots) == 2
    assert any("out of order" in note for note in found.notes)


def test_unknown_statistics_are_kept_and_named(path: Path) -> None:
    append_snapshot(path / "snapshots.jsonl", {"step": 20, "sharpness": 0.5, "sharpness_real": 0.7, "shape": [1, [2]]})
    edit(path / "snapshots.jsonl", 2, lambda line: "")
    found = load(path)
    assert found.snapshots[-1] == {"step": 20, "sharpness": 0.5, "sharpness_real": 0.7, "shape": [1, [2]]}
    assert len(found.notes) == 1
    assert "`shape`, `sharpness`, `sharpness_real`" in found.notes[0]
    assert not found.damaged


def test_an_unknown_statistic_is_judged_alike_from_disk_and_live(
    tmp_path: Path, points: Callable[..., Experiment]
) -> None:
    experiment = points("training.steps=60", "monitor.snapshot_samples=128")
    run = train(experiment, runs_dir=tmp_path).directory
    before = diagnose(load(run.path))
    lines = [json.loads(line) | {"sharpness": 0.5} for line in run.snapshots.read_text().splitlines()]
    run.snapshots.write_text("".join(json.dumps(line) + "\n" for line in lines))
    watched = LiveEvidence(
        Evidence("live", family="cross_entropy", saturating=False, planned=60, experiment=experiment)
    )
    watched.take_history(read_history(run.history))
    watched.snapshots = read_snapshots(run.snapshots)
    live, disk = diagnose(watched.so_far(ended=True)), diagnose(load(run.path))
    assert (disk.name, disk.confidence, disk.basis) == (live.name, live.confidence, live.basis)
    assert (disk.name, disk.confidence, disk.basis) == (before.name, before.confidence, before.basis)
    assert [note for note in disk.notes if "`sharpness`" in note]
    assert [row.game for row in watched.snapshots] == ["standard"] * len(lines)


@pytest.mark.parametrize("name", ["config.yaml", "run.json", "history.csv", "snapshots.jsonl"])
@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00garbage", b"[1, 2", b"{}"])
def test_a_file_missing_or_replaced_is_a_gap(path: Path, name: str, content: bytes | None) -> None:
    if content is None:
        (path / name).unlink()
    else:
        (path / name).write_bytes(content)
    found = load(path)
    assert found.notes
    assert (found.experiment is None) is (name == "config.yaml")
    assert (found.curves == {}) is (name == "history.csv")
    assert (found.snapshots == ()) is (name == "snapshots.jsonl")


def test_nothing_left_and_newer_formats_are_refused(path: Path) -> None:
    empty = path.parent / "empty"
    empty.mkdir()
    shutil.copy(path / "run.json", empty)
    with pytest.raises(RunError, match="no history and no snapshots"):
        load(empty)
    status = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps(status | {"schema": 2}))
    with pytest.raises(RunError, match="format 2"):
        load(path)


def test_rows_cut_off_at_a_lines_end_are_missed(path: Path) -> None:
    """Nothing in such a history is wrong, but run.json knows how far the run came."""
    assert not load(path).damaged
    RunDirectory(path).write_status(RunStatus(status="finished", step=STEPS, steps=STEPS))
    assert not load(path).damaged
    edit(path / "history.csv", STEPS, lambda line: "")
    found = load(path)
    assert found.damaged
    assert found.notes == ("history.csv ends at step 19, and the run ended at step 20: rows are missing",)
    RunDirectory(path).write_status(RunStatus(status="running", step=STEPS, steps=STEPS))
    assert not load(path).damaged


def test_snapshots_cut_off_at_a_lines_end_are_missed(path: Path) -> None:
    """A picture is written after the row of its snapshot; pictures beyond the run's end are from before a resume."""
    (path / "samples").mkdir()
    for name in ("step_0000000.png", "step_0000010.png", "step_0000020.png", "step_0000030.png", "step_x.png"):
        (path / "samples" / name).touch()
    assert not load(path).damaged
    edit(path / "snapshots.jsonl", 2, lambda line: "")
    found = load(path)
    assert found.damaged
    assert found.notes == ("of 1 snapshots the picture is there, and the row is not; the first is step 20",)


def test_config_and_status_that_disagree_plan_nothing(path: Path) -> None:
    RunDirectory(path).write_status(RunStatus(status="finished", steps=90))
    found = load(path)
    assert found.planned is None
    assert any("plans 20 steps and run.json 90" in note for note in found.notes)


def test_a_loop_of_somebody_else(path: Path) -> None:
    """A directory that ganlab.Monitor made: no experiment, any steps and columns, accuracies in percent by mistake."""
    (path / "config.yaml").unlink()
    RunDirectory(path).write_status(RunStatus(status="finished", steps=None, loss="hinge", made_by="ganlab.Monitor"))
    (path / "history.csv").write_text(
        "step,time,d_loss,d_loss_real,d_acc_real,mine\n10,1,2.5,0.5,80,1\n30,2,1.5,,90,1\n70,3,-inf,0.5,100,\n"
    )
    found = load(path)
    assert (found.family, found.planned) == ("hinge", None)
    assert found.notes == ("accuracies are percentages",)
    assert not found.damaged
    assert found.curves["d_loss"].steps.tolist() == [10, 30, 70]
    assert found.curves["d_loss"].values.tolist() == [2.5, 1.5, -math.inf]
    assert found.curves["d_loss_real"].steps.tolist() == [10, 70]
    assert found.curves["d_acc_real"].values.tolist() == [0.8, 0.9, 1.0]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_never_makes_up_evidence(path: Path, data: st.DataObject) -> None:
    """Reliability row 13: bytes flipped, files cut; what is left is a part of the truth, and gaps are told."""
    copy = path.parent / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(path, copy)
    truth = load(path)
    victim = copy / data.draw(st.sampled_from(["config.yaml", "run.json", "history.csv", "snapshots.jsonl"]))
    raw = bytearray(victim.read_bytes())
    if data.draw(st.booleans()):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    else:
        del raw[data.draw(st.integers(0, len(raw))) :]
    victim.write_bytes(raw)
    try:
        found = load(copy)
    except GanlabError:
        return
    assert all(note.isprintable() and len(note) < 400 for note in found.notes)
    assert {row["step"] for row in found.snapshots} <= {*range(21)}
    assert not any(np.isinf(curve.values).any() or np.isnan(curve.values).any() for curve in found.curves.values())
    for name, curve in found.curves.items():
        assert set(curve.steps.tolist()) <= {*range(1, 21)}
        if name == "d_loss":
            exact = truth.curves[name].values[: len(curve)]
            np.testing.assert_allclose(curve.values, exact, rtol=0.021)
    assert found.non_finite is None
