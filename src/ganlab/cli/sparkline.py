"""A curve as a line of bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganlab.diagnosis.evidence import Series

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 40
"""Characters of a sparkline."""


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


def course(curve: Series, first: int, last: int) -> str:
    """Return a curve as WIDTH bars over the steps `first` to `last`.

    A bar is the mean of its stretch of steps, `!` if one value is not finite; a stretch without a value repeats the
    one before, and is blank before the first and after the last value.
    """
    import numpy as np

    place = ((curve.steps - first) / max(1, last - first + 1) * WIDTH).astype(int).clip(0, WIDTH - 1)
    counts = np.bincount(place, minlength=WIDTH)
    # Not the sum over the count: the sum of large floats is infinite.
    means = np.bincount(place, weights=curve.values / counts[place], minlength=WIDTH)
    bars: list[float] = []
    for mean, count in zip(means[place[0] : place[-1] + 1], counts[place[0] : place[-1] + 1], strict=True):
        bars.append(mean if count else bars[-1])
    return " " * int(place[0]) + sparkline(bars) + " " * (WIDTH - 1 - int(place[-1]))
