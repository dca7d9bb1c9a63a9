"""Real batches on the device: the order is the sampler's, the bytes stay uint8 until a batch needs them."""

from __future__ import annotations

import torch

from ganlab.config.experiment import Experiment
from ganlab.data import Samples, to_float
from ganlab.data.sampler import Sampler
from ganlab.domain import Images
from ganlab.games.rounds import Batch

ON_DEVICE = 2**31
"""A data set of at most this many bytes is kept whole on the device; a larger one stays on the CPU."""


class Feed:
    """Real batches of a run as a function of their number."""

    def __init__(self, experiment: Experiment, train: Samples, device: torch.device) -> None:
        self.device = device
        self.domain = train.domain
        self.sampler = Sampler(len(train), experiment.training.batch_size, experiment.data.sampling, experiment.seed)
        small = train.values.numel() * train.values.element_size() <= ON_DEVICE
        self.values = train.values.to(device) if small and device.type != "cpu" else train.values
        self.labels = train.labels.to(device)

    def batch(self, number: int) -> Batch:
        """Return the number-th batch, from 0: float32 (batch_size, *shape), images in [-1, 1] and channels-last."""
        indices = self.sampler.indices(number).to(self.values.device)
        values = to_float(self.values.index_select(0, indices).to(self.device))
        if isinstance(self.domain, Images):
            values = values.contiguous(memory_format=torch.channels_last)
        return Batch(values, self.labels.index_select(0, indices.to(self.device)))
