"""An experiment, whole."""

from __future__ import annotations

from ganlab.config.experiment import Experiment
from ganlab.config.rules import problems


def test_the_defaults_can_be_run() -> None:
    assert problems(Experiment()) == []
