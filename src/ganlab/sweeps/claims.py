"""Which claims replicate: each config's own `expect`, then the measured claims of the sweep."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ganlab.config.experiment import Experiment
from ganlab.sweeps.claim_options import CONFIDENCE, RATE, ClaimOptions, VerdictOptions, named
from ganlab.sweeps.counting import wilson
from ganlab.sweeps.measures import MEASURES
from ganlab.sweeps.plan import Plan, expects
from ganlab.sweeps.records import RunRecord, by_config

UNDECIDED = "undecided"
"""Answer to a claim whose interval holds its rate."""


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
        low, high: Wilson interval of k / n, in [0, 1], at the sweep's confidence.
        onset: median step from which it holds, over the k; None where a claim has none.
        replicated: `yes` if the interval is above the rate, `no` if it is below, else `undecided`.
        words: what else was seen, and which runs were left out and why.
        rate: share of the runs above which the claim holds, in (0, 1).
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
    rate: float = RATE


@dataclass(frozen=True)
class PlannedClaim:
    """A claim about configurations that a plan has.

    Attributes:
        claim: what is claimed.
        runs, against: names of the configurations that it is about, and of those that they are compared with, in the
            plan's order.
    """

    claim: ClaimOptions
    runs: tuple[str, ...]
    against: tuple[str, ...]

    @property
    def configs(self) -> frozenset[str]:
        """All configurations whose runs it counts."""
        return frozenset((*self.runs, *self.against))

    def judge(self, records: Mapping[str, Sequence[RunRecord]], confidence: float = CONFIDENCE) -> ClaimRow:
        """Count the runs in which it holds.

        Args:
            records: what became of the runs of each configuration, at least of its own ones.
            confidence: of the interval, in (0, 1).
        """
        runs, against = (
            [record for config in configs for record in records[config]] for configs in (self.runs, self.against)
        )
        tally = MEASURES[self.claim.measure](runs, against, self.claim)
        low, high = wilson(tally.k, tally.n, confidence)
        return ClaimRow(
            claim=self.claim.claim,
            source=self.claim.source,
            expected=tally.expected,
            runs=self.runs,
            k=tally.k,
            n=tally.n,
            low=low,
            high=high,
            onset=tally.onset,
            replicated=answer(low, high, self.claim.rate),
            words="; ".join(tally.words),
            rate=self.claim.rate,
        )


def answer(low: float, high: float, rate: float) -> str:
    """Say whether a claim replicated: `yes` or `no` if its interval lies on one side of its rate, else `undecided`."""
    return "yes" if low > rate else "no" if high < rate else UNDECIDED


def claims_of(plan: Plan) -> list[PlannedClaim]:
    """Return a claim a config that expects a verdict, in the plan's order, then the measured claims.

    A cell of a grid is no longer the config that expected something: it makes no claim. Nor does a measured claim whose
    runs, or the runs to compare with, are none of this plan's, as in a quick version.
    """
    present = dict.fromkeys(run.config for run in plan.runs)
    own = {run.config: run.experiment for run in plan.runs if expects(run.experiment, run.settings)}
    found = [PlannedClaim(_own_claim(experiment), (config,), ()) for config, experiment in own.items()]
    for claim in plan.spec.claims:
        runs, against = (
            tuple(config for config in present if config in chosen)
            for chosen in (named(claim.runs, present), named(claim.against, present))
        )
        if runs and (against or not claim.against):
            found.append(PlannedClaim(claim, runs, against))
    return found


def judge_claims(plan: Plan, records: Sequence[RunRecord]) -> list[ClaimRow]:
    """Return a row a claim of the plan, as `claims_of` orders them."""
    grouped = by_config(records)
    return [claim.judge(grouped, plan.spec.decide) for claim in claims_of(plan)]


def _own_claim(experiment: Experiment) -> VerdictOptions:
    """The claim of a config's own `expect` and `claim`; the source is what stands in parentheses at the claim's end."""
    claim = re.fullmatch(r"(.*?)\s*\(([^()]*)\)[.\s]*", experiment.claim, re.DOTALL)
    said, source = claim.groups() if claim else (experiment.claim, "")
    return VerdictOptions(
        measure="verdict",
        runs=(experiment.name,),
        claim=said or experiment.name,
        source=source,
        verdicts=experiment.expect,
    )
