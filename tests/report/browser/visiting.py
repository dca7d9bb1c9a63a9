"""Pages in Chromium: opened as files, watched for errors and requests, checked, and kept as screenshots."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # a container's root has none; the pages are ours
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-blink-features=ComputedAccessibilityInfo",  # gives checks.js the names that a screen reader has
)
CHECKS = Path(__file__).with_name("checks.js").read_text()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium; a test that asks for it is skipped where it is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install playwright")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Visitor:
    """Opens pages, and notes what goes wrong on them.

    Attributes:
        problems: errors and warnings of the console, such as violations of the Content-Security-Policy; exceptions;
            dialogs; requests of anything but the page itself.
    """

    def __init__(self, browser: Browser, screenshots: Path) -> None:
        self.browser, self.screenshots = browser, screenshots
        self.problems: list[str] = []
        self.opened: dict[str, Page] = {}

    def __call__(self, path: Path, *, width: int = 800, height: int = 900, dark: bool = False, js: bool = True) -> Page:
        """Open a file in a window of its own.

        Args:
            path: an HTML file.
            width: of the window, in CSS pixels.
            height: of the window, in CSS pixels.
            dark: the reader prefers dark pages.
            js: scripts run.
        """
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            java_script_enabled=js,
            reduced_motion="reduce",  # a screenshot shows where a transition ends
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        address = path.resolve().as_uri()
        context.on("request", lambda request: self._requested(request.url, address))
        page = context.new_page()
        page.on("console", lambda said: self._said(said.type, said.text))
        page.on("pageerror", lambda error: self._note("exception", str(error)))
        page.on("dialog", self._dialog)
        page.goto(address)
        words = (len(self.opened), path.parent.name[:40], path.stem, width, "dark" * dark, "no-js" * (not js))
        self.opened["-".join(str(word) for word in words if word != "")] = page
        return page

    def _note(self, kind: str, words: str) -> None:
        self.problems.append(f"{kind}: {words}")

    def _said(self, kind: str, words: str) -> None:
        if kind in ("error", "warning"):
            self._note(kind, words)

    def _dialog(self, dialog: Dialog) -> None:
        self._note("dialog", dialog.message)
        dialog.dismiss()

    def _requested(self, address: str, own: str) -> None:
        if address.partition("#")[0] != own and not address.startswith("data:"):
            self._note("request", address)

    def faults(self, page: Page) -> list[str]:
        """Return the faults that checks.js finds on a page, a sentence each."""
        page.keyboard.press("Tab")  # from here on, focus is shown as to a user of the keyboard
        found: list[str] = page.evaluate(CHECKS)
        return found

    def close(self) -> None:
        """Keep a screenshot of each page as it is now, in its whole length, and close it."""
        while self.opened:
            name, page = self.opened.popitem()
            page.screenshot(path=self.screenshots / f"{name}.png", full_page=True)
            page.context.close()


class InlineCode(HTMLParser):
    """Collects what a strict policy forbids: attributes that are code or style, and addresses that are code."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Look at a tag's attributes."""
        for name, value in attributes:
            if name == "style" or name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.found.append(f"<{tag} {name}={value!r}>")


def inline_code(path: Path) -> list[str]:
    """Return the attributes in a file that hold code or style. Of the page itself: its script may set styles later."""
    parser = InlineCode()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser.found
