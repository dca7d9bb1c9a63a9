from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.diagnosis.readers import tensorboard as reader
from ganlab.errors import GanlabError, RunError

pytest.importorskip("tensorboard")
from torch.utils.tensorboard import SummaryWriter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with SummaryWriter(str(tmp_path / "log")) as writer:
        for step in range(5):
            writer.add_scalar("Loss/D", 1.5 - step / 4, step)
            writer.add_scalar("Loss/G", math.nan if step == 4 else 0.5, step)
            writer.add_image("grid", np.zeros((1, 4, 4)), step)
        writer.add_scalar("metrics/FID", 42.0, 4)
        writer.add_text("config", "hinge")
    return tmp_path / "log"


def test_scalars_of_pytorch(folder: Path) -> None:
    for path in (folder, next(folder.iterdir())):
        found = read(path, ReadOptions())
        assert found.curves["d_loss"].steps.tolist() == [0, 1, 2, 3, 4]
        assert found.curves["d_loss"].values.tolist() == [1.5, 1.25, 1.0, 0.75, 0.5]
        np.testing.assert_array_equal(found.curves["g_loss"].values, [0.5] * 4 + [math.nan])
        assert found.quality["fid"].values.tolist() == [42.0]
        assert "d_loss from `Loss/D`" in found.notes[0]


def test_a_restart_keeps_the_last_pass(folder: Path) -> None:
    with SummaryWriter(str(folder), filename_suffix="z") as writer:
        writer.add_scalar("Loss/D", 9.0, 3)
        writer.add_scalar("Loss/D", 8.0, 4)
    found = read(folder, ReadOptions())
    assert found.curves["d_loss"].values.tolist() == [1.5, 1.25, 1.0, 9.0, 8.0]
    assert len(found.curves["g_loss"]) == 5
    assert any(note.startswith("d_loss: steps go back once") for note in found.notes)


def test_scalars_in_folders_of_their_own(tmp_path: Path) -> None:
    with SummaryWriter(str(tmp_path)) as writer:
        for step in range(3):
            writer.add_scalars("loss", {"D": step + 1.0, "G": 0.5}, step)
    found = read(tmp_path, ReadOptions())
    assert found.curves["d_loss"].values.tolist() == [1.0, 2.0, 3.0]
    assert found.curves["g_loss"].values.tolist() == [0.5, 0.5, 0.5]


@pytest.mark.parametrize("folder", ["", "2026-11-29_attempt"])
def test_a_column_may_be_named_by_its_folders_and_tag(tmp_path: Path, folder: str) -> None:
    with SummaryWriter(str(tmp_path / folder)) as writer:
        for step in range(3):
            writer.add_scalars("loss", {"A": step + 1.0, "B": 0.5}, step)
            writer.add_scalar("loss_of/C", 7.0, step)
    above = f"{folder}/" if folder else ""
    for wanted in (f"{above}loss_A/loss", "loss: A", "A"):
        found = read(tmp_path, ReadOptions(columns={"d_loss": wanted, "g_loss": f"{above}loss_of/C"}))
        assert found.curves["d_loss"].values.tolist() == [1.0, 2.0, 3.0], wanted
        assert found.curves["g_loss"].values.tolist() == [7.0, 7.0, 7.0]


@pytest.mark.parametrize("tag", ["losses/g-and-d", "Loss/GD", "adversarial_losses"])
def test_whose_the_curves_of_one_tag_are_is_said_by_their_folders(tmp_path: Path, tag: str) -> None:
    with SummaryWriter(str(tmp_path / "Nov29_07-47-39_host")) as writer:
        for step in range(3):
            writer.add_scalars(tag, {"d": step + 1.0, "g": 0.5}, step)
    found = read(tmp_path, ReadOptions())
    assert found.curves["d_loss"].values.tolist() == [1.0, 2.0, 3.0]
    assert found.curves["g_loss"].values.tolist() == [0.5, 0.5, 0.5]


