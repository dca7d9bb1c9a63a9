"""What samples are seen through: features that see garbage as garbage, and need no download.

- MNIST: the shipped classifier's last hidden layer; garbage is what it calls "none of these".
- Stacked MNIST: the same classifier on each channel; garbage is an image of which a channel is "none of these".
- Other images: statistics of their Laplacian pyramids, fitted to the reals (`pictures`), which are measured on the
  reals themselves: what they cannot see there is not judged.
- Points in the plane: their coordinates, with the modes as classes; garbage is over 3 standard deviations from each.

Metrics through a classifier of digits alone would call noise a sure 8: hence the class "none of these".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from ganlab.config.data import DataOptions, GridOptions, MnistOptions, RingOptions, StackedMnistOptions
from ganlab.data import RealData, to_float
from ganlab.data.points import modes
from ganlab.domain import Points
from ganlab.evaluation import classifier, pictures
from ganlab.evaluation.classifier import Classifier, resized
from ganlab.evaluation.kept import kept
from ganlab.evaluation.neighbours import nearest
from ganlab.randomness import seeded_generator

IMAGES_AT_ONCE = 250
"""Images that pass through a network at once: their activations stay in the processor's cache."""

SIGHTS = ("quality", "variety")
"""What features have to see: that garbage is no data, and that repeated samples are few."""

NONE = 0.9
"""Probability of "none of these" from which an image is garbage. Digits of a GAN that is half trained lie between that
of real ones (nearly all below .3) and of noise (all above .95); at .5 they would count as noise."""

STRANGE = 0.99
"""Share of training points without modes that lie nearer to another one than the limit of the neighbour test."""

REFERENCES = 5000
"""Training points that the neighbour test compares with, at most."""

WAVES = 128
"""Random Fourier features for points (Rahimi & Recht 2007)."""


@dataclass(frozen=True, eq=False)
class Seen:
    """Samples as the features see them.

    Attributes:
        features: float32 (N, d), where distances are taken.
        probabilities: of the data's classes, (N, C); None without classes.
        passing: bool (N,), whether a sample passes the garbage test.
        appearance: float32 unit vectors (N, p), whose inner products say how alike two samples look.
        modes: of the data's modes, the one that each sample shows, int64 (N,), -1 for none; None if none are counted.
        certainty: probability of the likeliest class, (N,), "none of these" being one more; of images that are
            classified by channel, of the least certain one; None without a classifier.
    """

    features: Tensor
    probabilities: Tensor | None
    passing: Tensor
    appearance: Tensor
    modes: Tensor | None = None
    certainty: Tensor | None = None

    def first(self, count: int) -> Seen:
        """Return what is seen of the first samples."""
        cut: dict[str, Any] = {name: None if value is None else value[:count] for name, value in vars(self).items()}
        return Seen(**cut)


@dataclass(frozen=True, eq=False)
class Features:
    """A way to see samples.

    Attributes:
        name: kind and hash, which are part of the name of every metric taken through it.
        class_names: of the data, empty without classes.
        see: float32 images (N, C, H, W) in [-1, 1], or points (N, 2), on the CPU, to what is seen of them. The same
            samples are seen alike every time.
        blind: what they were found not to see on the reals themselves, of SIGHTS.
        content: says all that `see` depends on, so that what it gives may be kept; empty if it may not.
        modes: number of modes that samples are counted in; 0 if none are.
    """

    name: str
    class_names: tuple[str, ...]
    see: Callable[[Tensor], Seen]
    blind: tuple[str, ...] = ()
    content: str = ""
    modes: int = 0

    def kept(self, what: str, make: Callable[[], Mapping[str, Any]], *inputs: Tensor | str | int) -> dict[str, Any]:
        """Return what `make` makes of inputs and of what these features see, as `kept.kept` does."""
        return kept(what, make, self.content, *inputs, when=bool(self.content))

    def see_reals(self, stored: Tensor) -> Seen:
        """Return what is seen of real samples as they are stored: read, if it was kept."""

        def make() -> dict[str, Any]:
            found = vars(self.see(to_float(stored)))
            return {name: value for name, value in found.items() if value is not None}

        return Seen(**{"probabilities": None, **self.kept("features of real samples", make, stored)})


def features_for(options: DataOptions | None, data: RealData) -> Features:
    """Return the features for a data set; for images without a shipped classifier they are fitted to the images.

    Args:
        options: where the data come from; None for arrays that the user provided.
        data: the data.
    """
    if isinstance(data.domain, Points):
        return of_points(options, data)
    if isinstance(options, MnistOptions) and not options.edges:
        network, code = classifier.shipped()
        found = of_classifier(network, f"mnist-cnn-{code}", data.train.class_names)
        return replace(found, content=found.name)
    if isinstance(options, StackedMnistOptions) and not options.edges:
        network, code = classifier.shipped()
        found = of_stacked_digits(network, f"stacked-mnist-cnn-{code}")
        return replace(found, content=found.name)
    return of_pictures(options, data)


