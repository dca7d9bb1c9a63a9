"""What a training of the StyleGAN family leaves in its folder: stats.jsonl, metric-*.jsonl, training_options.json."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from ganlab.diagnosis.readers.json_files import json_object, numbers
from ganlab.diagnosis.readers.lines import lines
from ganlab.diagnosis.readers.log import Log, Name, Place
from ganlab.text import excerpt

KIMG_IN_NAME = re.compile(r"([0-9]{1,9})\.pkl$")

KIMG = Name("Progress/kimg")


def read_statistics(path: Path) -> Log | None:
    """Read a stats.jsonl and what lies beside it; steps are images shown to the discriminator.

    Its losses are non-saturating cross-entropy, the discriminator's the sum of both halves (stylegan3,
    training/loss.py); a sign of the logits is an accuracy.

    Returns:
        The log, or None if the lines do not hold StyleGAN's statistics.
    """
    first = (json_object(line) for line in islice(lines(path), 3))
    if not any(key.startswith("Progress/") for row in first for key in row or {}):
        return None
    log = Log(excerpt(str(path)), "StyleGAN's stats.jsonl")
    broken = 0
    for line in lines(path):
        if (row := json_object(line)) is None:
            broken += bool(line.strip())
            continue
        values = dict(numbers(row))
        for side, towards in (("real", 1.0), ("fake", -1.0)):
            sign = values.pop(Name(f"Loss/signs/{side}"), None)
            if sign is not None:
                values[Name(f"d_acc_{side}")] = (1 + towards * sign) / 2
        kimg = values.pop(KIMG, None)
        log.add(values, _place(kimg))
    if broken:
        log.facts.dropped["lines that hold no JSON object"] = broken
    _join(log, path.parent)
    return log


def read_metrics(path: Path) -> Log | None:
    """Read a metric-*.jsonl by itself: what a metric was at each snapshot.

    Returns:
        The log, or None if the lines hold no such evaluations.
    """
    first = next((row for line in islice(lines(path), 3) if (row := json_object(line)) is not None), {})
    if "results" not in first or "snapshot_pkl" not in first:
        return None
    log = Log(excerpt(str(path)), "StyleGAN's evaluations of its snapshots")
    _state(log)
    _add_metrics(log, [path])
    return log


def _join(log: Log, folder: Path) -> None:
    """Add what lies beside the statistics: the metrics of the snapshots, and the plan."""
    _state(log)
    _add_metrics(log, sorted(folder.glob("metric-*.jsonl")))
    options = _options(folder / "training_options.json")
    total = options.get("total_kimg")
    if isinstance(total, int) and not isinstance(total, bool) and 0 < total < 10**9:
        log.facts.planned = total * 1000
    if isinstance(target := options.get("ada_target"), float | int):
        log.facts.notes.append(f"ADA aims at a mean sign of {target:g}")


def _state(log: Log) -> None:
    """State what every log of this family has in common."""
    log.facts.family, log.facts.saturating = "cross_entropy", False
    log.facts.unit, log.facts.separate = "image", True
    log.facts.notes.append("StyleGAN statistics: the loss is non-saturating cross-entropy")


def _add_metrics(log: Log, files: list[Path]) -> None:
    """Add metrics, by the images that their snapshots have seen and not in the order in which they were computed."""
    rows = sorted((row for file in files for row in _metrics(file, log)), key=lambda row: row[0])
    for kimg, values in rows:
        log.add(values, _place(kimg))


def _metrics(file: Path, log: Log) -> Iterator[tuple[float, Mapping[Name, float]]]:
    """Yield the kimg in a snapshot's name, and its metrics."""
    for line in lines(file):
        row = json_object(line) or {}
        results, snapshot = row.get("results"), row.get("snapshot_pkl")
        kimg = KIMG_IN_NAME.search(snapshot) if isinstance(snapshot, str) else None
        if isinstance(results, dict) and kimg is not None:
            yield float(kimg[1]), dict(numbers(results))
        elif line.strip():
            why = f"lines of {excerpt(file.name)} that name no snapshot by its kimg"
            log.facts.dropped[why] = log.facts.dropped.get(why, 0) + 1


def _place(kimg: float | None) -> Place:
    return Place(iteration=None if kimg is None else round(kimg * 1000) if abs(kimg) < 1e12 else None)


def _options(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file, empty if there is none."""
    if not path.is_file() or path.stat().st_size > 1 << 20:
        return {}
    return json_object(path.read_text(encoding="utf-8", errors="replace")) or {}
