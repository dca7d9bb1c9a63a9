"""How the table of `ganlab ls runs` shows a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganlab.text import short
from ganlab.verdicts import words

SHOWN = 3
"""Verdicts of a sweep that the table shows; the others are counted together."""


def as_cells(row: Mapping[str, Any]) -> dict[str, str]:
    """Return a row as the table shows it."""
    reason = short(row["reason"].split("\n")[0])
    status = f"{row['status']} ({reason})" if reason else row["status"]
    if row["kind"] == "sweep":
        counts = [f"{count} {words(verdict)}" for verdict, count in row["verdicts"].items()]
        others = sum(list(row["verdicts"].values())[SHOWN:])
        return {
            "name": row["name"],
            "status": f"{status}, {row['running']} now" if row["running"] else status,
            "step": f"{row['ended']}/{_known(row['runs'])} runs",
            "verdict": "; ".join([*counts[:SHOWN], *([f"{others} others"] if others else [])]),
            "seconds": "",
            "started": "",
        }
    confidence = "" if row["confidence"] is None else f", {100 * row['confidence']:.0f} %"
    return {
        "name": row["name"],
        "status": status,
        "step": _known(row["step"]) if row["steps"] is None else f"{_known(row['step'])}/{row['steps']}",
        "verdict": words(row["verdict"]) + confidence if row["verdict"] else "",
        "seconds": "" if row["seconds"] is None else f"{row['seconds']:.0f}",
        "started": (row["started"] or "")[:16].replace("T", " "),
    }


def _known(value: object) -> str:
    return "?" if value is None else str(value)
