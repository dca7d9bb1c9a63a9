"""A verdict as a notebook shows it: HTML that holds its picture, in which nobody's text is more than text."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ganlab.diagnosis.places import names, span
from ganlab.diagnosis.wording import expectation, facts, headline, sections
from ganlab.text import printable
from ganlab.verdicts import hue

if TYPE_CHECKING:
    from ganlab.diagnosis.findings import Finding, Judgement


def verdict_html(verdict: Judgement) -> str:
    """Return a verdict's headline, evidence, remedies, and its plot if it knows what it was judged on."""
    expected = expectation(verdict)
    parts = [f"<h3>{escaped(headline(verdict))}</h3>", f"<p>{escaped(verdict.summary)}<br>{escaped(facts(verdict))}"]
    parts += [f"<br>{escaped(expected[0])}</p>" if expected else "</p>"]
    for heading, lines in sections(verdict).items():
        parts.append(f"<h4>{heading.capitalize()}</h4>")
        if heading == "evidence":
            parts.append(_table(verdict.evidence, verdict.unit))
        else:
            items = (f"<b>{escaped(each.strong)}</b>{escaped(each.text)} {_dim(each.rests_on)}" for each in lines)
            parts.append(f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>")
    parts += map(picture_html, _drawn(verdict))
    return f'<div style="border-left: 4px solid {hue(verdict.name)}; padding-left: 1em">{"".join(parts)}</div>'


def picture_html(png: bytes) -> str:
    """Return a PNG as an image that needs no file."""
    return f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}" style="max-width: 100%">'


def escaped(text: object) -> str:
    """Return text that is shown as it is."""
    return html.escape(printable(text))


def _drawn(verdict: Judgement) -> list[bytes]:
    if verdict.judged_on is None:
        return []
    from ganlab.diagnosis.drawing import draw_verdict
    from ganlab.plots.figures import rasterized
    from ganlab.plots.grids import png_of

    return [png_of(rasterized(draw_verdict(verdict.judged_on, verdict)))]


def _table(findings: tuple[Finding, ...], unit: str) -> str:
    rows = [_row("th", ("what was seen", "signal", "value", "threshold", names(unit)[1], "criterion"))]
    for each in findings:
        value, threshold = ("" if number is None else f"{number:.3g}" for number in (each.value, each.threshold))
        rows.append(_row("td", (each.words, each.signal, value, threshold, span(each.window, unit), each.source)))
    return f"<table>{''.join(rows)}</table>"


def _row(tag: str, cells: Iterable[str]) -> str:
    shown = (f'<{tag} style="text-align: left">{escaped(cell)}</{tag}>' for cell in cells)
    return f"<tr>{''.join(shown)}</tr>"


def _dim(text: str) -> str:
    return f'<span style="opacity: 0.6">({escaped(text)})</span>' if text else ""
