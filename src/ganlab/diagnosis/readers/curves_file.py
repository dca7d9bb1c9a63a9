"""curves.csv: what was read of a log, in ganlab's own columns, and back to the same evidence."""

from __future__ import annotations

import csv
import io
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from ganlab.config.objectives import Family
from ganlab.diagnosis.evidence import Evidence, NonFinite, Series
from ganlab.diagnosis.read_report import ReadColumn, ReadReport, finite_range
from ganlab.errors import RunError
from ganlab.runs.files import atomic_write
from ganlab.text import excerpt

FACTS = "ganlab"
"""The last column: its first cell says, as a JSON object, what no curve says, such as the family of the losses."""


def check_new(path: Path) -> None:
    """Raise RunError if curves cannot be written there: something has that name, or its folder is not there."""
    if os.path.lexists(path):
        raise RunError(f"{path} exists already", "choose another name with --export; nothing was written")
    if not os.path.isdir(path.absolute().parent):
        raise RunError(f"{path.parent} is no folder", "make it first; nothing was written")


def write_curves(path: Path, evidence: Evidence) -> None:
    """Write the curves of an evidence: a row a step, an empty cell where a curve has no point.

    The columns are `step`, the curves by their names, those of several games as `A/d_loss`, and FACTS. Statistics of
    samples are no curves, and are left out.

    Raises:
        RunError: there is no curve, or the file exists or cannot be written.
    """
    check_new(path)
    of_players = {
        f"{player}/{name}": curve for player, curves in evidence.players.items() for name, curve in curves.items()
    }
    curves = {**evidence.curves, **of_players, **evidence.quality, **evidence.controls}
    if not any(map(len, curves.values())):
        raise RunError(f"{evidence.source} has no curve to export", "--show prints what was read")
    steps = np.unique(np.concatenate([curve.steps for curve in curves.values()]))
    columns = [steps.tolist()]
    for curve in curves.values():
        cells = [""] * len(steps)
        for place, value in zip(np.searchsorted(steps, curve.steps).tolist(), curve.values.tolist(), strict=True):
            cells[place] = repr(value)
        columns.append(cells)
    columns.append([json.dumps(_facts(evidence)), *[""] * (len(steps) - 1)])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["step", *curves, FACTS])
    writer.writerows(zip(*columns, strict=True))
    try:
        atomic_write(path, text.getvalue().encode())
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror}", "choose another name with --export") from error


def _facts(evidence: Evidence) -> dict[str, Any]:
    return {
        "source": evidence.source,
        "trainer": evidence.read.trainer if evidence.read else None,
        "quality": list(evidence.quality),
        "controls": list(evidence.controls),
        "family": evidence.family,
        "families": list(evidence.families),
        "saturating": evidence.saturating,
        "weighted": evidence.weighted,
        "plain_term": evidence.plain_term,
        "planned": evidence.planned,
        "restarts": list(evidence.restarts),
        "unit": evidence.unit,
        "epoch_steps": evidence.epoch_steps,
        "non_finite": evidence.non_finite and [evidence.non_finite.step, evidence.non_finite.signal],
    }


def is_curves_file(path: Path) -> bool:
    """Return whether a file opens with the columns that `write_curves` writes."""
    if not path.is_file():
        return False
    with open(path, encoding="utf-8", errors="replace") as file:
        names = file.readline(1 << 16).rstrip("\r\n").split(",")
    return len(names) > 2 and (names[0], names[-1]) == ("step", FACTS)


def read_curves(path: Path) -> Evidence:
    """Read what `write_curves` wrote.

    Raises:
        RunError: it was changed into something else.
    """
    source = excerpt(str(path))
    try:
        with open(path, encoding="utf-8", newline="") as file:
            (_, *names, _), *rows = csv.reader(file)
        steps = np.array([int(row[0]) for row in rows], dtype=np.int64)
        facts = json.loads(rows[0][-1])
        players: dict[str, dict[str, Series]] = {}
        curves, quality, controls = dict[str, Series](), dict[str, Series](), dict[str, Series]()
        for column, name in enumerate(names, start=1):
            held = [place for place, row in enumerate(rows) if row[column]]
            curve = Series(steps[held], np.array([float(rows[place][column]) for place in held]))
            player, slash, signal = name.rpartition("/")
            if slash:
                players.setdefault(player, {})[signal] = curve
            elif name in facts["quality"]:
                quality[name] = curve
            elif name in facts["controls"]:
                controls[name] = curve
            else:
                curves[name] = curve
        epoch_steps, non_finite = facts.get("epoch_steps"), facts.get("non_finite")
        evidence = Evidence(
            source=source,
            curves=curves,
            quality=quality,
            controls=controls,
            players=players,
            family=next((each for each in get_args(Family) if each == facts["family"]), None),
            families=tuple(each for each in get_args(Family) if each in facts["families"]),
            saturating=None if facts["saturating"] is None else bool(facts["saturating"]),
            weighted=bool(facts["weighted"]),
            plain_term=bool(facts.get("plain_term")),
            planned=None if facts["planned"] is None else int(facts["planned"]),
            restarts=tuple(map(int, facts["restarts"])),
            unit=str(facts["unit"]),
            epoch_steps=None if epoch_steps is None else int(epoch_steps),
            non_finite=None if non_finite is None else NonFinite(int(non_finite[0]), str(non_finite[1])),
            notes=(f"curves that ganlab exported from {excerpt(facts['source'])}",),
        )
        if (np.diff(steps) <= 0).any():
            raise ValueError("steps that do not rise")
    except (ValueError, KeyError, IndexError, TypeError, OverflowError, csv.Error) as error:
        raise RunError(f"{source} is no longer as ganlab wrote it: {excerpt(repr(error))}", "export again") from error
    report = report_of(evidence, "curves that ganlab exported")
    return replace(evidence, read=replace(report, trainer=facts["trainer"]))


def report_of(evidence: Evidence, format: str) -> ReadReport:
    """Return what was read of a source whose columns have our own names."""
    groups = {"": {**evidence.curves, **evidence.quality, **evidence.controls}, **evidence.players}
    columns = tuple(
        ReadColumn(f"{player}/{name}" if player else name, name, player, len(curve), *finite_range(curve.values))
        for player, curves in groups.items()
        for name, curve in curves.items()
    )
    return ReadReport(
        format=format,
        trainer=None,
        rows=max((column.rows for column in columns), default=0),
        steps=(evidence.first_step, evidence.last_step),
        unit=evidence.unit,
        steps_from="",
        planned=evidence.planned,
        restarts=evidence.restarts,
        dropped=(),
        columns=columns,
    )
