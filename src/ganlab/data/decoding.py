"""Pictures of any kind that Pillow reads, as 8-bit grey or RGB."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps

ON_WHITE = "transparency was laid on white"
EIGHT_BITS = "16-bit greys were read as 8-bit ones"
ANIMATED = frozenset({"GIF", "PNG", "WEBP"})
"""Formats whose frames follow each other in time; those of a TIFF are pages."""

FIRST_FRAME = "of an animation, the first frame was taken"
LAST_FRAME = "of an animation, the last frame was taken"


def can_be_transparent(image: Image.Image) -> bool:
    """Tell whether a picture has an alpha channel or a transparent colour; its pixels may be opaque all the same."""
    return image.mode in ("RGBA", "LA", "PA", "RGBa") or "transparency" in image.info


def decoded(opened: Image.Image, last: bool = False) -> tuple[Image.Image, tuple[str, ...]]:
    """Return a picture as grey (mode L) or RGB, turned as its EXIF data say, and what that took, in words.

    Transparency is laid on white. 16-bit greys keep their high byte (v / 257, rounded).

    Args:
        opened: the picture.
        last: take the last frame of an animation, the newest one of a training, instead of the first.

    Raises:
        ValueError: its pixels are floating-point numbers, whose range is unknown.
        Exception: whatever Pillow makes of a broken file.
    """
    frames, remarks = getattr(opened, "n_frames", 1), []
    if frames > 1 and opened.format != "MPO":  # a photograph, and previews of it
        newest = last and opened.format in ANIMATED
        remarks.append(LAST_FRAME if newest else FIRST_FRAME)
        opened.seek(frames - 1 if newest else 0)
    image = ImageOps.exif_transpose(opened)
    if image.mode == "F":
        raise ValueError("floating-point pixels, whose range is unknown")
    if image.mode.startswith("I"):
        remarks.append(EIGHT_BITS)
        image = Image.fromarray(np.round(np.clip(np.asarray(image), 0, 65535) / 257).astype(np.uint8))
    if can_be_transparent(image):
        layer = image.convert("RGBA")
        if np.asarray(layer.getchannel("A")).min() < 255:
            remarks.append(ON_WHITE)
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return image.convert("L" if image.mode in ("1", "L") else "RGB"), tuple(remarks)
