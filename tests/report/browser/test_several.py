"""Pages of several runs in a browser: side by side under one slider, and those of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ganlab.report.pages import PAGE, comparison_page, sweep_page, write_run_pages
from ganlab.runs.directory import RunDirectory
from ganlab.sweeps.folder import SweepFolder
from ganlab.sweeps.records import read_records
from ganlab.verdicts import failure_of
from tests.report.browser.runs import HOSTILE, Runs
from tests.report.browser.visiting import Visitor, inline_code
from tests.report.test_compare_page import data_of
from tests.report.test_sweep_page import make

pytestmark = pytest.mark.xdist_group("browser")

VIEWS: dict[str, dict[str, Any]] = {
    "phone": {"width": 375},
    "dark": {"width": 800, "dark": True},
    "without scripts": {"width": 1400, "js": False},
}


@pytest.fixture(scope="module")
def compared(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of runs on points and on images: one diverged, one hostile, one of somebody else's loop."""
    page = tmp_path_factory.mktemp("compared") / "comparison.html"
    names = ("ring", "digits", "nan", "hostile", "monitored")
    page.write_text(comparison_page([RunDirectory(runs[name]) for name in names], page.parent), encoding="utf-8")
    return page


@pytest.fixture(scope="module")
def swept(points: Any, tmp_path_factory: pytest.TempPathFactory) -> SweepFolder:
    """Two settings of two values, two seeds each, the last not begun; with the pages of the sweep and of its runs."""
    base = points("monitor.snapshot_every=4", "monitor.page=true").model_dump(mode="json")
    losses = {"non-saturating": {"loss": "non_saturating"}, HOSTILE["script"]: {"loss": "hinge"}}
    grid = {"optimizer.lr": [1e-3, 1e-2], "objective": losses}
    _, sweep = make(tmp_path_factory.mktemp("swept"), {"base": base, "grid": grid, "seeds": 2}, skip=1)
    write_run_pages(sweep)
    (sweep.path / PAGE).write_text(sweep_page(sweep), encoding="utf-8")
    return sweep


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_wrong_with_the_pages(view: str, compared: Path, swept: SweepFolder, visit: Visitor) -> None:
    for path in (compared, swept.path / PAGE):
        page = visit(path, **VIEWS[view])
        assert visit.faults(page) == []
        assert page.evaluate("window.hostile") is None
        assert inline_code(path) == []


def test_one_slider_moves_all_runs_by_step_or_by_share(compared: Path, visit: Visitor) -> None:
    data = data_of(compared.read_text())
    page = visit(compared)
    for alignment in ("step", "share"):
        page.select_option("[data-align]", alignment)
        page.locator("body").press("Home")
        for _ in range(4):
            page.locator("body").press("ArrowRight")
        stop = page.locator("[data-stop]").inner_text()
        for number, panel in enumerate(data["panels"]):
            side = page.locator(f'[data-panel="{number}"]')
            now = panel["words"].index(side.locator("[data-at]").first.inner_text())
            if alignment == "step":
                step = int(stop.removeprefix("step ").replace(",", ""))
            else:
                ends = [own["steps"][-1] for own in data["panels"]]
                steps = [(each, end) for own, end in zip(data["panels"], ends, strict=True) for each in own["steps"]]
                shares = sorted({each / end if end else 1 for each, end in steps})
                assert stop == f"{round(100 * shares[4])} % of each run"
                step = shares[4] * panel["steps"][-1]
            assert now == max(place for place, each in enumerate(panel["steps"]) if each <= step + 1e-6)
            samples = panel["pictures"]["samples"]
            assert side.locator('[data-picture="samples"]').get_attribute("src") == samples["at"][now]
            cells = page.locator(f'td[data-of="{number}"]').all()
            shown = {int(cell.get_attribute("data-cell") or ""): cell.inner_text() for cell in cells}
            assert shown == {place: values[now] for place, values in enumerate(panel["cells"])}
        cursors = {path.get_attribute("d") for path in page.locator(".cursor").all()}
        assert ("" in cursors) is (alignment == "share")


def test_a_table_of_runs_is_sorted_and_filtered(swept: SweepFolder, visit: Visitor) -> None:
    records = read_records(swept.plan(), swept)
    page = visit(swept.path / PAGE)
    heading = page.get_by_role("columnheader", name="fid", exact=False).last
    column = heading.evaluate("(head) => head.cellIndex")
    for order in ("ascending", "descending"):
        heading.get_by_role("button").click()
        assert heading.get_attribute("aria-sort") == order
        cells = page.locator(f"[data-sorted] tbody tr > :nth-child({column + 1})").all()
        values = [cell.get_attribute("data-value") for cell in cells]
        numbers = [float(value) for value in values if value is not None]
        assert numbers == sorted(numbers, reverse=order == "descending")
        # The run without a number is last either way.
        assert [value is None for value in values] == [False] * 7 + [True]
    failure = failure_of(records[0].failure_name)
    count = sum(failure_of(record.failure_name) == failure for record in records)
    page.select_option("[data-filter]", failure)
    assert page.locator("[data-sorted] tbody tr:visible").count() == count
    assert page.locator("[data-filtered]").inner_text() == f"{count} of 8 runs are shown"


def test_a_cell_shows_the_samples_of_its_runs(swept: SweepFolder, visit: Visitor) -> None:
    page = visit(swept.path / PAGE, width=1400)
    first, second = (page.locator(".cell").nth(place) for place in (0, 1))
    pops = page.locator(".pop")
    first.hover()
    assert pops.nth(0).is_visible()
    assert pops.nth(0).locator(".thumb").count() == 2
    second.hover()
    assert not pops.nth(0).is_visible()
    page.keyboard.press("Escape")
    assert not pops.nth(1).is_visible()
    # By keyboard: Tab opens it, goes through its links, and leaves for the next cell.
    first.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert pops.nth(0).is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')").startswith("runs/")
    page.keyboard.press("Escape")
    assert not pops.nth(0).is_visible()


def test_cells_open_without_scripts_too(swept: SweepFolder, visit: Visitor) -> None:
    page = visit(swept.path / PAGE, js=False)
    assert page.locator("[data-sorted] tbody tr:visible").count() == 8
    page.locator(".cell").first.click()
    assert page.locator(".pop").first.is_visible()


def test_a_seed_comes_to_the_front(swept: SweepFolder, visit: Visitor) -> None:
    page = visit(swept.path / PAGE)
    configuration = page.locator(".configuration").first
    configuration.locator("li").nth(1).hover()
    assert configuration.locator(".thin.on").count() == 3
    assert {each.get_attribute("data-line") for each in configuration.locator(".thin.on").all()} == {"1"}
    page.mouse.move(0, 0)
    assert configuration.locator(".thin.on").count() == 0
    link = configuration.locator("li a").first
    link.focus()
    assert configuration.locator(".thin.on").count() == 3
    link.click()
    assert page.url == (swept.path / "runs" / swept.plan().runs[0].id / PAGE).as_uri()
    assert "request" in visit.problems[0]  # the other page, which is all that was asked for
    visit.problems.clear()
