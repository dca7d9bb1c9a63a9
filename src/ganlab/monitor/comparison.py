"""Samples compared with real ones: the statistics of a row of snapshots.jsonl."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from ganlab.config.data import DataOptions, FolderOptions
from ganlab.data import RealData
from ganlab.data.arrays import Array, checked_labels, real_data
from ganlab.data.drawing import enlarged, mapped, reduced
from ganlab.data.folder import load_as, options_to_compare
from ganlab.data.named import KNOWN_DATA, load_named
from ganlab.domain import Domain, Images
from ganlab.errors import DataError
from ganlab.evaluation.battery import Asked
from ganlab.evaluation.features import Features, features_for
from ganlab.evaluation.statistics import Distances, SampleStatistics
from ganlab.monitor.undisturbed import undisturbed
from ganlab.text import excerpt


class Comparison:
    """Compares samples with the same number of real ones; reference statistics are computed once per number of samples.

    Args:
        real: real samples.
        options: the data set that they are from; None if it has no name.
        seed: chooses which of them are compared with.
    """

    def __init__(self, real: RealData, options: DataOptions | None, seed: int) -> None:
        self.real = real
        self.options = options
        self.seed = seed
        self.ready: tuple[int, int | None] = (0, None)

    @property
    def domain(self) -> Domain:
        """What one sample is."""
        return self.real.domain

    @property
    def held_out(self) -> Tensor:
        """Reals that samples are compared with."""
        return self.distances.held_out

    @cached_property
    def features(self) -> Features:
        """What samples are seen through."""
        return features_for(self.options, self.real)

    def prepare(self, size: int, pixels: int | None) -> None:
        """Compute what `size` samples are compared with: reals as they are, or reduced to `pixels` a side.

        What was computed for that already stays.
        """
        if (size, pixels) == self.ready:
            return
        real = self.real
        if pixels is not None and isinstance(self.domain, Images) and pixels != self.domain.side:
            factor = self.domain.side // pixels
            real = mapped(real, lambda images: enlarged(reduced(images, factor), factor), f"at {pixels} pixels")
        self.distances = Distances(real.train, real.held_out, size, self.seed)
        self.statistics = SampleStatistics(self.features, real.train, real.held_out, size, self.seed)
        # Of a growing run's sizes only the last is looked at thoroughly.
        self.statistics.prepare(thorough=pixels is None)
        self.ready = (size, pixels)

    def row(
        self, samples: Tensor, thorough: bool, asked: Asked | None = None, pixels: int | None = None
    ) -> dict[str, Any]:
        """Return the statistics of samples, with the protocol.

        Args:
            samples: float32 images (N, C, H, W) in [-1, 1] or points (N, 2), N >= 2.
            thorough: also look for copies of training samples.
            asked: what each sample was to be.
            pixels: side of the reals to compare with, enlarged again; None: as they are.

        Returns:
            The keys that `Distances.row` and `SampleStatistics.row` give.
        """
        self.prepare(len(samples), pixels)
        return {
            **self.distances.row(samples),
            **self.statistics.row(samples, thorough, asked),
            "protocol": {
                "space": self.domain.space,
                "features": self.features.name,
                "n_fake": len(samples),
                "n_real": len(self.held_out),
            },
        }


class Folder(NamedTuple):
    """A folder of real images, which are read once it is known how large the samples are.

    Attributes:
        options: of the folder.
        seed: chooses the images that are compared with.
    """

    options: FolderOptions
    seed: int

    def require(self, domain: Domain) -> Images:
        """Return what the samples are.

        Raises:
            DataError: they are no images.
        """
        if not isinstance(domain, Images):
            folder = excerpt(self.options.path)
            raise DataError(f"samples are {domain.noun}, and {folder} is a folder of images", "give points")
        return domain

    def comparison(self, domain: Images) -> Comparison:
        """Return a comparison with its images, as large as the samples are.

        Raises:
            DataError: no image can be read, or the cache cannot be written.
        """
        return Comparison(load_as(domain, self.options), self.options, self.seed)


@undisturbed()
def comparison_with(real: str | Path | Array | None, labels: Array | None, seed: int) -> Comparison | Folder | None:
    """Return a comparison with what another program's loop calls its real samples; None without any.

    Raises:
        DataError: they are not there, or of a wrong shape, type or range.
    """
    if real is None:
        return None
    if not isinstance(real, str | Path):
        return Comparison(real_data(real, labels, seed), None, seed)
    named = load_named(str(real))
    if named is None and os.path.isdir(real):
        return Folder(options_to_compare(str(real)), seed)
    if named is None:
        raise DataError(
            f"no data set or folder is called {str(real)!r:.100}",
            f"name one of {', '.join(KNOWN_DATA)} or a folder of images, or give real samples as an array",
        )
    options, data = named
    return Comparison(data, options, seed)


def asked_for(asked: Array, count: int, comparison: Comparison | None) -> Asked:
    """Return the classes that another program's loop asked its generator for.

    Raises:
        DataError: they are not one class of the real data for each sample.
    """
    labels = checked_labels(asked, count, "asked")
    names = () if comparison is None else comparison.real.train.class_names
    known = len(names) if len(names) > 1 else 0
    if int(labels.max()) >= known:
        raise DataError(
            f"asked holds class {int(labels.max())}, and the real data have {known} classes",
            "give `real` with its labels, and classes by their numbers in these",
        )
    return Asked(labels)
