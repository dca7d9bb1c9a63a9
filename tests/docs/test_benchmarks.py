"""The page of benchmarks shows what was measured, and its orderings are judged as it says."""

from __future__ import annotations

import math
import re

import pytest
from scipy import stats

from docs.make.benchmarks import (
    BENCHMARKS,
    MODES,
    PAGE,
    Claim,
    fill,
    judged,
    kept,
    mean_of,
    planned_runs,
    section,
    table,
    together,
    verdicts,
)
from ganlab.sweeps.plan import make_plan
from ganlab.sweeps.spec import load_spec


def test_the_page_is_what_the_kept_runs_say() -> None:
    text = PAGE.read_text()
    assert fill(text) == text, "run python -m docs.make.benchmarks"
    assert set(re.findall(r"<!-- benchmark: (\w+) -->", text)) == set(BENCHMARKS)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_cure_that_is_compared_is_in_the_sweep(name: str) -> None:
    spec, benchmark = load_spec(f"benchmarks/{name}"), BENCHMARKS[name]
    cures = set(spec.grid["cure"])
    assert cures >= set(benchmark.published)
    assert cures >= {cure for claim in benchmark.claims for cure in (claim.worse, claim.better)}
    assert {claim.measure for claim in benchmark.claims} <= {each.column for each in benchmark.measures}
    groups = spec.grid[benchmark.groups] if benchmark.groups else [""]
    assert len(make_plan(spec).runs) == spec.seeds * len(cures) * len(groups)  # type: ignore[operator]
    assert {row["cure"] for row in kept(name)} <= cures


def test_an_interval_is_students() -> None:
    values = [6.0, 7.0, 7.0, 8.0, 5.0]
    low, high = stats.t.interval(0.95, 4, loc=6.6, scale=stats.sem(values))
    found = mean_of(values)
    assert (found.value, found.low, found.high) == pytest.approx((6.6, low, high))
    assert math.isnan(mean_of([3.0]).low)


def rows(**cures: list[float]) -> list[dict[str, str]]:
    return [
        {"cure": cure, "seed": str(seed), "state": "finished", "modes": str(value), "verdict": "healthy"}
        for cure, values in cures.items()
        for seed, value in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("better", "equal", "answer"),
    [
        ([8, 8, 8, 7], False, "yes"),
        ([3, 2, 3, 1], False, "**no: the other way round**"),
        ([5, 6, 4, 7], False, "undecided"),
        ([5, 6, 4, 7], True, "no difference is shown, as published"),
        ([8], False, "one seed decides nothing"),
        ([], False, "not run"),
    ],
)
def test_an_ordering_is_judged_by_pairs(better: list[float], equal: bool, answer: str) -> None:
    claim = Claim("plain", "cured", "modes", "5 < 8", equal)
    assert judged(claim, MODES, rows(plain=[5, 5, 6, 5], cured=better))[1] == answer


def test_a_run_that_was_stopped_counts_and_one_that_never_ended_does_not() -> None:
    runs = rows(plain=[5, 6])
    lines = list(table(BENCHMARKS["ring"], runs, published=True))
    assert lines[-1].startswith("| plain | 2 | **5.5** [")
    assert "6.3 ± .5" in lines[-1]
    assert verdicts(runs) == "healthy 2"


def test_runs_of_several_folders_are_kept_together() -> None:
    def run(name: str, state: str, modes: str) -> dict[str, str]:
        return {"run": name, "state": state, "modes": modes}

    before = [
        run("a", "finished", "1"),
        run("b", "finished", "2"),
        run("c", "missing", ""),
        run("old", "finished", "9"),
    ]
    now = [run("d", "missing", ""), run("c", "stopped", "3"), run("b", "missing", ""), run("a", "finished", "4")]
    assert together(["a", "b", "c", "d", "e"], before, now) == [
        run("a", "finished", "4"),  # trained again
        run("b", "finished", "2"),  # as it was kept
        run("c", "stopped", "3"),
        run("d", "missing", ""),
    ]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_kept_runs_are_of_the_settings_that_the_sweep_has_now(name: str) -> None:
    planned = planned_runs(name)
    found = [row["run"] for row in kept(name)]
    assert found == [each for each in planned if each in found]


def test_runs_that_nobody_has_begun_are_counted_as_missing() -> None:
    assert f": 3 of {len(planned_runs('grid'))} runs ended; the others are not" in next(
        section("grid", kept("grid")[:3])
    )
