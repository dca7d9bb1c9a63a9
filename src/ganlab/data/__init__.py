"""Where real samples come from: one module a data set, found through the registry and imported on use."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from ganlab.config.data import DATA, DataOptions, ImageOptions
from ganlab.data.drawing import edges, mapped
from ganlab.data.samples import RealData, Samples, to_float, to_stored, to_uint8
from ganlab.errors import DataError

__all__ = ["RealData", "Samples", "load", "to_float", "to_stored", "to_uint8"]


def load(options: DataOptions, batch_size: int) -> RealData:
    """Load the real samples that `options` ask for; at least one batch of them.

    Raises:
        DataError: a class the data lack, too few samples for a batch, or files that are missing, broken,
            or neither cached nor to be downloaded.
    """
    data = cast(RealData, import_module(DATA[options.name].module).load(options))
    if isinstance(options, ImageOptions) and options.edges:
        data = mapped(data, edges, "edges")
    size = len(data.train)
    if size < batch_size:
        raise DataError(
            f"{options.name} leaves {size} training samples with these options, fewer than one batch of {batch_size}",
            "raise data.fraction, allow more classes or add data"
            + (f", or lower training.batch_size to at most {size}" if size else ""),
        )
    return data
