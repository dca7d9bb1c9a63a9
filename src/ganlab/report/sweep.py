"""A sweep's results and pictures, made from its folder alone, as often as one likes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from matplotlib.figure import Figure

from ganlab.domain import Points
from ganlab.errors import RunError
from ganlab.plots.figures import save_figure
from ganlab.plots.grids import Pixels, save_png
from ganlab.plots.strips import Strip, strips
from ganlab.plots.sweeps import (
    LINES,
    Axis,
    Cell,
    QualityCourse,
    failure_map,
    failure_scatter,
    loss_against_quality,
    sensitivity,
)
from ganlab.report.grids import last_grid
from ganlab.runs.files import remove
from ganlab.sweeps.folder import find_sweep
from ganlab.sweeps.plan import Plan
from ganlab.sweeps.records import NOT_NEEDED, RunRecord, by_config
from ganlab.sweeps.summary import write_results
from ganlab.verdicts import words

MAPS = 24
"""Failure maps at most, if more than two axes give one for each combination of the others."""

COURSES = 6
"""Runs whose loss is drawn against their quality."""

FEWEST_SNAPSHOTS = 3
"""Snapshots under which a run shows no course of its quality."""

ROWS = 48
"""Configurations whose samples are shown at most."""

PICTURES = ("failure_map", "sensitivity", "loss_against_quality", "strips")
"""What the names of pictures begin with."""


def make_report(folder: Path) -> list[Path]:
    """Write the results and the pictures of a sweep, finished or not, and return the files.

    runs.csv, claims.csv and summary.json as `write_results` does; below `plots/`: the failure map where anything was
    varied; quality against learning rate where that was; G's loss against quality; samples by configuration. What an
    earlier report left there and this one does not make is removed.

    Raises:
        RunError: the folder is no sweep's.
        ConfigError: its spec.yaml is damaged.
        Interrupted: the disk is full.
    """
    sweep = find_sweep(str(folder), folder.parent)
    plan = sweep.plan()
    records = [record for record in write_results(plan, sweep).records if record.state != NOT_NEEDED]
    sweep.plots.mkdir(exist_ok=True)
    before = {path for kind in PICTURES for path in sweep.plots.glob(f"{kind}*")}
    pictures = [path for name, picture in _pictures(plan, records) for path in _save(picture, sweep.plots / name)]
    for path in before - set(pictures):
        remove(path)
    return [sweep.path / "runs.csv", sweep.path / "claims.csv", sweep.summary, *pictures]


def _save(picture: Figure | Pixels, path: Path) -> list[Path]:
    """Write a picture as PNG, a figure also as SVG, and return the files."""
    files = [path.with_name(f"{path.name}.png")]
    if isinstance(picture, Figure):
        save_figure(picture, path)
        files.append(path.with_name(f"{path.name}.svg"))
    else:
        save_png(picture, files[0])
    return files


def _pictures(plan: Plan, records: Sequence[RunRecord]) -> Iterator[tuple[str, Figure | Pixels]]:
    """Yield each picture that the plan has the makings of, and its name."""
    varied = [record for record in records if record.planned.settings]
    if varied:  # a quick version leaves the grid out
        yield from _maps(plan, varied)
        yield from _scatter(plan, varied, _drawn_axes(plan))
        yield from _sensitivity(plan, varied)
    yield from _courses(records)
    for number, page in enumerate(_strips(plan, records), start=1):
        yield f"strips_{number}", page


def _drawn_axes(plan: Plan) -> dict[str, bool]:
    """Return the axes on which each run has its own value, drawn at random; and whether they are logarithmic."""
    draw = plan.spec.random.draw if plan.spec.random else {}
    return {axis: how.log_uniform is not None for axis, how in draw.items() if how.choice is None}


def verdict_of(record: RunRecord) -> str:
    """Return the verdict of a run that ended; empty if there is none yet."""
    return record.failure_name if record.ended else ""


def _judged_words(records: Sequence[RunRecord]) -> str:
    return f"{sum(bool(verdict_of(record)) for record in records)} of {len(records)} runs judged"


# Failure maps


@dataclass(frozen=True)
class Map:
    """The runs of a sweep over one or two of its axes.

    Attributes:
        chosen: the values of its other axes.
        rows, columns: axes and their labels; the rows of one axis alone have a single empty label.
        cells: runs by row and column.
    """

    chosen: Mapping[str, str]
    rows: Axis
    columns: Axis
    cells: Sequence[Sequence[Sequence[RunRecord]]]


def maps(plan: Plan, records: Sequence[RunRecord]) -> Iterator[Map]:
    """Yield a map over the first two axes of a grid, or its only one, for each combination of the values of the others.

    At most MAPS of them.

    Args:
        plan: the sweep.
        records: its runs that have settings.
    """
    drawn = _drawn_axes(plan)
    axes = [axis for axis in plan.axes if axis not in drawn]
    if not axes:
        return
    labels = {axis: list(dict.fromkeys(record.planned.settings[axis] for record in records)) for axis in axes}
    # Long labels fit better next to a map than below it.
    sides = sorted(axes[:2], key=lambda axis: max(map(len, labels[axis])), reverse=True)
    columns = sides[-1]
    row_axis = sides[0] if len(sides) == 2 else None
    rows = Axis(row_axis, labels[row_axis]) if row_axis else Axis("", [""])
    others = axes[2:]
    combinations = itertools.product(*(labels[axis] for axis in others))
    for values in itertools.islice(combinations, MAPS):
        chosen = dict(zip(others, values, strict=True))
        cells = [
            [
                _with(records, {**chosen, columns: column, **({row_axis: row} if row_axis else {})})
                for column in labels[columns]
            ]
            for row in rows.labels
        ]
        yield Map(chosen, rows, Axis(columns, labels[columns]), cells)


def _maps(plan: Plan, records: Sequence[RunRecord]) -> Iterator[tuple[str, Figure]]:
    """Yield the picture of each map."""
    for number, found in enumerate(maps(plan, records), start=1):
        here = [record for row in found.cells for cell in row for record in cell]
        parts = [f"{axis} = {value}" for axis, value in found.chosen.items()]
        words = f"{'; '.join([*parts, _judged_words(here)])}. k/n: k of n judged runs have the most frequent failure."
        name = f"failure_map_{number}" if found.chosen else "failure_map"
        cells = [[map_cell(cell) for cell in row] for row in found.cells]
        yield name, failure_map(f"Where it fails: {plan.spec.name}", words, found.rows, found.columns, cells)


def _with(records: Sequence[RunRecord], settings: Mapping[str, str]) -> list[RunRecord]:
    """Return the runs with these settings."""
    return [each for each in records if all(each.planned.settings[axis] == v for axis, v in settings.items())]


def map_cell(records: Sequence[RunRecord]) -> Cell:
    """Count what the runs of a cell came to."""
    return Cell([verdict for each in records if (verdict := verdict_of(each))], len(records))


def _scatter(plan: Plan, records: Sequence[RunRecord], drawn: dict[str, bool]) -> Iterator[tuple[str, Figure]]:
    """Yield the runs over the first two axes whose values were drawn at random."""
    if len(drawn) < 2 or not any(map(verdict_of, records)):
        return
    x, y = list(drawn)[:2]
    points = [
        (float(each.planned.settings[x]), float(each.planned.settings[y]), verdict)
        for each in records
        if (verdict := verdict_of(each))
    ]
    words = f"{_judged_words(records)}; a dot is a run, rings are runs with the same values."
    log = drawn[x], drawn[y]
    yield "failure_map_random", failure_scatter(f"Where it fails: {plan.spec.name}", words, x, y, points, log)


# Quality


def _sensitivity(plan: Plan, records: Sequence[RunRecord]) -> Iterator[tuple[str, Figure]]:
    """Yield FID against the first axis that is a learning rate, a line for each value of the other axes."""
    drawn = _drawn_axes(plan)
    rate = next((axis for axis in plan.axes if axis.endswith(".lr") and _are_numbers(records, axis)), None)
    if rate is None:
        return
    others = [axis for axis in plan.axes if axis != rate and axis not in drawn]
    lines: dict[str, list[tuple[float, float]]] = {}
    for record in records:
        quality = _readable(record, _quality)
        if quality is not None:
            label = ", ".join(record.planned.settings[axis] for axis in others)
            lines.setdefault(label, []).append((float(record.planned.settings[rate]), quality))
    if not any(math.isfinite(quality) for runs in lines.values() for _, quality in runs):
        return
    shown = dict(list(lines.items())[: len(LINES)])
    words = f"{plan.spec.name}: {sum(map(len, shown.values()))} runs"
    words += f", lines: {', '.join(others)}" if others else ""
    words += f"; the first {len(shown)} of {len(lines)} lines" if len(lines) > len(shown) else ""
    yield "sensitivity", sensitivity("Quality against learning rate", words, rate, "FID of the last snapshot", shown)


def _are_numbers(records: Sequence[RunRecord], axis: str) -> bool:
    """Return whether all labels of an axis are numbers above 0; linked keys may have a list each."""
    try:
        return bool(records) and all(float(record.planned.settings[axis]) > 0 for record in records)
    except ValueError:
        return False


def _quality(record: RunRecord) -> float | None:
    """Return the FID of a run that ended, NaN if it diverged; None if it was not measured.

    Raises:
        RunError: the snapshots are damaged.
    """
    if not record.ended:
        return None
    if verdict_of(record).startswith("diverged"):
        return math.nan
    fid = record.metric("fid")
    return fid if fid is not None and fid > 0 else None


Content = TypeVar("Content")


def _readable(record: RunRecord, read: Callable[[RunRecord], Content]) -> Content | None:
    """Return what is read of a run; None if it is damaged, which runs.csv tells."""
    try:
        return read(record)
    except RunError:
        return None


def _courses(records: Sequence[RunRecord]) -> Iterator[tuple[str, Figure]]:
    """Yield G's loss against FID of up to six runs: healthy ones first, then in the plan's order."""
    courses: list[QualityCourse] = []
    for record in sorted(records, key=lambda record: verdict_of(record) != "healthy"):
        course = _readable(record, _course)
        if course is not None:
            courses.append(course)
        if len(courses) == COURSES:
            break
    if courses:
        words = "A dot is a snapshot: FID, and the median of G's loss since the snapshot before. Ring: the last one."
        yield "loss_against_quality", loss_against_quality("The generator's loss against quality", words, courses)


def _course(record: RunRecord) -> QualityCourse | None:
    """Return a run's way; None if it has too few snapshots with a FID.

    Raises:
        RunError: its history or its snapshots are damaged.
    """
    history = record.history
    if not verdict_of(record) or "g_loss" not in history or "step" not in history:
        return None
    rows = [(row.step, fid) for row in record.snapshots if row.step > 0 and (fid := row.number("fid")) is not None]
    rows = [(step, fid) for step, fid in rows if (history["step"] <= step).any()]
    if len(rows) < FEWEST_SNAPSHOTS:
        return None
    steps, fid = np.array(rows, dtype=float).T
    ends = np.searchsorted(history["step"], steps, side="right")
    loss = [np.median(history["g_loss"][start:end]) for start, end in itertools.pairwise([0, *ends]) if end > start]
    if len(loss) < len(steps):
        return None
    name = ", ".join(record.planned.settings.values()) or record.planned.experiment.name
    return QualityCourse(f"{name}, seed {record.planned.seed}", verdict_of(record), steps, fid, np.array(loss))


# Samples


def _strips(plan: Plan, records: Sequence[RunRecord]) -> list[Pixels]:
    """Lay out the last samples of each configuration, seed by seed."""
    if all(record.state == "missing" for record in records):
        return []
    groups = list(by_config(records).values())
    title = f"Last samples: {plan.spec.name}"
    if len(groups) > ROWS:
        title += f", the first {ROWS} of {len(groups)} configurations"
    # One row at a time: the grids of a large sweep would fill the memory.
    return strips(title, ((_label(group[0]), map(strip_of, group)) for group in groups[:ROWS]))


def _label(record: RunRecord) -> str:
    """Say which configuration it is, and what it is expected to show."""
    planned = record.planned
    expect = " or ".join(map(words, planned.experiment.expect))
    settings = [f"{axis} {value}" for axis, value in planned.settings.items()]
    return "\n".join([planned.experiment.name, *settings, *([f"expected: {expect}"] if expect else [])])


def strip_of(record: RunRecord) -> Strip:
    """Return the last samples of a run with its verdict, as `plots.strips` lays them out."""
    planned = record.planned
    found = _readable(record, lambda record: last_grid(record.run))
    caption = f"seed {planned.seed}" if record.ended else f"seed {planned.seed}, {record.state}"
    points = isinstance(planned.experiment.data.domain, Points)
    return Strip(caption, record.failure_name, None if found is None else found[1], points)
