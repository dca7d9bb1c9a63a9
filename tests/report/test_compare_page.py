"""The page of runs side by side, from real runs at toy size."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from ganlab.errors import RunError
from ganlab.monitor.monitor import Monitor
from ganlab.monitor.pictures import Pictures
from ganlab.report.charts import shown
from ganlab.report.compare import final_numbers, read_side
from ganlab.report.document import MOST_BYTES
from ganlab.report.pages import PAGE, comparison_page, run_page, run_subject
from ganlab.runs.directory import RunDirectory, list_runs
from ganlab.runs.snapshots import read_snapshots
from ganlab.training import session

pytestmark = pytest.mark.xdist_group("report")

HOSTILE = "<script>window.hostile = 1</script>'\"&lt;"


def without_figures(patch: pytest.MonkeyPatch) -> None:
    """Leave out the figures at a run's end: they take most of its time, and a page shows none of them."""
    patch.setattr(Pictures, "finish", lambda self, evidence, verdict: None)


def data_of(page: str) -> dict[str, Any]:
    """Return what a page's script reads."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


@pytest.fixture(scope="module")
def runs(points: Any, images: Any, tmp_path_factory: pytest.TempPathFactory) -> list[RunDirectory]:
    """Two runs on points that differ in a setting, one of them longer, and one on images."""
    folder = tmp_path_factory.mktemp("runs")
    experiments = {
        "one": points("monitor.snapshot_every=4"),
        "two": points("optimizer.lr=5e-3", "training.steps=12", "monitor.snapshot_every=4"),
        "three": images(),
    }
    with pytest.MonkeyPatch.context() as patch:
        without_figures(patch)
        return [session.start(experiment, folder, name=name) for name, experiment in experiments.items()]


@pytest.fixture(scope="module")
def page(runs: list[RunDirectory]) -> str:
    return comparison_page(runs, runs[0].path.parent)


def test_the_numbers_are_those_of_the_runs(runs: list[RunDirectory], page: str) -> None:
    data = data_of(page)
    assert [panel["steps"][-1] for panel in data["panels"]] == [run.grids()[-1][0] for run in runs]
    for number, run in enumerate(runs):
        last = read_snapshots(run.snapshots)[-1]
        assert shown(last["fid"]) in [cells[-1] for cells in data["panels"][number]["cells"]]
        assert f'data-panel="{number}"' in page
    late = final_numbers([read_side(run) for run in runs])["g_loss (late median)"]
    row = re.search(r'<th scope="row">generator&#39;s loss</th>(.*?)</tr>', page)
    assert row
    assert re.findall(r">([^<]+)</td>", row[1]) == [shown(value) for value in late if value is not None]


def test_settings_that_differ_stand_in_a_row_each(runs: list[RunDirectory], page: str) -> None:
    row = re.search(r"<code>optimizer\.generator\.lr</code></th>(.*?)</tr>", page)
    assert row
    cells = re.findall(r">([^<]+)</td>", row[1])
    assert [float(cell) for cell in cells] == [run.experiment().optimizer.generator.lr for run in runs]
    assert len(set(cells)) > 1


def test_a_quantity_of_all_runs_is_on_one_chart(runs: list[RunDirectory], page: str) -> None:
    charts = data_of(page)["charts"]
    assert [line["name"] for line in charts["d_loss"]["lines"]] == ["A one", "B two", "C three"]
    assert [line["run"] for line in charts["fid"]["lines"]] == [0, 1, 2]
    assert charts["d_loss"]["x"][1] == max(run.status().step for run in runs)
    for colour in ("run1", "run2", "run3"):
        assert f'class="line {colour} ' in page


def test_more_than_four_runs_are_called_by_their_letters(runs: list[RunDirectory], tmp_path: Path) -> None:
    copies = [RunDirectory(Path(shutil.copytree(runs[0].path, tmp_path / f"copy{number}"))) for number in range(5)]
    page = comparison_page([*runs, *copies], tmp_path)
    assert [line["name"] for line in data_of(page)["charts"]["d_loss"]["lines"]] == list("ABCDEFGH")
    assert len(page) <= MOST_BYTES


def test_a_run_is_linked_where_it_has_a_page(runs: list[RunDirectory], tmp_path: Path) -> None:
    copy = RunDirectory(Path(shutil.copytree(runs[0].path, tmp_path / "a #1?")))
    (copy.path / PAGE).write_text(run_page(run_subject(copy)))
    page = comparison_page([copy, runs[1]], tmp_path / "elsewhere")
    assert 'href="../a%20%231%3F/page.html"' in page
    (copy.path / PAGE).write_text("somebody else's")
    assert 'href="../a' not in comparison_page([copy, runs[1]], tmp_path / "elsewhere")


def test_a_damaged_run_is_shown_as_far_as_it_can_be_read(runs: list[RunDirectory], tmp_path: Path) -> None:
    half = RunDirectory(Path(shutil.copytree(runs[0].path, tmp_path / "half")))
    half.history.write_text("step,d_loss\n1,?\n")
    half.shown()[-1][1].write_bytes(b"PK")
    nothing = RunDirectory(Path(shutil.copytree(runs[0].path, tmp_path / "nothing")))
    for path in (nothing.history, nothing.snapshots):
        path.write_text("?")
    page = comparison_page([half, nothing, runs[1]], tmp_path)
    assert "history.csv" in page
    assert "It cannot be read." in page
    assert len(data_of(page)["panels"]) == 2
    # Of the two runs that have snapshots, the first one has no history.
    assert "d_loss" not in data_of(page)["charts"]
    assert "fid" in data_of(page)["charts"]


def test_somebody_elses_run_has_no_settings_and_hostile_names_are_text(
    runs: list[RunDirectory], tmp_path: Path
) -> None:
    with Monitor("foreign", runs_dir=tmp_path) as monitor:
        for step in range(1, 41):
            monitor.log(step, d_loss_real=0.6, d_loss_fake=0.7, g_loss=0.8)
    (foreign,) = list_runs(tmp_path)
    hostile = RunDirectory(foreign.path.rename(tmp_path / HOSTILE.replace("/", "|")))
    page = comparison_page([hostile, runs[0]], tmp_path)
    assert "<script>window" not in page
    assert "&lt;script&gt;window.hostile = 1&lt;|script&gt;&#39;&#34;&amp;lt;" in page
    assert "No samples are kept of this run" in page or "Neither samples nor statistics" in page


@pytest.mark.parametrize("count", [1, 9])
def test_two_to_eight_runs(count: int, runs: list[RunDirectory]) -> None:
    with pytest.raises(RunError, match=f"2 to 8 runs can be compared, not {count}"):
        comparison_page(runs[:1] * count, runs[0].path.parent)
