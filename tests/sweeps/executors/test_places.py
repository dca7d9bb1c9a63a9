from __future__ import annotations

from pathlib import Path

import pytest

from ganlab.sweeps.executors.local import LocalExecutor, cores
from ganlab.sweeps.executors.places import Resources, make_executor
from ganlab.sweeps.folder import SweepFolder


def test_runs_are_trained_here_unless_somebody_says_otherwise(tmp_path: Path) -> None:
    executor = make_executor(Resources(workers=3), SweepFolder(tmp_path))
    assert isinstance(executor, LocalExecutor)
    assert executor.slots == 3


def test_one_worker_a_core_or_one_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,2")
    assert Resources().width == 2
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert Resources().width == cores()
    assert Resources(workers=5).width == 5
