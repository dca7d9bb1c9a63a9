from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from ganlab.diagnosis.evidence import Series
from ganlab.sweeps.claim_options import CLAIMS
from ganlab.sweeps.measures import MEASURES, Tally, settling_step
from ganlab.sweeps.records import read_records

RNG = np.random.default_rng(0)
STEPS = np.arange(1, 451)
NOISE = RNG.normal(size=450)


def judge(name: str, runs: Any, against: Any = (), **params: Any) -> Tally:
    said = {"measure": name, "runs": ["some"], "against": ["others"] if against else [], "claim": "it is so"}
    return MEASURES[name](runs, against, CLAIMS[name].model_validate({**said, **params}))


# Where a loss settles


def curve(values: Any) -> Series:
    return Series(np.arange(1, len(values) + 1), np.asarray(values, float))


def test_a_loss_settles_where_its_level_jumps_to_the_last() -> None:
    assert settling_step(curve(np.where(STEPS < 150, 2.0, 0.8))) == 150
    noisy = settling_step(curve(np.where(STEPS < 150, 2.0, 0.8) + 0.05 * NOISE))
    assert noisy == pytest.approx(150, abs=3)
    # |8 exp(-t / 40)| < .2 * .8 from t = 40 ln 50 on; a monotone curve is its own running median.
    assert settling_step(curve(0.8 + 8 * np.exp(-STEPS / 40))) == math.ceil(40 * math.log(50))


def test_noise_about_0_is_settled_from_the_start() -> None:
    assert settling_step(curve(NOISE)) == 1


@pytest.mark.parametrize(
    "values",
    [STEPS / 450, np.where(STEPS < 360, 2.0, 0.8), 1 + 0.5 * np.sin(STEPS / 25)],
    ids=["ramp", "jump in the last third", "swing"],
)
def test_a_loss_that_moves_to_the_end_never_settles(values: Any) -> None:
    assert settling_step(curve(values)) is None


def jump(at: int, before: float = 2.0) -> Any:
    return np.where(at > STEPS, before, 0.8) + 0.01 * NOISE


def test_settles_counts_between_or_earlier_after_an_erratic_start(written: Any) -> None:
    flat = jump(1)
    erratic = np.where((STEPS < 60) & (STEPS % 2 == 0), 1.5, flat) * np.where(STEPS < 60, 3, 1)
    for seed, g_loss in enumerate([jump(150), jump(250), erratic, flat, STEPS / 450, jump(280)]):
        written.add(seed=seed, curves={"d_loss": flat, "g_loss": g_loss})
    tally = judge("settles", read_records(written.plan(), written.folder), between=[100, 260])
    assert (tally.k, tally.n) == (3, 6)
    assert tally.onset == 150
    assert tally.words == ("settled between steps 1 and 280, 1 never settled",)


# The generator's loss


def test_a_loss_that_decays_falls_from_where_it_crosses(written: Any) -> None:
    decay = np.exp(-STEPS / 20)
    runs = [
        written.add(seed=seed, curves={"g_loss": values}) for seed, values in enumerate([decay, decay + 0.2, jump(9)])
    ]
    tally = judge("generator_loss_falls", runs)
    # exp(-t / 20) < .1 from t = 20 ln 10 on
    assert (tally.k, tally.n, tally.onset) == (1, 3, math.ceil(20 * math.log(10)))
    assert judge("generator_loss_falls", runs, below=0.5).k == 2


def test_a_saturating_loss_has_no_floor_to_fall_to(written: Any) -> None:
    run = written.add(curves={"g_loss": -0.01 * np.ones(450)}, loss="minimax")
    tally = judge("generator_loss_falls", [run])
    assert (tally.k, tally.n) == (0, 0)
    assert tally.words == ("not counted: stable-s0-abcdefgh (g_loss of minimax has no floor at 0)",)


def test_a_loss_that_doubles_rises_from_where_it_has(written: Any) -> None:
    steps = np.arange(1, 1001)
    growth = 0.5 * np.exp(steps / 200)
    spike = np.where(steps > 901, 5.0, 0.5)  # high at the end, but no trend
    runs = [
        written.add(seed=seed, curves={"g_loss": values})
        for seed, values in enumerate([growth, 0.5 * np.exp(steps / 2000), spike, -growth])
    ]
    tally = judge("generator_loss_rises", runs)
    # Its median over steps 1 to 10 is that of step 5.5; it has doubled 200 ln 2 steps later.
    assert (tally.k, tally.n) == (1, 3)
    assert tally.onset == pytest.approx(5.5 + 200 * math.log(2), abs=1)
    assert "stable-s3-abcdefgh (g_loss starts at -0.51, which cannot be doubled)" in tally.words[-1]


