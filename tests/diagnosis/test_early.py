"""How early a run can be judged: one table for all failures, and what is said before."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganlab.diagnosis.calibration import UNCALIBRATED
from ganlab.diagnosis.case import Case, Charge
from ganlab.diagnosis.early import NEEDS, SHARE, SHEET, SOME, Needs, needs, newest_snapshots, sifted
from ganlab.diagnosis.evidence import Evidence, NonFinite, Series
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.failures import FAILURES
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.sample_levels import NUMEROUS
from ganlab.diagnosis.wording import in_a_line
from ganlab.verdicts import INCONCLUSIVE, KINDS, accuses, failure_of


def losses(count: int, d_loss: float = 1e-4, g_loss: float = 9.0, every: int = 1) -> dict[str, Series]:
    """Losses that stay where they are; by default those of a discriminator that has won."""
    steps = every * np.arange(1, count + 1, dtype=np.int64)
    return {"d_loss": Series(steps, np.full(count, d_loss)), "g_loss": Series(steps, np.full(count, g_loss))}


def won(count: int, **changes: Any) -> Evidence:
    return replace(Evidence("log", curves=losses(count), family="cross_entropy"), **changes)


def fids(*values: float, every: int = 100) -> dict[str, Series]:
    return {"fid": Series(every * np.arange(1, len(values) + 1, dtype=np.int64), np.array(values))}


def collapsed(step: int, n: int = 1000) -> dict[str, Any]:
    """A snapshot of good samples that are all alike."""
    return {"step": step, "n": n, "good": 1.0, "good_real": 1.0, "vendi": 1.001, "vendi_real": 20.0}


def varied(step: int, n: int = 1000) -> dict[str, Any]:
    """A snapshot of good samples that vary as reals do."""
    same = dict.fromkeys(("precision", "recall", "coverage", "density", "fid"), 0.9)
    row = {"step": step, "good": 1.0, "vendi": 20.0, **same}
    return {**row, **{f"{key}_real": value for key, value in row.items() if key != "step"}, "n": n}


def waits(evidence: Evidence) -> list[str]:
    """What the verdict says that it waits for; it accuses nobody and acquits nobody."""
    verdict = diagnose(evidence)
    assert verdict.name == INCONCLUSIVE
    assert verdict.contributing == ()
    assert verdict.confidence <= 0.5
    return [each.how for each in verdict.missing if each.what in ("time", "more samples")]


# -- the table ----------------------------------------------------------------------------------------------------


def test_every_verdict_but_inconclusive_has_a_row_in_the_table() -> None:
    for failure in FAILURES:
        if failure.name != INCONCLUSIVE:
            assert failure.name in NEEDS or failure_of(failure.name) in NEEDS, failure.name
    assert all(name in KINDS or any(kind.startswith(f"{name}/") for kind in KINDS) for name in NEEDS)


def test_whatever_accuses_needs_something_and_only_a_measured_fid_needs_no_share_of_the_plan() -> None:
    assert [name for name in NEEDS if needs(name).share < SHARE] == ["degraded"]
    for name in NEEDS:
        found = needs(name)
        assert any((found.rows, found.snapshots, found.fids)) or name == "discriminator_overfit", name


def made_up(found: Needs) -> Evidence:
    """Evidence that is just enough for a verdict, and in balance."""
    quality = fids(*[50.0] * found.fids) if found.fids and not found.snapshots else {}
    count = max(found.rows, 20)
    snapshots = tuple(varied(step + 1, n=found.samples or 1000) for step in range(count - found.snapshots, count))
    return Evidence("run", curves=losses(count, 1.3, 0.8), snapshots=snapshots, quality=quality, planned=10 * count)


def kept(name: str, evidence: Evidence, seen: int) -> bool:
    """Whether a charge of a failure that was seen in the last rows is kept."""
    window = (evidence.last_step - seen + 1, evidence.last_step)
    charge = Charge(severity=1.0, onset=None, window=window, findings=(), summary="")
    return any(
        failure.name == name for failure, _ in sifted([(Failure(name, lambda _: iter(())), charge)], Case(evidence))
    )


@pytest.mark.parametrize("name", NEEDS)
def test_each_verdict_needs_what_the_table_says_and_no_more(name: str) -> None:
    found = needs(name)
    enough, seen = made_up(found), max(found.seen, 1)
    assert kept(name, enough, seen)
    assert kept(name, replace(enough, planned=enough.last_step * 10 + 1), seen) is (found.share == 0)
    if found.seen:
        assert not kept(name, enough, found.seen - 1)
    if found.rows:
        few = replace(enough, curves=losses(found.rows - 1), planned=None)
        assert not kept(name, few, seen)
    if found.snapshots > 1:
        assert not kept(name, replace(enough, snapshots=enough.snapshots[1:]), seen)
    if found.samples:
        smaller = tuple({**row, "n": found.samples - 1} for row in enough.snapshots)
        assert not kept(name, replace(enough, snapshots=smaller), seen)
    if found.fids:
        only = replace(enough, snapshots=(), planned=None)
        assert not kept(name, replace(only, quality=fids(*[50.0] * (found.fids - 1))), seen)
        assert kept(name, replace(only, quality=fids(*[50.0] * found.fids)), seen)


# -- the plan -----------------------------------------------------------------------------------------------------


def test_nothing_is_named_before_a_tenth_of_the_plan() -> None:
    assert waits(won(999, planned=10_000)) == ["too early to tell: 999 of 10,000 steps"]
    assert diagnose(won(1000, planned=10_000)).variant == "discriminator_dominates"


def test_the_plan_is_told_in_the_unit_of_the_curves() -> None:
    assert waits(won(15, planned=200, unit="epoch")) == ["too early to tell: 15 of 200 epochs"]
    images = replace(won(20, planned=25_000_000, unit="image"), curves=losses(20, every=10_000))
    assert waits(images) == ["too early to tell: 200 of 25,000 kimg"]


def test_a_run_that_was_stopped_early_is_too_early_and_one_that_is_complete_is_not() -> None:
    samples = (collapsed(50), collapsed(100))
    stopped = Evidence("run", curves=losses(100, 1.3, 0.8), snapshots=samples, family="cross_entropy", planned=2000)
    assert waits(stopped) == ["too early to tell: 100 of 2,000 steps"]
    assert diagnose(replace(stopped, planned=100)).name == "mode_collapse/total"


def test_what_was_seen_is_said_all_the_same_but_is_no_accusation() -> None:
    verdict = diagnose(won(300, planned=9380))
    assert verdict.summary == (
        "Too early to tell: 300 of 9,380 steps. If it stays so, this is convergence failure, discriminator dominates."
    )
    assert in_a_line(verdict) == "step 300: too early to tell: 300 of 9,380 steps"
    calm = diagnose(replace(won(300, planned=9380), curves=losses(300, 1.3, 0.8)))
    assert calm.summary == "Too early to tell: 300 of 9,380 steps."


def test_nan_needs_no_waiting() -> None:
    broken = Series(np.arange(1, 4), np.full(3, np.nan))
    for evidence in (
        Evidence("log", curves={"d_loss": broken, "g_loss": broken}),
        won(5, planned=10_000, non_finite=NonFinite(5, "g_loss")),
        won(5, planned=10_000, ended=False, snapshots=({**collapsed(5), "non_finite": ["samples"]},)),
    ):
        assert diagnose(evidence).failure == "diverged"


# -- rows ---------------------------------------------------------------------------------------------------------


def test_failures_of_the_losses_need_rows() -> None:
    assert waits(won(10)) == ["too early to tell: 10 of the 12 rows that a verdict needs"]
    assert diagnose(won(12)).variant == "discriminator_dominates"
    exploded = replace(won(11), curves=losses(11, 90_887.0, 0.6))
    assert waits(exploded) == ["too early to tell: 11 of the 12 rows that a verdict needs"]
    assert diagnose(replace(exploded, curves=losses(13, 90_887.0, 0.6))).failure == "diverged"


def test_an_odd_row_or_two_at_the_end_are_no_failure() -> None:
    curves = losses(20, 1.3, 0.8)
    for odd in (1, 2, 4):
        for name, value in (("d_loss", 1e-4), ("g_loss", 9.0)):
            curves[name].values[-odd:] = value
        verdict = diagnose(won(20, curves=curves))
        assert verdict.name == INCONCLUSIVE, odd


def test_a_spell_that_was_over_is_nothing_to_wait_for() -> None:
    curves = losses(60, 1.3, 0.8)
    for curve in curves.values():
        curve.values[:] += 0.1 * np.random.default_rng(0).standard_normal(60)
    curves["d_loss"].values[20:24], curves["g_loss"].values[20:24] = 1e-4, 9.0
    verdict = diagnose(won(60, curves=curves))
    assert verdict.summary.startswith("Nothing is proved: ")
    assert verdict.contributing == ()
    assert waits(won(60, curves=curves)) == []


def test_a_log_of_a_few_rows_says_so_whatever_it_shows() -> None:
    few = won(6, curves=losses(6, 1.3, 0.8))
    assert waits(few) == ["too early to tell: 6 of the 12 rows that a verdict needs"]
    assert waits(won(40, curves=losses(40, 1.3, 0.8))) == []


# -- FID ----------------------------------------------------------------------------------------------------------


def test_a_fid_curve_needs_three_points_and_five_to_say_that_nothing_was_learned() -> None:
    def judged(*values: float, **changes: Any) -> str:
        return diagnose(Evidence("log", quality=fids(*values), **changes)).name

    assert judged(260, 50, 90) == "degraded"
    assert judged(50, 90) == INCONCLUSIVE
    assert judged(300, 290) == INCONCLUSIVE
    assert judged(300, 290, 295, 298) == INCONCLUSIVE
    assert judged(300, 290, 295, 298, 292) == "never_learned"
    assert judged(40, 30) == INCONCLUSIVE
    assert judged(40, 30, 28) == "healthy"
    assert waits(Evidence("log", quality=fids(300, 290))) == ["too early to tell: 2 of the 5 FIDs that a verdict needs"]


def test_a_fid_that_was_reached_and_lost_counts_at_any_time_and_one_that_was_never_reached_does_not() -> None:
    assert diagnose(Evidence("log", quality=fids(260, 50, 90), planned=25_000)).name == "degraded"
    assert waits(Evidence("log", quality=fids(300, 290, 295), planned=25_000))
    assert diagnose(Evidence("log", quality=fids(300, 200, 310), planned=25_000)).name == INCONCLUSIVE


# -- samples ------------------------------------------------------------------------------------------------------


def test_few_samples_are_told_apart_from_none_and_never_carry_98_percent() -> None:
    alike = {**collapsed(0, n=24), "protocol": {"features": "mnist-cnn-0"}}
    few = diagnose(Evidence("samples", snapshots=(alike,)))
    assert few.name == "mode_collapse/total"
    assert few.confidence <= UNCALIBRATED
    assert few.basis.startswith("uncalibrated: ")
    assert waits(Evidence("samples", snapshots=(collapsed(0, n=9),))) == [
        f"too few to tell: 9 of the {SOME} samples that a verdict needs"
    ]
    assert waits(Evidence("samples", snapshots=(varied(0, n=15),))) == [
        f"too few to tell: 15 of the {SHEET} samples that a verdict needs"
    ]
    assert diagnose(Evidence("samples", snapshots=(varied(0),))).name == "healthy"


@pytest.mark.parametrize(("features", "least"), [("mnist-cnn-0", SHEET), ("folder-pyramid-0", NUMEROUS)])
def test_a_sheet_acquits_where_a_classifier_sees_it_and_a_hundred_samples_elsewhere(features: str, least: int) -> None:
    protocol = {"protocol": {"features": features}}
    found = [diagnose(Evidence("few", snapshots=({**varied(9, n=n), **protocol},))) for n in (least - 1, least)]
    assert [each.name for each in found] == [INCONCLUSIVE, "healthy"]
    assert f"{least - 1} of the {least} samples" in found[0].summary


def test_what_may_be_an_accusation_in_time_is_no_acquittal_now() -> None:
    """Good samples of a log whose last rows show an explosion, too few of them to be one."""
    curves = losses(20, 1.3, 0.8)
    curves["d_loss"].values[-3:] = 1e6
    judged = diagnose(Evidence("log", curves=curves, snapshots=(varied(20),), family="cross_entropy"))
    assert judged.name == INCONCLUSIVE
    assert "If it stays so, this is diverged." in judged.summary


# -- runs that go on ----------------------------------------------------------------------------------------------


def test_a_run_that_goes_on_is_judged_by_three_snapshots_that_span_a_tenth_of_its_plan() -> None:
    def evidence(*steps: int, planned: int | None = 1000) -> Evidence:
        return Evidence("run", snapshots=tuple(map(collapsed, steps)), planned=planned, ended=False)

    assert newest_snapshots(evidence(0, 50, 100)) == []
    assert newest_snapshots(evidence(10, 20, 99)) == []
    assert newest_snapshots(evidence(10, 20, 110)) == [10, 20, 110]
    assert newest_snapshots(evidence(0, 50, 100, 150, 200, 220)) == [100, 150, 200, 220]
    assert newest_snapshots(evidence(1, 2, 3, planned=None)) == [1, 2, 3]
    assert waits(evidence(0, 50)) == ["too early to tell: 50 of 1,000 steps"]
    assert waits(evidence(0, 50, 100)) == ["too early to tell: 2 of the 3 snapshots that a verdict needs"]
    assert waits(evidence(910, 920, 930)) == ["too early to tell: its snapshots do not span 10 % of 1,000 steps"]
    assert diagnose(evidence(0, 50, 100, 150)).name == "mode_collapse/total"
    assert diagnose(replace(evidence(1000), ended=True)).name == "mode_collapse/total"


def test_a_run_that_goes_on_and_is_fine_waits_as_long() -> None:
    early = Evidence("run", snapshots=(varied(50), varied(100)), planned=1000, ended=False)
    assert waits(early) == ["too early to tell: 2 of the 3 snapshots that a verdict needs"]
    assert diagnose(replace(early, snapshots=(*early.snapshots, varied(150)))).name == "healthy"


# -- in general ---------------------------------------------------------------------------------------------------

LEVEL = st.floats(-1e9, 1e9) | st.sampled_from([0.0, 1e-6, 0.6931, 1.386, 9.0, 100.0, 90_887.0])


@settings(max_examples=200, deadline=None)
@given(
    d_loss=st.lists(LEVEL, min_size=1, max_size=11),
    g_loss=st.lists(LEVEL, min_size=1, max_size=11),
    family=st.sampled_from([None, "cross_entropy", "least_squares", "hinge", "wasserstein"]),
    planned=st.none() | st.integers(1, 10**6),
    every=st.integers(1, 10_000),
)
def test_rows_below_the_tables_needs_never_accuse(
    d_loss: list[float], g_loss: list[float], family: Any, planned: int | None, every: int
) -> None:
    curves = {
        name: Series(every * np.arange(1, len(values) + 1, dtype=np.int64), np.array(values))
        for name, values in (("d_loss", d_loss), ("g_loss", g_loss))
    }
    verdict = diagnose(Evidence("log", curves=curves, family=family, planned=planned))
    assert verdict.name == INCONCLUSIVE
    assert not verdict.contributing
    assert re.search(r"[Tt]oo early to tell", str(verdict))


@settings(max_examples=100, deadline=None)
@given(
    count=st.integers(1, 400),
    d_loss=LEVEL,
    g_loss=LEVEL,
    samples=st.lists(st.tuples(st.integers(1, 400), st.booleans()), max_size=4, unique_by=lambda each: each[0]),
    values=st.lists(st.floats(151, 1e4), max_size=5),
    ended=st.booleans(),
)
def test_less_than_a_tenth_of_the_plan_never_accuses(
    count: int, d_loss: float, g_loss: float, samples: list[tuple[int, bool]], values: list[float], ended: bool
) -> None:
    evidence = Evidence(
        "log",
        curves=losses(count, d_loss, g_loss),
        family="cross_entropy",
        snapshots=tuple(collapsed(step) if alike else varied(step) for step, alike in sorted(samples)),
        quality=fids(*values, every=50) if values else {},
        planned=5000,
        ended=ended,
    )
    verdict = diagnose(evidence)
    assert not accuses(verdict.name)
    assert verdict.name == INCONCLUSIVE
