"""Arrays from a file or from another program's loop: what they hold, and real data from them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.utils.dlpack
from numpy.typing import NDArray
from torch import Tensor

from ganlab.data.samples import RealData, Samples, to_uint8
from ganlab.data.selection import fingerprint, hold_out, take
from ganlab.domain import Domain, Images, Points
from ganlab.errors import DataError
from ganlab.text import excerpt

Array = Tensor | NDArray[Any]

ROUNDING = 1e-3
"""How far beyond its range a pixel may lie by rounding."""

HELD_OUT = 1000
"""Real samples that are set aside as never trained on, at most half of all: enough to compare with."""

NUMPY_FLOATS = (torch.float16, torch.float32, torch.float64)
"""Types of floats that NumPy has too."""

MOST_CLASSES = 1 << 16
"""Classes that data may have: a larger label is no class number."""

POINTS = "points"
CHANNELS_FIRST = "N,C,H,W"
LAYOUTS = (CHANNELS_FIRST, "N,H,W", "N,H,W,C")


@dataclass(frozen=True)
class Range:
    """How pixels are stored: from `low` to `high`, which stand for -1 and 1.

    Attributes:
        said: its name in messages.
        kinds: NumPy's letters of the types it is stored in.
        brightest: the highest pixel of all is at least this: floats from 0 to 3 are neither in [0, 1] nor in [0, 255].
    """

    said: str
    kinds: str
    low: float
    high: float
    brightest: float = -math.inf

    def fits(self, kind: str, low: float, high: float) -> bool:
        """Return whether pixels from `low` to `high` can be stored so.

        Floats may lie beyond by rounding, but not below 0: that is how [-1, 1] is distinguished from [0, 1].
        """
        above, below = (ROUNDING, ROUNDING * (self.low < 0)) if kind == "f" else (0.0, 0.0)
        return kind in self.kinds and self.low - below <= low and self.brightest <= high <= self.high + above

    def floats(self, values: NDArray[Any]) -> Tensor:
        """Return pixels as float32 in [-1, 1]."""
        half = (self.high - self.low) / 2
        found = _float32(values)
        return found if half == 1 and self.low == -1 else found.mul_(1 / half).sub_(1 + self.low / half)


SIGNED = Range("[-1, 1]", "f", -1.0, 1.0)
UNIT = Range("[0, 1]", "f", 0.0, 1.0)
LEVELS = Range("[0, 255]", "f", 0.0, 255.0, brightest=64.0)
BYTES = Range("whole numbers, 0 to 255", "ui", 0.0, 255.0)
SWITCHES = Range("false and true", "b", 0.0, 1.0)


@dataclass(frozen=True)
class Accepted:
    """What arrays may hold.

    Attributes:
        fewest: samples, at least.
        why: what more samples are good for.
        layouts: of images.
        ranges: of pixels, the first that fits is taken.
        finite: whether NaN and Inf are refused.
        sides: smallest and largest side of an image in pixels.
    """

    fewest: int
    why: str
    layouts: tuple[str, ...] = (CHANNELS_FIRST,)
    ranges: tuple[Range, ...] = (SIGNED,)
    finite: bool = True
    sides: tuple[int, int] = (1, 1 << 16)


NUMBERS = "buif"
"""NumPy's letters of the types that samples may be of."""

FROM_FILES = Accepted(
    16,
    "and 1,000 or more for a verdict that means much",
    layouts=LAYOUTS,
    ranges=(UNIT, SIGNED, LEVELS, BYTES, SWITCHES),
    sides=(4, 1024),
)
"""A file does not say what it holds: it is guessed."""

REAL = Accepted(16, "and hundreds for figures that mean much", LAYOUTS, (UNIT, SIGNED, LEVELS, BYTES, SWITCHES))
"""A loop's own real samples."""

GENERATED = Accepted(2, "and 1,000 rather than 100", LAYOUTS, (SIGNED, BYTES), finite=False)
"""What a loop's generator makes: also NaN, since that is what a verdict is for."""


