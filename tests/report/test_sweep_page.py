"""The page of a sweep, from real runs at toy size."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from ganlab.report import sweep_page as of_sweep
from ganlab.report.pages import PAGE, sweep_page, write_run_pages
from ganlab.sweeps import claim_words
from ganlab.sweeps.claims import judge_claims
from ganlab.sweeps.folder import SweepFolder, open_sweep
from ganlab.sweeps.plan import Plan, make_plan
from ganlab.sweeps.records import read_records
from ganlab.sweeps.spec import spec_from_mapping
from ganlab.training import session
from ganlab.verdicts import failure_of, words
from tests.report.test_compare_page import data_of, without_figures

pytestmark = pytest.mark.xdist_group("report")

CLAIM = 'Copies of <b>digits</b> & "quotes" (Somebody et al.)'


def make(folder: Path, spec: dict[str, Any], skip: int = 0) -> tuple[Plan, SweepFolder]:
    """Train a sweep, but for its last `skip` runs."""
    plan = make_plan(spec_from_mapping({"name": "toy", **spec}))
    sweep = open_sweep(plan, folder / plan.folder_name)
    with pytest.MonkeyPatch.context() as patch:
        without_figures(patch)
        for planned in plan.runs[: len(plan.runs) - skip]:
            session.start(planned.experiment, sweep.runs, name=planned.id)
    return plan, sweep


@pytest.fixture(scope="module")
def swept(points: Any, images: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, SweepFolder]:
    """Two learning rates under two losses, two seeds each, and a run on images with a claim; the last is not begun."""
    base = points("monitor.snapshot_every=4", "monitor.page=true").model_dump(mode="json")
    entry = {
        "config": images(f"claim={CLAIM!r}", "expect=[healthy]", "monitor.page=true").model_dump(mode="json"),
        "seeds": [0, 1],
    }
    grid = {"optimizer.lr": [1e-3, 1e-2], "loss": ["non_saturating", "hinge"]}
    return make(tmp_path_factory.mktemp("sweep"), {"base": base, "grid": grid, "runs": [entry], "seeds": 2}, skip=1)


@pytest.fixture(scope="module")
def page(swept: tuple[Plan, SweepFolder]) -> str:
    return sweep_page(swept[1])


def copy(sweep: SweepFolder, folder: Path) -> SweepFolder:
    return SweepFolder(Path(shutil.copytree(sweep.path, folder / sweep.path.name)))


def text(html: str) -> str:
    """Return markup without its tags, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def test_the_map_counts_what_the_runs_say(swept: tuple[Plan, SweepFolder], page: str) -> None:
    plan, sweep = swept
    cells: dict[tuple[str, ...], list[str]] = {}
    for record in read_records(plan, sweep):
        if record.ended and record.planned.settings:
            cells.setdefault(tuple(record.planned.settings.values()), []).append(failure_of(record.failure_name))
    expected = Counter(f"{max(map(found.count, found))}/{len(found)}" for found in cells.values())
    (grid,) = re.findall(r'aria-label="Failure map">(.*?)</table>', page, re.DOTALL)
    assert Counter(re.findall(r'<span class="rate">(.*?)</span>', grid)) == expected
    assert grid.count("<button") == len(cells)
    for label in ("1e-3", "0.01", "hinge", "non_saturating"):
        assert f">{label}</th>" in grid.replace("1e-2", "0.01")


def test_claims_are_told_in_the_words_of_the_terminal(swept: tuple[Plan, SweepFolder], page: str) -> None:
    plan, sweep = swept
    (claim,) = map(asdict, judge_claims(plan, read_records(plan, sweep)))
    (row,) = re.findall(r"<tbody>\s*(<tr>.*?</tr>)\s*</tbody>", page.partition('id="map"')[0], re.DOTALL)
    assert "Copies of &lt;b&gt;digits&lt;/b&gt; &amp; &#34;quotes&#34;" in row
    for words_ in (claim_words.k_of_n(claim), claim_words.interval(claim), "(Somebody et al.)", claim["replicated"]):
        assert words_ in text(row)


def test_a_sweep_that_is_not_finished_says_so(page: str) -> None:
    assert "Not finished: 9 of 10 runs of 5 configurations have ended; 1 missing." in page
    assert "not judged: missing" in page
    assert "no samples" in page


