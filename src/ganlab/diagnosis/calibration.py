"""How sure a verdict is: how often verdicts were right on labelled runs that were known as well as this one.

None of these runs was looked at when rules were tuned. They were judged again on fewer samples and snapshots: each cell
of the table holds what came of that in one domain at one of these sizes. Failures that were named are held apart from
verdicts that name none: to be right about the one says nothing of the other. How clearly a limit was passed says
nothing more: confidences that rose with it came true less often on runs that they weren't made from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from ganlab.diagnosis.case import Case
from ganlab.diagnosis.early import sample_count
from ganlab.diagnosis.findings import UNMEASURED
from ganlab.verdicts import INCONCLUSIVE, accuses, failure_of

FEW_RUNS = 5
"""Labelled runs under which a cell says nothing at all: one or two judged wrong would leave no confidence in any."""

ENOUGH_RUNS = 10
"""Labelled runs in a cell, or with a verdict, under which nothing is calibrated."""

SURE = 0.8
"""Confidence from which people act on a verdict: a wrong accusation that is so sure sends them after a fault that
isn't there."""

UNCALIBRATED = 0.75
"""Highest confidence without calibration: what was not measured is not sure."""

LABELLED_GAME = "standard"
"""The game that all labelled runs played."""

MNIST, STACKED, POINTS, CLASSES = "mnist", "stacked_mnist", "points", "classes"
PICTURES, LOSSES, LOGS = "pictures", "losses", "logs"

SEEN = {
    MNIST: "on MNIST",
    STACKED: "on stacked MNIST",
    POINTS: "on points",
    CLASSES: "on pictures with classes",
    PICTURES: "on pictures without classes",
}
"""What samples were seen through, in words."""

ELSEWHERE = ", other code"
"""Ends the name of a domain whose runs were trained by other programs: verdicts on them are less often right."""

DOMAINS = {
    **{name: f"labelled runs {on}" for name, on in SEEN.items()},
    LOSSES: "labelled runs of ganlab's",
    **{name + ELSEWHERE: f"labelled runs of other trainers {on}" for name, on in SEEN.items()},
    LOGS: "labelled logs of other trainers",
}
"""What runs are told apart by: whose they are, and what their samples were seen through if there are any; in words."""


FOUND = {True: "in which a failure was found", False: "in which no failure was found"}
"""Whether the verdicts on labelled runs accuse, in words."""


class Cell(NamedTuple):
    """Labelled runs of one domain that were judged on as much as each other.

    Attributes:
        domain: one of DOMAINS.
        accusing: whether a failure was found in them; otherwise in none of them was one.
        samples, snapshots: that each of them was judged on; 0 for losses alone.
        right: how many were judged right.
        runs: how many were judged; those on which nothing was proved don't count.
    """

    domain: str
    accusing: bool
    samples: int
    snapshots: int
    right: int
    runs: int

    @property
    def share(self) -> float:
        """(right + 1) / (runs + 2), Laplace's rule of succession."""
        return (self.right + 1) / (self.runs + 2)

    @property
    def size(self) -> tuple[int, int]:
        """Samples and snapshots."""
        return self.samples, self.snapshots

    def reached(self, samples: float, snapshots: int) -> bool:
        """Return whether a run that was judged on so much is known at least as well."""
        return self.samples <= samples and self.snapshots <= snapshots

    def __str__(self) -> str:
        known = "the losses alone"
        if self.samples:
            several = "snapshots" if self.snapshots > 1 else "snapshot"
            known = f"{self.samples:,} samples and {self.snapshots} {several}"
        runs = f"{DOMAINS[self.domain]} {FOUND[self.accusing]}"
        if self.runs == 1:
            runs = runs.replace("runs", "run").replace("logs", "log")
        return f"{self.runs} {runs}, judged on {known}"


Table = Mapping[str, Any]
"""What `table` returns."""


@cache
def table() -> Table:
    """The table that `python -m truth.accuracy calibrate` writes.

    `made_from`: of `ours` and of `others`, runs of ganlab's and of other trainers, the corpora, the commit whose code
    judged them, and the names of the features that samples were seen through; `cells`: each with the attributes of a
    Cell; `verdicts`: of both, runs by their verdict, variants aside, each run judged on all that is known of it.
    """
    text = (files("ganlab.diagnosis") / "calibration.json").read_text(encoding="utf-8")
    found: Table = json.loads(text)
    return found


def of_others(domain: str) -> bool:
    """Return whether the runs of a domain were trained by other programs."""
    return domain == LOGS or domain.endswith(ELSEWHERE)


