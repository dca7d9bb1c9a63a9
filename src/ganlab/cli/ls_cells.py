"""How the table of `ganlab ls runs` shows rows: whole where there is room, else with fewer and shorter columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ganlab.text import short
from ganlab.verdicts import certainty, short_words, words

SHOWN = 3
"""Verdicts of a sweep that the table shows; the others are counted together."""

DROPPED = ("started", "seconds")
"""Columns that are left out where there is no room, in this order: a run's name has the time of its start."""


def narrowing(rows: Sequence[Mapping[str, Any]]) -> Iterator[list[dict[str, str]]]:
    """Yield rows as the table may show them, the widest table first."""
    for count in range(len(DROPPED) + 1):
        yield [_without(DROPPED[:count], as_cells(row)) for row in rows]
    yield [_without(DROPPED, as_cells(row, short_words)) for row in rows]


def _without(headings: Iterable[str], cells: Mapping[str, str]) -> dict[str, str]:
    return {heading: text for heading, text in cells.items() if heading not in headings}


def as_cells(row: Mapping[str, Any], called: Callable[[str], str] = words) -> dict[str, str]:
    """Return a row as the table shows it, with what verdicts are called."""
    reason = short(row["reason"].split("\n")[0])
    status = f"{row['status']} ({reason})" if reason else row["status"]
    if row["kind"] == "sweep":
        counts = [f"{count} {called(verdict)}" for verdict, count in row["verdicts"].items()]
        others = sum(list(row["verdicts"].values())[SHOWN:])
        return {
            "name": row["name"],
            "status": f"{status}, {row['running']} now" if row["running"] else status,
            "step": f"{row['ended']}/{_known(row['runs'])} runs",
            "verdict": "; ".join([*counts[:SHOWN], *([f"{others} others"] if others else [])]),
            "seconds": "",
            "started": "",
        }
    sure = certainty(row["verdict"], row["confidence"])
    return {
        "name": row["name"],
        "status": status,
        "step": _known(row["step"]) if row["steps"] is None else f"{_known(row['step'])}/{row['steps']}",
        "verdict": called(row["verdict"]) + (f", {sure}" if sure else "") if row["verdict"] else "",
        "seconds": "" if row["seconds"] is None else f"{row['seconds']:.0f}",
        "started": (row["started"] or "")[:16].replace("T", " "),
    }


def _known(value: object) -> str:
    return "?" if value is None else str(value)
