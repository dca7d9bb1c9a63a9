"""Who plays whom: one options class a game, with what it asks of the networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ganlab.config.base import Options, StartsFrom, union
from ganlab.config.data import Data, DataOptions

TermWeight = Annotated[float, Field(ge=0.0, le=1e6)]
ImageCount = Annotated[int, Field(ge=0, le=10**12)]


class GameOptions(Options):
    """What every game says of the networks that play it."""

    name: str
    """Who plays whom."""

    starts_from: ClassVar[StartsFrom] = "latents"
    """What the generator is given."""
    asks_for_classes: ClassVar[bool] = False
    """Whether samples of a class are asked for."""
    grows: ClassVar[bool] = False
    """Whether the networks grow while it is played."""
    enlarges: ClassVar[bool] = False
    """Whether the generator's images are larger than those that it is given."""

    def input_shape(self, latent_dim: int, data: DataOptions) -> tuple[int, ...]:
        """Shape of one input of the generator."""
        return (latent_dim,)

    def class_count(self, data: DataOptions) -> int:
        """Classes that a sample can be asked for by; 0 if there are none, or if their number is not known."""
        return 0

    def heads(self, data: DataOptions) -> int:
        """Values per sample that the discriminator returns in addition to its score."""
        return 0


class StandardGameOptions(GameOptions):
    """One generator against one discriminator (Goodfellow et al. 2014)."""

    name: Literal["standard"] = "standard"


class ConditionalGameOptions(GameOptions):
    """Samples of a class that is asked for; the discriminator scores them as such (Mirza 2014; Miyato & Koyama 2018).

    The generator's input ends in the class, one-hot: its first layer embeds it. The discriminator's score of class y is
    psi(phi(x)) + <v_y, phi(x)>, a projection (Miyato & Koyama 2018, eq. 3).
    """

    name: Literal["conditional"]
    classes: Annotated[int, Field(ge=2, le=100_000)] | None = None
    """Number of classes. Left out: the data set's; a folder of images must name it."""
    label_noise: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """Share of the real labels that are replaced by random ones, as a broken data loader would."""

    asks_for_classes: ClassVar[bool] = True

    def input_shape(self, latent_dim: int, data: DataOptions) -> tuple[int, ...]:
        """The latent, and the class one-hot."""
        return (latent_dim + self.class_count(data),)

    def class_count(self, data: DataOptions) -> int:
        """Number of classes; 0 if it is not known."""
        return self.classes or data.class_count or 0

    def heads(self, data: DataOptions) -> int:
        """One value a class."""
        return self.class_count(data)


class AuxiliaryGameOptions(ConditionalGameOptions):
    """The discriminator also names the class, and both players want it named right (AC-GAN: Odena et al. 2017)."""

    name: Literal["auxiliary"]  # type: ignore[assignment]
    weight: TermWeight = 1.0
    """Weight of the class term relative to the adversarial one."""


class InfoGameOptions(GameOptions):
    """Part of the latent is code that a head Q on the discriminator's body must read back (InfoGAN: Chen et al. 2016).

    The last `categories + continuous` of the latent dimensions are the codes: one category, one-hot, and numbers from
    U[-1, 1]; the rest is noise.
    """

    name: Literal["infogan"]
    categories: Annotated[int, Field(ge=2, le=10_000)] = 10
    """Values of the categorical code, all equally likely: H(c) = ln categories."""
    continuous: Annotated[int, Field(ge=0, le=1000)] = 2
    """Continuous codes, each from U[-1, 1]."""
    weight: TermWeight = 1.0
    """lambda: weight of the categorical code's information relative to the adversarial loss."""
    continuous_weight: TermWeight = 0.1
    """The same for the continuous codes."""

    @property
    def codes(self) -> int:
        """Latent dimensions that the codes take."""
        return self.categories + self.continuous

    def heads(self, data: DataOptions) -> int:
        """Logits of the category, and the mean of each continuous code."""
        return self.codes


