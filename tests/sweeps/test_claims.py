from __future__ import annotations

import re
from typing import Any

import pytest

from ganlab.errors import ConfigError
from ganlab.sweeps.claims import ClaimRow, check_claims, judge_claims, replicated
from ganlab.sweeps.records import read_records

SAID = {"claim": "it is so", "source": "somebody 1999"}


def rows(written: Any, *claims: dict[str, Any]) -> list[ClaimRow]:
    plan = written.plan(claims)
    return judge_claims(plan, read_records(plan, written.folder))


def test_a_config_that_expects_a_verdict_has_a_row(written: Any) -> None:
    mine = {"expect": ("mode_collapse", "never_learned"), "claim": "one dimension collapses (a guide (2020), run 2)."}
    written.add("latent_1", 0, verdict="mode_collapse/cycling", onset=100, **mine)
    written.add("free", 0)
    written.add("latent_1", 1, verdict="mode_collapse/total", onset=200, status="stopped", **mine)
    written.add("latent_1", 2, verdict="inconclusive", **mine)
    written.add("latent_1", 3, verdict="mode_collapse/total", status="failed", **mine)
    written.add("cell", 0, settings={"seed": "0"}, **mine)
    [row] = rows(written)
    assert row.claim == mine["claim"]
    assert row.expected == "mode_collapse or never_learned"
    assert row.runs == ("latent_1",)
    assert (row.k, row.n, row.onset, row.replicated) == (2, 3, 150, "partly")
    assert (row.low, row.high) == pytest.approx((0.2077, 0.9385), abs=5e-5)
    assert row.words == (
        "judged mode_collapse/cycling 1, mode_collapse/total 1, inconclusive 1; "
        "not counted: latent_1-s3-abcdefgh (failed)"
    )


@pytest.mark.parametrize(
    ("claim", "said", "source"),
    [
        ("few images collapse (a guide, 2020)", "few images collapse", "a guide, 2020"),
        ("G (the generator) wins", "G (the generator) wins", ""),
        ("", "toy", ""),
    ],
)
def test_the_source_stands_in_parentheses_at_the_end(written: Any, claim: str, said: str, source: str) -> None:
    written.add(expect=("healthy",), claim=claim)
    [row] = rows(written)
    assert (row.claim, row.source) == (said, source)


def test_measured_claims_follow_in_their_order(written: Any) -> None:
    written.add("a", verdict="healthy", expect=("healthy",))
    written.add("b", verdict="mode_collapse/total")
    found = rows(
        written,
        {"measure": "verdict", "runs": ["b", "a"], "verdicts": "mode_collapse", **SAID},
        {"measure": "rarer", "runs": ["a"], "against": ["b"], "verdicts": ["mode_collapse"], **SAID},
    )
    assert [(row.claim, row.source) for row in found[1:]] == [("it is so", "somebody 1999")] * 2
    assert [(row.runs, row.k, row.n, row.replicated) for row in found] == [
        (("a",), 1, 1, "yes"),
        (("a", "b"), 1, 2, "partly"),
        (("a",), 0, 1, "partly"),
    ]


def test_a_claim_about_runs_that_are_not_in_a_quick_version_has_no_row(written: Any) -> None:
    written.add("a")
    assert not rows(
        written,
        {"measure": "verdict", "runs": ["long"], "verdicts": "healthy", **SAID},
        {"measure": "better", "runs": ["a"], "against": ["long"], **SAID},
    )


def test_three_of_three_is_not_much(written: Any) -> None:
    for seed in range(3):
        written.add(seed=seed, expect=("healthy",))
    [row] = rows(written)
    assert (row.k, row.n, row.replicated) == (3, 3, "yes")
    assert (round(row.low, 2), row.high) == (0.44, 1.0)


def test_replicated() -> None:
    assert [replicated(k, 10) for k in (0, 2, 3, 7, 8, 10)] == ["no", "no", "partly", "partly", "yes", "yes"]
    assert replicated(0, 0) == "-"


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ({"measure": "setles"}, "claims.0.measure: 'setles' is no measure; measures are settles, "),
        ({"measure": "settles"}, "claims.0.between: settles needs it"),
        ({"measure": "settles", "between": [300, 100]}, "claims.0.between: two numbers are needed"),
        ({"measure": "settles", "between": [100]}, "claims.0.between"),
        (
            {"measure": "settles", "between": [1, 2], "by": 3},
            "claims.0.by: settles has no such parameter; it has between",
        ),
        ({"measure": "best_when_calm", "at": "end"}, "claims.0.at: best_when_calm has no such parameter; it has none"),
        ({"measure": "verdict", "verdicts": ["hungry"]}, "claims.0.verdicts: 'hungry' is no verdict"),
        ({"measure": "verdict", "verdicts": []}, "claims.0.verdicts"),
        ({"measure": "rarer", "verdicts": "healthy/very", "than": "diverged"}, "'healthy/very' is no verdict"),
        ({"measure": "rarer", "verdicts": "healthy"}, "claims.0.against: rarer needs it"),
        (
            {"measure": "rarer", "verdicts": "healthy", "than": "diverged", "against": ["b"]},
            "claims.0.against: rarer compares with no other runs here",
        ),
        ({"measure": "settles", "between": [1, 2], "against": ["b"]}, "claims.0.against: settles compares with no"),
        ({"measure": "better", "against": ["b"], "metric": "beauty"}, "claims.0.metric: 'beauty' is no metric; "),
        ({"measure": "better", "against": ["b"], "at": "noon"}, "claims.0.at: Input should be 'end' or 'equal_time'"),
        ({"measure": "generator_loss_falls", "below": "much"}, "claims.0.below: Input should be a valid number"),
    ],
)
def test_claims_that_cannot_be_judged_are_refused(written: Any, claim: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)):
        check_claims(written.plan([{"runs": ["a"], **SAID, **claim}]).spec)


def test_all_that_is_wrong_is_told_at_once(written: Any) -> None:
    claims = [{"runs": ["a"], **SAID, "measure": measure} for measure in ("settles", "hope", "verdict")]
    with pytest.raises(ConfigError) as refusal:
        check_claims(written.plan(claims).spec)
    assert [line.split(":")[0] for line in refusal.value.message.splitlines()] == [
        "claims.0.between",
        "claims.1.measure",
        "claims.2.verdicts",
    ]
