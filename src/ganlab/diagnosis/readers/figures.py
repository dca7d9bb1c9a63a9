"""Where the images of a plotted figure are: axes on a ground of one colour, whose pitch is no whole number of pixels.

Three kinds are known. Boxes that are seen, because the border of each image differs from the ground; the layout that
Matplotlib gives to subplots unless told otherwise, where images are as white as the ground; and one box that shows a
whole grid, enlarged or shrunk.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ganlab.diagnosis.readers.cuts import Cuts, Tiling

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

MARGIN = 3
"""Pixels of ground around a figure, at least."""
GROUND = 12.0
"""Levels of 255 by which the ground may differ from its colour: JPEG changes it."""
SMALLEST_BOX = 12
"""Side of an image in pixels, at least."""
MOST = 16
"""Rows or columns, at most."""
FULL = (0.05, 0.2, 0.5)
"""How much of a line through boxes is drawn on at least, relative to the fullest line, as tried in turn: labels between
boxes cover some of it, and images that are all alike may have lines that are hardly drawn on."""
EDGE = 0.75
"""Share of the edge of a box that differs from the ground, at least; so in more than half of the boxes."""
DEFAULT = {"left": 0.125, "right": 0.9, "top": 0.12, "bottom": 0.89, "space": 0.2}
"""Where Matplotlib lays subplots (`figure.subplot.*`), as shares of the figure from its upper left corner; and what is
between two of them, as a share of one."""
PADS = (7, 10, 15, 20, 30)
"""Pixels of ground around what is drawn in a figure that Matplotlib cuts to it: a tenth of an inch, at the resolutions
that are in use."""
SMALLEST_FIGURE = 200
"""Longer side of a figure in pixels, at least: a small picture on a ground of one colour may show one thing."""
LABELS = 0.08
"""Share of what is drawn that lies outside the axes, at most: titles and labels of ticks."""
SPANNED = 0.6
"""Share of an axes' side that its images reach over, at least, all together."""
OFF_CENTRE = 0.12
"""How far the middle of what they show lies from the middle of the axes, at most, as a share of its side."""
RADIUS = 1.5
"""Pixels by which positions differ from those of an even pitch, at most."""


def drawn_on(pictures: Floats) -> Mask | None:
    """Return what differs from the ground in pictures (K, H, W, C), as (K, H, W); None if they have no margin of it.

    The ground is that of the first picture's corner.
    """
    ground = pictures[:1, :1, :1]
    if min(pictures.shape[1:3]) < 2 * MARGIN + SMALLEST_BOX:
        return None
    rims = (pictures[:, :MARGIN], pictures[:, -MARGIN:], pictures[:, :, :MARGIN], pictures[:, :, -MARGIN:])
    if any(np.abs(rim - ground).max() > GROUND for rim in rims):
        return None
    drawn: Mask = np.abs(pictures - ground).max(axis=3) > GROUND
    return drawn if drawn.any() else None


def find_boxes(drawn: Mask) -> Tiling | None:
    """Return equal boxes that are full to their edges, down and across, at least four; None if there are none.

    Args:
        drawn: what differs from the ground, (K, H, W).
    """
    covered = [drawn.mean(axis=axis) for axis in ((0, 2), (0, 1))]
    downs, acrosses = ([_even(_runs(each, full)) for full in FULL] for each in covered)
    for down, across in dict.fromkeys(product(downs, acrosses)):
        if down is None or across is None:
            continue
        boxes = Tiling(_split(down, across.side), _split(across, down.side))
        if len(boxes.boxes) >= 4 and _are_full(drawn, boxes):
            return boxes
    return None


def find_box(drawn: Mask) -> Tiling | None:
    """Return the one box that is full to its edges, down and across; None if there is none."""
    runs = [_runs(drawn.mean(axis=axis), FULL[-1]) for axis in ((0, 2), (0, 1))]
    if max(drawn.shape[1:]) < SMALLEST_FIGURE or any(len(each) != 1 for each in runs):
        return None
    box = Tiling(*(Cuts((start,), end - start) for [(start, end)] in runs))
    return box if _are_full(drawn, box) else None


def _runs(covered: Floats, full: float) -> list[tuple[int, int]]:
    """Return first line and end of the boxes along one direction, by the share of each line that is covered."""
    inside = covered >= full * covered.max()
    changes = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8)))
    return [
        (start, end)
        for start, end in zip(changes[::2].tolist(), changes[1::2].tolist(), strict=True)
        if end - start >= SMALLEST_BOX
    ]


def _even(runs: list[tuple[int, int]]) -> Cuts | None:
    """Return boxes of one side and an even pitch; None if they differ."""
    if not runs or len(runs) > 4 * MOST:
        return None
    sides = [end - start for start, end in runs]
    starts = np.array([start for start, _ in runs])
    places = np.linspace(starts[0], starts[-1], len(starts))
    if max(sides) - min(sides) > 2 or np.abs(starts - places).max() > RADIUS:
        return None
    return Cuts(tuple(starts.tolist()), min(sides))


def _split(boxes: Cuts, side: int) -> Cuts:
    """Return a single box as the squares of a side that touch in it, if they fill it."""
    count = round(boxes.side / side)
    if len(boxes.starts) > 1 or not 2 <= count <= MOST or abs(boxes.side - count * side) > count + 1:
        return boxes
    pitch = boxes.side / count
    return Cuts(tuple(boxes.starts[0] + round(pitch * i) for i in range(count)), int(pitch))


def _are_full(drawn: Mask, boxes: Tiling) -> bool:
    """Tell whether most boxes are full to their edges."""
    return bool(np.mean([_edge_is_full(box) for picture in drawn for box in boxes.cut(picture)]) > 0.5)