class ProgressiveGameOptions(GameOptions):
    """Both networks grow, from few pixels to all, each new layer faded in (Karras et al. 2018).

    Stage and fade are functions of the images shown: `fade` images from the old size to the new one, then
    `images_per_phase` at that size; the first size has no fade, the last one lasts until the end.
    """

    name: Literal["progressive"]
    sizes: Annotated[tuple[int, ...], Field(strict=False, min_length=1, max_length=12)] = (4, 8, 16, 32)
    """Sides of the images in pixels, from the first phase to the last."""
    fade: ImageCount = 20_000
    """Real images shown while a new layer is faded in."""
    images_per_phase: ImageCount = 20_000
    """Real images shown at a size once it is there, before the next one begins."""

    grows: ClassVar[bool] = True


class CycleGameOptions(GameOptions):
    """Two translators and two discriminators learn from unpaired images (CycleGAN: Zhu et al. 2017).

    The generator turns images of `source` into images like `data`; a second one turns them back. Each player's two
    networks share an optimiser, as in the paper.
    """

    name: Literal["cycle"]
    source: Data
    """The domain that is translated from; `data` is the one translated to. The same keys as `data`."""
    cycle: TermWeight = 10.0
    """lambda: weight of the cycle loss, L1 between an image and its way there and back (section 3.2)."""
    identity: TermWeight = 5.0
    """Weight of the identity loss, L1 between an image of the target domain and its own translation (section 5.2)."""
    pool: Annotated[int, Field(ge=0, le=100_000)] = 50
    """Earlier translations that the discriminator is shown again, a direction (section 4); 0: only the newest."""

    starts_from: ClassVar[StartsFrom] = "images"

    def input_shape(self, latent_dim: int, data: DataOptions) -> tuple[int, ...]:
        """An image of the source."""
        return self.source.shape


class SuperResolutionGameOptions(GameOptions):
    """From small images to their large originals, by content and adversarial loss (SRGAN: Ledig et al. 2017)."""

    name: Literal["super_resolution"]
    factor: Literal[2, 4] = 4
    """How many times the side of its input the generator's image has."""
    content: TermWeight = 1.0
    """Weight of the content loss, the mean squared error of the pixels."""
    adversarial: TermWeight = 1e-3
    """Weight of the adversarial loss (Ledig et al. 2017, eq. 3); 0: none."""

    starts_from: ClassVar[StartsFrom] = "images"
    enlarges: ClassVar[bool] = True

    def input_shape(self, latent_dim: int, data: DataOptions) -> tuple[int, ...]:
        """The image, `factor` times smaller."""
        channels, height, width = data.shape
        return (channels, height // self.factor, width // self.factor)


class PairedGameOptions(GameOptions):
    """Images and their metadata in, each with a known truth: pix2pix (Isola et al. 2017), told class and angle.

    The generator is given an image, its class and an angle, and has to rotate the image by that angle. `data.rotated`
    says how far: the angle is uniform up to it on both sides. Class and angle are constant maps after the image's
    channels: the class one-hot, then cosine and sine. The discriminator sees the result alone (eq. 2).
    """

    name: Literal["paired"]
    l1: TermWeight = 100.0
    """lambda: weight of the L1 distance to the truth relative to the adversarial loss (eq. 4)."""

    starts_from: ClassVar[StartsFrom] = "images"

    def input_shape(self, latent_dim: int, data: DataOptions) -> tuple[int, ...]:
        """The image's channels, one for each class, and two for the angle."""
        channels, *sides = data.shape
        return (channels + (data.class_count or 0) + 2, *sides)


@dataclass(frozen=True)
class GameEntry:
    """A registered game: its options and the module that plays it."""

    options: type[GameOptions]
    module: str


GAMES: dict[str, GameEntry] = {
    "standard": GameEntry(StandardGameOptions, "ganlab.games.standard"),
    "conditional": GameEntry(ConditionalGameOptions, "ganlab.games.conditional"),
    "auxiliary": GameEntry(AuxiliaryGameOptions, "ganlab.games.auxiliary"),
    "infogan": GameEntry(InfoGameOptions, "ganlab.games.infogan"),
    "progressive": GameEntry(ProgressiveGameOptions, "ganlab.games.progressive"),
    "cycle": GameEntry(CycleGameOptions, "ganlab.games.cycle"),
    "super_resolution": GameEntry(SuperResolutionGameOptions, "ganlab.games.super_resolution"),
    "paired": GameEntry(PairedGameOptions, "ganlab.games.paired"),
}

if TYPE_CHECKING:
    Game = GameOptions
else:
    Game = Annotated[union(entry.options for entry in GAMES.values()), Field(discriminator="name")]
