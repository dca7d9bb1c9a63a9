"""What a verdict is made of: plain values, for those who judge and for those who show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.read_report import Reading
from ganlab.verdicts import join


@dataclass(frozen=True)
class Finding:
    """One piece of evidence.

    Attributes:
        signal: name of what was measured, such as `d_loss` or `class_coverage`.
        value: what it measured.
        threshold: what it was compared with, or None if there was nothing.
        window: first and last step it was measured over.
        source: where the criterion comes from: a paper, or `measured on ganlab's own runs`.
        words: one sentence for a newcomer.
    """

    signal: str
    value: float | None
    threshold: float | None
    window: tuple[int, int]
    source: str
    words: str


@dataclass(frozen=True)
class Remedy:
    """What to do.

    Attributes:
        why: what to do and why it helps, in one sentence.
        source: who showed it.
        change: configuration keys and their new values; empty if only words will do.
        name: what it is called, such as `packing`, for `ganlab treat --only`.
        record: how often it worked on this failure in ganlab's own trials; empty if that was not measured.
    """

    why: str
    source: str
    change: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    record: str = ""


@dataclass(frozen=True)
class Contribution:
    """Another failure of the same run, with the steps it was seen in."""

    failure: str
    variant: str | None
    onset_step: int | None
    window: tuple[int, int]

    @property
    def name(self) -> str:
        """`failure`, or `failure/variant`."""
        return join(self.failure, self.variant)


TIME = "time"
"""What is missing if only more training, or more of the log, can tell."""

UNMEASURED = "uncalibrated"
"""How the basis of a confidence begins that is a ceiling, as no labelled runs like the judged one are there."""


@dataclass(frozen=True)
class Missing:
    """Evidence that was not there, and how to get it."""

    what: str
    how: str


@dataclass(frozen=True, eq=False)
class StoredVerdict:
    """What verdict.json holds.

    Attributes:
        failure, variant: a name of `verdicts.KINDS`, taken apart.
        confidence: share of labelled runs, known as well as this one, that were judged right, in (0, 1).
        basis: what the confidence rests on, in words; `uncalibrated` under ten such runs.
        severity: 0 (none) to 1 (nothing usable is left), defined by each failure.
        onset_step: first step of the failure; None if there is none or it cannot be dated.
        summary: one sentence.
        contributing: other failures, by their onset.
        evidence: findings, the weightiest first.
        missing: evidence that was not there.
        remedies: what to do, the likeliest cure first.
        source: the run or file that was judged.
        steps: first and last step that evidence was there for.
        notes: what a reader took for what.
        reading: what was read of a log of other code; None for ganlab's own runs. Its key in verdict.json is `read`.
    """

    failure: str
    variant: str | None
    confidence: float
    basis: str
    severity: float
    onset_step: int | None
    summary: str
    contributing: tuple[Contribution, ...]
    evidence: tuple[Finding, ...]
    missing: tuple[Missing, ...]
    remedies: tuple[Remedy, ...]
    source: str
    steps: tuple[int, int]
    notes: tuple[str, ...] = ()
    reading: Reading | None = None

    @property
    def name(self) -> str:
        """`failure`, or `failure/variant`, as `expect:` and `--fail-on` name it."""
        return join(self.failure, self.variant)


@dataclass(frozen=True, eq=False)
class Judgement(StoredVerdict):
    """A verdict and what it was judged on.

    Attributes:
        judged_on: the evidence; None for a verdict that was read from a file.
    """

    judged_on: Evidence | None = field(default=None, repr=False)

    @property
    def unit(self) -> str:
        """What a step is: `step`, `epoch`, `image` or `row`."""
        if self.judged_on is None:
            return "step" if self.reading is None else self.reading.unit
        return self.judged_on.unit
