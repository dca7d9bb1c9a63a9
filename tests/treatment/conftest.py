"""A run that diverges within ten steps: enormous learning rates of plain gradient descent under a Wasserstein loss."""

from __future__ import annotations

from typing import Any

import pytest

from ganlab.runs.directory import RunDirectory
from ganlab.training import session

SGD = "{name: sgd, lr: 100.0, momentum: 0.9}"
DIVERGES = (
    "name=wild",
    "training.device=cpu",
    "training.steps=40",
    "loss=wasserstein",
    f"optimizer={{generator: {SGD}, discriminator: {SGD}}}",
)


@pytest.fixture(scope="session")
def wild(points: Any, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    return session.start(points(*DIVERGES), tmp_path_factory.mktemp("runs"))
