"""Runs of which only the FID that their own code printed is known, and what steered them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.verdict import Verdict
from ganlab.verdicts import accuses

STEPS = np.arange(0, 5000, 50, dtype=np.int64)


def judged(*fid: float, augment: object = None) -> Verdict:
    at = np.linspace(0, STEPS[-1], len(fid)).astype(np.int64)
    quality = {"fid": Series(at, np.array(fid))} if fid else {}
    strength = None if augment is None else np.broadcast_to(np.asarray(augment, dtype=np.float64), len(STEPS))
    controls = {} if strength is None else {"augment": Series(STEPS, strength.copy())}
    losses = {"d_loss": Series(STEPS, 1 + 0.1 * np.random.default_rng(0).normal(size=len(STEPS)))}
    return diagnose(Evidence("log", curves=losses, quality=quality, controls=controls, family="cross_entropy"))


@pytest.mark.parametrize(
    ("fid", "name"),
    [
        ((300, 60, 40, 31, 30, 29, 30, 31), "healthy"),
        ((306, 178, 82, 52, 38), "under_trained"),
        ((300, 250, 200, 150, 110, 80, 60, 40), "under_trained"),
        ((300, 60, 40, 31, 30, 35, 39, 40), "inconclusive"),  # worse than its best, but not by half
        ((300, 60, 40, 31, 30, 40, 50, 60), "degraded"),
        ((420, 330, 260, 200), "under_trained"),
        ((420, 330, 260), "inconclusive"),
        ((300, 310, 305, 302, 299, 301, 303, 304), "never_learned"),
    ],
)
def test_the_course_of_the_fid_is_named(fid: tuple[float, ...], name: str) -> None:
    assert judged(*fid).name == name


@pytest.mark.parametrize(
    ("d_loss", "g_loss"), [(1e-4, 9.0), (1e-4, 1e-3), (3.0, 1e-3), (500.0, 1.0), (30.0, 30.0), (1.386, 0.693)]
)
def test_no_level_accuses_a_run_whose_fid_is_good_or_falls(d_loss: float, g_loss: float) -> None:
    """Each of these is a failure of cross-entropy without FID."""
    rng = np.random.default_rng(0)
    noise = 0.0 if d_loss == 1.386 else 0.05
    curves = {
        name: Series(STEPS, np.where(STEPS < 1000, 1.0, level) * (1 + noise * rng.normal(size=len(STEPS))))
        for name, level in (("d_loss", d_loss), ("g_loss", g_loss))
    }
    run = Evidence("log", curves=curves, family="cross_entropy")

    def name(*fid: float) -> str:
        at = np.linspace(0, STEPS[-1], len(fid)).astype(np.int64)
        return diagnose(replace(run, quality={"fid": Series(at, np.array(fid))})).name

    known = diagnose(run).name
    assert accuses(known)
    assert name(60, 42, 41, 40.5, 40, 41, 40) == "healthy"
    assert name(300, 310, 305, 303, 302, 301, 303) == known


def test_augmentation_beyond_its_range_is_an_overfit_discriminator() -> None:
    rising = np.linspace(0.4, 1.7, 100)
    verdict = judged(58, 60, 65, 70, 72, 75, 77, 78, augment=rising)
    assert verdict.name == "discriminator_overfit"
    assert verdict.onset_step == pytest.approx(STEPS[31], abs=100)
    assert judged(augment=rising).name == "discriminator_overfit"
    full = np.minimum(1, rising)
    assert judged(58, 40, 42, 45, 50, 55, 60, 65, augment=full).name == "discriminator_overfit"


@pytest.mark.parametrize(
    ("fid", "augment"),
    [
        ((20, 12, 10, 9, 8.5, 8.6), np.minimum(1, np.linspace(0, 2, 100))),  # good at full strength
        ((20, 12, 10, 11, 12, 12.5), np.minimum(1, np.linspace(0, 2, 100))),  # worse, and not by enough
        ((), np.minimum(1, np.linspace(0, 2, 100))),  # nothing is known of the samples
        ((58, 60, 65, 70, 72, 78), 0.9),  # set by hand
        ((58, 60, 65, 70, 72, 78), np.linspace(0, 0.7, 100)),
        ((58, 60, 65, 70, 72, 78), np.where(STEPS < 3000, 0.9, 0.5)),
    ],
)
def test_augmentation_alone_accuses_nobody(fid: tuple[float, ...], augment: object) -> None:
    assert "discriminator_overfit" not in str(judged(*fid, augment=augment).as_json())
