"""TensorBoard event files, for those who compare runs there."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from ganlab.errors import ConfigError
from ganlab.monitor.view import View
from ganlab.runs.directory import RunDirectory


def require_tensorboard() -> None:
    """Raise ConfigError unless the extra is installed."""
    if find_spec("tensorboard") is None:
        raise ConfigError(
            "monitor.tensorboard is true, but the tensorboard package is not installed",
            'pip install "ganlab-diagnose[tensorboard]", or set monitor.tensorboard to false',
        )


class EventFiles(View):
    """Writes every history row as scalars and every grid as an image, under `<run>/tensorboard`."""

    def begin(self, run: RunDirectory, first_step: int, steps: int | None) -> None:
        """Open a new event file; events of steps that are trained again are purged."""
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(run.path / "tensorboard"), purge_step=first_step)

    def progress(self, rows: Sequence[dict[str, float]]) -> None:
        """Write each column of each row."""
        for row in rows:
            for name, value in row.items():
                if name not in ("step", "time"):
                    self.writer.add_scalar(name, value, int(row["step"]))

    def picture(self, step: int, pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
        """Write the snapshot's grid."""
        self.writer.add_image("samples", pixels, step, dataformats="HWC")

    def end(self) -> None:
        """Close the file."""
        self.writer.close()
