"""Real samples as the rest of ganlab sees them, and the way from bytes to network input and back."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Samples:
    """Labelled real samples.

    Attributes:
        values: images as uint8 (N, C, H, W), 0 to 255, in memory or memory-mapped; points as float32 (N, 2).
        labels: int64 (N,), numbers into `class_names`.
        class_names: the names of all classes of the data set, also of those that no sample here belongs to.
    """

    values: Tensor
    labels: Tensor
    class_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class RealData:
    """What a run sees of a data set.

    Attributes:
        train: the samples a run trains on.
        held_out: samples that are never trained on.
        fingerprint: SHA-256 in hex that is the same only for the same training samples in the same order.
        notes: what the user should hear, such as which images could not be read.
    """

    train: Samples
    held_out: Samples
    fingerprint: str
    notes: tuple[str, ...] = ()


def to_float(values: Tensor) -> Tensor:
    """Return images of uint8, 0 to 255, as float32 in [-1, 1] (x / 127.5 - 1); float points pass unchanged."""
    if values.is_floating_point():
        return values
    return values.to(torch.float32).div_(127.5).sub_(1.0)


def to_uint8(samples: Tensor) -> Tensor:
    """Return images of float, [-1, 1], as uint8: rounded to the nearest level, clamped to 0..255, NaN as 0.

    The inverse of `to_float` on every uint8 value.
    """
    return samples.to(torch.float32).add(1.0).mul_(127.5).round_().clamp_(0, 255).nan_to_num_(0.0).to(torch.uint8)
