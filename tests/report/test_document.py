"""A page holds nobody's text as markup, opens nothing, and replaces nothing unasked."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from pathlib import Path

import pytest

from ganlab.errors import GanlabError, RunError
from ganlab.report.document import TEMPLATES, as_json, asset, is_page, render, write
from ganlab.report.pages import run_page, run_subject
from ganlab.runs.directory import RunDirectory

HOSTILE = "</script><img src=x onerror=alert(1)>{{7*7}}\u202e\x1b[31m"


def test_the_policy_allows_the_page_s_own_style_and_script_only() -> None:
    page = render("base.html", {"title": "t"}, {})
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    allowed = policy[1].replace("&#39;", "'")
    assert allowed.startswith("default-src 'none'; img-src data:;")
    for name in ("page.css", "page.js"):
        digest = base64.b64encode(hashlib.sha256(asset(name).encode()).digest()).decode()
        assert f"'sha256-{digest}'" in allowed
    assert "unsafe" not in allowed
    assert "connect-src" not in allowed
    assert "connect-src 'self'" in render("base.html", {"title": "t"}, {}, live="/version").replace("&#39;", "'")


def test_text_is_text() -> None:
    page = render("base.html", {"title": HOSTILE}, {"name": HOSTILE})
    assert "<img" not in page
    assert "49" not in re.sub(r"sha256-[^']+", "", page.partition("<style>")[0])
    assert "\u202e" not in page.partition("<style>")[0]
    block = re.search(r'id="data">(.*?)</script>', page, re.S)
    assert block is not None
    assert json.loads(block[1])["name"] == HOSTILE


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json({"value": float("nan")})


def test_templates_use_no_inline_styles_or_handlers() -> None:
    for path in TEMPLATES.glob("*.html"):
        assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:|https?://", path.read_text()), path.name


def test_style_and_script_stay_small() -> None:
    assert sum(len(asset(name).splitlines()) for name in ("page.css", "page.js")) <= 600
    assert "innerHTML" not in asset("page.js")


def test_a_page_replaces_nothing_unasked(tmp_path: Path) -> None:
    there = tmp_path / "page.html"
    there.write_text("mine")
    with pytest.raises(GanlabError, match="exists already"):
        write("page", there, force=False)
    with pytest.raises(GanlabError, match="exists already"):
        write("page", there, force=False, ours=True)
    assert there.read_text() == "mine"
    write(render("base.html", {"title": "t"}, {}), there, force=True)
    assert is_page(there)
    with pytest.raises(GanlabError, match="exists already"):
        write("page", there, force=False)
    assert is_page(there)
    write("page", there, force=False, ours=True)
    assert there.read_text() == "page"


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "page.html"
    link.symlink_to(target)
    with pytest.raises(GanlabError, match="exists already"):
        write("page", link, force=False)
    target.write_text("mine")
    write("page", link, force=True)
    assert target.read_text() == "mine"
    assert not link.is_symlink()


@pytest.mark.parametrize("place", ["", "file/page.html", "pipe", "x" * 300, "a\0b"])
def test_a_place_that_cannot_hold_a_page_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises((GanlabError, RunError)):
        write("page", tmp_path / place, force=True)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no history and no snapshots"):
        run_page(run_subject(RunDirectory(tmp_path)))