def of_classifier(network: Classifier, name: str, class_names: tuple[str, ...]) -> Features:
    """Features of a classifier with a class "none of these"."""
    network.to(memory_format=torch.channels_last)  # two thirds of the time

    def see(samples: Tensor) -> Seen:
        hidden = in_chunks(network.features, resized(samples))
        with torch.no_grad():
            scores = network.scores(hidden)
        each = scores.softmax(1)
        certainty = each[:, :-1].amax(1)
        return Seen(hidden, scores[:, :-1].softmax(1), each[:, -1] < NONE, look(samples), certainty=certainty)

    return Features(name, class_names, see)


def of_stacked_digits(network: Classifier, name: str) -> Features:
    """Features of a classifier of digits on each of three channels; a mode is a digit for each of them.

    Garbage is an image of which any channel is "none of these". It shows the mode of its likeliest digits all the same,
    as in published counts (Lin et al. 2018, section 4.2), so that these say how samples spread and `passing` how good
    they are. 5,000 images of noise show 132 of the 1,000 modes: `good_modes` counts those of good images alone.
    """
    network.to(memory_format=torch.channels_last)

    def see(samples: Tensor) -> Seen:
        channels = resized(samples).flatten(0, 1)[:, None]
        hidden = in_chunks(network.features, channels)
        with torch.no_grad():
            scores = network.scores(hidden).unflatten(0, samples.shape[:2])
        each = scores.softmax(2)
        none, certainty = each[:, :, -1].amax(1), each[:, :, :-1].amax(2).amin(1)
        digits = scores[:, :, :-1].argmax(2)
        features = hidden.unflatten(0, samples.shape[:2]).flatten(1)
        modes = digits @ torch.tensor([100, 10, 1])
        return Seen(features, None, none < NONE, look(samples), modes=modes, certainty=certainty)

    return Features(name, (), see, modes=1000)


def of_pictures(options: DataOptions | None, data: RealData) -> Features:
    """Features fitted to the pictures themselves; classes are counted if the features tell those of the reals apart."""
    fit, code = pictures.fitted(data)
    names = data.train.class_names if float(fit["accuracy"]) >= pictures.TOLD_APART else ()
    blind = tuple(sight for sight, fails in zip(SIGHTS, fit["blind"].tolist(), strict=True) if fails)

    def see(samples: Tensor) -> Seen:
        descriptions = pictures.described(samples)
        found = pictures.project(fit, descriptions)
        told = pictures.probabilities(fit, descriptions)
        passing = pictures.passing(fit, descriptions)
        classes = normalize(told[:, :-1], p=1, dim=1) if names else None
        return Seen(found, classes, passing, pictures.appearance(fit, found))

    name = f"pyramid-{code}"
    return Features(f"{options.name if options else 'array'}-{name}", names, see, blind, name)


def of_points(options: DataOptions | None, data: RealData) -> Features:
    """Coordinates, and the nearest mode if there are modes."""
    spread = options.std if isinstance(options, RingOptions | GridOptions) else 0.1
    centres = modes(options) if isinstance(options, RingOptions | GridOptions) else None
    train = data.train.values[:REFERENCES]
    nearby = nearest(train, train, 1, exclude_self=True)[0]
    # Wide enough that the samples of one mode look alike and narrow enough that two modes do not.
    width = 3 * spread if centres is not None else float(train.std()) / 5
    waves = torch.randn(2, WAVES, generator=seeded_generator(0, "features/waves")) / width

    def see(samples: Tensor) -> Seen:
        phase = samples @ waves
        appearance = torch.cat([phase.cos(), phase.sin()], dim=1) / math.sqrt(WAVES)
        if centres is None:
            passing = nearest(samples, train, 1)[0][:, 0] <= nearby.quantile(STRANGE)
            return Seen(samples, None, passing, appearance)
        distances = torch.cdist(samples, centres)
        probabilities = (-(distances**2) / (2 * spread**2)).softmax(1)
        distance, mode = distances.min(1)
        passing = distance <= 3 * spread
        return Seen(samples, probabilities, passing, appearance, modes=torch.where(passing, mode, -1))

    return Features(
        f"{options.name if options else 'array'}-coordinates",
        () if centres is None else data.train.class_names,
        see,
        modes=0 if centres is None else len(centres),
    )


def look(images: Tensor, side: int = 14) -> Tensor:
    """Return images as unit vectors of their brightness in side x side squares, for cosine similarity."""
    # Hardly above 0, so that a black image too has a direction.
    small = nn.functional.adaptive_avg_pool2d((images + 1) / 2, side) + 1e-6
    return normalize(small.flatten(1), dim=1)


@torch.no_grad()
def in_chunks(network: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Pass images through a network, some at a time."""
    return torch.cat([network(part) for part in images.split(IMAGES_AT_ONCE)])
