"""Folders that trainers leave: which file in them is the log."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from ganlab.diagnosis.readers.json_files import read_json
from ganlab.diagnosis.readers.lines import lines, number
from ganlab.diagnosis.readers.log import Log, Name, Place
from ganlab.diagnosis.readers.mlflow import read_mlflow_folder
from ganlab.diagnosis.readers.settings import state_settings
from ganlab.diagnosis.readers.stylegan import read_stylegan_folder
from ganlab.diagnosis.readers.tables import read_table
from ganlab.diagnosis.readers.tensorboard import find_event_files, read_events
from ganlab.diagnosis.readers.text import read_text
from ganlab.diagnosis.readers.wandb import read_wandb_folder
from ganlab.errors import RunError
from ganlab.runs.names import EVIDENCE_FILE, VERDICT_FILE
from ganlab.text import excerpt, listed

LOGS = ("*.csv", "*.tsv", "*.jsonl", "*.ndjson", "*.json", "*.log", "*.txt", "*.out", "*.dat", "*.npz", "*.md")
"""Names of files that may be logs."""

OURS = frozenset({VERDICT_FILE, EVIDENCE_FILE})
"""What `ganlab diagnose --out` writes, which is no log."""

MAX_FILES = 50
"""Files of a folder that are tried."""

MAX_SIZE = 1 << 30

DEPTH = 3
"""Levels below a folder at which the folder of a run is looked for."""

MAX_FOLDERS = 2000

CHECKPOINT = re.compile(r"checkpoint-([0-9]{1,12})")
SERIES = re.compile(r"\s*([0-9]{1,15}):\s*(\S+)\s*")
"""A line `step: value` of BigGAN-PyTorch's files of one curve each."""


class NoLogError(RunError):
    """A folder holds no log."""


def read_folder(folder: Path, read_file: Callable[[Path], Log], is_known: Callable[[Log], bool]) -> Log:
    """Read the run that a folder holds.

    It is looked for by the names that trainers give their files; then in folders below; then among all files that may
    be logs, if exactly one of them holds something known.

    Args:
        folder: where to look.
        read_file: reads one file.
        is_known: whether some column of a log is known.

    Raises:
        NoLogError: there is none.
        RunError: there are several, or it cannot be read.
    """
    if (log := _run_in(folder)) is not None:
        return log
    events = find_event_files(folder)
    if any(file.parent == folder for file in events):
        return read_events(folder, events)
    below = [path for path in _folders_below(folder) if _is_run(path)]
    logs, tried = _logs_in(folder, read_file, is_known)
    if len(below) + len(logs) > 1:
        names = [*logs, *(f"{path.relative_to(folder).as_posix()}/" for path in below)]
        raise RunError(f"{excerpt(str(folder))} holds {len(names)} logs: {listed(names)}", "name one of them")
    if below and (log := _run_in(below[0])) is not None:
        return log
    if logs:
        name, log = logs.popitem()
        state_settings(log, (folder / name).parent)
        return log
    if events:
        return read_events(folder, events)
    seen = f"none of its files is a log of a GAN: {listed(tried)}" if tried else _contents(folder)
    raise NoLogError(
        f"{excerpt(str(folder))} is no run directory (no run.json, history.csv or snapshots.jsonl), and {seen}",
        "name the log file itself; samples alone are judged by `ganlab diagnose SAMPLES --real REAL`",
    )


def _run_in(folder: Path) -> Log | None:
    """Return the log in a folder whose files have the names that a trainer gives them; None: it has none."""
    for read in READERS:
        if (log := read(folder)) is not None:
            return log
    return None


def _is_run(folder: Path) -> bool:
    """Tell whether a folder looks like one run's, without reading all of it."""
    names = ("stats.jsonl", "metrics.csv", "trainer_state.json", "loss_log.txt", "files/wandb-history.jsonl")
    return (
        any((folder / name).is_file() for name in names)
        or ((folder / "meta.yaml").is_file() and (folder / "metrics").is_dir())
        or any(True for _ in islice(folder.glob("*.wandb"), 1))
    )


def _folders_below(folder: Path) -> Iterator[Path]:
    """Yield the folders below one, level by level; links are not followed, as they may lead back."""
    level, seen = [folder], 0
    for _ in range(DEPTH):
        level = [
            below for path in level for below in sorted(path.iterdir()) if below.is_dir() and not below.is_symlink()
        ][: MAX_FOLDERS - seen]
        seen += len(level)
        yield from level


