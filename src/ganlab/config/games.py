"""Who plays whom: one options class a game, with what it asks of the networks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ganlab.config.base import Options, Problem, union
from ganlab.config.data import Data

if TYPE_CHECKING:
    from ganlab.config.experiment import Experiment

Weight = Annotated[float, Field(ge=0.0, le=1e6)]
Images = Annotated[int, Field(ge=0, le=10**12)]


class GameOptions(Options):
    """What every game says of the networks that play it."""

    name: str
    """Who plays whom."""

    starts_from: ClassVar[Literal["latents", "images"]] = "latents"
    """What the generator is given."""

    def input_shape(self, experiment: Experiment) -> tuple[int, ...]:
        """Shape of one input of the generator."""
        return (experiment.latent.dim,)

    def heads(self, experiment: Experiment) -> int:
        """Values a sample that the discriminator gives beside its score."""
        return 0

    def check(self, path: str, experiment: Experiment) -> Iterator[Problem]:
        """The generator must take what the game gives it."""
        generator = experiment.generator
        if generator.takes != self.starts_from:
            fitting = "translator or super_resolution" if self.starts_from == "images" else "dcgan, mlp or another"
            yield Problem(
                "generator.name",
                f"{generator.name} starts from {generator.takes}, and the {self.name} game gives it {self.starts_from}",
                f"set generator.name to {fitting}, or {path}.name to a game for it",
                (f"{path}.name",),
            )
        if generator.norm == "conditional_batch" and not isinstance(self, ConditionalGame):
            yield Problem(
                "generator.norm",
                f"conditional_batch needs labels, of which the {self.name} game has none",
                f"set generator.norm to batch, or {path}.name to conditional",
                (f"{path}.name",),
            )
        if experiment.discriminator.norm == "conditional_batch":
            yield Problem(
                "discriminator.norm",
                "conditional_batch is for generators: a discriminator learns of the class by its score",
                "set discriminator.norm to another norm",
            )
        progressive = {experiment.generator.name, experiment.discriminator.name} & {"progressive"}
        if progressive and not isinstance(self, ProgressiveGame):
            yield Problem(
                f"{path}.name",
                f"progressive networks grow as the progressive game says, and this is the {self.name} game",
                f"set {path}.name to progressive, or other networks",
                ("generator.name", "discriminator.name"),
            )


class StandardGame(GameOptions):
    """One generator against one discriminator (Goodfellow et al. 2014)."""

    name: Literal["standard"] = "standard"


class ConditionalGame(GameOptions):
    """Samples of a class that is asked for; the discriminator scores them as such (Mirza 2014; Miyato & Koyama 2018).

    The generator's input ends in the class, one-hot: its first layer embeds it. The discriminator's score of class y is
    psi(phi(x)) + <v_y, phi(x)>, a projection (Miyato & Koyama 2018, eq. 3).
    """

    name: Literal["conditional"]
    classes: Annotated[int, Field(ge=2, le=100_000)] | None = None
    """Number of classes. Left out: the data set's; a folder of images must name it."""
    label_noise: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """Share of the real labels that are replaced by random ones, as a broken data loader would."""

    def class_count(self, experiment: Experiment) -> int:
        """Number of classes; 0 where it is not known."""
        return self.classes or experiment.data.class_count or 0

    def input_shape(self, experiment: Experiment) -> tuple[int, ...]:
        """The latent, and the class one-hot."""
        return (experiment.latent.dim + self.class_count(experiment),)

    def heads(self, experiment: Experiment) -> int:
        """One value a class."""
        return self.class_count(experiment)

    def check(self, path: str, experiment: Experiment) -> Iterator[Problem]:
        """There must be labels, and their number known before the networks are built."""
        yield from super().check(path, experiment)
        data, known = experiment.data, experiment.data.class_count
        if known == 0:
            yield Problem(
                f"{path}.name",
                f"the {self.name} game needs labelled data, and data.name {data.name} has no labels",
                f"set {path}.name to standard, or data.name to a labelled set such as mnist",
                ("data.name",),
            )
        elif known is None and self.classes is None:
            yield Problem(
                f"{path}.classes",
                f"is not set, and how many classes data.name {data.name} has shows only when it is loaded",
                f"set {path}.classes to the number of class folders",
                ("data.name", f"{path}.name"),
            )
        elif known is not None and self.classes not in (None, known):
            yield Problem(
                f"{path}.classes",
                f"{self.classes} is not the number of classes of data.name {data.name}, {known}",
                f"leave {path}.classes out",
                ("data.name",),
            )


