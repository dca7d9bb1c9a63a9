"""One thread a test process: the suite runs two of them side by side on two cores."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from ganlab.config.experiment import Experiment
from ganlab.config.load import experiment_from_mapping

torch.set_num_threads(1)

# No pages unless a test asks for them: each takes half a second.
POINTS: dict[str, Any] = {
    "name": "toy_points",
    "data": {"name": "ring", "points": 2000},
    "latent": {"dim": 4},
    "generator": {"name": "mlp", "width": 16, "depth": 1, "norm": "batch"},
    "discriminator": {"name": "mlp", "width": 16, "depth": 1},
    "training": {"steps": 20, "batch_size": 16},
    "monitor": {"snapshot_every": 10, "snapshot_samples": 64, "checkpoint_every": 5, "page": False},
}
IMAGES: dict[str, Any] = {
    "name": "toy_images",
    "data": {"name": "mnist", "classes": [8], "fraction": 0.05},
    "latent": {"dim": 8},
    "generator": {"name": "dcgan", "width": 4},
    "discriminator": {"name": "dcgan", "width": 4},
    "training": {"steps": 6, "batch_size": 8},
    "monitor": {"snapshot_every": 3, "snapshot_samples": 32, "checkpoint_every": 3, "page": False},
}

SGD = "{name: sgd, lr: 100.0, momentum: 0.9}"
DIVERGES = (
    "name=wild",
    "training.device=cpu",
    "loss=wasserstein",
    f"optimizer={{generator: {SGD}, discriminator: {SGD}}}",
)
"""Settings with which `points` diverges within ten steps: enormous rates of plain descent under a Wasserstein loss."""

Toy = Callable[..., Experiment]


@pytest.fixture(scope="session")
def points() -> Toy:
    """Make a 2-D experiment of milliseconds; arguments are overrides such as `training.steps=5`."""
    return lambda *overrides: experiment_from_mapping(POINTS, overrides)


@pytest.fixture(scope="session")
def images() -> Toy:
    """Make an image experiment of a second; arguments are overrides."""
    return lambda *overrides: experiment_from_mapping(IMAGES, overrides)


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the user's cache of data sets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANLAB_CACHE", str(tmp_path_factory.getbasetemp() / "ganlab-cache"))
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how closely the golden tests compared: it depends on the machine."""
    said = {
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        for key, value in getattr(report, "user_properties", ())
        if key == "golden"
    }
    for line in sorted(said):
        terminalreporter.write_line(f"golden tests compared {line}")
