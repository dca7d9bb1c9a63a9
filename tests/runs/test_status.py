from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ganlab.errors import RunError
from ganlab.runs.status import (
    Cost,
    DataFacts,
    NewerFormat,
    NonFiniteFacts,
    OwnStatus,
    Resumption,
    RunStatus,
    now,
    read_own_status,
    read_status,
    this_process,
    write_status,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.json"


def own(**changes: Any) -> OwnStatus:
    facts = DataFacts(train=60000, held_out=10000, fingerprint="ab12")
    status = OwnStatus(
        status="running", reason="", experiment="toy", seed=0, step=0, steps=20, process=this_process(), started=now(),
        seconds=0.0, device="cpu", threads=1, versions={"torch": "2.6"}, data=facts, parameters={"generator": 7},
        resumed=(),
    )  # fmt: skip
    return status.changed(**changes)


def write(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({"schema": 1, "status": "finished", **values}))


def test_what_is_written_is_read_again(path: Path) -> None:
    first = own(
        resumed=(Resumption(step=5, time=now(), changes=({"key": "seed", "from": 0, "to": 1},)),),
        non_finite=NonFiniteFacts(step=7, tensor="loss", network="generator", layer="", seen_in="g_loss", checkpoint=5),
        cost=Cost(watching_share=0.01, saving_share=0.02),
    )
    write_status(path, first)
    assert read_status(path).as_json() == first.as_json()
    assert read_own_status(path) == first
    content = json.loads(path.read_text())
    assert list(content)[:3] == ["schema", "status", "reason"]
    assert content["process"]["pid"] == os.getpid()
    assert content["resumed"][0]["changes"] == [{"key": "seed", "from": 0, "to": 1}]


def test_only_what_was_said_is_written(path: Path) -> None:
    write_status(path, RunStatus(status="running", loss=None, steps=None))
    assert json.loads(path.read_text()) == {"schema": 1, "status": "running", "loss": None, "steps": None}
    write_status(path, own(non_finite=None))
    assert "non_finite" not in json.loads(path.read_text())


def test_keys_of_a_newer_ganlab_are_kept(path: Path) -> None:
    new: dict[str, Any] = {"mood": ["sunny", 1, None], "model_dump": 3, "damaged": True, "_damaged": 4}
    write(path, **new, process={"pid": 1, "host": "here", "user": "me"})
    status = read_status(path)
    assert status.unknown == tuple(new)
    assert status.damaged == ()
    write_status(path, status.changed(status="stopped"))
    content = json.loads(path.read_text())
    assert {key: content[key] for key in new} == new
    assert (content["status"], content["process"]["user"]) == ("stopped", "me")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("step", "many"), ("step", True), ("step", -1), ("step", 10**12), ("step", 2.5), ("seconds", -1.0),
        ("seconds", "1"), ("seed", "one"), ("threads", "two"), ("device", 5), ("versions", [1]),
        ("versions", {"torch": 2}), ("data", {}), ("data", {"train": 1, "held_out": 1, "fingerprint": 7}),
        ("resumed", "never"), ("resumed", [{"step": 1}]), ("process", 3), ("reason", None),
        ("non_finite", {"step": "7"}), ("cost", {"watching_share": 2, "saving_share": 0}), ("loss", ["hinge"]),
    ],
)  # fmt: skip
def test_a_damaged_value_is_left_out_and_named(path: Path, key: str, value: Any) -> None:
    write(path, **{"steps": 9, key: value})
    status = read_status(path)
    assert status.damaged == (key,)
    assert getattr(status, key) == getattr(RunStatus(status="finished"), key)
    assert (status.status, status.steps) == ("finished", 9)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read as JSON"),
        (b"\xff\x00", "cannot be read as JSON"),
        (b'{"schema": 1, "status": "finished", "x": NaN}', "cannot be read as JSON: NaN is no finite number"),
        (b'{"schema": 1, "status": "finished", "x": 1e999}', "1e999 is no finite number"),
        (b"[1]", "no JSON object"),
        (b"{}", "format None"),
        (b'{"schema": true, "status": "finished"}', "format True"),
        (b'{"schema": 1}', "names no known status"),
        (b'{"schema": 1, "status": "dancing"}', "names no known status"),
        (b'{"schema": 1, "status": ["running"]}', "names no known status"),
    ],
)
def test_what_is_no_run_json_is_refused(path: Path, content: bytes, words: str) -> None:
    path.write_bytes(content)
    with pytest.raises(RunError, match=words) as caught:
        read_status(path)
    assert not isinstance(caught.value, NewerFormat)


def test_a_newer_format_is_refused_as_such(path: Path) -> None:
    write(path, schema=99)
    with pytest.raises(NewerFormat, match="format 99"):
        read_status(path)


def test_a_key_that_is_no_text_is_kept_as_one_that_is(path: Path) -> None:
    path.write_text('{"schema": 1, "status": "finished", "\\ud800": 1}')
    assert read_status(path).unknown == ("\\ud800",)


def test_a_resume_needs_all_of_it(path: Path) -> None:
    write_status(path, own())
    content = json.loads(path.read_text())
    for key in ("device", "threads", "versions", "data", "resumed"):
        path.write_text(json.dumps({name: value for name, value in content.items() if name != key}))
        with pytest.raises(RunError, match=f"no usable {key}"):
            read_own_status(path)
    path.write_text(json.dumps({**content, "threads": 5000}))
    with pytest.raises(RunError, match="no usable threads"):
        read_own_status(path)
    path.write_text(json.dumps({**content, "steps": "many"}))
    assert read_own_status(path).steps is None
    path.write_text(json.dumps({**content, "made_by": "ganlab.Monitor"}))
    with pytest.raises(RunError, match="written by another program"):
        read_own_status(path)


def test_a_status_does_not_change(path: Path) -> None:
    status = own()
    with pytest.raises(ValidationError):
        status.step = 3  # type: ignore[misc]
    assert (status.changed(step=3).step, status.step) == (3, 0)
