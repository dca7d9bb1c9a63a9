"""Losses, gradient penalties and stabilizers: what an experiment can choose, and where `ganlab.objectives` makes it.

A new one is a function or class there, its options class here if it has options, and one entry below.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Generic, Literal, TypeVar

from pydantic import Field

from ganlab.config.base import Options, Problem, union

Family = Literal["cross_entropy", "least_squares", "hinge", "wasserstein", "relativistic", "unknown"]
"""Losses whose levels mean the same. At chance the discriminator's sum is 2 ln 2 for cross-entropy, 1/2 for least
squares and 2 for hinge; no level of the others says how training goes. `unknown` is a loss that is none of these."""

FAMILY_WORDS: dict[Family, str] = {
    "cross_entropy": "cross-entropy",
    "least_squares": "least squares",
    "hinge": "hinge",
    "wasserstein": "Wasserstein",
    "relativistic": "relativistic",
    "unknown": "none that is known",
}
"""What a family is called in a sentence."""

FIXED_LEVELS: tuple[Family, ...] = ("cross_entropy", "least_squares", "hinge")
"""Families whose levels say how training goes, whatever the run: their losses are bounded by the decisions."""


@dataclass(frozen=True)
class LossEntry:
    """A registered loss.

    Attributes:
        made_by: `module:attribute`, an `Adversarial`.
        summary: what it is, in one line.
        family: the losses whose levels mean the same.
        has_labels: whether it pulls the scores towards target labels, which label smoothing can then move.
        compares: how it compares the scores of reals with those of fakes, which both players then need: in `pairs`, so
            that both batches have one size, or each with the other's `averages`; None: it scores each on its own.
        saturates: whether the generator's loss passes no gradient on once the discriminator is sure of its fakes.
        has_floor: whether the generator's loss is never below 0, so that 0 is nothing left to lose.
    """

    made_by: str
    summary: str
    family: Family
    has_labels: bool = False
    compares: Literal["pairs", "averages"] | None = None
    saturates: bool = False
    has_floor: bool = False


LOSSES: dict[str, LossEntry] = {
    "minimax": LossEntry(
        "ganlab.objectives.adversarial:MINIMAX",
        "the saturating game of Goodfellow et al. 2014: G minimises log(1 - D(G(z)))",
        "cross_entropy",
        has_labels=True,
        saturates=True,
    ),
    "non_saturating": LossEntry(
        "ganlab.objectives.adversarial:NON_SATURATING",
        "G minimises -log D(G(z)) instead (Goodfellow et al. 2014, section 3)",
        "cross_entropy",
        has_labels=True,
        has_floor=True,
    ),
    "least_squares": LossEntry(
        "ganlab.objectives.adversarial:LEAST_SQUARES",
        "squared distance to the labels 0 and 1 (Mao et al. 2017)",
        "least_squares",
        has_labels=True,
        has_floor=True,
    ),
    "hinge": LossEntry(
        "ganlab.objectives.adversarial:HINGE",
        "hinge on the scores (Lim & Ye 2017; Miyato et al. 2018)",
        "hinge",
    ),
    "wasserstein": LossEntry(
        "ganlab.objectives.adversarial:WASSERSTEIN",
        "difference of mean scores (Arjovsky et al. 2017); needs a Lipschitz discriminator",
        "wasserstein",
    ),
    "relativistic": LossEntry(
        "ganlab.objectives.relativistic:RELATIVISTIC",
        "D compares each real with a fake, and G wants its fake to win (RSGAN: Jolicoeur-Martineau 2018)",
        "relativistic",
        compares="pairs",
        has_floor=True,
    ),
    "relativistic_average": LossEntry(
        "ganlab.objectives.relativistic:RELATIVISTIC_AVERAGE",
        "D compares each sample with the average of the other kind (RaSGAN: Jolicoeur-Martineau 2018)",
        "relativistic",
        compares="averages",
        has_floor=True,
    ),
}
"""The losses, by name."""


Chosen = TypeVar("Chosen", bound=Options, covariant=True)


@dataclass(frozen=True)
class PartEntry(Generic[Chosen]):
    """A registered penalty or stabilizer: its options, and `module:attribute` of the class that acts on them."""

    options: type[Chosen]
    made_by: str


PenaltyWeight = Annotated[float, Field(gt=0.0, le=1e9)]


class PenaltyOptions(Options):
    """What every gradient penalty understands."""

    name: str
    """Which penalty."""
    weight: PenaltyWeight = 10.0
    """Factor of the penalty in the discriminator's loss."""

    looks_at: ClassVar[Literal["real", "fake", "both"]]
    """Samples that it is measured on: it can only be part of an update that shows them to the discriminator."""
    sample_by_sample: ClassVar[bool] = False
    """Whether it bounds the gradient at each sample by itself, which batch statistics would mix with the others'."""


