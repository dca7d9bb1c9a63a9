"""How wide words are in a figure, before it is drawn: so that they end where something else begins."""

from __future__ import annotations

from functools import cache

from matplotlib.font_manager import findfont, get_font

from ganlab.text import drawable

FONT = "DejaVu Sans"
"""What figures are lettered in; it comes with Matplotlib."""
MORE = " ..."
"""What stands for words that are left out."""


def wrapped(text: str, width: float, size: float, most: int) -> list[str]:
    """Break text into at most so many lines of so many inches, at spaces where it can be.

    Args:
        text: any; what a font cannot draw becomes `?`.
        width: inches.
        size: of the font, in points.
        most: lines; the last one ends in dots if words are left out.
    """
    lines: list[str] = []
    for paragraph in drawable(text).split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            while width_of(longer, size) > width:
                if line:
                    lines.append(line)
                    line, longer = "", word
                    continue
                fitting = _fitting(longer, width, size)
                lines.append(longer[:fitting])
                longer = longer[fitting:]
            line = longer
        lines += [line] if line else []
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    while last and width_of(last + MORE, size) > width:
        last = last[:-1].rstrip()
    return [*lines[: most - 1], last + MORE]


def width_of(text: str, size: float, weight: str = "normal") -> float:
    """Return the width of one line in inches; a character that the font lacks counts as wide as an `m`."""
    return sum(_advance(character, weight) for character in text) * size / 72


def _fitting(word: str, width: float, size: float) -> int:
    """Return how many of a word's characters fit into a width, at least 1."""
    return next((n for n in range(1, len(word)) if width_of(word[: n + 1], size) > width), len(word))


@cache
def _advance(character: str, weight: str) -> float:
    """Return how far a character takes the pen, in ems."""
    font = get_font(findfont(f"{FONT}:{weight}"))
    index = font.get_char_index(ord(character)) or font.get_char_index(ord("m"))
    font.set_size(100, 72)
    # Advances are in 65,536ths of a pixel.
    return float(font.load_glyph(index).linearHoriAdvance / 65536 / 100)