def test_the_name_of_a_single_run_is_no_part_of_its_tags(tmp_path: Path) -> None:
    with SummaryWriter(str(tmp_path / "2026-11-29_attempt" / "events")) as writer:
        for step in range(3):
            writer.add_scalar("Loss/D", step + 1.0, step)
            writer.add_scalar("Loss/G", 0.5, step)
    assert read(tmp_path, ReadOptions()).curves["d_loss"].values.tolist() == [1.0, 2.0, 3.0]


def test_runs_whose_curves_are_in_folders_of_their_own_stay_apart(tmp_path: Path) -> None:
    for run in ("a", "b"):
        with SummaryWriter(str(tmp_path / run)) as writer:
            writer.add_scalars("loss", {"D": 1.0, "G": 0.5}, 0)
    with pytest.raises(RunError, match="holds 2 runs: `a`, `b`"):
        read(tmp_path, ReadOptions())


def test_scalars_of_tensorflow_2(tmp_path: Path) -> None:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util.tensor_util import make_tensor_proto

    writer = EventFileWriter(str(tmp_path))
    for step in range(3):
        tensor = make_tensor_proto(np.float32(step / 2))
        text = make_tensor_proto("hello")
        values = [Summary.Value(tag="disc_loss", tensor=tensor), Summary.Value(tag="g_loss", tensor=text)]
        writer.add_event(Event(step=step, summary=Summary(value=values)))
    writer.close()
    found = read(tmp_path, ReadOptions())
    assert found.curves["d_loss"].values.tolist() == [0.0, 0.5, 1.0]
    assert "g_loss" not in found.curves


def test_where_nothing_fits_the_tags_are_named(tmp_path: Path) -> None:
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("alpha", 1.0, 1)
    with pytest.raises(RunError, match="`alpha`"):
        read(tmp_path, ReadOptions())
    found = read(tmp_path, ReadOptions(columns={"g_loss": "alpha"}))
    assert found.curves["g_loss"].values.tolist() == [1.0]


def test_without_the_extra_the_way_to_get_it_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "find_spec", lambda name: None)
    with pytest.raises(RunError) as caught:
        read(folder, ReadOptions())
    assert caught.value.hint == 'pip install "ganlab-diagnose[tensorboard]"'


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_raises_only_errors_of_ours(folder: Path, data: st.DataObject) -> None:
    path = next(folder.iterdir())
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    damaged = folder.parent / "damaged"
    damaged.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    try:
        found = read(damaged, ReadOptions())
    except GanlabError:
        return
    assert "d_loss" in found.curves or "g_loss" in found.curves


def test_a_record_of_valid_form_and_foreign_content(folder: Path) -> None:
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    path = next(folder.iterdir())
    header, body = struct.pack("<Q", 6), b"\xff" * 6
    record = header + struct.pack("<I", masked_crc32c(header)) + body + struct.pack("<I", masked_crc32c(body))
    path.write_bytes(path.read_bytes() + record)
    assert len(read(path, ReadOptions()).curves["d_loss"]) == 5


def test_several_runs_below_a_folder_are_named(tmp_path: Path) -> None:
    def write(*runs: str) -> None:
        for run in runs:
            with SummaryWriter(str(tmp_path / run)) as writer:
                writer.add_scalar("Loss/D", 1.0, 0)
                writer.add_scalar("Loss/G", 0.5, 0)

    write("train", "validation")
    assert read(tmp_path, ReadOptions()).curves["d_loss"].values.tolist() == [1.0]
    write("a", "b")
    with pytest.raises(RunError, match="holds 2 runs: `a`, `b`"):
        read(tmp_path, ReadOptions())


def test_a_file_without_scalars_is_refused(tmp_path: Path) -> None:
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_text("config", "hinge")
    with pytest.raises(RunError, match="without a scalar"):
        read(tmp_path, ReadOptions())
