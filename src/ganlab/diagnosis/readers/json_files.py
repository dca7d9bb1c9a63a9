"""JSON of any shape that histories have: a row a line, an array of rows, lists by name, rows by epoch."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ganlab.diagnosis.readers.growing import read_by
from ganlab.diagnosis.readers.lines import all_lines, encoding, number
from ganlab.diagnosis.readers.log import Log, Name
from ganlab.diagnosis.readers.place_columns import counter, take_places
from ganlab.text import excerpt, quoted

MAX_DEPTH = 20
"""Levels of nested JSON objects that are looked into."""

MAX_LIST = 8
"""Numbers in a cell of a row: more are data and no history."""

MAX_DOCUMENT = 1 << 28
"""Bytes of a JSON document that is read as a whole."""

MAX_IN_VAIN = 8
"""How often the length of a damaged document is read for objects that turn out to be broken."""

MAX_BROKEN = 1000
"""Places at which a document may be broken; each costs the time to count the lines above it."""

NUMBERED = re.compile(r"(?:epoch|step|iter(?:ation)?)?[\s_-]*([0-9]{1,15})", re.IGNORECASE)
"""A key that counts: `12`, `epoch_12`."""


class Table(NamedTuple):
    """A history found in a document: its rows, and where in the document it stands."""

    rows: list[dict[str, Any]]
    where: str
    notes: tuple[str, ...] = ()

    @property
    def cells(self) -> int:
        """How many values it holds."""
        return sum(map(len, self.rows))


def read_json_lines(path: Path) -> Log | None:
    """Read JSON lines; None if the lines do not hold JSON objects, or there is only one."""
    return read_by(open_json_lines, path)


def open_json_lines(path: Path) -> JsonLinesReader | None:
    """Return a reader of JSON lines; None if the first line that is not blank holds no object."""
    first = next((line for line in all_lines(path) if line.strip()), "")
    return None if json_object(first) is None else JsonLinesReader(Log(excerpt(str(path)), "JSON lines"))


class JsonLinesReader:
    """Reads a row a line; the keys of nested objects are joined by `/`, and `{"mean": x, ...}` counts as x.

    Args:
        log: takes the rows.
    """

    def __init__(self, log: Log) -> None:
        self.log = log
        self.found = 0
        self.broken = 0

    def take(self, line: str, redrawn: bool = False) -> None:
        """Look at a line."""
        if not line.strip():
            return
        values = json_object(line)
        if values is None:
            self.broken += 1
            return
        self.found += 1
        add_row(self.log, values)

    def close(self, rest: str) -> Log | None:
        """Return the log; None if there is only one object, or most lines hold none.

        Args:
            rest: a last line that lacks its end, which counts as any other.
        """
        self.take(rest)
        if self.found < 2 or self.broken > self.found or not self.log.count:
            return None
        if self.broken:
            self.log.facts.dropped["lines that hold no JSON object"] = self.broken
        take_places(self.log)
        return self.log


def read_json(path: Path) -> Log | None:
    """Read a JSON document: an array of rows, lists by name as in Keras' History, rows by epoch, trainer_state.json.

    Of an array that is cut off or damaged the rows that are whole are read, and what is not is counted.

    Returns:
        The log, or None if this is no JSON, or JSON without a history.
    """
    with open(path, encoding=encoding(path), errors="replace") as file:
        start = file.read(1 << 10).lstrip()
        if not (start.startswith("{") or re.match(r"\[\s*[\[{]", start)) or path.stat().st_size > MAX_DOCUMENT:
            return None
        file.seek(0)
        text = file.read().lstrip("\ufeff")
    broken = 0
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document, broken = _whole_objects(text)
    tables = sorted(_tables(document, "", 0), key=lambda table: table.cells, reverse=True)
    if not tables:
        return None
    log = Log(excerpt(str(path)), "a JSON file")
    for row in tables[0].rows:
        add_row(log, row)
    if not log.count:
        return None
    if broken:
        log.facts.dropped["places at which the JSON is broken"] = broken
    log.facts.notes += tables[0].notes
    for other in tables[1:]:
        if rows := sum(_holds_a_curve(dict(numbers(row))) for row in other.rows):
            where = quoted(other.where) if other.where else "the lists by name"
            log.facts.dropped[f"rows of {where}: a larger history in the file was read"] = rows
    if isinstance(document, dict) and "log_history" in document:
        log.facts.format = "Hugging Face's trainer_state.json"
        planned = document.get("max_steps")
        if isinstance(planned, int) and 0 < planned < 10**12:
            log.facts.planned = planned
    take_places(log)
    return log


def add_row(log: Log, values: Mapping[str, Any]) -> None:
    """Take a JSON object in as a row, if it holds a number that is no count of steps."""
    row = dict(numbers(values))
    if _holds_a_curve(row):
        log.add(row)


def _holds_a_curve(row: Mapping[Name, float]) -> bool:
    """Tell whether a row holds a number that is no count of steps."""
    return any(counter(name.label) is None for name in row)


def json_object(line: str) -> dict[str, Any] | None:
    """Return the object that a line holds, None if it holds none."""
    if not line.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def numbers(values: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[Name, float]]:
    """Yield the numbers in a JSON object by path; numbers in quotes count, `true` does not."""
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            if isinstance(mean := value.get("mean"), float | int | str) and (read := _number(mean)) is not None:
                yield Name(name), read
            elif depth < MAX_DEPTH:
                yield from numbers(value, f"{name}/", depth + 1)
        elif isinstance(value, list):
            found = [read for each in value if (read := _number(each)) is not None]
            if len(found) == len(value) <= MAX_LIST:
                yield from ((Name(name, "", place, len(found)), each) for place, each in enumerate(found))
        elif (read := _number(value)) is not None:
            yield Name(name), read


def _number(value: Any) -> float | None:
    """Return the number that a JSON value is, also in quotes; None if it is none."""
    if isinstance(value, float):
        return value
    if isinstance(value, str):
        return number(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return number(str(value)) if abs(value) < 10**300 else None
    return None


def _whole_objects(text: str) -> tuple[list[dict[str, Any]], int]:
    """Return the objects of a damaged array that are whole, and at how many places it is damaged.

    A document that is little else than damage is given up.
    """
    decoder, broken = json.JSONDecoder(), 0
    rows: list[dict[str, Any]] = []
    at = text.find("{") if text.lstrip().startswith("[") else -1
    in_vain = 0
    while at >= 0:
        try:
            value, at = decoder.raw_decode(text, at)
        except RecursionError:
            return rows, broken + 1
        except ValueError as error:
            broken += 1
            if isinstance(error, json.JSONDecodeError):
                in_vain += error.pos - at
                # No object follows a string without an end, since it would need quotes for its keys.
                if error.msg.startswith("Unterminated string"):
                    return rows, broken
            if broken == MAX_BROKEN or in_vain > MAX_IN_VAIN * len(text):
                return rows, broken
            at += 1
        else:
            rows.append(value)
        at = text.find("{", at)
    return rows, broken


def _tables(value: Any, where: str, depth: int) -> Iterator[Table]:
    """Yield the histories that stand in a document."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list):
        rows = [row for row in value if isinstance(row, dict)]
        if rows and 2 * len(rows) >= len(value):
            yield Table(rows, where)
        return
    if not isinstance(value, dict):
        return
    if depth == 0 and (columns := dict(_lists(value, "", 0))):
        yield joined(columns)
    if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):  # pandas, orient="split"
        names = list(map(str, value["columns"]))
        cells = [row for row in value["data"] if isinstance(row, list) and len(row) == len(names)]
        yield Table([dict(zip(names, row, strict=True)) for row in cells], where)
        return
    if value and all(isinstance(each, dict) for each in value.values()):
        keys = [NUMBERED.fullmatch(key) for key in value]
        if all(keys):
            counts = "epoch" if any("ep" in key.lower() for key in value) else "step"
            yield Table(
                [{counts: int(key[1]), **row} for key, row in zip(keys, value.values(), strict=True) if key], where
            )
            return
        inner = [each for each in value.values() if each and all(NUMBERED.fullmatch(key) for key in each)]
        if len(inner) == len(value):  # pandas, orient="columns"
            by_index: dict[str, dict[str, Any]] = {}
            for name, column in value.items():
                for key, cell in column.items():
                    by_index.setdefault(key, {"index": key})[name] = cell
            yield Table(list(by_index.values()), where)
            return
    for key, each in value.items():
        yield from _tables(each, f"{where}/{key}" if where else key, depth + 1)


