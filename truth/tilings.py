"""How many grids of images, as trainers write them, are cut where they were put together.

    python -m truth.tilings [FOLDER OF PICTURES] | cut -c1-200

Grids of real digits, of textures, of parts of scikit-learn's photographs where it is installed, and of a folder's
pictures: by torchvision's `make_grid`, by pasting, and by Matplotlib; 9 to 100 tiles of 16 to 128 pixels, gaps of 0 to
4 pixels of several colours, complete or not, as PNG or as JPEG of quality 75 to 95; alone and with others of the same
folder. And single pictures, which are no grids. `tests/diagnosis/readers/test_tiling.py` draws some of them.
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
from ganlab.diagnosis.readers.tiling import Tiling, find_tiling

Pixels = NDArray[np.uint8]

PICTURES = (1, 3)
"""Pictures of one folder that are looked at together."""
SINGLES = 200
"""Single pictures of each kind."""


@dataclass(frozen=True)
class Grid:
    """A grid to be drawn.

    Attributes:
        kind: of pictures: `digits`, `textures`, `photos`, `folder`.
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


def kinds() -> list[str]:
    """Return the kinds of pictures that are at hand."""
    return [*_sources(), "textures"]


def one(kind: str, side: int, random: np.random.Generator) -> Pixels:
    """Return one picture of a kind, (side, side, 3); of a photograph, a part."""
    if kind == "textures":
        return textures(side, random)
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


def figure(kind: str, rows: int, columns: int, random: np.random.Generator, framed: bool) -> Pixels:
    """Return a figure of Matplotlib whose axes show images."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    drawn, axes = pyplot.subplots(rows, columns, figsize=(columns, rows))
    for each in axes.flat:
        each.imshow(one(kind, 28, random)[:, :, 0], cmap="gray")
        each.set_xticks([])
        each.set_yticks([])
        each.axis("on" if framed else "off")
    file = io.BytesIO()
    drawn.savefig(file, format="png")
    pyplot.close(drawn)
    return np.asarray(Image.open(file).convert("RGB"))


def main() -> None:
    """Print how many grids of each kind were found, and how many single pictures were taken for grids."""
    for count in PICTURES:
        right: Counter[str] = Counter()
        total: Counter[str] = Counter()
        missed = []
        random = np.random.default_rng(0)
        for grid in cases(random):
            name = f"{grid.by}, {'JPEG' if grid.quality else 'PNG'}"
            found = find_tiling([grid.draw(random) for _ in range(count)])
            total[name] += 1
            right[name] += grid.found_in(found)
            if not grid.found_in(found):
                missed.append((grid, found))
        for kind in kinds():
            for rows, columns, framed in ((4, 4, False), (5, 5, False), (5, 5, True), (10, 10, False)):
                found = find_tiling([figure(kind, rows, columns, random, framed) for _ in range(count)])
                shape = found and (len(found.down.starts), len(found.across.starts))
                total["Matplotlib"] += 1
                right["Matplotlib"] += shape == (rows, columns)
        sums = ", ".join(f"{name}: {right[name]} of {total[name]}" for name in total)
        print(f"{count} picture(s) together: {sum(right.values())} of {sum(total.values())} found ({sums})")
        for grid, found in missed:
            print("   ", grid, "->", found and (found.down, found.across))
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
