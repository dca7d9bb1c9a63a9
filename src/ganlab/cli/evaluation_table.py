"""What `ganlab evaluate` found, in groups: which way is good, what each class shows, and why a figure is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ganlab.cli.console import print_table, say
from ganlab.cli.evaluation_notes import LEGEND, Metrics, is_least, notes
from ganlab.evaluation.evaluate import PUBLISHED
from ganlab.runs.snapshots import STATISTICS
from ganlab.text import printable

GROUPS = {
    "all in all": ("good", "recognised", "fid", "fid_infinity", "kid", "f1"),
    "quality": ("precision", "density", "prd_f1_8", "inception_score", "conditional_entropy", "gan_test"),
    "variety": (
        *("recall", "coverage", "prd_f8", "vendi", "vendi_relative", "marginal_entropy", "class_kl", "lost_classes"),
        *("modes", "mode_kl", "good_modes", "good_mode_kl", "gan_train", "ndb", "ndb_js", "birthday_support"),
    ),
    "nearest neighbours": ("nn_fake", "nn_real"),
    "copies": ("copies", "authenticity", "c_t", "nn_train_fake", "nn_train_real"),
}
"""Figures that have one number, by what they are about; the game's own follow."""

BY_CLASS = {"class_histogram": "samples", "vendi_by_class": "variety"}
"""Figures with a number for each class, and what they are called there."""

MOST_CLASSES = 20
"""Classes that are shown."""

ARROWS = {
    PUBLISHED.get(name, name): {"higher": "↑", "lower": "↓", None: "~"}[statistic.better]
    for name, statistic in STATISTICS.items()
}
"""Which way is better, by a figure's public name."""


def show_evaluation(out: Console, found: Mapping[str, Any], snapshot: Mapping[str, Any]) -> None:
    """Print what `ganlab.training.evaluating.evaluate_run` returned: a row a metric, a row a class, and what to know.

    Args:
        out: where to.
        found: what was returned.
        snapshot: a row of the run's snapshots, for the names of the classes and which of them the data have. Where it
            does not say, classes are numbered, and all of them are shown.
    """
    metrics: Metrics = found["metrics"]
    names = list(next(iter(metrics.values())))
    grouped = {*BY_CLASS, *(name for group in GROUPS.values() for name in group)}
    groups = {**GROUPS, "of this game": tuple(name for name in names if name not in grouped)}
    table = Table("", "", box=None, pad_edge=False)
    for heading in (*metrics, "real"):
        table.add_column(heading, justify="right")
    for heading, members in groups.items():
        if there := [name for name in members if name in names]:
            table.add_row(Text(heading, style="bold"))
            for name in there:
                table.add_row(f"  {name}", ARROWS.get(name, ""), *_row(metrics, name))
    print_table(out, table)
    by_class = {name: _lists(metrics, name) for name in BY_CLASS if name in names and any(_lists(metrics, name))}
    if by_class:
        out.print()
        print_table(out, _classes(by_class, list(metrics), snapshot))
    out.print()
    for note in (LEGEND, *notes(metrics, int(found["samples"]))):
        say(out, note)


def _row(metrics: Metrics, name: str) -> Iterator[str]:
    figure = next(iter(metrics.values()))[name]
    for value in (*(each[name]["value"] for each in metrics.values()), figure["real"]):
        least = "+" if name == "birthday_support" and is_least(value, figure["protocol"]) else ""
        yield _cell(len(value) if isinstance(value, list) else value) + least


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "-" if value is None else f"{value:,}"


def _lists(metrics: Metrics, name: str) -> list[list[Any]]:
    """Return a metric's numbers by class of each generator and then of reals; empty lists where there are none."""
    figures = [each[name] for each in metrics.values()]
    return [*(figure["value"] or [] for figure in figures), figures[0]["real"] or []]


def _classes(by_class: Mapping[str, list[list[Any]]], generators: list[str], snapshot: Mapping[str, Any]) -> Table:
    table = Table("class", box=None, pad_edge=False)
    for name in by_class:
        first, *others = (*generators, "real")
        for heading in (f"{BY_CLASS[name]}: {first}", *others):
            table.add_column(heading, justify="right")
    count = max(len(values) for columns in by_class.values() for values in columns)
    names, shares = (list(snapshot.get(key) or ()) for key in ("classes", "class_shares_real"))
    called = names if len(names) == count else [str(number) for number in range(count)]
    there = [place for place in range(count) if len(shares) != count or shares[place] > 0]
    for place in there[:MOST_CLASSES]:
        cells = [values[place] if place < len(values) else None for columns in by_class.values() for values in columns]
        table.add_row(Text(printable(called[place])), *map(_cell, cells))
    if len(there) > MOST_CLASSES:
        table.add_row(f"and {len(there) - MOST_CLASSES} more, see --json")
    if len(there) < count:
        table.add_row("not in the data", *_others(by_class, set(range(count)) - set(there)))
    return table


def _others(by_class: Mapping[str, list[list[Any]]], places: Set[int]) -> Iterator[str]:
    """Yield how many samples show any of some classes; variety is no sum, so there is none."""
    for name, columns in by_class.items():
        for values in columns:
            counted = values and name == "class_histogram"
            yield _cell(sum(values[place] for place in places) if counted else None)