def domain_of(case: Case) -> str | None:
    """Return the domain that a run belongs to; None if that isn't recorded."""
    experiment = case.evidence.experiment
    if not case.rows:
        return LOSSES if experiment is not None else LOGS
    row = case.rows[-1]
    protocol = row.get("protocol")
    features = protocol.get("features") if isinstance(protocol, dict) else None
    name = str(features or (experiment.data.name if experiment is not None else ""))
    whose = "" if experiment is not None else ELSEWHERE
    if "pyramid" in name:
        return (CLASSES if len(row.get("class_counts") or ()) > 1 else PICTURES) + whose
    if "coordinates" in name or name in ("ring", "grid"):
        return POINTS + whose
    if "stacked-mnist" in name or name == "stacked_mnist":
        return STACKED + whose
    return MNIST + whose if "mnist" in name else None


def confidence(name: str, case: Case) -> tuple[float, str]:
    """Return the confidence in a verdict and its basis: `earned`, from the table that ships.

    Args:
        name: of the verdict.
        case: what was judged.
    """
    return earned(table(), name, domain_of(case), *size_of(case), doubt_of(case))


def size_of(case: Case) -> tuple[float, int]:
    """Return on how many samples, infinity if that isn't known, and snapshots a run is judged; 0 for losses alone."""
    return (sample_count(case), len(case.rows)) if case.rows else (0, 0)


def earned(
    known: Table, name: str, domain: str | None, samples: float, snapshots: int, doubt: str = ""
) -> tuple[float, str]:
    """Return the confidence in a verdict, (right + 1) / (runs + 2) over labelled runs like this one; its basis.

    A failure that is named is held against those that were named on labelled runs, any other verdict against the rest.
    More evidence makes no run look less sure: a run is trusted no more than those of which more was known.

    Args:
        known: the table of labelled runs.
        name: of the verdict.
        domain: of the run, if it is known.
        samples, snapshots: that it was judged on.
        doubt: what makes it unlike all labelled runs, if anything does.
    """
    if name == INCONCLUSIVE:
        return 0.5, "nothing was proved"
    accusing = accuses(name)
    cells = [Cell(**each) for each in known["cells"] if (each["domain"], each["accusing"]) == (domain, accusing)]
    enough = [each for each in cells if each.runs >= ENOUGH_RUNS]
    reached = sorted((each for each in cells if each.reached(samples, snapshots)), key=lambda each: each.size)
    trusted = [_least(each, enough) for each in reached if each in enough]
    doubt = doubt or _lack(domain, accusing, samples, cells, reached, trusted) or _rare(name, domain, known)
    # Without a cell that the run reaches, it is no surer than better known runs, and than the few that are alike.
    limits = (
        [max(trusted, key=_share)] if trusted else [*(each for each in reached[-1:] if each.runs >= FEW_RUNS), *enough]
    )
    if doubt:
        return round(min([UNCALIBRATED, *map(_share, limits)]), 3), f"{UNMEASURED}: {doubt}"
    return round(limits[0].share, 3), f"{limits[0].right} of {limits[0]}, were judged right"


def _least(cell: Cell, enough: Sequence[Cell]) -> Cell:
    """Return the cell with the least share that is right, of one and those of better known runs."""
    return min((each for each in enough if cell.reached(*each.size)), key=_share)


def _share(cell: Cell) -> float:
    return cell.share


def doubt_of(case: Case) -> str:
    """Return what makes a run unlike all labelled runs, or nothing."""
    if case.evidence.damaged:
        return "parts of the run are missing or damaged"
    if case.rows and case.rows[-1].game != LABELLED_GAME:
        return "no labelled run used this game"
    return "no samples were seen" if not case.rows and case.has_quality else ""


def _lack(
    domain: str | None,
    accusing: bool,
    samples: float,
    cells: Sequence[Cell],
    reached: Sequence[Cell],
    trusted: Sequence[Cell],
) -> str:
    """Return why no cell says how sure a verdict is, or nothing."""
    if domain is None:
        return "it isn't recorded what the samples were seen through"
    if not cells:
        return (
            "no samples were seen" if domain in (LOSSES, LOGS) else f"there are no {DOMAINS[domain]} {FOUND[accusing]}"
        )
    if not reached:
        return f"only {samples:.0f} samples were seen"
    return "" if trusted else f"only {reached[-1]}"


def _rare(name: str, domain: str | None, known: Table) -> str:
    """Return that few labelled runs had a verdict, of ganlab's or of other trainers as the domain says; or nothing."""
    others = domain is not None and of_others(domain)
    count = known["verdicts"].get("others" if others else "ours", {}).get(failure_of(name), 0)
    runs = f"labelled {'run' if count == 1 else 'runs'}{' of other trainers' if others else ''}"
    return f"{count} {runs} had this verdict" if count < ENOUGH_RUNS else ""
