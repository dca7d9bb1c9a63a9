"""The judge: precedence, what contributed, what is missing, how sure it is; rows as a reader would give them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ganlab.config.load import experiment_from_mapping
from ganlab.diagnosis.calibration import UNCALIBRATED
from ganlab.diagnosis.evidence import Evidence, NonFinite, Series
from ganlab.diagnosis.judge import diagnose

STEPS = np.arange(1, 1001, dtype=np.int64)
GOOD_ROW: dict[str, Any] = {
    "good": 0.9, "good_real": 1.0, "precision": 0.8, "precision_real": 0.9, "recall": 0.6, "recall_real": 0.9,
    "coverage": 0.5, "coverage_real": 0.97, "vendi": 10.0, "vendi_real": 12.0, "fid": 20.0, "fid_real": 1.0,
    "class_counts": [100] * 10, "class_shares_real": [0.1] * 10, "vendi_by_class": [0.9] * 10,
}  # fmt: skip


def snapshots(count: int = 10, **changes: Any) -> tuple[dict[str, Any], ...]:
    return tuple({"step": (index + 1) * 1000 // count, **GOOD_ROW, **changes} for index in range(count))


def curves(won: slice | None = None) -> dict[str, Series]:
    """Losses of a game in balance; over `won` the discriminator wins."""
    noise = np.random.default_rng(0).normal(0, 0.05, (4, len(STEPS)))
    values = {
        "d_loss_real": 0.6 + noise[0],
        "d_loss_fake": 0.6 + noise[1],
        "g_loss": 0.9 + noise[2],
        "d_acc_real": 0.7 + noise[3],
        "d_acc_fake": 0.7 + noise[3],
    }
    if won:
        for name, value in zip(values, (1e-4, 1e-4, 9.0, 1.0, 1.0), strict=True):
            values[name][won] = value
    values["d_loss"] = values["d_loss_real"] + values["d_loss_fake"]
    return {name: Series(STEPS, column) for name, column in values.items()}


@pytest.fixture
def run() -> Evidence:
    return Evidence("run", curves=curves(), snapshots=snapshots(), family="cross_entropy", saturating=False)


def test_good_and_varied_samples_acquit(run: Evidence) -> None:
    assert diagnose(run).name == "healthy"


def test_a_winning_discriminator_with_good_samples_is_no_failure(run: Evidence) -> None:
    verdict = diagnose(replace(run, curves=curves(slice(300, None))))
    assert verdict.name == "healthy"
    assert verdict.contributing == ()


def test_a_winning_discriminator_with_garbage_is(run: Evidence) -> None:
    verdict = diagnose(replace(run, curves=curves(slice(300, None)), snapshots=snapshots(good=0.01)))
    assert verdict.name == "convergence_failure/discriminator_dominates"
    assert verdict.onset_step is not None
    assert abs(verdict.onset_step - 300) <= 20


def test_a_collapse_after_a_spell_of_domination_follows_it(run: Evidence) -> None:
    rows = (*snapshots()[:6], *snapshots(vendi=1.2)[6:])
    verdict = diagnose(replace(run, curves=curves(slice(200, 500)), snapshots=rows))
    assert verdict.name == "mode_collapse/total"
    assert verdict.onset_step == 700
    assert [each.variant for each in verdict.contributing] == ["discriminator_dominates"]
    assert "follows discriminator dominates" in verdict.summary


def test_divergence_comes_before_everything(run: Evidence) -> None:
    verdict = diagnose(replace(run, non_finite=NonFinite(640, "g_loss"), snapshots=snapshots(vendi=1.0)))
    assert (verdict.failure, verdict.onset_step) == ("diverged", 640)


def test_lost_classes_are_named(run: Evidence) -> None:
    verdict = diagnose(replace(run, snapshots=snapshots(class_counts=[125] * 8 + [0, 0], classes=list("abcdefghij"))))
    assert verdict.name == "mode_collapse/partial"
    assert "i, j" in verdict.evidence[0].words


def test_samples_that_still_improve_are_under_trained(run: Evidence) -> None:
    rows = tuple(
        {**row, "good": 0.05 * (index + 1), "coverage": 0.01 * (index + 1), "fid": 100.0 - 8 * index}
        for index, row in enumerate(snapshots())
    )
    assert diagnose(replace(run, snapshots=rows)).name == "under_trained"


def test_a_run_that_was_better_before_has_degraded(run: Evidence) -> None:
    rows = (*snapshots()[:5], *snapshots(fid=80.0, good=0.4)[5:])
    verdict = diagnose(replace(run, snapshots=rows))
    assert (verdict.failure, verdict.onset_step) == ("degraded", 600)


def test_copies_are_memorised(run: Evidence) -> None:
    rows = (*snapshots()[:-1], {**snapshots()[-1], "authenticity": 0.02, "authenticity_real": 0.6, "c_t": -9.0})
    assert diagnose(replace(run, snapshots=rows)).name == "memorisation"
    unsure = (*rows[:-1], {**rows[-1], "c_t": -1.0})
    assert diagnose(replace(run, snapshots=unsure)).name == "healthy"


def test_held_out_images_scored_like_fakes_show_an_overfit_discriminator(run: Evidence) -> None:
    rows = snapshots(d_train=0.9, d_held_out=0.2, d_fake=0.1)
    assert diagnose(replace(run, snapshots=rows)).name == "discriminator_overfit"


def test_without_samples_nothing_is_proved_and_what_is_missing_is_said(run: Evidence) -> None:
    verdict = diagnose(replace(run, snapshots=()))
    assert verdict.failure == "inconclusive"
    assert "samples" in [each.what for each in verdict.missing]
    assert all(each.how for each in verdict.missing)


def test_without_any_evidence_nothing_is_proved() -> None:
    assert diagnose(Evidence("nothing")).failure == "inconclusive"


def test_confidence_is_that_of_labelled_runs(run: Evidence) -> None:
    for snapshot_rows in (snapshots(), snapshots(vendi=1.0), ()):
        verdict = diagnose(replace(run, snapshots=snapshot_rows))
        assert 0 < verdict.confidence < 1
        assert not verdict.basis.startswith("uncalibrated") or verdict.confidence <= UNCALIBRATED


def test_remedies_change_the_runs_own_configuration(run: Evidence) -> None:
    experiment = experiment_from_mapping({"latent": {"dim": 1}}, ())
    verdict = diagnose(replace(run, snapshots=snapshots(vendi=1.0), experiment=experiment))
    assert verdict.remedies[0].change == {"latent.dim": 64}
    foreign = diagnose(replace(run, snapshots=snapshots(vendi=1.0)))
    assert foreign.remedies
    assert all(not each.change and each.why for each in foreign.remedies)


def test_a_prefix_knows_nothing_of_what_came_later(run: Evidence) -> None:
    rows = (*snapshots()[:6], *snapshots(vendi=1.2)[6:])
    collapsed = replace(run, snapshots=rows)
    assert diagnose(collapsed.until(600)).name == "healthy"
    assert collapsed.until(600).last_step == 600
