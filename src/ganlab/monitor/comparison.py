"""Samples compared with real ones: the statistics of a row of snapshots.jsonl."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from torch import Tensor

from ganlab.config.data import DataOptions, FolderOptions
from ganlab.data import RealData, to_float
from ganlab.data.arrays import Array, Range, checked_labels, real_data
from ganlab.data.drawing import enlarged, is_coloured, mapped, reduced, reshaped
from ganlab.data.folder import load_as, options_to_compare
from ganlab.data.named import KNOWN_DATA, load_named
from ganlab.data.scales import other_scale
from ganlab.diagnosis.samples import WARMTH, first_pictures
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
        if pixels is not None and isinstance(self.domain, Images) and pixels < self.domain.side:
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
            samples: float32 images (N, C, H, W) in [-1, 1], brought to the size and the channels of the real ones, or
                points (N, 2), N >= 2.
            thorough: also look for copies of training samples.
            asked: what each sample was to be.
            pixels: side of the reals to compare with, enlarged again; None: as they are.

        Returns:
            The keys that `Distances.row` and `SampleStatistics.row` give.
        """
        self.prepare(len(samples), pixels)
        samples = self._alike(samples)
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

    def _alike(self, samples: Tensor) -> Tensor:
        return reshaped(samples, self.domain) if isinstance(self.domain, Images) else samples


@dataclass(frozen=True, eq=False)
class Reals:
    """What another program's loop calls its real samples.

    Attributes:
        seed: chooses those that are compared with.
        options: the data set that they are from; None if they are an array.
        data: the samples; None of a folder, which is read once it is known how large the samples are.
        scale: of the pixels, if they are an array of floats.
    """

    seed: int
    options: DataOptions | None = None
    data: RealData | None = None
    scale: Range | None = None

    def comparison(self, domain: Domain) -> tuple[Comparison, tuple[str, ...]]:
        """Return a comparison with samples of a domain, and what was done to the reals for it.

        A folder's images are read as large as the samples. Images of one size are compared at the smaller of the two
        sizes, and as grey if either is grey.

        Raises:
            DataError: one of them images, the other points; or no image of the folder can be read.
        """
        if self.data is None:
            return self._of_folder(domain)
        data, real = self.data, self.data.domain
        if isinstance(domain, Images) and isinstance(real, Images):
            smaller = min((real, domain), key=lambda each: each.height * each.width)
            shared = replace(smaller, channels=min(real.channels, domain.channels))
            if shared != real:
                data = mapped(data, partial(reshaped, domain=shared), f"as {shared.shape}")
            said = [_said(each) for each in (domain, real, shared)]
            note = "samples are {}, and real ones {}: they are compared as {}".format(*said)
            notes = () if real == domain else (note,)
            return Comparison(data, self.options, self.seed), notes
        if real != domain:
            raise DataError(f"samples are {domain.noun}, and real ones {real.noun}", "compare like with like")
        return Comparison(data, self.options, self.seed), ()

    def mistake(self, samples: Tensor, comparison: Comparison) -> str:
        """Say why samples cannot be compared: their pixels are on another scale; empty if they can be.

        Args:
            samples: float32 images (N, C, H, W) in [-1, 1] or points (N, 2).
            comparison: what `comparison` returned for them.
        """
        # Images that were made smaller have other pixels than they had.
        reals = (self.data or comparison.real).train.values[:WARMTH]
        if samples.ndim != 4 or reals.ndim != 4:
            return ""
        return ", ".join(other_scale(samples[:WARMTH], to_float(reals)) or ())

    def _of_folder(self, domain: Domain) -> tuple[Comparison, tuple[str, ...]]:
        if not isinstance(self.options, FolderOptions) or not isinstance(domain, Images):
            raise DataError(
                f"samples are {domain.noun}, and the real ones a folder of images", "compare like with like"
            )
        grey = domain.channels == 1 and is_coloured(first_pictures(Path(self.options.path)))
        notes = (f"the samples are grey: the colour pictures of {excerpt(self.options.path)} are read as grey",)
        return Comparison(load_as(domain, self.options), self.options, self.seed), notes if grey else ()


def _said(images: Images) -> str:
    """Return the size and the channels of images in words."""
    return f"{images.height} x {images.width} pixels in {'grey' if images.channels == 1 else 'colour'}"


@undisturbed()
def reals_of(real: str | Path | Array | None, labels: Array | None, seed: int) -> Reals | None:
    """Return what another program's loop calls its real samples; None without any.

    Raises:
        DataError: they are not there, or of a wrong shape, type or range.
    """
    if real is None:
        return None
    if not isinstance(real, str | Path):
        data, scale = real_data(real, labels, seed)
        return Reals(seed, None, data, scale)
    named = load_named(str(real))
    if named is None and os.path.isdir(real):
        return Reals(seed, options_to_compare(str(real)))
    if named is None:
        raise DataError(
            f"no data set or folder is called {str(real)!r:.100}",
            f"name one of {', '.join(KNOWN_DATA)} or a folder of images, or give real samples as an array",
        )
    options, data = named
    return Reals(seed, options, data)


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
