"""What a network attends to, drawn over its images, without Matplotlib (as figure 1 of Zhang et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ganlab.plots.grids import NON_FINITE, Pixels, tile, to_pixels

Colour = tuple[int, int, int]

COLOURS = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (204, 121, 167))
"""One a query (Okabe & Ito 2008, without those too dark for a dark ground)."""
COMFORTABLE_SIDE = 150
"""Images smaller than this are enlarged by a whole factor to about it, pixels."""
DIMMED = 0.45
"""Brightness of an image under its attention."""
STRONGEST = 0.85
"""Opacity of the largest weight: the image shines through even where all are equal."""
DOT = 5
"""Radius of a query's dot, pixels."""


def attention(images: NDArray[np.floating], weights: NDArray[np.floating]) -> Pixels:
    """Draw a row an image: the image with five query points as dots, then what each attends to in the dot's colour.

    The colour is as strong as the weight over the largest of its own map, so maps compare in shape and not in height. A
    map that is not finite is magenta. See `query_places` for the choice of the points.

    Args:
        images: in [-1, 1], (N, C, H, H), C = 1 or 3, N >= 1.
        weights: (N, queries, keys), both places of square maps of the image, row by row, as `attention_maps` gives
            them; at least five queries.

    Returns:
        uint8 (H', W', 3).
    """
    pixels = to_pixels(images)
    factor = max(1, round(COMFORTABLE_SIDE / pixels.shape[1]))
    tiles: list[Pixels] = []
    side = isqrt(weights.shape[1])
    for picture, maps in zip(pixels, weights, strict=True):
        places = query_places(picture, side)
        enlarged = picture.repeat(factor, axis=0).repeat(factor, axis=1)
        points = [(place + 0.5) / side * len(enlarged) for place in places]
        tiles.append(_dotted(enlarged, points, COLOURS))
        for (row, column), point, colour in zip(places, points, COLOURS, strict=True):
            lit = _lit(enlarged, maps[row * side + column], colour)
            tiles.append(_dotted(lit, [point], [colour]))
    return tile(np.stack(tiles), columns=1 + len(COLOURS))


def query_places(picture: Pixels, side: int) -> NDArray[np.intp]:
    """Choose five places of a map (side, side) that lie far from each other on the bright parts of (H, H, 3): (5, 2).

    Rows and columns, counted from the upper left. The first is the brightest, each next one the farthest from those
    before it, among the places brighter than the middle of the image's range, at least among the five brightest.
    """
    cell = len(picture) // side
    brightness = picture.mean(axis=2).reshape(side, cell, side, cell).mean(axis=(1, 3)).ravel()
    bright = int((brightness > (brightness.min() + brightness.max()) / 2).sum())
    order = np.argsort(-brightness, kind="stable")[: max(bright, len(COLOURS))]
    candidates = np.stack(np.divmod(order, side), axis=1)
    chosen = [0]
    while len(chosen) < len(COLOURS):
        distances = np.linalg.norm(candidates[:, None] - candidates[chosen], axis=2).min(axis=1)
        chosen.append(int(distances.argmax()))
    return np.asarray(candidates[chosen])


def _lit(picture: Pixels, weights: NDArray[np.floating], colour: Colour) -> Pixels:
    """Lay one query's weights (keys,) over (H, H, 3), as a colour that grows stronger."""
    if not np.isfinite(weights).all():
        return np.full_like(picture, NON_FINITE)
    side = isqrt(len(weights))
    shares = Image.fromarray((weights / weights.max()).astype(np.float32).reshape(side, side))
    opacity = STRONGEST * np.asarray(shares.resize(picture.shape[:2], Image.Resampling.BILINEAR))[..., None]
    # In grey, so that all colour is attention.
    ground = DIMMED * picture.mean(axis=2, keepdims=True)
    return np.asarray(np.rint((1 - opacity) * ground + opacity * np.array(colour)), np.uint8)


def _dotted(picture: Pixels, points: Sequence[NDArray[np.float64]], colours: Sequence[Colour]) -> Pixels:
    """Put a dot with a dark and a light ring on each point (row, column), in pixels."""
    canvas = Image.fromarray(picture)
    draw = ImageDraw.Draw(canvas)
    for (row, column), colour in zip(points, colours, strict=True):
        for radius, fill in ((DOT + 2, (0, 0, 0)), (DOT + 1, (255, 255, 255)), (DOT, colour)):
            draw.circle((column - 0.5, row - 0.5), radius, fill=fill)
    return np.asarray(canvas)
