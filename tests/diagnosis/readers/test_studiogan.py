from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.errors import GanlabError

REAL = Path(__file__).parents[4] / "shared" / "data" / "studiogan"

STAMP = "[INFO] 2020-01-01 00:00:00 > "


def progress(step: int, d: float, g: float) -> str:
    losses = f"Discriminator_loss: {d:.6g} Generator_loss: {g:.6g} "
    return f"{STAMP}Step: {step:>7} Progress: 1.0% Elapsed: 1 day, 0:00:01 ada_p: No {losses}\n"


def new_progress(step: int, d: float, g: float) -> str:
    losses = f"Gen_loss: {g:.4g} Dis_loss: {d:.4g} Cls_loss: 9 "
    return f"{STAMP}Step: {step} Progress: 1.0% Elapsed: 0:00:01 {losses}Topk:  N/A \n"


def metrics(step: int, fid: float) -> str:
    return (
        f"{STAMP}F_8 score (Step: {step}, Using test images): 0.5\n"
        f"{STAMP}F_1/8 score (Step: {step}, Using test images): 0.25\n"
        f"{STAMP}FID score (Step: {step}, Using test moments): {fid}\n"
        f"{STAMP}Inception score (Step: {step}, 10 generated images): 2.5\n"
        f"{STAMP}Best FID score (Step: 1, Using test moments): 1.0\n"
    )


OLD = (
    f"{STAMP}Run name : toy\n"
    + f"{STAMP}{{'train': {{'total_step': 400}}, 'loss_function': {{'adv_loss': 'hinge', 'x': 'N/A'}}}}\n"
    + f"{STAMP}Generator(\n  (linear0): Linear(in_features=20)\n)\n"
    + progress(100, 1.5, -0.25) + progress(200, 6.1e-05, 1e3) + metrics(200, 99.5) + progress(300, 1.25, 0.5)
)  # fmt: skip
NEW = (
    f'{STAMP}cfgs.LOSS =\n{STAMP}{{\n  "adv_loss": "logistic",\n  "m_p": "N/A"\n}}\n  "total_steps": 400,\n'
    + new_progress(100, 1.5, 0.5) + metrics(100, 50) + new_progress(200, 1.25, 0.75)
)  # fmt: skip


def load(tmp_path: Path, text: str) -> Evidence:
    (tmp_path / "train.log").write_text(text)
    return read(tmp_path / "train.log", ReadOptions())


def test_the_old_dialect(tmp_path: Path) -> None:
    found = load(tmp_path, OLD)
    assert found.curves["d_loss"].steps.tolist() == [100, 200, 300]
    assert found.curves["d_loss"].values.tolist() == [1.5, 6.1e-05, 1.25]
    assert found.curves["g_loss"].values.tolist() == [-0.25, 1000.0, 0.5]
    assert {name: (curve.steps.tolist(), curve.values.tolist()) for name, curve in found.quality.items()} == {
        "fid": ([200], [99.5]),
        "inception_score": ([200], [2.5]),
        "f8": ([200], [0.5]),
        "f1_8": ([200], [0.25]),
    }
    assert (found.family, found.saturating, found.planned) == ("hinge", False, 400)


def test_the_new_dialect(tmp_path: Path) -> None:
    found = load(tmp_path, NEW)
    assert found.curves["d_loss"].values.tolist() == [1.5, 1.25]
    assert found.curves["g_loss"].values.tolist() == [0.5, 0.75]
    assert (found.family, found.saturating, found.planned) == ("cross_entropy", False, 400)


def test_a_restart_from_a_kept_model(tmp_path: Path) -> None:
    found = load(
        tmp_path, OLD + metrics(100, 80) + progress(200, 2.0, 2.0) + metrics(200, 70) + progress(300, 3.0, 3.0)
    )
    assert found.curves["d_loss"].values.tolist() == [1.5, 2.0, 3.0]
    assert found.quality["fid"].values.tolist() == [70.0]
    assert any("to 200: the run was started again" in note for note in found.notes)


def test_the_last_evaluation_of_the_best_model_moves_nothing(tmp_path: Path) -> None:
    found = load(tmp_path, OLD + metrics(300, 120) + metrics(200, 98))
    assert found.quality["fid"].steps.tolist() == [200, 300]
    assert found.quality["fid"].values.tolist() == [99.5, 120.0]


def test_a_run_longer_than_planned_has_no_plan(tmp_path: Path) -> None:
    assert load(tmp_path, OLD + progress(500, 1.0, 1.0)).planned is None


def test_a_loss_that_is_not_known_stays_open(tmp_path: Path) -> None:
    found = load(tmp_path, OLD.replace("hinge", "MH\x1b[2J"))
    assert found.family is None
    assert all(note.isprintable() for note in found.notes)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), text=st.sampled_from([OLD, NEW]))
def test_damage_raises_only_errors_of_ours(tmp_path: Path, data: st.DataObject, text: str) -> None:
    raw = bytearray(text.encode())
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "damaged").write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    try:
        found = read(tmp_path / "damaged", ReadOptions())
    except GanlabError:
        return
    for curve in found.curves.values():
        assert (np.diff(curve.steps) > 0).all()


@pytest.mark.skipif(not REAL.is_dir(), reason="the real logs are not here")
def test_all_real_logs_are_read() -> None:
    families = set()
    paths = sorted(REAL.glob("*.log"))
    assert len(paths) == 32
    for path in paths:
        found = read(path, ReadOptions())
        families.add(found.family)
        assert found.family is not None, path.name
        for name in ("d_loss", "g_loss"):
            curve = found.curves[name]
            assert len(curve) > 500, path.name
            # One reading every 100 steps, from the first to the last: none is lost, also over restarts.
            np.testing.assert_array_equal(curve.steps, np.arange(1, len(curve) + 1) * 100)
            assert np.isfinite(curve.values).all(), path.name
        fid = found.quality["fid"]
        assert len(fid) >= 20
        assert fid.steps[-1] > 0.9 * found.last_step
        assert ((fid.values > 1) & (fid.values < 500)).all()
        # The log's own best FID is in the curve, unless a restart went back or the last model was judged twice.
        best = re.findall(r"Best FID score \(Step: (\d+)[^)]*\): (\S+)", path.read_text(errors="replace"))
        if not any("started again" in note for note in found.notes):
            assert round(fid.values.min(), 4) in [round(float(value), 4) for _, value in best[-2:]], path.name
    assert families == {"cross_entropy", "least_squares", "hinge", "wasserstein"}
