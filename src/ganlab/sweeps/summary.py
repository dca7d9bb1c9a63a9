"""The results of a sweep: runs.csv, claims.csv and summary.json, a function of the run directories alone."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ganlab.errors import RunError
from ganlab.runs.files import atomic_write, write_json
from ganlab.runs.snapshots import shown_in
from ganlab.sweeps.claims import ClaimRow, judge_claims
from ganlab.sweeps.counting import wilson
from ganlab.sweeps.deciding import settled_records
from ganlab.sweeps.records import NOT_NEEDED, RunRecord, by_config, in_words, read_attempts
from ganlab.text import replaced

if TYPE_CHECKING:
    from ganlab.sweeps.folder import SweepFolder
    from ganlab.sweeps.plan import Plan

SUMMARY_SCHEMA = 1
"""Version of the format of summary.json."""

CURVES = ("d_loss", "g_loss", "d_acc_real", "d_acc_fake")
"""Columns of history.csv of which runs.csv has the mean over the last tenth of the run."""

STATISTIC_COLUMNS = shown_in("sweep")
"""Statistics of the last snapshot in runs.csv."""

Cell = str | int | float | bool | None
"""What stands in a cell of a table; None is an empty one."""


class Results(NamedTuple):
    """What a sweep came to.

    Attributes:
        records: a record a planned run, in the plan's order.
        claims: a row a claim.
    """

    records: list[RunRecord]
    claims: list[ClaimRow]


def write_results(plan: Plan, folder: SweepFolder) -> Results:
    """Write runs.csv, claims.csv and summary.json into a sweep's folder, each in one step, and return what they tell.

    They depend on the run directories alone, times only where a name says `seconds`; so writing them again changes
    nothing else.

    Raises:
        ConfigError: a claim of the spec cannot be judged.
        Interrupted: the disk is full.
    """
    records = settled_records(plan, folder)
    claims = judge_claims(plan, records)
    runs = [_row(record, plan.axes) for record in records]
    atomic_write(folder.path / "runs.csv", table(list(runs[0]), runs))
    names = [field.name for field in fields(ClaimRow)]
    atomic_write(
        folder.path / "claims.csv", table(names, [{**asdict(row), "runs": "|".join(row.runs)} for row in claims])
    )
    write_json(folder.path / "summary.json", summarise(plan, folder, records, claims))
    return Results(records, claims)


def table(names: Sequence[str], rows: Sequence[Mapping[str, Cell]]) -> bytes:
    """Return rows as CSV below the names of their columns.

    Text that a spreadsheet would take for a formula gets an apostrophe before it; numbers have six digits.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(cell, names))
    writer.writerows([cell(row[name]) for name in names] for row in rows)
    return text.getvalue().encode()


