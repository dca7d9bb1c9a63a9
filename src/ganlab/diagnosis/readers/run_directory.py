"""Our own run directories, whole or damaged: what can be trusted of them, and what is missing."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ganlab.config.experiment import Experiment
from ganlab.diagnosis.evidence import SIGNALS, Evidence, NonFinite, Series
from ganlab.diagnosis.readers.family import LOSS_NAMES
from ganlab.diagnosis.readers.interpret import interpret_columns
from ganlab.diagnosis.readers.lines import lines, number
from ganlab.diagnosis.readers.series import as_shares
from ganlab.errors import ConfigError, RunError
from ganlab.runs.directory import RunDirectory
from ganlab.runs.snapshots import ROUNDING, STATISTICS, Row, statistic_of
from ganlab.runs.status import NewerFormat, NonFiniteFacts, RunStatus
from ganlab.text import excerpt, listed

HALVES_TOLERANCE = 0.02
"""Share by which d_loss may differ from the sum of its halves: what bfloat16 rounds away, and more than it."""

ACCURACIES = ("d_acc_real", "d_acc_fake")
GRADIENTS = ("grad_d", "grad_g", "grad_g_output")

ESSENTIAL = {"data", "loss", "training"}
"""Keys of config.yaml without which an experiment that loads is not the one that ran: all keys are written there."""

MAX_STEP = 10**12

EMPTY = -np.finfo(np.float64).max
"""Marks an empty cell, which is no point, while NaN is one."""


def is_run_directory(path: Path) -> bool:
    """Return whether a folder is a run of ours, or what is left of one."""
    run = RunDirectory(path)
    return (
        run.status_file.is_file()
        or run.snapshots.is_file()
        or (run.history.is_file() and (run.config.is_file() or _header(run.history)[:2] == ["step", "time"]))
    )


def read_run(path: Path) -> Evidence:
    """Read a run directory without changing it.

    Of history.csv the rows before the first damaged one are taken; a damaged row of snapshots.jsonl is left out; what
    is missing or damaged stands in the notes. Keys and statistics that this ganlab does not know are kept, and stand
    there too.

    Raises:
        RunError: neither history nor snapshots can be read, or the run is of a newer format.
    """
    run = RunDirectory(path)
    notes: list[str] = []
    status = _status(run, notes)
    # A loop that wrote through ganlab.Monitor has no experiment.
    experiment = None if status and status.made_by else _experiment(run, notes)
    planned = _planned(experiment, status, notes)
    loss = experiment.loss if experiment else status.loss if status else None
    family, saturating = LOSS_NAMES.get(loss or "", (None, None))
    ended = status is None or status.status != "running"
    ended_at = status.step if status and ended else None
    # Looked for first: a run that goes on writes the row before the picture.
    pictured = {step for step, _ in run.grids()}
    watched = status is not None and status.made_by is not None
    curves, remarks = _curves(run, experiment, planned, ended_at, watched, notes)
    bad = [name for name, curve in curves.items() if not np.isfinite(curve.values).all()]
    if bad and experiment is not None and ended_at is not None and not (status and status.non_finite):
        notes.append(f"history.csv holds NaN or Inf in {listed(bad)}, but run.json reports none")
    probabilities = experiment is not None and family == "cross_entropy"
    snapshots, unknown = _snapshots(run, planned, probabilities, notes)
    matches = experiment is not None and any(each.name == "feature_matching" for each in experiment.stabilizers)
    last = max([ended_at or 0, *(int(curve.steps[-1]) for curve in curves.values())])
    if status and status.status == "failed":
        remarks.append(f"training ended at step {status.step:,} in an error: {excerpt(status.reason or 'unknown')}")
    if status and status.unknown:
        remarks.append(f"run.json has keys that this ganlab does not know: {listed(list(status.unknown))}")
    if lost := sorted({step for step in pictured if step <= last} - {row["step"] for row in snapshots}):
        notes.append(f"of {len(lost)} snapshots the picture is there, and the row is not; the first is step {lost[0]}")
    if not curves and not snapshots:
        raise RunError(
            f"{excerpt(str(path))} holds no history and no snapshots that can be read"
            + (f": {'; '.join(notes)}" if notes else ""),
            "the run is empty or damaged; use another one",
        )
    evidence = Evidence(
        source=excerpt(str(path)),
        curves={} if watched else curves,
        snapshots=tuple(snapshots),
        family=family,
        saturating=saturating,
        planned=planned,
        ended=ended,
        non_finite=_non_finite(status.non_finite if status else None),
        experiment=experiment,
        notes=(*notes, *remarks, *unknown),
        damaged=bool(notes),
        weighted=matches,
        plain_term=matches,
    )
    return interpret_columns(curves, evidence) if watched else evidence


def _experiment(run: RunDirectory, notes: list[str]) -> Experiment | None:
    """Return the experiment; None, with a note, if config.yaml is missing or damaged."""
    if not run.config.is_file():
        notes.append("there is no config.yaml")
        return None
    try:
        experiment = run.experiment()
        if missing := sorted(ESSENTIAL - experiment.model_fields_set):
            notes.append(f"config.yaml is cut short: it lacks {', '.join(missing)}")
            return None
        return experiment
    except ConfigError as error:
        first = error.message.splitlines()[0] if error.message else ""
        notes.append(f"config.yaml cannot be used: {excerpt(first, 200)}")
        return None


def _status(run: RunDirectory, notes: list[str]) -> RunStatus | None:
    """Return run.json; None, with a note, if it is missing or damaged.

    Raises:
        RunError: it is of a newer format.
    """
    try:
        status = run.status()
    except NewerFormat:
        raise
    except RunError as error:
        notes.append(f"run.json cannot be used: {excerpt(error.message, 200)}")
        return None
    if status.damaged:
        notes.append(f"run.json is damaged: it has no usable {listed(list(status.damaged))}")
    return status


def _planned(experiment: Experiment | None, status: RunStatus | None, notes: list[str]) -> int | None:
    """Return the planned steps; None if config.yaml and run.json do not agree."""
    configured = experiment.training.steps if experiment else None
    stated = status.steps if status else None
    if configured is not None and stated is not None and configured != stated:
        notes.append(f"config.yaml plans {configured} steps and run.json {stated}: one of them is damaged")
        return None
    return stated if configured is None else configured


def _non_finite(found: NonFiniteFacts | None) -> NonFinite | None:
    """Return where the run met NaN or Inf."""
    if found is None:
        return None
    where = ".".join(excerpt(part, 80) for part in (found.network, found.layer) if part)
    tensor = excerpt(found.tensor, 80)
    return NonFinite(found.step, f"{tensor} of {where}" if where else tensor)


def _whole(value: object) -> int | None:
    """Return a value if it is a whole number that can be a step."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_STEP else None


