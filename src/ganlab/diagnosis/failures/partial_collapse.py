"""Mode collapse, partial (mode dropping): good samples of few kinds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ganlab.diagnosis.case import GOOD, OWN_RUNS, Case, Charge, Row, is_number, ratio, relative_vendi
from ganlab.diagnosis.cures import COLLAPSE_CURES
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.sample_levels import (
    FEW_KINDS,
    FEW_MODES,
    NARROW,
    VISITED,
    always_twins,
    class_shares,
    few_kinds,
    may_yet_differ,
    modes_in_words,
    modes_shown,
    repeated,
    repeats_in_words,
    repeats_of,
    shows_few,
    twinned,
    visited_mass,
)

LOST = 0.1
"""Share of the real mass that lost classes must hold."""

RECALL = 0.08
"""Recall, over its real-vs-real value, under which kinds are missing. Healthy short runs start at .13."""

PRECISE = 0.5
"""Precision, over its real-vs-real value, from which the samples are good and only few in kind."""


def pooled(case: Case) -> Row | None:
    """The last snapshots as one, their class counts added up; None if classes cannot be judged."""
    rows = [row for row in case.recent if class_shares(row)]
    if not rows or case.passing < GOOD / 2:
        return None
    return Row({**rows[-1], "class_counts": np.sum([row["class_counts"] for row in rows], axis=0).tolist()})


def lost_mass(row: Row) -> float | None:
    """Share of the real mass in classes that the good samples have lost; None if classes cannot be judged."""
    known = class_shares(row)
    return None if known is None else float(known[1][lost(row)].sum())


def lost(row: Row) -> list[int]:
    """Numbers of the classes that the good samples have lost."""
    # Torch takes a second to import, and most logs have no classes.
    import torch

    from ganlab.evaluation.modes import lost_classes

    return lost_classes(torch.tensor(row["class_counts"]), torch.tensor(row["class_shares_real"]))


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run whose last samples repeat each other, lack classes or modes, or are precise but of low recall."""

    def narrow(row: Row) -> bool:
        recall, precision = ratio(row, "recall"), ratio(row, "precision")
        if class_shares(row) and not any(is_number(each) for each in row.get("vendi_by_class") or ()):
            return False  # too few samples to tell missing kinds from kinds with few faces
        return recall is not None and precision is not None and recall < RECALL and precision >= PRECISE

    def lacks_modes(row: Row) -> bool:
        shown = modes_shown(row)
        return shown is not None and shown < FEW_MODES

    if may_yet_differ(case):
        return
    # Where all classes are there, each with few faces, the collapse is one within them.
    few = always_twins(case)
    if shows_few(case) and (few or (visited_mass(case.recent[-1]) or 0.0) < VISITED):
        onset, last = case.since(twinned if few else repeated), case.recent[-1]
        yield case.charge(
            since=onset,
            severity=last["near_duplicates"],
            findings=repeats_of(case),
            summary=f"Since {case.at(onset)} the samples have repeated each other: {repeats_in_words(last)}",
        )
        return
    if few_kinds(case):
        variety, onset = case.recently(relative_vendi), case.since(lambda row: (relative_vendi(row) or 0.0) < NARROW)
        words = f"They have {100 * variety:.0f} % of the variety of real ones, though as a whole something of them."
        yield case.charge(
            since=onset,
            severity=1 - variety,
            findings=[
                Finding("relative_vendi", variety, NARROW, case.recent_window, "Friedman & Dieng 2023", words),
                Finding(
                    "energy_coefficient",
                    case.distance,
                    FEW_KINDS,
                    case.recent_window,
                    "Szekely & Rizzo 2013; limit " + OWN_RUNS,
                    "Samples that have learned nothing lie farther from the real ones.",
                ),
            ],
            summary=f"Since {case.at(onset)} the samples have been poor, and of few kinds. {words}",
        )
        return
    if case.passing < GOOD / 2 or any(map(case.rising, (covered, modes_shown, lambda row: ratio(row, "recall")))):
        return
    row = pooled(case)
    mass = lost_mass(row) if row else None
    if row and mass and mass >= LOST:
        onset = case.since(lambda each: (lost_mass(each) or 0) >= LOST)
        names = row.get("classes") or [str(index) for index in range(len(row["class_counts"]))]
        gone = [str(names[index]) for index in lost(row)]
        words = f"Classes {', '.join(gone)} are missing; they make up {100 * mass:.0f} % of the real data."
        source = "99 % binomial bound under a tenth of the real share"
        yield case.charge(
            since=onset,
            severity=mass,
            findings=[Finding("lost_class_mass", mass, LOST, case.recent_window, source, words)],
            summary=(
                f"Since {case.at(onset)} the samples leave out part of the real data: {words[0].lower()}{words[1:]}"
            ),
        )
    elif case.always_recently(lacks_modes):
        shown, onset, words = case.recently(modes_shown), case.since(lacks_modes), modes_in_words(case.recent[-1])
        source = "Lin et al. 2018; limit " + OWN_RUNS
        yield case.charge(
            since=onset,
            severity=1 - shown,
            findings=[Finding("modes", shown, FEW_MODES, case.recent_window, source, words)],
            summary=f"Since {case.at(onset)} the samples have left out most modes of the data. {words}",
        )
    elif case.always_recently(narrow):
        recall = case.recently(lambda row: ratio(row, "recall"))
        precision = case.recently(lambda row: ratio(row, "precision"))
        onset = case.since(narrow)
        narrow_words = (
            f"The samples reach {100 * recall:.0f} % of the recall that real data reach: "
            "most real samples have no generated one near them."
        )
        good_words = f"The samples themselves are good: precision is {100 * precision:.0f} % of that of real ones."
        source = "Kynkaanniemi et al. 2019"
        yield case.charge(
            since=onset,
            severity=1 - recall,
            findings=[
                Finding("recall", recall, RECALL, case.recent_window, source, narrow_words),
                Finding("precision", precision, PRECISE, case.recent_window, source, good_words),
            ],
            summary=f"Since {case.at(onset)} the samples have been good, but of few kinds.",
        )


def covered(row: Row) -> float | None:
    """Share of the real mass in classes that are not lost."""
    mass = lost_mass(row)
    return None if mass is None else 1 - mass


FAILURE = Failure("mode_collapse/partial", examine, cures=COLLAPSE_CURES)
