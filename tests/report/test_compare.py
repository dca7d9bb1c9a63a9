"""Runs side by side: what differs, what came of it, and what could not be read."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganlab.config.load import difference
from ganlab.errors import RunError
from ganlab.monitor.monitor import Monitor
from ganlab.report.compare import compare, fact_words, last_statistic, late_median, read_side
from ganlab.runs.directory import RunDirectory, list_runs
from ganlab.runs.history import read_history
from ganlab.runs.snapshots import Row, read_snapshots
from ganlab.training import session

CHANGED = ("optimizer.lr=5e-3", "seed=3", "name=fast", "penalties=[{name: r1, weight: 2.0}]")
FILES = ("config.yaml", "run.json", "history.csv", "snapshots.jsonl", "verdict.json")


@pytest.fixture(scope="module")
def runs(points: Any, images: Any, tmp_path_factory: pytest.TempPathFactory) -> list[RunDirectory]:
    """Two runs on points that differ in a few settings, and one on images."""
    folder = tmp_path_factory.mktemp("runs")
    experiments = {"one": points(), "two": points(*CHANGED), "three": images()}
    return [session.start(experiment, folder, name=name) for name, experiment in experiments.items()]


def foreign(folder: Path) -> RunDirectory:
    """A run of somebody else's loop: curves, no experiment."""
    with Monitor("foreign", runs_dir=folder) as monitor:
        for step in range(1, 41):
            monitor.log(step, d_loss_real=0.6, d_loss_fake=0.7, g_loss=0.8)
    (run,) = list_runs(folder)
    return run


def test_settings_that_differ_and_no_others(runs: list[RunDirectory], tmp_path: Path) -> None:
    found = compare(runs[:2], tmp_path / "a.png")
    told = {key: tuple(values) for key, values in found.settings.items()}
    expected = {key: (old, new) for key, old, new in difference(runs[0].experiment(), runs[1].experiment())}
    assert told == {key: values for key, values in expected.items() if key not in ("name", "seed")}
    assert told["optimizer.generator.lr"][1] == 5e-3
    assert told["penalties.0.weight"] == (None, 2.0)
    assert [side.facts["seed"] for side in found.sides] == [0, 3]


def test_a_key_that_one_pair_of_runs_shares_has_its_value_in_each(runs: list[RunDirectory], tmp_path: Path) -> None:
    settings = compare(runs, tmp_path / "a.png").settings
    batch_sizes = [run.experiment().training.batch_size for run in runs]
    assert settings["training.batch_size"] == batch_sizes
    assert batch_sizes[0] == batch_sizes[1] != batch_sizes[2]
    # What only the others say stands too.
    assert settings["data.points"][2] is None