# history.csv


def _header(path: Path) -> list[str]:
    return next(lines(path), "").split(",")


def _curves(
    run: RunDirectory,
    experiment: Experiment | None,
    planned: int | None,
    ended_at: int | None,
    watched: bool,
    notes: list[str],
) -> tuple[dict[str, Series], list[str]]:
    """Return the curves of history.csv, of the rows before the first damaged one; an empty cell is no point.

    Of another program's loop (`watched`), all columns, by the names that it gave them. Also what accuracies were taken
    for where the experiment is lost, which is no damage.
    """
    if not run.history.is_file():
        notes.append("there is no history.csv")
        return {}, []
    names = _header(run.history)
    twice = sorted({name for name in names if names.count(name) > 1})
    if "step" not in names or twice:
        notes.append("the first line of history.csv is damaged: " + (f"{listed(twice)} twice" if twice else "no step"))
        return {}, []
    if experiment is not None and (missing := [name for name in SIGNALS if name not in names]):
        notes.append(f"history.csv has no column {listed(missing)}")
    columns, count, why = _columns(run.history, names)
    for reason, bad in _impossible(columns, experiment is not None, planned):
        if bad[:count].any():
            count, why = int(np.argmax(bad)), reason
    if why:
        notes.append(f"history.csv is damaged after {count} rows ({why}): only those before were taken")
    elif ended_at is not None and ended_at > (last := columns["step"][-1] if count else 0):
        notes.append(f"history.csv ends at step {last:.0f}, and the run ended at step {ended_at}: rows are missing")
    overflows = experiment is not None and experiment.training.precision == "float16"
    curves = {}
    for name in (each for each in names if each not in ("step", "time")) if watched else SIGNALS:
        values = columns.get(name, np.array([]))[:count]
        # Empty cells became EMPTY. Under float16 scaled gradients overflow now and then; the scaler sees to it.
        kept = np.isfinite(values) if overflows and name in GRADIENTS else values != EMPTY
        if kept.any():
            curves[name] = Series(columns["step"][:count][kept].astype(np.int64), values[kept])
    if experiment is not None or watched:
        return curves, []
    shares, remarks = as_shares({name: curves.pop(name) for name in ACCURACIES if name in curves})
    return {**curves, **shares}, remarks


def _columns(path: Path, names: list[str]) -> tuple[dict[str, NDArray[np.float64]], int, str]:
    """Return history.csv by column up to the first line that is no row, the number of rows, and what ended them."""
    rows: list[list[float]] = []
    why = ""
    for line in islice(lines(path), 1, None):
        row = [number(cell) if cell else EMPTY for cell in line.split(",")]
        if len(row) != len(names) or None in row:
            why = "a row does not hold one number a column"
            break
        rows.append(row)  # type: ignore[arg-type]  # None was looked for just now
    table = np.array(rows, dtype=np.float64).reshape(len(rows), len(names))
    return dict(zip(names, table.T, strict=True)), len(rows), why


