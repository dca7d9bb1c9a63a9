"""What is told of a run that goes on does not change from snapshot to snapshot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.findings import TIME, Finding, Missing
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.so_far import SoFar
from ganlab.diagnosis.verdict import Verdict
from ganlab.runs.snapshots import Row

EARLY = (Missing(TIME, "too early to tell: 0 of 900 steps"),)


def reading(step: int, name: str, ended: bool = False, missing: tuple[Missing, ...] = ()) -> Verdict:
    """A verdict as the snapshot of a step gives it."""
    rows = (Row(step=0, n=100), Row(step=step, n=100))
    evidence = Evidence("run", curves={"d_loss": Series(np.arange(5), np.ones(5))}, snapshots=rows, ended=ended)
    found = diagnose(evidence)
    return replace(
        found,
        failure=name.partition("/")[0],
        variant=name.partition("/")[2] or None,
        steps=(0, step),
        missing=missing,
        evidence=(),
        judged_on=evidence,
    )


def told(*readings: Verdict) -> list[str]:
    so_far, claims = SoFar(), []
    for each in readings:
        so_far.take(each)
        claims.append(so_far.claim)
    return claims


def test_readings_that_alternate_are_never_told() -> None:
    names = ["healthy", "under_trained"] * 3
    assert told(*(reading(100 * step, name) for step, name in enumerate(names, start=1))) == [""] * 6


def test_the_second_in_a_row_is_told_and_the_first_of_another_is_not() -> None:
    names = ["healthy", "healthy", "mode_collapse/partial", "mode_collapse/partial", "healthy"]
    claims = told(*(reading(100 * step, name) for step, name in enumerate(names, start=1)))
    assert claims == ["", "healthy", "", "mode_collapse/partial", ""]


def test_two_looks_at_one_snapshot_are_one() -> None:
    assert told(reading(100, "healthy"), reading(100, "healthy"), reading(200, "healthy")) == ["", "", "healthy"]


def test_a_reading_that_was_too_early_confirms_nothing() -> None:
    early = reading(100, "inconclusive", missing=EARLY)
    assert told(early, reading(200, "inconclusive"), reading(300, "healthy")) == ["", "inconclusive", ""]
    assert told(reading(100, "healthy", missing=EARLY), reading(200, "healthy")) == ["", ""]


def test_the_end_and_facts_are_told_at_once() -> None:
    broken = Finding("non_finite", None, None, (90, 100), "", "g_loss is NaN at step 90.")
    assert told(reading(100, "healthy"), replace(reading(200, "diverged"), evidence=(broken,))) == ["", "diverged"]
    assert told(reading(100, "healthy"), reading(100, "under_trained", ended=True)) == ["", "under_trained"]


@pytest.mark.parametrize(
    ("readings", "words"),
    [
        ([], ""),
        ([reading(100, "inconclusive", missing=EARLY)], "step 100: too early to tell: 0 of 900 steps"),
        ([reading(100, "healthy")], "step 100: too early to tell: healthy now, for the first time"),
        (
            [reading(100, "healthy"), reading(200, "under_trained")],
            "step 200: too early to tell: under trained now, healthy at the snapshot before",
        ),
    ],
)
def test_words_say_what_it_is_too_early_for(readings: list[Verdict], words: str) -> None:
    so_far = SoFar()
    for each in readings:
        so_far.take(each)
    assert so_far.words == words
    if readings:
        so_far.take(reading(300, readings[-1].name))
        assert so_far.claim in so_far.words.replace(" ", "_").lower()
