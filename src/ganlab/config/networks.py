"""Generators, discriminators, the latent they start from and how their weights are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ganlab.config.base import Options, Problem, union

if TYPE_CHECKING:
    from ganlab.config.experiment import Experiment

Norm = Literal["batch", "conditional_batch", "instance", "layer", "spectral", "none"]
Activation = Literal["relu", "leaky_relu", "tanh"]
Width = Annotated[int, Field(ge=1, le=4096)]
KernelSize = Annotated[int, Field(ge=1, le=63)]


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

    takes: ClassVar[Literal["latents", "images"]] = "latents"
    """What a generator of this architecture starts from."""
    spectral: ClassVar[bool] = False
    """Whether every weight is divided by its largest singular value whatever `norm` says."""


class ConvolutionalOptions(NetworkOptions):
    """What networks of strided convolutions understand."""

    width: Width = 64
    """Channels of the layer next to the image; deeper layers follow from it."""
    kernel_size: KernelSize = 4
    """Side of the square kernels, odd or even; feature maps keep their shapes. 1 to 15 always fit."""

    def check(self, path: str, experiment: Experiment) -> Iterator[Problem]:
        """Images only, and no kernel of which some taps could never touch a pixel."""
        yield from check_images_only(self, path, experiment)
        size = experiment.data.shape[-1]
        smallest = size
        while smallest % 2 == 0 and smallest > 8:
            smallest //= 2
        smallest = 14 if size == 28 else smallest
        if len(experiment.data.shape) == 3 and self.kernel_size > 2 * smallest - 1:
            yield Problem(
                f"{path}.kernel_size",
                f"{self.kernel_size} is larger than its feature map: the smallest strided layer at {size} pixels sees "
                f"{smallest} x {smallest}, where only {2 * smallest - 1} x {2 * smallest - 1} taps can ever touch it",
                f"choose {path}.kernel_size from 1 to {2 * smallest - 1}",
                ("data.image_size", "data.name", f"{path}.name"),
            )


def check_images_only(options: NetworkOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """Yield a problem where a convolutional network is asked to make or judge points."""
    if len(experiment.data.shape) != 3:
        data, coordinates = getattr(experiment.data, "name", "this data set"), experiment.data.shape[0]
        yield Problem(
            f"{path}.name",
            f"{options.name} works on images, but data.name {data} has points of {coordinates} coordinates",
            f"set {path}.name to mlp",
            ("data.name",),
        )


def check_vector_norm(options: NetworkOptions, path: str) -> Iterator[Problem]:
    """Yield a problem where vectors are to be normalised by instance, which would leave nothing of them."""
    if options.norm == "instance":
        yield Problem(
            f"{path}.norm",
            "instance normalisation works on feature maps; the mlp has vectors, of one value a feature",
            f"set {path}.norm to batch, layer, spectral or none",
            (f"{path}.name",),
        )


class MlpGenerator(NetworkOptions):
    """Fully connected generator, for images and for 2-D points."""

    name: Literal["mlp"]
    width: Width = 256
    """Units in each hidden layer."""
    depth: Annotated[int, Field(ge=1, le=64)] = 3
    """Number of hidden layers."""
    activation: Activation = "relu"
    """After each hidden layer; the output is tanh for images and linear for points."""

    def check(self, path: str, experiment: Experiment) -> Iterator[Problem]:
        """Vectors have no instance norm."""
        yield from check_vector_norm(self, path)


class MlpDiscriminator(NetworkOptions):
    """Fully connected discriminator, for images and for 2-D points."""

    name: Literal["mlp"]
    width: Width = 256
    """Units in each hidden layer."""
    depth: Annotated[int, Field(ge=1, le=64)] = 3
    """Number of hidden layers."""
    activation: Activation = "leaky_relu"
    """After each hidden layer; leaky_relu has slope .2."""

    def check(self, path: str, experiment: Experiment) -> Iterator[Problem]:
        """Vectors have no instance norm."""
        yield from check_vector_norm(self, path)


class DcganGenerator(ConvolutionalOptions):
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


class DcganDiscriminator(ConvolutionalOptions):
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


class GuideGenerator(ConvolutionalOptions):
    """Generator of the practical guide to GAN failure modes: dense to 7 x 7, two transposed convolutions, 28 px."""

    name: Literal["guide"]
    width: Width = 128
    """Channels of every hidden layer."""
    norm: Norm = "none"
    """Normalisation after the two transposed convolutions; `spectral` acts on every layer's weights."""

    def check(self, path: str, experiment: Experiment) -> Iterator[Problem]:
        """Made for 28 x 28 images."""
        yield from check_guide_size(path, experiment)
        yield from super().check(path, experiment)
        if self.norm == "conditional_batch":
            yield Problem(
                f"{path}.norm",
                "the guide's generator knows no conditional_batch",
                f"set {path}.norm to batch: the class then enters with the latent",
                (f"{path}.name",),
            )


