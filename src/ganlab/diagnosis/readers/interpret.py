"""From a Log to an Evidence: what its columns mean, where its rows are, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.read_report import ReadColumn, ReadReport
from ganlab.diagnosis.readers.axis import axis_of
from ganlab.diagnosis.readers.column_names import QUALITY, finish, match, once_a_step, thread
from ganlab.diagnosis.readers.log import Log
from ganlab.diagnosis.readers.place_columns import set_step

GUIDE_NAMES = {"d_loss_real": "d1", "d_loss_fake": "d2", "g_loss": "g", "d_acc_real": "a1", "d_acc_fake": "a2"}
"""Names of the line `>12, d1=.., d2=.., g=.., a1=.., a2=..`."""


def interpret(log: Log, mapping: Mapping[str, str]) -> Evidence:
    """Return what a log shows.

    Args:
        log: its rows.
        mapping: columns by our names for them, from `--map`.

    Raises:
        RunError: no column is known, or `mapping` names a quantity or column that does not exist.
    """
    facts, names = log.facts, {str(name): name for name in (*log.names, *log.place_names)}
    if names.keys() >= {"d1", "d2", "g"}:
        mapping = {**{signal: name for signal, name in GUIDE_NAMES.items() if name in names}, **mapping}
    if names.keys() >= set(GUIDE_NAMES.values()):
        # Of the guide's kind of loop only those that count hits are trained on cross-entropy.
        facts.family, facts.saturating = "cross_entropy", False
        facts.notes.append("d1, d2, g, a1, a2: non-saturating cross-entropy and accuracies")
    chosen, notes = match(list(names), mapping, log.source)
    if (step := chosen.pop("step", None)) is not None:
        set_step(log, names[step], alone=True)
    axis = axis_of(log.places())
    training = np.zeros(log.count, dtype=np.bool_)
    for signal, name in chosen.items():
        if signal not in QUALITY:
            training[log.column(names[name])[0]] = True
    notes += axis.notes
    series, order = {}, np.full(log.count, -1, dtype=np.int64)
    if not facts.separate:
        kept, thread_notes = thread(axis.steps, training)
        order[kept] = axis.steps[kept]
        notes += thread_notes
    for signal, name in chosen.items():
        at, values = log.column(names[name])
        if facts.separate:
            kept, thread_notes = thread(axis.steps[at], np.full(len(at), signal not in QUALITY))
            series[signal] = once_a_step(axis.steps[at][kept], values[kept], first=signal in QUALITY)
            notes += [f"{signal}: {note}" for note in thread_notes]
        else:
            mask = order[at] >= 0
            series[signal] = once_a_step(order[at][mask], values[mask], first=signal in QUALITY)
    dropped = [f"left out: {count:,} {what}" for what, count in facts.dropped.items()]
    reading = finish(series, [*notes, *dropped])
    planned = facts.planned or axis.planned
    evidence = Evidence(
        source=log.source,
        curves=reading.curves,
        quality=reading.quality,
        family=facts.family,
        saturating=facts.saturating,
        planned=planned,
        unit=axis.unit if facts.unit == "step" else facts.unit,
        notes=(*facts.notes, *reading.notes),
    )
    columns = [
        ReadColumn(str(name), signal, "", len(log.column(names[name])[0]), *_range(log.column(names[name])[1]))
        for signal, name in chosen.items()
    ]
    report = ReadReport(
        facts.format,
        facts.trainer,
        log.count,
        (evidence.first_step, evidence.last_step),
        evidence.unit,
        "; ".join(axis.notes),
        planned,
        (),
        tuple(facts.dropped.items()),
        tuple(columns),
    )
    return Evidence(**{**vars(evidence), "read": report})


def _range(values: np.ndarray) -> tuple[float, float, int]:
    finite = values[np.isfinite(values)]
    bad = len(values) - len(finite)
    return (float(finite.min()), float(finite.max()), bad) if len(finite) else (float("nan"), float("nan"), bad)
