"""Samples beside real ones: what a row of snapshots.jsonl says of them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from torch import Tensor

from ganlab.config.data import DataOptions
from ganlab.data import RealData
from ganlab.evaluation.distances import Spread, compare
from ganlab.evaluation.features import Features, features_for
from ganlab.evaluation.statistics import SampleStatistics, draw


class Comparison:
    """Compares samples with as many real ones; what that takes is made ready at the first samples of a size.

    Args:
        real: real samples.
        options: where they come from, where they have a name.
        seed: chooses which of them are compared with.
    """

    def __init__(self, real: RealData, options: DataOptions | None, seed: int) -> None:
        self.real = real
        self.options = options
        self.seed = seed
        self.size = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return tuple(self.real.train.values.shape[1:])

    @cached_property
    def features(self) -> Features:
        """What samples are seen through."""
        return features_for(self.options, self.real)

    def prepare(self, size: int) -> None:
        """Make ready for samples of a size."""
        self.size = size
        self.held_out = draw(self.real.held_out, size, self.seed, "snapshot/held_out")
        train = draw(self.real.train, size, self.seed, "snapshot/train")
        # Training data against held-out ones: what a perfect generator would score at this number of samples.
        self.floor: Spread = compare(train.flatten(1), self.held_out.flatten(1))
        self.statistics = SampleStatistics(self.features, self.real.train, self.real.held_out, size, self.seed)

    def row(self, samples: Tensor, thorough: bool) -> dict[str, Any]:
        """Return what samples say beside real ones, with the protocol.

        Args:
            samples: float32 images (N, C, H, W) in [-1, 1] or points (N, 2), N >= 2.
            thorough: also look for copies of training samples.

        Returns:
            The keys that `SampleStatistics.row` gives; `diversity` and `energy_distance`, each with its `_real`.
        """
        if len(samples) != self.size:
            self.prepare(len(samples))
        spread = compare(samples.flatten(1), self.held_out.flatten(1), self.floor.diversity_real)
        return {
            "diversity": spread.diversity,
            "diversity_real": spread.diversity_real,
            "energy_distance": spread.energy_distance,
            "energy_distance_real": self.floor.energy_distance,
            **self.statistics.row(samples, thorough),
            "protocol": {
                "space": space_of(samples),
                "features": self.features.name,
                "n_fake": len(samples),
                "n_real": len(self.held_out),
            },
        }


def space_of(samples: Tensor) -> str:
    """Name the space in which distances between samples are taken."""
    return "pixels in [-1, 1]" if samples.dim() == 4 else "coordinates"
