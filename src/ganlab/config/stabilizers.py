"""What else steadies the game: what an experiment can choose.

A new one is a class in `ganlab.objectives`, its options class here, and one entry below.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from ganlab.config.base import Options, Problem, union
from ganlab.config.objectives import PartEntry


class StabilizerOptions(Options):
    """What every stabilizer understands."""

    name: str
    """Which stabilizer."""

    @property
    def joins(self) -> int:
        """Samples that one input of the discriminator is made of, joined along channels (of points: coordinates)."""
        return 1

    def first_step(self, discriminator_steps: int) -> int:
        """First training step in which it changes anything, given the discriminator's updates in a step."""
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


class TopKOptions(StabilizerOptions):
    """The generator learns from the k fakes of each batch that are scored highest (Sinha et al. 2020, algorithm 1).

    k falls from the whole batch, by the same factor in each step, until `until`; of packs, whole packs are chosen.
    """

    name: Literal["top_k"]
    share: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.5
    """k in the end, as a share of the batch; at least one fake is left."""
    until: Annotated[int, Field(ge=1, le=10**9)] = 1000
    """Training step at which k reaches that share."""


class FeatureMatchingOptions(StabilizerOptions):
    """The generator matches the mean features of reals: weight * |E f(x) - E f(G(z))|^2 (Salimans et al. 2016, 3.1).

    f is the last hidden layer of the discriminator, which is trained as ever. history.csv has the term without its
    weight as `feature_matching`; `g_loss` there is the adversarial loss in any case.
    """

    name: Literal["feature_matching"]
    weight: Annotated[float, Field(gt=0.0, le=1e6)] = 1.0
    """Factor of the term in the generator's loss."""
    replaces: bool = True
    """Whether the term replaces the adversarial loss, as in the paper, or is added to it."""


class FarSightedOptions(StabilizerOptions):
    """What stabilizers understand that differentiate one player's loss by the other one's weights."""


class UnrollingOptions(FarSightedOptions):
    """The generator plays against the discriminator as it would be k updates later (unrolled GAN: Metz et al. 2017).

    It is differentiated through these updates, so that it sees how the discriminator would answer. Each of them costs
    about two of the discriminator's own, and the memory of them.
    """

    name: Literal["unrolling"]
    steps: Annotated[int, Field(ge=1, le=20)] = 5
    """k: updates of the discriminator that are foreseen, on the batches of the generator's update."""


class ConsensusOptions(FarSightedOptions):
    """Both players also make both gradients small: weight / 2 * |v|^2 in their losses (Mescheder et al. 2017, eq. 12).

    v holds the gradients of both. The term damps the rotation of the game. A step takes about six times as long.
    """

    name: Literal["consensus"]
    weight: Annotated[float, Field(gt=0.0, le=1e6)] = 0.1
    """gamma in the equation."""


class OptimismOptions(StabilizerOptions):
    """Each step of an optimiser doubled, less the one before it: optimistic Adam (Daskalakis et al. 2018, algorithm 1).

    The same as extra-gradient by extrapolation from the past (Gidel et al. 2019, section 3.3), for any optimiser.
    """

    name: Literal["optimism"]


class LookaheadOptions(StabilizerOptions):
    """Every few steps both players go part of the way back together (Lookahead-minimax: Chavdarova et al. 2021).

    Optimisers and the statistics of batch normalisation stay as they are. Between these steps the networks run ahead:
    snapshots at multiples of `every` show the weights that they went back to.
    """

    name: Literal["lookahead"]
    every: Annotated[int, Field(ge=2, le=10**9)] = 5
    """k: training steps from one time to the next."""
    alpha: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.5
    """Share of the way since the last time that is kept."""

    def first_step(self, discriminator_steps: int) -> int:
        """When the players first go back."""
        return self.every


class GradientClippingOptions(StabilizerOptions):
    """Both players' gradients clipped before each step (Pascanu et al. 2013, algorithm 1).

    History shows the norms of clipped gradients.
    """

    name: Literal["gradient_clipping"]
    max_norm: Annotated[float, Field(gt=0.0, le=1e9)] | None = 1.0
    """Largest Euclidean norm of all of a player's gradients together; longer ones are scaled. null: any."""
    max_value: Annotated[float, Field(gt=0.0, le=1e9)] | None = None
    """Largest magnitude of a single value, clipped before the norm is taken. Left out: any."""

    def check(self, path: str) -> Iterator[Problem]:
        """Something is clipped."""
        if self.max_norm is None and self.max_value is None:
            yield Problem(
                f"{path}.max_norm",
                "is null, and without max_value nothing is clipped",
                "set max_norm or max_value, or remove gradient_clipping",
                (f"{path}.max_value",),
            )


