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
EDGE, LINE, LABEL_SIZE = 12, 20, 16
"""Pixels: the page's margin, a line of a label, and the size of its letters."""
NARROWEST = 250
"""Pixels: a column of single strips is at least so wide, for its label."""
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


@dataclass(frozen=True)
class _Row:
    """A configuration: its label, and the caption, the verdict and the picture of each strip."""

    label: str
    strips: Sequence[tuple[str, str, Image.Image]]


def strips(title: str, rows: Iterable[tuple[str, Iterable[Strip]]]) -> list[Pixels]:
    """Lay out the last samples of many runs: a row a configuration, a strip a seed, under its verdict.

    Of several configurations with one strip each, several are side by side, each under its label.

    Args:
        title: above each page.
        rows: label and strips; none give no page. Only one row's grids are in memory at a time.

    Returns:
        Pages, uint8 (H, 1130, 3), H about 3,600 at most but for a row that is higher itself.
    """
    read = [_Row(label, [_read(strip) for strip in row]) for label, row in rows]
    alone = len(read) > 1 and all(len(row.strips) == 1 for row in read)
    pages: list[list[Image.Image]] = []
    room = 0
    for row in _in_columns(read) if alone else map(_row_of_strips, read):
        if row.height > room:
            pages.append([])
            room = PAGE[1] - 44
        pages[-1].append(row)
        room -= row.height
    return [
        _page(title if len(pages) == 1 else f"{title} ({number} of {len(pages)})", page)
        for number, page in enumerate(pages, start=1)
    ]


def _read(strip: Strip) -> tuple[str, str, Image.Image]:
    return strip.caption, strip.verdict, _strip_picture(strip)


def _page(title: str, rows: Sequence[Image.Image]) -> Pixels:
    page = Image.new("RGB", (PAGE[0], 44 + sum(row.height for row in rows)), "white")
    ImageDraw.Draw(page).text((EDGE, EDGE), drawable(title), fill=INK, font=ImageFont.load_default(20))
    top = 44
    for row in rows:
        page.paste(row, (0, top))
        top += row.height
    return np.asarray(page)


def _row_of_strips(row: _Row) -> Image.Image:
    """Draw the label on the left and the strips side by side, on as many lines as they need."""
    widest = max((picture.width for *_, picture in row.strips), default=0) + STRIP_GAP
    highest = max((picture.height for *_, picture in row.strips), default=0) + CAPTION + STRIP_GAP
    per_line = max(1, (PAGE[0] - LABEL) // max(1, widest))
    lines = _label_lines(row.label, LABEL - 2 * EDGE)
    height = max(-(-len(row.strips) // per_line) * highest, LINE * len(lines) + STRIP_GAP) + 10
    canvas, draw = _ruled(height)
    _write_label(draw, lines, EDGE, EDGE)
    for number, (caption, verdict, picture) in enumerate(row.strips):
        line, place = divmod(number, per_line)
        left, top = LABEL + place * widest, 10 + line * highest
        _caption(draw, caption, verdict, left, top, picture.width)
        canvas.paste(picture, (left, top + CAPTION))
    return canvas


def _in_columns(rows: Sequence[_Row]) -> Iterator[Image.Image]:
    """Draw rows of one strip each side by side, with the label above each strip."""
    strips = [row.strips[0] for row in rows]
    width = max(NARROWEST, *(picture.width for *_, picture in strips)) + 2 * STRIP_GAP
    room = PAGE[0] - 2 * EDGE + 2 * STRIP_GAP
    columns = max(1, room // width)
    width = room // columns
    for start in range(0, len(rows), columns):
        line = rows[start : start + columns]
        labels = [_label_lines(row.label, width - 2 * STRIP_GAP) for row in line]
        head = 12 + LINE * max(map(len, labels))
        canvas, draw = _ruled(head + CAPTION + max(row.strips[0][2].height for row in line) + STRIP_GAP + 10)
        for place, (row, lines) in enumerate(zip(line, labels, strict=True)):
            (caption, verdict, picture), left = row.strips[0], EDGE + place * width
            # Labels end at the strips, so that each is read with the one below it.
            _write_label(draw, lines, left, head - LINE * len(lines))
            _caption(draw, caption, verdict, left, head + 2, width - 2 * STRIP_GAP)
            canvas.paste(picture, (left, head + 2 + CAPTION))
        yield canvas


def _ruled(height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Return a white row of a page under a rule, and what draws on it."""
    canvas = Image.new("RGB", (PAGE[0], height), "white")
    draw = ImageDraw.Draw(canvas)
    draw.line((EDGE, 3, PAGE[0] - EDGE, 3), fill="#DDDDDD")
    return canvas, draw


def _label_lines(label: str, width: int) -> list[str]:
    """Break a label into at most eight lines of so many pixels."""
    font = ImageFont.load_default(LABEL_SIZE)
    room = int(width / (font.getlength("n") * 0.95))
    return [line for part in drawable(label).splitlines() for line in textwrap.wrap(part, room)][:8]


def _write_label(draw: ImageDraw.ImageDraw, lines: Sequence[str], left: int, top: int) -> None:
    font = ImageFont.load_default(LABEL_SIZE)
    for number, line in enumerate(lines):
        draw.text((left, top + number * LINE), line, fill=INK, font=font)


def _caption(draw: ImageDraw.ImageDraw, caption: str, verdict: str, left: int, top: int, width: int) -> None:
    """Write which run it is, below it its verdict behind a mark of the verdict's colour, cut to the strip's width."""
    font = ImageFont.load_default(15)
    draw.text((left, top), drawable(caption), fill=MUTED, font=font)
    name = drawable(words(verdict)) or "not judged"
    indent = 0
    if verdict:
        draw.rectangle((left, top + 23, left + 11, top + 34), fill=hue(verdict))
        indent = 17
    for shown in (name, drawable(short_words(verdict)), *_shortened(name)):
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
