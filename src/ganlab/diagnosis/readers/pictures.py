"""Folders of pictures as trainers leave them: grids, one or several a step; single pictures; and reals beside them."""

from __future__ import annotations

import math
import os
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganlab.config.data import EXTENSIONS
from ganlab.data.arrays import FROM_FILES
from ganlab.data.decoding import LAST_FRAME, decoded
from ganlab.data.folder import FORMATS, find_images
from ganlab.diagnosis.readers.cuts import Cuts, Tiling
from ganlab.diagnosis.readers.step_names import NamedSteps, steps_in
from ganlab.diagnosis.readers.tiling import SAME_SHAPE, USUAL_SIDES, find_tiling, layouts
from ganlab.errors import DataError
from ganlab.plots.cuts import CutPicture
from ganlab.plots.grids import evenly_spaced
from ganlab.text import excerpt

T = TypeVar("T")
Pixels = NDArray[np.uint8]
Size = tuple[int, int]
"""Height and width in pixels."""

LONGEST = 1 << 14
"""Side of a picture of a grid in pixels, at most."""
MAX_PIXELS = 1 << 28
"""Numbers that the pictures of a folder hold at most: of more, an even selection of steps is read."""
MOST_STEPS = 300
"""Steps of grids that are judged, at most: the first and the last, and others evenly between them."""
SMALLEST, LARGEST = FROM_FILES.sides
FEWEST = FROM_FILES.fewest
LEVELS_OF_JPEG = 8
"""Levels of 255 that the pixels of an empty place may differ by."""
SMALLEST_GRID = 60
"""Shorter side of a picture of a grid of reals in pixels, at least."""
NAMED = 3
"""Files named in a note."""

REAL = frozenset({"real", "reals"})
GENERATED = frozenset({"fake", "fakes", "generated", "gen", "vs"})
"""Words in names of pictures; one that is called by both kinds shows both."""
COPIED = frozenset({"rec", "recon", "recons", "reconstructed", "reconstruction", "reconstructions"})
"""Words in names of pictures that a network has copied from others."""
SEVERAL = frozenset({"fakes", "reals", "grid", "grids", "samples"})
"""Words in the name of a picture of several images."""
FILLED = 0.9
"""Share of the tiles that show something, at least, where no line between tiles is seen."""
BESIDE_REAL = frozenset({"samples", "images", "data", "grid", "train"})
"""What else the name of a picture of reals may say."""

TILE = "give the side of one image in the picture as it was saved, enlarged or not, without the gap: --tile 28"


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture: its name below the folder, with `/`, pixels (H, W), grey, or (H, W, 3), and what reading it took."""

    name: str
    pixels: Pixels
    remarks: tuple[str, ...] = ()

    @property
    def size(self) -> Size:
        """Height and width in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]


@dataclass(frozen=True, eq=False)
class Grid:
    """A picture of a grid, and where its tiles are."""

    picture: Picture
    tiling: Tiling
    tiles: list[Pixels]

    @property
    def size(self) -> Size:
        """Height and width of a tile."""
        return self.tiling.down.side, self.tiling.across.side

    def outlined(self) -> CutPicture:
        """Return it as a sheet shows it."""
        return CutPicture(self.picture.name, self.picture.pixels, self.tiling.boxes[: len(self.tiles)])


@dataclass(frozen=True, eq=False)
class Shown:
    """What pictures show.

    Attributes:
        steps: images (N, H, W) or (N, H, W, 3) by rising step; None for the step of a single one if no name says it.
        unit: what steps count: `epoch`, `step`, `kimg`, or `number` if no name says it.
        notes: what was found, and what was left out.
        cuts: the first and the last grid, with their tiles; none of single pictures.
        columns: images in a row of the grid that each step is; None if they are not one grid of one kind each.
    """

    steps: list[tuple[int | None, Pixels]]
    unit: str
    notes: tuple[str, ...]
    cuts: tuple[CutPicture, ...] = ()
    columns: int | None = None


