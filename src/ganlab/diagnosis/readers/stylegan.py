"""What a training of the StyleGAN family leaves: stats.jsonl, metric-*.jsonl, log.txt, training_options.json."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from ganlab.config.objectives import Family
from ganlab.diagnosis.readers.json_files import json_object, numbers
from ganlab.diagnosis.readers.lines import DECIMAL, all_lines, holds, lines, number
from ganlab.diagnosis.readers.log import Log, Name, Place
from ganlab.text import excerpt

SNAPSHOT = re.compile(r"\bnetwork-(?:snapshot|final)-?(?P<kimg>[0-9]{1,9})\b")
"""A snapshot's name, which ends in its kimg."""

TICK = re.compile(rf"\btick\s+[0-9]+\s+kimg\s+(?P<kimg>{DECIMAL})")
"""How a tick opens its line in log.txt; `augment 0.123` and others follow."""

TICK_VALUE = re.compile(rf"\b(?P<name>augment|loss/?[GD]?|gpumem)\s+(?P<value>{DECIMAL})(?=\s|$)", re.IGNORECASE)

EVALUATION = re.compile(rf"\b(?P<name>[a-z]+[0-9]\w*)\s+(?P<value>{DECIMAL})(?=\s|$)")
"""`fid50k_full 12.3` behind a snapshot's name, as the TensorFlow versions print it."""

TOTAL = re.compile(r'"total_kimg":\s*([0-9]{1,9})\b|\bTraining (?:for|duration:)\s*([0-9]{1,9}) kimg')

LOSSES: tuple[tuple[str, Family, bool | None], ...] = (
    ("R3GAN", "relativistic", None),
    ("ProjectedGAN", "hinge", False),
    ("StyleGAN", "cross_entropy", False),
)
"""Family, and whether the generator's loss saturates, by a part of the loss's class name in training_options.json."""

SIGNS = {"Loss/signs/real": ("d_acc_real", 1.0), "Loss/signs/fake": ("d_acc_fake", -1.0)}
"""Mean signs of the logits, the accuracies that they are, and the sign of a right answer."""

KIMG = Name("Progress/kimg")


def read_statistics(path: Path) -> Log | None:
    """Read a stats.jsonl, and the metrics and options that lie beside it; steps are images shown to the discriminator.

    The discriminator's loss is the sum of both halves (stylegan3, training/loss.py); the mean sign of the logits says
    its accuracy.

    Returns:
        The log, or None if the lines do not hold StyleGAN's statistics.
    """
    first = (json_object(line) for line in islice(all_lines(path), 3))
    if not any(key.startswith("Progress/") for row in first for key in row or {}):
        return None
    log = Log(excerpt(str(path)), "StyleGAN's stats.jsonl")
    broken = 0
    for line in all_lines(path):
        if (row := json_object(line)) is None:
            broken += bool(line.strip())
            continue
        values = dict(numbers(row))
        for label, (accuracy, right) in SIGNS.items():
            if (sign := values.pop(Name(label), None)) is not None:
                values[Name(accuracy)] = (1 + right * sign) / 2
        kimg = values.pop(KIMG, None)
        log.add(values, _place(kimg))
    if broken:
        log.facts.dropped["lines that hold no JSON object"] = broken
    # A copy under another name does not belong to what lies beside it.
    return _finished(log, path.parent, {}) if path.name == "stats.jsonl" else _finished(log, None, {})


def read_ticks(path: Path) -> Log | None:
    """Read a log.txt: the ticks with the strength of the augmentation, and the metrics of the snapshots.

    Returns:
        The log, or None if no line is a tick.
    """
    if not holds(path, "kimg"):
        return None
    log, ticks, printed = Log(excerpt(str(path)), "StyleGAN's log"), 0, []
    options: dict[str, float] = {}
    for line in lines(path):
        if "tick" in line and (found := TICK.search(line)):
            ticks += 1
            named = [(each["name"], number(each["value"])) for each in TICK_VALUE.finditer(line, found.end())]
            values = {Name(name): value for name, value in named if value is not None and name != "gpumem"}
            log.add(values or {Name("tick"): float(ticks)}, _place(number(found["kimg"])))
        elif "snapshot" in line and (row := _evaluation(line)) is not None:
            printed.append(row)
        elif "kimg" in line and (found := TOTAL.search(line)):
            options["total_kimg"] = int(found[1] or found[2])
        elif '"ada_target"' in line and (target := number(line.partition(":")[2].strip(" ,"))) is not None:
            options["ada_target"] = target
    if not ticks:
        return None
    log.place_names.append(Name("tick"))
    folder = path.parent if path.name == "log.txt" else None
    files = [] if folder is None else _metric_files(folder)
    if not files:
        _add_metrics(log, printed)
    return _finished(log, folder, options)