class AuxiliaryGame(ConditionalGame):
    """The discriminator also names the class, and both players want it named right (AC-GAN: Odena et al. 2017)."""

    name: Literal["auxiliary"]  # type: ignore[assignment]
    weight: Weight = 1.0
    """Weight of the class term beside the adversarial one."""


class InfoGame(GameOptions):
    """Part of the latent is code that a head Q on the discriminator's body must read back (InfoGAN: Chen et al. 2016).

    The last `categories + continuous` of the latent dimensions are the codes: one category, one-hot, and numbers from
    U[-1, 1]; the rest is noise.
    """

    name: Literal["infogan"]
    categories: Annotated[int, Field(ge=2, le=10_000)] = 10
    """Values of the categorical code, all equally likely: H(c) = ln categories."""
    continuous: Annotated[int, Field(ge=0, le=1000)] = 2
    """Continuous codes, each from U[-1, 1]."""
    weight: Weight = 1.0
    """lambda: weight of the categorical code's information beside the adversarial loss."""
    continuous_weight: Weight = 0.1
    """The same for the continuous codes."""

    @property
    def codes(self) -> int:
        """Latent dimensions that the codes take."""
        return self.categories + self.continuous

    def heads(self, experiment: Experiment) -> int:
        """Logits of the category, and the mean of each continuous code."""
        return self.codes

    def check(self, path: str, experiment: Experiment) -> Iterator[Problem]:
        """Some of the latent must be left for noise."""
        yield from super().check(path, experiment)
        if self.codes >= experiment.latent.dim:
            yield Problem(
                f"{path}.categories",
                f"{self.categories} categories and {self.continuous} continuous codes take {self.codes} latent "
                f"dimensions, and latent.dim {experiment.latent.dim} leaves none for noise",
                f"raise latent.dim above {self.codes}, or lower {path}.categories or {path}.continuous",
                ("latent.dim", f"{path}.continuous"),
            )


class ProgressiveGame(GameOptions):
    """Both networks grow, from few pixels to all, each new layer faded in (Karras et al. 2018).

    Stage and fade are functions of the images shown: `fade` images from the old size to the new one, then
    `images_per_phase` at that size; the first size has no fade, the last one lasts until the end.
    """

    name: Literal["progressive"]
    sizes: Annotated[tuple[int, ...], Field(strict=False, min_length=1, max_length=12)] = (4, 8, 16, 32)
    """Sides of the images in pixels, from the first phase to the last."""
    fade: Images = 20_000
    """Real images shown while a new layer is faded in."""
    images_per_phase: Images = 20_000
    """Real images shown at a size once it is there, before the next one begins."""

    def check(self, path: str, experiment: Experiment) -> Iterator[Problem]:
        """Sizes double and end at the image's own; both networks can grow."""
        yield from super().check(path, experiment)
        for player in ("generator", "discriminator"):
            name = getattr(experiment, player).name
            if name != "progressive":
                yield Problem(
                    f"{player}.name",
                    f"{name} cannot grow, as the progressive game asks",
                    f"set {player}.name to progressive, or {path}.name to standard",
                    (f"{path}.name",),
                )
        if len(experiment.data.shape) == 3:
            yield from self._check_sizes(path, experiment.data.shape[-1])
        if experiment.training.compile:
            yield Problem(
                "training.compile",
                "networks that grow would be compiled anew at every step of a fade",
                "set training.compile to false",
                (f"{path}.name",),
            )

    def _check_sizes(self, path: str, side: int) -> Iterator[Problem]:
        known = doubling(side)
        odd = next((size for size in self.sizes if size < 1 or side % size), None)
        if odd is not None:
            reason = f"{odd} does not divide the image's {side} pixels"
        elif self.sizes[0] < known[0]:
            reason = f"{self.sizes[0]} is below the smallest map of networks for {side} pixels, {known[0]}"
        elif list(self.sizes) != known[-len(self.sizes) :]:
            reason = f"{list(self.sizes)} do not double, each from the one before, up to the image's {side} pixels"
        else:
            return
        hint = f"choose {known}, or leave out the first of these"
        yield Problem(f"{path}.sizes", reason, hint, ("data.image_size", "data.name"))