class HistoricalAveragingOptions(StabilizerOptions):
    """Weights held near the mean of their past: weight * |theta - mean|^2 (Salimans et al. 2016, section 3.3).

    The term acts on the gradients alone: losses in history are without it.
    """

    name: Literal["historical_averaging"]
    weight: Annotated[float, Field(gt=0.0, le=1e9)] = 0.01
    """Factor of the term."""


DiffAugmentation = Literal["color", "translation", "cutout"]
"""What `diff_augment` can do to images."""

AdaAugmentation = Literal[
    "flip", "translation", "scale", "rotation", "brightness", "contrast", "hue", "saturation", "cutout"
]
"""What `ada` can do to images."""


class AugmentationOptions(StabilizerOptions):
    """What changes images before D sees them."""


class DiffAugmentOptions(AugmentationOptions):
    """Random changes of all images that D sees, differentiable for G (DiffAugment: Zhao et al. 2020, section 3).

    Reals and fakes, in both players' updates, each image by its own draw. As in the paper, what shifts and cuts leave
    empty is 0, the middle grey, and values may leave [-1, 1]. Penalties are of the scores at the changed images.
    """

    name: Literal["diff_augment"]
    policy: Annotated[tuple[DiffAugmentation, ...], Field(strict=False, min_length=1)] = (
        "color",
        "translation",
        "cutout",
    )
    """What is done, in this order."""
    brightness: Annotated[float, Field(ge=0.0, le=2.0)] = 0.5
    """color: b, where U[-b, b] is added to the image."""
    saturation: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0
    """color: s, where distances from the pixel's grey are multiplied by U[1 - s, 1 + s]; on colour images
    only."""
    contrast: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    """color: c, where distances from the image's mean are multiplied by U[1 - c, 1 + c]."""
    translation: Annotated[float, Field(gt=0.0, le=0.5)] = 0.125
    """translation: largest shift along each axis, as a share of the image's side, rounded to whole pixels."""
    cutout: Annotated[float, Field(gt=0.0, le=1.0)] = 0.5
    """cutout: sides of the rectangle that is set to 0, as a share of the image's; its centre is anywhere in the image,
    and what lies outside is not cut."""

    def check(self, path: str) -> Iterator[Problem]:
        """Each kind is named once."""
        yield from _named_once(self.policy, f"{path}.policy")


class AdaOptions(AugmentationOptions):
    """Random changes of all images that D sees, as often as its overfitting asks for (Karras et al. 2020).

    Each change is made to each image with probability p. Every `interval` updates of D, p rises if r_t = E sign D(x)
    over the reals that D was shown is above `target`, and falls otherwise (section 3.1). p is `ada_p` in history.csv.

    The strengths are the paper's (appendix B). Left out: turns by 90 degrees, scaling along one axis, shifts by parts
    of a pixel, the luma flip, filters and noise. Images are resampled bilinearly, without the paper's wavelet filter.
    Penalties are of the scores at the changed images.
    """

    name: Literal["ada"]
    augmentations: Annotated[tuple[AdaAugmentation, ...], Field(strict=False, min_length=1)] = (
        "translation",
        "scale",
        "rotation",
        "brightness",
        "contrast",
        "hue",
        "saturation",
    )
    """What may be done; hue and saturation on colour images only. `flip` exchanges left and right, which turns digits
    and letters into something else; `cutout` sets half of each side to 0."""
    target: Annotated[float, Field(gt=0.0, lt=1.0)] | None = 0.6
    """r_t that p is moved towards: .6 is 80 % of the reals scored as real; null: p stays as it is."""
    p: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """Probability of each change at the start."""
    interval: Annotated[int, Field(ge=1, le=10_000)] = 4
    """Updates of the discriminator between two moves of p."""
    speed: Annotated[int, Field(ge=1, le=10**9)] = 50_000
    """Real images shown while p moves from 0 to 1 if every move is upwards. The paper's 500,000 suit its runs of 25
    million; the default suits runs of some hundred thousand."""

    def check(self, path: str) -> Iterator[Problem]:
        """Each kind is named once; a probability that stays at 0 would change nothing."""
        yield from _named_once(self.augmentations, f"{path}.augmentations")
        if self.target is None and self.p == 0.0:
            yield Problem(
                f"{path}.p",
                "is 0 and, without a target, stays 0, so that nothing is ever changed",
                f"set {path}.p above 0, or {path}.target to .6",
                (f"{path}.target",),
            )


