"""Make docs/pages/: three pages as they are sent, of a healthy run, a cycling one and a sweep.

ganlab train failures/cycling && ganlab sweep guide_reduced --into runs/sweep-guide_reduced
python -m docs.make.pages runs/sweep-guide_reduced/runs/stable-s0-* runs/cycling-* runs/sweep-guide_reduced
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ganlab.report.document import MOST_BYTES, write
from ganlab.report.pages import run_page, run_subject, share_png, sweep_page
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import atomic_write
from ganlab.sweeps.folder import SweepFolder

OUT = Path(__file__).parents[1] / "pages"
"""Where they lie."""

RUNS = {"healthy": ("stable", ["healthy"]), "cycling": ("cycling", ["mode_collapse/cycling", "oscillation"])}
"""The experiment that each page of a run shows, and what it must have come to for its name to be true."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in (*RUNS, "sweep"):
        parser.add_argument(name, type=Path, metavar=name.upper())
    given = parser.parse_args()
    for name, (experiment, verdicts) in RUNS.items():
        subject = run_subject(RunDirectory(getattr(given, name)))
        trained = subject.evidence.experiment
        if trained is None or trained.name != experiment or subject.verdict.name not in verdicts:
            parser.error(f"{getattr(given, name)} is no run of {experiment} that came to {' or '.join(verdicts)}")
        put(name, run_page(subject))
        atomic_write(OUT / f"{name}.png", share_png(subject))
    put("sweep", sweep_page(SweepFolder(given.sweep)))


def put(name: str, page: str) -> None:
    """Write a page, and say how large it is."""
    path = write(page, OUT / f"{name}.html", force=True)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise SystemExit(f"{path} has {size:,} bytes, more than {MOST_BYTES:,}")
    print(f"{path}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
