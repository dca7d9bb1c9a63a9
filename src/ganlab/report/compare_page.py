"""What the page of several runs side by side shows, as the template and the script take it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from ganlab.diagnosis.evidence import Series
from ganlab.plots.comparisons import LETTERS
from ganlab.report.charts import Chart, Colour, Drawn, Line, draw, shown
from ganlab.report.compare import Side, differing, late_median, value_words
from ganlab.report.courses import medians
from ganlab.report.frames import COLUMNS
from ganlab.report.run_page import Subject, panel_of, steps_of, term_of, verdict_words
from ganlab.runs.snapshots import SHARE, TABLE
from ganlab.text import one_line

POINTS = 200
"""Points of a curve: each the median of a stretch of the run."""

NAME = 36
"""Characters of a run's name in a legend, at most."""

NAMED = 4
"""Runs up to which legends give their names; of more the letters alone, which stand before the names above."""

RUN_COLOURS: tuple[Colour, ...] = tuple(each for each in get_args(Colour) if each.startswith("run"))
"""Colours of runs over each other; the style sheet has dashes for each too."""

HISTORY = {
    "d_loss": ("discriminator's loss", False),
    "g_loss": ("generator's loss", False),
    "d_acc_real": ("discriminator's accuracy on real samples, as a share", True),
    "d_acc_fake": ("discriminator's accuracy on generated samples, as a share", True),
}
"""Curves of the history that are laid over each other: title, and whether it is a share."""


@dataclass(frozen=True)
class Column:
    """One of the runs.

    Attributes:
        side: what its files say, as far as each can be read.
        subject: what its own page would show; None if neither its history nor its snapshots can be read.
        link: address of its own page; empty if it has none.
    """

    side: Side
    subject: Subject | None
    link: str = ""

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.side.run.path.resolve().name


