"""Gradient penalties and other terms of the discriminator's loss: what an experiment can choose.

A new one is a class in `ganlab.objectives`, its options class here, and one entry below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ganlab.config.base import Options, union
from ganlab.config.objectives import PartEntry

PenaltyWeight = Annotated[float, Field(gt=0.0, le=1e9)]


class PenaltyOptions(Options):
    """What every gradient penalty understands."""

    name: str
    """Which penalty."""
    weight: PenaltyWeight = 10.0
    """Factor of the penalty in the discriminator's loss."""
    every: Annotated[int, Field(ge=1, le=1000)] = 1
    """Lazy regularisation: only each k-th update of the discriminator has the penalty, k times as strong (Karras et al.
    2020, StyleGAN2, section 3.1: k = 16 on the discriminator)."""

    looks_at: ClassVar[Literal["real", "fake", "both"]]
    """Samples that it is measured on: it can only be part of an update that shows them to the discriminator."""
    sample_by_sample: ClassVar[bool] = False
    """Whether it bounds the gradient at each sample by itself, which batch statistics would mix with the others'."""
    pairs: ClassVar[bool] = False
    """Whether it looks at points between a real and a fake, so that an update needs as many of each."""
    of_gradients: ClassVar[bool] = True
    """Whether it is a function of the scores' gradients: what differentiates the loss then differentiates them too."""


class R1Options(PenaltyOptions):
    """D kept flat at real samples: weight / 2 * E |grad D(x)|^2 (Mescheder et al. 2018, eq. 9)."""

    name: Literal["r1"]
    weight: PenaltyWeight = 10.0
    """gamma in the equation."""

    looks_at = "real"


class R2Options(PenaltyOptions):
    """D kept flat at generated samples: weight / 2 * E |grad D(G(z))|^2 (Mescheder et al. 2018, eq. 10)."""

    name: Literal["r2"]
    weight: PenaltyWeight = 10.0
    """gamma in the equation."""

    looks_at = "fake"


class WganGpOptions(PenaltyOptions):
    """Slope 1 of D between reals and fakes: weight * E (|grad D(x^)| - 1)^2 (Gulrajani et al. 2017, eq. 3)."""

    name: Literal["wgan_gp"]
    weight: PenaltyWeight = 10.0
    """lambda in the equation."""

    looks_at = "both"
    sample_by_sample = True
    pairs = True


class ZeroCentredLineOptions(PenaltyOptions):
    """D kept flat between reals and fakes: weight * E |grad D(x^)|^2 (0-GP: Thanh-Tung et al. 2019).

    Like wgan_gp, but with 0 as the length that gradients are pulled to, so that training can come to rest (Mescheder et
    al. 2018).
    """

    name: Literal["zero_centred_line"]
    weight: PenaltyWeight = 10.0
    """lambda in the equation."""

    looks_at = "both"
    sample_by_sample = True
    pairs = True


class DraganOptions(PenaltyOptions):
    """Slope 1 of D around real samples: weight * E (|grad D(x + delta)| - 1)^2 (DRAGAN: Kodali et al. 2017)."""

    name: Literal["dragan"]
    weight: PenaltyWeight = 10.0
    """lambda in the equation."""
    noise: Annotated[float, Field(gt=0.0, le=100.0)] = 0.5
    """Size of delta relative to the standard deviation of all values in the batch of real samples."""
    distribution: Literal["normal", "uniform"] = "normal"
    """normal: delta from N(0, c I), as in the equation, with `noise` as its relative standard deviation. uniform: as in
    the authors' program, from 0 to `noise`, times a share from U[0, 1] drawn for each sample."""

    looks_at = "real"
    sample_by_sample = True


class LecamOptions(PenaltyOptions):
    """Scores of reals and fakes held near those that the other had, for little data (LeCam: Tseng et al. 2021, eq. 5).

    weight * (E (D(x) - a_F)^2 + E (D(G(z)) - a_R)^2), where the anchors a_R and a_F are moving averages of the mean
    scores of real and of generated samples (eq. 6).
    """

    name: Literal["lecam"]
    weight: PenaltyWeight = 0.3
    """lambda in the equation."""
    decay: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.99
    """gamma in eq. 6: share of an anchor that each update keeps."""

    looks_at = "both"
    of_gradients = False


PENALTIES: dict[str, PartEntry[PenaltyOptions]] = {
    "r1": PartEntry(R1Options, "ganlab.objectives.penalties:R1"),
    "r2": PartEntry(R2Options, "ganlab.objectives.penalties:R2"),
    "wgan_gp": PartEntry(WganGpOptions, "ganlab.objectives.penalties:WganGp"),
    "zero_centred_line": PartEntry(ZeroCentredLineOptions, "ganlab.objectives.penalties:ZeroCentredLine"),
    "dragan": PartEntry(DraganOptions, "ganlab.objectives.penalties:Dragan"),
    "lecam": PartEntry(LecamOptions, "ganlab.objectives.lecam:Lecam"),
}
"""The penalties, by name."""

if TYPE_CHECKING:
    Penalty = PenaltyOptions
else:
    Penalty = Annotated[union(entry.options for entry in PENALTIES.values()), Field(discriminator="name")]
