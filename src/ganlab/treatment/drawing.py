"""Pictures of a treatment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ganlab.errors import RunError
from ganlab.plots.figures import save_figure
from ganlab.plots.treatments import Course, paired_courses
from ganlab.runs.names import UNCHANGED
from ganlab.runs.snapshots import Row, read_snapshots
from ganlab.sweeps.counting import rate_words
from ganlab.sweeps.folder import SweepFolder
from ganlab.treatment.plan import TreatmentPlan
from ganlab.treatment.results import QUALITY, ArmResult, first_known
from ganlab.verdicts import words

LABELS = {"fid": "FID", "energy_distance": "energy distance"}
"""What the statistics of quality are called."""


def draw_courses(plan: TreatmentPlan, found: Sequence[ArmResult], folder: SweepFolder) -> Path | None:
    """Draw the quality of each arm over the steps, next to the unchanged trials, and return the picture.

    None if the trials have no statistic of quality.
    """
    rows = {each.arm.name: [_rows(folder, trial.run) for trial in each.trials] for each in found}
    last = next((row[-1] for its in rows.values() for row in its if row), None)
    name = first_known(QUALITY, last)
    if name is None or last is None:
        return None
    courses = {arm: [_course(row, name) for row in its] for arm, its in rows.items()}
    panels = {
        f"{each.arm.name}: {each.cured} of {each.n} cured": courses[each.arm.name]
        for each in found
        if each.arm.name != UNCHANGED and each.n
    }
    unchanged = found[0]
    summary = (
        "A line is a trial: the arm's in colour, the unchanged ones of the same seeds in grey "
        f"({rate_words(unchanged.cured, unchanged.n)} cured). Lower is better."
    )
    figure = paired_courses(
        f"Treatment: {words(plan.failure)}", summary, _label(name, last), courses[UNCHANGED], panels
    )
    folder.plots.mkdir(exist_ok=True)
    save_figure(figure, folder.plots / "treatment")
    return folder.plots / "treatment.png"


def _label(name: str, row: Row) -> str:
    """Return what a statistic is called; on points the FID is taken of their coordinates, not of features."""
    protocol = row.get("protocol")
    on_points = isinstance(protocol, dict) and protocol.get("space") == "coordinates"
    return f"{LABELS[name]} of coordinates" if name == "fid" and on_points else LABELS[name]


def _rows(folder: SweepFolder, run: str) -> list[Row]:
    try:
        return read_snapshots(folder.run(run).snapshots)
    except RunError:
        return []  # damaged: the trial's verdict says so


def _course(rows: Sequence[Row], name: str) -> Course:
    pairs = [(row.step, value) for row in rows if (value := row.number(name)) is not None]
    steps, values = np.array(pairs, dtype=float).reshape(-1, 2).T
    return steps, values
