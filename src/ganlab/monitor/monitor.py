"""The one way into a run directory while it is being made: rows, notes, and what watching costs."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

import torch
from torch import Tensor

from ganlab.monitor.view import View
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import STANDARD_COLUMNS, append_rows, append_text, sync_file

BLOCK = 256
"""Rows kept on the device before they are written."""

FLUSH_SECONDS = 1.0
"""Rows are written at least this often, so that a slow run can be followed."""


class NonFinite(Exception):
    """A column of history.csv holds NaN or Inf.

    Attributes:
        step: first step at which one does.
        column: its name.
    """

    def __init__(self, step: int, column: str) -> None:
        super().__init__(f"{column} at step {step}")
        self.step = step
        self.column = column


class Monitor:
    """Takes a row a step and writes them in blocks, so that no step waits for the device.

    Args:
        run: where to write.
        views: who watches.
        elapsed: seconds that earlier sessions of the same run took, for the column `time`.
        unchecked: columns that may be Inf without anything being wrong (gradients under float16 scaling).
    """

    def __init__(
        self, run: RunDirectory, views: Sequence[View], elapsed: float = 0.0, unchecked: Sequence[str] = ()
    ) -> None:
        self.run = run
        self.views = views
        self.unchecked = set(unchecked)
        self.begun = time.perf_counter() - elapsed
        self.seconds = {"watching": 0.0, "saving": 0.0}
        self.columns: list[str] = []
        self.on_device: list[str] = []
        self.block: Tensor | None = None
        self.host_rows: list[dict[str, float]] = []
        self.last_flush = time.perf_counter()

    @property
    def elapsed(self) -> float:
        """Seconds since the run began, earlier sessions included."""
        return time.perf_counter() - self.begun

    @contextmanager
    def spending(self, purpose: str) -> Iterator[None]:
        """Count the time inside as spent on `watching` or on `saving` rather than on training."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[purpose] += time.perf_counter() - start

    def record(self, step: int, on_device: Mapping[str, Tensor | None], on_host: Mapping[str, float]) -> None:
        """Take one step's row; it is written at the next flush.

        Args:
            step: the training step, from 1.
            on_device: columns as tensors of shape (); None for a column that this loss does not have.
            on_host: columns known without asking the device.
        """
        present = {name: value for name, value in on_device.items() if value is not None}
        if self.block is None:
            names = {"step", "time", *on_device, *on_host}
            self.columns = [name for name in STANDARD_COLUMNS if name in names]
            self.columns += [name for name in on_device if name not in STANDARD_COLUMNS]
            self.on_device = list(present)
            first = next(iter(present.values()))
            self.block = torch.empty(BLOCK, len(present), device=first.device)
        self.block[len(self.host_rows)] = torch.stack([value.detach() for value in present.values()])
        self.host_rows.append({"step": float(step), "time": self.elapsed, **on_host})
        if len(self.host_rows) == BLOCK or time.perf_counter() - self.last_flush > FLUSH_SECONDS:
            self.flush()

    def flush(self, sync: bool = False) -> None:
        """Write the rows taken so far.

        Args:
            sync: also wait until the disk has them, as a checkpoint must.

        Raises:
            NonFinite: a row holds NaN or Inf. The rows are written all the same.
        """
        if self.block is not None and self.host_rows:
            table = self.block[: len(self.host_rows)].tolist()
            rows = [
                {**host, **dict(zip(self.on_device, values, strict=True))}
                for host, values in zip(self.host_rows, table, strict=True)
            ]
            self.host_rows = []
            append_rows(self.run.history, self.columns, [[row.get(name) for name in self.columns] for row in rows])
            for view in self.views:
                view.progress(rows)
            for row in rows:
                for name, value in row.items():
                    if not math.isfinite(value) and name not in self.unchecked:
                        raise NonFinite(int(row["step"]), name)
        if sync:
            sync_file(self.run.history)
            sync_file(self.run.snapshots)
        self.last_flush = time.perf_counter()

    def note(self, text: str) -> None:
        """Write a line to log.txt and show it."""
        self._log(text)
        for view in self.views:
            view.note(text)

    def warn(self, text: str) -> None:
        """Write a warning to log.txt and show it."""
        self._log(f"warning: {text}")
        for view in self.views:
            view.warn(text)

    def _log(self, text: str) -> None:
        # One line a message: a newline or an escape in user text must not forge another.
        safe = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
        append_text(self.run.log, f"{datetime.now().astimezone().isoformat(timespec='seconds')} {safe}\n")