def cell(value: Cell) -> str:
    """Return a value as a cell's text, on one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:.6g}" if isinstance(value, float) else str(value)
    text = replaced(value, " ")
    return (
        f"'{text}" if text.startswith(("=", "+", "-", "@")) and len(text) > 1 and not _isfinite_number(text) else text
    )


def _isfinite_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _row(record: RunRecord, axes: Sequence[str]) -> dict[str, Cell]:
    """The row of a run in runs.csv."""
    planned, verdict = record.planned, record.verdict
    who: dict[str, Cell] = {"run": planned.id, "config": planned.config, "seed": planned.seed}
    reason = record.reason
    curves: Mapping[str, float | None] = dict.fromkeys(CURVES)
    metrics: Mapping[str, float | None] = dict.fromkeys(STATISTIC_COLUMNS)
    try:
        curves, metrics = late_means(record), {name: record.metric(name) for name in STATISTIC_COLUMNS}
    except RunError as error:
        reason = "; ".join(filter(None, (reason, in_words(error, record.run))))
    what: dict[str, Cell] = {
        "state": record.state,
        "reason": reason,
        "step": record.step,
        "verdict": verdict.failure if verdict else None,
        "variant": verdict.variant if verdict else None,
        "confidence": verdict.confidence if verdict else None,
        "severity": verdict.severity if verdict else None,
        "onset_step": verdict.onset_step if verdict else None,
        "expected": "|".join(planned.experiment.expect),
        "as_expected": record.as_expected,
        "stopped_early": steps_saved(record),
        **curves,
        **metrics,
        "seconds": record.seconds,
    }
    # An axis may bear a name of the user's own.
    columns = {axis: f"{axis} (axis)" if axis in who | what else axis for axis in axes}
    return {**who, **{column: planned.settings.get(axis) for axis, column in columns.items()}, **what}


def late_means(record: RunRecord) -> dict[str, float | None]:
    """Mean of the finite values of each curve over the last tenth of the steps; None where there is none."""
    history = record.history
    late = {name: history[name][-max(1, len(history[name]) // 10) :] for name in CURVES if name in history}
    finite = {name: values[np.isfinite(values)] for name, values in late.items()}
    return {name: float(finite[name].mean()) if len(finite.get(name, ())) else None for name in CURVES}


def steps_saved(record: RunRecord) -> int | None:
    """Return the steps that a run which was stopped early did not train: by `stop_on` or NaN; 0 for a finished one.

    None for a run that did not end.
    """
    if not record.ended or record.step is None:
        return None
    return max(0, record.planned.experiment.training.steps - record.step) if record.state == "stopped" else 0


def summarise(
    plan: Plan, folder: SweepFolder, records: Sequence[RunRecord], claims: Sequence[ClaimRow]
) -> dict[str, Any]:
    """Return what summary.json holds: plain values, every number finite."""
    attempts = read_attempts(folder)
    return {
        "schema": SUMMARY_SCHEMA,
        "name": plan.spec.name,
        "letters": plan.folder_name.rsplit("-", 1)[-1],
        "runs": sum(record.state != NOT_NEEDED for record in records),
        "states": _counts(record.state for record in records),
        "verdicts": _counts(record.failure_name for record in _judged(records)),
        "configs": [_config(group) for group in by_config(records).values()],
        "claims": [asdict(row) for row in claims],
        "attempts": {"total": len(attempts), "causes": _counts(str(row.get("cause")) for row in attempts)},
        "seconds": _seconds(records),
        "machine": {"cores": os.cpu_count(), **_where(records)},
    }


def _where(records: Sequence[RunRecord]) -> dict[str, list[Any]]:
    """The devices that runs ended on, and their numbers of threads, each once."""
    ended = [each.status for each in records if each.ended and each.status is not None]
    devices, threads = {each.device for each in ended}, {each.threads for each in ended}
    return {"devices": sorted(filter(None, devices)), "threads": sorted(filter(None, threads))}


def _counts(names: Iterable[str]) -> dict[str, int]:
    """How often each name is there, the most frequent first, then by name."""
    return dict(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))


def _judged(records: Sequence[RunRecord]) -> list[RunRecord]:
    return [record for record in records if record.ended and record.verdict is not None]


def _config(records: Sequence[RunRecord]) -> dict[str, Any]:
    """A config, or a cell of the grid: its verdicts, and how sure its most frequent one is."""
    judged = _judged(records)
    verdicts = _counts(record.failure_name for record in judged)
    most = next(iter(verdicts), None)
    k, n = verdicts[most] if most else 0, len(judged)
    onsets = [
        record.verdict.onset_step for record in judged if record.failure_name == most and record.verdict is not None
    ]
    dated = [onset for onset in onsets if onset is not None]
    low, high = wilson(k, n)
    return {
        "config": records[0].planned.config,
        "settings": dict(records[0].planned.settings),
        "planned": sum(record.state != NOT_NEEDED for record in records),
        "n": n,
        "verdicts": verdicts,
        "verdict": most,
        "k": k,
        "rate": k / n if n else None,
        "low": low,
        "high": high,
        "onset": float(np.median(dated)) if dated else None,
    }


def _seconds(records: Sequence[RunRecord]) -> dict[str, float]:
    """Seconds that the runs took, and that early stops saved, each at its own run's rate."""
    trained = saved = 0.0
    for record in records:
        seconds = record.seconds or 0.0
        trained += seconds
        if record.step:
            saved += seconds / record.step * (steps_saved(record) or 0)
    return {"trained": round(trained, 3), "saved": round(saved, 3)}
