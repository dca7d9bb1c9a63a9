"""Real samples as the rest of ganlab sees them, and the way from bytes to network input and back."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganlab.domain import Domain, Images


@dataclass(frozen=True, eq=False)
class Samples:
    """Labelled real samples.

    Attributes:
        values: (N, *domain.shape), in memory or memory-mapped: images as uint8, 0 to 255, or as float32 in [-1, 1];
            points as float32.
        labels: int64 (N,), numbers into `class_names`.
        class_names: the names of all classes of the data set, also of those that no sample here belongs to.
        domain: what one sample is.
    """

    values: Tensor
    labels: Tensor
    class_names: tuple[str, ...]
    domain: Domain

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

    @property
    def domain(self) -> Domain:
        """What one sample is."""
        return self.train.domain


def to_float(values: Tensor) -> Tensor:
    """Return images of uint8, 0 to 255, as float32 in [-1, 1] (x / 127.5 - 1); what is stored as floats passes."""
    if values.is_floating_point():
        return values
    return values.to(torch.float32).div_(127.5).sub_(1.0)


def to_uint8(samples: Tensor) -> Tensor:
    """Return images of float, [-1, 1], as uint8: rounded to the nearest level, clamped to 0..255, NaN as 0.

    The inverse of `to_float` on every uint8 value.
    """
    return samples.to(torch.float32).add(1.0).mul_(127.5).round_().clamp_(0, 255).nan_to_num_(0.0).to(torch.uint8)


def to_stored(samples: Tensor, domain: Domain) -> Tensor:
    """Return float samples as files keep them: images as uint8, points as they are."""
    return to_uint8(samples) if isinstance(domain, Images) else samples