class GuideDiscriminator(ConvolutionalOptions):
    """Discriminator of the practical guide to GAN failure modes: two strided convolutions and a dense output, 28 px."""

    name: Literal["guide"]

    def check(self, path: str, experiment: Experiment) -> Iterator[Problem]:
        """Made for 28 x 28 images."""
        yield from check_guide_size(path, experiment)
        yield from super().check(path, experiment)


def check_guide_size(path: str, experiment: Experiment) -> Iterator[Problem]:
    """Yield a problem where the guide's networks meet images that are not 28 x 28."""
    if len(experiment.data.shape) == 3 and experiment.data.shape[-1] != 28:
        yield Problem(
            f"{path}.name",
            f"guide is made for 28 x 28 images, but data.image_size is {experiment.data.shape[-1]}",
            f"set data.image_size to 28 or {path}.name to dcgan",
            ("data.image_size", "data.name"),
        )


class SaganGenerator(ConvolutionalOptions):
    """Self-attention GAN (Zhang et al. 2018): DCGAN's layers, spectral norm in both players, attention on one map."""

    spectral: ClassVar[bool] = True

    name: Literal["sagan"]
    width: Width = 32
    """Channels of the layer next to the image; deeper layers follow from it."""
    norm: Norm = "batch"
    """Normalisation after the hidden layers, beside the spectral norm that every weight has: batch or
    conditional_batch."""
    attention: Annotated[int, Field(ge=1, le=128)] | None = 14
    """Side of the map that attends to itself, in pixels; null: none, the ablation."""

    def check(self, path: str, experiment: Experiment) -> Iterator[Problem]:
        """The map must exist."""
        yield from super().check(path, experiment)
        yield from check_attention(self.attention, path, experiment)
        if self.norm not in ("batch", "conditional_batch", "none"):
            yield Problem(
                f"{path}.norm",
                f"{self.norm} cannot stand beside sagan's own spectral norm",
                f"set {path}.norm to batch, conditional_batch or none",
                (f"{path}.name",),
            )


class SaganDiscriminator(ConvolutionalOptions):
    """Discriminator of the self-attention GAN (Zhang et al. 2018): spectral norm on every weight, attention."""

    spectral: ClassVar[bool] = True

    name: Literal["sagan"]
    width: Width = 32
    """Channels of the layer next to the image; deeper layers follow from it."""
    attention: Annotated[int, Field(ge=1, le=128)] | None = 14
    """Side of the map that attends to itself, in pixels; null: none, the ablation."""

    def check(self, path: str, experiment: Experiment) -> Iterator[Problem]:
        """The map must exist; spectral norm is the only one."""
        yield from super().check(path, experiment)
        yield from check_attention(self.attention, path, experiment)
        yield from check_no_norm(self, path)


