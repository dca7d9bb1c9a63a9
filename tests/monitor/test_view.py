from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from ganlab.api import train
from ganlab.monitor.view import LoggingView


def test_readings_are_logged_with_the_name_of_the_run(
    points: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "ganlab"):
        run = train(points(), runs_dir=tmp_path, views=[LoggingView()])
    readings = [record.message for record in caplog.records if "reads as" in record.message]
    assert readings
    assert all(each.startswith(f"{run.path.name}: step ") for each in readings)
