"""A callback for Keras 3, on any backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras.callbacks import Callback

from ganlab.callbacks.watch import Watching


class MonitorCallback(Watching, Callback):  # type: ignore[misc]
    """Watches a GAN that `model.fit` trains; a step is a batch. The arguments are those of `Watch`.

    What `train_step` returns (`{"d_loss": ..., "g_loss": ...}`) becomes a row of the run's history.
    """

    before, begun = 0, False

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Wait for the first epoch: it says which one training goes on with."""
        self.begun = False

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Make the run at the first epoch."""
        steps, epochs = self.params.get("steps"), self.params.get("epochs")
        if not self.begun:
            self.before = epoch * steps if steps else 0
            self.watch.begin(self.model, self.before, epochs * steps if steps and epochs else None)
            self.begun = True
        self.before = self.watch.step

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Log a step; `batch` is counted from 0 in its epoch."""
        self.watch.take(self.model, self.before + batch + 1, logs or {})

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """End the run."""
        self.watch.end(model=self.model)
