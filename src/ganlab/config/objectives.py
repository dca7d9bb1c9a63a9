"""Losses, gradient penalties and stabilizers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from ganlab.config.base import Options, Problem, union

if TYPE_CHECKING:
    from ganlab.config.experiment import Experiment

Loss = Literal["minimax", "non_saturating", "least_squares", "hinge", "wasserstein"]

LOSSES: dict[Loss, str] = {
    "minimax": "the saturating game of Goodfellow et al. 2014: G minimises log(1 - D(G(z)))",
    "non_saturating": "G minimises -log D(G(z)) instead (Goodfellow et al. 2014, section 3)",
    "least_squares": "squared distance to the labels 0 and 1 (Mao et al. 2017)",
    "hinge": "hinge on the scores (Lim & Ye 2017; Miyato et al. 2018)",
    "wasserstein": "difference of mean scores (Arjovsky et al. 2017); needs a Lipschitz discriminator",
}
"""Each loss with what it is, in one line."""


Weight = Annotated[float, Field(gt=0.0, le=1e9)]


class R1(Options):
    """weight / 2 * E |grad D(x)|^2 on real samples (Mescheder et al. 2018, eq. 9)."""

    name: Literal["r1"]
    weight: Weight = 10.0
    """gamma in the equation."""


class R2(Options):
    """weight / 2 * E |grad D(G(z))|^2 on generated samples (Mescheder et al. 2018, eq. 10)."""

    name: Literal["r2"]
    weight: Weight = 10.0
    """gamma in the equation."""


class WganGp(Options):
    """weight * E (|grad D(x^)| - 1)^2 between real and generated samples (Gulrajani et al. 2017, eq. 3)."""

    name: Literal["wgan_gp"]
    weight: Weight = 10.0
    """lambda in the equation."""

    def check(self, path: str, experiment: Experiment) -> Iterator[Problem]:
        """Needs reals and fakes in one update; takes no batch statistics in the discriminator."""
        if experiment.training.discriminator_batches == "separate":
            yield Problem(
                path,
                "wgan_gp needs reals and fakes in one update, but training.discriminator_batches is separate",
                "set training.discriminator_batches to summed",
                ("training.discriminator_batches",),
            )
        if experiment.discriminator.norm == "batch":
            yield Problem(
                path,
                "wgan_gp penalises the gradient of each sample, which batch normalisation in the discriminator mixes",
                "set discriminator.norm to layer, spectral or none",
                ("discriminator.norm", "discriminator.name"),
            )


PENALTIES: dict[str, type[Options]] = {"r1": R1, "r2": R2, "wgan_gp": WganGp}


class LabelSmoothing(Options):
    """Other targets than 1 and 0 for the discriminator (one-sided: Salimans et al. 2016, section 3.4)."""

    name: Literal["label_smoothing"]
    real: Annotated[float, Field(ge=0.0, le=1.0)] = 0.9
    """Target of real samples."""
    fake: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """Target of generated samples; 0 keeps the smoothing one-sided."""

    def check(self, path: str, experiment: Experiment) -> Iterator[Problem]:
        """Only losses with targets can smooth them."""
        if experiment.loss not in ("minimax", "non_saturating", "least_squares"):
            yield Problem(
                path,
                f"the {experiment.loss} loss has no target labels to smooth",
                "remove label_smoothing, or set loss to minimax, non_saturating or least_squares",
                ("loss",),
            )
        if self.fake >= self.real:
            yield Problem(
                f"{path}.fake",
                f"{self.fake} is not below the target of real samples, {self.real}",
                "choose fake below real, such as 0 and .9",
            )


class InstanceNoise(Options):
    """Gaussian noise on everything the discriminator sees (Arjovsky & Bottou 2017; Sonderby et al. 2017)."""

    name: Literal["instance_noise"]
    std: Annotated[float, Field(gt=0.0, le=100.0)] = 0.1
    """Standard deviation at the start, in units of the samples (images run from -1 to 1)."""
    until: Annotated[int, Field(ge=1, le=10**9)] | None = None
    """Step at which the noise, falling linearly, reaches 0. Left out: it never falls."""


class WeightClipping(Options):
    """Discriminator weights clipped to [-limit, limit] after each of its updates (Arjovsky et al. 2017)."""

    name: Literal["weight_clipping"]
    limit: Annotated[float, Field(gt=0.0, le=1000.0)] = 0.01
    """Largest magnitude a weight may have."""


STABILIZERS: dict[str, type[Options]] = {
    "label_smoothing": LabelSmoothing,
    "instance_noise": InstanceNoise,
    "weight_clipping": WeightClipping,
}

if TYPE_CHECKING:
    Penalty = R1 | R2 | WganGp
    Stabilizer = LabelSmoothing | InstanceNoise | WeightClipping
else:
    Penalty = Annotated[union(PENALTIES.values()), Field(discriminator="name")]
    Stabilizer = Annotated[union(STABILIZERS.values()), Field(discriminator="name")]
