"""The three pages that docs/page.md links are whole, small, and free of the machine that they were made on."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from docs.make.pages import OUT, RUNS
from ganlab.report.document import MOST_BYTES, is_page

NAMES = (*RUNS, "sweep")


@pytest.mark.parametrize("name", NAMES)
def test_a_linked_page_is_one_of_ours(name: str) -> None:
    path = OUT / f"{name}.html"
    assert is_page(path)
    assert path.stat().st_size <= MOST_BYTES
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    block = re.search(r'id="data">(.*?)</script>', text, re.S)
    assert block is not None
    assert json.loads(block[1])["charts"]
    assert not re.search(r"(?:^|[\s\">])/(?:home|root|tmp|work|Users)/", text)


@pytest.mark.parametrize(("name", "verdicts"), [(name, verdicts) for name, (_, verdicts) in RUNS.items()])
def test_a_linked_page_shows_what_its_name_says(name: str, verdicts: list[str]) -> None:
    title = re.search(r"<title>(.*?)</title>", (OUT / f"{name}.html").read_text(encoding="utf-8"))
    assert title is not None
    assert any(title[1].lower().startswith(each.replace("_", " ").replace("/", ", ")) for each in verdicts)


def test_the_page_of_pages_links_each_of_them() -> None:
    text = (Path(OUT).parent / "page.md").read_text(encoding="utf-8")
    assert all(f"pages/{name}.html" in text for name in NAMES)