def _impossible(
    columns: Mapping[str, NDArray[np.float64]], ours: bool, planned: int | None
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield what rows cannot be, and which of them are.

    Our own loop writes every step from 1, and d_loss as the sum of its halves; other loops may do neither.
    """
    steps = columns["step"]
    yield "no step", ~((steps >= 0) & (steps < MAX_STEP) & (steps == np.floor(steps)))
    falls = np.diff(steps) <= 0
    # Either of two steps that do not rise may be the damaged one.
    yield "steps do not rise", np.append(falls, False) | np.insert(falls, 0, False)[: len(steps)]
    if planned is not None:
        yield f"steps beyond the {planned} planned", steps > planned
    if not ours:
        return
    yield "steps are missing", steps != np.arange(1, len(steps) + 1)
    for name in (*ACCURACIES, *GRADIENTS):
        if name in columns:
            high = 1.0 if name in ACCURACIES else np.inf
            yield (
                f"{name} is out of its range",
                ((columns[name] < 0) | (columns[name] > high)) & (columns[name] != EMPTY),
            )
    halves = ("d_loss", "d_loss_real", "d_loss_fake")
    if all(name in columns for name in halves):
        total, real, fake = (columns[name] for name in halves)
        with np.errstate(invalid="ignore", over="ignore"):
            allowed = HALVES_TOLERANCE * (abs(real) + abs(fake)) + 1e-6
            yield (
                "d_loss is not the sum of its halves",
                np.isfinite(total + real + fake) & (abs(total - real - fake) > allowed),
            )


# snapshots.jsonl


def _snapshots(
    run: RunDirectory, planned: int | None, probabilities: bool, notes: list[str]
) -> tuple[list[Row], list[str]]:
    """Return the rows of snapshots.jsonl that can be true, by increasing step.

    Also which of their statistics are not known, which is no damage: a newer ganlab or somebody's own code wrote them.
    """
    if not run.snapshots.is_file():
        notes.append("there is no snapshots.jsonl")
        return [], []
    rows: list[Row] = []
    for count, line in enumerate(lines(run.snapshots), start=1):
        row = _json_row(line)
        why = "no JSON object" if row is None else next(faults(row, planned, probabilities), "")
        if row is None or why:
            notes.append(f"line {count} of snapshots.jsonl was left out: {why}")
            continue
        rows.append(Row(row))
    if not rows:
        notes.append("snapshots.jsonl holds no row that can be used")
    rising = _rising([row["step"] for row in rows])
    if len(rising) < len(rows):
        notes.append(f"{len(rows) - len(rising)} snapshots whose steps are out of order were left out")
    kept = [rows[index] for index in rising]
    unknown = sorted({key for row in kept for key in row if key != "step" and statistic_of(key) is None})
    remarks = [f"snapshots.jsonl has statistics that this ganlab does not know: {listed(unknown)}"]
    return kept, remarks if unknown else []


def _json_row(line: str) -> dict[str, Any] | None:
    """Return a line's JSON object; None if it holds none, or NaN, which our writer never writes."""
    try:
        row = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def faults(row: Mapping[str, Any], planned: int | None, probabilities: bool) -> Iterator[str]:
    """Yield why a row cannot be true."""
    step = _whole(row.get("step"))
    if step is None:
        yield "it has no step"
    elif planned is not None and step > planned:
        yield f"its step is beyond the {planned} planned"
    for key, value in row.items():
        statistic = statistic_of(key)
        if statistic is not None and not statistic.holds(value, probabilities):
            yield f"{key} is out of its range, or not what it should hold"
    by_class = [each.name for each in STATISTICS.values() if each.kind.endswith("_by_class")]
    lengths = {len(row[key]) for key in by_class if isinstance(row.get(key), list)}
    if len(lengths) > 1:
        yield "its lists are not of one length"
    shares, counts, n = row.get("class_shares_real"), row.get("class_counts"), row.get("n")
    if shares and abs(sum(shares) - 1) > ROUNDING:
        yield "the shares of its classes do not add up to 1"
    if counts and n is not None and sum(counts) > n:
        yield "its classes hold more samples than there are"


def _rising(steps: list[int]) -> list[int]:
    """Return the indices of a longest subsequence of rising steps: one damaged step costs one row."""
    ends: list[int] = []
    ends_at: list[int] = []
    before: list[int | None] = []
    for index, step in enumerate(steps):
        place = bisect_left(ends, step)
        before.append(ends_at[place - 1] if place else None)
        ends[place : place + 1] = [step]
        ends_at[place : place + 1] = [index]
    found, index_or_none = [], ends_at[-1] if ends_at else None
    while index_or_none is not None:
        found.append(index_or_none)
        index_or_none = before[index_or_none]
    return found[::-1]
