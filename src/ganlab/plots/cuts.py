"""How pictures of grids were cut: the grids with their tiles outlined, and what came of them beside real images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ganlab.plots.grids import ALARM_COLOUR, GAP_COLOUR, Pixels
from ganlab.text import drawable

WIDTH = 690
"""Of the sheet, in pixels."""
TALLEST = 720
"""Height of a grid on the sheet, at most."""
SHOWN = 20
"""Images of each kind on the sheet, ten in a row."""
EDGE = 12
INK = (43, 43, 43)


@dataclass(frozen=True, eq=False)
class CutPicture:
    """A picture and where its tiles are.

    Attributes:
        name: of its file.
        pixels: (H, W) or (H, W, 3).
        tiles: top, left, height and width of each.
    """

    name: str
    pixels: Pixels
    tiles: tuple[tuple[int, int, int, int], ...]


def cut_sheet(pictures: Sequence[CutPicture], kinds: Sequence[tuple[str, Pixels]]) -> Pixels:
    """Draw pictures with their tiles outlined, and below them images of several kinds.

    Args:
        pictures: side by side if they are narrow; none is allowed.
        kinds: a heading and images, uint8 (N, H, W, 1 or 3), the first 20 of which are shown.

    Returns:
        uint8 (H', 690, 3).
    """
    parts = [_headed(f"{each.name}, as it was cut", _outlined(each)) for each in pictures]
    parts += [_headed(heading, _rows(images[:SHOWN])) for heading, images in kinds if len(images)]
    sheet = np.full((sum(len(part) for part in parts), WIDTH, 3), 255, np.uint8)
    top = 0
    for part in parts:
        sheet[top : top + len(part)] = part
        top += len(part)
    return sheet


def _headed(heading: str, content: Image.Image) -> Pixels:
    part = Image.new("RGB", (WIDTH, content.height + 3 * EDGE + 8), "white")
    ImageDraw.Draw(part).text((EDGE, EDGE), drawable(heading), fill=INK, font=ImageFont.load_default(14))
    part.paste(content, (EDGE, 2 * EDGE + 8))
    return np.asarray(part)


def _outlined(picture: CutPicture) -> Image.Image:
    """Return a picture as wide as the sheet at most, small ones enlarged by a whole factor, with outlined tiles."""
    drawn, scale = _fitted(picture.pixels, WIDTH - 2 * EDGE, TALLEST)
    pen = ImageDraw.Draw(drawn)
    for top, left, tall, wide in picture.tiles:
        right, bottom = (left + wide) * scale - 1, (top + tall) * scale - 1
        pen.rectangle(
            (left * scale, top * scale, max(left * scale, right), max(top * scale, bottom)), outline=ALARM_COLOUR
        )
    return drawn


def _rows(images: Pixels) -> Image.Image:
    """Lay images (N, H, W, 1 or 3) out, ten in a row."""
    cell = (WIDTH - 2 * EDGE) // 10
    fitted = [_fitted(image, cell - 2, cell - 2)[0] for image in np.broadcast_to(images, (*images.shape[:3], 3))]
    width, height = fitted[0].width + 2, fitted[0].height + 2
    drawn = Image.new("RGB", (10 * width, -(-len(fitted) // 10) * height), "white")
    for index, image in enumerate(fitted):
        row, column = divmod(index, 10)
        left, top = column * width, row * height
        drawn.paste((GAP_COLOUR,) * 3, (left, top, left + width, top + height))
        drawn.paste(image, (left + 1, top + 1))
    return drawn


def _fitted(pixels: Pixels, width: int, height: int) -> tuple[Image.Image, float]:
    """Return a picture scaled to fit, small ones by a whole factor; and the factor."""
    tall, wide = pixels.shape[:2]
    scale = min(width / wide, height / tall)
    scale = float(int(scale)) if scale >= 1 else scale
    filter = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BILINEAR
    size = (max(1, round(wide * scale)), max(1, round(tall * scale)))
    return Image.fromarray(np.ascontiguousarray(pixels)).convert("RGB").resize(size, filter), scale
