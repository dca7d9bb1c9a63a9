"""Where real samples come from: one module a data set, found through the registry and imported on use."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from ganlab.config.data import DATA, DataOptions, ImageOptions
from ganlab.data.drawing import drawn_angles, edges, mapped, rotated
from ganlab.data.instances import densest
from ganlab.data.samples import RealData, Samples, to_float, to_stored, to_uint8
from ganlab.errors import DataError
from ganlab.randomness import seeded_generator

__all__ = ["RealData", "Samples", "load", "require_batch", "require_held_out", "to_float", "to_stored", "to_uint8"]

HELD_OUT = 2
"""Samples never trained on that a run needs: the statistics of its snapshots take pairs of them."""


def load(options: DataOptions, batch_size: int) -> RealData:
    """Load the real samples that `options` ask for; at least one batch of them.

    Raises:
        DataError: a class the data lack, too few samples for a batch, or files that are missing, broken,
            or neither cached nor to be downloaded.
    """
    data = cast(RealData, import_module(DATA[options.name].module).load(options))
    if isinstance(options, ImageOptions) and options.edges:
        data = mapped(data, edges, "edges")
    if isinstance(options, ImageOptions) and options.rotated:
        source, limit = seeded_generator(options.seed, "rotated"), options.rotated
        data = mapped(
            data,
            lambda images: rotated(images, drawn_angles(len(images), limit, source)),
            f"rotated by {limit} degrees, seed {options.seed}",
        )
    if isinstance(options, ImageOptions) and options.keep_densest < 1:
        data = densest(data, options.keep_densest)
    require_batch(options, len(data.train), batch_size)
    return data


def require_batch(options: DataOptions, size: int, batch_size: int) -> None:
    """Refuse options that leave too few training samples.

    Raises:
        DataError: there are fewer than one batch.
    """
    if size < batch_size:
        denser = " or data.keep_densest" if isinstance(options, ImageOptions) and options.keep_densest < 1 else ""
        raise DataError(
            f"{options.name} leaves {size} training samples with these options, fewer than one batch of {batch_size}",
            f"raise data.fraction{denser}, allow more classes or add data"
            + (f", or lower training.batch_size to at most {size}" if size else ""),
        )


def require_held_out(options: DataOptions, size: int) -> None:
    """Refuse options that hold out too few samples to compare a run's own with.

    Raises:
        DataError: there is no pair of them.
    """
    if size < HELD_OUT:
        raise DataError(
            f"{options.name} holds out {size} sample{'s' * (size != 1)}, and snapshots need at least {HELD_OUT}",
            "raise data.held_out or add data",
        )
