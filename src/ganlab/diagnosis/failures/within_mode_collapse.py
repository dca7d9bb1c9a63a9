"""Mode collapse, within mode: every class is there, each with few faces."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ganlab.diagnosis.case import ALIKE, Case, Charge, Row, alike_by_design, is_number, relative_vendi
from ganlab.diagnosis.cures import COLLAPSE_CURES
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.sample_levels import NARROW, VISITED, repeated, repeats_in_words, repeats_of, visited_mass

HALF = 0.5
"""Share of the judged classes that must have so little variety."""


def one_class(row: Row) -> bool:
    """Return whether the data have one class alone."""
    return bool(sum(share > 0 for share in row.get("class_shares_real") or ()) == 1)


def varieties(row: Row) -> list[float]:
    """Relative Vendi scores of the classes that hold enough samples; for data of one class, that of all samples."""
    if alike_by_design(row):
        return []
    if one_class(row):
        whole = relative_vendi(row)
        return [] if whole is None else [whole]
    return [value for value in row.get("vendi_by_class") or () if is_number(value)]


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run in whose last snapshots at least half of the classes have little variety within them."""

    def alike(row: Row) -> bool:
        values = varieties(row)
        return bool(values) and float(np.mean([value < NARROW for value in values])) >= HALF

    if case.always_recently(alike) and not case.recently(relative_vendi) < ALIKE:  # else they are all the same
        onset = case.since(alike)
        middle = case.recently(lambda row: float(np.median(varieties(row))))
        count = len(varieties(case.recent[-1]))
        variety = f"the samples have {100 * middle:.0f} % of the variety of real ones"
        words = f"Within {count} classes {variety} (median)." if count > 1 else f"{variety[0].upper()}{variety[1:]}."
        there = "all classes have been present, but with little variety within each"
        alone = "the samples have been of the data's one class, but with little variety"
        source = "Friedman & Dieng 2023"
        yield case.charge(
            since=onset,
            severity=1 - middle,
            findings=[Finding("relative_vendi_in_class", middle, NARROW, case.recent_window, source, words)],
            summary=f"Since {case.at(onset)} {there if count > 1 else alone}.",
        )
    elif case.always_recently(repeated) and (visited_mass(case.recent[-1]) or 0.0) >= VISITED:
        onset, last = case.since(repeated), case.recent[-1]
        there = "every class has been there in few pictures"
        alone = "the samples of the data's one class have been few pictures"
        yield case.charge(
            since=onset,
            severity=last["near_duplicates"],
            findings=repeats_of(case),
            summary=f"Since {case.at(onset)} {alone if one_class(last) else there}: {repeats_in_words(last)}",
        )


FAILURE = Failure("mode_collapse/within_mode", examine, cures=COLLAPSE_CURES)
