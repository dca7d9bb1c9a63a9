"""The example of docs/monitor.md, run at toy size."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torchvision.datasets

from ganlab.config.data import MnistOptions
from ganlab.data import load
from ganlab.runs.directory import list_runs
from ganlab.runs.history import read_history
from ganlab.runs.snapshots import read_snapshots

DOCUMENT = Path(__file__).parents[2] / "docs" / "monitor.md"


def test_the_documented_loop_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    small = code.replace(
        "STEPS, BATCH, LATENT, EVERY = 3000, 64, 64, 100", "STEPS, BATCH, LATENT, EVERY = 40, 64, 64, 10"
    )
    assert small != code
    assert {line.strip() for line in code.splitlines() if "ganlab" in line} == {
        "import ganlab",
        'with ganlab.Monitor("plain_gan", real="mnist", loss="non_saturating", steps=STEPS) as monitor:',
    }
    # The same images as the download's, which tests do without.
    embedded = load(MnistOptions(), 1).train.values[:, 0]
    monkeypatch.setattr(torchvision.datasets, "MNIST", lambda *_, **__: SimpleNamespace(data=embedded))
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    exec(compile(small, str(DOCUMENT), "exec"), {"__name__": "example"})
    (run,) = list_runs(tmp_path / "runs")
    history, rows = read_history(run.history), read_snapshots(run.snapshots)
    assert history["step"].tolist() == list(range(1, history["step"].size + 1))
    assert history["g_loss"].size >= 30
    assert all((column == column).all() for column in history.values())
    assert rows[0]["n"] == 1000
    assert len(rows[0]["class_counts"]) == 10
    assert run.status().made_by == "ganlab.Monitor"
    assert capsys.readouterr().out.count(" - ") == 1