def _lists(value: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, list[Any]]]:
    """Yield the lists of numbers in an object by path."""
    for key, each in value.items():
        if isinstance(each, dict) and depth < MAX_DEPTH:
            yield from _lists(each, f"{prefix}{key}/", depth + 1)
        elif isinstance(each, list) and each and all(cell is None or _number(cell) is not None for cell in each):
            yield f"{prefix}{key}", each


def joined(columns: Mapping[str, Sequence[Any]]) -> Table:
    """Return lists by name as rows.

    A list of an n-th as many numbers as the longest was written every n-th time. Any other that is shorter says of no
    number where it belongs.
    """
    columns = {name.removeprefix("history/"): cells for name, cells in columns.items()}
    first = next(iter(columns)).split("/")[0] + "/"
    cut = len(first) if all(name.startswith(first) for name in columns) else 0
    longest = max(map(len, columns.values()))
    rows: list[dict[str, Any]] = [{} for _ in range(longest)]
    notes = []
    for name, cells in columns.items():
        every, rest = divmod(longest, len(cells))
        if rest:
            notes.append(
                f"{quoted(name[cut:])} has {len(cells):,} numbers and the longest list {longest:,}: left out, since "
                "nothing says which belong together"
            )
            continue
        if every > 1:
            notes.append(f"{quoted(name[cut:])} has one number to {every} of the longest list")
        for place, cell in enumerate(cells):
            rows[(place + 1) * every - 1][name[cut:]] = cell
    return Table(rows, "", tuple(notes))
