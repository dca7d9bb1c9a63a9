"""Which claims replicate: each config's own `expect`, then the measured claims of the sweep."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from ganlab.config.base import Options
from ganlab.errors import ConfigError
from ganlab.sweeps.measures import MEASURES, Tally, Verdicts, verdict, wilson
from ganlab.sweeps.records import RunRecord

if TYPE_CHECKING:
    from ganlab.sweeps.plan import Plan
    from ganlab.sweeps.spec import SweepSpec

YES, NO = 0.8, 0.2
"""Share of the runs from which a claim replicated, and up to which it did not; between them it did in part."""

COMMON = ("measure", "runs", "against", "claim", "source")
"""Keys of a claim that every measure has; the others are its parameters."""


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

    Raises:
        ConfigError: as `check_claims`.
    """
    configs = dict.fromkeys(each.planned.config for each in records if _expects(each))
    rows = [_own_claim([each for each in records if each.planned.config == config]) for config in configs]
    for claim in _parsed(plan.spec):
        measure = MEASURES[claim.measure]
        runs, against = (
            [each for each in records if each.planned.config in names] for names in (claim.runs, claim.against)
        )
        if runs and (against or not claim.against):
            rows.append(_row(claim.claim, claim.source, runs, measure.judge(runs, against, claim.params)))
    return rows


def check_claims(spec: SweepSpec) -> None:
    """Refuse measured claims that could not be judged once the runs are done.

    Raises:
        ConfigError: a measure is unknown, or one of its parameters is unknown, missing or wrong; all are told at once.
    """
    _parsed(spec)


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
    tally = verdict(records, (), Verdicts(verdicts=experiment.expect))
    return _row(said or experiment.name, source, records, tally)


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


class _Claim(NamedTuple):
    measure: str
    runs: Sequence[str]
    against: Sequence[str]
    claim: str
    source: str
    params: Options


def _parsed(spec: SweepSpec) -> list[_Claim]:
    """Return a spec's claims with their parameters checked.

    Raises:
        ConfigError: as `check_claims`.
    """
    claims: list[_Claim] = []
    problems: list[str] = []
    for index, said in enumerate(spec.claims):
        where, name, against = f"claims.{index}", said["measure"], said.get("against", ())
        if name not in MEASURES:
            problems.append(f"{where}.measure: {name!r} is no measure; measures are {', '.join(MEASURES)}")
            continue
        measure = MEASURES[name]
        try:
            params = measure.parameters.model_validate({key: said[key] for key in said if key not in COMMON})
        except ValidationError as error:
            problems += _explained(error, where, name)
            continue
        compares = measure.compares and not getattr(params, "than", None)
        if compares and not against:
            problems.append(f"{where}.against: {name} needs it: the runs to compare with")
        elif against and not compares:
            problems.append(f"{where}.against: {name} compares with no other runs here; leave it out")
        claims.append(_Claim(name, said["runs"], against, said["claim"], said.get("source", ""), params))
    if problems:
        raise ConfigError("\n".join(problems), "correct the claims of the sweep")
    return claims


def _explained(error: ValidationError, where: str, name: str) -> list[str]:
    known = ", ".join(MEASURES[name].parameters.model_fields) or "none"
    words = {"missing": f"{name} needs it", "extra_forbidden": f"{name} has no such parameter; it has {known}"}
    return [
        f"{'.'.join(map(str, (where, *each['loc'])))}: "
        + words.get(each["type"], each["msg"].removeprefix("Value error, "))
        for each in error.errors(include_url=False, include_input=False)
    ]