@dataclass(frozen=True, eq=False)
class Understood:
    """Arrays, and what they were found to hold.

    Attributes:
        arrays: images (N, C, H, W) in `range`, or points (N, 2), as they were stored.
        domain: which of the two.
        layout: the order of the axes before, or `points`.
        range: of pixels; None of points.
    """

    arrays: tuple[NDArray[Any], ...]
    domain: Domain
    layout: str
    range: Range | None

    def floats(self) -> list[Tensor]:
        """Return the samples as float32, images in [-1, 1] but for rounding."""
        if self.range is None:
            return [_float32(array) for array in self.arrays]
        return [self.range.floats(array) for array in self.arrays]

    def stored(self) -> list[Tensor]:
        """Return the samples as data sets hold them: images as uint8, points as float32."""
        if self.range is BYTES:
            return [torch.from_numpy(np.require(array, np.uint8, ["C", "W"])) for array in self.arrays]
        return self.floats() if self.range is None else [to_uint8(each) for each in self.floats()]

    def __str__(self) -> str:
        return POINTS if self.range is None else f"images of {self.range.said}, {self.layout}"


def understand(arrays: Sequence[Array], name: str, accepted: Accepted) -> Understood:
    """Say what arrays of one shape and type hold.

    The range is judged over all of them together: an untrained generator's few levels say nothing.

    Args:
        arrays: on any device, at least one.
        name: what the user calls them.
        accepted: what they may hold.

    Raises:
        DataError: they are of different shapes or types, too few, or hold something else.
    """
    found = [as_numpy(array, name) for array in arrays]
    if len({(array.shape[1:], array.dtype) for array in found}) > 1:
        raise DataError(f"the arrays of {name} are not of one shape and type", "save samples of one kind a file")
    count = min(len(array) if array.ndim else 1 for array in found)
    if count < accepted.fewest:
        whose = "a step of " if len(found) > 1 else ""
        raise DataError(
            f"{whose}{name} holds {count} sample{'s' * (count != 1)}",
            f"give at least {accepted.fewest}, {accepted.why}",
        )
    kind = found[0].dtype
    if kind.kind not in NUMBERS:
        raise DataError(f"{name} holds {excerpt(str(kind), 40)}, not numbers", "give samples as uint8 or float32")
    layout, domain = _layout(found[0].shape, name, accepted)
    if isinstance(domain, Points):  # they have no range that says what float32 can hold
        found = [_single(array) for array in found]
    finite = found
    if not all(np.isfinite(array).all() for array in found):
        if accepted.finite:
            raise DataError(f"{name} holds NaN or infinite numbers", "leave the broken samples out")
        finite = [array[np.isfinite(array)] for array in found]
    low = min((float(array.min()) for array in finite if array.size), default=math.inf)
    high = max((float(array.max()) for array in finite if array.size), default=-math.inf)
    pixels = None if isinstance(domain, Points) else _range(kind, low, high, name, accepted)
    return Understood(tuple(_channels_first(array, layout) for array in found), domain, layout, pixels)


def domain_of(shape: tuple[int, ...], accepted: Accepted) -> Domain | None:
    """Return what one sample of an array of this shape is; None if it holds neither images nor points."""
    try:
        return _layout(shape, "", accepted)[1]
    except DataError:
        return None


def as_numpy(array: Array, name: str) -> NDArray[Any]:
    """Return an array of any library as NumPy's, on the CPU; types of floats that NumPy lacks become float32.

    Raises:
        DataError: it is no array of numbers that are all there: ragged, sparse, quantized, or without values.
    """
    if hasattr(array, "__dlpack__") and not hasattr(array, "__array__"):
        try:
            array = torch.utils.dlpack.from_dlpack(array)
        except (TypeError, ValueError, RuntimeError, BufferError) as error:
            raise _unreadable(name, error) from error
    if isinstance(array, Tensor):
        special = array.layout is not torch.strided or array.is_meta or array.is_quantized or array.is_nested
        array = array.detach() if special else array.detach().cpu().resolve_conj().resolve_neg()
        if array.is_floating_point() and array.dtype not in NUMPY_FLOATS and not special:
            array = array.float()
    try:
        if isinstance(array, Tensor) or (hasattr(array, "numpy") and not hasattr(array, "__array__")):
            return np.asarray(array.numpy())
        found = np.asarray(array)
        # bfloat16, as JAX and TensorFlow have it, is a type of another package.
        return found.astype(np.float32) if found.dtype.name in ("bfloat16", "float8_e4m3fn", "float8_e5m2") else found
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise _unreadable(name, error) from error


