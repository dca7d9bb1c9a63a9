"""What somebody sees while a run goes on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from ganlab.diagnosis.verdict import Verdict
from ganlab.runs.directory import RunDirectory


class View:
    """Somebody who watches a run, called from the training process between steps. This one sees nothing."""

    def begin(self, run: RunDirectory, first_step: int, steps: int | None) -> None:
        """Steps `first_step` to `steps` are about to be trained; None where nobody said how many."""

    def progress(self, rows: Sequence[dict[str, float]]) -> None:
        """These rows were appended to history.csv, in order; each has its `step`."""

    def picture(self, step: int, pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
        """A snapshot made this picture, uint8 of shape (height, width, 3)."""

    def reading(self, verdict: Verdict) -> None:
        """A snapshot was judged: this is what the evidence so far tells."""

    def note(self, text: str) -> None:
        """Something worth knowing happened; it stands in log.txt too."""

    def warn(self, text: str) -> None:
        """Something to look at happened; it stands in log.txt too."""

    def end(self) -> None:
        """No more steps will come."""


class LoggingView(View):
    """Tells Python's logging: warnings on standard error, unless the program has set logging up otherwise."""

    def __init__(self) -> None:
        self.logger = logging.getLogger("ganlab")

    def note(self, text: str) -> None:
        """Log it as information."""
        self.logger.info("%s", text)

    def warn(self, text: str) -> None:
        """Log it as a warning."""
        self.logger.warning("%s", text)
