"""Observers of a run that goes on: a live display, logs, TensorBoard."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from ganlab.diagnosis.verdict import Verdict
from ganlab.errors import ConfigError
from ganlab.runs.directory import RunDirectory
from ganlab.text import described, one_line, short


class View:
    """Observer of a run, called by the training process between steps; every method of this base class does nothing."""

    def begin(self, run: RunDirectory, first_step: int, steps: int | None) -> None:
        """Steps `first_step` to `steps` are about to be trained; `steps` is None if it is not known."""

    def preparing(self, text: str, seconds: float) -> None:
        """What the real samples give is being computed, before it is needed first.

        Args:
            text: what, how much of it is done, and the seconds left; empty when all is done.
            seconds: that it has taken so far.
        """

    def progress(self, rows: Sequence[dict[str, float]]) -> None:
        """These rows were appended to history.csv, in order; each has its `step`."""

    def picture(self, step: int, pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
        """A snapshot made this picture, uint8 of shape (height, width, 3)."""

    def reading(self, verdict: Verdict) -> None:
        """A snapshot was judged: this is the verdict on the evidence so far."""

    def note(self, text: str) -> None:
        """Something worth knowing happened; it is in log.txt too."""

    def warn(self, text: str) -> None:
        """Something to look into happened; it is in log.txt too."""

    def end(self) -> None:
        """No more steps will come."""


def checked_views(views: Sequence[View]) -> Sequence[View]:
    """Return the views.

    Raises:
        ConfigError: they are no list or tuple of views.
    """
    if not isinstance(views, (list, tuple)) or not all(isinstance(view, View) for view in views):
        raise ConfigError(f"views is {short(repr(views))}", "give a list of objects of ganlab.monitor.view.View")
    return views


class LoggingView(View):
    """Passes messages to Python's logging, to the logger `ganlab`.

    Warnings go to standard error unless the program configured logging; what the monitor does is information, which
    is shown after `logging.basicConfig(level=logging.INFO)`.
    """

    def __init__(self) -> None:
        self.logger = logging.getLogger("ganlab")
        self.told = False
        self.run = ""

    def preparing(self, text: str, seconds: float) -> None:
        """Log it as information, once, if it takes more than a second."""
        if text and not self.told and seconds > 1:
            self.logger.info("%s", text)
        self.told = bool(text) and seconds > 1

    def begin(self, run: RunDirectory, first_step: int, steps: int | None) -> None:
        """Log where the run is written."""
        self.run = run.path.name
        self.note(f"the run is recorded in {run.path}")

    def reading(self, verdict: Verdict) -> None:
        """Log what the run reads as."""
        self.note(f"{self.run}: step {verdict.steps[1]:,} reads as {verdict.name}: {verdict.summary}")

    def note(self, text: str) -> None:
        """Log it as information."""
        self.logger.info("%s", text)

    def warn(self, text: str) -> None:
        """Log it as a warning."""
        self.logger.warning("%s", text)


def log_failure(run: RunDirectory, error: Exception) -> None:
    """Log that a run could not be finished while another error leaves the loop: the user needs to see that one."""
    LoggingView().warn(f"{run.path.name} could not be finished: {one_line(described(error))}")
