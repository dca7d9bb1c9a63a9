"""What samples are compared with, as other people's loops name it; and whether samples are of the same kind."""

from __future__ import annotations

import hashlib
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlab.config.data import DATA, DataOptions
from ganlab.data import RealData, Samples, to_uint8
from ganlab.data.selection import fingerprint, hold_out, take
from ganlab.diagnosis.readers.samples import load_real
from ganlab.errors import DataError

Array = Tensor | NDArray[Any]

HELD_OUT = 1000
"""Real samples of an array that are set aside to compare with, at most half of it."""

NO_NUMBERS = (torch.bool, torch.complex64, torch.complex128)
"""Types of tensors that cannot be class numbers, beside floats."""

SLACK = 1e-3
"""How far beyond [-1, 1] a pixel may lie by rounding."""


def named_data(text: str) -> tuple[DataOptions | None, RealData]:
    """Load a data set by its name, `mnist`, or some of its classes, `mnist[3,8]`.

    Raises:
        DataError: there is no such data set or class, or it cannot be downloaded.
    """
    names = [name for name in DATA if name != "folder"]
    if text.strip().partition("[")[0] not in names:
        raise DataError(
            f"no data set is called {text!r:.100}", f"name one of {', '.join(names)}, or give real samples as an array"
        )
    return load_real(text, shape=())


def given_data(real: Array, labels: Array | None, seed: int) -> RealData:
    """Take an array as real samples; some, chosen at random, are set aside to compare with.

    Args:
        real: images (N, C, H, W), C = 1 or 3, as uint8 or as floats in [-1, 1]; or points (N, 2). N >= 4.
        labels: their classes, (N,) integers from 0; None: of one class.
        seed: of that choice.

    Raises:
        DataError: another shape, type or range, or a number that is not finite.
    """
    values = torch.as_tensor(real).detach().cpu()
    if values.dtype == torch.uint8 and values.dim() == 4:
        require_shape(values, None, "real")
    else:
        values = checked(values, None, "real")
        if not values.isfinite().all():
            raise DataError("real holds NaN or Inf", "leave the broken samples out")
        if values.dim() == 4:
            if float(values.min()) >= 0:
                raise DataError(
                    "no pixel of real is below 0: these look like images in [0, 1]",
                    "give them in [-1, 1] (real * 2 - 1) or as uint8",
                )
            values = to_uint8(values)
    if len(values) < 4:
        raise DataError(f"real holds {len(values)} samples", "give at least 4, and hundreds for figures that mean much")
    classes = torch.zeros(len(values), dtype=torch.int64) if labels is None else checked_labels(labels, len(values))
    samples = Samples(values, classes, tuple(map(str, range(int(classes.max()) + 1))))
    rows, held = hold_out(torch.arange(len(values)), min(0.5, HELD_OUT / len(values)), seed)
    identity = hashlib.sha256(values.numpy().tobytes() + classes.numpy().tobytes()).hexdigest()
    return RealData(take(samples, rows), take(samples, held), fingerprint(identity, rows))


def checked_labels(labels: Array, count: int, name: str = "labels") -> Tensor:
    """Return labels as int64 (count,); `name` is what the user calls them.

    Raises:
        DataError: they are not one whole number from 0 for each sample.
    """
    found = torch.as_tensor(labels).detach().cpu()
    if found.shape != (count,) or found.dtype in NO_NUMBERS or found.is_floating_point() or int(found.min()) < 0:
        raise DataError(
            f"{name} are {found.dtype} of shape {tuple(found.shape)} for {count} samples",
            "give one integer from 0 for each",
        )
    return found.long()


def checked(samples: Array, shape: tuple[int, ...] | None, name: str = "samples") -> Tensor:
    """Return samples as float32 on the CPU, NaN and Inf left in.

    Args:
        samples: images (N, C, H, W) in [-1, 1] or points (N, 2), N >= 2.
        shape: what one must have; None: any image's or point's.
        name: what the user calls them.

    Raises:
        DataError: they are of another type, shape or range.
    """
    values = torch.as_tensor(samples).detach().cpu()
    if not values.is_floating_point():
        raise DataError(f"{name} are {values.dtype}", "give floats, images in [-1, 1]: x / 127.5 - 1 for bytes")
    values = values.float()
    require_shape(values, shape, name)
    finite = values[values.isfinite()]
    if values.dim() == 4 and len(finite) and float(finite.abs().max()) > 1 + SLACK:
        raise DataError(
            f"{name} lie between {float(finite.min()):.4g} and {float(finite.max()):.4g}, outside [-1, 1]",
            "bring them into that range: from [0, 1] by x * 2 - 1, from [0, 255] by x / 127.5 - 1",
        )
    return values


def require_shape(values: Tensor, shape: tuple[int, ...] | None, name: str) -> None:
    """Raise DataError unless values are images or points, at least two, each of `shape` where that is given."""
    image = values.dim() == 4 and values.shape[1] in (1, 3)
    point = values.dim() == 2 and values.shape[1] == 2
    if not (image or point) or len(values) < 2:
        raise DataError(
            f"{name} have shape {tuple(values.shape)}", "give images (N, 1 or 3, H, W) or points (N, 2), N at least 2"
        )
    if shape is not None and values.shape[1:] != shape:
        raise DataError(
            f"{name} have shape {tuple(values.shape[1:])} each, and the real ones {tuple(shape)}",
            "compare like with like: give real samples of the same size as an array",
        )
