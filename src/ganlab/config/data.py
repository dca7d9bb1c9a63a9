"""Where real samples come from: one options class a data set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from ganlab.config.base import Fraction, Options, Problem, Seed, union
from ganlab.domain import Domain, Images, Points

Side = Annotated[int, Field(ge=16, le=256)]
"""Height or width of an image, in pixels."""
ImageSize = Annotated[
    Annotated[Side, Tag("side")] | Annotated[tuple[Side, Side], Field(strict=False), Tag("sides")],
    Discriminator(lambda value: "sides" if isinstance(value, list | tuple) else "side"),
]
"""Side of square images, or height and width."""
EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"})
"""What counts as an image in a folder, by its name in lower case; all else is passed over."""
HeldOutShare = Annotated[float, Field(gt=0.0, le=0.5)]
HeldOut = Literal["test"] | HeldOutShare


def held_out_size(total: int, share: float) -> int:
    """Return how many of `total` samples a held-out share takes: rounded down, at least one."""
    return max(1, int(total * share))


def tail(classes: int, imbalance: float) -> list[float]:
    """Return the share of its images that each class keeps: from 1 for the first to `imbalance`, geometrically."""
    return [imbalance ** (index / max(1, classes - 1)) for index in range(classes)]


class DataOptions(Options):
    """What every data set understands."""

    name: str
    """Its source."""
    fraction: Fraction = 1.0
    """Share of the training samples that is kept, 0 < f <= 1: a fixed random subset drawn with `data.seed`."""
    sampling: Literal["epochs", "with_replacement"] = "epochs"
    """`epochs`: order shuffled for each epoch, without replacement. `with_replacement`: each batch drawn on its own."""
    seed: Seed = 0
    """Seed of the subset, of the held-out split and of generated points; not of the order (that is the run's seed)."""

    class_sizes: ClassVar[dict[str, int]] = {}
    """Training images of each class, in class order, if that is known before loading."""

    @property
    def domain(self) -> Domain:
        """What one sample is."""
        raise NotImplementedError

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample: (channels, height, width) for images, (2,) for points."""
        return self.domain.shape

    @property
    def has_colours(self) -> bool:
        """Whether the channels of each sample are red, green and blue."""
        return False

    @property
    def class_count(self) -> int | None:
        """Number of classes its labels can name: 0 without labels, None if that is known only after loading."""
        return len(self.class_sizes)

    @property
    def known_size(self) -> int | None:
        """Number of training samples these options leave, or None if that is known only after loading."""
        return None

    def left_of(self, size: int) -> int:
        """Number of training samples that are left of so many, whichever they are."""
        return int(size * self.fraction)


class ImageOptions(DataOptions):
    """What every image set understands."""

    image_size: ImageSize = 32
    """Side of square images in pixels, 16 to 256, or [height, width]; sources of another size are resized (bilinear,
    antialiased)."""

    edges: bool = False
    """Replace each image by the outlines of its bright shapes: the 3 x 3 local maximum minus the centre pixel."""
    rotated: Annotated[float, Field(ge=0.0, le=180.0)] = 0.0
    """Rotate each image by an angle of its own, uniform from `-rotated` to `rotated` degrees and fixed by `data.seed`;
    what comes in from outside the image is black."""
    keep_densest: Fraction = 1.0
    """Share of the training images that is kept, 0 < k <= 1: of each class those that are likeliest under a Gaussian
    fitted to the principal components of its pixels (instance selection: DeVries et al. 2020, with Inception's features
    in place of the pixels). What is held out stays whole."""

    channels: ClassVar[int] = 3
    channels_are_colours: ClassVar[bool] = True
    """Whether channels mean red, green and blue if there are three."""

    @property
    def domain(self) -> Images:
        """Images of the size asked for."""
        return Images(self.channels, *self.height_and_width)

    @property
    def has_colours(self) -> bool:
        """Whether the channels of each image are red, green and blue."""
        return self.channels_are_colours and self.domain.channels == 3

    def left_of(self, size: int) -> int:
        """Number of training images that are left of so many, whichever they are."""
        return int(super().left_of(size) * self.keep_densest)

    @property
    def height_and_width(self) -> tuple[int, int]:
        """What `image_size` says, in pixels."""
        size = self.image_size
        return (size, size) if isinstance(size, int) else size


class LabelledOptions(ImageOptions):
    """What every image set with labels understands."""

    classes: Annotated[tuple[int | str, ...], Field(strict=False, min_length=1)] | None = None
    """Classes to keep, by number (from 0) or by name. Left out: all."""

    def class_numbers(self) -> tuple[int, ...]:
        """Numbers of the known classes that `classes` names, unknown ones left out; all if it is not set."""
        names = list(self.class_sizes)
        if self.classes is None:
            return tuple(range(len(names)))
        wanted = {names.index(c) if isinstance(c, str) else c for c in self.classes if c in names or isinstance(c, int)}
        return tuple(sorted(c for c in wanted if 0 <= c < len(names)))

    def check(self, path: str) -> Iterator[Problem]:
        """The classes exist, and each is named once."""
        names = list(self.class_sizes)
        for entry in self.classes or ():
            known = entry in names if isinstance(entry, str) else 0 <= entry < len(names)
            if names and not known:
                listed = ", ".join(f"{i}" if str(i) == n else f"{i} ({n})" for i, n in enumerate(names))
                yield Problem(
                    f"{path}.classes",
                    f"{entry!r} is not a class of this data set",
                    f"its classes are {listed}",
                    (f"{path}.name",),
                )
        numbers = {names.index(entry) if entry in names else entry for entry in self.classes or ()}
        if self.classes is not None and len(numbers) < len(self.classes):
            yield Problem(f"{path}.classes", "names a class twice", "name each class once")


class TestSplitOptions(LabelledOptions):
    """An image set that comes with its own test split."""

    held_out: HeldOut = "test"
    """Real samples never trained on: `test` (the set's own test split) or a share of the training set, at most .5."""
    imbalance: Fraction = 1.0
    """Share of its images that the last class keeps, 0 < i <= 1, held-out ones too; from the first class, which keeps
    all, to the last the shares fall geometrically (long-tailed data: Cui et al. 2019)."""

    @property
    def known_size(self) -> int:
        """Images left for training by `classes`, `imbalance`, a held-out share and `fraction`."""
        sizes, numbers = list(self.class_sizes.values()), self.class_numbers()
        kept = [int(sizes[c] * share) for c, share in zip(numbers, tail(len(numbers), self.imbalance), strict=True)]
        total = sum(kept)
        if self.held_out != "test":
            total -= held_out_size(total, self.held_out)
        return self.left_of(total)


class MnistOptions(TestSplitOptions):
    """MNIST, embedded in the package: no network needed."""

    name: Literal["mnist"] = "mnist"
    image_size: ImageSize = 28
    """Side of square images in pixels, 16 to 256, or [height, width]: 28 as they are, other sizes resized (bilinear,
    antialiased)."""
    channels: ClassVar[int] = 1
    class_sizes: ClassVar[dict[str, int]] = dict(
        zip("0123456789", (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949), strict=True)
    )


class StackedMnistOptions(ImageOptions):
    """Stacked MNIST: three random digits as the channels of one image, 1,000 modes (Metz et al. 2017; Lin et al. 2018).

    The digits come from the embedded MNIST: those of training images from its training images, those of the 10,000
    held-out images from its test images. Mode 100 a + 10 b + c has digit a in the first channel, b in the second and
    c in the third. There are no labels; snapshots and `ganlab evaluate` count the modes.
    """

    name: Literal["stacked_mnist"]
    images: Annotated[int, Field(ge=100, le=500_000)] = 50_000
    """Number of training images, 2.4 kB each at 28 pixels; published figures are from 128,000 (Lin et al. 2018)."""
    image_size: ImageSize = 28
    """Side of square images in pixels, 16 to 256, or [height, width]: 28 as they are, other sizes resized (bilinear,
    antialiased)."""

    channels_are_colours: ClassVar[bool] = False

    @property
    def known_size(self) -> int:
        """Images left for training."""
        return self.left_of(self.images)


class FashionMnistOptions(TestSplitOptions):
    """Fashion-MNIST, downloaded on first use."""

    name: Literal["fashion_mnist"]
    image_size: ImageSize = 28
    """Side of square images in pixels, 16 to 256, or [height, width]: 28 as they are, other sizes resized (bilinear,
    antialiased)."""
    channels: ClassVar[int] = 1
    class_sizes: ClassVar[dict[str, int]] = dict.fromkeys(
        ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"), 6000
    )


class KmnistOptions(TestSplitOptions):
    """Kuzushiji-MNIST, downloaded on first use."""

    name: Literal["kmnist"]
    image_size: ImageSize = 28
    """Side of square images in pixels, 16 to 256, or [height, width]: 28 as they are, other sizes resized (bilinear,
    antialiased)."""
    channels: ClassVar[int] = 1
    class_sizes: ClassVar[dict[str, int]] = dict.fromkeys(
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"), 6000
    )


class Cifar10Options(TestSplitOptions):
    """CIFAR-10, downloaded on first use."""

    name: Literal["cifar10"]
    class_sizes: ClassVar[dict[str, int]] = dict.fromkeys(
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"), 5000
    )


class FolderOptions(LabelledOptions):
    """Any tree of images; the first folder below the root names the class."""

    name: Literal["folder"]
    path: str = Field(min_length=1)
    """The folder of images; a relative path starts at the current directory."""
    image_size: ImageSize = 64
    """Side of square images in pixels, 16 to 256, or [height, width]: each picture is resized until it just fills that,
    then its centre is cut out."""
    grayscale: bool = False
    """Read the images as one grey channel rather than as RGB."""
    held_out: HeldOutShare = 0.05
    """Share of the images that is never trained on, above 0 and at most .5."""

    @property
    def class_count(self) -> int | None:
        """Known only after loading."""
        return None

    @property
    def domain(self) -> Images:
        """Images of the size asked for, grey or RGB."""
        return Images(1 if self.grayscale else 3, *self.height_and_width)


class PointOptions(DataOptions):
    """2-D points, made on the spot from `data.seed`."""

    points: Annotated[int, Field(ge=100, le=10_000_000)] = 100_000
    """Number of points, the held-out share included."""
    held_out: HeldOutShare = 0.05
    """Share of the points that is never trained on, above 0 and at most .5."""

    @property
    def domain(self) -> Points:
        """Points in the plane."""
        return Points()

    @property
    def known_size(self) -> int:
        """Points left for training."""
        return self.left_of(self.points - held_out_size(self.points, self.held_out))


class RingOptions(PointOptions):
    """Gaussians evenly spaced on a circle (PacGAN's set-up: 8, radius 1, sigma .01)."""

    name: Literal["ring"]
    modes: Annotated[int, Field(ge=1, le=1000)] = 8
    """Number of Gaussians on the ring."""
    radius: Annotated[float, Field(gt=0.0, le=1000.0)] = 1.0
    """Radius of the ring."""
    std: Annotated[float, Field(gt=0.0, le=1000.0)] = 0.01
    """Standard deviation of each Gaussian, in each direction."""

    @property
    def class_count(self) -> int:
        """A class a mode."""
        return self.modes


class GridOptions(PointOptions):
    """Gaussians on a square grid (PacGAN's set-up: 5 x 5 at {-4, -2, 0, 2, 4}, sigma .05)."""

    name: Literal["grid"]
    side: Annotated[int, Field(ge=1, le=100)] = 5
    """Gaussians along one side; side x side in all."""
    spacing: Annotated[float, Field(gt=0.0, le=1000.0)] = 2.0
    """Distance between neighbours."""
    std: Annotated[float, Field(gt=0.0, le=1000.0)] = 0.05
    """Standard deviation of each Gaussian, in each direction."""

    @property
    def class_count(self) -> int:
        """A class a mode."""
        return self.side**2


class SwissRollOptions(PointOptions):
    """The swiss roll seen from the side: a spiral in the plane, scaled into [-1, 1]."""

    name: Literal["swiss_roll"]
    std: Annotated[float, Field(ge=0.0, le=1000.0)] = 0.02
    """Standard deviation of the noise added to the spiral, in each direction, after scaling."""


@dataclass(frozen=True)
class DataEntry:
    """A registered data set: its options and the module that loads it."""

    options: type[DataOptions]
    module: str


DATA: dict[str, DataEntry] = {
    "mnist": DataEntry(MnistOptions, "ganlab.data.mnist"),
    "stacked_mnist": DataEntry(StackedMnistOptions, "ganlab.data.stacked_mnist"),
    "fashion_mnist": DataEntry(FashionMnistOptions, "ganlab.data.downloads"),
    "kmnist": DataEntry(KmnistOptions, "ganlab.data.downloads"),
    "cifar10": DataEntry(Cifar10Options, "ganlab.data.downloads"),
    "folder": DataEntry(FolderOptions, "ganlab.data.folder"),
    "ring": DataEntry(RingOptions, "ganlab.data.points"),
    "grid": DataEntry(GridOptions, "ganlab.data.points"),
    "swiss_roll": DataEntry(SwissRollOptions, "ganlab.data.points"),
}

if TYPE_CHECKING:
    Data = DataOptions
else:
    Data = Annotated[union(entry.options for entry in DATA.values()), Field(discriminator="name")]
