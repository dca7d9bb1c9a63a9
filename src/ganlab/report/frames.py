"""What snapshots showed, as pictures that a page holds: thinned evenly, each a WebP in a data address."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ganlab.errors import RunError
from ganlab.plots.grids import Pixels, evenly_spaced, tile
from ganlab.plots.shown import read_shown
from ganlab.report.grids import last_grid, read_picture
from ganlab.runs.directory import RunDirectory

MOST = 40
"""Snapshots of a run that a page shows, at most."""

COLUMNS = 10
"""Samples in a row."""

ACROSS = 6
"""Rows and columns of samples in a thumbnail."""

LARGEST = 1280
"""Pixels of a picture's longer side, at most."""

QUALITY = 82
"""Of WebP: artefacts cannot be seen next to those of a generator."""

FEW = 25
"""Samples on the picture that is sent alone."""

GROUND = 226
"""The grey between samples."""


@dataclass(frozen=True)
class Picture:
    """An encoded picture: the bytes of a WebP, and its size in pixels."""

    content: bytes
    width: int
    height: int

    @property
    def address(self) -> str:
        """The picture as a `data:` address."""
        return f"data:image/webp;base64,{base64.b64encode(self.content).decode()}"


@dataclass(frozen=True)
class Frame:
    """What one snapshot showed.

    Attributes:
        step: when.
        picture: its samples.
        count: samples in a grid of images, COLUMNS in a row; 0 for points and for pictures that older runs kept.
        images: the same as numbers, uint8 (N, H, W, 1 or 3); None if they are not kept as such.
        path: the file that it was read from.
    """

    step: int
    picture: Picture
    count: int
    images: Pixels | None
    path: Path


@dataclass(frozen=True)
class Frames:
    """The snapshots that a page shows, of `available` ones; and what could not be read."""

    frames: Sequence[Frame]
    available: int
    gaps: Sequence[str]

    @property
    def words(self) -> str:
        """Say how many there are of how many."""
        if len(self.frames) == self.available:
            return ""
        return f"{len(self.frames)} of {self.available:,} snapshots are shown, evenly spaced."


def read_frames(run: RunDirectory, budget: int, most: int = MOST) -> Frames:
    """Read and encode the samples of evenly spaced snapshots, the first and the last among them.

    Args:
        run: whose; of snapshots that are kept as numbers the numbers are drawn, else the pictures are taken.
        budget: bytes that the encoded pictures may have together; of more, fewer are kept.
        most: how many are kept at most.
    """
    numbers = dict(run.shown())
    files = [*sorted({**dict(run.grids()), **numbers}.items())] if not numbers else sorted(numbers.items())
    gaps: list[str] = []
    frames = []
    for index in evenly_spaced(len(files), most):
        step, path = files[index]
        try:
            frames.append(_read(step, path))
        except RunError as error:
            gaps.append(error.message)
    return Frames(within(frames, budget, lambda frame: len(frame.picture.content)), len(files), gaps)


def within(frames: Sequence[Frame], budget: int, size: Callable[[Frame], int]) -> list[Frame]:
    """Return as many evenly spaced frames as fit, at least the first and the last, or the last alone."""
    kept = list(frames)
    while len(kept) > 2 and sum(map(size, kept)) > budget:
        kept = [
            kept[index] for index in evenly_spaced(len(kept), max(2, min(len(kept) - 1, _fitting(kept, budget, size))))
        ]
    if len(kept) == 2 and sum(map(size, kept)) > budget:
        kept = kept[1:]
    return kept


def _fitting(frames: Sequence[Frame], budget: int, size: Callable[[Frame], int]) -> int:
    return int(len(frames) * budget / sum(map(size, frames)))


def _read(step: int, path: Path) -> Frame:
    if path.suffix == ".png":
        return Frame(step, encoded(read_picture(path)), 0, None, path)
    kept = read_shown(path)
    if kept.images is None:
        return Frame(step, encoded(kept.picture()), 0, None, path)
    return Frame(step, encoded(grid(kept.images)), len(kept.images), kept.images, path)


def thumbnail(run: RunDirectory, side: int) -> Picture | None:
    """Return the first of a run's last samples, at most `side` pixels wide and high; None if it has none.

    Raises:
        RunError: the file is damaged.
    """
    if numbers := run.shown():
        kept = read_shown(numbers[-1][1])
        pixels = kept.picture() if kept.images is None else grid(kept.images[: ACROSS**2], ACROSS)
        return encoded(pixels, largest=side)
    found = last_grid(run)
    return None if found is None else encoded(found[1], largest=side)


def grid(images: Pixels, columns: int = COLUMNS) -> Pixels:
    """Lay images (N, H, W, 1 or 3) out in rows at their own size, a line of grey around each: (H', W', 3)."""
    count, height, width, _ = images.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    cells = np.full((rows * columns, height + 1, width + 1, 3), GROUND, np.uint8)
    cells[:count, 1:, 1:] = images
    laid = cells.reshape(rows, columns, height + 1, width + 1, 3).swapaxes(1, 2)
    laid = laid.reshape(rows * (height + 1), columns * (width + 1), 3)
    return np.pad(laid, ((0, 1), (0, 1), (0, 0)), constant_values=GROUND)


def encoded(pixels: Pixels, quality: int = QUALITY, largest: int = LARGEST) -> Picture:
    """Encode a picture (H, W, 3), made smaller if its longer side has more than `largest` pixels."""
    image = Image.fromarray(pixels)
    if max(image.size) > largest:
        share = largest / max(image.size)
        image = image.resize(
            (max(1, round(image.width * share)), max(1, round(image.height * share))), Image.Resampling.BOX
        )
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=3)
    return Picture(buffer.getvalue(), *image.size)


def last_samples(frame: Frame) -> Pixels:
    """Return a frame's samples, of images the first 25 five in a row: uint8 (H, W, 3)."""
    if frame.images is None:
        return read_shown(frame.path).picture() if frame.path.suffix == ".npz" else read_picture(frame.path)
    few = frame.images[:FEW]
    return tile(np.broadcast_to(few, (*few.shape[:3], 3)), columns=min(5, len(few)))
