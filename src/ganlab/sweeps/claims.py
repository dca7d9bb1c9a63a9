"""Which claims replicate: each config's own `expect`, then the measured claims of the sweep."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ganlab.sweeps.claim_options import VerdictOptions, named
from ganlab.sweeps.counting import Tally, wilson
from ganlab.sweeps.measures import MEASURES, verdict
from ganlab.sweeps.plan import Plan
from ganlab.sweeps.records import RunRecord

YES, NO = 0.8, 0.2
"""Share of the runs from which a claim replicated, and up to which it did not; between them it did in part."""


@dataclass(frozen=True)
class ClaimRow:
    """A claim beside what was observed.

    Attributes:
        claim: in words.
        source: who claims it; empty where nobody is named.
        expected: what must be seen for it to hold in a run.
        runs: names of the configs it was looked for in.
        k: runs, or pairs of runs, in which it holds.
        n: those that could tell.
        low, high: 95 % Wilson interval of k / n, in [0, 1].
        onset: median step from which it holds, over the k; None where a claim has none.
        replicated: `yes` (k / n >= .8), `no` (<= .2), `partly`, or `-` where n = 0; `rarer` has a rule of its own.
        words: what else was seen, and which runs were left out and why.
    """

    claim: str
    source: str
    expected: str
    runs: tuple[str, ...]
    k: int
    n: int
    low: float
    high: float
    onset: float | None
    replicated: str
    words: str


def judge_claims(plan: Plan, records: Sequence[RunRecord]) -> list[ClaimRow]:
    """Return a row a config that expects a verdict, in the plan's order, then a row a measured claim.

    A cell of a grid is no longer the config that expected something: it has no row. Nor has a measured claim whose
    runs, or the runs to compare with, are none of this plan's, as in a quick version.
    """
    configs = dict.fromkeys(each.planned.config for each in records if _expects(each))
    rows = [_own_claim([each for each in records if each.planned.config == config]) for config in configs]
    present = {each.planned.config for each in records}
    for claim in plan.spec.claims:
        runs, against = (
            [each for each in records if each.planned.config in named(names, present)]
            for names in (claim.runs, claim.against)
        )
        if runs and (against or not claim.against):
            rows.append(_row(claim.claim, claim.source, runs, MEASURES[claim.measure](runs, against, claim)))
    return rows


def replicated(k: int, n: int) -> str:
    """Say whether a claim that holds in k of n runs replicated."""
    if n == 0:
        return "-"
    return "yes" if k / n >= YES else "no" if k / n <= NO else "partly"


def _expects(record: RunRecord) -> bool:
    return bool(record.planned.experiment.expect) and not record.planned.settings


def _own_claim(records: Sequence[RunRecord]) -> ClaimRow:
    """The row of a config's own `expect` and `claim`; the source is what stands in parentheses at the claim's end."""
    experiment = records[0].planned.experiment
    claim = re.fullmatch(r"(.*?)\s*\(([^()]*)\)[.\s]*", experiment.claim, re.DOTALL)
    said, source = claim.groups() if claim else (experiment.claim, "")
    expected = VerdictOptions(
        measure="verdict", runs=(experiment.name,), claim=said or experiment.name, verdicts=experiment.expect
    )
    return _row(expected.claim, source, records, verdict(records, (), expected))


def _row(claim: str, source: str, records: Sequence[RunRecord], tally: Tally) -> ClaimRow:
    low, high = wilson(tally.k, tally.n)
    return ClaimRow(
        claim=claim,
        source=source,
        expected=tally.expected,
        runs=tuple(dict.fromkeys(each.planned.config for each in records)),
        k=tally.k,
        n=tally.n,
        low=low,
        high=high,
        onset=tally.onset,
        replicated=replicated(tally.k, tally.n) if tally.replicated is None else tally.replicated,
        words="; ".join(tally.words),
    )
