from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ganlab.sweeps.claims import ClaimRow, answer, judge_claims
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
    assert (row.k, row.n, row.onset, row.replicated) == (2, 3, 150, "undecided")
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
        (("a",), 1, 1, "undecided"),
        (("a", "b"), 1, 2, "undecided"),
        (("a",), 1, 1, "undecided"),
    ]


def test_a_claim_about_runs_that_are_not_in_a_quick_version_has_no_row(written: Any) -> None:
    written.add("a")
    assert not rows(
        written,
        {"measure": "verdict", "runs": ["long"], "verdicts": "healthy", **SAID},
        {"measure": "better", "runs": ["a"], "against": ["long"], **SAID},
    )


@pytest.mark.parametrize(
    ("good", "bad", "rate", "said"),
    # Intervals of Wilson's score, 95 %: 3 of 3 [.44, 1], 4 of 4 [.51, 1], 0 of 4 [0, .49], 9 of 10 [.60, .98].
    [(3, 0, 0.5, "undecided"), (4, 0, 0.5, "yes"), (0, 4, 0.5, "no"), (0, 3, 0.5, "undecided"), (9, 1, 0.5, "yes"),
     (9, 1, 0.7, "undecided"), (0, 3, 0.6, "no"), (3, 0, 0.4, "yes")],
)  # fmt: skip
def test_the_answer_is_sure_of_its_side_of_the_rate(written: Any, good: int, bad: int, rate: float, said: str) -> None:
    for seed in range(good + bad):
        written.add("a", seed, verdict="healthy" if seed < good else "never_learned")
    [row] = rows(written, {"measure": "verdict", "runs": ["a"], "verdicts": "healthy", "rate": rate, **SAID})
    assert (row.k, row.n, row.rate, row.replicated) == (good, good + bad, rate, said)


def test_the_interval_is_at_the_confidence_of_the_sweep(written: Any) -> None:
    for seed in range(3):
        written.add(seed=seed, expect=("healthy",))
    plan = written.plan()
    records = read_records(plan, written.folder)
    [usual] = judge_claims(plan, records)
    [surer] = judge_claims(replace(plan, spec=plan.spec.model_copy(update={"decide": 0.8})), records)
    assert (round(usual.low, 2), usual.high, usual.replicated) == (0.44, 1.0, "undecided")
    # Wilson 1927: n / (n + z^2) for n of n, with z = 1.2816 at 80 %.
    assert (surer.low, surer.replicated) == (pytest.approx(3 / (3 + 1.2816**2), abs=1e-4), "yes")


def test_a_claim_on_no_run_is_undecided(written: Any) -> None:
    written.add("a", status="failed")
    [row] = rows(written, {"measure": "verdict", "runs": ["a"], "verdicts": "healthy", **SAID})
    assert (row.k, row.n, row.low, row.high, row.replicated) == (0, 0, 0, 1, "undecided")
    assert answer(0.5, 1.0, 0.5) == answer(0.0, 0.5, 0.5) == "undecided"


def test_claims_name_configurations_by_pattern_too(written: Any) -> None:
    for config in ("ring (lr=1)", "ring (lr=[0, 1])", "grid"):
        written.add(config)
    every, one, none = (
        {"measure": "verdict", "runs": runs, "verdicts": "healthy", **SAID}
        for runs in ("ring (*)", "ring (lr=[0, 1])", "lattice*")
    )
    assert [row.runs for row in rows(written, every, one, none)] == [
        ("ring (lr=1)", "ring (lr=[0, 1])"),
        ("ring (lr=[0, 1])",),
    ]
