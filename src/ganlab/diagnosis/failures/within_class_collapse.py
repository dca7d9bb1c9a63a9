"""Mode collapse, within a class: a requested class yields only a few distinct samples."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ganlab.diagnosis.case import ALIKE, Case, Charge, Row, is_conditional, is_number, relative_vendi
from ganlab.diagnosis.cures import COLLAPSE_CURES
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.sample_levels import NARROW


def varieties(row: Row) -> dict[int, float]:
    """Relative Vendi scores of the samples by requested class, for the classes that can be judged."""
    found = row.get("vendi_by_asked") if is_conditional(row) else None
    return {index: value for index, value in enumerate(found or ()) if is_number(value)}


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run in which some requested class, the same in all of the last snapshots, varies little."""

    def narrow(row: Row) -> set[int]:
        return {index for index, value in varieties(row).items() if value < NARROW}

    if not case.recent or case.recently(relative_vendi) < ALIKE:  # they are all the same
        return
    classes = sorted(set.intersection(*map(narrow, case.recent)))
    if not classes:
        return
    onset = case.since(lambda row: bool(narrow(row).intersection(classes)))
    last = case.recent[-1]
    names = last.get("classes") or range(len(last["vendi_by_asked"]))
    value = case.recently(lambda row: float(np.median([varieties(row)[index] for index in classes])))
    listed = ", ".join(str(names[index]) for index in classes)
    words = f"When {listed} is requested, the samples have {100 * value:.0f} % of the variety of real ones (median)."
    yield case.charge(
        since=onset,
        severity=len(classes) / len(varieties(last)),
        findings=[
            Finding("relative_vendi_of_asked", value, NARROW, case.recent_window, "Friedman & Dieng 2023", words)
        ],
        summary=f"Since {case.at(onset)} the generator has made only a few distinct samples of {listed}.",
    )


FAILURE = Failure("mode_collapse/within_class", examine, cures=COLLAPSE_CURES)
