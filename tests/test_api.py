from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import ganlab
from ganlab.errors import ConfigError, RunError


def test_train_and_load(points: Any, tmp_path: Path) -> None:
    run = ganlab.train(points(), ["training.steps=4"], runs_dir=tmp_path)
    again = ganlab.load_run(run.path)
    assert again.status["status"] == "finished"
    assert again.history["step"].tolist() == [1, 2, 3, 4]
    assert again.snapshots[-1]["step"] == 4
    assert again.experiment == points("training.steps=4")
    samples = again.generator()(torch.zeros(3, 4))
    assert samples.shape == (3, 2)
    assert np.isfinite(samples.numpy()).all()
    with pytest.raises(RunError, match="no checkpoint of step 2"):
        again.generator(2)


def test_a_mapping_and_a_shipped_name_train_too(points: Any, tmp_path: Path) -> None:
    values = points("training.steps=2").model_dump(mode="json")
    assert ganlab.train(values, runs_dir=tmp_path).status["step"] == 2
    run = ganlab.train("ring", ["training.steps=2", "monitor.snapshot_samples=50"], runs_dir=tmp_path)
    assert run.status["step"] == 2
    with pytest.raises(ConfigError):
        ganlab.train({"seed": -1}, runs_dir=tmp_path)


def test_reading_a_run_needs_no_torch(points: Any, tmp_path: Path) -> None:
    run = ganlab.train(points("training.steps=2"), runs_dir=tmp_path)
    code = (
        f"import sys, ganlab\nrun = ganlab.load_run({str(run.path)!r})\n"
        "run.history, run.snapshots, run.status, run.experiment\nassert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
