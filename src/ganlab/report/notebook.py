"""A run as a notebook shows it: parts of its page, without a script, and with a style that stays inside."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from markupsafe import Markup

from ganlab.errors import GanlabError
from ganlab.report.document import asset, fragment
from ganlab.report.pages import run_subject
from ganlab.report.run_page import drawn_charts, head_of, panel_of, remedy_words
from ganlab.runs.directory import RunDirectory

INSIDE = ((":root", "&"), ("body {", "& {"), ("html:not(.js) ", ""))
"""What of the style sheet is about a whole page, and what it is for a part of one (CSS nesting)."""


def run_html(run: RunDirectory) -> str:
    """Return how a run stands, its verdict, its last samples, its losses, and what to do."""
    try:
        subject = run_subject(run, most=2)
    except GanlabError as error:
        state = run.status().in_words() if run.status_file.is_file() else ""
        content = {"name": run.path.name, "state": state, "verdict": None, "why": error.message}
        return fragment("notebook.html", {"style": style(), **content})
    # Nothing moves here: only the last samples are shown, and no near-duplicates are looked for.
    last = [replace(frame, images=None) for frame in subject.frames.frames[-1:]]
    subject = replace(subject, frames=replace(subject.frames, frames=last), pictures={})
    verdict = subject.verdict
    losses = [
        replace(drawn, chart=replace(drawn.chart, zooms=False))
        for drawn in drawn_charts(subject.evidence, verdict)
        if drawn.chart.key.startswith("losses")
    ]
    return fragment(
        "notebook.html",
        {
            "style": style(),
            **head_of(subject),
            "first": "",  # the remedies stand close below
            "panel": panel_of(subject),
            "charts": losses,
            "findings": [finding.words for finding in verdict.evidence],
            "remedies": [remedy_words(each, subject) for each in verdict.remedies],
        },
    )


@cache
def style() -> Markup:
    """Return the style sheet of pages, for what is inside an element of class `ganlab` alone."""
    text = asset("page.css")
    for whole, inside in INSIDE:
        text = text.replace(whole, inside)
    return Markup(f".ganlab {{ {text} }}")
