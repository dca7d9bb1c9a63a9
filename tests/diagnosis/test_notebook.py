"""What a notebook is handed: a whole page of HTML in which nobody's text is more than text."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
from PIL import Image

from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.findings import Finding, Missing, Remedy
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.verdict import Verdict


def judged(**changes: Any) -> Verdict:
    steps = np.arange(1, 501, dtype=np.int64)
    curves = {"d_loss": Series(steps, np.full(500, 0.001)), "g_loss": Series(steps, np.full(500, 9.0))}
    return replace(diagnose(Evidence("runs/a", curves, family="cross_entropy")), **changes)


class Page(HTMLParser):
    """Collects the elements and the text of a page, and whether each element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.images: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        if tag == "img":
            self.images.append(dict(attrs)["src"] or "")
        elif tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_it_has_a_headline_a_table_of_evidence_and_the_plot() -> None:
    verdict = judged()
    page = Page(verdict._repr_html_())
    assert not page.open
    assert page.text.startswith("Convergence failure, discriminator dominates, since step 5")
    assert page.found.count("tr") == 1 + len(verdict.evidence)
    for part in (verdict.summary, verdict.evidence[0].words, verdict.remedies[0].why):
        assert part in page.text
    (image,) = page.images
    head, content = image.split(",")
    assert head == "data:image/png;base64"
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))
    assert picture.shape[1:] == (902, 3)
    assert picture.std() > 5


def test_a_verdict_from_a_file_has_no_plot() -> None:
    page = Page(judged(judged_on=None)._repr_html_())
    assert page.images == []
    assert page.found.count("table") == 1


def test_what_others_wrote_is_text() -> None:
    hostile = "</div><script>alert('1')</script>&amp;\x1b[31m"
    verdict = judged(
        judged_on=None,
        failure=hostile,
        basis=hostile,
        summary=hostile,
        notes=(hostile,),
        evidence=(Finding(hostile, 1.0, None, (1, 1), hostile, hostile),),
        missing=(Missing(hostile, hostile),),
        remedies=(Remedy(hostile, hostile, {hostile: hostile}),),
    )
    text = verdict._repr_html_()
    page = Page(text)
    assert not page.open
    assert set(page.found) <= {"div", "h3", "h4", "p", "br", "table", "tr", "th", "td", "ul", "li", "b", "span"}
    assert len(re.findall(re.escape("<script>alert('1')</script>&amp;"), page.text)) >= 9
    assert "\x1b" not in text
