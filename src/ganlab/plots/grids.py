"""Pictures of samples, from NumPy arrays to PNG and GIF, without Matplotlib: cheap enough for every snapshot."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ganlab.runs.files import atomic_write
from ganlab.text import drawable

Pixels = NDArray[np.uint8]

NON_FINITE = (255, 0, 255)
"""Magenta: NaN and infinite pixels. No grey image holds it and few photographs do."""
GAP = 2
GAP_COLOUR = 226
COMFORTABLE_WIDTH = 660
TALLEST = 4096

POINTS_SIDE = 512
INSET = 5
MARGIN = 1.3
REAL_SHADES = (230, 176)
DOT_COLOUR = (0, 114, 178)
DOT_OPACITY = 0.55
ALARM_COLOUR = (213, 94, 0)

GIF_FRAMES = 60
GIF_BYTES = 2_000_000
GIF_STRIP = 24

Heading = tuple[str, int]
"""Words above a grid, and how many of its columns they are about."""
HEADING = 14
SMALLEST = 9


def to_pixels(samples: NDArray[np.floating]) -> Pixels:
    """Turn images in [-1, 1], (N, C, H, W) with C = 1 or 3, into uint8 (N, H, W, 3), grey repeated.

    Values outside are clamped; pixels that are NaN or infinite in any channel become magenta, so that they are seen.

    Raises:
        ValueError: another number of axes or channels.
    """
    if samples.ndim != 4 or samples.shape[1] not in (1, 3):
        raise ValueError(f"images of shape (N, 1 or 3, H, W) are needed, got {samples.shape}")
    finite = np.isfinite(samples).all(axis=1)
    scaled = np.clip(np.nan_to_num(samples), -1.0, 1.0) * 127.5 + 127.5
    pixels = np.rint(scaled).astype(np.uint8).transpose(0, 2, 3, 1)
    pixels = np.repeat(pixels, 3, axis=3) if samples.shape[1] == 1 else np.ascontiguousarray(pixels)
    pixels[~finite] = NON_FINITE
    return pixels


def tile(pixels: Pixels, columns: int) -> Pixels:
    """Lay images (N, H, W, 3), N >= 1, out row by row, `columns` in a row, on a light ground: uint8 (H', W', 3).

    Small images are enlarged by a whole factor (nearest), so that a grid is about 600 pixels wide where it can be and
    at most TALLEST high.
    """
    count, height, width, _ = pixels.shape
    rows = -(-count // columns)
    factor = max(1, min(round(COMFORTABLE_WIDTH / (columns * width)), TALLEST // (rows * height)))
    enlarged = pixels.repeat(factor, axis=1).repeat(factor, axis=2)
    cell_height, cell_width = height * factor + GAP, width * factor + GAP
    cells = np.full((rows * columns, cell_height, cell_width, 3), GAP_COLOUR, np.uint8)
    cells[:count, GAP:, GAP:] = enlarged
    grid = cells.reshape(rows, columns, cell_height, cell_width, 3).swapaxes(1, 2)
    grid = grid.reshape(rows * cell_height, columns * cell_width, 3)
    # Each cell brings its own upper and left gap; the last row and column lack the other two.
    return np.pad(grid, ((0, GAP), (0, GAP), (0, 0)), constant_values=GAP_COLOUR)


def headed(grid: Pixels, headings: Sequence[Heading], columns: int) -> Pixels:
    """Put a strip above a grid (H, W, 3) that `tile` made, with a heading over each column, or over several.

    A heading is as large as its columns are wide, at most HEADING; what does not fit even in small letters is cut.
    """
    cell = (grid.shape[1] - GAP) // columns
    strip = Image.new("RGB", (grid.shape[1], 2 * HEADING), "white")
    draw, first = ImageDraw.Draw(strip), 0
    for words, span in headings:
        text, size, room = drawable(words), HEADING, span * cell - 2 * GAP
        while size > SMALLEST and draw.textlength(text, ImageFont.load_default(size)) > room:
            size -= 1
        font = ImageFont.load_default(size)
        while len(text) > 1 and draw.textlength(text, font) > room:
            text = f"{text.removesuffix('.')[:-1]}."
        draw.text((GAP + (first + span / 2) * cell, HEADING), text, fill=(64, 64, 64), font=font, anchor="mm")
        first += span
    return np.concatenate([np.asarray(strip), grid])


def scatter(points: NDArray[np.floating], real: NDArray[np.floating]) -> Pixels:
    """Draw generated points (N, 2) in blue over the density of real ones (M, 2), M >= 1, in grey: uint8 (512, 512, 3).

    The frame is a square set by the reals alone, so pictures against the same reals compare. Points outside stand in
    orange at its edge and are counted; a thick orange border says that points are not finite.
    """
    finite = np.isfinite(points).all(axis=1)
    centre, half = frame_of(real)
    inside = finite & (np.abs(np.where(finite[:, None], points, 0) - centre) <= half).all(axis=1)

    canvas = np.full((POINTS_SIDE * POINTS_SIDE, 3), 255.0, np.float32)
    touched, density = _stamp(_cells(real, centre, half), radius=3.3)
    canvas[touched] = np.interp(density, [1, max(2, density.max() / 2)], REAL_SHADES)[:, None]
    _paint(canvas, _cells(points[inside], centre, half), 2.3, DOT_COLOUR)
    _paint(canvas, _cells(points[finite & ~inside], centre, half), 4.3, ALARM_COLOUR)
    picture = Image.fromarray(canvas.astype(np.uint8).reshape(POINTS_SIDE, POINTS_SIDE, 3))

    note_missing(picture, len(points), int((finite & ~inside).sum()), int((~finite).sum()))
    return np.asarray(picture)


def frame_of(real: NDArray[np.floating]) -> tuple[NDArray[np.floating], float]:
    """Return the middle (2,) of the square that real points (M, 2), M >= 1, are drawn in, and half of its side."""
    low, high = real.min(axis=0), real.max(axis=0)
    return (low + high) / 2, max(float((high - low).max()) / 2, 1e-12) * MARGIN


def note_missing(picture: Image.Image, count: int, outside: int, broken: int) -> None:
    """Write into a square picture of points how many of them are outside and not finite, if any are."""
    draw, side = ImageDraw.Draw(picture), picture.width
    if broken:
        draw.rectangle((0, 0, side - 1, side - 1), outline=ALARM_COLOUR, width=8)
    notes = [f"{n} of {count} {what}" for n, what in ((outside, "outside"), (broken, "not finite")) if n]
    if notes:
        place, font = (16, side - 16), ImageFont.load_default(24)
        left, top, right, bottom = draw.textbbox(place, ", ".join(notes), font, "ls")
        draw.rectangle((left - 3, top - 3, right + 3, bottom + 3), fill="white")
        draw.text(place, ", ".join(notes), fill=ALARM_COLOUR, font=font, anchor="ls")


def _cells(points: NDArray[np.floating], centre: NDArray[np.floating], half: float) -> NDArray[np.intp]:
    """Return the flat index of each point's pixel, (N,); points outside the frame move to its edge."""
    shares = (np.clip((points - centre) / half, -1.0, 1.0) * (1.0, -1.0) + 1.0) / 2.0
    # The inset keeps every disc whole, so none wraps round to the other side.
    columns, rows = np.rint(INSET + shares * (POINTS_SIDE - 1 - 2 * INSET)).astype(np.intp).T
    return np.asarray(rows * POINTS_SIDE + columns)


