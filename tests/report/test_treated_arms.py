"""Arms as treatment.json has them, as rows of a table."""

from __future__ import annotations

from typing import Any

from ganlab.report.treated_arms import arm_rows


def trial(seed: int, verdict: str, quality: float | None, variety: float | None = None) -> dict[str, Any]:
    return {"seed": seed, "verdict": verdict, "state": "failed", "quality": quality, "variety": variety}


def arm(name: str, kind: str, trials: list[dict[str, Any]], **values: Any) -> dict[str, Any]:
    given = {"change": {}, "why": "it helps", "source": "", "start": "step 0", "seconds": 3.0, "conclusion": "control"}
    cured = sum(each["verdict"] == "healthy" for each in trials)
    return {"name": name, "kind": kind, "trials": trials, "cured": cured, "n": len(trials), **given, **values}


UNCHANGED = arm("unchanged", "unchanged", [trial(1, "diverged", 300), trial(2, "diverged", 200), trial(3, "", None)])


def test_numbers_stand_beside_those_of_the_unchanged_trials_of_the_same_seeds() -> None:
    trials = [trial(1, "healthy", 10), trial(2, "healthy", None), trial(3, "healthy", 20)]
    unchanged, r1, none = arm_rows([UNCHANGED, arm("r1", "remedy", trials), arm("packing", "remedy", [])])
    assert (unchanged.quality, unchanged.variety) == ("250", "-")
    assert r1.quality == "10 (300)"  # of seed 1, the only pair
    assert (none.quality, none.cured, none.verdicts) == ("-", "-", "-")
    assert r1.cured == "3 of 3 [0.44, 1.00]"


def test_verdicts_are_counted() -> None:
    found = ["mode_collapse/partial", "healthy", "mode_collapse/partial", ""]
    (row,) = arm_rows([arm("r1", "remedy", [trial(seed, name, 1.0) for seed, name in enumerate(found)])])
    assert row.verdicts == "mode collapse, partial x2; healthy; failed"


def test_a_change_is_said_as_settings_with_its_reason() -> None:
    arms = [
        UNCHANGED,
        arm("random", "random", []),
        arm("lr", "asked", [], change={"optimizer.generator.lr": 2e-3}, why="asked for", source="--try"),
        arm(
            "r1", "remedy", [], change={"penalties": [{"name": "r1"}], "latent.dim": 8}, source="Mescheder et al. 2018"
        ),
        arm("combined", "combined", [], change={"latent.dim": 8}, start="step 200"),
    ]
    rows = arm_rows(arms)
    assert [(row.change, row.why) for row in rows] == [
        ("nothing", ""),
        ("one change at random for each seed", ""),
        ("optimizer.generator.lr: 0.002", "your own change"),
        ("penalties: [{name: r1}]; latent.dim: 8", "it helps (Mescheder et al. 2018)"),
        ("latent.dim: 8", "it helps"),
    ]
    assert rows[-1].name == "combined, from step 200"
