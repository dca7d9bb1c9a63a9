"""The page of statistics: every key of a row of snapshots.jsonl, and those that `ganlab evaluate` adds.

python -m docs.make.statistics     writes docs/statistics.md from `ganlab.runs.snapshots.TABLE`
"""

from __future__ import annotations

from pathlib import Path

from ganlab.evaluation.evaluate import PUBLISHED
from ganlab.runs.snapshots import TABLE, Statistic

PAGE = Path(__file__).parents[1] / "statistics.md"

OPENING = """# Statistics

Made by `python -m docs.make.statistics` from the table in `src/ganlab/runs/snapshots.py`.

A row of snapshots.jsonl describes the samples of one step; `ganlab evaluate` computes the same statistics from more
samples, and further ones. Most of them have a `<name>_real`: the value for the same number of real images in place of
the samples, which is what a perfect generator would reach. None means unknown. If ganlab does not know a statistic, it
keeps it, and the verdict's notes name it.
"""

PARTS = {
    "each": ("Measured from the samples at every snapshot, and by `ganlab evaluate`", ""),
    "last": ("Measured from the samples at the last snapshot, and by `ganlab evaluate`", "These take seconds."),
    "evaluate": ("Measured from the samples by `ganlab evaluate` alone", ""),
    "elsewhere": (
        "Recorded by the training loop or the game",
        "If a game is given in brackets, only that game has it.",
    ),
    "derived": ("Computed from a row when it is read", "Claims of sweeps, tables and plots use these names too."),
}
"""Heading and remark for each way in which a statistic is measured."""


HUGE = 1e6
"""A bound this large only serves to detect damaged files."""


def page() -> str:
    """Return the page."""
    parts = [OPENING]
    for taken, (heading, remark) in PARTS.items():
        rows = [row(each) for each in TABLE if each.taken == taken]
        lines = [f"## {heading}", "", *([remark, ""] if remark else []), "| key | what it says | range | better |"]
        parts.append("\n".join([*lines, "| --- | --- | --- | --- |", *rows, ""]))
    other = [f"`{name}` is `{public}`" for name, public in PUBLISHED.items()]
    parts.append(f"In evaluation.json, {' and '.join(other)}, their earlier names.\n")
    return "\n".join(parts)


def row(statistic: Statistic) -> str:
    """Return a statistic as a row of the page."""
    label = f"{statistic.label} ({statistic.game})" if statistic.game else statistic.label
    return f"| `{statistic.name}` | {label} | {range_of(statistic)} | {statistic.better or ''} |"


def range_of(statistic: Statistic) -> str:
    """Return the range of a statistic, in words."""
    if statistic.kind == "words":
        return "words"
    if statistic.kind in ("names", "names_by_class"):
        return "a list of names"
    low, high = (0 + round(each, 2) for each in statistic.range)  # without tolerances for rounding, and without -0
    numbers = f"{low:g} to {high:g}" if high < HUGE else f"from {low:g}"
    numbers = "any number" if low <= -HUGE else numbers
    return f"for each class, {numbers}" if statistic.kind.endswith("_by_class") else numbers


if __name__ == "__main__":
    PAGE.write_text(page())