def comparison_content(columns: Sequence[Column]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the template `compare.html` shows of 2 to 8 runs, and what the script reads."""
    units = {column.subject.evidence.unit for column in columns if column.subject}
    unit = units.pop() if len(units) == 1 else "step"
    heads: list[dict[str, Any]] = []
    panels: list[dict[str, Any]] = []
    for letter, column in zip(LETTERS, columns, strict=False):
        head: dict[str, Any] = {
            "letter": letter,
            "name": column.name,
            "link": column.link,
            "colour": RUN_COLOURS[len(heads)],
            "gaps": _gaps(column),
            "verdict": None,
            "state": column.side.facts["state"] or "",
            "panel": None,
            "number": None,
        }
        if column.subject is not None:
            head["verdict"] = verdict_words(column.subject.verdict)
            head["frames_words"] = column.subject.frames.words
            panel = panel_of(column.subject)
            if panel["steps"]:
                head |= {"panel": panel, "number": len(panels)}
                panels.append(panel)
        heads.append(head)
    charts = list(_charts(columns, unit))
    numbers = {_called(head["letter"], head["name"], len(heads)): head["number"] for head in heads}
    for line in (line for chart in charts for line in chart.data["lines"]):
        line["run"] = numbers[line["name"]]
    sides = [column.side for column in columns]
    names = [head["letter"] for head in heads]
    content = {
        "title": f"{len(columns)} runs side by side",
        "runs": heads,
        "letters": names,
        "settings": [(key, list(map(value_words, values))) for key, values in differing(sides).items()],
        "facts": list(_facts(sides)),
        "late": list(_late(sides)),
        "statistics": list(_statistics([head["panel"] for head in heads], [head["number"] for head in heads])),
        "charts": charts,
        "stops": len({step for panel in panels for step in panel["steps"]}),
        "points": POINTS,
    }
    data = {
        "unit": unit,
        "columns": COLUMNS,
        "panels": [panel["data"] for panel in panels],
        "charts": {each.chart.key: each.data for each in charts},
    }
    return content, data


def _gaps(column: Column) -> list[str]:
    """Return what could not be read of a run, each once."""
    subject = column.subject
    said = [*column.side.gaps, *([*subject.gaps, *subject.frames.gaps] if subject else [])]
    if subject is not None and subject.evidence.unit != "step":
        said.append(f"it counts in units of one {subject.evidence.unit}")
    return list(dict.fromkeys(said))


def _facts(sides: Sequence[Side]) -> Iterator[tuple[str, list[str]]]:
    """Yield where the runs stand: the facts that their heads do not tell."""
    for key in ("state", "step", "seed"):
        if any(side.facts[key] is not None for side in sides):
            yield key, ["-" if (fact := side.facts[key]) is None else _fact(fact) for side in sides]


def _late(sides: Sequence[Side]) -> Iterator[tuple[str, list[str]]]:
    """Yield the late median of each curve of the history that any of the runs has."""
    for key, (title, _) in HISTORY.items():
        values = [late_median(side.history, key) for side in sides]
        if any(value is not None for value in values):
            yield title, ["-" if value is None else shown(value) for value in values]


def _fact(fact: str | int | float) -> str:
    return f"{fact:,}" if isinstance(fact, int) else str(fact)


def _statistics(panels: Sequence[dict[str, Any] | None], numbers: Sequence[int | None]) -> Iterator[dict[str, Any]]:
    """Yield a row a statistic that any run has: the last value in each, and where the script finds the others."""
    places = [
        {(row["term"], row["meaning"]): place for place, row in enumerate(panel["table"])} if panel else {}
        for panel in panels
    ]
    for label in dict.fromkeys(label for each in places for label in each):
        found = [
            panel["table"][where[label]] if panel and label in where else None
            for panel, where in zip(panels, places, strict=True)
        ]
        reals = {row["real"] for row in found if row}
        yield {
            "term": label[0],
            "meaning": label[1],
            "real": reals.pop() if len(reals) == 1 else "",
            "cells": [
                None if row is None else {"panel": number, "place": where[label], "value": row["value"]}
                for row, where, number in zip(found, places, numbers, strict=True)
            ],
        }


def _charts(columns: Sequence[Column], unit: str) -> Iterator[Drawn]:
    """Yield a chart a quantity that two runs have, at least."""
    known = [column.subject.evidence for column in columns if column.subject]
    if not known:
        return
    ends = [end for evidence in known for end in steps_of(evidence)]
    quantities = {
        **{key: (title, False, shares) for key, (title, shares) in HISTORY.items()},
        **{
            each.name: (
                term_of(each),
                bool(each.line and each.line.chart and each.line.chart.log),
                each.range == SHARE,
            )
            for each in TABLE
            if each.line is not None or "compare" in each.shown
        },
    }
    for key, (title, log, shares) in quantities.items():
        # Of logs of several games each player's curve is on a chart of its own.
        found = [dict(column.subject.evidence.courses([key])) if column.subject else {} for column in columns]
        for name in dict.fromkeys(name for each in found for name in each):
            lines = [
                _line(_called(letter, column.name, len(columns)), curves[name], colour)
                for letter, column, curves, colour in zip(LETTERS, columns, found, RUN_COLOURS, strict=False)
                if name in curves
            ]
            player = name.removesuffix(key).rstrip("/")
            of = f" of {player}" if player else ""
            chart = Chart(
                name, f"{title}{of}", lines, (min(ends), max(ends)), unit, log=log or not shares, shares=shares
            )
            yield from filter(None, [draw(chart) if len(lines) > 1 else None])


def _line(name: str, curve: Series, colour: Colour) -> Line:
    return Line(name, *medians(curve.steps.astype(float), curve.values, POINTS), colour)


def _called(letter: str, name: str, many: int) -> str:
    """Return what one of so many runs is called in a legend."""
    return f"{letter} {one_line(name, NAME)}" if many <= NAMED else letter
