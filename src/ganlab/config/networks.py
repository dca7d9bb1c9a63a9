"""Generators, discriminators, the latent they start from and how their weights are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from ganlab.config.base import Options, Problem, union

if TYPE_CHECKING:
    from ganlab.config.experiment import Experiment

Norm = Literal["batch", "instance", "layer", "spectral", "none"]
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
    """Normalisation after the hidden layers; `spectral` divides each weight by its largest singular value."""


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


class DcganDiscriminator(ConvolutionalOptions):
    """DCGAN discriminator (Radford et al. 2015): convolutions of stride 2, no fully connected hidden layer."""

    name: Literal["dcgan"] = "dcgan"
    norm: Norm = "batch"
    """Normalisation of every layer but the input's and the output's."""
    activation: Activation = "leaky_relu"
    """After each hidden layer; leaky_relu has slope .2."""


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


@dataclass(frozen=True)
class NetworkEntry:
    """A registered architecture: both players' options and the module that builds them."""

    generator: type[NetworkOptions]
    discriminator: type[NetworkOptions]
    module: str


NETWORKS: dict[str, NetworkEntry] = {
    "mlp": NetworkEntry(MlpGenerator, MlpDiscriminator, "ganlab.networks.mlp"),
    "dcgan": NetworkEntry(DcganGenerator, DcganDiscriminator, "ganlab.networks.dcgan"),
    "guide": NetworkEntry(GuideGenerator, GuideDiscriminator, "ganlab.networks.guide"),
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
    Discriminator = Annotated[union(e.discriminator for e in NETWORKS.values()), Field(discriminator="name")]
    WeightInit = Annotated[union(WEIGHT_INITS.values()), Field(discriminator="name")]