def test_a_loss_that_goes_one_way_falls_or_rises(written: Any) -> None:
    steps = np.arange(1, 1001)
    curves = [np.exp(-steps / 20), np.exp(-steps / 40), 0.5 * np.exp(steps / 200), 1 + 0.01 * RNG.normal(size=1000)]
    runs = [written.add(seed=seed, curves={"g_loss": values}) for seed, values in enumerate(curves)]
    tally = judge("generator_loss_one_way", runs, falls="the guide's (a)", rises="the guide's (b)")
    assert (tally.k, tally.n) == (3, 4)
    assert tally.words == ("falls to 0 (the guide's (a)) in 2 of 4, rises (the guide's (b)) in 1 of 4",)
    # It falls below .1 after 20 ln 10 and 40 ln 10 steps, and has doubled 200 ln 2 steps after step 5.5.
    assert tally.onset == pytest.approx(40 * math.log(10), abs=1)
    assert (
        judge("generator_loss_one_way", runs, falls="A", rises="B", below=1e-20)
        .words[0]
        .startswith("falls to 0 (A) in 1 of 4, ")
    )


def test_a_swing_has_its_period(written: Any) -> None:
    def swing(period: float, noise: float = 0.3) -> Any:
        return 1 + np.sin(2 * np.pi * np.arange(1500) / period) + noise * np.random.default_rng(1).normal(size=1500)

    runs = [
        written.add(seed=seed, curves={"g_loss": values})
        for seed, values in enumerate([swing(25), swing(105, 0), swing(25, 3.0)])
    ]
    tally = judge("generator_loss_oscillates", runs)
    assert (tally.k, tally.n, tally.onset) == (1, 3, None)
    assert tally.words == ("median period 25 steps",)
    assert judge("generator_loss_oscillates", runs, period=[100, 110]).words == ("median period 105 steps",)


# Images against losses


@pytest.mark.parametrize(("sign", "holds"), [(1, 1), (-1, 0)])
def test_the_best_images_where_the_loss_is_calm(written: Any, sign: int, holds: int) -> None:
    amplitudes = np.repeat([9.0, 5, 4, 1, 2, 3, 2.5, 3.5, 6, 7], 45)
    g_loss = amplitudes * (-1.0) ** STEPS
    # The first snapshot is the best, and within the first tenth, where it does not count.
    rows = [{"step": 0, "fid": 0.0}, {"step": 40, "fid": 0.0}]
    rows += [{"step": step, "fid": 50 + sign * amplitudes[step - 1]} for step in range(90, 451, 45)]
    tally = judge("best_when_calm", [written.add(curves={"g_loss": g_loss}, snapshots=rows)])
    assert (tally.k, tally.n, tally.onset) == (holds, 1, None)
    assert tally.words == (f"median Spearman correlation of FID with the variance of g_loss {sign:+.2f}",)


def test_a_run_without_fid_cannot_tell(written: Any) -> None:
    run = written.add(curves={"g_loss": NOISE}, snapshots=[{"step": step, "good": 1.0} for step in range(0, 451, 50)])
    tally = judge("best_when_calm", [run])
    assert (tally.k, tally.n) == (0, 0)
    assert "0 snapshots with FID" in tally.words[0]


# Verdicts


def judged(written: Any, config: str, verdicts: str) -> Any:
    """Runs of a config: h healthy, p partial collapse, t total collapse, i inconclusive."""
    names = {"h": "healthy", "p": "mode_collapse/partial", "t": "mode_collapse/total", "i": "inconclusive"}
    return [written.add(config, seed, verdict=names[each], onset=10 * seed) for seed, each in enumerate(verdicts)]


def test_verdicts_are_counted_by_failure_and_by_variant(written: Any) -> None:
    runs = [*judged(written, "a", "ptphi"), written.add("b", status="failed"), written.add("c", verdict="")]
    tally = judge("verdict", runs, verdicts="mode_collapse")
    assert (tally.k, tally.n, tally.onset) == (3, 5, 10)
    assert tally.words == (
        "judged mode_collapse/partial 2, mode_collapse/total 1, healthy 1, inconclusive 1",
        "not counted: b-s0-abcdefgh (failed), c-s0-abcdefgh (no verdict)",
    )
    assert judge("verdict", runs, verdicts=["mode_collapse/total", "healthy"]).k == 2