def _named(name: str, read_file: Callable[[Path], Log | None]) -> Callable[[Path], Log | None]:
    """Return what reads the file of that name in a folder, and the settings beside it."""

    def read(folder: Path) -> Log | None:
        log = read_file(folder / name) if (folder / name).is_file() else None
        if log is not None:
            state_settings(log, folder)
        return log

    return read


def _hugging_face(folder: Path) -> Log | None:
    """Read trainer_state.json: the folder's own, or that of its last checkpoint, which holds the whole history."""
    found = [(int(name[1]), path) for path in folder.glob("checkpoint-*") if (name := CHECKPOINT.fullmatch(path.name))]
    folders = [folder, *(path for _, path in sorted(found, reverse=True))]
    path = next((each / "trainer_state.json" for each in folders if (each / "trainer_state.json").is_file()), None)
    return None if path is None else read_json(path)


def _basicsr(folder: Path) -> Log | None:
    """Read the logs of a BasicSR experiment, one for each time that it was started."""
    files = [path for path in folder.glob("train_*.log") if path.is_file()]
    if not files or not any(folder.glob("*.yml")):
        return None
    files.sort(key=lambda path: re.findall(r"[0-9]{8}_[0-9]{6}", path.name)[-1:])
    logs = [log for path in files if (log := read_text(path)) is not None]
    if not logs:
        return None
    log = logs[0]
    for later in logs[1:]:
        log.extend(later)
    state_settings(log, folder)
    return log


def _biggan(folder: Path) -> Log | None:
    """Read BigGAN-PyTorch's files of one curve each, with a line `step: value` a number."""
    files = [path for path in sorted(folder.glob("*.log"))[:MAX_FILES] if path.is_file() and _is_series(path)]
    if len(files) < 2:
        return None
    log = Log(excerpt(str(folder)), "files of one curve each")
    log.facts.separate = True
    for path in files:
        name, broken = Name(path.stem), 0
        for line in lines(path):
            found = SERIES.fullmatch(line)
            value = number(found[2]) if found else None
            if found is None or value is None:
                broken += bool(line.strip())
                continue
            log.add({name: value}, Place(iteration=float(found[1])))
        if broken:
            log.facts.dropped[f"lines of {excerpt(path.name)} that hold no step and value"] = broken
    return log


def _is_series(path: Path) -> bool:
    first = [line for line in islice(lines(path), 5) if line.strip()]
    return bool(first) and all(SERIES.fullmatch(line) for line in first)


def _exports(folder: Path) -> Log | None:
    """Read several tables that were exported of one run, a panel or a tag each, as one."""
    files = sorted(path for path in folder.glob("*.csv") if path.is_file())
    if not 2 <= len(files) <= MAX_FILES:
        return None
    logs = [log for path in files if (log := read_table(path)) is not None]
    if len(logs) < len(files) or len({log.facts.format for log in logs}) != 1 or logs[0].facts.exported is None:
        return None
    names = [name for log in logs for name in log.names]
    if len(set(names)) < len(names) or len({log.facts.exported for log in logs}) > 1:
        return None
    log = logs[0]
    log.source, log.facts.separate = excerpt(str(folder)), True
    for other in logs[1:]:
        log.extend(other)
    return log


READERS = (
    read_stylegan_folder,
    read_wandb_folder,
    read_mlflow_folder,
    _named("metrics.csv", read_table),  # Lightning
    _hugging_face,
    _named("loss_log.txt", read_text),  # pix2pix
    _basicsr,
    _biggan,
    _exports,
)
"""Read what a trainer leaves in its folder, in the order in which they are tried."""


def _logs_in(
    folder: Path, read_file: Callable[[Path], Log], is_known: Callable[[Log], bool]
) -> tuple[dict[str, Log], list[str]]:
    """Return the logs among the files of a folder, or of its folder `logs`, by name; and which files were tried."""
    found: dict[str, Log] = {}
    tried: list[str] = []
    for place in (folder, folder / "logs", folder / "log"):
        if not place.is_dir() or found:
            continue
        files = dict.fromkeys(path for pattern in LOGS for path in sorted(place.glob(pattern)) if path.is_file())
        for path in islice((each for each in files if each.name not in OURS), MAX_FILES):
            tried.append(path.relative_to(folder).as_posix())
            if path.stat().st_size > MAX_SIZE:
                continue
            try:
                log = read_file(path)
            except RunError:
                continue
            if is_known(log):
                found[tried[-1]] = log
    return found, tried


def _contents(folder: Path) -> str:
    names = sorted(path.name + "/" * path.is_dir() for path in islice(folder.iterdir(), 1000))
    return f"holds no log and no TensorBoard event files, only {listed(names, 6)}" if names else "is empty"
