"""Losses that an experiment can choose, and where `ganlab.objectives` makes them; what every part of one registers.

A new loss is an `Adversarial` there and one entry below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from ganlab.config.base import Options

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


if TYPE_CHECKING:
    Loss = str
else:
    Loss = Literal[tuple(LOSSES)]
