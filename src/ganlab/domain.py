"""What one sample is: an image or a point. Code that treats them differently asks here, not by rank or type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Images:
    """Images, stored as bytes from 0 to 255 or as floats in [-1, 1]; networks and statistics see the floats.

    Attributes:
        channels: 1 for grey, 3 for RGB.
        height, width: in pixels.
    """

    channels: int
    height: int
    width: int

    noun: ClassVar[str] = "images"
    space: ClassVar[str] = "pixels in [-1, 1]"
    """Where distances between samples are taken, as protocols name it."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample, (channels, height, width)."""
        return (self.channels, self.height, self.width)

    @property
    def side(self) -> int:
        """Side of a square image in pixels.

        Raises:
            ValueError: the images are not square.
        """
        if self.height != self.width:
            raise ValueError(f"images of {self.height} x {self.width} pixels are not square")
        return self.width


@dataclass(frozen=True)
class Points:
    """Points, stored and seen as their float coordinates, in any range.

    Attributes:
        dimensions: coordinates of a point.
    """

    dimensions: int = 2

    noun: ClassVar[str] = "points"
    space: ClassVar[str] = "coordinates"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample, (dimensions,)."""
        return (self.dimensions,)


Domain = Images | Points
