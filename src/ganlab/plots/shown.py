"""What a snapshot shows, as numbers: up to 100 images, or points over real ones. Pictures are made from these."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganlab.domain import Domain, Images
from ganlab.errors import RunError
from ganlab.plots.grids import Pixels, scatter, tile, to_pixels
from ganlab.runs.files import atomic_write

MOST = 100
"""Images that are shown: 10 x 10."""

WIDEST = 8192
"""Pixels of an image's side, at most."""

LARGEST = 1 << 28
"""Bytes of a file that are read, at most: 100 colour images of 900 x 900 pixels."""

BROKEN = (OSError, ValueError, KeyError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged archive raises."""


@dataclass(frozen=True, eq=False)
class Shown:
    """What one snapshot shows; one of `images` and `points` is there.

    Attributes:
        images: uint8 (N, H, W, C), N at most 100, C = 1 if all are grey, else 3; pixels that were not finite are
            magenta.
        points: float32 (N, 2).
        real: the real points behind them, finite float32 (M, 2), M >= 1.
    """

    images: Pixels | None = None
    points: NDArray[np.float32] | None = None
    real: NDArray[np.float32] | None = None

    @classmethod
    def of(cls, samples: NDArray[np.floating], domain: Domain, real: NDArray[np.floating] | None = None) -> Shown:
        """Return what is shown of samples.

        Args:
            samples: images (N, C, H, W) in [-1, 1], of which the first 100 are shown, or points (N, 2).
            domain: which of the two.
            real: real points (M, 2) to compare points with; None: the points themselves set the frame.
        """
        if isinstance(domain, Images):
            pixels = to_pixels(samples[:MOST])
            grey = bool((pixels == pixels[..., :1]).all())
            return cls(images=pixels[..., :1] if grey else pixels)
        if real is None:
            finite = samples[np.isfinite(samples).all(axis=1)]
            real = finite if len(finite) else np.zeros((1, 2))
        return cls(points=samples.astype(np.float32), real=real.astype(np.float32))

    def picture(self) -> Pixels:
        """Draw it: the images in a grid, ten a row, or the points over the real ones; uint8 (H, W, 3)."""
        if self.images is not None:
            return tile(np.repeat(self.images, 3 // self.images.shape[-1], axis=3), columns=10)
        assert self.points is not None
        assert self.real is not None
        return scatter(self.points, self.real)

    def write(self, path: Path) -> None:
        """Write it as an NPZ, atomically, with an array for each attribute that is there.

        Raises:
            Interrupted: the disk is full.
        """
        write_arrays(path, {name: value for name, value in vars(self).items() if value is not None})


def read_shown(path: Path) -> Shown:
    """Read what `Shown.write` wrote.

    Raises:
        RunError: the file is damaged, or holds something else.
    """
    shown = Shown(**read_arrays(path, ("images", "points", "real")))
    if not _holds(shown):
        raise RunError(f"{path} holds no samples as ganlab keeps them", "restore the file, or remove it")
    return shown


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as an NPZ, atomically; the same arrays make the same bytes.

    Raises:
        Interrupted: the disk is full.
    """
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    atomic_write(path, buffer.getvalue())


def read_arrays(path: Path, names: Collection[str]) -> dict[str, NDArray[Any]]:
    """Read those arrays of an NPZ that have one of the names.

    Raises:
        RunError: the file is missing, damaged or too large.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
                raise ValueError("it is too large")
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in names if name in arrays}
    except BROKEN as error:
        raise RunError(f"{path} cannot be read: {error}", "restore the file, or remove it") from error


def _holds(shown: Shown) -> bool:
    """Return whether arrays have the types and shapes that they must have."""
    images, points, real = shown.images, shown.points, shown.real
    if images is not None:
        if images.dtype != np.uint8 or images.ndim != 4 or images.size == 0:
            return False
        return len(images) <= MOST and max(images.shape[1:3]) <= WIDEST and images.shape[-1] in (1, 3)
    if points is None or real is None or not np.isfinite(real).all():
        return False
    return all(
        each.dtype == np.float32 and each.ndim == 2 and each.shape[1] == 2 and len(each) for each in (points, real)
    )
