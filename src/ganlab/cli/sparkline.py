"""A curve as a line of bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ganlab.diagnosis.evidence import Series

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 40
"""Characters of a sparkline, at most."""
NARROWEST = 8
"""Characters of a sparkline, however narrow the terminal is."""


class Course(NamedTuple):
    """A curve as bars.

    Attributes:
        bars: one for each stretch of steps, blank where the curve has not begun or is over.
        first, last: what the first and the last bar stand for.
    """

    bars: str
    first: float
    last: float

    @property
    def ends(self) -> str:
        """What the first and the last bar stand for, with as many digits as show that they differ."""
        words = [f"{self.first:.{digits}g} -> {self.last:.{digits}g}" for digits in range(3, 7)]
        return next((each for each in words if len(set(each.split(" -> "))) > 1), words[0])


def sparkline(values: Sequence[float]) -> str:
    """Return the values as bars between their least and greatest; NaN and Inf show as `!`."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return "!" * len(values)
    # Halves, as the span of the largest floats is none.
    low, span = min(finite) / 2, (max(finite) / 2 - min(finite) / 2) or 1.0
    return "".join(
        BARS[min(len(BARS) - 1, int((value / 2 - low) / span * len(BARS)))] if math.isfinite(value) else "!"
        for value in values
    )


def course(curve: Series, first: int, last: int, width: int = WIDTH) -> Course:
    """Return a curve of at least one value as `width` bars over the steps `first` to `last`.

    A bar is the mean of its stretch of steps, `!` if one value is not finite; a stretch without a value repeats the
    one before, and is blank before the first and after the last value.
    """
    import numpy as np

    place = ((curve.steps - first) / max(1, last - first + 1) * width).astype(int).clip(0, width - 1)
    counts = np.bincount(place, minlength=width)
    # Not the sum over the count: the sum of large floats is infinite.
    means = np.bincount(place, weights=curve.values / counts[place], minlength=width)
    bars: list[float] = []
    for mean, count in zip(means[place[0] : place[-1] + 1], counts[place[0] : place[-1] + 1], strict=True):
        bars.append(mean if count else bars[-1])
    line = " " * int(place[0]) + sparkline(bars) + " " * (width - 1 - int(place[-1]))
    return Course(line, float(bars[0]), float(bars[-1]))


def courses(curves: Mapping[str, Series], first: int, last: int, room: int) -> dict[str, Course]:
    """Return curves as bars over the same steps, as many as fit into `room` characters with two blanks and the ends."""
    for width in range(WIDTH, NARROWEST - 1, -1):
        drawn = {name: course(curve, first, last, width) for name, curve in curves.items()}
        if all(width + 2 + len(each.ends) <= room for each in drawn.values()):
            break
    return drawn