def doubling(side: int) -> list[int]:
    """Return the sizes of the maps that strided networks have, which double from 4 (at 28 pixels: 7) to `side`."""
    sizes = [side]
    while sizes[0] % 2 == 0 and sizes[0] >= 8:
        sizes.insert(0, sizes[0] // 2)
    return sizes


class CycleGame(GameOptions):
    """Two translators and two discriminators learn from unpaired images (CycleGAN: Zhu et al. 2017).

    The generator turns images of `source` into images like `data`; a second one turns them back. Each player's two
    networks share an optimiser, as in the paper.
    """

    name: Literal["cycle"]
    source: Data
    """The domain that is translated from; `data` is the one translated to. The same keys as `data`."""
    cycle: Weight = 10.0
    """lambda: weight of the cycle loss, L1 between an image and its way there and back (section 3.2)."""
    identity: Weight = 5.0
    """Weight of the identity loss, L1 between an image of the target domain and its own translation (section 5.2)."""
    pool: Annotated[int, Field(ge=0, le=100_000)] = 50
    """Earlier translations that the discriminator is shown again, a direction (section 4); 0: only the newest."""

    starts_from: ClassVar[Literal["latents", "images"]] = "images"

    def input_shape(self, experiment: Experiment) -> tuple[int, ...]:
        """An image of the source."""
        return self.source.shape

    def check(self, path: str, experiment: Experiment) -> Iterator[Problem]:
        """Both domains are images of one shape; nothing is asked for that this game does not do."""
        yield from super().check(path, experiment)
        here, there = self.source.shape, experiment.data.shape
        if len(here) != 3 or len(there) != 3:
            yield Problem(f"{path}.source", "the cycle game translates images, not points", "choose image data")
        elif here[0] != there[0]:
            yield Problem(
                f"{path}.source",
                f"{self.source.name} has {here[0]} channels and data.name {experiment.data.name} has {there[0]}: cycle "
                "and identity losses compare images of both domains",
                "choose domains with as many channels, for instance folders with the same grayscale",
                ("data.name", "data.grayscale"),
            )
        elif here != there:
            yield Problem(
                f"{path}.source.image_size",
                f"{here[-1]} pixels is not the {there[-1]} of data.image_size",
                f"set {path}.source.image_size to {there[-1]}",
                ("data.image_size",),
            )
        yield from self.source.check(f"{path}.source", experiment)
        if experiment.penalties:
            yield Problem(
                "penalties",
                "the cycle game has no gradient penalties: its two discriminators are trained on their losses alone",
                "leave penalties out",
                (f"{path}.name",),
            )
        if experiment.training.discriminator_batches != "summed":
            yield Problem(
                "training.discriminator_batches",
                f"{experiment.training.discriminator_batches} is not played in the cycle game",
                "set training.discriminator_batches to summed",
                (f"{path}.name",),
            )


class SuperResolutionGame(GameOptions):
    """From small images to their large originals, by content and adversarial loss (SRGAN: Ledig et al. 2017)."""

    name: Literal["super_resolution"]
    factor: Literal[2, 4] = 4
    """How many times the side of its input the generator's image has."""
    content: Weight = 1.0
    """Weight of the content loss, the mean squared error of the pixels."""
    adversarial: Weight = 1e-3
    """Weight of the adversarial loss (Ledig et al. 2017, eq. 3); 0: none."""

    starts_from: ClassVar[Literal["latents", "images"]] = "images"

    def input_shape(self, experiment: Experiment) -> tuple[int, ...]:
        """The image, `factor` times smaller."""
        channels, height, width = experiment.data.shape
        return (channels, height // self.factor, width // self.factor)

    def check(self, path: str, experiment: Experiment) -> Iterator[Problem]:
        """Images only."""
        yield from super().check(path, experiment)
        if len(experiment.data.shape) != 3:
            yield Problem(f"{path}.name", "super-resolution works on images, not on points", "choose image data")
        if experiment.generator.name == "translator":
            yield Problem(
                "generator.name",
                "translator keeps the size of an image, and super-resolution enlarges it",
                "set generator.name to super_resolution",
                (f"{path}.name",),
            )


@dataclass(frozen=True)
class GameEntry:
    """A registered game: its options and the module that plays it."""

    options: type[GameOptions]
    module: str


GAMES: dict[str, GameEntry] = {
    "standard": GameEntry(StandardGame, "ganlab.games.standard"),
    "conditional": GameEntry(ConditionalGame, "ganlab.games.conditional"),
    "auxiliary": GameEntry(AuxiliaryGame, "ganlab.games.auxiliary"),
    "infogan": GameEntry(InfoGame, "ganlab.games.infogan"),
    "progressive": GameEntry(ProgressiveGame, "ganlab.games.progressive"),
    "cycle": GameEntry(CycleGame, "ganlab.games.cycle"),
    "super_resolution": GameEntry(SuperResolutionGame, "ganlab.games.super_resolution"),
}

if TYPE_CHECKING:
    Game = GameOptions
else:
    Game = Annotated[union(entry.options for entry in GAMES.values()), Field(discriminator="name")]
