"""How sure a verdict is: how often verdicts like it were right on labelled runs that were known as well as this one.

The labelled runs were judged again on fewer samples and snapshots. Each cell of the table holds what came of that in
one domain at one of these sizes; a run is held against the cell of the largest sizes that it reaches itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from ganlab.diagnosis.case import Case, Charge
from ganlab.diagnosis.early import sample_count
from ganlab.diagnosis.findings import UNMEASURED
from ganlab.verdicts import INCONCLUSIVE, failure_of

ENOUGH_RUNS = 10
"""Labelled runs in a cell, or with a verdict's failure, under which nothing is calibrated."""

UNCALIBRATED = 0.8
"""Highest confidence without calibration."""

LABELLED_GAME = "standard"
"""The game that all labelled runs played."""

MNIST, POINTS, CLASSES, PICTURES, LOSSES, LOGS = "mnist", "points", "classes", "pictures", "losses", "logs"

DOMAINS = {
    MNIST: "labelled runs on MNIST",
    POINTS: "labelled runs on points",
    CLASSES: "labelled runs on pictures with classes",
    PICTURES: "labelled runs on pictures without classes",
    LOSSES: "labelled runs of ganlab's",
    LOGS: "labelled logs of other trainers",
}
"""What runs are told apart by: what their samples were seen through or, without samples, whose log it is; in words."""


class Bin(NamedTuple):
    """Labelled runs as clear as each other, of one cell.

    Attributes:
        domain: one of DOMAINS.
        samples, snapshots: that each of them was judged on; 0 for losses alone.
        since: least strength.
        right: how many were judged right.
        runs: how many were judged; those on which nothing was proved don't count.
        alone: whether the cell has no other bin.
    """

    domain: str
    samples: int
    snapshots: int
    since: float
    right: int
    runs: int
    alone: bool

    @property
    def share(self) -> float:
        """(right + 1) / (runs + 2), Laplace's rule of succession."""
        return (self.right + 1) / (self.runs + 2)

    def __str__(self) -> str:
        clear = "" if self.alone else " with a verdict as clear as this one"
        known = "the losses alone"
        if self.samples:
            several = "snapshots" if self.snapshots > 1 else "snapshot"
            known = f"{self.samples:,} samples and {self.snapshots} {several}"
        runs = DOMAINS[self.domain]
        if self.runs == 1:
            runs = runs.replace("runs", "run").replace("logs", "log")
        return f"{self.runs} {runs}{clear}, judged on {known}"


@cache
def table() -> dict[str, Any]:
    """The table that `python -m truth.accuracy calibrate` writes.

    `made_from`: the corpora, the commit whose code judged them, and the names of the features that samples were seen
    through; `cells`: each with `domain`, `samples`, `snapshots` and `bins`, rising in strength, each with `from` (least
    strength), `right` and `runs`; `failures`: runs by the failure of their verdict, each run judged on all that is
    known of it.
    """
    text = (files("ganlab.diagnosis") / "calibration.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def domain_of(case: Case) -> str | None:
    """Return the domain that a run belongs to; None if that isn't recorded."""
    experiment = case.evidence.experiment
    if not case.rows:
        return LOSSES if experiment is not None else LOGS
    row = case.rows[-1]
    protocol = row.get("protocol")
    features = protocol.get("features") if isinstance(protocol, dict) else None
    name = str(features or (experiment.data.name if experiment is not None else ""))
    if "pyramid" in name:
        return CLASSES if len(row.get("class_counts") or ()) > 1 else PICTURES
    if "coordinates" in name or name in ("ring", "grid"):
        return POINTS
    return MNIST if "mnist" in name else None


def confidence(name: str, charge: Charge, case: Case) -> tuple[float, str]:
    """Return the confidence in a verdict, (right + 1) / (runs + 2) over labelled runs like this one; its basis.

    More evidence makes no run look less sure: a run is trusted no more than those of which more was known.

    Args:
        name: of the verdict.
        charge: what was brought against the run.
        case: what was judged.
    """
    if name == INCONCLUSIVE:
        return 0.5, "nothing was proved"
    alike = bins(case, charge.strength)
    doubt = _doubt(name, case, alike)
    if doubt:
        return round(min(UNCALIBRATED, alike[0].share if alike else UNCALIBRATED), 3), f"{UNMEASURED}: {doubt}"
    found = min((each for each in alike if each.runs >= ENOUGH_RUNS), key=lambda each: each.share)
    return round(found.share, 3), f"{found.right} of {found}, were judged right"


def bins(case: Case, strength: float) -> list[Bin]:
    """Return the bin of labelled runs as well known and as clear as a run, and those of better known ones.

    The first is that of its own sizes; none if no labelled run of its domain was judged on so little.
    """
    domain, count = domain_of(case), sample_count(case) if case.rows else 0
    cells = [each for each in table()["cells"] if each["domain"] == domain]
    reached = [each for each in cells if each["samples"] <= count and each["snapshots"] <= len(case.rows)]
    if not reached:
        return []
    own = max(reached, key=_size)
    above = [each for each in cells if all(a >= b for a, b in zip(_size(each), _size(own), strict=True))]
    return [_bin(each, strength) for each in sorted(above, key=_size)]


def _size(cell: dict[str, Any]) -> tuple[int, int]:
    return cell["samples"], cell["snapshots"]


def _bin(cell: dict[str, Any], strength: float) -> Bin:
    known: Sequence[dict[str, Any]] = cell["bins"]
    chosen = [each for each in known if each["from"] <= strength][-1]
    return Bin(cell["domain"], *_size(cell), chosen["from"], chosen["right"], chosen["runs"], len(known) == 1)


def _doubt(name: str, case: Case, alike: Sequence[Bin]) -> str:
    """Return why a verdict isn't calibrated, or nothing."""
    failures, count = table()["failures"].get(failure_of(name), 0), sample_count(case)
    domain = domain_of(case)
    if case.evidence.damaged:
        return "parts of the run are missing or damaged"
    if case.rows and case.rows[-1].game != LABELLED_GAME:
        return "no labelled run used this game"
    if not case.rows and (case.has_quality or not alike):
        return "no samples were seen"
    if domain is None:
        return "it isn't recorded what the samples were seen through"
    if all(each["domain"] != domain for each in table()["cells"]):
        return f"there are no {DOMAINS[domain]}"
    if not alike:
        return f"only {count:.0f} samples were seen"
    if alike[0].runs < ENOUGH_RUNS:
        return f"only {alike[0]}"
    had = f"{failures} labelled {'run' if failures == 1 else 'runs'} had this failure"
    return had if failures < ENOUGH_RUNS else ""
