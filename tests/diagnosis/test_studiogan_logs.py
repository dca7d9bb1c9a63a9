"""Real logs of published runs, read in place; skipped where they are not there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ganlab.diagnosis.calibration import UNCALIBRATED
from ganlab.diagnosis.early import SHARE
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.verdicts import INCONCLUSIVE, accuses

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "studiogan"
LOGS = sorted(FOLDER.glob("*.log"))
CUTS = (0.25, 0.5, 0.75)

pytestmark = pytest.mark.skipif(not LOGS, reason="the logs are not on this machine")


def truth(evidence: Evidence) -> str:
    """What the FID curve says: never learned, degraded to 1.5 times its own best, or healthy."""
    fid = evidence.quality["fid"].values
    fid = fid[np.isfinite(fid)]
    if fid.min() > 150 and np.nanmax(evidence.quality["inception_score"].values) < 2.7:
        return "never_learned"
    return "degraded" if fid[-1] >= 1.5 * fid.min() else "healthy"


def begun(evidence: Evidence) -> bool:
    """Whether a run has only begun: a log of a run that was stopped early, cut again."""
    return evidence.planned is not None and evidence.last_step < SHARE * evidence.planned


@pytest.fixture(scope="module")
def runs() -> list[Evidence]:
    return [read(path, ReadOptions()) for path in LOGS]


def still_falls(evidence: Evidence) -> bool:
    """Whether FID is best at the end, and well below what it was halfway."""
    fid = evidence.quality["fid"].values
    return bool(fid[-1] == np.nanmin(fid) and fid[-1] < 0.7 * fid[len(fid) // 2])


def is_dead(evidence: Evidence) -> bool:
    """Whether the critic told reals from fakes by no more than rounding, all over the last third."""
    gap = evidence.curves["d_loss"].values
    return evidence.family == "wasserstein" and bool(np.abs(gap[-(len(gap) // 3) :]).max() < 1e-6)


def is_right(evidence: Evidence) -> bool:
    """Whether the verdict is what the FID curve says, or says more where that is true.

    More is that FID still falls, and why nothing is learned.
    """
    known, verdict = truth(evidence), diagnose(evidence)
    if verdict.name == "under_trained":
        return known == "healthy" and still_falls(evidence)
    if verdict.name == "convergence_failure/frozen":
        return known == "never_learned" and is_dead(evidence)
    return verdict.failure == known


def test_whole_logs_get_the_name_that_their_fid_gives_them(runs: list[Evidence]) -> None:
    right = list(map(is_right, runs))
    print(f"{sum(right)} of {len(right)} whole logs")
    assert sum(right) >= len(right) - 1


def test_prefixes_get_the_name_of_the_prefix(runs: list[Evidence]) -> None:
    cut = [run.until(int(share * run.last_step)) for run in runs for share in CUTS]
    right = [diagnose(run).failure == INCONCLUSIVE if begun(run) else is_right(run) for run in cut]
    print(f"{sum(right)} of {len(right)} prefixes, {sum(map(begun, cut))} of them too early to tell")
    assert sum(right) >= 31 / 32 * len(right)
    assert not any(truth(run) == "healthy" and accuses(diagnose(run).name) for run in cut if not begun(run))


def test_a_run_that_degraded_did_so_after_its_best(runs: list[Evidence]) -> None:
    for run in runs:
        verdict = diagnose(run)
        if verdict.failure == "degraded":
            fid = run.quality["fid"]
            assert verdict.onset_step is not None
            assert verdict.onset_step > int(fid.steps[int(np.nanargmin(fid.values))])


def test_losses_alone_decide_little_and_accuse_no_healthy_run(runs: list[Evidence]) -> None:
    blind = [(truth(run), diagnose(replace(run, quality={}))) for run in runs]
    decided = [(known, verdict) for known, verdict in blind if verdict.failure != "inconclusive"]
    print(f"{len(decided)} of {len(blind)} decided by losses only: {[verdict.name for _, verdict in decided]}")
    assert all(known != "healthy" for known, _ in decided)
    assert all(verdict.confidence <= UNCALIBRATED for _, verdict in decided)
