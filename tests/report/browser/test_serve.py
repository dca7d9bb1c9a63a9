"""A page that is served renews itself in a browser, and the reader stays where they were."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.report.test_serve import SECONDS, Serving, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.xdist_group("browser")


def test_the_reader_stays_at_the_step_or_at_the_end(browser: Browser, tmp_path: Path) -> None:
    live, rng = Serving(tmp_path), np.random.default_rng(0)

    def snapshot() -> None:
        live.log(20)
        live.monitor.snapshot(live.step, rng.normal(size=(64, 2)))

    for _ in range(4):
        snapshot()
    live.begin()
    page, said = browser.new_page(viewport={"width": 800, "height": 600}), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.set_default_timeout(1000 * SECONDS)
    page.goto(live.told[0])

    def stop() -> str:
        return page.locator("[data-stop]").text_content() or ""

    def last() -> int:
        return int(page.locator("#slider").get_attribute("max") or 0)

    # At the end: the newest snapshot is shown as it comes.
    for _ in range(2):
        snapshot()
        until(lambda: stop() == f"step {live.step}")
    # At the second step, scrolled down: there it stays, with more behind it.
    page.locator("#slider").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.evaluate("scrollTo(0, 300)")
    before = last()
    snapshot()
    until(lambda: last() > before)
    until(lambda: stop() == "step 40")
    assert page.evaluate("scrollY") == 300
    assert page.evaluate("document.activeElement.id") == "slider"
    # The last version asks for nothing any more.
    live.monitor.finish()
    until(lambda: '"live":""' in (page.locator("#data").text_content() or ""))
    until(lambda: not live.thread.is_alive())
    page.wait_for_timeout(2500)
    assert said == []
    page.close()
