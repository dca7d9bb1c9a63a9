"""Generators, discriminators, the latent they start from and how their weights are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, get_args

from pydantic import Field

from ganlab.config.base import Options, Problem, StartsFrom, union

Norm = Literal["batch", "conditional_batch", "instance", "layer", "spectral", "none"]
MAP_NORMS: tuple[Norm, ...] = ("batch", "instance", "layer", "spectral", "none")
"""What any network of feature maps can be normalised by."""
VECTOR_NORMS: tuple[Norm, ...] = ("batch", "layer", "spectral", "none")
"""The same for vectors: with one value per feature, instance normalisation would leave nothing."""
Activation = Literal["relu", "leaky_relu", "tanh"]
Minibatch = Literal["none", "stddev", "discrimination"]
Width = Annotated[int, Field(ge=1, le=4096)]
KernelSize = Annotated[int, Field(ge=1, le=63)]


@dataclass(frozen=True)
class Sizes:
    """Which images an architecture makes or judges.

    Attributes:
        words: what it makes, to follow "makes": the same rule as `fits`.
        fits: whether a height or width, in pixels, is possible.
        square: whether height and width must be equal.
    """

    words: str
    fits: Callable[[int], bool]
    square: bool = False

    def has(self, height: int, width: int) -> bool:
        """Return whether images of this size are possible."""
        return self.fits(height) and self.fits(width) and (height == width or not self.square)

    def near(self, height: int, width: int) -> list[tuple[int, int]]:
        """Return the possible sizes next to this one, height and width each: the smaller one first, at most two."""
        sides = (min(height, width),) * 2 if self.square else (height, width)
        possible = [side for side in SIDES if self.fits(side)]
        below = [max((each for each in possible if each <= side), default=possible[0]) for side in sides]
        above = [min((each for each in possible if each >= side), default=possible[-1]) for side in sides]
        return list(dict.fromkeys([(below[0], below[1]), (above[0], above[1])]))


SIDES = range(16, 257)
"""Heights and widths of images that an experiment can ask for, in pixels."""

ANY_SIZE = Sizes("images of any height and width", lambda side: True)
ENLARGED = Sizes("images whose height and width are multiples of the game's factor", lambda side: True)
"""The factor is the game's, whose rule checks it."""
HALVED_TWICE = Sizes("images whose height and width are multiples of 4", lambda side: side % 4 == 0)
STRIDED = Sizes(
    "images whose height and width are multiples of 4, or of 8 above 128 pixels",
    lambda side: side % (4 if side <= 128 else 8) == 0,
)
"""So that maps are halved at least twice and the smallest one is at most 32 pixels high and wide."""
GUIDE_SIZE = Sizes("28 x 28 images", lambda side: side == 28)
STRIDED_SQUARES = Sizes(
    "square images whose side is a multiple of 4, or of 8 above 128 pixels", STRIDED.fits, square=True
)


class LatentOptions(Options):
    """What the generator starts from."""

    dim: Annotated[int, Field(ge=1, le=65536)] = 100
    """Number of latent dimensions."""
    distribution: Literal["normal", "uniform"] = "normal"
    """`normal`: N(0, I). `uniform`: U[-1, 1] in each dimension."""


class NetworkOptions(Options):
    """What every network understands."""

    name: str
    """Its architecture."""
    norm: Norm = "none"
    """Normalisation after the hidden layers; `spectral` divides each weight by its largest singular value;
    `conditional_batch`, in a generator: batch normalisation, scaled and shifted by class (Dumoulin et al. 2017)."""

    norms: ClassVar[tuple[Norm, ...]]
    """The values of `norm` that the architecture has."""
    starts_from: ClassVar[StartsFrom] = "latents"
    """What a generator of this architecture is given."""
    images_only: ClassVar[bool] = True
    """Whether it cannot make or judge points."""
    sizes: ClassVar[Sizes] = ANY_SIZE
    """Which images it makes or judges."""
    grows: ClassVar[bool] = False
    """Whether it grows as the game says."""
    enlarges: ClassVar[bool] = False
    """Whether its images are larger than those that it is given."""
    spectral: ClassVar[bool] = False
    """Whether every weight is divided by its largest singular value whatever `norm` says."""

    @property
    def has_batch_norm(self) -> bool:
        """Whether training normalises a sample's values by those of the whole batch."""
        return self.norm in ("batch", "conditional_batch")

    @property
    def compares_samples(self) -> bool:
        """Whether a layer tells its output how a sample relates to the others of its batch, in training or not."""
        return False

    def check(self, path: str) -> Iterator[Problem]:
        """The architecture has the norm."""
        if self.norm not in self.norms:
            *most, last = (norm for norm in get_args(Norm) if norm in self.norms)
            one = f"{', '.join(most)} or {last}" if most else f"{last}, or leave it out"
            yield Problem(
                f"{path}.norm",
                f"the {self.name} {path} has no {self.norm} normalisation",
                f"set {path}.norm to {one}",
                (f"{path}.name",),
            )


