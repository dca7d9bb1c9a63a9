"""Losses, gradient penalties and stabilizers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from ganlab.config.base import Options, Problem, union


@dataclass(frozen=True)
class LossEntry:
    """A registered loss.

    Attributes:
        summary: what it is, in one line.
        has_labels: whether it pulls the scores towards target labels, which label smoothing can then move.
    """

    summary: str
    has_labels: bool = False


LOSSES: dict[str, LossEntry] = {
    "minimax": LossEntry(
        "the saturating game of Goodfellow et al. 2014: G minimises log(1 - D(G(z)))", has_labels=True
    ),
    "non_saturating": LossEntry(
        "G minimises -log D(G(z)) instead (Goodfellow et al. 2014, section 3)", has_labels=True
    ),
    "least_squares": LossEntry("squared distance to the labels 0 and 1 (Mao et al. 2017)", has_labels=True),
    "hinge": LossEntry("hinge on the scores (Lim & Ye 2017; Miyato et al. 2018)"),
    "wasserstein": LossEntry("difference of mean scores (Arjovsky et al. 2017); needs a Lipschitz discriminator"),
}
"""The losses, by name."""


Weight = Annotated[float, Field(gt=0.0, le=1e9)]


class PenaltyOptions(Options):
    """What every gradient penalty understands."""

    name: str
    """Which penalty."""
    weight: Weight = 10.0
    """Factor of the penalty in the discriminator's loss."""


class R1Options(PenaltyOptions):
    """weight / 2 * E |grad D(x)|^2 on real samples (Mescheder et al. 2018, eq. 9)."""

    name: Literal["r1"]
    weight: Weight = 10.0
    """gamma in the equation."""


class R2Options(PenaltyOptions):
    """weight / 2 * E |grad D(G(z))|^2 on generated samples (Mescheder et al. 2018, eq. 10)."""

    name: Literal["r2"]
    weight: Weight = 10.0
    """gamma in the equation."""


class WganGpOptions(PenaltyOptions):
    """weight * E (|grad D(x^)| - 1)^2 between real and generated samples (Gulrajani et al. 2017, eq. 3)."""

    name: Literal["wgan_gp"]
    weight: Weight = 10.0
    """lambda in the equation."""


PENALTIES: dict[str, type[PenaltyOptions]] = {"r1": R1Options, "r2": R2Options, "wgan_gp": WganGpOptions}


class StabilizerOptions(Options):
    """What every stabilizer understands."""

    name: str
    """Which stabilizer."""


class LabelSmoothingOptions(StabilizerOptions):
    """Other targets than 1 and 0 for the discriminator (one-sided: Salimans et al. 2016, section 3.4)."""

    name: Literal["label_smoothing"]
    real: Annotated[float, Field(ge=0.0, le=1.0)] = 0.9
    """Target of real samples."""
    fake: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """Target of generated samples; 0 keeps the smoothing one-sided."""

    def check(self, path: str) -> Iterator[Problem]:
        """The target of fakes is below that of reals."""
        if self.fake >= self.real:
            yield Problem(
                f"{path}.fake",
                f"{self.fake} is not below the target of real samples, {self.real}",
                "choose fake below real, such as 0 and .9",
            )


class InstanceNoiseOptions(StabilizerOptions):
    """Gaussian noise on everything the discriminator sees (Arjovsky & Bottou 2017; Sonderby et al. 2017)."""

    name: Literal["instance_noise"]
    std: Annotated[float, Field(gt=0.0, le=100.0)] = 0.1
    """Standard deviation at the start, in units of the samples (images run from -1 to 1)."""
    until: Annotated[int, Field(ge=1, le=10**9)] | None = None
    """Step at which the noise, falling linearly, reaches 0. Left out: it never falls."""


class WeightClippingOptions(StabilizerOptions):
    """Discriminator weights clipped to [-limit, limit] after each of its updates (Arjovsky et al. 2017)."""

    name: Literal["weight_clipping"]
    limit: Annotated[float, Field(gt=0.0, le=1000.0)] = 0.01
    """Largest magnitude a weight may have."""


STABILIZERS: dict[str, type[StabilizerOptions]] = {
    "label_smoothing": LabelSmoothingOptions,
    "instance_noise": InstanceNoiseOptions,
    "weight_clipping": WeightClippingOptions,
}

if TYPE_CHECKING:
    Loss = str
    Penalty = PenaltyOptions
    Stabilizer = StabilizerOptions
else:
    Loss = Literal[tuple(LOSSES)]
    Penalty = Annotated[union(PENALTIES.values()), Field(discriminator="name")]
    Stabilizer = Annotated[union(STABILIZERS.values()), Field(discriminator="name")]
