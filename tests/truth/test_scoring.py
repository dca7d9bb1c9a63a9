"""Which verdicts are right: each rule with a run it holds for, and the same run with the one number that ends it."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ganlab.verdicts import KINDS
from truth.labels import LABELS
from truth.scoring import ALLOWED, EXTRAS, FAILED, accused, allowed, flattered, induced, missed, right

ROOT = Path(__file__).parents[2]

BEFORE: dict[str, Any] = {"passing": 0.0, "spread": 0.7, "lost": [1], "lost_mass": 0.2, "away": 1.0}
NUMBERS: dict[str, Any] = {
    "passing": 0.5, "spread": 0.7, "lost": [1], "lost_mass": 0.2, "away": 1.0, "variety": 0.9, "repeats": 0.9,
    "copying": None, "training_samples": 50_000,
}  # fmt: skip
"""A run for which no rule of EXTRAS holds, whatever its label."""


def row(label: str, **changes: Any) -> dict[str, Any]:
    """A row of labels.json; `earlier` changes all snapshots before the last, other names the run or its numbers."""
    who = {"kind": "images", "family": "", "mechanism": ""}
    earlier = [{**BEFORE, **changes.get("earlier", {})}] * 3
    numbers = {**NUMBERS, **{key: value for key, value in changes.items() if key not in who}, "earlier": earlier}
    return {"label": label, **who, **{key: changes[key] for key in who if key in changes}, "statistics": numbers}


@pytest.mark.parametrize("label", LABELS)
def test_a_run_with_no_course_of_its_own_has_the_verdicts_of_its_label(label: str) -> None:
    assert allowed(row(label)) == ALLOWED[label]


@pytest.mark.parametrize(
    ("label", "verdicts"),
    [
        ("good", ["healthy", "under_trained"]),
        ("poor", ["under_trained", "degraded", "never_learned", "oscillation", "mode_collapse/partial",
                  "convergence_failure/vanishing_gradient"]),
        ("garbage", ["never_learned", "convergence_failure/generator_dominates", "diverged", "oscillation"]),
        ("total", ["mode_collapse/total", "mode_collapse/cycling"]),
        ("partial", ["mode_collapse/partial", "mode_collapse/cycling"]),
        ("within_mode", ["mode_collapse/within_mode", "mode_collapse/partial"]),
        ("copies", ["memorisation"]),
        ("nonfinite", ["diverged"]),
    ],
)  # fmt: skip
def test_right_verdicts_of_each_label(label: str, verdicts: list[str]) -> None:
    for verdict in verdicts:
        failure, _, variant = verdict.partition("/")
        assert right(row(label), failure, variant or None), verdict
    others = {"healthy", "memorisation", "discriminator_overfit", "inconclusive"} - set(verdicts)
    assert not any(right(row(label), failure, None) for failure in others)


def test_a_verdict_with_a_variant_is_not_right_for_another_variant() -> None:
    assert right(row("total"), "mode_collapse", "total")
    assert not right(row("total"), "mode_collapse", "partial")
    assert not right(row("total"), "mode_collapse", None)
    assert right(row("nonfinite"), "diverged", "phase_change")  # a failure without a variant means any of them


FEW, NEAR = {"training_samples": 1000}, {"training_samples": 1000, "copying": 0.74}
PASSED = {"earlier": {"passing": 0.35, "lost_mass": 0.14}}

CASES: list[tuple[str, dict[str, Any], dict[str, Any], set[str]]] = [
    # label, a run of which it holds, what ends it, what is right besides the verdicts of the label
    ("good", FEW, {"training_samples": 1001}, {"discriminator_overfit"}),
    ("partial", FEW, {"training_samples": 1001}, {"discriminator_overfit"}),
    ("good", NEAR, {"copying": 0.76}, {"memorisation"}),
    ("poor", NEAR, {"copying": None}, {"memorisation"}),
    ("garbage", PASSED, {"earlier": {"passing": 0.34}}, {"degraded"}),
    ("total", PASSED, {"earlier": {"passing": 0.9, "lost_mass": 0.15}}, {"degraded"}),
    ("garbage", PASSED, {"earlier": {"passing": 0.9, "spread": 0.4}}, {"degraded"}),
    ("garbage", {"away": 0.89}, {"away": 0.91}, {"under_trained"}),
    ("partial", {"family": "short"}, {"family": "healthy"}, {"under_trained"}),
    ("poor", {"mechanism": "diverged"}, {"mechanism": ""}, {"diverged"}),
    ("partial", {"mechanism": "batch_norm_leak"}, {"mechanism": ""}, {"convergence_failure"}),
    ("partial", {"passing": 0.14}, {"passing": 0.16},
     {"never_learned", "convergence_failure", "diverged", "oscillation"}),
    ("total", {"earlier": {"spread": 0.19}}, {"earlier": {"spread": 0.21}}, {"never_learned", "convergence_failure"}),
    ("garbage", {"spread": 0.39}, {"spread": 0.41}, {"mode_collapse/total", "mode_collapse/cycling"}),
    ("garbage", {"repeats": 0.29}, {"repeats": 0.31}, {"mode_collapse"}),
    ("garbage", {"repeats": 0.29}, {"repeats": 0.29, "kind": "points"}, {"mode_collapse"}),
    ("garbage", {"lost_mass": 0.5, "earlier": {"passing": 0.2}}, {"lost_mass": 0.49},
     {"mode_collapse/partial", "mode_collapse/cycling"}),
    ("garbage", {"lost_mass": 0.5, "earlier": {"passing": 0.2}}, {"earlier": {"passing": 0.1}},
     {"mode_collapse/partial", "mode_collapse/cycling"}),
    ("partial", {"lost": [1, 2], "earlier": {"lost": [2, 3]}}, {"earlier": {"lost": [1, 2, 3]}}, {"oscillation"}),
    ("partial", {"lost_mass": 0.81}, {"lost_mass": 0.8},
     {"mode_collapse/total"}),
    ("partial", {"variety": 0.59}, {"variety": 0.61},
     {"mode_collapse/within_mode"}),
    ("within_mode", {"spread": 0.39}, {"spread": 0.41}, {"mode_collapse/total"}),
]  # fmt: skip


@pytest.mark.parametrize(("label", "held", "ended", "verdicts"), CASES)
def test_what_a_run_s_own_course_adds(
    label: str, held: dict[str, Any], ended: dict[str, Any], verdicts: set[str]
) -> None:
    without = {**held, **ended, "earlier": {**held.get("earlier", {}), **ended.get("earlier", {})}}
    gained = allowed(row(label, **held)) - allowed(row(label, **without))
    assert gained == verdicts - allowed(row(label, **without))
    assert gained


def test_every_rule_is_tried_here() -> None:
    tried = set()
    for label, held, _, verdicts in CASES:
        case = row(label, **held)
        tried |= {each for each in EXTRAS if label in each.labels and each.holds(case) and each.verdicts <= verdicts}
    assert tried == set(EXTRAS)


@pytest.mark.parametrize("label", ["good", "nonfinite"])
def test_rules_for_bad_samples_do_not_touch_good_runs_and_those_that_ended_at_nan(label: str) -> None:
    case = row(label, **PASSED, mechanism="diverged", family="short", away=0.1, spread=0.1, passing=0.0, repeats=0.1)
    assert allowed(case) == ALLOWED[label]


def test_a_run_that_ended_at_nan_needs_no_statistics() -> None:
    case = {"label": "nonfinite", "kind": "points", "family": "", "mechanism": "diverged", "statistics": {"step": 7}}
    assert right(case, "diverged", None)
    assert not right(case, "never_learned", None)


def test_a_run_without_an_earlier_snapshot() -> None:
    case = row("garbage")
    case["statistics"]["earlier"] = []
    assert allowed(case) == ALLOWED["garbage"]


def test_the_two_mistakes_that_weigh_more() -> None:
    assert accused(row("good"), "mode_collapse", "total")
    assert not accused(row("good"), "healthy", None)
    assert not accused(row("good"), "inconclusive", None)
    assert not accused(row("good", **NEAR), "memorisation", None)  # right for it
    assert not accused(row("poor"), "memorisation", None)
    assert all(missed(row(label), "healthy") for label in FAILED)
    assert not missed(row("garbage"), "under_trained")
    assert not missed(row("good"), "healthy")
    assert set(LABELS) == {"good", "poor", *FAILED}


def test_a_poor_run_is_not_counted_as_failed_but_healthy_is_wrong_for_it() -> None:
    assert not missed(row("poor"), "healthy")
    assert flattered(row("poor"), "healthy")
    assert not right(row("poor"), "healthy", None)
    assert not any(flattered(row(label), "healthy") for label in LABELS if label != "poor")


def test_whether_a_failure_that_was_induced_happened() -> None:
    assert induced(row("garbage", family="strong_d", mechanism="vanishing_gradient"))
    assert not induced(row("good", family="strong_d", mechanism="vanishing_gradient"))
    assert not induced(row("garbage", family="strong_d", mechanism="diverged"))
    assert not induced(row("garbage", family="healthy", mechanism="diverged"))


def test_tables_name_verdicts_that_exist() -> None:
    named = set().union(*ALLOWED.values(), *(each.verdicts for each in EXTRAS))
    for name in named:
        assert name in KINDS
    assert set(ALLOWED) == set(LABELS)


def test_the_rows_in_the_repository_use_most_rules() -> None:
    """Real runs for which each rule adds a verdict: a rule that never does would be one that nobody needs."""
    files = sorted((ROOT / "docs" / "sweeps").glob("*/truth.json"))
    rows = [each for file in files for each in json.loads(file.read_text()).values()]
    used = Counter(
        each.holds.__name__ for case in rows for each in EXTRAS if case["label"] in each.labels and each.holds(case)
    )
    assert set(used) >= {"was_good", "needs_steps", "log_has_winner", "narrow", "images_repeat", "loses_others"}