def test_numbers_are_those_of_the_run(runs: list[RunDirectory], tmp_path: Path) -> None:
    found = compare(runs, tmp_path / "a.png")
    for number, run in enumerate(runs):
        history, last = read_history(run.history), read_snapshots(run.snapshots)[-1]
        late = max(1, len(history["step"]) // 20)
        assert found.numbers["d_loss (late median)"][number] == np.median(history["d_loss"][-late:])
        assert found.numbers["fid"][number] == last["fid"]
        verdict = json.loads(run.verdict.read_text())
        assert found.sides[number].verdict.split("/")[0] == verdict["failure"]
        assert found.sides[number].facts["confidence"] == verdict["confidence"]
        assert found.sides[number].gaps == ()
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size[0] == 902
    json.dumps(found.as_json(), allow_nan=False)


def test_nothing_not_finite_is_hidden() -> None:
    history = {"step": np.arange(1.0, 41.0), "d_loss": np.r_[np.ones(39), np.nan], "acc": np.full(40, np.nan)}
    assert math.isnan(late_median(history, "d_loss"))  # type: ignore[arg-type]
    # A column that is empty throughout, as the accuracies of a Wasserstein loss, was not measured.
    assert late_median(history, "acc") is None
    assert late_median(history, "g_loss") is None
    rows = [Row({"step": 1, "fid": 5.0}), Row({"step": 2, "fid": None, "non_finite": ["fid"], "good": True})]
    assert math.isnan(last_statistic(rows, "fid"))  # type: ignore[arg-type]
    assert last_statistic(rows, "good") is None
    assert last_statistic([], "fid") is None


def test_a_foreign_run_has_no_settings(runs: list[RunDirectory], tmp_path: Path) -> None:
    found = compare([foreign(tmp_path), runs[0]], tmp_path / "a.png")
    assert found.settings == {}
    assert found.sides[0].experiment is None
    assert found.sides[0].gaps == ()
    assert found.numbers["g_loss (late median)"][0] == pytest.approx(0.8)


def test_an_onset_at_step_0_is_a_step(tmp_path: Path) -> None:
    with Monitor("broken", runs_dir=tmp_path, views=[]) as monitor:
        for step in range(41):
            monitor.log(step, d_loss=float("nan"), g_loss=0.8)
    facts = read_side(monitor.run).facts
    assert (facts["verdict"], facts["since step"]) == ("diverged", 0)


def test_runs_are_only_read(runs: list[RunDirectory], tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for run in runs for path in run.path.rglob("*")}
    compare(runs, tmp_path / "a.png")
    assert before == {path: path.stat().st_mtime_ns for run in runs for path in run.path.rglob("*")}


@pytest.mark.parametrize(
    ("count", "name", "says"),
    [(1, "a.png", "can be compared, not 1"), (9, "a.png", "can be compared, not 9"), (2, "a.jpg", "no name of a PNG")],
)
def test_refused(count: int, name: str, says: str, runs: list[RunDirectory], tmp_path: Path) -> None:
    with pytest.raises(RunError, match=says):
        compare([*runs, *runs, *runs][:count], tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_cannot_be_written_is_one_message(runs: list[RunDirectory], tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunError, match="cannot be written"):
        compare(runs, tmp_path / "file" / "a.png")


def test_a_run_named_twice_is_refused(runs: list[RunDirectory], tmp_path: Path) -> None:
    again = RunDirectory(runs[0].path / ".." / runs[0].path.name)
    with pytest.raises(RunError, match="named twice"):
        compare([runs[0], again], tmp_path / "a.png")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"[]", b'{"schema": 99}', b"step,d_loss\n2,1\n1,nan\n"])
def test_what_is_damaged_is_a_gap_and_the_rest_is_told(
    name: str, content: bytes, runs: list[RunDirectory], tmp_path: Path
) -> None:
    run = RunDirectory(tmp_path / "run")
    shutil.copytree(runs[0].path, run.path)
    (run.path / name).write_bytes(content)
    side, whole = read_side(run), read_side(runs[0])
    assert [gap.partition(":")[0] for gap in side.gaps] == [name]
    intact = {"run.json": "state", "verdict.json": "verdict"}
    for file, fact in intact.items():
        if name == file:
            assert side.facts[fact] in (None, "not judged")
        else:
            assert side.facts[fact] == whole.facts[fact]
    assert bool(side.history) is (name != "history.csv")
    assert bool(side.snapshots) is (name != "snapshots.jsonl")


def test_damage_of_every_file_at_once_still_gives_a_picture(runs: list[RunDirectory], tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    shutil.copytree(runs[0].path, run.path)
    for path in (*(run.path / name for name in FILES), *run.samples.glob("*.png")):
        path.write_bytes(b"\x00" * 50)
    found = compare([run, runs[1]], tmp_path / "a.png")
    assert len(found.sides[0].gaps) == len(FILES) + 1
    assert (tmp_path / "a.png").is_file()


def test_comparing_needs_no_torch(runs: list[RunDirectory], tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from ganlab.report.compare import compare\nfrom ganlab.runs.directory import RunDirectory\n"
        f"runs = [RunDirectory(Path(path)) for path in {[str(run.path) for run in runs]!r}]\n"
        f"compare(runs, Path({str(tmp_path)!r}, 'a.png'))"
        "\nassert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_page_of_points_needs_no_torch(runs: list[RunDirectory], tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "import ganlab.report.serve\nfrom ganlab.report.making import make_page\n"
        "from ganlab.runs.directory import RunDirectory\n"
        f"folder = Path({str(tmp_path)!r})\n"
        f"make_page([RunDirectory(Path({str(runs[0].path)!r}))], folder, folder / 'a.html')"
        "\nassert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (tmp_path / "a.html").is_file()


def test_facts_in_words(runs: list[RunDirectory]) -> None:
    side = replace(read_side(runs[0]), verdict="healthy", facts={"confidence": 0.876, "step": 20, "seed": None})
    assert [fact_words(each, side) for each in side.facts] == ["88 %", "20", "-"]
    unproved = replace(side, verdict="inconclusive")
    assert fact_words("confidence", unproved) == "-"
