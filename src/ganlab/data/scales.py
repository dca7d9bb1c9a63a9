"""Whether images are on the scale of other images: mistakes of normalising that make good samples look like garbage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

QUANTILES = np.linspace(0.001, 0.999, 256)
"""Quantiles of the pixels that are compared."""

PIXELS = 1 << 20
"""Pixels of each that are looked at, at most, evenly spaced."""

APART = 0.1
"""Mean difference of the quantiles in [-1, 1], below which two sets of images are on one scale."""

BETTER = 4.0
"""How many times closer the quantiles are once a mistake is undone, at least."""

EMPTY = 0.02
"""Standard deviation of the pixels of an image that shows nothing, in [-1, 1], at most."""


@dataclass(frozen=True)
class Mistake:
    """A way in which pixels get onto another scale.

    Attributes:
        said: what happened, in words.
        undo: from the pixels to what they should be.
        formula: that, in words.
    """

    said: str
    undo: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    formula: str


MISTAKES = (
    Mistake("[0, 1] had been taken for [-1, 1]", lambda pixels: 2 * pixels - 1, "x * 2 - 1"),
    Mistake("[-0.5, 0.5] had been taken for [-1, 1]", lambda pixels: 2 * pixels, "x * 2"),
    Mistake("black and white were swapped", lambda pixels: -pixels[::-1], "-x"),
)


def shows_nothing(images: Tensor) -> bool:
    """Tell whether most images (N, C, H, W) in [-1, 1] are of one brightness all over, as a collapsed generator's."""
    return float(images.std(dim=(2, 3)).median()) < EMPTY


def other_scale(samples: Tensor, reals: Tensor) -> tuple[str, str] | None:
    """Return what is wrong and what to do if samples are on another scale than the real images; None if they are not.

    That is so if the brightness of their pixels is distributed quite differently, but nearly alike once a mistake of
    normalising is undone in one of them.

    Args:
        samples: (N, C, H, W) in [-1, 1].
        reals: (M, C, H, W) in [-1, 1].
    """
    samples = samples[samples.flatten(1).isfinite().all(1)]
    if not len(samples) or shows_nothing(samples):
        return None
    seen = {"samples": _quantiles(samples), "real images": _quantiles(reals)}
    apart = _distance(*seen.values())
    for name, other in (("samples", "real images"), ("real images", "samples")):
        for mistake in MISTAKES:
            left = _distance(mistake.undo(seen[name]), seen[other])
            if left < min(APART, apart / BETTER):
                ends = {
                    each: f"{found[0]:.2g} to {found[-1]:.2g}, mean {found.mean():.2f}" for each, found in seen.items()
                }
                return (
                    f"the {name} look as if {mistake.said}: in [-1, 1] their pixels are {ends[name]}, "
                    f"and those of the {other} {ends[other]}",
                    f"bring the {name} to the scale of the {other} by {mistake.formula}",
                )
    return None


def _quantiles(images: Tensor) -> NDArray[np.float64]:
    pixels = images.flatten()
    found: NDArray[np.float64] = np.quantile(pixels[:: max(1, len(pixels) // PIXELS)].double().numpy(), QUANTILES)
    return found


def _distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return how far pixels have to be moved, on average: the Wasserstein distance in one dimension."""
    return float(np.abs(first - second).mean())
