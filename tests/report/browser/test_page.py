"""A run's page as its reader meets it: with mouse, keyboard or screen reader, on a phone, in the dark, on paper."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers.run_directory import read_run
from ganlab.diagnosis.wording import headline
from ganlab.report.document import MOST_BYTES
from ganlab.runs.directory import RunDirectory
from ganlab.runs.snapshots import STATISTICS, Row, read_snapshots
from tests.report.browser.runs import HOSTILE, NAMES, Runs
from tests.report.browser.visiting import Visitor, inline_code

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.xdist_group("browser")

LOAD = 1000
"""Milliseconds in which a page is there."""


@pytest.mark.parametrize("name", NAMES)
def test_every_page_loads_and_can_be_read_by_anyone(name: str, runs: Runs, visit: Visitor) -> None:
    path = runs.page(name)
    assert path.stat().st_size <= MOST_BYTES
    assert inline_code(path) == []
    phone, dark, plain = visit(path, width=375), visit(path, width=1400, dark=True), visit(path, js=False)
    assert visit.faults(phone) + visit.faults(dark) + visit.faults(plain) == []
    # Without scripts the last state and all text are there, and no control that would do nothing.
    assert controls(plain) == []
    assert told(plain) == told(dark)
    pictures = plain.locator("img:visible").evaluate_all(PICTURES)
    assert pictures == dark.locator("img:visible").evaluate_all(PICTURES)
    assert all(width for _, _, width in pictures)


PICTURES = "(all) => all.map((each) => [each.src, each.alt, each.naturalWidth])"


def controls(page: Page) -> list[str]:
    """Return the labels of the controls that are to be seen and need a script, as those of popovers do not."""
    visible: list[str] = page.locator(
        "button:not([popovertarget]):visible, input:visible, select:visible"
    ).all_inner_texts()
    return visible


def told(page: Page) -> list[str]:
    """Return the words of a page that are not those of a control or of an axis."""
    script = """() => {
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const words = [];
      while (texts.nextNode())
        if (!texts.currentNode.parentElement.closest("script, .bar, .tools, svg"))
          words.push(texts.currentNode.data.trim());
      return words.filter(Boolean);
    }"""
    words: list[str] = page.evaluate(script)
    return words


def test_a_page_is_there_at_once(runs: Runs, visit: Visitor) -> None:
    script = "() => performance.getEntriesByType('navigation')[0].loadEventEnd"
    path = runs.page("thousand")
    assert min(visit(path).evaluate(script) for _ in range(3)) < LOAD


def test_the_policy_allows_nothing_but_the_page_itself(runs: Runs) -> None:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', runs.page("ring").read_text())
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].replace("&#39;", "'").split(";"))
    assert rules.pop("default-src") == "'none'"
    assert rules.pop("img-src") == "data:"
    assert rules.pop("base-uri") == rules.pop("form-action") == "'none'"
    assert set(rules) == {"style-src", "script-src"}
    assert all(re.fullmatch(r"'sha256-[\w+/=]+'", rule) for rule in rules.values())


def test_the_verdict_is_the_title(runs: Runs, visit: Visitor) -> None:
    verdict = diagnose(read_run(runs["ring"]))
    page = visit(runs.page("ring"))
    assert headline(verdict) in page.title()
    assert headline(verdict) in page.locator("h1").inner_text()
    assert verdict.summary in page.locator("header").inner_text()
    for finding in verdict.evidence:
        assert finding.words in page.locator("main").inner_text()


# -- the slider -------------------------------------------------------------------------------------------------------


class Shown:
    """What a page shows at a stop of its slider."""

    def __init__(self, page: Page) -> None:
        self.stop = int(page.locator("#slider").input_value())
        self.words = set(page.locator("[data-at], [data-stop]").all_inner_texts())
        self.picture = page.locator("[data-picture=samples]").get_attribute("src")
        self.alt = page.locator("[data-picture=samples]").get_attribute("alt") or ""
        self.reading = page.locator("[data-reading-words]").inner_text()
        cells = page.locator("[data-cell]").all_inner_texts()
        self.numbers = dict(zip(page.locator("tr:has([data-cell]) th").all_inner_texts(), cells, strict=True))
        paths = page.locator(".area .cursor").evaluate_all("(all) => all.map((each) => each.getAttribute('d'))")
        self.cursors = [float(re.match(r"M([\d.]+) ", path)[1]) for path in paths]  # type: ignore[index]


def assert_shows(page: Page, run: Path, stop: int) -> None:
    """Hold everything that the slider moves to the snapshot that the stop is."""
    rows = read_snapshots(RunDirectory(run).snapshots)
    row, now = rows[stop], Shown(page)
    assert now.stop == stop
    assert now.words == {f"step {row.step:,}"}
    assert f"step {row.step:,}" in now.alt
    assert now.reading.startswith(f"step {row.step:,}")
    ends = [float(each) for each in page.locator(".area").first.evaluate(AXIS)]
    assert now.cursors == pytest.approx([10_000 * (row.step - ends[0]) / (ends[1] - ends[0])] * len(now.cursors))
    assert_numbers(now.numbers, row)


AXIS = "(area) => JSON.parse(document.getElementById('data').textContent).charts.losses.x"


def assert_numbers(numbers: dict[str, str], row: Row) -> None:
    labels = {each.label.split(",")[0].split("(")[0].strip().lower(): key for key, each in STATISTICS.items()}
    compared = 0
    for label, text in numbers.items():
        key = labels.get(label.split(",")[0].split("(")[0].strip().lower())
        value = row.number(key) if key else None
        if value is not None:
            assert float(text.replace(",", "")) == pytest.approx(value, rel=0.01), label
            compared += 1
    assert compared >= 3, numbers


@pytest.mark.parametrize("name", ["ring", "digits", "monitored", "progressive"])
def test_the_slider_moves_everything_together(name: str, runs: Runs, visit: Visitor) -> None:
    page = visit(runs.page(name), width=1400)
    stops = len(read_snapshots(RunDirectory(runs[name]).snapshots))
    assert_shows(page, runs[name], stops - 1)
    pictures = set()
    for stop in (0, stops // 2, stops - 1):
        page.locator("#slider").fill(str(stop))
        assert_shows(page, runs[name], stop)
        pictures.add(Shown(page).picture)
    assert len(pictures) == 3


def test_keys_move_as_the_slider_does(runs: Runs, visit: Visitor) -> None:
    page = visit(runs.page("ring"))
    last = len(read_snapshots(RunDirectory(runs["ring"]).snapshots)) - 1
    moves = [("ArrowLeft", last - 1), ("ArrowLeft", last - 2), ("Home", 0), ("ArrowLeft", 0), ("ArrowRight", 1)]
    for key, stop in [*moves, ("End", last), ("ArrowRight", last)]:
        page.keyboard.press(key)
        assert_shows(page, runs["ring"], stop)
    # The slider itself, as those who use Tab reach it.
    page.locator("#slider").focus()
    page.keyboard.press("ArrowLeft")
    assert_shows(page, runs["ring"], last - 1)
    assert page.locator("#slider").get_attribute("aria-valuetext") in Shown(page).words


def test_keys_of_the_browser_stay_its_own(runs: Runs, visit: Visitor) -> None:
    page = visit(runs.page("ring"))
    before = Shown(page).stop
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Control+ArrowLeft")
    page.keyboard.press("PageDown")
    assert Shown(page).stop == before
    page.wait_for_function("() => scrollY > 0")


def test_play_goes_from_the_first_to_the_last(runs: Runs, visit: Visitor) -> None:
    page = visit(runs.page("conditional"))
    page.evaluate("""() => {
      window.seen = [];
      new MutationObserver(() => seen.push(+document.getElementById("slider").value))
        .observe(document.querySelector("[data-stop]"), { childList: true });
    }""")
    page.get_by_role("button", name="Play").click()
    assert page.get_by_role("button", name="Pause").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Play").wait_for()
    assert page.evaluate("seen") == [0, 1, 2, 3]
    assert_shows(page, runs["conditional"], 3)
    page.keyboard.press("Escape")


def test_one_snapshot_has_no_slider(runs: Runs, visit: Visitor) -> None:
    page = visit(runs.page("one"))
    assert page.locator("#slider").count() == 0
    assert "interrupted after step 1 of 4" in page.locator("header").inner_text()
    assert page.locator("[data-picture=samples]").evaluate("(image) => image.naturalWidth") > 0


def test_of_a_thousand_snapshots_some_are_shown_and_that_is_said(runs: Runs, visit: Visitor) -> None:
    page = visit(runs.page("thousand"))
    shown = int(page.locator("#slider").get_attribute("max") or 0) + 1
    assert 20 <= shown < 1000
    assert re.search(rf"{shown} of 1,?000 snapshots", page.locator("main").inner_text())
    page.keyboard.press("Home")
    assert Shown(page).words == {"step 0"}
    page.keyboard.press("End")
    assert Shown(page).words == {"step 999"}


# -- pictures and plots -----------------------------------------------------------------------------------------------


def test_near_duplicates_are_outlined_on_demand(runs: Runs, visit: Visitor) -> None:
    page = visit(runs.page("monitored"))
    button = page.get_by_role("button", name="Outline near-duplicates")
    assert page.locator(".outlines rect").count() == 0
    button.click()
    data = json.loads(page.locator("#data").text_content() or "")
    groups = data["panels"][0]["groups"]
    assert page.locator(".outlines rect").count() == sum(map(len, groups[-1])) > 0
    # They lie on the samples that they are about.
    box = page.locator(".frame").first.bounding_box()
    assert box is not None
    for outline in page.locator(".outlines rect").all():
        its = outline.bounding_box()
        assert its is not None
        assert box["x"] - 2 <= its["x"] <= its["x"] + its["width"] <= box["x"] + box["width"] + 2
        assert box["y"] - 2 <= its["y"] <= its["y"] + its["height"] <= box["y"] + box["height"] + 2
    page.locator("#slider").fill("0")
    assert page.locator(".outlines rect").count() == sum(map(len, groups[0]))
    button.click()
    assert page.locator(".outlines rect").count() == 0


def test_a_pointer_over_a_plot_shows_the_numbers_there(runs: Runs, visit: Visitor) -> None:
    page = visit(runs.page("ring"), width=1400)
    plot = page.locator("[data-chart=losses]")
    area = plot.locator(".area")
    area.scroll_into_view_if_needed()
    before = plot.locator("[data-value]").all_inner_texts()
    box = area.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    there = plot.locator("[data-value]").all_inner_texts()
    history = (runs["ring"] / "history.csv").read_text().splitlines()
    names = history[0].split(",")
    row = dict(zip(names, history[50].split(","), strict=True))
    assert float(there[-1]) == pytest.approx(float(row["g_loss"]), rel=0.1)
    page.mouse.move(5, 5)
    assert plot.locator("[data-value]").all_inner_texts() == before


def test_the_loss_plot_zooms(runs: Runs, visit: Visitor) -> None:
    page = visit(runs.page("ring"), width=1400)
    plot = page.locator("[data-chart=losses]")
    view = lambda: [float(each) for each in (plot.locator(".area").get_attribute("viewBox") or "").split()]  # noqa: E731
    whole = view()
    plot.get_by_role("button", name="Zoom in").click()
    assert view()[2] == pytest.approx(whole[2] / 2)
    plot.get_by_role("button", name="Zoom out").click()
    assert view() == pytest.approx(whole)
    plot.locator(".area").scroll_into_view_if_needed()
    box = plot.locator(".area").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 60)
    page.mouse.up()
    assert view()[:3:2] == pytest.approx([2500, 2500], abs=30)
    assert visit.faults(page) == []
    plot.get_by_role("button", name="All").click()
    assert view() == pytest.approx(whole)


def test_what_is_not_finite_is_said(runs: Runs, visit: Visitor) -> None:
    page = visit(runs.page("nan"))
    text = page.locator("main").inner_text()
    assert "became NaN or infinite at step 3" in text
    assert "not finite from step 3" in text
    assert page.locator(".area .break").count() > 0


def test_a_limit_is_drawn_only_where_it_is_one(runs: Runs, visit: Visitor) -> None:
    """Of `thousand` the change of FID decides, which is no FID; of `digits` the share of good samples itself."""
    assert visit(runs.page("thousand")).locator(".finding .area .limit").count() == 0
    assert visit(runs.page("digits")).locator(".finding .area .limit").count() == 1


def test_copy_puts_the_command_on_the_clipboard(runs: Runs, visit: Visitor) -> None:
    page = visit(runs.page("ring"))
    command = page.locator(".command").first
    command.get_by_role("button").click()
    command.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == command.locator("code").inner_text()
    assert copied.startswith("ganlab train ")


# -- readers ----------------------------------------------------------------------------------------------------------


def test_hostile_text_is_only_text(runs: Runs, visit: Visitor) -> None:
    page = visit(runs.page("hostile"), width=375)
    for stop in ("0", "3"):
        page.locator("#slider").fill(stop)
    for button in page.locator("button:visible").all():
        button.click()
    page.mouse.move(180, 60)
    assert page.evaluate("window.hostile") is None
    text = page.locator("body").text_content() or ""
    for name in ("script", "closing", "quotes", "template", "entity"):
        assert HOSTILE[name] in text, name
    assert not set("\u202e\u2066\u2028\x85\x1b") & set(text)
    assert page.locator("img").count() == page.locator("img[data-picture]").count()


def test_dark_pages_are_dark(runs: Runs, visit: Visitor) -> None:
    light, dark = (visit(runs.page("digits"), dark=dark).evaluate(GROUND) for dark in (False, True))
    assert min(light) > 240
    assert max(dark) < 40


GROUND = "() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number).slice(0, 3)"


@pytest.mark.parametrize("dark", [False, True])
def test_on_paper_there_is_everything_but_the_controls(dark: bool, runs: Runs, visit: Visitor, tmp_path: Path) -> None:
    page = visit(runs.page("digits"), dark=dark)
    paper = page.pdf(path=tmp_path / "page.pdf", format="A4")
    assert 2 <= paper.count(b"/Type /Page\n") <= 12
    page.emulate_media(media="print")
    assert controls(page) == []
    assert page.evaluate(CLIPPED) == []
    assert min(page.evaluate(GROUND)) > 240, "ink is dear"
    assert page.evaluate("document.scrollingElement.scrollWidth <= document.documentElement.clientWidth")


CLIPPED = """() => [...document.querySelectorAll("main *")]
  .filter((each) => each.clientHeight > 1 && getComputedStyle(each).overflowY !== "visible" && !each.closest("svg"))
  .filter((each) => each.scrollHeight > each.clientHeight + 1).map((each) => each.outerHTML.slice(0, 80))"""
