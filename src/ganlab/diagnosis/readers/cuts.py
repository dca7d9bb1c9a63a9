"""Where tiles are: along one direction, and as rows and columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Level = TypeVar("Level", bound=np.generic)
"""What the pixels of a picture are: bytes, floats, or whether they are drawn on."""


@dataclass(frozen=True)
class Cuts:
    """The tiles along one direction: `side` pixels from each of `starts`."""

    starts: tuple[int, ...]
    side: int

    @property
    def gap(self) -> int:
        """Pixels between two tiles, at least; 0 if there is only one."""
        pitches = (after - before for before, after in zip(self.starts, self.starts[1:], strict=False))
        return min(pitches, default=self.side) - self.side

    def moved(self, by: int) -> Cuts:
        """Return the same tiles, some pixels further."""
        return Cuts(tuple(start + by for start in self.starts), self.side)

    def within(self, by: int) -> Cuts:
        """Return the same tiles without some pixels at each end."""
        return Cuts(tuple(start + by for start in self.starts), self.side - 2 * by)

    @property
    def separators(self) -> list[tuple[int, int]]:
        """First and last line of each separator: the gap, or the two lines that touch."""
        gap = self.gap
        ends = [start + self.side for start in self.starts[:-1]]
        between = zip(ends, self.starts[1:], strict=True)
        return [(end, start - 1) if gap else (end - 1, end) for end, start in between]


@dataclass(frozen=True)
class Tiling:
    """Rows and columns of tiles, as cuts along the height and along the width."""

    down: Cuts
    across: Cuts

    @property
    def boxes(self) -> tuple[tuple[int, int, int, int], ...]:
        """Top, left, height and width of each tile, row by row."""
        return tuple(
            (top, left, self.down.side, self.across.side) for top in self.down.starts for left in self.across.starts
        )

    def moved(self, down: int, across: int) -> Tiling:
        """Return the same tiles, some pixels further."""
        return Tiling(self.down.moved(down), self.across.moved(across))

    def within(self, by: int) -> Tiling:
        """Return the same tiles without some pixels at each edge."""
        return Tiling(self.down.within(by), self.across.within(by))

    def is_near(self, other: Tiling) -> bool:
        """Tell whether the tiles of two tilings differ by a pixel at most."""
        return all(
            len(one.starts) == len(two.starts)
            and abs(one.side - two.side) <= 2
            and all(abs(a - b) <= 1 for a, b in zip(one.starts, two.starts, strict=True))
            for one, two in ((self.down, other.down), (self.across, other.across))
        )

    def cut(self, picture: NDArray[Level]) -> list[NDArray[Level]]:
        """Return the tiles of a picture (H, W) or (H, W, C), row by row."""
        return [picture[top : top + tall, left : left + wide] for top, left, tall, wide in self.boxes]