def _unreadable(name: str, error: Exception) -> DataError:
    return DataError(
        f"{name} cannot be read as an array: {excerpt(error)}",
        "give a plain tensor or a NumPy array, whose values are all there",
    )


def _single(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array with its floats as float32, in which larger ones are infinite."""
    with np.errstate(over="ignore"):
        return array.astype(np.float32) if array.dtype.kind == "f" else array


def _float32(array: NDArray[Any]) -> Tensor:
    """Return a copy of an array as float32."""
    return torch.from_numpy(array.astype(np.float32, order="C"))


def _layout(shape: tuple[int, ...], name: str, accepted: Accepted) -> tuple[str, Domain]:
    """Return the order of an array's axes, and what a sample is.

    Raises:
        DataError: they can be read in none of the accepted ways.
    """
    if len(shape) == 2 and shape[1] == 2:
        return POINTS, Points()
    readings = {3: {"N,H,W": (1, *shape[1:])}, 4: {CHANNELS_FIRST: shape[1:], "N,H,W,C": shape[-1:] + shape[1:3]}}
    smallest, largest = accepted.sides
    for layout, (channels, height, width) in readings.get(len(shape), {}).items():
        right = channels in (1, 3) and all(smallest <= side <= largest for side in (height, width))
        if layout in accepted.layouts and right:
            return layout, Images(channels, height, width)
    bounds = f" and sides of {smallest} to {largest}" if smallest > 1 else ""
    raise DataError(
        f"{name} has shape {excerpt(str(tuple(shape)), 60)}",
        f"images are {' or '.join(accepted.layouts)} with 1 or 3 channels{bounds}; points are N,2",
    )


def _range(kind: np.dtype[Any], low: float, high: float, name: str, accepted: Accepted) -> Range:
    """Return the range that pixels are stored in.

    Raises:
        DataError: it is not one of the accepted ones.
    """
    if low > high:  # nothing is finite
        return accepted.ranges[0]
    for each in accepted.ranges:
        if each.fits(kind.kind, low, high):
            return each
    ranges = " or ".join(f"{'floats in ' * (each.kinds == 'f')}{each.said}" for each in accepted.ranges)
    raise DataError(
        f"{name} holds {kind} from {low:.4g} to {high:.4g}, and images are {ranges}",
        "bring them into [-1, 1]: from [0, 1] by x * 2 - 1, from [0, 255] by x / 127.5 - 1",
    )


def _channels_first(values: NDArray[Any], layout: str) -> NDArray[Any]:
    if layout == "N,H,W":
        return values[:, None]
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2)) if layout == "N,H,W,C" else values


def generated(samples: Array, scale: Range = SIGNED) -> tuple[Tensor, Domain]:
    """Return what a loop's generator made, float32 on the CPU with NaN and Inf left in, and what one sample is.

    Args:
        samples: images (N, C, H, W), (N, H, W, C) or (N, H, W), floats on the scale or uint8, or points (N, 2), N >= 2.
        scale: of pixels that are floats.

    Raises:
        DataError: they are of another type, shape or range.
    """
    # Once the scale is known, dark samples are on it too.
    ranges = (replace(scale, brightest=-math.inf), BYTES)
    found = understand([samples], "samples", replace(GENERATED, ranges=ranges))
    return found.floats()[0], found.domain


def scale_of(samples: NDArray[Any], reals: Range | None) -> Range | None:
    """Return the scale on which the pixels of a loop's samples are; None if they do not tell it.

    One pixel below 0 makes it [-1, 1], unless the real images were given in [0, 1] or [0, 255]: a generator whose
    output has no bounds goes a little below the darkest of them.

    Args:
        samples: of any shape and type.
        reals: the scale of the real images, if they were given as floats.
    """
    low, high = _finite_range(samples)
    if low >= high:
        return None
    if low < 0:
        return reals if reals is not None and reals.low == 0 and low > -reals.high / 2 else SIGNED
    return next((scale for scale in (UNIT, LEVELS) if scale.fits("f", low, high)), reals)


def within_bounds(samples: NDArray[Any], scale: Range) -> tuple[NDArray[Any], str]:
    """Return what a loop's generator made with the pixels of floats cut off at the ends of their scale.

    A generator need not have bounds: StyleGAN's has none, and its pictures are drawn like this. NaN and Inf stay.

    Returns:
        The samples, and from where to where they reached if any were cut off.
    """
    low, high = _finite_range(samples)
    if low > high or (scale.low - ROUNDING <= low and high <= scale.high + ROUNDING):
        return samples, ""
    return np.where(np.isfinite(samples), samples.clip(scale.low, scale.high), samples), f"{low:.3g} to {high:.3g}"


def _finite_range(samples: NDArray[Any]) -> tuple[float, float]:
    """Return the lowest and the highest finite pixel of images that are floats; (inf, -inf) of anything else."""
    if samples.dtype.kind != "f" or samples.ndim not in (3, 4):
        return math.inf, -math.inf
    finite = samples[np.isfinite(samples)]
    return (float(finite.min()), float(finite.max())) if finite.size else (math.inf, -math.inf)


def real_data(real: Array, labels: Array | None, seed: int) -> tuple[RealData, Range | None]:
    """Take a loop's array as real data; also return the scale of its pixels if they are floats.

    Args:
        real: images (N, C, H, W), (N, H, W, C) or (N, H, W), C = 1 or 3, as uint8 or as floats in [-1, 1], [0, 1] or
            [0, 255]; or points (N, 2). N >= 16.
        labels: their classes, (N,) integers from 0; None: of one class.
        seed: of the choice of those that are set aside.

    Raises:
        DataError: another shape, type or range, or a number that is not finite.
    """
    found = understand([real], "real", REAL)
    [values] = found.stored()
    classes = torch.zeros(len(values), dtype=torch.int64) if labels is None else checked_labels(labels, len(values))
    names = tuple(map(str, range(int(classes.max()) + 1)))
    scale = found.range if found.range in (UNIT, SIGNED, LEVELS) else None
    return split(Samples(values, classes, names, found.domain), seed), scale


def split(samples: Samples, seed: int) -> RealData:
    """Return samples as data; some, chosen at random by the seed, are set aside as never trained on."""
    rows, held = hold_out(torch.arange(len(samples)), held_out_share(len(samples)), seed)
    content = samples.values.contiguous().numpy().tobytes() + samples.labels.numpy().tobytes()
    return RealData(take(samples, rows), take(samples, held), fingerprint(hashlib.sha256(content).hexdigest(), rows))


def held_out_share(count: int) -> float:
    """Return which share of somebody's real samples is set aside."""
    return min(0.5, HELD_OUT / count)


def checked_labels(labels: Array, count: int, name: str = "labels") -> Tensor:
    """Return labels as int64 (count,); `name` is what the user calls them.

    Raises:
        DataError: they are not one whole number from 0 for each sample.
    """
    found = as_numpy(labels, name)
    if found.shape != (count,) or found.dtype.kind not in "ui":
        raise DataError(
            f"{name} are {excerpt(found.dtype, 40)} of shape {tuple(found.shape)} for {count} samples",
            "give one integer from 0 for each",
        )
    low, high = int(found.min()), int(found.max())
    if low < 0 or high >= MOST_CLASSES:
        raise DataError(f"{name} are from {low} to {high}", f"give one integer from 0 to {MOST_CLASSES - 1} for each")
    return torch.from_numpy(found.astype(np.int64))
