"""The table of other people's trainers, and what its runs are given."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision import transforms

from truth import trainers
from truth.old_names import GreyPictures, Pictures, Seen
from truth.readings import Reading, fingerprint

TABLE = trainers.table()
RUNS = TABLE["runs"]


def test_every_trainer_says_where_it_is_had() -> None:
    for trainer in TABLE["trainers"].values():
        assert re.fullmatch(r"[\w-]+/[\w.-]+", trainer["repository"])
        assert re.fullmatch("[0-9a-f]{40}", trainer["commit"])
    assert len({trainer["repository"] for trainer in TABLE["trainers"].values()}) >= 12


def test_names_are_unique_and_known() -> None:
    assert len({run["name"] for run in RUNS}) == len(RUNS)
    assert {run["trainer"] for run in RUNS} <= set(TABLE["trainers"])
    assert {run.get("data", {}).get("pictures", "digits") for run in RUNS} <= set(TABLE["data"])


def test_a_configuration_is_in_one_round_only() -> None:
    trainers.check_rounds(RUNS)
    runs = [{"name": "a", "round": 1}, {"name": "b", "round": 2}, {"name": "c", "group": "b", "round": 2}]
    trainers.check_rounds(runs)
    with pytest.raises(SystemExit, match="group a is in rounds 1 and 2"):
        trainers.check_rounds([*runs, {"name": "d", "group": "a", "round": 2}])


def test_a_run_is_given_its_pictures(tmp_path: Path) -> None:
    values = np.arange(20, dtype=np.uint8)[:, None, None] * np.ones((1, 4, 4), np.uint8)
    np.savez(tmp_path / "x.npz", x=values, y=np.arange(20) % 10)
    seen = Seen(tmp_path / "x.npz", images=3, digits=[3, 8], batches=None, seed=0)
    Pictures.seen = seen
    pictures = GreyPictures("a/root", True, transform=transforms.ToTensor())
    assert len(pictures) == 3
    first, label = pictures[0]
    assert first.shape == (1, 4, 4)
    assert label in (3, 8)
    assert int(first[0, 0, 0] * 255 + 0.5) % 10 == label
    assert Pictures("a/root", transform=transforms.ToTensor())[0][0].shape == (3, 4, 4)


@pytest.mark.parametrize(
    ("line", "d", "g"),
    [
        ("[Epoch 0/9] [Batch 1/94] [D loss: 0.47] [G loss: -1.5]", 0.47, -1.5),
        ("[0/9][1/94] Loss_D: 1.25 Loss_G: 2.5", 1.25, 2.5),
        ("Iter-0; D_loss: 1.5; G_loss: 3e-2", 1.5, 0.03),
    ],
)
def test_losses_are_found_for_the_eye(tmp_path: Path, line: str, d: float, g: float) -> None:
    (tmp_path / "log.txt").write_text(line)
    assert trainers.losses(tmp_path / "log.txt") == ([d], [g])


@pytest.fixture
def run_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """A labelled run of two, `a`, that has been trained into tmp_path."""
    run = {"name": "a", "trainer": next(iter(TABLE["trainers"]))}
    picture = tmp_path / trainers.places(run, TABLE["trainers"][run["trainer"]])[1] / "0.png"
    picture.parent.mkdir(parents=True)
    Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)).save(picture)
    (tmp_path / "runs/a/done.json").write_text("{}")
    read = {
        name: [Reading(name, fingerprint(picture), 90, "good", frozenset({"healthy"}), "digits")] for name in ("a", "b")
    }
    monkeypatch.setattr(trainers, "readings", lambda: read)
    return run


def test_the_index_holds_labelled_runs_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_there: dict[str, object]
) -> None:
    monkeypatch.setattr(trainers, "table", lambda: {**TABLE, "runs": [run_there, {**run_there, "name": "b"}]})
    trainers.index(tmp_path)
    [record] = json.loads((tmp_path / "index.json").read_text())
    assert (record["name"], record["right"], record["domain"], record["real"]) == ("a", ["healthy"], "grey", "mnist")


def test_a_run_that_came_out_otherwise_than_labelled_is_left_out_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], run_there: dict[str, object]
) -> None:
    monkeypatch.setattr(trainers, "table", lambda: {**TABLE, "runs": [run_there]})
    [picture] = (tmp_path / "runs/a").rglob("*.png")
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(picture)
    trainers.index(tmp_path)
    assert json.loads((tmp_path / "index.json").read_text()) == []
    assert capsys.readouterr().out.startswith("a: its last pictures are not those")


def test_pages_for_a_reader_name_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_there: dict[str, object]
) -> None:
    monkeypatch.setattr(trainers, "table", lambda: {**TABLE, "runs": [run_there]})
    (tmp_path / "data").mkdir()
    np.savez(tmp_path / "data/digits.npz", x=np.zeros((30, 4, 4), np.uint8), y=np.arange(30) % 10)
    (tmp_path / trainers.places(run_there, TABLE["trainers"][str(run_there["trainer"])])[0]).write_text("")
    trainers.blind(tmp_path, tmp_path / "pages", None)
    assert [path.name for path in (tmp_path / "pages").iterdir()] == ["R001.png"]
    assert json.loads((tmp_path / "pages_key.json").read_text()) == {"R001": "a"}
    trainers.blind(tmp_path, tmp_path / "of_one_round", 2)
    assert json.loads((tmp_path / "of_one_round_key.json").read_text()) == {}


@pytest.mark.parametrize(
    ("its", "split"),
    [({}, "tune"), ({"round": 1}, "tune"), ({"round": 3}, "tune"), ({"round": 4}, "measure")],
)
def test_rules_are_tuned_on_all_rounds_but_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_there: dict[str, object], its: dict[str, int], split: str
) -> None:
    monkeypatch.setattr(trainers, "table", lambda: {**TABLE, "runs": [{**run_there, **its}]})
    trainers.index(tmp_path)
    assert [record["split"] for record in json.loads((tmp_path / "index.json").read_text())] == [split]


def test_no_index_is_written_of_a_configuration_in_two_rounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_there: dict[str, object]
) -> None:
    runs = [run_there, {**run_there, "name": "b", "group": "a", "round": 2}]
    monkeypatch.setattr(trainers, "table", lambda: {**TABLE, "runs": runs})
    with pytest.raises(SystemExit, match="group a"):
        trainers.index(tmp_path)
    assert not (tmp_path / "index.json").exists()