def is_picture(path: Path) -> bool:
    """Tell by its name whether a file is a picture."""
    return path.suffix.lower() in EXTENSIONS


def read_folder(folder: Path, tile: int | None, size: Size | None, kind: str = "generated") -> Shown:
    """Read the pictures of a folder.

    Args:
        folder: with pictures in it or in folders below.
        tile: `--tile`, the side of an image in grids; None: grids are found.
        size: of the real images, if known.
        kind: which pictures are meant, where names say it: `generated` or `real`.

    Raises:
        DataError: there is no picture, or none can be read; they are single pictures of several sizes; or too many.
    """
    names = [file.path for file in find_images(folder)]
    kinds = _kinds(names)
    chosen = [name for name in names if kinds[name] == kind] or names
    aside = [name for name in names if name not in chosen] if len(chosen) < len(names) else []
    fitting, notes = _fitting(folder, chosen)
    read, remarks = _read(folder, fitting)
    notes += remarks
    shown = excerpt(str(folder))
    if aside:
        what = "samples" if kind == "generated" else "real images"
        notes.append(f"not taken for {what}, by {_their(aside)}: {_listed(aside)}")
    # An animation shows again what the pictures beside it show.
    stills = [each for each in read if LAST_FRAME not in each.remarks]
    grids, singles = _sorted(stills, tile, size) if stills else ([], [])
    if len(stills) < len(read):
        if grids or len(singles) >= FEWEST:
            animations = [each.name for each in read if LAST_FRAME in each.remarks]
            notes.append(f"left out: {_listed(animations)}, animated, beside still pictures")
            read = stills
        else:
            grids, singles = _sorted(read, tile, size)
    notes += _changes(read)
    images = sum(len(each.tiles) for each in grids)
    if not grids or len(singles) >= max(FEWEST, images):
        if grids:
            notes.append(f"left out: {_listed([each.picture.name for each in grids])}, grids among single pictures")
        return _as_singles(singles, size, shown, notes)
    if singles:
        notes.append(f"left out: {_listed([each.name for each in singles])}, not such grids")
    return _as_grids(grids, shown, notes)


def read_grid(path: Path, tile: int | None, size: Size | None) -> Shown:
    """Read a picture of a grid.

    Raises:
        DataError: it is none, or images of the side `tile` do not fill it.
    """
    pixels, remarks = open_picture(path)
    grids, singles = _sorted([Picture(path.stem, pixels)], tile, size)
    if singles:
        raise DataError(
            f"no grid of images is seen in {excerpt(str(path))}, {pixels.shape[1]} x {pixels.shape[0]} pixels",
            TILE + _would_fill(singles[0].size, size),
        )
    return _as_grids(grids, excerpt(str(path)), list(remarks))


def open_picture(path: Path, longest: int = LONGEST) -> tuple[Pixels, tuple[str, ...]]:
    """Return a picture as (H, W), grey, or (H, W, 3), and what that took.

    Raises:
        DataError: it is none, or a side is longer than `longest`.
    """
    shown = excerpt(str(path))
    try:
        with warnings.catch_warnings(), Image.open(path, formats=FORMATS) as opened:
            warnings.simplefilter("ignore")
            if max(opened.size) > longest:
                raise _too_large(shown, (opened.height, opened.width), longest)
            image, remarks = decoded(opened, last=True)
            return np.asarray(image), remarks
    except DataError:
        raise
    except Exception as error:  # a broken file makes Pillow raise nearly anything
        raise DataError(f"{shown} is no image that can be read: {excerpt(str(error), 200)}", "remove it") from error


def _too_large(shown: str, size: Size, longest: int) -> DataError:
    return DataError(f"{shown} is {size[1]} x {size[0]} pixels", f"at most {longest} a side are read")