class DiscriminatorOptions(NetworkOptions):
    """What discriminators understand; the progressive one is as its paper has it."""

    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    """Share of each hidden layer's outputs that training sets to 0, at random in each pass (Srivastava et al. 2014)."""
    minibatch: Minibatch = "none"
    """What the output layer sees of the other samples in the batch. `stddev`: one more feature or map, their standard
    deviation (Karras et al. 2018, section 3). `discrimination`: 16 more, how close each sample is to the others by 16
    trained measures (Salimans et al. 2016, section 3.2); it takes longer by the square of the batch."""

    @property
    def compares_samples(self) -> bool:
        """Whether it has a minibatch layer."""
        return self.minibatch != "none"


class ConvolutionalOptions(NetworkOptions):
    """What networks of strided convolutions understand."""

    width: Width = 64
    """Channels of the layer next to the image; deeper layers follow from it."""
    kernel_size: KernelSize = 4
    """Side of the square kernels, odd or even; feature maps keep their shapes. 1 to 15 always fit."""

    norms: ClassVar[tuple[Norm, ...]] = MAP_NORMS
    sizes: ClassVar[Sizes] = STRIDED


def map_sizes(height: int, width: int) -> list[tuple[int, int]]:
    """Return heights and widths of a strided network's maps, which double from the smallest to the image's own.

    Both are halved while both are even and at least 8.
    """
    sizes = [(height, width)]
    while all(side % 2 == 0 and side >= 8 for side in sizes[0]):
        sizes.insert(0, (sizes[0][0] // 2, sizes[0][1] // 2))
    return sizes


def feature_maps(side: int) -> list[int]:
    """Return the sides of the maps for square images: they double from 4 (at 28 pixels: 7) to the image's own."""
    return [height for height, _ in map_sizes(side, side)]


class MlpOptions(NetworkOptions):
    """What fully connected networks understand."""

    width: Width = 256
    """Units in each hidden layer."""
    depth: Annotated[int, Field(ge=1, le=64)] = 3
    """Number of hidden layers."""

    norms: ClassVar[tuple[Norm, ...]] = VECTOR_NORMS
    images_only: ClassVar[bool] = False


class MlpGeneratorOptions(MlpOptions):
    """Fully connected generator, for images and for 2-D points."""

    name: Literal["mlp"]
    activation: Activation = "relu"
    """After each hidden layer; the output is tanh for images and linear for points."""

    norms: ClassVar[tuple[Norm, ...]] = (*VECTOR_NORMS, "conditional_batch")


class MlpDiscriminatorOptions(DiscriminatorOptions, MlpOptions):
    """Fully connected discriminator, for images and for 2-D points."""

    name: Literal["mlp"]
    activation: Activation | Literal["maxout"] = "leaky_relu"
    """After each hidden layer; leaky_relu has slope .2; maxout: each unit is the largest of `pieces` linear ones
    (Goodfellow et al. 2013)."""
    pieces: Annotated[int, Field(ge=2, le=64)] = 5
    """Linear units of which maxout takes the largest."""

    def check(self, path: str) -> Iterator[Problem]:
        """Only maxout has pieces."""
        yield from super().check(path)
        if self.activation != "maxout" and self.pieces != type(self).model_fields["pieces"].default:
            yield Problem(
                f"{path}.pieces",
                f"only maxout takes the largest of {self.pieces} pieces, and {path}.activation is {self.activation}",
                f"set {path}.activation to maxout, or leave {path}.pieces out",
                (f"{path}.activation",),
            )


class DcganGeneratorOptions(ConvolutionalOptions):
    """DCGAN generator (Radford et al. 2015): transposed convolutions of stride 2, tanh at the output."""

    name: Literal["dcgan"] = "dcgan"
    norm: Norm = "batch"
    """Normalisation of every layer but the output."""
    activation: Activation = "relu"
    """After each hidden layer."""
    dense: Annotated[int, Field(ge=0, le=16)] = 0
    """Fully connected hidden layers of 16 * width units before the maps; DCGAN has none."""
    norm_output: bool = False
    """Batch normalisation at the output too; DCGAN has none: samples oscillate (Radford et al. 2015, section 3)."""
    output: Literal["tanh", "sigmoid"] = "tanh"
    """Range of the output: tanh [-1, 1], as the data; sigmoid [0, 1] cannot make the darker half."""

    norms: ClassVar[tuple[Norm, ...]] = (*MAP_NORMS, "conditional_batch")


class DcganDiscriminatorOptions(DiscriminatorOptions, ConvolutionalOptions):
    """DCGAN discriminator (Radford et al. 2015): convolutions of stride 2, no fully connected hidden layer."""

    name: Literal["dcgan"] = "dcgan"
    norm: Norm = "batch"
    """Normalisation of every layer but the input's and the output's."""
    activation: Activation = "leaky_relu"
    """After each hidden layer; leaky_relu has slope .2."""
    dense: Annotated[int, Field(ge=0, le=16)] = 0
    """Fully connected hidden layers of 16 * width units after the maps; DCGAN has none."""
    norm_input: bool = False
    """Normalise the first layer too, which DCGAN does not (Radford et al. 2015, section 3)."""
    downsampling: Literal["strides", "max_pooling"] = "strides"
    """`max_pooling`: convolutions of stride 1, each followed by 2 x 2 max pooling; DCGAN has strides."""


class GuideGeneratorOptions(ConvolutionalOptions):
    """Generator of the practical guide to GAN failure modes: dense to 7 x 7, two transposed convolutions, 28 px."""

    name: Literal["guide"]
    width: Width = 128
    """Channels of every hidden layer."""
    norm: Norm = "none"
    """Normalisation after the two transposed convolutions; `spectral` acts on every layer's weights."""

    sizes: ClassVar[Sizes] = GUIDE_SIZE


class GuideDiscriminatorOptions(DiscriminatorOptions, ConvolutionalOptions):
    """Discriminator of the practical guide to GAN failure modes: two strided convolutions and a dense output, 28 px."""

    name: Literal["guide"]

    sizes: ClassVar[Sizes] = GUIDE_SIZE


class AttentionOptions(ConvolutionalOptions):
    """What networks with self-attention understand."""

    width: Width = 32
    """Channels of the layer next to the image; deeper layers follow from it."""
    attention: Annotated[int, Field(ge=1, le=128)] | None = 14
    """Side of the map that attends to itself, in pixels; null: none, the ablation."""

    sizes: ClassVar[Sizes] = STRIDED_SQUARES
    spectral: ClassVar[bool] = True


class SaganGeneratorOptions(AttentionOptions):
    """Self-attention GAN (Zhang et al. 2018): DCGAN's layers, spectral norm in both players, attention on one map."""

    name: Literal["sagan"]
    norm: Norm = "batch"
    """Normalisation after the hidden layers, on top of the spectral norm of every weight: batch or
    conditional_batch."""

    norms: ClassVar[tuple[Norm, ...]] = ("batch", "conditional_batch", "none")


class SaganDiscriminatorOptions(DiscriminatorOptions, AttentionOptions):
    """Discriminator of the self-attention GAN (Zhang et al. 2018): spectral norm on every weight, attention."""

    name: Literal["sagan"]

    norms: ClassVar[tuple[Norm, ...]] = ("none",)


class ResnetOptions(NetworkOptions):
    """What residual networks understand. Without a norm their weights start by fix-up, whatever weight_init says."""

    width: Width = 16
    """Channels next to the image; each smaller map has twice as many."""

    sizes: ClassVar[Sizes] = STRIDED


class ResnetGeneratorOptions(ResnetOptions):
    """Residual generator without normalisation (Huang et al. 2024, R3GAN's comparison of losses), or as SNGAN's."""

    name: Literal["resnet"]
    norm: Norm = "none"
    """none: fix-up (Zhang et al. 2019); batch: in front of each activation; spectral: of every layer's weights."""

    norms: ClassVar[tuple[Norm, ...]] = ("batch", "spectral", "none")


class ResnetDiscriminatorOptions(DiscriminatorOptions, ResnetOptions):
    """Residual discriminator without normalisation (Huang et al. 2024), or with SNGAN's (Miyato et al. 2018)."""

    name: Literal["resnet"]

    norms: ClassVar[tuple[Norm, ...]] = ("spectral", "none")


class GrowingOptions(NetworkOptions):
    """What progressive networks understand."""

    width: Width = 16
    """Channels next to the image; each smaller map has twice as many, up to `max_width`."""
    max_width: Width = 64
    """Most channels a map has."""

    norms: ClassVar[tuple[Norm, ...]] = ("none",)
    sizes: ClassVar[Sizes] = STRIDED_SQUARES
    grows: ClassVar[bool] = True


class ProgressiveGeneratorOptions(GrowingOptions):
    """Generator that grows (Karras et al. 2018): pixel norm, equalised learning rate; built whole, faded in."""

    name: Literal["progressive"]


class ProgressiveDiscriminatorOptions(GrowingOptions):
    """Discriminator that grows (Karras et al. 2018): minibatch standard deviation, equalised learning rate."""

    name: Literal["progressive"]

    @property
    def compares_samples(self) -> bool:
        """It always has minibatch standard deviation."""
        return True


class TranslatorOptions(NetworkOptions):
    """What generators that start from images understand."""

    width: Width = 32
    """Channels of the layers at full size; twice as many at half of it."""
    blocks: Annotated[int, Field(ge=1, le=64)] = 3
    """Residual blocks in the middle."""

    norms: ClassVar[tuple[Norm, ...]] = MAP_NORMS
    sizes: ClassVar[Sizes] = HALVED_TWICE
    starts_from: ClassVar[StartsFrom] = "images"


class TranslatorGeneratorOptions(TranslatorOptions):
    """From images to images of the same size, through residual blocks at a quarter of it (Zhu et al. 2017)."""

    name: Literal["translator"]
    norm: Norm = "instance"
    """Normalisation of every layer but the output."""


class SuperResolutionGeneratorOptions(TranslatorOptions):
    """From small images to large ones: residual blocks, then pixel shuffling (SRResNet: Ledig et al. 2017)."""

    name: Literal["super_resolution"]
    norm: Norm = "none"
    """Normalisation inside the residual blocks; the paper has batch, which later work left out."""

    sizes: ClassVar[Sizes] = ENLARGED
    enlarges: ClassVar[bool] = True


@dataclass(frozen=True)
class NetworkEntry:
    """A registered architecture: both players' options (None if it has no such player) and the module."""

    generator: type[NetworkOptions]
    discriminator: type[NetworkOptions] | None
    module: str


NETWORKS: dict[str, NetworkEntry] = {
    "mlp": NetworkEntry(MlpGeneratorOptions, MlpDiscriminatorOptions, "ganlab.networks.mlp"),
    "dcgan": NetworkEntry(DcganGeneratorOptions, DcganDiscriminatorOptions, "ganlab.networks.dcgan"),
    "guide": NetworkEntry(GuideGeneratorOptions, GuideDiscriminatorOptions, "ganlab.networks.guide"),
    "sagan": NetworkEntry(SaganGeneratorOptions, SaganDiscriminatorOptions, "ganlab.networks.sagan"),
    "resnet": NetworkEntry(ResnetGeneratorOptions, ResnetDiscriminatorOptions, "ganlab.networks.resnet"),
    "progressive": NetworkEntry(
        ProgressiveGeneratorOptions, ProgressiveDiscriminatorOptions, "ganlab.networks.progressive"
    ),
    "translator": NetworkEntry(TranslatorGeneratorOptions, None, "ganlab.networks.translator"),
    "super_resolution": NetworkEntry(SuperResolutionGeneratorOptions, None, "ganlab.networks.super_resolution"),
}


class NormalInitOptions(Options):
    """Weights from N(0, std), biases 0, norm scales from N(1, std)."""

    name: Literal["normal"] = "normal"
    std: Annotated[float, Field(gt=0.0, le=10.0)] = 0.02
    """Standard deviation of the weights."""


class XavierInitOptions(Options):
    """Xavier (Glorot) uniform weights, biases 0."""

    name: Literal["xavier"]


class OrthogonalInitOptions(Options):
    """Orthogonal weights of gain 1, biases 0."""

    name: Literal["orthogonal"]


class DefaultInitOptions(Options):
    """PyTorch's own start of each layer."""

    name: Literal["default"]


WEIGHT_INITS: dict[str, type[Options]] = {
    "normal": NormalInitOptions,
    "xavier": XavierInitOptions,
    "orthogonal": OrthogonalInitOptions,
    "default": DefaultInitOptions,
}

if TYPE_CHECKING:
    Generator = NetworkOptions
    Discriminator = NetworkOptions
    WeightInit = Options
else:
    Generator = Annotated[union(e.generator for e in NETWORKS.values()), Field(discriminator="name")]
    Discriminator = Annotated[
        union(e.discriminator for e in NETWORKS.values() if e.discriminator), Field(discriminator="name")
    ]
    WeightInit = Annotated[union(WEIGHT_INITS.values()), Field(discriminator="name")]