def read_metrics(path: Path) -> Log | None:
    """Read a metric-*.jsonl by itself: what a metric was at each snapshot.

    Returns:
        The log, or None if the lines hold no such evaluations.
    """
    first = next((row for line in islice(all_lines(path), 3) if (row := json_object(line)) is not None), {})
    if not isinstance(first.get("results"), dict) or "snapshot_pkl" not in first:
        return None
    log = Log(excerpt(str(path)), "StyleGAN's metrics of its snapshots")
    _add_metrics(log, _metrics(path, log))
    log.facts.unit = "image"
    return log if log.count else None


def read_stylegan_folder(folder: Path) -> Log | None:
    """Read a folder of StyleGAN: its statistics, else its log, else its metrics; None if it has none of them."""
    for name, read in (("stats.jsonl", read_statistics), ("log.txt", read_ticks)):
        if (folder / name).is_file() and (log := read(folder / name)) is not None:
            return log
    files = _metric_files(folder)
    if not files:
        return None
    log = Log(excerpt(str(folder)), "StyleGAN's metrics of its snapshots")
    return _finished(log, folder, {}) if any(map(read_metrics, files)) else None


def _finished(log: Log, folder: Path | None, options: Mapping[str, Any]) -> Log:
    """Add the metrics that lie in a folder, and state what the options and the columns say of the loss and the plan."""
    facts = log.facts
    facts.unit, facts.separate = "image", True
    if folder is not None:
        ticks = log.count
        for file in _metric_files(folder):
            _add_metrics(log, _metrics(file, log))
        if 0 < ticks < log.count:
            facts.format += " and metric files"
        options = {**options, **_options(folder / "training_options.json")}
    total = options.get("total_kimg")
    if isinstance(total, int) and not isinstance(total, bool) and 0 < total < 10**9:
        facts.planned = total * 1000
    if isinstance(target := options.get("ada_target"), float | int):
        facts.notes.append(f"ADA aims at a mean sign of {target:g}")
    loss = options.get("loss_kwargs")
    name = str(loss.get("class_name")) if isinstance(loss, dict) else ""
    if not name:
        # R1 is StyleGAN's own, and both penalties are R3GAN's; other discriminators on this code have neither.
        labels = {each.label for each in log.names}
        name = "" if "Loss/r1_penalty" not in labels else "R3GAN" if "Loss/r2_penalty" in labels else "StyleGAN"
    for part, family, saturating in LOSSES:
        if part in name:
            facts.family, facts.saturating = family, saturating
            facts.notes.append(
                "StyleGAN statistics: the loss is non-saturating cross-entropy"
                if part == "StyleGAN"
                else f"the loss is {part}'s: {family}"
            )
            break
    return log


def _metric_files(folder: Path) -> list[Path]:
    return [path for pattern in ("metric-*.jsonl", "metric-*.txt") for path in sorted(folder.glob(pattern))]


def _add_metrics(log: Log, rows: Iterable[tuple[float, Mapping[Name, float]]]) -> None:
    """Add metrics by the images that their snapshots have seen, not in the order in which they were computed."""
    for kimg, values in sorted(rows, key=lambda row: row[0]):
        log.add(values, _place(kimg))
    log.facts.separate = True


def _metrics(file: Path, log: Log) -> Iterator[tuple[float, Mapping[Name, float]]]:
    """Yield the kimg in a snapshot's name, and its metrics."""
    for line in all_lines(file):
        if (row := _evaluation(line)) is not None:
            yield row
        elif line.strip():
            why = f"lines of {excerpt(file.name)} that name no snapshot by its kimg"
            log.facts.dropped[why] = log.facts.dropped.get(why, 0) + 1


def _evaluation(line: str) -> tuple[float, dict[Name, float]] | None:
    """Return the kimg of a snapshot and its metrics, as JSON or as text; None if a line holds no metric of one."""
    found = SNAPSHOT.search(line)
    if found is None:
        return None
    row = json_object(line)
    if row is not None:
        results = row.get("results")
        values = dict(numbers(results)) if isinstance(results, dict) else {}
    else:
        named = [(each["name"], number(each["value"])) for each in EVALUATION.finditer(line, found.end())]
        values = {Name(name): value for name, value in named if value is not None}
    return (float(found["kimg"]), values) if values else None


def _place(kimg: float | None) -> Place:
    return Place(iteration=round(kimg * 1000)) if kimg is not None and abs(kimg) < 1e12 else Place()


def _options(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file, empty if there is none."""
    if not path.is_file() or path.stat().st_size > 1 << 20:
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