def _kinds(names: Sequence[str]) -> dict[str, str]:
    """Return `generated`, `real`, `both` or `copied`, by the words in each name.

    BEGAN's discriminator copies pictures: `50_D` and `50_D_fake` beside `50_G`.
    """
    stems = {_stem(name).lower() for name in names}
    kinds = {}
    for name in names:
        words = _words(name)
        by_generator = re.sub("(?<![a-z])d(?![a-z])", "g", _stem(name).lower())
        kind = "generated"
        if words & COPIED or ("d" in words and {by_generator, re.sub("[_-]*(fake|real)$", "", by_generator)} & stems):
            kind = "copied"
        elif words & REAL:
            kind = "both" if words & GENERATED else "real"
        kinds[name] = kind
    return kinds


def _words(name: str) -> set[str]:
    return set(re.findall(r"[a-z]+", name.lower()))


def _fitting(folder: Path, names: Sequence[str]) -> tuple[Sequence[str], list[str]]:
    """Return as many of the pictures as can be held, of steps that are evenly chosen, and a note if some are left out.

    Raises:
        DataError: those of the first and the last step are too many.
    """
    numbers = {name: _numbers(folder / name) for name in names}
    if sum(numbers.values()) <= MAX_PIXELS:
        return names, []
    steps = steps_in([_stem(name) for name in names]).steps
    by_step: dict[int | str, list[str]] = {}
    for name, step in sorted(zip(names, steps, strict=True), key=lambda each: (each[1] is not None, each[1] or 0)):
        by_step.setdefault(name if step is None else step, []).append(name)
    groups = list(by_step.values())
    if len(groups) == 1:
        groups = [[name] for name in names]
    for count in range(len(groups) * MAX_PIXELS // sum(numbers.values()), 1, -1):
        kept = [name for group in _evenly(groups, count) for name in group]
        if sum(numbers[name] for name in kept) <= MAX_PIXELS:
            return kept, [
                f"{len(kept):,} of {len(names):,} pictures are read, evenly chosen, the first and the last too"
            ]
    raise DataError(f"{excerpt(str(folder))} holds more images than can be read", "give 10,000 of them")


def _numbers(path: Path) -> int:
    """Return how many numbers a picture holds, as it is said at its beginning; 0 if it cannot be read."""
    try:
        with warnings.catch_warnings(), Image.open(path, formats=FORMATS) as opened:
            warnings.simplefilter("ignore")
            width, height = opened.size
            return int(width * height) * (1 if opened.mode in ("1", "L", "I", "I;16", "F") else 3)
    except Exception:  # a broken file makes Pillow raise nearly anything; what is broken is said when it is read
        return 0


def _evenly(values: Sequence[T], count: int) -> list[T]:
    """Return some of the values, evenly chosen, the first and the last among them; all if they are no more."""
    return [values[i] for i in evenly_spaced(len(values), count)]


def _read(folder: Path, names: Sequence[str]) -> tuple[list[Picture], list[str]]:
    """Return the pictures that can be read, and notes on the others.

    Raises:
        DataError: none can be read.
    """
    read: list[Picture] = []
    broken: list[tuple[str, DataError]] = []
    for name in names:
        try:
            pixels, remarks = open_picture(folder / name)
        except DataError as error:
            broken.append((name, error))
            continue
        read.append(Picture(name, pixels, remarks))
    if not read:
        raise broken[0][1]
    notes = []
    if broken:
        names_only = [name for name, _ in broken]
        notes.append(f"left out: {_listed(names_only)}, which cannot be read")
    return read, notes


def _changes(pictures: Sequence[Picture]) -> list[str]:
    """Return notes on what was changed in pictures."""
    changed = Counter(remark for each in pictures for remark in each.remarks)
    return [f"in {count:,} of {len(pictures):,} pictures, {what}" for what, count in sorted(changed.items())]


def _listed(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(excerpt(name, 60) for name in names[:NAMED]) + more


def _their(names: Sequence[str]) -> str:
    return "its name" if len(names) == 1 else "their names"


# Grids


def _sorted(pictures: Sequence[Picture], tile: int | None, size: Size | None) -> tuple[list[Grid], list[Picture]]:
    """Return the pictures that are grids of images of one size, cut up, and the others.

    Raises:
        DataError: images of the side `tile` fill none of the pictures.
    """
    if tile is not None and not SMALLEST <= tile <= LARGEST:
        raise DataError(f"--tile {tile}: no image is {tile} pixels wide", f"give {SMALLEST} to {LARGEST}")
    grids: list[Grid] = []
    singles: list[Picture] = []
    for group, tiling in _cut_alike([(group, _tiling(group, tile, size)) for group in _alike(pictures)]):
        if tiling is None:
            singles += group
        else:
            cut = [tiling.cut(each.pixels) for each in group]
            grids += [Grid(each, tiling, tiles[:end]) for each, tiles, end in zip(group, cut, _ends(cut), strict=True)]
    if tile is not None and not grids:
        height, width = pictures[0].size
        raise DataError(
            f"{excerpt(pictures[0].name)} is {width} x {height} pixels, which images of {tile} pixels do not fill", TILE
        )
    counts: Counter[Size] = Counter()
    for each in grids:
        counts[each.size] += len(each.tiles)
    if len(counts) > 1:
        [(usual, _)] = counts.most_common(1)
        singles += [each.picture for each in grids if each.size != usual]
        grids = [each for each in grids if each.size == usual]
    return grids, singles


def _alike(pictures: Sequence[Picture]) -> Iterator[list[Picture]]:
    """Yield the pictures of one size and, where few kinds of names are there, of one kind of name."""
    kinds = {each.name: re.sub("[0-9]+", "#", each.name) for each in pictures}
    by_name = len(set(kinds.values())) <= 8
    groups: dict[tuple[Size, str], list[Picture]] = {}
    for each in pictures:
        groups.setdefault((each.size, kinds[each.name] if by_name else ""), []).append(each)
    yield from groups.values()


def _cut_alike(
    groups: Sequence[tuple[list[Picture], Tiling | None]],
) -> Iterator[tuple[list[Picture], Tiling | None]]:
    """Yield groups of pictures with their tilings: for those of one layout, that of the largest group.

    Where gaps are as black as the borders of images, they are found a little wider or narrower from group to group.
    """
    largest: dict[tuple[Size, int, int], tuple[int, Tiling]] = {}
    kinds: list[tuple[Size, int, int] | None] = []
    for group, tiling in groups:
        layout = None
        if tiling is not None:
            layout = (group[0].size, len(tiling.down.starts), len(tiling.across.starts))
            if layout not in largest or len(group) > largest[layout][0]:
                largest[layout] = (len(group), tiling)
        kinds.append(layout)
    for (group, _), layout in zip(groups, kinds, strict=True):
        yield group, None if layout is None else largest[layout][1]


def _tiling(group: Sequence[Picture], tile: int | None, size: Size | None) -> Tiling | None:
    """Return how pictures of one size are to be cut; None if they are no grids."""
    pixels = [each.pixels for each in group]
    if tile is not None:
        return find_tiling(pixels, (tile, tile)) or _filling(group[0].size, tile)
    if size is not None and group[0].size == size:
        return None
    if size is None:
        return find_tiling(pixels)
    # Most trainers cut their images to squares, whatever the files are; a picture shaped like a file may be one image.
    shapes = [size] if _alike_in_shape(group[0].size, size) else [size, (1, 1)]
    for other in (size, None):
        found = find_tiling(pixels, other)
        if found is not None and any(_alike_in_shape((found.down.side, found.across.side), one) for one in shapes):
            return _smaller(pixels, found)
    return _touching(group, size)


def _smaller(pixels: Sequence[Pixels], found: Tiling) -> Tiling:
    """Return smaller tiles if those that were found by the size of the reals consist of them; else those found.

    Trainers shrink their images: a block of two by two that touch may be just as large as a file of the reals.
    """
    if found.down.gap or found.across.gap or min(found.down.side, found.across.side) < 2 * USUAL_SIDES[0]:
        return found
    other = find_tiling(pixels)
    if other is None or other.down.gap or other.across.gap or len(other.boxes) <= len(found.boxes):
        return found
    fits = found.down.side % other.down.side == 0 and found.across.side % other.across.side == 0
    return other if fits else found


def _touching(group: Sequence[Picture], size: Size) -> Tiling | None:
    """Return the tiles of a known size that fill pictures without gaps, if names say that each shows several.

    So does one picture a step, if there are some steps and few. In a plotted figure, the outer tiles would lie in its
    margin and show nothing.
    """
    (height, width), (tall, wide) = group[0].size, size
    several = all(_words(each.name) & SEVERAL for each in group)
    # Single samples, one a step, have such names too; but so few of them would say nothing.
    several = several or (len(group) < FEWEST and _one_a_step([each.name for each in group]))
    rows, columns = height // tall, width // wide
    if not several or height % tall or width % wide or rows * columns < FEWEST:
        return None
    found = Tiling(*(Cuts(tuple(range(0, length, side)), side) for length, side in ((height, tall), (width, wide))))
    shown = [np.ptp(tile) > LEVELS_OF_JPEG for each in group for tile in found.cut(each.pixels)]
    return found if np.mean(shown) >= FILLED else None


def _one_a_step(names: Sequence[str]) -> bool:
    """Tell whether names say that these are pictures of several steps, one of each."""
    found = steps_in([_stem(name) for name in names])
    return found.named and len(names) > 1 and len(set(found.steps) - {None}) == len(names)


def _alike_in_shape(one: Size, other: Size) -> bool:
    """Tell whether two sizes have nearly the same ratio of height to width."""
    return abs(math.log(one[0] / one[1]) - math.log(other[0] / other[1])) <= SAME_SHAPE


def _filling(size: Size, side: int) -> Tiling | None:
    """Return the layout of square tiles that fill a picture; None if none does."""
    for down in _along(size[0], side):
        for across in _along(size[1], side):
            if down.gap == across.gap or 1 in (len(down.starts), len(across.starts)):
                return Tiling(down, across)
    return None


def _would_fill(picture: Size, real: Size | None) -> str:
    """Return which sides fill a picture, in words: that of the real images, and usual ones; nothing if none does."""
    sides = {*USUAL_SIDES, *(real if real is not None and real[0] == real[1] else ())}
    found = sorted(side for side in sides if 2 * side <= max(picture) and _filling(picture, side) is not None)
    if not found:
        return ""
    *others, last = map(str, found)
    return f" (images of {', '.join(others) + ' or ' if others else ''}{last} pixels would fill it)"


def _along(length: int, side: int) -> Iterator[Cuts]:
    yield from layouts(length, side)
    if 0 <= (length - side) // 2 <= LEVELS_OF_JPEG and (length - side) % 2 == 0:
        yield Cuts(((length - side) // 2,), side)


def _ends(pictures: Sequence[list[Pixels]]) -> list[int]:
    """Return how many of the tiles of each picture are images: those at its end that are all of one colour fill up the
    last row, unless most pictures have images there: a generator that collapsed makes such images too.
    """
    ends = [_end(tiles) for tiles in pictures]
    filled = Counter(end for end in ends if end)
    usual = max(filled, key=lambda end: (filled[end], end)) if filled else 0
    return [max(end, usual) or len(tiles) for end, tiles in zip(ends, pictures, strict=True)]


def _end(tiles: Sequence[Pixels]) -> int:
    """Return how many tiles there are up to the last one that shows anything but the colour of the last pixel."""
    end, colour = len(tiles), tiles[-1][-1, -1].astype(np.int16)
    while end and np.abs(tiles[end - 1] - colour).max() <= LEVELS_OF_JPEG:
        end -= 1
    return end


def _as_grids(grids: Sequence[Grid], shown: str, notes: list[str]) -> Shown:
    """Return the tiles of each step."""
    named = steps_in([_stem(each.picture.name) for each in grids])
    dated = list(zip(named.steps, grids, strict=True))
    if any(step is not None for step, _ in dated):
        without = [grid.picture.name for step, grid in dated if step is None]
        if without:
            notes.append(f"left out: {_listed(without)}, without a step in {_their(without)}")
        dated = [(step, grid) for step, grid in dated if step is not None]
    in_order = sorted({step for step, _ in dated}, key=lambda step: -1 if step is None else step)
    if len(in_order) > MOST_STEPS:
        notes.append(f"{MOST_STEPS} of {len(in_order):,} steps are judged, evenly chosen, the first and the last too")
        in_order = _evenly(in_order, MOST_STEPS)
        judged = set(in_order)
        dated = [(step, grid) for step, grid in dated if step in judged]
    by_step: dict[int | None, list[Pixels]] = {}
    for step, grid in dated:
        by_step.setdefault(step, []).extend(grid.tiles)
    factor = _enlarged([tiles[0] for tiles in by_step.values()])
    images = one_kind([[tile[::factor, ::factor] for tile in by_step[step]] for step in in_order])
    steps = list(zip(in_order, images, strict=True))
    per_picture = sorted({len(grid.tiles) for _, grid in dated})
    counts = f"{per_picture[0]:,}" if len(per_picture) == 1 else f"{per_picture[0]:,} to {per_picture[-1]:,}"
    height, width = dated[0][1].size
    where = f"each of {len(dated):,} pictures" if len(dated) > 1 else "the picture"
    enlarged = f", enlarged {factor} times" if factor > 1 else ""
    notes.insert(0, f"{shown}: {counts} tiles of {height} x {width}{enlarged} in {where}{_span(steps, named)}")
    ordered = [grid for _, grid in sorted(dated, key=lambda each: -1 if each[0] is None else each[0])]
    cuts = tuple(grid.outlined() for grid in dict.fromkeys((ordered[0], ordered[-1])))
    widths = {len(grid.tiling.across.starts) for _, grid in dated}
    columns = widths.pop() if len(widths) == 1 and len(dated) == len(in_order) else None
    return Shown(steps, named.unit, (*notes, *named.notes), cuts, columns)


def _enlarged(tiles: Sequence[Pixels]) -> int:
    """Return how many times images were enlarged by repeating pixels; 1 if they were not."""
    height, width = tiles[0].shape[:2]
    for factor in range(16, 1, -1):
        if height % factor or width % factor or min(height, width) // factor < SMALLEST:
            continue
        small = [each[::factor, ::factor] for each in tiles]
        enlarged = [part.repeat(factor, 0).repeat(factor, 1) for part in small]
        same = all(np.array_equal(*pair) for pair in zip(tiles, enlarged, strict=True))
        if same and any(np.ptp(each) for each in small):
            return factor
    return 1


def _span(steps: Sequence[tuple[int | None, Pixels]], named: NamedSteps) -> str:
    """Return from where to where steps go, in words."""
    first, last = steps[0][0], steps[-1][0]
    if first is None:
        return ""
    unit = {"epoch": "epoch", "kimg": "kimg"}.get(named.unit, "step")
    if len(steps) == 1:
        return f", {unit} {first:,}"
    return f", {unit}{'s' * (unit != 'kimg')} {first:,} to {last:,}"


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))


# Single pictures


def _as_singles(pictures: Sequence[Picture], real: Size | None, shown: str, notes: list[str]) -> Shown:
    """Return single pictures, by step where enough of them are named after one.

    Args:
        pictures: in any order.
        real: size of the real images, if known.
        shown: what messages call the folder.
        notes: what was found.

    Raises:
        DataError: their sizes differ.
    """
    first = pictures[0]
    for each in pictures:
        if each.size != first.size:
            raise DataError(
                f"{shown}: {excerpt(each.name)} is {each.size[1]} x {each.size[0]} pixels, and {excerpt(first.name)} "
                f"{first.size[1]} x {first.size[0]}; no grid of images is seen in them",
                "save all samples at one size; if they are grids, name the side of one image with --tile",
            )
    if len(pictures) < FEWEST:
        height, width = first.size
        raise DataError(
            f"{shown} holds {len(pictures)} picture{'s' * (len(pictures) > 1)} of {width} x {height} pixels, in which "
            "no grid of images is seen",
            f"give at least {FEWEST} samples; if each picture is a grid, name the side of one image with --tile"
            + _would_fill(first.size, real),
        )
    if max(first.size) > LARGEST:
        raise _too_large(excerpt(first.name), first.size, LARGEST)
    named = steps_in([_stem(each.name) for each in pictures])
    by_step: dict[int | None, list[Pixels]] = {}
    for step, each in zip(named.steps, pictures, strict=True):
        by_step.setdefault(step, []).append(each.pixels)
    height, width = first.size
    if named.named and None not in by_step and min(map(len, by_step.values())) >= FEWEST:
        in_order = sorted(by_step, key=lambda step: step or 0)
        steps = list(zip(in_order, one_kind([by_step[step] for step in in_order]), strict=True))
        notes.insert(0, f"{shown}: {len(pictures):,} single pictures of {height} x {width}{_span(steps, named)}")
        return Shown(steps, named.unit, (*notes, *named.notes))
    notes.insert(0, f"{shown}: {len(pictures):,} single pictures of {height} x {width}, taken for samples of one step")
    return Shown([(None, one_kind([[each.pixels for each in pictures]])[0])], "number", tuple(notes))


def one_kind(groups: Sequence[Sequence[Pixels]]) -> list[Pixels]:
    """Return images (N, H, W) a group, if all of all groups are grey, however they are stored; else (N, H, W, 3).

    A generator that collapsed to black in one step still makes colours.
    """
    every = [each for group in groups for each in group]
    if all(each.ndim == 2 or bool((each == each[:, :, :1]).all()) for each in every):
        return [np.stack([each if each.ndim == 2 else each[:, :, 0] for each in group]) for group in groups]
    return [
        np.stack([each if each.ndim == 3 else np.repeat(each[:, :, None], 3, axis=2) for each in group])
        for group in groups
    ]


# Real images


def folder_size(folder: Path) -> Size | None:
    """Return height and width of the pictures in a folder, if the first ones are of one size."""
    sizes = set()
    for file in find_images(folder)[:FEWEST]:
        try:
            pixels, _ = open_picture(folder / file.path)
        except DataError:
            continue
        sizes.add((pixels.shape[0], pixels.shape[1]))
    return sizes.pop() if len(sizes) == 1 else None


def holds_grids(folder: Path) -> bool:
    """Tell whether the pictures in a folder are grids of images, by some of them."""
    names = [file.path for file in find_images(folder)]
    pictures = []
    for name in _evenly(names, FEWEST):
        try:
            pictures.append(Picture(name, open_picture(folder / name)[0]))
        except DataError:
            continue
    sizes = {each.size for each in pictures}
    if not pictures or min(min(size) for size in sizes) < SMALLEST_GRID:
        return False
    return len(_sorted(pictures, None, None)[0]) > len(pictures) / 2


def find_reals(samples: Path) -> Path | None:
    """Return the real images beside samples: `reals.png`, `real_samples.png` or `real/`, in or next to their folder."""
    here = samples if os.path.isdir(samples) else samples.parent
    for place in (here, here.parent):
        for each in sorted(place.iterdir()) if place.is_dir() else ():
            words = re.findall(r"[a-z]+", each.stem.lower())
            named = bool(words) and words[0] in REAL and set(words) <= REAL | BESIDE_REAL
            if each != samples and named and (each.is_dir() or is_picture(each)):
                return each
    return None
