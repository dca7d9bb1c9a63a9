from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.judge import diagnose
from ganlab.monitor import live
from ganlab.monitor.live import Curve, LiveEvidence, stands


def rows(first: int, last: int) -> list[dict[str, float]]:
    """A history whose numbers are those that a float32 holds."""
    return [
        {"step": step, "time": 0.1, "d_loss": float(np.float32(1.4 + math.sin(step))), "g_loss": 0.75, "mine": 1.0}
        for step in range(first, last + 1)
    ]


def collapsed(step: int) -> dict[str, Any]:
    """A snapshot of good samples that are all alike."""
    return {"step": step, "n": 1000, "good": 1.0, "good_real": 1.0, "vendi": 1.001, "vendi_real": 20.0}


def varied(step: int) -> dict[str, Any]:
    """A snapshot of good samples that vary as reals do."""
    same = dict.fromkeys(("precision", "recall", "coverage", "density", "fid"), 0.9)
    row = {"step": step, "n": 1000, "good": 1.0, "vendi": 20.0, **same}
    return {**row, **{f"{key}_real": value for key, value in row.items() if key not in ("step", "n")}}


def test_a_long_curve_is_thinned_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LIMIT", 16)
    curve, in_blocks = Curve(), Curve()
    for step in range(1000):
        curve.extend([step], [float(step)])
    for start in range(0, 1000, 70):
        block = range(start, min(start + 70, 1000))
        in_blocks.extend(block, list(map(float, block)))
    series = curve.series()
    assert 8 <= len(series) < 16
    np.testing.assert_array_equal(series.steps, in_blocks.series().steps)
    assert set(np.diff(series.steps)) == {curve.stride}
    assert series.steps[0] == 0
    np.testing.assert_array_equal(series.values, series.steps)


def test_the_first_number_that_is_none_stays_in_a_thinned_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LIMIT", 16)
    curve = Curve()
    for step in range(100):
        curve.extend([step], [math.nan if step in (37, 61) else float(step)])
    series = curve.series()
    assert curve.stride > 1
    assert np.isnan(series.values[series.steps == 37]).all()
    assert (np.diff(series.steps) > 0).all()


def test_evidence_from_files_is_that_of_the_run_that_went_on() -> None:
    """What a resumed run takes in: columns with empty cells as NaN."""
    whole, resumed = LiveEvidence(Evidence("run")), LiveEvidence(Evidence("run"))
    history = rows(1, 50)
    whole.take(history)
    columns = {name: np.array([row[name] for row in history[:20]]) for name in history[0]}
    columns["d_acc_real"] = np.full(20, np.nan)
    resumed.take_history(columns)
    resumed.take(history[20:])
    a, b = whole.so_far(), resumed.so_far()
    assert a.curves.keys() == b.curves.keys() == {"d_loss", "g_loss"}
    for name, curve in a.curves.items():
        np.testing.assert_array_equal(curve.steps, b.curves[name].steps)
        np.testing.assert_array_equal(curve.values, b.curves[name].values)


def test_the_first_number_that_is_none_is_remembered() -> None:
    known = LiveEvidence(Evidence("run"), overflowing=("grad_d",))
    known.take([{"step": 1, "grad_d": math.inf, "d_loss": 1.0}, {"step": 2, "d_loss": math.nan, "g_loss": math.inf}])
    assert known.non_finite is not None
    assert (known.non_finite.step, known.non_finite.signal) == (2, "d_loss")
    assert "grad_d" not in known.so_far().curves
    assert np.isnan(known.so_far().curves["d_loss"].values[1])
    assert diagnose(known.so_far()).failure == "diverged"


def test_only_a_verdict_that_lasts_ends_a_run() -> None:
    def at_end(*snapshots: dict[str, Any]) -> bool:
        found = Evidence("run", snapshots=snapshots, planned=1000, ended=False)
        return stands(found, ("mode_collapse",))

    steps = range(100, 601, 50)
    assert at_end(*map(collapsed, steps))
    assert not at_end(*map(varied, steps))
    assert not at_end(*map(varied, steps[:-1]), collapsed(steps[-1]))
    assert not at_end(*map(collapsed, steps[:-1]), varied(steps[-1]))
    assert not stands(
        Evidence("run", snapshots=tuple(map(collapsed, steps)), planned=1000), ("diverged", "mode_collapse/partial")
    )
