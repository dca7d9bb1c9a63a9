from __future__ import annotations

import numpy as np

from ganlab.diagnosis.evidence import Evidence
from tests.diagnosis.made_up import LOSSES, rows, series


class TestCurve:
    def test_looks_in_curves_quality_and_snapshots(self) -> None:
        evidence = Evidence("x", LOSSES, rows(coverage=[0.1, None, 0.3]), {"fid": series(30.0)})
        assert evidence.curve("d_loss") is LOSSES["d_loss"]
        assert evidence.curve("fid") is evidence.quality["fid"]
        coverage = evidence.curve("coverage")
        assert coverage is not None
        assert coverage.steps.tolist() == [0, 200]
        assert coverage.values.tolist() == [0.1, 0.3]

    def test_no_curve_without_a_finite_value(self) -> None:
        evidence = Evidence("x", {"d_loss": series(np.nan)}, rows(coverage=[None, None]))
        assert evidence.curve("d_loss") is None
        assert evidence.curve("coverage") is None
        assert evidence.curve("vendi") is None
