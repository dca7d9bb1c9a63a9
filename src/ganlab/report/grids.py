"""The picture of samples that a run took last."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ganlab.errors import RunError
from ganlab.plots.grids import Pixels
from ganlab.runs.directory import RunDirectory

LARGEST = 4096
"""Pixels of a side at most: ten samples of 256 x 256 fill 2,582."""


def last_grid(run: RunDirectory) -> tuple[int, Pixels] | None:
    """Return the step and the picture, uint8 (H, W, 3), of the last samples; None if the run has none.

    Raises:
        RunError: as for `read_picture`.
    """
    grids = run.grids()
    return (grids[-1][0], read_picture(grids[-1][1])) if grids else None


def read_picture(path: Path) -> Pixels:
    """Read a picture of ours: uint8 (H, W, 3).

    Raises:
        RunError: the file is no picture, or too large for one of ours.
    """
    try:
        with Image.open(path) as picture:
            if max(picture.size) > LARGEST:
                raise RunError(f"{path} has {picture.size[0]} x {picture.size[1]} pixels", "restore the file")
            return np.asarray(picture.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise RunError(f"{path} cannot be read as a picture: {error}", "restore the file, or remove it") from error
