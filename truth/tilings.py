"""How many grids of images, as trainers write them, are cut where they were put together.

    python -m truth.tilings [FOLDER OF PICTURES] | cut -c1-200

Grids of real digits, of textures, of shapes on white, of parts of scikit-learn's photographs where it is installed, and
of a folder's pictures: by torchvision's `make_grid`, by pasting, and by Matplotlib; 9 to 100 tiles of 16 to 128 pixels,
gaps of 0 to 4 pixels of several colours, complete or not, as PNG or as JPEG of quality 75 to 95; alone and with others
of the same folder. And single pictures, which are no grids. `tests/diagnosis/readers/test_tiling.py` draws some.
"""

from __future__ import annotations

import importlib.util
import io
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torchvision.utils import make_grid

from ganlab.data.decoding import decoded
from ganlab.data.mnist import unpack
from ganlab.diagnosis.readers.cuts import Tiling
from ganlab.diagnosis.readers.tiling import find_tiling

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]
Boxes = list[Box]

PICTURES = (1, 3)
"""Pictures of one folder that are looked at together."""
SINGLES = 200
"""Single pictures of each kind."""


@dataclass(frozen=True)
class Grid:
    """A grid to be drawn.

    Attributes:
        kind: of pictures: `digits`, `textures`, `white` (shapes on white), `photos`, `folder`.
        side: of a tile in pixels.
        tiles, columns: how many there are, and how many in a row.
        gap: between tiles in pixels.
        by: `make_grid`, which puts the gap around the tiles too; `paste`, with a margin of its own.
        colour: level of the gaps.
        margin: of a pasted grid, in pixels.
        quality: of JPEG; None: PNG.
    """

    kind: str
    side: int
    tiles: int
    columns: int
    gap: int
    by: str
    colour: int
    margin: int
    quality: int | None

    @property
    def starts(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Where tiles start, down and across."""
        margin = self.gap if self.by == "make_grid" else self.margin
        rows = -(-self.tiles // self.columns)
        down, across = (
            tuple(margin + i * (self.side + self.gap) for i in range(count)) for count in (rows, self.columns)
        )
        return down, across

    def draw(self, random: np.random.Generator) -> Pixels:
        """Return a picture (H, W, 3) of such a grid."""
        tiles = [one(self.kind, self.side, random) for _ in range(self.tiles)]
        if self.by == "make_grid":
            values = torch.from_numpy(np.stack(tiles)).permute(0, 3, 1, 2).float() / 255
            grid = make_grid(values, nrow=self.columns, padding=self.gap, pad_value=self.colour / 255)
            drawn = (grid * 255).round().byte().permute(1, 2, 0).numpy()
        else:
            drawn = self._pasted(tiles)
        return as_jpeg(drawn, self.quality) if self.quality else drawn

    def _pasted(self, tiles: list[Pixels]) -> Pixels:
        down, across = self.starts
        size = (across[-1] + self.side + self.margin, down[-1] + self.side + self.margin)
        picture = Image.new("RGB", size, (self.colour,) * 3)
        for index, each in enumerate(tiles):
            row, column = divmod(index, self.columns)
            picture.paste(Image.fromarray(each), (across[column], down[row]))
        return np.asarray(picture)

    def found_in(self, tiling: Tiling | None) -> bool:
        """Tell whether a tiling is that of the grid."""
        return (
            tiling is not None
            and (tiling.down.side, tiling.across.side) == (self.side, self.side)
            and (tiling.down.starts, tiling.across.starts) == self.starts
        )


def as_jpeg(picture: Pixels, quality: int) -> Pixels:
    """Return what JPEG makes of a picture."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


@cache
def _sources() -> dict[str, list[Pixels]]:
    sources = {"digits": list(unpack()[0][:5000])}
    if importlib.util.find_spec("sklearn"):
        from sklearn.datasets import load_sample_images

        sources["photos"] = list(load_sample_images().images)
    if len(sys.argv) > 1 and Path(sys.argv[1]).is_dir():
        files = sorted(Path(sys.argv[1]).glob("*.png"))
        sources["folder"] = [np.asarray(decoded(Image.open(file))[0].convert("RGB")) for file in files]
    return sources


def textures(side: int, random: np.random.Generator) -> Pixels:
    """Return a picture of patches of colour with fine detail, (side, side, 3), as untidy as a photograph."""
    coarse = random.integers(0, 256, (max(2, side // int(random.integers(4, 12))), 4, 3), np.uint8)
    picture = np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC), np.float64)
    return np.clip(picture + random.normal(0, random.uniform(2, 12), picture.shape), 0, 255).astype(np.uint8)


def white(side: int, random: np.random.Generator) -> Pixels:
    """Return an ellipse of some colour in the middle of white, (side, side, 3)."""
    y, x = np.mgrid[:side, :side] + 0.5 - side / 2
    tall, wide = random.uniform(0.25, 0.48, 2) * side
    picture = np.full((side, side, 3), 255, np.uint8)
    picture[(y / tall) ** 2 + (x / wide) ** 2 < 1] = random.integers(0, 200, 3)
    return picture


def kinds() -> list[str]:
    """Return the kinds of pictures that are at hand."""
    return [*_sources(), "textures", "white"]


def one(kind: str, side: int, random: np.random.Generator) -> Pixels:
    """Return one picture of a kind, (side, side, 3); of a photograph, a part."""
    if kind == "textures":
        return textures(side, random)
    if kind == "white":
        return white(side, random)
    source = _sources()[kind]
    picture = Image.fromarray(source[random.integers(len(source))]).convert("RGB")
    if kind == "photos":
        part = int(random.integers(side, min(5 * side, 400) + 1))
        left, top = (int(random.integers(0, length - part + 1)) for length in picture.size)
        picture = picture.crop((left, top, left + part, top + part))
    same = picture.size == (side, side)
    return np.asarray(picture if same else picture.resize((side, side), Image.Resampling.BILINEAR))


def cases(random: np.random.Generator) -> Iterator[Grid]:
    """Yield the grids of the bench."""
    for kind in kinds():
        for side in (16, 28, 32, 64, 128):
            for tiles, columns in ((9, 3), (16, 4), (25, 5), (64, 8), (100, 10), (60, 8)):
                if side * columns > 512:
                    continue
                gap, colour, margin, quality = (int(random.choice(each)) for each in _CHOICES)
                for here in (0, 1, 2, 4):
                    yield Grid(kind, side, tiles, columns, here, "make_grid", colour, 0, quality or None)
                yield Grid(kind, side, tiles, columns, gap, "paste", 200, margin, quality or None)


_CHOICES = ((0, 1, 2, 3, 4), (0, 255), (0, 2, 8), (0, 75, 85, 95))
"""Gap and colour, margin of a pasted grid, and quality."""


@dataclass(frozen=True)
class Plot:
    """A figure of Matplotlib to be drawn.

    Attributes:
        style: `plain`, in axes without frame; `framed`; `titled`, with a title above each; `ticks`, with labels;
            `epoch`, framed, with a line of text below; `tight`, without margins; `grid`, a grid of `make_grid`.
        kind: of images.
        rows, columns: how many there are.
        size: of the figure in inches, or None for the usual 6.4 x 4.8.
    """

    style: str
    kind: str
    rows: int
    columns: int
    size: tuple[float, float] | None = (5, 5)

    def draw(self, random: np.random.Generator) -> tuple[Pixels, Boxes]:
        """Return a picture (H, W, 3), and where its images are: top, left, height and width of each."""
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot

        images = [one(self.kind, 28, random) for _ in range(self.rows * self.columns)]
        grid = self.style == "grid"
        if grid:
            values = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
            images = [make_grid(values, nrow=self.columns, padding=2).permute(1, 2, 0).numpy()]
        drawn, axes = pyplot.subplots(
            *((1, 1) if grid else (self.rows, self.columns)), figsize=self.size, squeeze=False
        )
        for each, image in zip(axes.flat, images, strict=True):
            each.imshow(image[:, :, 0] if self.kind == "digits" else image, cmap="gray")
            if self.style in ("framed", "epoch"):
                each.set_xticks([])
                each.set_yticks([])
            elif self.style != "ticks":
                each.axis("off")
            if self.style in ("titled", "grid"):
                each.set_title("Fake")
        if self.style == "epoch":
            drawn.text(0.5, 0.04, "Epoch 12", ha="center")
        file = io.BytesIO()
        drawn.savefig(file, format="png", bbox_inches="tight" if self.style == "tight" else None)
        height = drawn.canvas.get_width_height()[1]
        shown = [each.images[0].get_window_extent() for each in axes.flat]
        pyplot.close(drawn)
        boxes = [(height - each.y1, each.x0, each.height, each.width) for each in shown]
        if self.style == "tight":  # cut to what is drawn, with 10 pixels around
            top, left = (min(each[i] for each in boxes) - 10 for i in (0, 1))
            boxes = [(each[0] - top, each[1] - left, *each[2:]) for each in boxes]
        if grid:
            boxes = [self._within(boxes[0], row, column) for row in range(self.rows) for column in range(self.columns)]
        return np.asarray(Image.open(file).convert("RGB")), boxes

    def _within(self, box: Box, row: int, column: int) -> Box:
        """Return where an image of a grid is drawn."""
        scale = box[3] / (30 * self.columns + 2)
        return box[0] + scale * (30 * row + 2), box[1] + scale * (30 * column + 2), 28 * scale, 28 * scale

    def found_in(self, tiling: Tiling | None, boxes: Boxes) -> bool:
        """Tell whether a tiling is that of the figure, to 3 pixels or a twelfth of an image."""
        if tiling is None or (len(tiling.down.starts), len(tiling.across.starts)) != (self.rows, self.columns):
            return False
        return bool(np.abs(np.array(tiling.boxes) - np.array(boxes)).max() <= max(3.0, boxes[0][2] / 12))


def plots() -> Iterator[Plot]:
    """Yield the figures of the bench."""
    for kind in kinds():
        for style in STYLES:
            yield Plot(style, kind, 5, 5)
            yield Plot(style, kind, 4, 4, None)
            yield Plot(style, kind, 2, 8, (8, 3))
            if style in ("plain", "grid"):
                yield Plot(style, kind, 10, 10, (10, 10))


STYLES = ("plain", "framed", "titled", "ticks", "epoch", "tight", "grid")


def main() -> None:
    """Print how many grids of each kind were found, and how many single pictures were taken for grids."""
    for count in PICTURES:
        right: Counter[str] = Counter()
        total: Counter[str] = Counter()
        missed: list[tuple[Grid | Plot, Tiling | None]] = []
        random = np.random.default_rng(0)
        for grid in cases(random):
            name = f"{grid.by}, {'JPEG' if grid.quality else 'PNG'}"
            found = find_tiling([grid.draw(random) for _ in range(count)])
            total[name] += 1
            right[name] += grid.found_in(found)
            if not grid.found_in(found):
                missed.append((grid, found))
        for plot in plots():
            pictures = [plot.draw(random) for _ in range(count)]
            found = find_tiling([picture for picture, _ in pictures])
            total["Matplotlib"] += 1
            right["Matplotlib"] += plot.found_in(found, pictures[0][1])
            if not plot.found_in(found, pictures[0][1]):
                missed.append((plot, found))
        sums = ", ".join(f"{name}: {right[name]} of {total[name]}" for name in total)
        print(f"{count} picture(s) together: {sum(right.values())} of {sum(total.values())} found ({sums})")
        for each, found in missed:
            print("   ", each, "->", found and (found.down, found.across))
    random = np.random.default_rng(1)
    for kind in kinds():
        taken = 0
        for _ in range(SINGLES):
            side, quality = int(random.choice((28, 32, 64, 96, 128, 256))), int(random.choice((0, 75, 90)))
            picture = one(kind, side, random)
            taken += find_tiling([as_jpeg(picture, quality) if quality else picture]) is not None
        print(f"{taken} of {SINGLES} single pictures ({kind}) are taken for grids")


if __name__ == "__main__":
    main()
