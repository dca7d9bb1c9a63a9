"""The checks of pages find what they are for: each on a small page that is wrong in one place, none on a good one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.report.browser.visiting import Visitor, inline_code

pytestmark = pytest.mark.xdist_group("browser")

HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<meta name="viewport" content="width=device-width">"""
GOOD = f"""{HEAD}<style>
:root {{ color-scheme: light dark; color: #222; background: #fff; }}
@media (prefers-color-scheme: dark) {{ :root {{ color: #ddd; background: #111; }} }}
button, input {{ min-height: 24px; min-width: 24px; }} summary {{ padding: 4px; }}
text {{ fill: currentColor; }}
.table {{ overflow-x: auto; }} .wide {{ width: 2000px; }}
.reader {{ position: absolute; width: 1px; height: 1px; overflow: hidden; color: #fff; background: #fff; }}
</style></head><body>
<h1>One</h1><h2>Two</h2><h3>Three</h3><h2>Two again</h2>
<p>Text with <a href="#x">a link</a>. <button aria-label="Play">&#9654;</button></p>
<p class="reader">For screen readers only</p>
<label id="x">Step <input type="range"></label>
<label>Near-duplicates <input type="checkbox"></label>
<img alt="" src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">
<svg role="img" aria-label="Losses" width="200" height="50">
<text x="5" y="20">0</text><text x="150" y="20">9</text></svg>
<svg aria-hidden="true" width="5" height="5"></svg>
<div class="table" tabindex="0" role="group" aria-label="A wide table"><div class="wide">wide</div></div>
<details><summary>More</summary><button></button></details>
</body></html>"""

BAD = {
    "language": ('<html lang="en">', "<html>"),
    "title": ("<title>A page</title>", "<title> </title>"),
    "viewport": ('<meta name="viewport" content="width=device-width">', ""),
    "id: <label": ("<h1>", '<h1 id="x">'),
    "id: <div": ('class="table"', 'class="table" aria-describedby="nowhere"'),
    "headings: there": ("<h2>Two again</h2>", "<h1>Two again</h1>"),
    "headings: <h3": ("<h2>Two</h2>", ""),
    "headings: <h2": ("Two again", " "),
    "name: <button": (' aria-label="Play">&#9654;', ">"),
    "name: <input": ("Near-duplicates", ""),
    "name: <div": (' aria-label="A wide table"', ""),
    "alt: <img": ('alt=""', ""),
    "alt: <svg": (' aria-label="Losses"', ""),
    "name: <svg": (' aria-label="Losses"', ""),
    "contrast: <p": ("<p>Text", '<p style="color: #888">Text'),
    "contrast: <h2": ("<h2>Two again", '<h2 style="opacity: 0.3">Two again'),
    "contrast: <text": ('<text x="5"', '<text style="fill: #bbb" x="5"'),
    "type": ('<text x="5"', '<text font-size="8" x="5"'),
    "focus: <button": ("<button aria", '<button style="outline: none" aria'),
    "focus: <div": ('class="table"', 'style="outline: none" class="table"'),
    "sideways: <div": ('<div class="table"', "<div"),
    "target: <summary": ("padding: 4px", ""),
    "target: <button": ("<button aria", '<button style="min-height: 0; height: 20px" aria'),
    "broken: <h2": ("<h2>Two again", '<h2 style="width: 1em; overflow-wrap: anywhere">Two again'),
    "plot: <text#twice": ('<text x="150" y="20">9', '<text id="twice" x="150" y="20">0'),
    "plot: <text class": ('x="150"', 'x="8"'),
    "plot: <text#cut": ('<text x="150"', '<text id="cut" x="195"'),
}


def write(folder: Path, content: str) -> Path:
    page = folder / "page.html"
    page.write_text(content, encoding="utf-8")
    return page


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_found_on_a_good_page(dark: bool, visit: Visitor, tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    assert visit.faults(visit(path, width=375, dark=dark)) == []
    assert inline_code(path) == []


def test_each_check_finds_what_it_is_for(visit: Visitor, tmp_path: Path) -> None:
    missed = {}
    page = visit(write(tmp_path, GOOD), width=375)
    for check, (good, bad) in BAD.items():
        assert good in GOOD, check
        page.set_content(GOOD.replace(good, bad, 1))
        found = visit.faults(page)
        # Some mistakes are two: a picture without a name is also a picture without a text in its place.
        if not any(fault.startswith(check) for fault in found) or len(found) > 2:
            missed[check] = found
    assert not missed


def test_contrast_is_that_of_the_scheme_shown(visit: Visitor, tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("color: #ddd", "color: #444"))
    assert visit.faults(visit(path)) == []
    assert {fault.split(":")[0] for fault in visit.faults(visit(path, dark=True))} == {"contrast"}


def test_large_letters_need_less_contrast(visit: Visitor, tmp_path: Path) -> None:
    small = write(tmp_path, GOOD.replace("<p>Text", '<p style="color: #888; font-size: 20px">Text'))
    assert visit.faults(visit(small))
    large = write(tmp_path, GOOD.replace("<p>Text", '<p style="color: #888; font-size: 25px">Text'))
    assert not visit.faults(visit(large))


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<script>console.error('oh')</script>", "error: oh"),
        ("<script>console.warn('ah')</script>", "warning: ah"),
        ("<script>missing()</script>", "exception: missing is not defined"),
        ("<script>alert(1)</script>", "dialog: 1"),
        ("<img src='other.png' alt=''>", "request: file://"),
        ("<script src='other.js'></script>", "request: file://"),
        ("<link rel='stylesheet' href='http://127.0.0.1:9/a.css'>", "request: http://127.0.0.1:9/a.css"),
        ("<script>fetch('http://127.0.0.1:9/').catch(() => {})</script>", "request: http://127.0.0.1:9/"),
        ("<script>new Worker(URL.createObjectURL(new Blob(['1'])))</script>", "request: blob:"),
        ("<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\"><style>p {}</style>", "error: "),
        ("<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\"><p style='color: red'>", "error: "),
    ],
)
def test_what_goes_wrong_on_a_page_is_noted(body: str, problem: str, visit: Visitor, tmp_path: Path) -> None:
    page = visit(write(tmp_path, f"{HEAD}</head><body>{body}</body></html>"))
    for _ in range(100):
        if visit.problems:
            break
        page.wait_for_timeout(20)
    assert [each for each in visit.problems if each.startswith(problem)], visit.problems
    visit.close()
    visit.problems.clear()


def test_code_and_style_in_attributes_is_found(tmp_path: Path) -> None:
    body = '<p onclick="x()"><p STYLE="color: red"><a href=" JavaScript:x()">a</a><p class="style" id="on">'
    assert inline_code(write(tmp_path, body)) == [
        "<p onclick='x()'>",
        "<p style='color: red'>",
        "<a href=' JavaScript:x()'>",
    ]


def test_without_scripts_the_page_is_read_all_the_same(visit: Visitor, tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("</body>", "<script>document.title = 'It ran'</script></body>"))
    assert visit(path).title() == "It ran"
    assert visit(path, js=False).title() == "A page"
    assert visit.faults(visit(path, js=False)) == []


def test_screenshots_are_kept(visit: Visitor, tmp_path: Path) -> None:
    visit(write(tmp_path, GOOD), width=375, dark=True)
    visit.close()
    (picture,) = tmp_path.glob("*.png")
    assert picture.name == f"0-{tmp_path.name[:40]}-page-375-dark.png"
