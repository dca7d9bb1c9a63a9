"""Tiles that touch without a line between them, found by what they have in common: the picture repeats.

Images of one generator resemble each other, most of all before it has learned and after it has collapsed. So a grid of
them resembles itself moved by the side of a tile, and by each multiple of it, more than moved by anything between.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganlab.diagnosis.readers.cuts import Cuts, Tiling

Floats = NDArray[np.float32]

CONTRAST = 0.05
"""How much more a picture resembles itself at whole tiles than elsewhere, at least, as a share of what is possible."""
AROUND = 6
"""Shifts nearer than this part of a tile to a whole one count as neither."""
FEWEST = 3
"""Places where tiles touch, down and across together, at least: half a face is like the other half."""


def find_repeats(pictures: Floats, smallest: int, sides: tuple[int, int] | None = None) -> Tiling | None:
    """Return the tiles that fill pictures (K, H, W, C) and resemble each other; None if nothing repeats.

    Args:
        pictures: of one size.
        smallest: side of a tile in pixels, at least.
        sides: height and width of a tile, if known; else they are square.
    """
    grey = pictures.mean(axis=3)
    grey = grey - grey.mean(axis=(1, 2), keepdims=True)
    down, across = _likeness(grey.swapaxes(1, 2)), _likeness(grey)
    found = [
        (min(strengths), Tiling(*(_cuts(*each) for each in zip(pair, counts, strict=True))))
        for pair, counts in _layouts(grey.shape[1:], smallest, sides)
        if min(strengths := [
            _contrast(likeness, side, count)
            for likeness, side, count in zip((down, across), pair, counts, strict=True) if count > 1
        ]) >= CONTRAST
    ]  # fmt: skip
    return max(found, key=lambda each: each[0])[1] if found else None


def _layouts(
    size: tuple[int, ...], smallest: int, sides: tuple[int, int] | None
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield height and width of tiles that fill a picture, and how many there are down and across."""
    height, width = size
    for tall, wide in [sides] if sides else ((side, side) for side in range(smallest, max(size) // 2 + 1)):
        counts = height // tall, width // wide
        if height % tall == 0 and width % wide == 0 and sum(counts) - 2 >= FEWEST:
            yield (tall, wide), counts


def _cuts(side: int, count: int) -> Cuts:
    return Cuts(tuple(side * i for i in range(count)), side)


def _likeness(pictures: Floats) -> NDArray[np.float64]:
    """Return how much pictures (K, M, L) without their means resemble themselves moved by 0 to L - 1 pixels along the
    last axis: 1 for 0.
    """
    length = pictures.shape[2]
    spectrum = np.abs(np.fft.rfft(pictures, 2 * length, axis=2)) ** 2
    products = np.fft.irfft(spectrum.sum(axis=(0, 1)), 2 * length)[:length] / np.arange(length, 0, -1)
    return products / products[0] if products[0] > 0 else np.zeros(length)


def _contrast(likeness: NDArray[np.float64], side: int, count: int) -> float:
    """Return how much more pictures resemble themselves at whole tiles than between, as a share of what is possible.

    It is -1 if tiles a pixel larger or smaller resemble each other more, as where gaps or a margin were overlooked.
    """
    whole = np.arange(1, min(count, (side * count - 1) // (side + 1) + 1))
    if max(likeness[whole * (side + off)].mean() for off in (-1, 1)) > likeness[whole * side].mean():
        return -1.0
    shifts = np.arange(side // 2, side * count - side // 2 + 1)
    off = np.abs((shifts + side // 2) % side - side // 2)
    at, between = likeness[shifts[off == 0]], likeness[shifts[off > side / AROUND]]
    other = float(np.quantile(between, 0.95))
    return (float(np.quantile(at, 0.1)) - other) / max(1 - other, 1e-9)
