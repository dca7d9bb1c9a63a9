"""The game on 2-D points as numbers, and its picture: the discriminator's scores over the plane, and where it pushes.

One is kept a snapshot, so that the game can be looked at as it is played: what the discriminator takes for real, what
the generator makes, and which way its loss moves each sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ganlab.errors import RunError
from ganlab.plots.grids import ALARM_COLOUR, NON_FINITE, Pixels, frame_of, note_missing
from ganlab.plots.shown import read_arrays, write_arrays
from ganlab.runs.snapshots import Row, classes_seen

CELLS = 48
"""Places a side at which the discriminator is asked for a score."""

MOST = 1000
"""Generated points that are kept with their pushes, at most, and real ones."""

LATTICE = 33
"""Latents a side of the lattice; every second line is drawn, through all its places."""

SIDE = 480
"""Pixels a side of the picture."""

FINE = 2
"""Lines and dots are drawn so many times as large, then reduced: their edges are smooth."""

ARROWS = 150
"""Pushes that are drawn: of the first points, whose latents are a random choice."""

REACH = 30
"""Pixels of the longest arrow; the pushes' 90 % quantile has this length, and longer ones are cut to it."""

LOW, MIDDLE, HIGH = (232, 139, 86), (247, 247, 247), (95, 163, 208)
"""Scores below, at and above the level: light shades of the colours that fakes and reals have in a run's curves."""