def _stamp(cells: NDArray[np.intp], radius: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Lay a disc on each cell: the flat indices of the pixels covered, and how many discs cover each."""
    reach = range(-int(radius), int(radius) + 1)
    disc = np.array([dy * POINTS_SIDE + dx for dy in reach for dx in reach if dy**2 + dx**2 <= radius**2])
    counts = np.bincount((cells[:, None] + disc).ravel())
    touched = np.flatnonzero(counts)
    return touched, counts[touched]


def _paint(canvas: NDArray[np.float32], cells: NDArray[np.intp], radius: float, colour: tuple[int, int, int]) -> None:
    """Cover the canvas (512 * 512, 3) with see-through discs, denser where several lie on each other."""
    touched, counts = _stamp(cells, radius)
    opacity = 1.0 - (1.0 - DOT_OPACITY) ** counts[:, None]
    canvas[touched] += opacity * (np.array(colour) - canvas[touched])


def save_png(pixels: Pixels, path: Path, sync: bool = True) -> None:
    """Write a picture (H, W, 3) as PNG, atomically; `sync` is that of `atomic_write`.

    Raises:
        Interrupted: the disk is full.
    """
    atomic_write(path, png_of(pixels), sync)


def png_of(pixels: Pixels) -> bytes:
    """Return a picture (H, W, 3) as the bytes of a PNG."""
    buffer = io.BytesIO()
    # Level 4 takes half the time of the default 6 for 7 % more bytes.
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()


def evenly_spaced(count: int, limit: int = GIF_FRAMES) -> list[int]:
    """Return at most `limit` of the indices 0 to count - 1, evenly spaced, the first and the last among them."""
    return [round(index) for index in np.linspace(0, count - 1, min(count, limit)).tolist()]


def save_gif(frames: Sequence[Pixels], labels: Sequence[str], path: Path, seconds_per_frame: float = 0.25) -> None:
    """Write pictures of one size, (H, W, 3), as an endless GIF, atomically, each label in a strip below its frame.

    Of more than 60 frames, 60 are shown (`evenly_spaced`; only these are read from `frames`). The last is held for two
    seconds. Frames are shrunk by a whole factor until the file is below 2 MB.

    Raises:
        ValueError: no frames, or not one label a frame.
        Interrupted: the disk is full.
    """
    if not frames or len(frames) != len(labels):
        raise ValueError(f"one label a frame is needed, got {len(frames)} frames and {len(labels)} labels")
    chosen = evenly_spaced(len(frames))
    pictures = [Image.fromarray(frames[i]) for i in chosen]
    texts = [labels[i] for i in chosen]
    durations = [round(1000 * seconds_per_frame)] * (len(chosen) - 1) + [2000]
    for factor in range(1, 9):
        content = _gif([_labelled(p.reduce(factor), text) for p, text in zip(pictures, texts, strict=True)], durations)
        if len(content) <= GIF_BYTES:
            break
    atomic_write(path, content)


def side_by_side(grids: Sequence[Pixels], labels: Sequence[str]) -> Pixels:
    """Return the upper left quarters of equally large grids (H, W, 3), side by side, each under its label."""
    quarters = [
        _labelled(Image.fromarray(grid[: len(grid) // 2, : grid.shape[1] // 2]), label)
        for grid, label in zip(grids, labels, strict=True)
    ]
    return np.concatenate([np.asarray(each.convert("RGB")) for each in quarters], axis=1)


def _labelled(picture: Image.Image, text: str) -> Image.Image:
    """Put a strip with the text below a picture."""
    framed = Image.new("RGB", (picture.width, picture.height + GIF_STRIP), "white")
    framed.paste(picture)
    draw = ImageDraw.Draw(framed)
    draw.text(
        (6, picture.height + GIF_STRIP // 2), text, fill=(64, 64, 64), font=ImageFont.load_default(14), anchor="lm"
    )
    return framed


def _gif(frames: Sequence[Image.Image], durations: Sequence[int]) -> bytes:
    """Encode RGB frames with one palette; dithering would make still areas flicker and the file large."""
    palette = _palette(frames)
    first, *others = (frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)
    buffer = io.BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=list(durations), loop=0, optimize=False)
    return buffer.getvalue()


def _palette(frames: Sequence[Image.Image]) -> Image.Image:
    """Return one palette for all frames: 64 greys for grey pictures, else what suits a few frames; and the marks."""
    colours = [*NON_FINITE, *ALARM_COLOUR]
    if all(_is_grey(np.asarray(frame)) for frame in frames):
        # 64 greys look like 256 and take two thirds of the bytes.
        colours += np.linspace(0, 255, 64).round().astype(int).repeat(3).tolist()
    else:
        few = np.concatenate([np.asarray(frames[i]) for i in evenly_spaced(len(frames), 6)])
        colours += Image.fromarray(few).quantize(256 - len(colours) // 3).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours)
    return palette


def _is_grey(pixels: Pixels) -> bool:
    """Say whether all pixels are grey, but for the mark of non-finite ones."""
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    return bool((((red == green) & (green == blue)) | (pixels == NON_FINITE).all(axis=-1)).all())
