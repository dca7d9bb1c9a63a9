"""Where the tiles of a grid are: found from what all pictures of one size have in common, never from one place alone.

A separator between tiles is seen in one of two ways. Its lines are *blank*, much more even than the lines that cross
tiles: a gap of any colour, or the black border of digits that touch each other. Or it is a *seam*, an edge between two
lines that is sharper than the edges around it, as where two photographs touch. A layout counts only if all of its
separators, in both directions, are seen. Tiles that touch without either are found by what they have in common.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganlab.diagnosis.readers.cuts import Cuts, Tiling
from ganlab.diagnosis.readers.figures import MOST, drawn_on, find_box, find_boxes, find_subplots
from ganlab.diagnosis.readers.repeats import find_repeats
from ganlab.plots.grids import evenly_spaced

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

EXAMINED = 16
"""Pictures that are looked at, at most."""
LARGEST_STACK = 1 << 23
"""Numbers in the pictures that are looked at, at most, if they are several: 32 MB, and some times that meanwhile."""
SMALLEST_SIDE = 12
"""Side of a tile in pixels that is found without being named: the blocks of JPEG files are 8 x 8."""
JPEG_BLOCK = 8
WIDEST_GAP = 8
"""Pixels between tiles of a regular layout."""
WIDE_GAP = 4
"""Pixels of a gap in an enlarged grid whose outer lines are left out."""
BLANK = ((8, 0.8), (4, math.log(4)), (2, math.log(12)))
"""How much more even blank lines are than those that cross tiles, as a logarithm, by the number of separators in both
directions together: at least so many, and at least so even."""
SEAMS = ((8, 0.25), (4, 0.35), (2, 0.7))
"""How much sharper seams are than the edges around them, likewise."""
ABOVE_OTHERS = 0.15
"""How much sharper they are than the sharpest of the other edges (95 %), as a logarithm."""
FEW = 3
"""Separators of a single row or column, or of a single picture, at least: a window has two."""
COMPARABLE = 0.3
"""Separators of a finer layout are seen at least this well, relative to those of the coarser ones."""
LONGEST_SHAPE = 3
"""The longer side of a tile, relative to the shorter one, at most."""
SAME_SHAPE = 0.1
"""Difference of two ratios of height to width that are the same but for rounding, as a logarithm."""
USUAL_GAP = 2
"""Pixels between images that torchvision leaves."""
USUAL_SIDES = (16, 28, 32, 48, 64, 80, 96, 112, 128, 160, 178, 192, 218, 224, 256)
"""Sides of the images that most are trained on."""
WHITE = 250.0
"""Level of 255 of a white ground, at least."""
WIDEST_FRAME = 3
"""Pixels of the lines that a plot draws around images, at most."""
FRAME_LEVELS = 20.0
"""Levels of 255 by which the pixels of such a line differ, at most."""
SAME_COLOUR = 12.0
"""Levels of 255 that the colours of gaps differ by, at most: JPEG changes them."""


@dataclass(frozen=True)
class Seen:
    """How well a layout along one direction is seen: one strength for each separator, and whether by seams."""

    cuts: Cuts
    strengths: Floats
    by_seams: bool
    sharp: bool
    """Whether the tiles end in sharp edges at the gaps."""

    @property
    def strength(self) -> float:
        """The strength of (nearly) the weakest separator."""
        return float(np.quantile(self.strengths, 0.1))


class Lines:
    """What the lines along the first axis of pictures (K, L, M, C) have in common."""

    def __init__(self, pictures: Floats) -> None:
        self.pictures, self.count = pictures.shape[:2]
        self.colours = np.median(pictures, axis=(0, 2))
        # Of brightness alone: JPEG files store colour in blocks of 16 x 16, which would look like tiles.
        grey = pictures.mean(axis=3)
        self.spread = np.abs(grey - np.median(grey, axis=(0, 2))[:, None]).mean(axis=(0, 2))
        edges = np.abs(np.diff(grey, axis=1)).mean(axis=(0, 2)) + 0.5
        around = np.stack([_shifted(edges, by) for by in (-4, -3, -2, 2, 3, 4)])
        self.sharpness = np.log(edges) - np.log(np.nanmedian(around, axis=0)) if len(edges) > 4 else 0 * edges

    def seen(self, cuts: Cuts, rounded: bool = False) -> Seen | None:
        """Return how well a layout is seen; None if any of its separators may not be there.

        Args:
            cuts: the layout.
            rounded: its tiles end between two pixels: the outer lines of wide gaps are mixed with them.
        """
        between = cuts.separators
        if rounded and cuts.gap >= WIDE_GAP:
            between = [(first + 1, last - 1) for first, last in between]
        inside = np.zeros(self.count, dtype=np.bool_)
        for start in cuts.starts:
            inside[start : start + cuts.side] = True
        if not cuts.gap:
            for first, last in between:
                inside[first : last + 1] = False
        typical = float(self.spread[inside].mean()) + 0.5
        strengths = np.array([math.log(typical / (float(self.spread[a : b + 1].mean()) + 0.5)) for a, b in between])
        colours = np.stack([self.colours[a : b + 1].mean(axis=0) for a, b in between])
        if np.quantile(strengths, 0.1) >= BLANK[0][1] / 2 and np.ptp(colours, axis=0).max() <= SAME_COLOUR:
            edges = [edge for first, last in cuts.separators for edge in (first - 1, last)]
            sharp = cuts.gap > 0 and float(np.quantile(self.sharpness[edges], 0.25)) >= SEAMS[-1][1]
            return Seen(cuts, strengths, False, sharp)
        if cuts.gap:
            return None
        at = np.array([first for first, _ in between])
        seams, others = self.sharpness[at], np.delete(self.sharpness, at)
        above = float(np.median(seams) - np.quantile(others, 0.95))
        return Seen(cuts, seams, True, True) if above >= ABOVE_OTHERS else None


def _shifted(values: Floats, by: int) -> Floats:
    """Return values moved along by some places, NaN where none comes to lie."""
    moved = np.full(len(values), np.nan)
    if abs(by) < len(values):
        moved[max(0, by) : len(values) + min(0, by)] = values[max(0, -by) : len(values) + min(0, -by)]
    return moved


def find_tiling(pictures: Sequence[Pixels], size: tuple[int, int] | None = None) -> Tiling | None:
    """Return where the tiles of pictures of one size are; None if no grid is seen.

    Args:
        pictures: (H, W) or (H, W, 3) each, all of one size; 16 of them, evenly chosen, are looked at.
        size: height and width of a tile, if known; images of a plotted figure may have any.
    """
    stack = _stack(pictures)
    figure = _figure(stack, size)
    stack = _without_empty_end(stack)
    found: list[tuple[Tiling, bool]] = []
    for frame in dict.fromkeys(((0, stack.shape[1], 0, stack.shape[2]), _framed(stack))):
        top, bottom, left, right = frame
        down, across = Lines(stack[:, top:bottom, left:right]), Lines(stack[:, top:bottom, left:right].swapaxes(1, 2))
        sides = size or (None, None)
        seen = [_seen(each, layouts(each.count, side)) for each, side in zip((down, across), sides, strict=True)]
        found += [(each.moved(top, left), sharp) for each, sharp in _pairs(seen[0], seen[1], down, across)]
    best = find_repeats(stack, SMALLEST_SIDE, size) or (_finest(found) if found else None)
    if figure is not None:
        return best if best is not None and best.is_near(figure) else figure
    tight = _tight_figure(stack, size)
    if tight is None or (
        best is not None and len(best.boxes) >= len(tight.boxes) and best.down.side == best.across.side
    ):
        return best
    return tight


def _stack(pictures: Sequence[Pixels]) -> Floats:
    """Return some of the pictures as (K, H, W, C)."""
    examined = max(1, min(EXAMINED, LARGEST_STACK // pictures[0].size))
    chosen = [pictures[i] for i in evenly_spaced(len(pictures), examined)]
    colour = any(each.ndim == 3 for each in chosen)
    shaped = [each if each.ndim == 3 else each[:, :, None] for each in chosen]
    same = [np.repeat(each, 3, axis=2) if colour and each.shape[2] == 1 else each for each in shaped]
    return np.stack(same).astype(np.float32)


def _without_empty_end(stack: Floats) -> Floats:
    """Fill the places without tile at the end of the last row, if tiles touch: with the tiles above them."""
    last = np.less_equal(np.abs(stack - stack[:1, -1:, -1:]).max(axis=(0, 3)), SAME_COLOUR)
    columns = _trailing(last[-1])
    rows = _trailing(np.logical_and.reduce(last[:, last.shape[1] - columns :], axis=1))
    # JPEG changes the first lines below the last whole tiles.
    rows = next((each for each in range(rows, rows + JPEG_BLOCK) if last.shape[0] % each == 0), 0) if rows else 0
    if columns == last.shape[1] or not SMALLEST_SIDE <= rows < last.shape[0]:
        return stack
    filled: Floats = stack.copy()
    filled[:, -rows:, -columns:] = stack[:, -2 * rows : -rows, -columns:]
    return filled


def _trailing(values: NDArray[np.bool_]) -> int:
    """Return how many values at the end are true."""
    return len(values) if values.all() else int(np.argmin(values[::-1]))


def _framed(stack: Floats) -> tuple[int, int, int, int]:
    """Return top, bottom, left and right of what lies within a margin of one colour; all, if everything is."""
    away = np.abs(stack - stack[:1, :1, :1]).mean(axis=(0, 3))
    rows, columns = (_different(away.mean(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return 0, stack.shape[1], 0, stack.shape[2]
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _different(away: Floats) -> NDArray[np.intp]:
    """Return the lines that differ from the margin; JPEG lets the first ones of the content shine into it."""
    return np.flatnonzero(away > max(SAME_COLOUR / 4, 0.25 * float(np.median(away))))


def layouts(length: int, side: int | None = None) -> Iterator[Cuts]:
    """Yield each way in which equal tiles with equal gaps fill a length, two tiles or more.

    Before the first and after the last tile, there is nothing or as much as between two.

    Args:
        length: in pixels.
        side: of a tile; None: any from 12 pixels.
    """
    for gap in range(WIDEST_GAP + 1):
        for margin in {0, gap}:
            inner = length - 2 * margin + gap
            for count in range(2, inner // ((side or SMALLEST_SIDE) + gap) + 1):
                pitch, rest = divmod(inner, count)
                if rest == 0 and (side is None or pitch - gap == side):
                    yield Cuts(tuple(margin + pitch * i for i in range(count)), pitch - gap)


def _seen(lines: Lines, tried: Iterable[Cuts], rounded: bool = False) -> list[Seen]:
    """Return the layouts that are seen, without those seen much worse than others: by lines within the tiles."""
    seen = [one for cuts in tried if (one := lines.seen(cuts, rounded))]
    for by_seams in (False, True):
        best = max((float(np.median(each.strengths)) for each in seen if each.by_seams is by_seams), default=0.0)
        seen = [
            each
            for each in seen
            if each.by_seams is not by_seams or np.quantile(each.strengths, 0.1) >= COMPARABLE * best
        ]
    return seen


def _pairs(down: list[Seen], across: list[Seen], rows: Lines, columns: Lines) -> Iterator[tuple[Tiling, bool]]:
    """Yield the layouts that are seen down and across, or a single row or column of square tiles; whether sharply."""
    for a in down:
        for b in across:
            few = len(a.strengths) + len(b.strengths) < FEW and rows.pictures < FEW
            if _together(a, b) and not few and _enough(a, b):
                yield Tiling(a.cuts, b.cuts), a.sharp and b.sharp
    for one, length in ((down, columns.count), (across, rows.count)):
        for each in one:
            side = each.cuts.side
            if len(each.strengths) >= FEW and _enough(each) and length - side in (0, 2 * each.cuts.gap):
                alone = Cuts(((length - side) // 2,), side)
                yield Tiling(each.cuts, alone) if one is down else Tiling(alone, each.cuts), each.sharp


def _together(a: Seen, b: Seen) -> bool:
    """Tell whether two layouts can be of one grid; tiles that touch must be square: photographs have edges too."""
    square = a.cuts.side == b.cuts.side
    if max(a.cuts.side, b.cuts.side) > LONGEST_SHAPE * min(a.cuts.side, b.cuts.side):
        return False
    return a.cuts.gap == b.cuts.gap and a.by_seams == b.by_seams and (square or not a.by_seams)


def _enough(*seen: Seen) -> bool:
    """Tell whether the separators are seen well enough for their number."""
    count = sum(len(each.strengths) for each in seen)
    needed = next((value for fewest, value in (SEAMS if seen[0].by_seams else BLANK) if count >= fewest), math.inf)
    if not seen[0].by_seams and all(each.sharp for each in seen):
        needed = min(needed, BLANK[0][1])  # sharp edges are evidence too: JPEG leaves little else of a thin gap
    weakest, strongest = min(each.strength for each in seen), max(each.strength for each in seen)
    square = len({each.cuts.side for each in seen}) == 1
    return strongest >= needed and weakest >= (needed / 2 if square else needed)


def _finest(found: list[tuple[Tiling, bool]]) -> Tiling:
    """Return the layout of the most tiles; of those that differ in the gaps alone, the sharpest or the most usual.

    Black gaps between images with black borders can't be told from the borders.
    """

    def rank(one: tuple[Tiling, bool]) -> tuple[float, ...]:
        tiling, sharp = one
        down, across = tiling.down, tiling.across
        tiles = len(down.starts) * len(across.starts)
        square, usual, framed = down.side == across.side, across.side in USUAL_SIDES, across.starts[0] == across.gap
        return (-tiles, not square, -(sharp + usual), not sharp, not framed, across.gap)

    return min(found, key=rank)[0]


# Figures of a plotting library


def _figure(stack: Floats, size: tuple[int, int] | None) -> Tiling | None:
    """Return the images of a plotted figure; None if it is none."""
    drawn = drawn_on(stack)
    if drawn is None:
        return None
    if (boxes := find_boxes(drawn)) is not None:
        return _without_frames(stack, boxes)
    if (boxes := find_subplots(drawn, size[0] / size[1] if size else 1.0)) is not None:
        return boxes
    box = find_box(drawn)
    return None if box is None else _stretched(stack, box, size)


def _tight_figure(stack: Floats, size: tuple[int, int] | None) -> Tiling | None:
    """Return the images of a figure that was cut to what is drawn on white; None if it is none.

    On black, digits in a grid without a figure lie like that too.
    """
    if stack[0, 0, 0].min() < WHITE or (drawn := drawn_on(stack)) is None:
        return None
    return find_subplots(drawn, size[0] / size[1] if size else 1.0, tight=True)


def _without_frames(stack: Floats, tiling: Tiling) -> Tiling:
    """Return the tiles without the lines that a plot draws around them: few of one colour, and others within."""
    tiles = np.concatenate([np.stack(tiling.cut(picture)) for picture in stack])
    for count in range(WIDEST_FRAME + 1):
        lines = [tiles[:, count], tiles[:, -1 - count], tiles[:, :, count], tiles[:, :, -1 - count]]
        if not _is_of_one_colour(np.concatenate(lines, axis=1)):
            return tiling.within(count)
    return tiling


def _is_of_one_colour(pixels: Floats) -> bool:
    """Tell whether nearly all pixels (N, L, C) are of one colour."""
    return bool((np.abs(pixels - np.median(pixels, axis=(0, 1))).max(axis=2) <= FRAME_LEVELS).mean() > 0.95)


def _stretched(stack: Floats, box: Tiling, size: tuple[int, int] | None) -> Tiling | None:
    """Return the tiles of a whole grid that is shown in one box, enlarged or shrunk.

    Where black gaps can't be told from black borders, the gap is taken that torchvision leaves, if the size is known.
    """
    [(top, left, tall, wide)] = box.boxes
    inner = stack[:, top : top + tall, left : left + wide]
    down, across = Lines(inner), Lines(inner.swapaxes(1, 2))
    seen = [_seen(each, uneven(each.count), rounded=True) for each in (down, across)]
    found = [(each.moved(top, left), sharp) for each, sharp in _pairs(seen[0], seen[1], down, across)]
    if size is not None:
        shape = math.log(size[0] / size[1])
        found = [one for one in found if abs(math.log(one[0].down.side / one[0].across.side) - shape) <= SAME_SHAPE]
    if not found:
        # Tiles that touch, which have no line between them.
        touching = find_repeats(inner, SMALLEST_SIDE)
        return None if touching is None else touching.moved(top, left)
    if size is None:
        return _finest(found)
    most = max(len(each.down.starts) * len(each.across.starts) for each, _ in found)
    usual = USUAL_GAP / size[0]
    finest = [each for each, _ in found if len(each.down.starts) * len(each.across.starts) == most]
    return min(finest, key=lambda each: (abs(each.down.gap / each.down.side - usual), -each.down.starts[0]))


def uneven(length: int) -> Iterator[Cuts]:
    """Yield layouts of equal tiles whose sides and gaps are no whole numbers of pixels, to the nearest pixel.

    Args:
        length: in pixels.
    """
    for gap in range(WIDEST_GAP + 1):
        for margin in {0, gap}:
            inner = length - 2 * margin + gap
            for count in range(2, min(MOST, inner // (SMALLEST_SIDE + gap)) + 1):
                pitch = inner / count
                # Halves are rounded down, so that the narrowest of the gaps is `gap`, even of two tiles.
                yield Cuts(tuple(margin + math.ceil(pitch * i - 0.5) for i in range(count)), int(pitch) - gap)
