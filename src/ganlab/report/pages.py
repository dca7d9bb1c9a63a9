"""Pages of what lies on the disk: which one a path gets, where it is written, and what it shows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.judged_folder import JudgedFolder
from ganlab.diagnosis.readers.run_directory import read_run
from ganlab.errors import GanlabError, RunError
from ganlab.report.compare import read_side, require_comparable
from ganlab.report.compare_page import Column, comparison_content
from ganlab.report.document import is_page, render, write
from ganlab.report.frames import MOST, last_samples, read_frames
from ganlab.report.moving import gallery, landscape
from ganlab.report.run_page import Subject, config_name, run_content
from ganlab.report.sweep_page import sweep_content
from ganlab.report.treatment_page import run_of, treatment_part
from ganlab.report.treatments import treatment_of
from ganlab.runs.directory import RunDirectory
from ganlab.sweeps.claims import judge_claims
from ganlab.sweeps.deciding import settled_records
from ganlab.sweeps.folder import SweepFolder
from ganlab.sweeps.records import read_records

PAGE = RunDirectory(Path()).page.name
"""Name of a page in the folder of what it shows."""

PICTURES = 1_500_000
"""Bytes of encoded pictures on a run's page; as text they are a third more."""

OTHER_PICTURES = 500_000
"""Bytes of further encoded pictures, such as a game's own."""


def run_subject(run: RunDirectory, sharing: int = 1, most: int = MOST) -> Subject:
    """Read a run as far as it can be read; what cannot stands in its gaps.

    Args:
        run: its directory.
        sharing: how many runs share a page, and so its bytes.
        most: snapshots whose samples are shown, at most.

    Raises:
        RunError: neither its history nor its snapshots can be read.
    """
    evidence = read_run(run.path)
    try:
        status = run.status()
        status = status.changed(status=run.state(status))
    except GanlabError:  # read_run has said so in its notes
        status = None
    frames, gaps = read_frames(run, PICTURES // sharing, most), list[str]()
    steps = [frame.step for frame in frames.frames]
    game = evidence.snapshots[-1].game if evidence.snapshots else ""
    made = {
        "landscape": landscape(run, steps, evidence.snapshots, OTHER_PICTURES // sharing, gaps),
        "gallery": gallery(run, game, steps, evidence.unit, OTHER_PICTURES // sharing, gaps),
    }
    pictures = {key: each for key, each in made.items() if each is not None}
    treated = treatment_of(run, gaps)
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
        treated,
    )


def judged_subject(folder: JudgedFolder) -> Subject:
    """Read what `ganlab diagnose --out` wrote: the verdict as it was given, on what it was judged on.

    Raises:
        RunError: a file is damaged.
    """
    verdict, gaps = folder.read(), []
    evidence = verdict.judged_on
    if evidence is None:
        gaps.append(
            "this folder was written by an older ganlab, which kept no curves; `ganlab diagnose` writes it again"
        )
        evidence = Evidence(verdict.source)
    name = Path(verdict.source).name or verdict.source
    return Subject(name, evidence, verdict, read_frames(folder.kept, PICTURES), gaps=gaps)


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
        (run.snapshot_folder, "the discriminator's landscape at each"),
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


def comparison_page(runs: Sequence[RunDirectory], folder: Path) -> str:
    """Return the page of 2 to 8 runs side by side. What is damaged in a run is named; the rest is shown.

    Args:
        runs: which, in the order in which they stand.
        folder: where the page will be: from there it links the pages of the runs that have one.

    Raises:
        RunError: fewer than 2 or more than 8 runs, or one named twice.
    """
    require_comparable(runs)
    return render("compare.html", *comparison_content([_column(run, folder, len(runs)) for run in runs]))


def _column(run: RunDirectory, folder: Path, sharing: int) -> Column:
    side = read_side(run)
    link = _link(run, folder)
    try:
        return Column(side, run_subject(run, sharing), link)
    except RunError:  # its side names each file that cannot be read
        return Column(side, None, link)


def _link(run: RunDirectory, folder: Path) -> str:
    """Return the address of a run's page from another one in a folder; empty if it has none."""
    page = run.page
    return quote(os.fsencode(os.path.relpath(page.resolve(), folder.resolve()))) if is_page(page) else ""


def sweep_page(sweep: SweepFolder, folder: Path | None = None) -> str:
    """Return the page of a sweep, finished or not.

    Args:
        sweep: its folder.
        folder: where the page will be: from there it links the pages of the runs that have one. None: in the sweep's.

    Raises:
        ConfigError: its spec.yaml is damaged.
    """
    plan = sweep.plan()
    records = settled_records(plan, sweep)
    claims = judge_claims(plan, records)
    place, gaps = folder or sweep.path, list[str]()
    treated = run_of(sweep)
    link = _link(RunDirectory(sweep.path.parent / treated), place) if treated else ""
    treatment = treatment_part(sweep, link, gaps)
    content = sweep_content(plan, records, claims, lambda each: _link(each.run, place), treatment, gaps)
    return render("sweep.html", *content)


def write_run_pages(sweep: SweepFolder) -> list[Path]:
    """Write the pages of a sweep's runs that have ended, where they are missing or older than their run.

    Runs whose `monitor.page` is off get none, nor those where another file has its name.

    Returns:
        The pages that were written. A run that cannot be read has none.

    Raises:
        ConfigError: its spec.yaml is damaged.
        Interrupted: the disk is full.
    """
    written = []
    for record in read_records(sweep.plan(), sweep):
        page = record.run.page
        wanted = record.planned.experiment.monitor.page
        if not record.ended or not wanted or _is_current(record.run, page) or (page.exists() and not is_page(page)):
            continue
        try:
            subject = run_subject(record.run)
        except RunError:  # the page of the sweep says what is wrong with it
            continue
        written.append(write(run_page(subject), page, force=True))
    return written


def _is_current(run: RunDirectory, page: Path) -> bool:
    """Return whether a page was written after everything that it shows."""
    sources = [path for path in (run.status_file, run.history, run.snapshots, run.verdict) if path.exists()]
    return is_page(page) and all(path.stat().st_mtime <= page.stat().st_mtime for path in sources)
