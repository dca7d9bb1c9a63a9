"""Pictures that change with the step: what can be read is shown, and what cannot is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ganlab.plots.landscape import CELLS, Landscape
from ganlab.report.moving import landscape
from ganlab.runs.directory import RunDirectory


def test_a_damaged_landscape_costs_no_other(tmp_path: Path) -> None:
    run, points = RunDirectory(tmp_path), np.zeros((3, 2), np.float32)
    run.snapshot_folder.mkdir()
    for step in (0, 10, 20):
        Landscape(
            scores=np.zeros((CELLS, CELLS), np.float32),
            extent=np.array([-1, 1, -1, 1], np.float32),
            points=points,
            push=points,
            real=points,
            level=0.0,
            divides=True,
            logits=True,
            pack=1,
            classes=0,
        ).write(run.landscape_file(step))
    run.landscape_file(10).write_bytes(b"damaged")
    gaps: list[str] = []
    found = landscape(run, [0, 10, 20], [], 500_000, gaps)
    assert found is not None
    assert list(found.addresses) == [0, 20]
    assert len(gaps) == 1
    assert run.landscape_file(10).name in gaps[0]
