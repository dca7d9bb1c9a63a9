"""Which runs are still needed: whole sweeps carried out on run directories with verdicts that a test chose."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ganlab.runs.directory import create_run
from ganlab.runs.files import write_json
from ganlab.runs.status import RunStatus
from ganlab.sweeps.claims import UNDECIDED, answer
from ganlab.sweeps.counting import wilson
from ganlab.sweeps.deciding import Rounds, settled_records
from ganlab.sweeps.folder import SweepFolder, open_sweep
from ganlab.sweeps.plan import Plan, PlannedRun, make_plan
from ganlab.sweeps.records import NOT_NEEDED
from ganlab.sweeps.spec import spec_from_mapping
from ganlab.sweeps.summary import write_results
from tests.sweeps.conftest import judged

Outcome = Callable[[PlannedRun], str]
RANGE = {"min": 3, "max": 20}


def entry(name: str, **more: Any) -> dict[str, Any]:
    """A configuration that expects to be healthy, unless it is told otherwise."""
    config = {"extends": "ring", "name": name, "latent": {"dim": len(name)}, "expect": "healthy", "claim": "it works"}
    return {"config": {**config, **more.pop("config", {})}, **more}


def plan_of(*entries: dict[str, Any], seeds: Any = RANGE, **more: Any) -> Plan:
    return make_plan(spec_from_mapping({"name": "toy", "runs": list(entries), "seeds": seeds, **more}))


def end(folder: SweepFolder, planned: PlannedRun, verdict: str, status: str = "finished") -> None:
    run = folder.run(planned.id)
    if not run.path.exists():
        create_run(folder.runs, planned.experiment, planned.id)
    write_json(run.verdict, judged(verdict, None).as_json())
    run.write_status(RunStatus(status=status, step=10, seconds=1.0))


def carry_out(plan: Plan, path: Path, outcome: Outcome, most: int = 10**9) -> tuple[SweepFolder, list[PlannedRun]]:
    """Let the runs of a sweep end as `outcome` says, at most so many; return those that were trained, in their order.

    An outcome of `failed` is a run that is given up.
    """
    folder = open_sweep(plan, path / plan.folder_name)
    rounds = Rounds(plan, folder)
    waiting, trained = rounds.begin(), []
    while waiting and len(trained) < most:
        planned = waiting.pop(0)
        trained.append(planned)
        failed = (verdict := outcome(planned)) == "failed"
        end(folder, planned, "healthy" if failed else verdict, "failed" if failed else "finished")
        waiting += rounds.over(planned.id, failed)
    return folder, trained


def counts(runs: list[PlannedRun]) -> dict[str, int]:
    return dict(Counter(run.config for run in runs))


def states(plan: Plan, folder: SweepFolder) -> dict[str, int]:
    return dict(Counter(record.state for record in settled_records(plan, folder)))


def test_a_claim_that_all_seeds_agree_on_needs_four(tmp_path: Path) -> None:
    plan = plan_of(entry("good"), entry("terrible"))
    assert (plan.least, len(plan.runs)) == (6, 40)
    folder, trained = carry_out(plan, tmp_path, lambda run: "healthy" if run.config == "good" else "never_learned")
    assert counts(trained) == {"good": 4, "terrible": 4}
    assert [run.seed for run in trained if run.config == "good"] == [0, 1, 2, 3]
    assert states(plan, folder) == {"finished": 8, NOT_NEEDED: 32}
    good, terrible = write_results(plan, folder).claims
    assert (good.k, good.n, good.replicated) == (4, 4, "yes")
    assert (terrible.k, terrible.n, terrible.replicated) == (0, 4, "no")


def test_a_claim_that_stays_open_takes_all_seeds(tmp_path: Path) -> None:
    plan = plan_of(entry("coin_toss"))
    folder, trained = carry_out(plan, tmp_path, lambda run: "healthy" if run.seed % 2 else "never_learned")
    assert counts(trained) == {"coin_toss": 20}
    assert states(plan, folder) == {"finished": 20}
    [row] = write_results(plan, folder).claims
    assert (row.k, row.n, row.replicated) == (10, 20, "undecided")


def test_it_ends_with_the_first_interval_on_one_side(tmp_path: Path) -> None:
    plan = plan_of(entry("mostly"))
    _, trained = carry_out(plan, tmp_path, lambda run: "never_learned" if run.seed == 1 else "healthy")
    sure = next(n for n in range(3, 21) if wilson(n - 1, n)[0] > 0.5)
    assert counts(trained) == {"mostly": sure} == {"mostly": 8}


def test_runs_that_no_claim_is_about_have_the_fewest_seeds(tmp_path: Path) -> None:
    plan = plan_of(entry("good"), entry("nobody", config={"expect": [], "claim": ""}))
    _, trained = carry_out(plan, tmp_path, lambda run: "never_learned")
    assert counts(trained) == {"good": 4, "nobody": 3}
    assert sum(run.config == "nobody" for run in plan.runs) == 3


def test_claims_tie_configurations_together(tmp_path: Path) -> None:
    """Pairs of one seed: both of them go on, while a third configuration has been decided for long."""
    rarer = {"measure": "rarer", "runs": "good", "against": "other", "verdicts": "mode_collapse", "claim": "fewer"}
    plan = plan_of(entry("good"), entry("other", config={"expect": "mode_collapse"}), entry("single"), claims=[rarer])

    def outcome(run: PlannedRun) -> str:
        # Only odd seeds of `other` collapse: four pairs that differ are there with seed 7.
        return "mode_collapse/total" if run.config == "other" and run.seed % 2 else "healthy"

    folder, trained = carry_out(plan, tmp_path, outcome)
    assert counts(trained) == {"good": 8, "other": 20, "single": 4}
    rows = write_results(plan, folder).claims
    assert [(row.k, row.n, row.replicated) for row in rows] == [
        (8, 8, "yes"), (10, 20, "undecided"), (4, 4, "yes"), (4, 4, "yes"),
    ]  # fmt: skip


def test_seeds_of_tied_configurations_come_in_rounds(tmp_path: Path) -> None:
    worse = {"measure": "worse", "runs": "aa", "against": "bbb", "claim": "worse"}  # no run has a FID: never decided
    plan = plan_of(entry("aa"), entry("bbb"), seeds={"min": 1, "max": 4}, claims=[worse])
    _, trained = carry_out(plan, tmp_path, lambda run: "healthy")
    assert [(run.config, run.seed) for run in trained] == [(name, seed) for seed in range(4) for name in ("aa", "bbb")]


def test_an_entry_has_a_range_of_its_own(tmp_path: Path) -> None:
    plan = plan_of(entry("few", seeds={"min": 2, "max": 5}), entry("some", seeds=2), entry("several"))
    _, trained = carry_out(plan, tmp_path, lambda run: "healthy" if run.seed % 2 else "never_learned")
    assert counts(trained) == {"few": 5, "some": 2, "several": 20}


@pytest.mark.parametrize("most", [1, 3, 6, 7, 8, 9, 12])
def test_a_sweep_that_was_interrupted_trains_the_same_runs(tmp_path: Path, most: int) -> None:
    plan = plan_of(entry("good"), entry("coin_toss"), seeds={"min": 3, "max": 6})

    def outcome(run: PlannedRun) -> str:
        return "healthy" if run.config == "good" or run.seed % 2 else "never_learned"

    _, whole = carry_out(plan, tmp_path / "whole", outcome)
    folder, first = carry_out(plan, tmp_path / "parts", outcome, most)
    assert len(first) == min(most, len(whole))
    waiting = states(plan, folder).get("missing", 0)
    _, rest = carry_out(plan, tmp_path / "parts", outcome)
    assert not {run.id for run in first} & {run.id for run in rest}
    assert {run.id for run in (*first, *rest)} == {run.id for run in whole}
    assert len(rest) <= waiting


def test_runs_of_more_seeds_count_and_are_not_trained_again(tmp_path: Path) -> None:
    """Ten seeds of an earlier sweep leave the claim open, which the first four would have decided."""
    fixed, ranged = plan_of(entry("good"), seeds=10), plan_of(entry("good"))
    assert fixed.folder_name == ranged.folder_name
    folder, _ = carry_out(fixed, tmp_path, lambda run: "healthy" if run.seed < 6 else "never_learned")
    assert states(ranged, folder) == {"finished": 10, "missing": 10}
    _, trained = carry_out(ranged, tmp_path, lambda run: "healthy")
    assert [run.seed for run in trained] == [10, 11, 12, 13, 14, 15]  # 12 of 16 is the first above one half


def test_a_seed_that_failed_is_followed_by_the_next(tmp_path: Path) -> None:
    plan = plan_of(entry("good"))
    folder, trained = carry_out(plan, tmp_path, lambda run: "failed" if run.seed in (1, 3) else "healthy")
    assert [run.seed for run in trained] == [0, 1, 2, 3, 4, 5]
    assert states(plan, folder) == {"finished": 4, "failed": 2, NOT_NEEDED: 14}
    [row] = write_results(plan, folder).claims
    assert (row.k, row.n, row.replicated) == (4, 4, "yes")
    _, again = carry_out(plan, tmp_path, lambda run: "healthy")
    assert [run.seed for run in again] == [1, 3]


def test_results_leave_out_what_was_not_needed(tmp_path: Path) -> None:
    plan = plan_of(entry("good"))
    folder, _ = carry_out(plan, tmp_path, lambda run: "healthy")
    write_results(plan, folder)
    summary = json.loads(folder.summary.read_text())
    assert (summary["runs"], summary["states"]) == (4, {NOT_NEEDED: 16, "finished": 4})
    assert [each["planned"] for each in summary["configs"]] == [4]
    rows = list(csv.DictReader((folder.path / "runs.csv").open()))
    assert [row["state"] for row in rows] == ["finished"] * 4 + [NOT_NEEDED] * 16
    assert {row["reason"] for row in rows[4:]} == {"decided"}


def chances(most: int, rate: float) -> dict[str, float]:
    """How likely each answer is to a claim that holds in a share of all runs, looked at from the third seed on."""
    left, answers = {0: 1.0}, Counter[str]()
    for n in range(1, most + 1):
        after = Counter[int]()
        for k, chance in left.items():
            after[k] += chance * (1 - rate)
            after[k + 1] += chance * rate
        said = {k: answer(*wilson(k, n), 0.5) if n >= 3 else UNDECIDED for k in after}
        left = {k: chance for k, chance in after.items() if said[k] == UNDECIDED}
        for k, chance in after.items():
            answers[said[k]] += chance if said[k] != UNDECIDED else 0.0
    return dict(answers)


def test_the_page_says_how_often_repeated_looks_err() -> None:
    few, many = (chances(most, 0.5) for most in (8, 20))
    page = (Path(__file__).parents[2] / "docs" / "sweeps.md").read_text()
    assert f"{100 * sum(few.values()):.0f} % of the time with up to 8 seeds" in page
    assert f"{100 * sum(many.values()):.0f} % with up to 20" in page
    assert f"{100 * chances(20, 0.3)['yes']:.0f} % (up to 20 seeds)" in page
