"""Whole runs at toy size: what they leave behind, and that going on is bit for bit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.errors import DataError, DeviceError, RunError
from ganlab.monitor.view import View
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import STANDARD_COLUMNS, read_history
from ganlab.runs.snapshots import best_step, read_snapshots
from ganlab.training import session
from ganlab.training.checkpoint import checkpoint_path, checkpoint_steps, read_checkpoint
from ganlab.verdicts import KINDS


def tensors(run: RunDirectory, step: int) -> dict[str, torch.Tensor]:
    return read_checkpoint(checkpoint_path(run.checkpoints, step)).tensors


def assert_same(one: RunDirectory, other: RunDirectory, step: int) -> None:
    a, b = tensors(one, step), tensors(other, step)
    assert a.keys() == b.keys()
    assert [name for name in a if not torch.equal(a[name], b[name])] == []
    rows, others = read_history(one.history), read_history(other.history)
    for name in rows:
        if name != "time":
            np.testing.assert_array_equal(rows[name], others[name], err_msg=name)


@pytest.mark.parametrize("kind", ["points", "images"])
def test_a_run_leaves_everything_the_format_promises(kind: str, tmp_path: Path, request: Any) -> None:
    experiment = request.getfixturevalue(kind)()
    run = session.start(experiment, tmp_path)
    steps, watch = experiment.training.steps, experiment.monitor
    status = run.status()
    assert (status.status, status.reason, status.step) == ("finished", "", steps)
    assert 0 < status.cost.watching_share < 1
    assert run.experiment() == experiment
    history = read_history(run.history)
    assert tuple(history) == STANDARD_COLUMNS
    assert list(history["step"]) == list(range(1, steps + 1))
    assert all(np.isfinite(column).all() for column in history.values())
    np.testing.assert_allclose(history["d_loss"], history["d_loss_real"] + history["d_loss_fake"], rtol=1e-6)
    assert (np.diff(history["time"]) > 0).all()
    taken = list(range(0, steps + 1, watch.snapshot_every))
    assert [row["step"] for row in read_snapshots(run.snapshots)] == taken
    assert sorted(p.name for p in run.samples.iterdir()) == sorted(
        [f"{name.format(step)}" for step in taken for name in ("step_{:07d}.png", "shown_{:07d}.npz")]
        + ["evolution.gif"]
    )
    assert [step for step, _ in run.landscapes()] == (taken if kind == "points" else [])
    drawn = {p.name for p in run.plots.iterdir()}
    names = ("losses", "accuracies", "gradients", "diversity", "verdict")
    assert drawn - {"classes.png"} == {"samples.png"} | {f"{name}.{kind}" for name in names for kind in ("png", "svg")}
    kept = checkpoint_steps(run.checkpoints)
    assert set(kept[-2:]) <= set(kept)
    assert kept[-1] == steps
    assert best_step(read_snapshots(run.snapshots)) in kept
    assert len(kept) <= watch.keep_checkpoints + 1
    assert json.loads(run.verdict.read_text())["failure"] in KINDS


def test_the_same_experiment_gives_the_same_tensors(points: Any, tmp_path: Path) -> None:
    assert_same(session.start(points(), tmp_path), session.start(points(), tmp_path), 20)


def test_watching_changes_nothing(images: Any, tmp_path: Path) -> None:
    """Snapshots draw from streams of their own and touch no buffer."""
    often = images("monitor.snapshot_every=1", "monitor.checkpoint_every=1", "discriminator.norm=spectral")
    never = images("monitor.snapshot_every=100", "monitor.checkpoint_every=100", "discriminator.norm=spectral")
    assert_same(session.start(often, tmp_path), session.start(never, tmp_path), 6)


@pytest.mark.parametrize(
    "changes",
    [
        ["optimizer.generator.name=rmsprop", "optimizer.discriminator.name=sgd"],
        ["optimizer.generator.schedule=cosine", "training.discriminator_batches=separate"],
        ["penalties=[{name: r1}]", "stabilizers=[{name: instance_noise}]", "data.sampling=with_replacement"],
        ["loss=wasserstein", "training.discriminator_steps=2", "stabilizers=[{name: weight_clipping}]"],
        ["discriminator.norm=spectral", "training.precision=float16"],
    ],
)
def test_training_longer_equals_training_long(changes: list[str], images: Any, tmp_path: Path) -> None:
    """A run of 9 steps resumed at 5 is the run of 9 steps."""
    whole = session.start(images("training.steps=9", *changes), tmp_path)
    if "optimizer.generator.schedule=cosine" in changes:
        part = interrupted_at(images("training.steps=9", *changes), tmp_path, step=5)
        session.resume(part)
    else:
        part = session.start(images("training.steps=5", *changes), tmp_path)
        session.resume(part, ["training.steps=9"])
    assert_same(whole, part, 9)
    assert part.status().resumed[0].step == 5
    whole_rows, part_rows = (
        {row["step"]: {**row, "time": 0} for row in read_snapshots(run.snapshots)} for run in (whole, part)
    )
    assert all(part_rows[step] == row for step, row in whole_rows.items())


def test_a_resumed_run_keeps_the_same_landscapes_bit_for_bit(points: Any, tmp_path: Path) -> None:
    changes = ("training.steps=12", "monitor.snapshot_every=2", "latent.dim=2", "discriminator.norm=batch")
    whole = session.start(points(*changes), tmp_path)
    part = interrupted_at(points(*changes), tmp_path, step=7)
    shutil.rmtree(part.snapshot_folder)  # as by a copy of an old run; those of the steps before stay lost
    session.resume(part)
    assert [step for step, _ in whole.landscapes()] == [0, 2, 4, 6, 8, 10, 12]
    assert [step for step, _ in part.landscapes()] == [8, 10, 12]
    for step, path in part.landscapes():
        assert path.read_bytes() == whole.landscape_file(step).read_bytes()


def interrupted_at(experiment: Any, runs: Path, step: int) -> RunDirectory:
    """Start a run that gets SIGTERM during `step`."""
    import os
    import signal

    from ganlab.errors import Interrupted

    class Killer(View):
        def progress(self, rows: Any) -> None:
            pass

    from ganlab.games.standard import StandardGame

    real = StandardGame.generator_loss

    def patched(self: Any, round: Any) -> Any:
        if round.step == step:
            os.kill(os.getpid(), signal.SIGTERM)
        return real(self, round)

    StandardGame.generator_loss = patched  # type: ignore[method-assign]
    try:
        with pytest.raises(Interrupted) as caught:
            session.start(experiment, runs)
        assert caught.value.exit_code == 75
    finally:
        StandardGame.generator_loss = real  # type: ignore[method-assign]
    (run,) = [RunDirectory(p.parent) for p in runs.glob("*/run.json") if '"interrupted"' in p.read_text()]
    assert run.status().step == step
    return run


def test_a_finished_run_says_so(points: Any, tmp_path: Path) -> None:
    run = session.start(points(), tmp_path)
    before = {p: p.read_bytes() for p in run.path.rglob("*") if p.is_file() and p.name != ".lock"}
    said = Listener()
    session.resume(run, views=[said])
    assert "has finished its 20 steps" in said.notes[0]
    assert before == {p: p.read_bytes() for p in run.path.rglob("*") if p.is_file() and p.name != ".lock"}


def test_other_changes_are_refused_unless_meant(points: Any, tmp_path: Path) -> None:
    run = session.start(points(), tmp_path)
    with pytest.raises(RunError, match=r"seed: 0 -> 5"):
        session.resume(run, ["seed=5", "training.steps=30"])
    session.resume(run, ["optimizer.lr=1e-5", "training.steps=30"], allowed=["optimizer"])
    assert read_history(run.history)["lr_d"][[19, 20]] == pytest.approx([2e-4, 1e-5])
    assert {change["key"] for change in run.status().resumed[0].changes} == {
        "optimizer.generator.lr",
        "optimizer.discriminator.lr",
        "training.steps",
    }


STOPPING = ("training.steps=240", "monitor.snapshot_every=20", "monitor.checkpoint_every=200", "optimizer.lr=1e-9")
"""A run that learns nothing, which can be told from its hundredth step on, and lasts from its seventh snapshot on."""


def test_a_verdict_ends_a_run(points: Any, tmp_path: Path) -> None:
    whole = session.start(points(*STOPPING), tmp_path)
    run = session.start(points(*STOPPING, "monitor.stop_on=[diverged, never_learned]"), tmp_path)
    status = run.status()
    # It reads as never learned from step 100 on; 100, 120 and 140 are three snapshots, a sixth of 240 steps.
    assert (status.status, status.step) == ("stopped", 140)
    assert status.reason == "stop_on: never_learned at step 140"
    assert checkpoint_steps(run.checkpoints)[-1] == 140
    assert json.loads(run.verdict.read_text())["failure"] == "never_learned"
    assert "c_t" in read_snapshots(run.snapshots)[-1]

    said = Listener()
    before = {p: p.read_bytes() for p in run.path.rglob("*") if p.is_file() and p.name != ".lock"}
    session.resume(run, ["training.steps=250"], views=[said])
    assert "was ended by its verdict" in said.notes[0]
    assert before == {p: p.read_bytes() for p in run.path.rglob("*") if p.is_file() and p.name != ".lock"}
    session.resume(run, ["monitor.stop_on=[]"])
    assert run.status().status == "finished"
    assert_same(whole, run, 240)


def test_a_verdict_that_is_not_asked_for_ends_nothing(points: Any, tmp_path: Path) -> None:
    run = session.start(points(*STOPPING, "monitor.stop_on=[mode_collapse/cycling]"), tmp_path)
    assert run.status().status == "finished"


def test_an_interrupted_run_is_stopped_where_it_would_have_been(points: Any, tmp_path: Path) -> None:
    run = interrupted_at(points(*STOPPING, "monitor.stop_on=[never_learned]"), tmp_path, step=12)
    session.resume(run)
    assert run.status().reason == "stop_on: never_learned at step 140"


def test_folders_that_a_copy_left_out_are_made_again(points: Any, tmp_path: Path) -> None:
    """Git and some archives keep no empty folder, and a run that was interrupted early has no plot."""
    run = interrupted_at(points(), tmp_path, step=7)
    run.plots.rmdir()
    shutil.rmtree(run.samples)
    session.resume(run)
    assert run.status().status == "finished"
    assert (run.plots / "losses.png").is_file()
    assert [step for step, _ in run.grids()] == [10, 20]


def test_a_run_without_checkpoints_is_refused_and_left_as_it_is(points: Any, tmp_path: Path) -> None:
    run = interrupted_at(points(), tmp_path, step=7)
    shutil.rmtree(run.checkpoints)
    before = {path: path.stat().st_mtime_ns for path in run.path.rglob("*")}
    with pytest.raises(RunError, match="no checkpoint that can be used"):
        session.resume(run)
    assert {path: path.stat().st_mtime_ns for path in run.path.rglob("*")} == before


def test_a_file_where_a_folder_should_be_is_told(points: Any, tmp_path: Path) -> None:
    run = interrupted_at(points(), tmp_path, step=7)
    run.plots.rmdir()
    run.plots.write_text("")
    with pytest.raises(RunError, match="cannot be made"):
        session.resume(run)


def test_readings_of_a_resumed_run_are_those_of_a_whole_one(images: Any, tmp_path: Path) -> None:
    changes = ("training.steps=12", "monitor.snapshot_every=2", "monitor.checkpoint_every=4")
    whole = session.start(images(*changes), tmp_path)
    part = interrupted_at(images(*changes), tmp_path, step=7)
    session.resume(part)
    one, other = (json.loads(run.verdict.read_text()) for run in (whole, part))
    assert {**one, "source": ""} == {**other, "source": ""}


def test_nan_is_diverged_and_names_the_tensor(points: Any, tmp_path: Path) -> None:
    run = session.start(
        points(
            "optimizer.discriminator={name: sgd, lr: 100, momentum: 0.99}",
            "loss=wasserstein", "training.steps=100", "generator.norm=none",
        ),
        tmp_path,
    )  # fmt: skip
    said, verdict = run.status().non_finite, json.loads(run.verdict.read_text())
    assert (verdict["failure"], verdict["onset_step"]) == ("diverged", said.step)
    assert said.tensor in verdict["evidence"][0]["words"]
    assert diagnose(read(run.path, ReadOptions())).as_json()["summary"] == verdict["summary"]


class Listener(View):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_the_newest_unfinished_run_is_found(points: Any, tmp_path: Path) -> None:
    run = interrupted_at(points(), tmp_path, step=7)
    assert session.find_unfinished(points(), tmp_path) == run
    assert session.find_unfinished(points("seed=3"), tmp_path) is None
    session.resume(run)
    assert session.find_unfinished(points(), tmp_path) is None


def test_wasserstein_has_no_accuracies(points: Any, tmp_path: Path) -> None:
    run = session.start(points("loss=wasserstein", "training.steps=3", "penalties=[{name: r1}]"), tmp_path)
    history = read_history(run.history)
    assert np.isnan(history["d_acc_real"]).all()
    assert np.isfinite(history["penalty_r1"]).all()


def test_what_cannot_run_leaves_nothing_behind(points: Any, images: Any, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    with pytest.raises(DataError, match="nowhere"):
        session.start(images("data={name: folder, path: nowhere, image_size: 32}"), runs)
    for number in range(20):
        Image.new("L", (20, 20), number).save(tmp_path / f"{number}.png")
    folder = f"data={{name: folder, path: {tmp_path}, image_size: 32}}"
    with pytest.raises(DataError, match="holds out 1 sample, and snapshots need at least 2"):
        session.start(images(folder, "training.batch_size=4"), runs)
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="finds no CUDA device"):
            session.start(points("training.device=cuda"), runs)
    assert not runs.exists()


def test_tensorboard_events_hold_the_history(points: Any, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = session.start(points("monitor.tensorboard=true", "training.steps=12"), tmp_path)
    events = EventAccumulator(str(run.path / "tensorboard"), size_guidance={"scalars": 0})
    events.Reload()
    written = [event.value for event in events.Scalars("g_loss")]
    np.testing.assert_allclose(written, read_history(run.history)["g_loss"], rtol=1e-6)
    assert len(events.Images("samples")) == 3


@pytest.mark.slow
def test_a_compiled_run_agrees_with_a_plain_one(points: Any, tmp_path: Path) -> None:
    plain = session.start(points(), tmp_path)
    compiled = session.start(points("training.compile=true"), tmp_path)
    for name in ("d_loss", "g_loss"):
        np.testing.assert_allclose(
            read_history(plain.history)[name], read_history(compiled.history)[name], rtol=1e-3, atol=1e-4
        )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_resumes_bit_for_bit_when_deterministic(images: Any, tmp_path: Path) -> None:
    changes = ["training.device=cuda", "training.deterministic=true"]
    whole = session.start(images("training.steps=9", *changes), tmp_path)
    part = session.start(images("training.steps=5", *changes), tmp_path)
    session.resume(part, ["training.steps=9"])
    assert_same(whole, part, 9)