INK = (43, 43, 43)
REAL_COLOUR = (120, 120, 120)
POINT_COLOUR = (0, 126, 92)

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Landscape:
    """The game at one step.

    Attributes:
        scores: raw scores at CELLS x CELLS places, float32 (rows, columns): rows from the bottom up, columns from left
            to right, each at the middle of its cell of `extent`. NaN and infinite scores are kept.
        extent: left, right, bottom and top of the frame, float32 (4,); the same over a run.
        level: the score that divides: above it the discriminator takes a sample for real; if the loss has no such
            score, half way between the mean scores of real and of generated samples.
        divides: whether the loss has such a score.
        logits: whether scores are logits of the probability that a sample is real.
        pack: samples that the discriminator scores together; at each place, so many that are all there.
        classes: classes a place was scored as, of which `scores` has the best; 1 if scores do not depend on a class.
        points: generated points, float32 (N, 2), N at most MOST.
        push: minus the gradient of the generator's objective at each, float32 (N, 2); see `StandardGame.push`.
        real: real points, finite float32 (M, 2), M from 1 to MOST.
        compares: whether the discriminator compares the samples of a batch; the scores are those of places that have
            only copies of themselves next to them.
        lattice: what the generator makes of a square lattice of latents, float32 (L, L, 2); None if the generator
            starts from anything but two latent dimensions.
    """

    scores: Floats
    extent: Floats
    level: float
    divides: bool
    logits: bool
    pack: int
    classes: int
    points: Floats
    push: Floats
    real: Floats
    lattice: Floats | None = None
    compares: bool = False

    def write(self, path: Path) -> None:
        """Write it as an NPZ, atomically, with an array for each attribute that is there.

        Raises:
            Interrupted: the disk is full.
        """
        kinds = {float: np.float32, bool: np.bool_, int: np.int32}
        values = {name: value for name, value in vars(self).items() if value is not None}
        write_arrays(path, {name: np.asarray(value, kinds.get(type(value))) for name, value in values.items()})

    # -- in words -----------------------------------------------------------------------------------------------

    @property
    def legend(self) -> str:
        """One sentence that says what the picture's colours, dots, arrows and lines are."""
        if self.divides:
            border = f"dark line: the border between them, a score of {self.level:g}"
            ground = f"Blue: where the discriminator takes samples for real; orange: for generated; {border}"
        else:
            border = "half way between its mean scores of real and of generated samples"
            ground = f"Blue: where the discriminator scores high; orange: low; dark line: {border}"
        if self.pack > 1:
            ground += f" (it scores {self.pack} samples together: here all {self.pack} are at the same place)"
        if self.compares:
            ground += " (it compares the samples of a batch: here each place is among copies of itself)"
        if self.classes > 1:
            ground += f" (as the one of {self.classes} classes that it scores highest there)"
        bent = "; thin lines: a square lattice of latents, as the generator bends it"
        return (
            f"{ground}; grey dots: real points; green dots: generated ones, with arrows the way the generator's loss "
            f"pushes them{'' if self.lattice is None else bent}."
        )

    def alt(self, row: Row | None = None) -> str:
        """Say what the picture shows, for those who do not see it.

        Args:
            row: the row of snapshots.jsonl of the same step, which counts the modes; left out, nothing is said of them.
        """
        parts = [f"{len(self.points):,} generated points over {len(self.real):,} real ones"]
        if row is not None and len(row.classes) > 1 and (seen := classes_seen(row)) is not None:
            parts[0] += f", in {seen:.0f} of {len(row.classes)} modes"
        parts += [*self._missing(), self._highest(), self._direction()]
        return "; ".join(part for part in parts if part) + "."

    def _missing(self) -> list[str]:
        outside, broken = self._outside()
        found = ((int(outside.sum()), "outside the frame"), (int(broken.sum()), "not finite"))
        return [f"{count:,} of them {'is' if count == 1 else 'are'} {what}" for count, what in found if count]

    def _highest(self) -> str:
        """Say where the discriminator scores highest, and on how much of the frame it scores above the level."""
        finite = np.isfinite(self.scores)
        if not finite.any():
            return "no score of the discriminator is finite"
        row, column = np.unravel_index(np.where(finite, self.scores, -np.inf).argmax(), finite.shape)
        x, y = (float(line[at]) for line, at in zip(self._axes(), (column, row), strict=True))
        words = f"the discriminator scores highest at ({x:.2g}, {y:.2g}), {self.scores[row, column]:.3g}"
        if np.isfinite(self.level):
            share = float((self.scores[finite] > self.level).mean())
            words += f", and above {self.level:.2g} on {100 * share:.0f} % of the frame"
        if not finite.all():
            words += f"; {int((~finite).sum()):,} of {self.scores.size:,} scores are not finite"
        return words

    def _direction(self) -> str:
        """Say which way the points are pushed, if that is the same for most."""
        push = self.push[_finite(self.push)].astype(np.float64)
        lengths = np.linalg.norm(push, axis=1)
        if not len(push) or not lengths.any():
            return "no point is pushed anywhere"
        units = (push[lengths > 0] / lengths[lengths > 0, None]).mean(axis=0)
        if np.linalg.norm(units) < 0.5:
            return "the generator's loss pushes the points in different directions"
        return f"the generator's loss pushes most points {_towards(units)}"

    # -- as a picture -------------------------------------------------------------------------------------------

    def picture(self) -> Pixels:
        """Draw it: uint8 (480, 480, 3).

        Logits are coloured by the probability they stand for, so that pictures of a run compare; other scores by their
        distance from the level, relative to the 90 % quantile of these distances. Scores that are not finite are
        magenta, and so is a point whose push is not finite. Points outside stand in orange at the frame's edge and are
        counted; a thick orange border says that points are not finite.
        """
        heights = self._heights()
        picture = self._ground(heights)
        for colour, mask in self._layers(heights):
            if box := mask.getbbox():
                picture.paste(colour, box, mask.crop(box))
        outside, broken = self._outside()
        note_missing(picture, len(self.points), int(outside.sum()), int(broken.sum()))
        return np.asarray(picture)

    def _heights(self) -> Floats:
        """Return scores minus the level, (CELLS, CELLS) from the top down; 0 where a score is not finite."""
        finite, centre = np.isfinite(self.scores), self._centre()
        heights = np.where(finite, self.scores, centre).astype(np.float64) - centre
        # Beyond this a float32 would overflow while it is interpolated.
        return np.clip(heights, -1e12, 1e12).astype(np.float32)[::-1]

    def _centre(self) -> float:
        """Return what is drawn as the middle: the level, or, if that is not finite, the mean of the finite scores."""
        if np.isfinite(self.level):
            return self.level
        finite = self.scores[np.isfinite(self.scores)].astype(np.float64)
        return float(finite.mean()) if len(finite) else 0.0

    def _ground(self, heights: Floats) -> Image.Image:
        """Return the colours of heights (CELLS, CELLS) as a picture, SIDE x SIDE."""
        if self.logits:
            unit = 2.0  # 2 sigmoid(s) - 1 = tanh(s / 2)
        else:
            finite = np.isfinite(self.scores)[::-1]
            unit = float(np.quantile(np.abs(heights[finite]), 0.9)) if finite.any() else 0.0
        shares = np.tanh(heights / (unit or 1.0))
        colours = _COLOURS[np.rint((shares + 1) * ((len(_COLOURS) - 1) / 2)).astype(np.uint8)]
        return Image.fromarray(colours).resize((SIDE, SIDE), Image.Resampling.BILINEAR)

    def _layers(self, heights: Floats) -> Iterator[tuple[tuple[int, int, int], Image.Image]]:
        """Yield what lies on the ground from the bottom up: a colour, and how much of it covers each pixel."""
        outside, broken = self._outside()
        inside, pushed = ~outside & ~broken, _finite(self.push)
        places, real = self._pixels(self.points), self._pixels(self.real)
        if np.isfinite(self.level):
            yield INK, _contour(heights)
        if not (finite := np.isfinite(self.scores)[::-1]).all():
            yield NON_FINITE, Image.fromarray(~finite).convert("L").resize((SIDE, SIDE), Image.Resampling.NEAREST)
        if self.lattice is not None:
            yield POINT_COLOUR, _lines(self._pixels(self.lattice), _finite(self.lattice))
        yield REAL_COLOUR, _dots(real, 1.5)
        yield (255, 255, 255), _dots(places[inside], 3.1)
        yield INK, _arrows(places[:ARROWS], self._in_pixels(inside & pushed)[:ARROWS])
        yield POINT_COLOUR, _dots(places[inside & pushed], 2.2)
        if (inside & ~pushed).any():
            yield NON_FINITE, _dots(places[inside & ~pushed], 3.0)
        if outside.any():
            yield (255, 255, 255), _dots(places[outside], 5.0)
            yield ALARM_COLOUR, _dots(places[outside], 4.0)

    def _outside(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which points lie outside the frame, and which are not finite, each (N,)."""
        finite = _finite(self.points)
        low, high = self.extent[[0, 2]], self.extent[[1, 3]]
        within = ((self.points >= low) & (self.points <= high)).all(axis=1)
        return np.asarray(finite & ~within), ~finite

    def _axes(self) -> tuple[Floats, Floats]:
        """Return where the columns of scores are, and where the rows are."""
        left, right, bottom, top = self.extent
        return cell_middles(left, right), cell_middles(bottom, top)

    def _pixels(self, points: Floats) -> Floats:
        """Return where points (..., 2) are in the picture, in pixels from the upper left.

        Those far outside are brought nearer, and what is not finite is 0.
        """
        left, right, bottom, top = self.extent
        shares = (points - (left, top)) / (right - left, bottom - top)
        return np.asarray(np.clip(np.nan_to_num(shares, posinf=0.0, neginf=0.0), -9, 9) * SIDE, np.float32)

    def _in_pixels(self, drawn: NDArray[np.bool_]) -> Floats:
        """Return pushes as arrows in pixels, (N, 2); 0 for those that are not drawn."""
        push = np.where(drawn[:, None], self.push, 0.0).astype(np.float64) * (1, -1)
        lengths = np.linalg.norm(push, axis=1)
        usual = float(np.quantile(lengths[drawn], 0.9)) if drawn.any() else 0.0
        usual = usual or float(lengths.max(initial=0.0)) or 1.0
        return np.asarray(push * (REACH / np.maximum(lengths, usual))[:, None], np.float32)


def read_landscape(path: Path) -> Landscape:
    """Read what `Landscape.write` wrote.

    Raises:
        RunError: the file is damaged, or holds something else.
    """
    arrays = read_arrays(path, tuple(Landscape.__dataclass_fields__))
    if not _holds(arrays):
        raise RunError(f"{path} holds no landscape as ganlab keeps them", "restore the file, or remove it")
    values: dict[str, Any] = {name: each.item() if each.ndim == 0 else each for name, each in arrays.items()}
    return Landscape(**values)


def _holds(arrays: dict[str, NDArray[np.generic]]) -> bool:
    """Return whether arrays are all there and have the types and shapes that they must have."""
    flags = ("divides", "logits", "compares")
    scalars = {"level": np.float32, "pack": np.int32, "classes": np.int32, **dict.fromkeys(flags, np.bool_)}
    shapes = {name: each.shape for name, each in arrays.items()}
    if set(Landscape.__dataclass_fields__) - set(arrays) - {"lattice", "compares"}:  # the latter is not in older files
        return False
    if any(each.dtype != scalars.get(name, np.float32) for name, each in arrays.items()):
        return False
    if any(shapes.get(name, ()) != () for name in scalars):
        return False
    left, right, bottom, top = arrays["extent"] if shapes["extent"] == (4,) else (0, 0, 0, 0)
    lattice, real = shapes.get("lattice", (2, 2, 2)), arrays["real"]
    return (
        shapes["scores"] == (CELLS, CELLS)
        and bool(left < right and bottom < top and np.isfinite(arrays["extent"]).all())
        and shapes["push"] == shapes["points"]
        and all(len(shapes[name]) == 2 and shapes[name][0] > 0 and shapes[name][1] == 2 for name in ("points", "real"))
        and bool(np.isfinite(real).all())
        and len(lattice) == 3
        and min(lattice[:2]) > 1
        and lattice[2] == 2
    )


def extent_of(real: NDArray[np.floating]) -> Floats:
    """Return left, right, bottom and top of the frame that real points (M, 2) set: that of their scatter plot."""
    (x, y), half = frame_of(real)
    half = max(half, 1e-5 * float(np.abs(real).max()))  # reals that are all alike: float32 must tell the sides apart
    return np.array([x - half, x + half, y - half, y + half], np.float32)


def cell_middles(low: float, high: float) -> Floats:
    """Return the middles of CELLS equal cells between two bounds."""
    return np.asarray(low + (high - low) * (np.arange(CELLS) + 0.5) / CELLS, np.float32)


def _finite(points: Floats) -> NDArray[np.bool_]:
    """Return which points (..., 2) have two finite coordinates."""
    return np.asarray(np.isfinite(points).all(axis=-1))


def _shades() -> Pixels:
    """Return 255 colours from LOW through MIDDLE to HIGH, (255, 3)."""
    stops = np.array([LOW, MIDDLE, HIGH])
    at = np.linspace(0, 2, 255)
    return np.stack([np.interp(at, [0, 1, 2], stops[:, channel]) for channel in range(3)], axis=1).astype(np.uint8)


_COLOURS = _shades()


def _contour(heights: Floats) -> Image.Image:
    """Return where heights (CELLS, CELLS) pass 0, as a line of 1.5 pixels: the distance to it is height over slope."""
    fine = np.asarray(Image.fromarray(heights).resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    slope = np.sqrt((fine[1:-1, 2:] - fine[1:-1, :-2]) ** 2 + (fine[2:, 1:-1] - fine[:-2, 1:-1]) ** 2)
    distance = np.divide(np.abs(fine[1:-1, 1:-1]), slope / 2, out=np.full_like(slope, np.inf), where=slope > 0)
    ink = 255 * np.clip(1.25 - distance, 0, 1)
    return Image.fromarray(np.pad(ink.astype(np.uint8), 1, mode="edge"))


def _blank() -> Image.Image:
    return Image.new("L", (SIDE * FINE, SIDE * FINE))


def _dots(places: Floats, radius: float) -> Image.Image:
    """Return discs at places (N, 2) in pixels; discs whose middle is outside move to the edge."""
    size, reach = SIDE * FINE, radius * FINE
    if not len(places):
        return Image.new("L", (SIDE, SIDE))
    line = np.arange(-int(reach), int(reach) + 1)
    disc = np.flatnonzero(np.add.outer(line**2, line**2) <= reach**2)
    offsets = line[disc // len(line)] * size + line[disc % len(line)]
    columns, rows = np.rint(np.clip(places * FINE, int(reach), size - 1 - int(reach))).astype(np.intp).T
    mask = np.zeros(size * size, np.uint8)
    mask[((rows * size + columns)[:, None] + offsets).ravel()] = 255
    return Image.fromarray(mask.reshape(size, size)).reduce(FINE)


def _lines(places: Floats, finite: NDArray[np.bool_]) -> Image.Image:
    """Return every second line of a lattice (L, L, 2) in pixels; a line has a gap where a place is not finite."""
    mask = _blank()
    draw = ImageDraw.Draw(mask)
    fine = places * FINE
    for line, there in [
        *zip(fine[::2], finite[::2], strict=True),
        *zip(fine.swapaxes(0, 1)[::2], finite.T[::2], strict=True),
    ]:
        ends = np.flatnonzero(np.diff(np.r_[False, there, False].astype(np.int8)))
        for start, end in ends.reshape(-1, 2):
            draw.line(line[start:end].ravel().tolist(), fill=150, width=2)
    return mask.reduce(FINE)


def _arrows(places: Floats, arrows: Floats) -> Image.Image:
    """Return arrows (N, 2) that start at places (N, 2), both in pixels."""
    mask = _blank()
    draw = ImageDraw.Draw(mask)
    starts, ends = places * FINE, (places + arrows) * FINE
    lengths = np.linalg.norm(arrows, axis=1)[:, None] * FINE
    with np.errstate(invalid="ignore", divide="ignore"):
        back = np.where(lengths > 0, -arrows * FINE / lengths, 0.0) * np.minimum(5 * FINE, lengths / 2)
    side = back[:, ::-1] * (0.5, -0.5)
    heads = np.stack([ends + back + side, ends, ends + back - side], axis=1)
    for start, end, head, length in zip(starts.tolist(), ends.tolist(), heads, lengths[:, 0], strict=True):
        if length >= FINE:
            draw.line((*start, *end), fill=230, width=2)
            draw.line(head.ravel().tolist(), fill=230, width=2)
    return mask.reduce(FINE)


def _towards(direction: NDArray[np.floating]) -> str:
    """Return the direction (2,) on the page in words."""
    sides = ("to the right", "to the upper right", "upwards", "to the upper left",
             "to the left", "to the lower left", "downwards", "to the lower right")  # fmt: skip
    return sides[round(float(np.arctan2(direction[1], direction[0])) / (np.pi / 4)) % 8]
