"""Which verdicts are right for a labelled run: the rule behind all accuracy figures.

Each label has verdicts that are right for every run with that label (`ALLOWED`); which others are right depends on the
course of the run (`EXTRAS`). A verdict is right if it is in either list, and wrong otherwise; *inconclusive* is never
right. Two mistakes are worse than being wrong: `accused` (a good run is given a failure) and `missed` (a failed run is
called healthy). For a poor run, which is neither good nor failed, many verdicts are right, but not healthy.

A row is an object of labels.json or truth.json: `label`, `kind` (images or points), `family`, `mechanism` and
`statistics`, as `truth.labels.judge` returns them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from truth.labels import COPIES, FEW, GARBAGE, LABELS, PARTIAL, PASSING, REPEATS_BAD, TOTAL, VARIETY_BAD

Row = Mapping[str, Any]

FAILED = ("nonfinite", "total", "garbage", "copies", "partial", "within_mode")
"""Labels of runs that failed: all except good and poor."""

ALLOWED: dict[str, frozenset[str]] = {
    "good": frozenset({"healthy", "under_trained"}),
    "poor": frozenset(
        {"under_trained", "degraded", "never_learned", "convergence_failure", "oscillation", "mode_collapse/partial",
         "mode_collapse/within_mode", "mode_collapse/cycling"}
    ),
    "garbage": frozenset({"never_learned", "convergence_failure", "diverged", "oscillation"}),
    "total": frozenset({"mode_collapse/total", "mode_collapse/cycling"}),
    "partial": frozenset({"mode_collapse/partial", "mode_collapse/cycling"}),
    "within_mode": frozenset({"mode_collapse/within_mode", "mode_collapse/partial"}),
    "copies": frozenset({"memorisation"}),
    "nonfinite": frozenset({"diverged"}),
}  # fmt: skip
"""Right verdicts by label, as `failure` (any variant) or `failure/variant`."""

FINITE = frozenset(LABELS) - {"nonfinite"}
NOT_GOOD = FINITE - {"good"}


@dataclass(frozen=True)
class Extra:
    """Verdicts that are right for some runs, in addition to those of their label.

    Attributes:
        labels: the labels of the runs that it can apply to.
        holds: returns whether it applies to a row with one of these labels.
        verdicts: the verdicts that are then right too.
    """

    labels: frozenset[str]
    holds: Callable[[Row], bool]
    verdicts: frozenset[str]


def few_samples(row: Row) -> bool:
    """Return whether the training set is so small that the discriminator memorises it, whatever the samples are."""
    return bool(row["statistics"]["training_samples"] <= FEW)


def nearly_copies(row: Row) -> bool:
    """Return whether the training set is small and samples are at most 1.5 times as far from it as copies are."""
    copying = row["statistics"]["copying"]
    return few_samples(row) and copying is not None and bool(copying < 1.5 * COPIES)


def was_good(row: Row) -> bool:
    """Return whether an earlier snapshot passed, had all classes and was varied."""
    passing = PASSING[row["kind"]]
    return any(
        each["passing"] >= passing and each["lost_mass"] < PARTIAL and each["spread"] > 2 * TOTAL
        for each in row["statistics"]["earlier"]
    )


def needs_steps(row: Row) -> bool:
    """Return whether samples got closer to the data over the last third of the run, or it was meant to be short."""
    before = row["statistics"]["earlier"]
    nearing = before and row["statistics"]["away"] < 0.9 * before[2 * len(before) // 3]["away"]
    return bool(nearing or row["family"] == "short")


def log_diverges(row: Row) -> bool:
    """Return whether the log proves that the run diverged."""
    return bool(row["mechanism"] == "diverged")


def log_has_winner(row: Row) -> bool:
    """Return whether the log proves a batch-norm leak, a vanishing gradient or that one player dominates."""
    return bool(row["mechanism"]) and not log_diverges(row)


def hardly_passes(row: Row) -> bool:
    """Return whether samples are garbage, even if a label that is tested earlier applies."""
    return bool(row["statistics"]["passing"] < GARBAGE[row["kind"]])


def never_moved(row: Row) -> bool:
    """Return whether the samples of every snapshot were all alike: the run never moved away from its start."""
    return all(each["spread"] < TOTAL for each in row["statistics"]["earlier"])


def narrow(row: Row) -> bool:
    """Return whether all samples are nearly the same."""
    return bool(row["statistics"]["spread"] < 2 * TOTAL)


def images_repeat(row: Row) -> bool:
    """Return whether images repeat each other."""
    return bool(row["kind"] == "images" and row["statistics"]["repeats"] < REPEATS_BAD)


def lost_what_passed(row: Row) -> bool:
    """Return whether at least half of the data is missing but samples passed at an earlier snapshot: it wanders."""
    passed = any(each["passing"] >= GARBAGE[row["kind"]] for each in row["statistics"]["earlier"])
    return bool(row["statistics"]["lost_mass"] >= 0.5) and passed


def loses_others(row: Row) -> bool:
    """Return whether at least half of the missing classes were there in some snapshot of the second half."""
    lost, before = set(row["statistics"]["lost"]), row["statistics"]["earlier"]
    late = [set(each["lost"]) for each in before[len(before) // 2 :]]
    return len(lost.intersection(*late)) <= len(lost) / 2


def almost_all_lost(row: Row) -> bool:
    """Return whether more than four fifths of the data are missing."""
    return bool(row["statistics"]["lost_mass"] > 0.8)


def little_variety(row: Row) -> bool:
    """Return whether samples are alike within the classes that are there."""
    return bool(row["statistics"]["variety"] < VARIETY_BAD[row["kind"]])


def _extra(labels: frozenset[str] | str, holds: Callable[[Row], bool], *verdicts: str) -> Extra:
    return Extra(frozenset({labels}) if isinstance(labels, str) else labels, holds, frozenset(verdicts))


EXTRAS = (
    _extra(FINITE, few_samples, "discriminator_overfit"),
    _extra(FINITE, nearly_copies, "memorisation"),
    _extra(NOT_GOOD, was_good, "degraded"),
    _extra(NOT_GOOD - {"within_mode"}, needs_steps, "under_trained"),
    _extra(NOT_GOOD, log_diverges, "diverged"),
    _extra(NOT_GOOD, log_has_winner, "convergence_failure"),
    _extra(NOT_GOOD, hardly_passes, *ALLOWED["garbage"]),
    _extra("total", never_moved, "never_learned", "convergence_failure"),
    _extra("garbage", narrow, "mode_collapse/total", "mode_collapse/cycling"),
    _extra("garbage", images_repeat, "mode_collapse"),
    _extra("garbage", lost_what_passed, "mode_collapse/partial", "mode_collapse/cycling"),
    _extra("partial", loses_others, "oscillation"),
    _extra("partial", almost_all_lost, "mode_collapse/total"),
    _extra("partial", little_variety, "mode_collapse/within_mode"),
    _extra("within_mode", narrow, "mode_collapse/total"),
)
"""Additional right verdicts: the labels they apply to, the condition, and the verdicts."""

INDUCED: dict[str, frozenset[str]] = {
    "batch_norm_leak": frozenset({"batch_norm_leak"}),
    "strong_d": frozenset({"discriminator_dominates", "vanishing_gradient"}),
    "weak_d": frozenset({"generator_dominates"}),
    "strong_g": frozenset({"generator_dominates", "diverged"}),
    "high_lr": frozenset({"diverged", "discriminator_dominates"}),
    "unbounded": frozenset({"diverged"}),
}
"""Mechanisms that a family of configurations is meant to induce. The log shows whether it did (`mechanism`)."""


def allowed(row: Row) -> frozenset[str]:
    """Return the right verdicts for a row: those of its label, and those that the course of the run adds."""
    label = row["label"]
    return ALLOWED[label].union(*(each.verdicts for each in EXTRAS if label in each.labels and each.holds(row)))


def right(row: Row, failure: str, variant: str | None) -> bool:
    """Return whether a verdict is right for a row."""
    return not allowed(row).isdisjoint({failure, f"{failure}/{variant}"})


def accused(row: Row, failure: str, variant: str | None) -> bool:
    """Return whether a good run is given a failure that is not right for it."""
    return row["label"] == "good" and failure != "inconclusive" and not right(row, failure, variant)


def missed(row: Row, failure: str) -> bool:
    """Return whether a failed run is called healthy."""
    return row["label"] in FAILED and failure == "healthy"


def flattered(row: Row, failure: str) -> bool:
    """Return whether a poor run, which is neither good nor failed, is called healthy."""
    return row["label"] == "poor" and failure == "healthy"


def induced(row: Row) -> bool:
    """Return whether the log shows the failure that the configuration was made for, and the samples are not good."""
    return row["label"] != "good" and row["mechanism"] in INDUCED.get(row["family"], ())


COURSES: dict[str, Callable[[Mapping[str, Any], str], bool]] = {
    "total": lambda snapshot, _: bool(snapshot["spread"] < TOTAL),
    "garbage": lambda snapshot, kind: bool(snapshot["passing"] < GARBAGE[kind]),
    "partial": lambda snapshot, _: bool(snapshot["lost_mass"] >= PARTIAL),
}
"""Labels that an earlier snapshot can have too, and whether it does."""


def onset(row: Row) -> int | None:
    """Return since which snapshot the run has been as bad as its label says, or the step at which a number was none.

    None if that isn't known: the label can't be told of earlier snapshots; the run was so from the first one on, as is
    every generator that has learned nothing yet; or in the last one alone.
    """
    numbers, since = row["statistics"], None
    if row["label"] == "nonfinite":
        return int(numbers["step"])
    holds = COURSES.get(row["label"])
    if holds is None:
        return None
    for snapshot in reversed(numbers["earlier"]):
        if not holds(snapshot, row["kind"]):
            return since
        since = int(snapshot["step"])
    return None
