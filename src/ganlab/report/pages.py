"""Pages of what lies on the disk: which one a path gets, where it is written, and what it shows."""

from __future__ import annotations

from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers.run_directory import read_run
from ganlab.errors import GanlabError, RunError
from ganlab.report.document import render
from ganlab.report.frames import last_samples, read_frames
from ganlab.report.moving import Moving, gallery
from ganlab.report.run_page import Subject, config_name, run_content
from ganlab.runs.directory import RunDirectory

PAGE = "page.html"
"""Name of a page in the folder of what it shows."""

SHARED = "page.png"
"""Name of the picture beside it, which can be sent alone."""

PICTURES = 1_500_000
"""Bytes of encoded pictures on a run's page; as text they are a third more."""


OTHER_PICTURES = 500_000
"""Bytes of further encoded pictures, such as a game's own."""


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
    frames, gaps = read_frames(run, PICTURES), []
    steps = [frame.step for frame in frames.frames]
    game = evidence.snapshots[-1].game if evidence.snapshots else ""
    pictures: dict[str, Moving] = {}
    try:
        if (own := gallery(run, game, steps, evidence.unit, OTHER_PICTURES)) is not None:
            pictures["gallery"] = own
    except RunError as error:
        gaps.append(error.message)
    return Subject(
        run.path.resolve().name,
        evidence,
        diagnose(evidence),
        frames,
        status,
        config_name(run.config) if evidence.experiment is not None else "",
        pictures,
        files_of(run),
        gaps,
    )


def files_of(run: RunDirectory) -> list[tuple[str, str]]:
    """Return what lies in a run's folder, and what it is."""
    known = [
        (run.config, "the whole experiment: `ganlab train` repeats it"),
        (run.history, "a row a step"),
        (run.snapshots, "a row of statistics a snapshot"),
        (run.verdict, "the verdict"),
        (run.log, "what was said while it went on"),
    ]
    found = [(path.name, what) for path, what in known if path.is_file()]
    for folder, what in (
        (run.samples, "samples of each snapshot"),
        (run.plots, "pictures"),
        (run.checkpoints, "weights"),
    ):
        count = sum(1 for _ in folder.glob("*")) if folder.is_dir() else 0
        if count:
            found.append((f"{folder.name}/", f"{what}, {count}"))
    return found


def run_page(subject: Subject, live: str = "") -> str:
    """Return the page of one run; `live` is that of `document.render`."""
    content, data = run_content(subject)
    return render("run.html", content, data, live)


def share_png(subject: Subject) -> bytes:
    """Return the picture that says of a run what it is: a PNG of 1200 x 630 pixels."""
    from ganlab.diagnosis.drawing import draw_share
    from ganlab.plots.figures import rasterized
    from ganlab.plots.grids import png_of

    frames = subject.frames.frames
    samples = last_samples(frames[-1]) if frames else None
    return png_of(rasterized(draw_share(subject.evidence, subject.verdict, subject.name, samples)))