def test_rarer_than_in_the_runs_of_the_same_seed(written: Any) -> None:
    # Seeds 0 and 1 differ one way, seed 2 the other; the rest are alike, and seed 7 has no partner.
    here, there = judged(written, "here", "hhphhppp"), judged(written, "there", "pphhhpp")
    tally = judge("rarer", here, there, verdicts="mode_collapse")
    assert (tally.k, tally.n) == (2, 3)
    assert tally.words == (
        "3 of 7 against 4 of 7 (there)",
        "not counted: here-s7-abcdefgh (no run of its seed to compare with)",
    )


@pytest.mark.parametrize(("runs", "k", "n"), [("ppppphh", 5, 5), ("pppth", 3, 4), ("tth", 0, 2), ("hh", 0, 0)])
def test_rarer_than_another_verdict_in_the_same_runs(written: Any, runs: str, k: int, n: int) -> None:
    tally = judge("rarer", judged(written, "a", runs), verdicts="mode_collapse/total", than="mode_collapse/partial")
    assert (tally.k, tally.n) == (k, n)


def test_rarer_in_no_run_tells_nothing(written: Any) -> None:
    here, others = judged(written, "here", "h"), [written.add("there", status="failed")]
    tally = judge("rarer", here, others, verdicts="mode_collapse")
    assert (tally.k, tally.n, tally.words) == (0, 0, ("not counted: there-s0-abcdefgh (failed)",))


# Quality


def quality(written: Any, config: str, seed: int, fids: list[float], pace: float = 1.0) -> Any:
    rows = [
        {"step": 10 * index, "time": pace * index, "fid": fid, "recall": 1 / (1 + fid)}
        for index, fid in enumerate(fids)
    ]
    return written.add(config, seed, snapshots=rows)


def test_better_pairs_runs_by_seed(written: Any) -> None:
    a = [quality(written, "a", seed, [90, fid]) for seed, fid in enumerate([10, 20, 30, 5])]
    b = [quality(written, "b", seed, [90, fid]) for seed, fid in [(2, 40), (1, 15), (0, 12)]]
    tally = judge("better", a, b)
    assert (tally.k, tally.n) == (2, 3)
    assert tally.words == (
        "median fid 20 against 15",
        "not counted: a-s3-abcdefgh (no run of its seed to compare with)",
    )
    assert judge("worse", a, b).k == 1
    assert judge("better", a, b, metric="recall").k == 2
    assert judge("worse", b, a, metric="recall").k == 2


def test_equal_time_is_that_of_the_shorter_run(written: Any) -> None:
    # The slow run is better in the end, at 8 s; the quick one ends at 3 s, when the slow one was at its first step.
    quick, slow = quality(written, "quick", 0, [90, 50, 40, 30]), quality(written, "slow", 0, [90, 60, 10], pace=4)
    assert judge("better", [quick], [slow]).k == 0
    tally = judge("better", [quick], [slow], at="equal_time")
    assert (tally.k, tally.words) == (1, ("median fid 30 against 90",))


def test_a_pair_that_lacks_the_metric_is_left_out(written: Any) -> None:
    one, other = (
        quality(written, "a", 0, [1.0]),
        written.add("b", snapshots=[{"step": 0, "time": 0.0, "fid": math.nan}]),
    )
    tally = judge("better", [one], [other])
    assert (tally.k, tally.n, tally.words) == (0, 0, ("not counted: b-s0-abcdefgh (no fid)",))


def test_damage_is_told_and_short_runs_are_left_out(written: Any) -> None:
    damaged, short = written.add("a", curves={"g_loss": NOISE}), written.add("b", curves={"g_loss": NOISE[:9]})
    damaged.run.history.write_bytes(b"step,g_loss\n1,one\n2,0.5\n")
    tally = judge("generator_loss_falls", [damaged, short])
    assert tally.n == 0
    assert "a-s0-abcdefgh (history.csv is damaged: " in tally.words[0]
    assert "b-s0-abcdefgh (9 steps of g_loss, 15 are needed)" in tally.words[0]


def test_every_measure_says_how_it_is_defined() -> None:
    assert MEASURES.keys() == CLAIMS.keys()
    for name, measure in MEASURES.items():
        assert measure.__name__ == name
        assert measure.__doc__