def test_mean_range_and_seeds_of_each_configuration(swept: tuple[Plan, SweepFolder], page: str) -> None:
    charts = data_of(page)["charts"]
    assert {f"c{number}-{key}" for number in range(5) for key in ("d_loss", "g_loss", "fid")} == set(charts)
    # Four configurations have two seeds, with a band and a thin line each; the fifth has one so far.
    assert page.count('class="band"') == 4 * 3
    assert page.count('class="thin"') == 4 * 3 * 2
    record = next(each for each in read_records(*swept) if not each.planned.settings)
    loss = charts["c4-d_loss"]["lines"][0]
    assert loss["s"][-1] == record.step
    assert loss["v"][-1] == pytest.approx(record.history["d_loss"][-1], rel=1e-3)


def test_all_runs_are_in_the_table_with_what_they_are_sorted_and_filtered_by(
    swept: tuple[Plan, SweepFolder], page: str
) -> None:
    plan, sweep = swept
    table = page[page.index("data-sorted") :]
    rows = re.findall(r'<tr data-kind="(.*?)">(.*?)</tr>', table, re.DOTALL)
    records = {record.planned.id: record for record in read_records(plan, sweep)}
    kinds = Counter(failure_of(each.failure_name) if each.ended else each.state for each in records.values())
    assert Counter(kind for kind, _ in rows) == kinds
    for kind, count in kinds.items():
        assert f'<option value="{kind}">{kind.replace("_", " ")} ({count})</option>' in page
    assert rows[0][1].count("<td") + 1 == page[page.index("data-sorted") :].partition("</thead>")[0].count("<th ")
    fids = [record.metric("fid") for record in records.values() if record.ended]
    assert all(f'data-value="{fid}"' in table for fid in fids)
    assert all(words(record.failure_name) in table for record in records.values() if record.ended)


def test_a_damaged_run_is_a_gap_and_no_end(swept: tuple[Plan, SweepFolder], tmp_path: Path) -> None:
    sweep = copy(swept[1], tmp_path)
    first, second, third = (sweep.run(planned.id) for planned in swept[0].runs[:3])
    first.history.write_text("step,d_loss\n1,?\n")
    second.shown()[-1][1].write_bytes(b"PK")
    third.status_file.write_text("{}")
    page = sweep_page(sweep)
    for name in ("history.csv", "shown_", "run.json"):
        assert name in page
    assert str(tmp_path) not in page
    assert "1 failed, 1 missing" in page


def test_before_any_run_has_begun(points: Any, tmp_path: Path) -> None:
    base = points().model_dump(mode="json")
    _, sweep = make(tmp_path, {"base": base, "grid": {"optimizer.lr": [1e-3, 1e-2]}}, skip=2)
    page = sweep_page(sweep)
    assert "Not finished: 0 of 2 runs of 2 configurations have ended; 2 missing." in page
    assert data_of(page)["charts"] == {}
    assert claim_words.NONE[3:] in page


def test_pictures_are_thinned_to_their_budget_and_that_is_said(
    swept: tuple[Plan, SweepFolder], page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert page.count("<symbol") == 9
    monkeypatch.setattr(of_sweep, "PICTURES", 8_000)
    thinned = sweep_page(swept[1])
    found = re.search(r"Samples are shown of (\d) of 9 runs, evenly spaced\.", thinned)
    assert found
    assert thinned.count("<symbol") == int(found[1]) < 9


def test_long_sweeps_list_some_of_their_runs_and_say_so(
    swept: tuple[Plan, SweepFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_sweep, "ROWS", 4)
    monkeypatch.setattr(of_sweep, "CONFIGURATIONS", 2)
    page = sweep_page(swept[1])
    assert page.count("<tr data-kind") == 4
    assert "The table lists 4 of 10 runs, evenly spaced." in page
    assert "Curves are drawn of the first 2 of 5 configurations." in page


def test_pages_of_runs_are_made_where_they_are_missing_or_old(swept: tuple[Plan, SweepFolder], tmp_path: Path) -> None:
    plan, sweep = swept[0], copy(swept[1], tmp_path)
    made = write_run_pages(sweep)
    assert [page.parent.name for page in made] == [planned.id for planned in plan.runs[:-1]]
    assert write_run_pages(sweep) == []
    old = sweep.run(plan.runs[1].id)
    os.utime(old.path / PAGE, (0, 0))
    assert write_run_pages(sweep) == [old.path / PAGE]
    page = sweep_page(sweep)
    assert set(re.findall(r'href="(runs/[^"]*)"', page)) == {
        f"runs/{planned.id}/page.html" for planned in plan.runs[:-1]
    }
    assert f'href="{sweep.path.name}/runs/' in sweep_page(sweep, tmp_path)
