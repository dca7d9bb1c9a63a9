"""What somebody sees while a run goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ganlab.runs.directory import RunDirectory


class View:
    """Somebody who watches a run, called from the training process between steps. This one sees nothing."""

    def begin(self, run: RunDirectory, first_step: int, steps: int) -> None:
        """Steps `first_step` to `steps` are about to be trained."""

    def progress(self, rows: Sequence[dict[str, float]]) -> None:
        """These rows were appended to history.csv, in order; each has its `step`."""

    def picture(self, step: int, pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
        """A snapshot made this picture, uint8 of shape (height, width, 3)."""

    def note(self, text: str) -> None:
        """Something worth knowing happened; it stands in log.txt too."""

    def warn(self, text: str) -> None:
        """Something to look at happened; it stands in log.txt too."""

    def end(self) -> None:
        """No more steps will come."""
