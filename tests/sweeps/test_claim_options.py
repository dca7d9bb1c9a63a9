"""Claims that can and cannot be made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ganlab.errors import ConfigError
from ganlab.sweeps.spec import load_spec, spec_from_mapping

SAID = {"claim": "it is so", "source": "somebody 1999"}


def refusal(*claims: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as error:
        spec_from_mapping({"name": "s", "runs": ["ring"], "claims": list(claims)})
    return error.value.message


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ({"measure": "setles"}, ".measure: no measure called 'setles'; did you mean settles? there are settles, "),
        ({"measure": "settles"}, ".between: is missing"),
        ({}, ": has no measure; measures are settles, "),
        ({"measure": "verdict", "verdicts": "healthy", "runs": []}, ".runs: must have at least 1 entry, got 0"),
        ({"measure": "settles", "between": [300, 100]}, ".between: two numbers are needed"),
        ({"measure": "settles", "between": [100]}, ".between"),
        (
            {"measure": "settles", "between": [1, 2], "by": 3},
            ".by: unknown key; there are measure, runs, against, claim, source, rate, between",
        ),
        ({"measure": "best_when_calm", "period": [1, 2]}, ".period: unknown key; there are measure, "),
        ({"measure": "verdict", "verdicts": ["hungry"]}, ".verdicts: 'hungry' is not a verdict"),
        ({"measure": "verdict", "verdicts": []}, ".verdicts"),
        (
            {"measure": "rarer", "verdicts": "healthy/very", "than": "diverged"},
            ".verdicts: healthy has no variant 'very'",
        ),
        ({"measure": "rarer", "verdicts": "healthy"}, ": rarer needs `against`"),
        (
            {"measure": "rarer", "verdicts": "healthy", "than": "diverged", "against": ["b"]},
            ": rarer compares with no other runs here",
        ),
        ({"measure": "settles", "between": [1, 2], "against": ["b"]}, ": settles compares with no"),
        ({"measure": "better", "against": ["b"], "metric": "beauty"}, ".metric: 'beauty' is no metric; "),
        ({"measure": "better", "against": ["b"], "at": "noon"}, ".at: expected end or equal_time, got 'noon'"),
        ({"measure": "settles", "between": [1, 2], "rate": None}, ".rate: expected a number, got null"),
        ({"measure": "settles", "between": [1, 2], "rate": 1}, ".rate: must be below 1, got 1"),
        ({"measure": "settles", "between": [1, 2], "rate": 0}, ".rate: must be above 0, got 0"),
        ({"measure": "generator_loss_one_way", "falls": "A"}, ".rises: is missing"),
        ({"measure": "generator_loss_falls", "below": "much"}, ".below: expected a number, got 'much'"),
    ],
)
def test_claims_that_cannot_be_judged_are_refused(claim: dict[str, Any], words: str) -> None:
    assert refusal({"runs": ["a"], **SAID, **claim}).startswith(f"sweep: claims.0{words}")


def test_a_claim_is_refused_at_its_line(tmp_path: Path) -> None:
    spec = tmp_path / "s.yaml"
    spec.write_text(f"name: s\nruns: [ring]\nclaims:\n  - {SAID | {'measure': 'better', 'runs': 'ring'}}\n")
    with pytest.raises(ConfigError, match=r"s.yaml:4: claims.0: better needs `against`: the runs to compare with$"):
        load_spec(spec)


def test_all_that_is_wrong_is_told_at_once() -> None:
    claims = [{"runs": ["a"], **SAID, "measure": measure} for measure in ("settles", "hope", "verdict")]
    assert [line.split(": ")[1] for line in refusal(*claims).splitlines()] == [
        "claims.0.between",
        "claims.1.measure",
        "claims.2.verdicts",
    ]
