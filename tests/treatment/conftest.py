"""A run that diverges within ten steps: enormous learning rates of plain gradient descent under a Wasserstein loss."""

from __future__ import annotations

from typing import Any

import pytest

from ganlab.runs.directory import RunDirectory
from ganlab.training import session
from tests.conftest import DIVERGES


@pytest.fixture(scope="session")
def wild(points: Any, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    return session.start(points(*DIVERGES, "training.steps=40"), tmp_path_factory.mktemp("runs"))
