"""A browser, and runs of every kind to show in it.

Screenshots of all pages that a test opened are in its temporary folder (`pytest --basetemp=FOLDER` chooses where).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.report.browser.runs import Runs
from tests.report.browser.visiting import Visitor, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, started once: the tests of this folder are one group, so they run in one process.

    It stops after the last of them, because an event loop runs as long as Playwright does, and asyncio allows one only.
    """
    with chromium() as started:
        yield started


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Visitor]:
    """Open pages; the test fails if anything goes wrong on one."""
    visitor = Visitor(browser, tmp_path)
    yield visitor
    visitor.close()
    assert not visitor.problems


@pytest.fixture(scope="session")
def runs(points: Any, images: Any, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Runs by name, each trained when it is first asked for."""
    return Runs(tmp_path_factory.mktemp("runs"), points, images)
