"""The last samples of many runs, a row a configuration and a strip a seed, without Matplotlib."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from ganlab.plots.figures import INK, MUTED
from ganlab.plots.grids import GAP, Pixels
from ganlab.text import drawable
from ganlab.verdicts import hue, short_words, words

PAGE, LABEL, STRIP_GAP, CAPTION = (1130, 3600), 210, 14, 42
"""Pixels: a page of strips, the column of its labels, the room between strips and for a strip's caption."""
TILES = (5, 2)
"""Columns and rows of samples in a strip."""
POINTS_SIDE = 160
"""Side of a picture of points in a strip, pixels."""


@dataclass(frozen=True)
class Strip:
    """What one run made last.

    Attributes:
        caption: which run of its row it is, such as `seed 0`.
        verdict: `failure` or `failure/variant`; empty if it was not judged.
        grid: uint8 (H, W, 3), ten tiles in a row as `grids.tile` lays them, or points as `grids.scatter` draws them;
            None if there is none.
        points: which of the two it is.
    """

    caption: str
    verdict: str
    grid: Pixels | None
    points: bool = False


def strips(title: str, rows: Iterable[tuple[str, Iterable[Strip]]]) -> list[Pixels]:
    """Lay out the last samples of many runs: a row a configuration, a strip a seed, under its verdict.

    Args:
        title: above each page.
        rows: label and strips; none give no page.

    Returns:
        Pages, uint8 (H, 1130, 3), H about 3,600 at most but for a row that is higher itself.
    """
    pages: list[list[Image.Image]] = []
    room = 0
    for row in (_row_of_strips(label, list(row)) for label, row in rows):
        if row.height > room:
            pages.append([])
            room = PAGE[1] - 44
        pages[-1].append(row)
        room -= row.height
    return [
        _page(title if len(pages) == 1 else f"{title} ({number} of {len(pages)})", page)
        for number, page in enumerate(pages, start=1)
    ]


def _page(title: str, rows: Sequence[Image.Image]) -> Pixels:
    page = Image.new("RGB", (PAGE[0], 44 + sum(row.height for row in rows)), "white")
    ImageDraw.Draw(page).text((12, 12), drawable(title), fill=INK, font=ImageFont.load_default(20))
    top = 44
    for row in rows:
        page.paste(row, (0, top))
        top += row.height
    return np.asarray(page)


def _row_of_strips(label: str, row: Sequence[Strip]) -> Image.Image:
    """Draw the label on the left and the strips side by side, on as many lines as they need."""
    pictures = [_strip_picture(strip) for strip in row]
    widest = max((picture.width for picture in pictures), default=0) + STRIP_GAP
    highest = max((picture.height for picture in pictures), default=0) + CAPTION + STRIP_GAP
    per_line = max(1, (PAGE[0] - LABEL) // max(1, widest))
    lines = [line for part in drawable(label).splitlines() for line in textwrap.wrap(part, 22)][:8]
    height = max(-(-len(row) // per_line) * highest, 20 * len(lines) + STRIP_GAP) + 10
    canvas = Image.new("RGB", (PAGE[0], height), "white")
    draw = ImageDraw.Draw(canvas)
    draw.line((12, 3, PAGE[0] - 12, 3), fill="#DDDDDD")
    draw.multiline_text((12, 12), "\n".join(lines), fill=INK, font=ImageFont.load_default(16), spacing=4)
    for number, (strip, picture) in enumerate(zip(row, pictures, strict=True)):
        line, place = divmod(number, per_line)
        left, top = LABEL + place * widest, 10 + line * highest
        _caption(draw, strip, left, top, picture.width)
        canvas.paste(picture, (left, top + CAPTION))
    return canvas


def _caption(draw: ImageDraw.ImageDraw, strip: Strip, left: int, top: int, width: int) -> None:
    """Write which run it is, below it its verdict behind a mark of the verdict's colour, cut to the strip's width."""
    font = ImageFont.load_default(15)
    draw.text((left, top), drawable(strip.caption), fill=MUTED, font=font)
    name = drawable(words(strip.verdict)) or "not judged"
    indent = 0
    if strip.verdict:
        draw.rectangle((left, top + 23, left + 11, top + 34), fill=hue(strip.verdict))
        indent = 17
    for shown in (name, drawable(short_words(strip.verdict)), *_shortened(name)):
        if draw.textlength(shown, font) <= width - indent:
            draw.text((left + indent, top + 19), shown, fill=INK, font=font)
            break


def _shortened(text: str) -> Iterator[str]:
    """Yield ever shorter beginnings of a text."""
    yield from (f"{text[:length]}..." for length in range(len(text) - 1, 0, -1))


def _strip_picture(strip: Strip) -> Image.Image:
    """Cut the first tiles out of a grid; shrink points; say so if there is nothing."""
    if strip.grid is None:
        blank = Image.new("RGB", (POINTS_SIDE, POINTS_SIDE // 2), "#F4F4F4")
        ImageDraw.Draw(blank).text((12, 30), "no samples", fill=MUTED, font=ImageFont.load_default(13))
        return blank
    if strip.points:
        points = Image.fromarray(strip.grid).resize((POINTS_SIDE - 2, POINTS_SIDE - 2), Image.Resampling.LANCZOS)
        return ImageOps.expand(points, 1, "#DDDDDD")
    cell = (strip.grid.shape[1] - GAP) // 10
    columns, rows = TILES
    picture = Image.fromarray(strip.grid[: rows * cell + GAP, : columns * cell + GAP])
    widest = (PAGE[0] - LABEL) // 3 - STRIP_GAP
    # Large tiles are shrunk so that three seeds fit side by side.
    picture.thumbnail((widest, PAGE[1]))
    return picture
