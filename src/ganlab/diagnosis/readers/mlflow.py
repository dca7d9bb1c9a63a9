"""Runs of MLflow: the folder of one run, and a database that holds one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ganlab.diagnosis.readers.lines import lines, number
from ganlab.diagnosis.readers.log import Log, Name, Place
from ganlab.errors import RunError
from ganlab.text import excerpt, listed

MAX_FILES = 10_000
"""Metrics that are looked at."""

SQLITE = b"SQLite format 3\x00"


def read_mlflow_folder(folder: Path) -> Log | None:
    """Read the metrics of a run's folder: a file each, with a line `timestamp value step` a number.

    Returns:
        The log, or None if this is no run of MLflow.
    """
    if not (folder / "meta.yaml").is_file() or not (folder / "metrics").is_dir():
        return None
    log = Log(excerpt(str(folder)), "a run of MLflow")
    log.facts.separate = True
    broken = 0
    for file in sorted(path for path in (folder / "metrics").rglob("*") if path.is_file())[:MAX_FILES]:
        name = Name(file.relative_to(folder / "metrics").as_posix())
        for line in lines(file):
            cells = line.split()
            value = number(cells[1]) if 2 <= len(cells) <= 3 else None
            step = number(cells[2]) if len(cells) == 3 else None
            if value is None:
                broken += bool(cells)
                continue
            log.add({name: value}, Place(iteration=step))
    if broken:
        log.facts.dropped["lines that hold no time, value and step"] = broken
    return log if log.count else None


def read_mlflow_database(path: Path) -> Log | None:
    """Read the metrics of the one run in an SQLite database of MLflow.

    Returns:
        The log, or None if this is no such database.

    Raises:
        RunError: the database holds several runs with metrics, or cannot be read.
    """
    with open(path, "rb") as file:
        if file.read(len(SQLITE)) != SQLITE:
            return None
    try:
        # Read-only: even a journal that a crash left behind stays as it is.
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not {"runs", "metrics"} <= tables:
                return None
            runs = [row[0] for row in connection.execute("SELECT DISTINCT run_uuid FROM metrics LIMIT 100")]
            if len(runs) > 1:
                raise RunError(
                    f"{excerpt(str(path))} holds the metrics of {len(runs)} runs: {listed(list(map(str, runs)))}",
                    "export one of them as CSV",
                )
            log = Log(excerpt(str(path)), "a database of MLflow")
            log.facts.separate = True
            for key, value, step, is_nan in connection.execute(
                "SELECT key, value, step, is_nan FROM metrics ORDER BY timestamp, step"
            ):
                log.add({Name(str(key)): float("nan") if is_nan else float(value)}, Place(iteration=float(step)))
        finally:
            connection.close()
    except (sqlite3.Error, TypeError, ValueError) as error:
        raise RunError(f"{excerpt(str(path))} cannot be read: {excerpt(str(error))}", "check the file") from error
    return log if log.count else None
