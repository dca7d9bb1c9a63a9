"""CSV and JSON lines with any usual names of columns, Lightning's metrics.csv and StyleGAN's stats.jsonl among them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.readers.column_names import LogRows, Reading, read_rows
from ganlab.diagnosis.readers.lines import lines, number
from ganlab.errors import RunError
from ganlab.text import excerpt

DELIMITERS = ",;\t"

HEADER_LINES = 20
"""Lines in which the header of a CSV file is looked for; comments may stand above it."""

MAX_DEPTH = 20
"""Levels of nested JSON objects that are looked into."""

KIMG_IN_NAME = re.compile(r"([0-9]{1,9})\.pkl$")


def is_json_lines(path: Path) -> bool:
    """Return whether the first whole line that is not blank holds a JSON object."""
    first = next((line for line in lines(path) if line.strip()), "")
    return _json_object(first) is not None


def is_csv(path: Path) -> bool:
    """Return whether a file opens with a line of two or more names, and a row with the same number of cells follows."""
    return _header(path) is not None


def read_json_lines(path: Path, mapping: Mapping[str, str]) -> Evidence:
    """Read a row a line; the keys of nested objects are joined by `/`, and `{"mean": x, ...}` counts as x.

    Raises:
        RunError: no key fits.
    """
    rows, broken = LogRows(), 0
    for line in lines(path):
        if line.strip():
            values = _json_object(line)
            broken += values is None
            rows.add(dict(_numbers(values or {}, "", 0)))
    reading = read_rows(rows, mapping, excerpt(str(path)))
    return _evidence(path, reading, _left_out(broken, "lines hold no JSON object"))


def read_csv(path: Path, mapping: Mapping[str, str]) -> Evidence:
    """Read a table; empty cells are no points, cells that hold no number are left out.

    Raises:
        RunError: no column fits.
    """
    header = _header(path)
    if header is None:
        raise RunError(f"{excerpt(str(path))} holds no table: no line names columns", "name a CSV file with a header")
    delimiter, names, above = header
    rows, broken = LogRows(), 0
    for line in islice(lines(path), above + 1, None):
        cells = _cells(line, delimiter)
        if not line.strip() or cells == names:
            continue
        if len(cells) != len(names):
            broken += 1
            continue
        found = ((name, number(cell)) for name, cell in zip(names, cells, strict=True))
        rows.add({name: value for name, value in found if value is not None})
    reading = read_rows(rows, mapping, excerpt(str(path)))
    return _evidence(path, reading, _left_out(broken, f"lines do not have {len(names)} cells"))


def read_stylegan(stats: Path, mapping: Mapping[str, str]) -> Evidence:
    """Read the stats.jsonl of the StyleGAN family, and the metric-*.jsonl and training_options.json next to it.

    Its losses are non-saturating cross-entropy with the discriminator's the sum of both halves (stylegan3,
    training/loss.py); a sign of the logits is an accuracy. Steps are images shown to the discriminator.

    Raises:
        RunError: no key fits.
    """
    rows = LogRows()
    for line in lines(stats):
        values = dict(_numbers(_json_object(line) or {}, "", 0))
        for side, towards in (("real", 1.0), ("fake", -1.0)):
            sign = values.pop(f"Loss/signs/{side}", None)
            if sign is not None:
                values[f"d_acc_{side}"] = (1 + towards * sign) / 2
        rows.add(values)
    for metric in sorted(stats.parent.glob("metric-*.jsonl")):
        for line in lines(metric):
            rows.add(_metric_row(_json_object(line) or {}))
    reading = read_rows(rows, mapping, excerpt(str(stats)))
    total = _options(stats.parent / "training_options.json").get("total_kimg")
    planned = total * 1000 if isinstance(total, int) and not isinstance(total, bool) and 0 < total < 10**9 else None
    return Evidence(
        source=excerpt(str(stats)),
        curves=reading.curves,
        quality=reading.quality,
        family="cross_entropy",
        saturating=False,
        planned=planned,
        notes=(*reading.notes, "StyleGAN statistics: the loss is non-saturating cross-entropy"),
    )


def is_stylegan(path: Path) -> bool:
    """Return whether a file of JSON lines has the keys of StyleGAN's training statistics."""
    return any(key.startswith("Progress/") for line in islice(lines(path), 3) for key in _json_object(line) or {})


def _metric_row(row: Mapping[str, Any]) -> dict[str, float]:
    """Return one evaluation of a snapshot: its metrics, and the kimg in the snapshot's name."""
    results, snapshot = row.get("results"), row.get("snapshot_pkl")
    kimg = KIMG_IN_NAME.search(snapshot) if isinstance(snapshot, str) else None
    if not isinstance(results, dict) or kimg is None:
        return {}
    return {**dict(_numbers(results, "", 0)), "Progress/kimg": float(kimg[1])}


def _options(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file, empty if there is none."""
    if not path.is_file() or path.stat().st_size > 1 << 20:
        return {}
    return _json_object(path.read_text(encoding="utf-8", errors="replace")) or {}


def _evidence(path: Path, reading: Reading, notes: list[str]) -> Evidence:
    return Evidence(
        source=excerpt(str(path)),
        curves=reading.curves,
        quality=reading.quality,
        notes=(*reading.notes, *notes),
    )


def _left_out(count: int, why: str) -> list[str]:
    return [f"{count} {why}, and were left out"] if count else []


def _json_object(line: str) -> dict[str, Any] | None:
    """Return the object that a line holds, None if it holds none."""
    if not line.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _numbers(values: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, float]]:
    """Yield the numbers in a JSON object by path; numbers in quotes count, `true` does not."""
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and depth < MAX_DEPTH:
            mean = value.get("mean")
            yield from _numbers(
                {name: mean} if isinstance(mean, float | int) else value,
                "" if isinstance(mean, float | int) else f"{name}/",
                depth + 1,
            )
        elif isinstance(value, str):
            read = number(value)
            if read is not None:
                yield name, read
        elif isinstance(value, int | float) and not isinstance(value, bool):
            read = number(repr(value))
            if read is not None:
                yield name, read


def _header(path: Path) -> tuple[str, list[str], int] | None:
    """Return the delimiter, the names of the columns, and the number of lines above them; None if it is no table."""
    first = list(islice(lines(path), HEADER_LINES + 1))
    for above, (line, below) in enumerate(zip(first, chain(first[1:], [""]), strict=False)):
        for delimiter in DELIMITERS:
            names = _cells(line, delimiter)
            if len(names) < 2 or len(set(names)) < len(names) or any(number(name) is not None for name in names):
                continue
            row = _cells(below, delimiter)
            numbers = sum(number(cell) is not None for cell in row)
            if len(row) == len(names) and numbers > 0 and 2 * numbers >= sum(map(bool, row)):
                return delimiter, names, above
    return None


def _cells(line: str, delimiter: str) -> list[str]:
    """Return the cells of one line; a quote that never closes ends with its line."""
    if '"' not in line:
        return [cell.strip() for cell in line.split(delimiter)]
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []
