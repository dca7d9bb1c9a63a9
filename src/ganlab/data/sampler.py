"""The order of real batches, a function of (seed, batch number): no state to save, any batch at once."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ganlab.randomness import seeded_generator


class Sampler:
    """Which samples each real batch holds.

    `epochs`: one random permutation an epoch, laid end to end and cut into batches; every sample is seen once an
    epoch, and a batch may take its last samples from the next epoch. `with_replacement`: each batch on its own,
    uniformly.

    Args:
        size: number of training samples, at least `batch_size`.
        batch_size: samples a batch.
        sampling: how batches are drawn.
        seed: the run's seed.
    """

    def __init__(self, size: int, batch_size: int, sampling: Literal["epochs", "with_replacement"], seed: int) -> None:
        if not 1 <= batch_size <= size:
            raise ValueError(f"a batch of {batch_size} cannot be drawn from {size} samples")
        self.size = size
        self.batch_size = batch_size
        self.sampling = sampling
        self.seed = seed
        self._epoch = -1
        self._order = torch.empty(0, dtype=torch.int64)

    def indices(self, batch: int) -> Tensor:
        """Return the sample numbers, int64 (batch_size,), of a batch, counted from 0 since the start of the run.

        The tensor may share memory with later ones: read it, do not write to it.
        """
        if self.sampling == "with_replacement":
            return torch.randint(self.size, (self.batch_size,), generator=seeded_generator(self.seed, "batch", batch))
        epoch, start = divmod(batch * self.batch_size, self.size)
        head = self._permutation(epoch)[start : start + self.batch_size]
        missing = self.batch_size - head.shape[0]
        return torch.cat([head, self._permutation(epoch + 1)[:missing]]) if missing else head

    def _permutation(self, epoch: int) -> Tensor:
        """Return the epoch's order; only the last one asked for is kept, since epochs are walked in turn."""
        if epoch != self._epoch:
            self._order = torch.randperm(self.size, generator=seeded_generator(self.seed, "epoch", epoch))
            self._epoch = epoch
        return self._order
