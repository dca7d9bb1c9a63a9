"""Pages of what lies on the disk: which one a path gets, where it is written, and what it shows."""

from __future__ import annotations

from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers.run_directory import read_run
from ganlab.errors import GanlabError
from ganlab.report.document import render
from ganlab.report.frames import read_frames
from ganlab.report.run_page import Subject, config_name, run_content
from ganlab.runs.directory import RunDirectory

PAGE = "page.html"
"""Name of a page in the folder of what it shows."""

PICTURES = 1_500_000
"""Bytes of encoded pictures on a run's page; as text they are a third more."""


def run_subject(run: RunDirectory) -> Subject:
    """Read a run as far as it can be read; what cannot stands in its gaps.

    Raises:
        RunError: neither its history nor its snapshots can be read.
    """
    evidence = read_run(run.path)
    try:
        status = run.status()
    except GanlabError:  # read_run has said so in its notes
        status = None
    return Subject(
        run.path.resolve().name,
        evidence,
        diagnose(evidence),
        read_frames(run, PICTURES),
        status,
        config_name(run.config) if evidence.experiment is not None else "",
    )


def run_page(subject: Subject, live: str = "") -> str:
    """Return the page of one run; `live` is that of `document.render`."""
    content, data = run_content(subject)
    return render("run.html", content, data, live)