def _named_once(kinds: tuple[str, ...], path: str) -> Iterator[Problem]:
    twice = next((kind for index, kind in enumerate(kinds) if kind in kinds[:index]), None)
    if twice is not None:
        yield Problem(path, f"names {twice} twice", "name each kind once")


class ReplayOptions(StabilizerOptions):
    """Fakes of earlier updates among those that D is shown (Shrivastava et al. 2017, section 2.3).

    A discriminator that sees only the newest fakes forgets the others, and the generator may return to them (Pfau &
    Vinyals 2016, section 3). d_fake and d_acc_fake in history.csv are of the old and new fakes together.
    """

    name: Literal["replay"]
    size: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    """Fakes in the pool, the newest ones that were put there; all of them are in each checkpoint (MNIST: 3 MB a
    thousand). Until it is full, only fresh fakes are shown."""
    keep: Annotated[int, Field(ge=1, le=65536)] = 4
    """Fakes of each of D's batches that are put into the pool: it goes back size / keep updates."""
    share: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.5
    """Share of the fakes in each of D's batches that are drawn from the pool."""

    def first_step(self, discriminator_steps: int) -> int:
        """When the first update meets a full pool."""
        return -(-self.size // self.keep) // discriminator_steps + 1

    def check(self, path: str) -> Iterator[Problem]:
        """What is kept of a batch fits into the pool."""
        if self.keep > self.size:
            yield Problem(
                f"{path}.keep",
                f"{self.keep} fakes of each batch are more than the pool of {self.size} holds",
                f"lower {path}.keep, or raise {path}.size",
                (f"{path}.size",),
            )


STABILIZERS: dict[str, PartEntry[StabilizerOptions]] = {
    "label_smoothing": PartEntry(LabelSmoothingOptions, "ganlab.objectives.stabilizers:LabelSmoothing"),
    "instance_noise": PartEntry(InstanceNoiseOptions, "ganlab.objectives.stabilizers:InstanceNoise"),
    "weight_clipping": PartEntry(WeightClippingOptions, "ganlab.objectives.stabilizers:WeightClipping"),
    "packing": PartEntry(PackingOptions, "ganlab.objectives.stabilizers:Packing"),
    "top_k": PartEntry(TopKOptions, "ganlab.objectives.generator:TopK"),
    "feature_matching": PartEntry(FeatureMatchingOptions, "ganlab.objectives.generator:FeatureMatching"),
    "unrolling": PartEntry(UnrollingOptions, "ganlab.objectives.unrolling:Unrolling"),
    "consensus": PartEntry(ConsensusOptions, "ganlab.objectives.consensus:Consensus"),
    "optimism": PartEntry(OptimismOptions, "ganlab.objectives.optimism:Optimism"),
    "lookahead": PartEntry(LookaheadOptions, "ganlab.objectives.lookahead:Lookahead"),
    "gradient_clipping": PartEntry(GradientClippingOptions, "ganlab.objectives.gradient_clipping:GradientClipping"),
    "historical_averaging": PartEntry(
        HistoricalAveragingOptions, "ganlab.objectives.historical_averaging:HistoricalAveraging"
    ),
    "diff_augment": PartEntry(DiffAugmentOptions, "ganlab.objectives.augmentation:DiffAugment"),
    "ada": PartEntry(AdaOptions, "ganlab.objectives.adaptive:Ada"),
    "replay": PartEntry(ReplayOptions, "ganlab.objectives.replay:Replay"),
}
"""The stabilizers, by name."""

if TYPE_CHECKING:
    Stabilizer = StabilizerOptions
else:
    Stabilizer = Annotated[union(entry.options for entry in STABILIZERS.values()), Field(discriminator="name")]
