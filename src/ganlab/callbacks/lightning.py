"""A callback for Lightning: `lightning` or `pytorch_lightning`, whichever the program uses."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganlab.callbacks.watch import Watching
from ganlab.monitor.recorder import ending

if TYPE_CHECKING or "lightning.pytorch" in sys.modules or "pytorch_lightning" not in sys.modules:
    from lightning.pytorch import Callback, LightningModule, Trainer
else:
    from pytorch_lightning import Callback, LightningModule, Trainer


class MonitorCallback(Watching, Callback):  # type: ignore[misc]
    """Watches a GAN that a Lightning trainer trains; a step is a batch. The arguments are those of `Watch`.

    What the module logs (`self.log("d_loss", d_loss)`) becomes a column of the run's history. In a distributed training
    every process makes the samples, and the one of rank 0 writes the run.
    """

    seen: Mapping[str, Any] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Make the run."""
        planned = (trainer.max_epochs or -1) * trainer.num_training_batches
        known = trainer.max_steps == -1 and 0 < planned < math.inf
        done = trainer.fit_loop.total_batch_idx + 1
        self.watch.begin(pl_module, done, int(planned) if known else None, writes=trainer.is_global_zero)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *batch: Any) -> None:
        """Log what the module logged in this step: what it logged before stays there as the same object."""
        seen, self.seen = self.seen, dict(trainer.callback_metrics)
        fresh = {name: value for name, value in self.seen.items() if value is not seen.get(name)}
        self.watch.take(pl_module, trainer.fit_loop.total_batch_idx + 1, fresh)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End the run."""
        self.watch.end(model=pl_module)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """End the run as failed or interrupted."""
        self.watch.end(*ending(exception))