def _edge_is_full(box: Mask) -> bool:
    return all(float(edge.mean()) >= EDGE for edge in (box[0], box[-1], box[:, 0], box[:, -1]))


def find_subplots(drawn: Mask, ratio: float = 1.0, tight: bool = False) -> Tiling | None:
    """Return the axes of Matplotlib's default layout that enclose what is drawn most closely; None if none does.

    Args:
        drawn: what differs from the ground, (K, H, W).
        ratio: height of an image, relative to its width.
        tight: whether the figure was cut to what is drawn. Its resolution is not known then, and of the axes that
            enclose it, those are returned whose images lie most alike.
    """
    height, width = drawn.shape[1:]
    if max(height, width) < SMALLEST_FIGURE:
        return None
    total = drawn.sum()
    sums = np.pad(drawn.sum(axis=0, dtype=np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    best: tuple[float, Tiling] | None = None
    for rows, columns in product(range(1, MOST + 1), repeat=2):
        if rows * columns < 4:
            continue
        layout = (height, width), rows, columns, ratio
        for axes in tight_subplots(*layout) if tight else (subplots(*layout),):
            side = axes.down.side, axes.across.side
            if min(side) < SMALLEST_BOX:
                continue
            # A line more on each side: images are drawn to whole pixels.
            inside = _sum_within(sums, axes.within(-1))
            if inside < (1 - LABELS) * total:
                continue
            area = len(drawn) * rows * columns * side[0] * side[1]
            fit = _agreement(drawn, axes) if tight else float(inside / (total + area - inside))
            if best is None or fit > best[0]:
                best = fit, axes
    return best[1] if best is not None and _are_reached(drawn, best[1]) else None


def subplots(size: tuple[int, int], rows: int, columns: int, ratio: float) -> Tiling:
    """Return where Matplotlib draws images in a figure of `size` (H, W) pixels, down and across.

    Args:
        size: of the figure.
        rows, columns: of axes.
        ratio: height of an image, relative to its width.
    """
    height, width = size
    tall = (DEFAULT["bottom"] - DEFAULT["top"]) * height / (rows + DEFAULT["space"] * (rows - 1))
    wide = (DEFAULT["right"] - DEFAULT["left"]) * width / (columns + DEFAULT["space"] * (columns - 1))
    across = min(wide, tall / ratio)
    return Tiling(
        _placed(DEFAULT["top"] * height, tall, rows, across * ratio),
        _placed(DEFAULT["left"] * width, wide, columns, across),
    )


def tight_subplots(size: tuple[int, int], rows: int, columns: int, ratio: float) -> Iterator[Tiling]:
    """Yield where Matplotlib may have drawn images in a figure that it cut to what is drawn (`bbox_inches="tight"`).

    The space between two images is in the usual ratio to one of them down or across, and wider in the other direction.

    Args:
        size: of the picture (H, W) in pixels.
        rows, columns: of axes.
        ratio: height of an image, relative to its width.
    """
    space = DEFAULT["space"]
    for pad in PADS:
        height, width = (length - 2 * pad for length in size)
        tall = min(height / (rows + space * (rows - 1)), ratio * width / (columns + space * (columns - 1)))
        if tall > 0:
            yield Tiling(_spread(pad, height, rows, tall), _spread(pad, width, columns, tall / ratio))


def _spread(first: int, length: float, count: int, side: float) -> Cuts:
    """Return boxes from end to end of a length."""
    pitch = (length - side) / max(1, count - 1)
    return Cuts(tuple(round(first + pitch * i) for i in range(count)), round(side))


def _placed(first: float, cell: float, count: int, side: float) -> Cuts:
    """Return boxes in the middle of cells."""
    pitch = cell * (1 + DEFAULT["space"])
    return Cuts(tuple(round(first + pitch * i + (cell - side) / 2) for i in range(count)), round(side))


def _sum_within(sums: NDArray[np.int64], boxes: Tiling) -> int:
    tops, lefts = np.array(boxes.down.starts), np.array(boxes.across.starts)
    bottoms, rights = tops + boxes.down.side, lefts + boxes.across.side
    last = np.array(sums.shape) - 1
    tops, bottoms = tops.clip(0, last[0]), bottoms.clip(0, last[0])
    lefts, rights = lefts.clip(0, last[1]), rights.clip(0, last[1])
    return int(
        (
            sums[np.ix_(bottoms, rights)]
            - sums[np.ix_(tops, rights)]
            - sums[np.ix_(bottoms, lefts)]
            + sums[np.ix_(tops, lefts)]
        ).sum()
    )


def _agreement(drawn: Mask, boxes: Tiling) -> float:
    """Return how often a place that is drawn on in one box is so in another: 1 if all boxes are alike."""
    often = np.zeros((boxes.down.side, boxes.across.side))
    parts = [part for picture in drawn for part in boxes.cut(picture)]
    for part in parts:
        often[: part.shape[0], : part.shape[1]] += part
    return float((often**2).sum() / max(1.0, often.sum()) / len(parts))


def _are_reached(drawn: Mask, boxes: Tiling) -> bool:
    """Tell whether most boxes hold an image, and all images together fill a box and lie in its middle."""
    together = np.zeros((boxes.down.side, boxes.across.side), dtype=np.bool_)
    empty = []
    for part in (part for picture in drawn for part in boxes.cut(picture)):
        together[: part.shape[0], : part.shape[1]] |= part
        empty.append(not part.any())
    if np.mean(empty) >= 0.5:
        return False
    for axis in (0, 1):
        lines = np.flatnonzero(together.any(axis=1 - axis))
        side = together.shape[axis]
        if not len(lines) or lines[-1] + 1 - lines[0] < SPANNED * side:
            return False
        if abs((lines[0] + lines[-1] + 1) / 2 - side / 2) > OFF_CENTRE * side:
            return False
    return True