def check_attention(side: int | None, path: str, experiment: Experiment) -> Iterator[Problem]:
    """Yield a problem where attention is asked for on a map that the network does not have."""
    if side is None or len(experiment.data.shape) != 3:
        return
    maps = [experiment.data.shape[-1] // 2]
    while maps[-1] % 2 == 0 and maps[-1] >= 8:
        maps.append(maps[-1] // 2)
    if side not in maps:
        yield Problem(
            f"{path}.attention",
            f"at {experiment.data.shape[-1]} pixels no hidden map is {side} x {side}",
            f"its maps are {', '.join(map(str, maps))}; null leaves attention out",
            ("data.image_size", "data.name", f"{path}.name"),
        )


def check_no_norm(options: NetworkOptions, path: str) -> Iterator[Problem]:
    """Yield a problem where a network that brings its own normalisation is asked for another."""
    if options.norm != "none":
        yield Problem(
            f"{path}.norm",
            f"{options.norm}: {options.name} has a normalisation of its own, which takes no other beside it",
            f"leave {path}.norm out",
            (f"{path}.name",),
        )


class GrowingOptions(NetworkOptions):
    """What progressive networks understand."""

    width: Width = 16
    """Channels next to the image; each smaller map has twice as many, up to `max_width`."""
    max_width: Width = 64
    """Most channels a map has."""

    def check(self, path: str, experiment: Experiment) -> Iterator[Problem]:
        """Images only; the normalisation is the network's own."""
        yield from check_images_only(self, path, experiment)
        yield from check_no_norm(self, path)


class ProgressiveGenerator(GrowingOptions):
    """Generator that grows (Karras et al. 2018): pixel norm, equalised learning rate; built whole, faded in."""

    name: Literal["progressive"]


class ProgressiveDiscriminator(GrowingOptions):
    """Discriminator that grows (Karras et al. 2018): minibatch standard deviation, equalised learning rate."""

    name: Literal["progressive"]


class TranslatorOptions(NetworkOptions):
    """What generators that start from images understand."""

    width: Width = 32
    """Channels of the layers at full size; twice as many at half of it."""
    blocks: Annotated[int, Field(ge=1, le=64)] = 3
    """Residual blocks in the middle."""

    takes: ClassVar[Literal["latents", "images"]] = "images"

    def check(self, path: str, experiment: Experiment) -> Iterator[Problem]:
        """Images only."""
        yield from check_images_only(self, path, experiment)


class TranslatorGenerator(TranslatorOptions):
    """From images to images of the same size, through residual blocks at a quarter of it (Zhu et al. 2017)."""

    name: Literal["translator"]
    norm: Norm = "instance"
    """Normalisation of every layer but the output."""


class SuperResolutionGenerator(TranslatorOptions):
    """From small images to large ones: residual blocks, then pixel shuffling (SRResNet: Ledig et al. 2017)."""

    name: Literal["super_resolution"]
    norm: Norm = "none"
    """Normalisation inside the residual blocks; the paper has batch, which later work left out."""

    def check(self, path: str, experiment: Experiment) -> Iterator[Problem]:
        """Only the game that gives small images can use it."""
        yield from super().check(path, experiment)
        if experiment.game.name != "super_resolution":
            yield Problem(
                f"{path}.name",
                f"super_resolution enlarges images, and the {experiment.game.name} game has none to enlarge",
                "set game.name to super_resolution",
                ("game.name",),
            )


@dataclass(frozen=True)
class NetworkEntry:
    """A registered architecture: both players' options, one None where it has no such player, and the module."""

    generator: type[NetworkOptions]
    discriminator: type[NetworkOptions] | None
    module: str


NETWORKS: dict[str, NetworkEntry] = {
    "mlp": NetworkEntry(MlpGenerator, MlpDiscriminator, "ganlab.networks.mlp"),
    "dcgan": NetworkEntry(DcganGenerator, DcganDiscriminator, "ganlab.networks.dcgan"),
    "guide": NetworkEntry(GuideGenerator, GuideDiscriminator, "ganlab.networks.guide"),
    "sagan": NetworkEntry(SaganGenerator, SaganDiscriminator, "ganlab.networks.sagan"),
    "progressive": NetworkEntry(ProgressiveGenerator, ProgressiveDiscriminator, "ganlab.networks.progressive"),
    "translator": NetworkEntry(TranslatorGenerator, None, "ganlab.networks.translator"),
    "super_resolution": NetworkEntry(SuperResolutionGenerator, None, "ganlab.networks.super_resolution"),
}


class NormalInit(Options):
    """Weights from N(0, std), biases 0, norm scales from N(1, std)."""

    name: Literal["normal"] = "normal"
    std: Annotated[float, Field(gt=0.0, le=10.0)] = 0.02
    """Standard deviation of the weights."""


class XavierInit(Options):
    """Xavier (Glorot) uniform weights, biases 0."""

    name: Literal["xavier"]


class OrthogonalInit(Options):
    """Orthogonal weights of gain 1, biases 0."""

    name: Literal["orthogonal"]


class DefaultInit(Options):
    """PyTorch's own start of each layer."""

    name: Literal["default"]


WEIGHT_INITS: dict[str, type[Options]] = {
    "normal": NormalInit,
    "xavier": XavierInit,
    "orthogonal": OrthogonalInit,
    "default": DefaultInit,
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