class R1Options(PenaltyOptions):
    """weight / 2 * E |grad D(x)|^2 on real samples (Mescheder et al. 2018, eq. 9)."""

    name: Literal["r1"]
    weight: PenaltyWeight = 10.0
    """gamma in the equation."""

    looks_at = "real"


class R2Options(PenaltyOptions):
    """weight / 2 * E |grad D(G(z))|^2 on generated samples (Mescheder et al. 2018, eq. 10)."""

    name: Literal["r2"]
    weight: PenaltyWeight = 10.0
    """gamma in the equation."""

    looks_at = "fake"


class WganGpOptions(PenaltyOptions):
    """weight * E (|grad D(x^)| - 1)^2 between real and generated samples (Gulrajani et al. 2017, eq. 3)."""

    name: Literal["wgan_gp"]
    weight: PenaltyWeight = 10.0
    """lambda in the equation."""

    looks_at = "both"
    sample_by_sample = True


PENALTIES: dict[str, PartEntry[PenaltyOptions]] = {
    "r1": PartEntry(R1Options, "ganlab.objectives.penalties:R1"),
    "r2": PartEntry(R2Options, "ganlab.objectives.penalties:R2"),
    "wgan_gp": PartEntry(WganGpOptions, "ganlab.objectives.penalties:WganGp"),
}
"""The penalties, by name."""


class StabilizerOptions(Options):
    """What every stabilizer understands."""

    name: str
    """Which stabilizer."""

    @property
    def joins(self) -> int:
        """Samples that one input of the discriminator is made of, joined along channels (of points: coordinates)."""
        return 1


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


class PackingOptions(StabilizerOptions):
    """The discriminator is shown several samples at once, all real or all generated (PacGAN: Lin et al. 2018).

    Samples that are all alike are easy to recognise together, however good each one is.
    """

    name: Literal["packing"]
    size: Annotated[int, Field(ge=2, le=8)] = 2
    """m: samples in a pack, joined along channels (of points: coordinates). Only D's first layer grows with it."""

    @property
    def joins(self) -> int:
        """The size of a pack."""
        return self.size


STABILIZERS: dict[str, PartEntry[StabilizerOptions]] = {
    "label_smoothing": PartEntry(LabelSmoothingOptions, "ganlab.objectives.stabilizers:LabelSmoothing"),
    "instance_noise": PartEntry(InstanceNoiseOptions, "ganlab.objectives.stabilizers:InstanceNoise"),
    "weight_clipping": PartEntry(WeightClippingOptions, "ganlab.objectives.stabilizers:WeightClipping"),
    "packing": PartEntry(PackingOptions, "ganlab.objectives.stabilizers:Packing"),
}
"""The stabilizers, by name."""

if TYPE_CHECKING:
    Loss = str
    Penalty = PenaltyOptions
    Stabilizer = StabilizerOptions
else:
    Loss = Literal[tuple(LOSSES)]
    Penalty = Annotated[union(entry.options for entry in PENALTIES.values()), Field(discriminator="name")]
    Stabilizer = Annotated[union(entry.options for entry in STABILIZERS.values()), Field(discriminator="name")]
