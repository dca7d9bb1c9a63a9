"""The programs in docs/monitor.md, run at toy size: one on MNIST, the others on a folder of colour pictures."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torchvision.datasets
from PIL import Image

from ganlab.config.data import MnistOptions
from ganlab.data import load
from ganlab.runs.directory import RunDirectory, list_runs
from ganlab.runs.history import read_history
from ganlab.runs.snapshots import read_snapshots

DOCUMENT = Path(__file__).parents[2] / "docs" / "monitor.md"

os.environ.setdefault("KERAS_BACKEND", "torch")


def run_example(heading: str, sizes: str, smaller: str, folder: Path) -> RunDirectory:
    """Run the program below a heading with smaller numbers, and return its run."""
    _, section = DOCUMENT.read_text().split(f"## {heading}\n")
    code = re.findall(r"```python\n(.*?)```", section, re.DOTALL)[0]
    assert sizes in code
    torch.manual_seed(0)
    # Classes look for the module that they are from.
    exec(compile(code.replace(sizes, smaller), str(DOCUMENT), "exec"), {"__name__": "__main__"})
    (run,) = list_runs(folder / "runs")
    return run


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with discs of two colours, a folder each, of sizes that differ; it is the current one's `pictures`."""
    source = np.random.default_rng(0)
    for name, colour in (("red", (220, 40, 40)), ("teal", (30, 160, 160))):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for number in range(20):
            side = 20 + number % 3
            rows, columns = np.mgrid[:side, :side]
            centre, radius = source.uniform(6, side - 6, 2), source.uniform(3, 6)
            disc = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2
            image = np.where(disc[..., None], colour, 255 - 3 * number)
            Image.fromarray(image.astype(np.uint8)).save(tmp_path / "pictures" / name / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_documented_loop_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    code = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)[0]
    assert {line.strip() for line in code.splitlines() if "ganlab" in line} == {
        "import ganlab",
        'with ganlab.Monitor("plain_gan", real="mnist", loss="non_saturating", steps=STEPS) as monitor:',
    }
    # The same images as the download's, which tests do without.
    embedded = load(MnistOptions(), 1).train.values[:, 0]
    monkeypatch.setattr(torchvision.datasets, "MNIST", lambda *_, **__: SimpleNamespace(data=embedded))
    monkeypatch.chdir(tmp_path)
    run = run_example("A complete example", "EVERY = 3000, 64, 64, 100", "EVERY = 40, 64, 64, 10", tmp_path)
    history, rows = read_history(run.history), read_snapshots(run.snapshots)
    assert history["step"].tolist() == list(range(1, history["step"].size + 1))
    assert history["g_loss"].size >= 30
    assert all((column == column).all() for column in history.values())
    assert rows[0]["n"] == 1000
    assert len(rows[0]["class_counts"]) == 10
    assert run.status().made_by == "ganlab.Monitor"
    assert capsys.readouterr().out.count(" - ") == 1


def test_the_documented_conditional_loop_runs(pictures: Path, capsys: Any) -> None:
    sizes, smaller = "SIZE = 3000, 64, 64, 100, 32", "SIZE = 12, 8, 8, 6, 16"
    run = run_example("A conditional GAN on your own images", sizes, smaller, pictures)
    assert read_history(run.history)["step"].size == 12
    rows = read_snapshots(run.snapshots)
    assert [(row.step, row["n"], row["asked"]) for row in rows] == [(6, 500, "classes"), (12, 500, "classes")]
    assert run.path.name in capsys.readouterr().out


@pytest.mark.parametrize("library", ["Lightning", "Keras"])
def test_the_documented_callback_runs(library: str, pictures: Path, capsys: Any) -> None:
    sizes, smaller = "SIZE = 50, 64, 64, 100, 32", "SIZE = 3, 8, 8, 10, 16"
    run = run_example(library, sizes, smaller, pictures)
    history = read_history(run.history)
    assert history["step"].tolist() == list(range(1, 16))  # 3 epochs of 40 pictures in batches of 8
    assert np.isfinite(history["d_loss"]).all()
    assert history["g_loss"][0] != history["g_loss"][-1]
    assert [(row.step, row["n"]) for row in read_snapshots(run.snapshots)] == [(0, 500), (10, 500), (15, 500)]
    assert (run.status().status, run.status().steps, run.status().loss) == ("finished", 15, "non_saturating")
    assert run.status().name.startswith(library.lower())
    assert run.path.name in capsys.readouterr().out
