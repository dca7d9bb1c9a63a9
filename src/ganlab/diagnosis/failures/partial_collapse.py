"""Mode collapse, partial (mode dropping): good samples of few kinds."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ganlab.diagnosis.case import GOOD, Case, Charge, Row, ratio
from ganlab.diagnosis.failures.cycling import shares
from ganlab.diagnosis.remedies import COLLAPSE_CURES
from ganlab.diagnosis.verdict import Finding
from ganlab.evaluation.modes import lost_classes

LOST = 0.1
"""Share of the real mass that lost classes must hold."""

RECALL = 0.3
"""Recall, over its real-vs-real value, under which kinds are missing."""

PRECISE = 0.5
"""Precision, over its real-vs-real value, from which the samples are good and only few in kind."""

CURES = COLLAPSE_CURES


def lost_mass(row: Row) -> float | None:
    """Share of the real mass in classes that the good samples have lost; None where classes cannot be judged."""
    known = shares(row)
    if known is None or (ratio(row, "good") or 0) < 0.2:
        return None
    return float(known[1][lost(row)].sum())


def lost(row: Row) -> list[int]:
    """Numbers of the classes that the good samples have lost."""
    return lost_classes(torch.tensor(row["class_counts"]), torch.tensor(row["class_shares_real"]))


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run whose last snapshots lack classes, or whose recall is low beside its precision."""

    def lacking(row: Row) -> bool:
        mass = lost_mass(row)
        return mass is not None and mass >= LOST

    def narrow(row: Row) -> bool:
        recall, precision = ratio(row, "recall"), ratio(row, "precision")
        return recall is not None and precision is not None and recall < RECALL and precision >= PRECISE

    if case.good < GOOD / 2 or case.rising(covered) or case.rising(lambda row: ratio(row, "recall")):
        return
    if case.always_recently(lacking):
        row, onset, mass = case.recent[-1], case.since(lacking), case.recently(lost_mass)
        names = row.get("classes") or [str(index) for index in range(len(row["class_counts"]))]
        gone = [str(names[index]) for index in lost(row)]
        words = f"Classes {', '.join(gone)} are missing: {100 * mass:.0f} % of the real data."
        yield Charge(
            "mode_collapse", "partial", mass, onset, (onset, case.last_step),
            (Finding("lost_class_mass", mass, LOST, case.recent_window,
                     "99 % binomial bound under a tenth of the real share", words),),
            f"The samples leave out kinds of real data since step {onset}: {words[0].lower()}{words[1:]}",
        )  # fmt: skip
    elif case.always_recently(narrow):
        recall = case.recently(lambda row: ratio(row, "recall"))
        precision = case.recently(lambda row: ratio(row, "precision"))
        onset = case.since(narrow)
        yield Charge(
            "mode_collapse", "partial", 1 - recall, onset, (onset, case.last_step),
            (
                Finding("recall", recall, RECALL, case.recent_window, "Kynkaanniemi et al. 2019",
                        f"The samples reach {100 * recall:.0f} % of the recall that real data reach: "
                        "most real images have nothing like them among the samples."),
                Finding("precision", precision, PRECISE, case.recent_window, "Kynkaanniemi et al. 2019",
                        f"What is made is good: precision is {100 * precision:.0f} % of its real value."),
            ),
            f"The samples are good but of few kinds since step {onset}.",
            decisive=2,
        )  # fmt: skip


def covered(row: Row) -> float | None:
    """Share of the real mass in classes that are not lost."""
    mass = lost_mass(row)
    return None if mass is None else 1 - mass
