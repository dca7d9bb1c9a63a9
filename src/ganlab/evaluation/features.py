"""What samples are seen through: features that see garbage as garbage, and need no download.

- MNIST: the shipped classifier's last hidden layer; garbage is what it calls "none of these".
- Other labelled images: the same network, trained on them at first use and cached.
- Images without labels, or of one class: a network with fixed random weights (Naeem et al. 2020, section 5); garbage is
  what a classifier, trained to tell these images as one class from garbage, calls "none of these".
- Points in the plane: their coordinates, with the modes as classes; garbage is over 3 standard deviations from each.

Metrics through a classifier of digits alone would call noise a sure 8: hence the class "none of these".
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import normalize

from ganlab.config.data import DataOptions, GridOptions, MnistOptions, RingOptions
from ganlab.data import RealData, Samples, to_float
from ganlab.data.cache import build, cache_folder
from ganlab.data.points import modes
from ganlab.domain import Points
from ganlab.evaluation import classifier
from ganlab.evaluation.classifier import Classifier, resized
from ganlab.evaluation.neighbours import nearest
from ganlab.randomness import seeded_generator

log = logging.getLogger(__name__)

IMAGES_AT_ONCE = 250
"""Images that pass through a network at once: their activations stay in the processor's cache."""

EPOCHS = 6
"""Passes over other labelled data in the training of their classifier, or enough to see TRAINING_IMAGES."""

TRAINING_IMAGES = 200_000
"""Images, counted again in each pass, that the classifier of other data is trained on at least."""

NONE = 0.9
"""Probability of "none of these" from which an image is garbage. Digits of a GAN that is half trained lie between that
of real ones (nearly all below .3) and of noise (all above .95); at .5 they would count as noise."""

STRANGE = 0.99
"""Share of held-out reals that are nearer to a training image than the limit of the neighbour test."""

REFERENCES = 5000
"""Training images that the neighbour test compares with, at most."""

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
    """

    features: Tensor
    probabilities: Tensor | None
    passing: Tensor
    appearance: Tensor

    def first(self, count: int) -> Seen:
        """Return what is seen of the first samples."""
        probabilities = None if self.probabilities is None else self.probabilities[:count]
        return Seen(self.features[:count], probabilities, self.passing[:count], self.appearance[:count])


@dataclass(frozen=True, eq=False)
class Features:
    """A way to see samples.

    Attributes:
        name: kind and hash, which are part of the name of every metric taken through it.
        class_names: of the data, empty without classes.
        see: float32 images (N, C, H, W) in [-1, 1], or points (N, 2), on the CPU, to what is seen of them. The same
            samples are seen alike every time.
    """

    name: str
    class_names: tuple[str, ...]
    see: Callable[[Tensor], Seen]


def features_for(options: DataOptions | None, data: RealData) -> Features:
    """Return the features for a data set; a classifier is trained if it has labels and none is known.

    Args:
        options: where the data come from; None for arrays that the user provided.
        data: the data.

    Raises:
        DataError: the classifier cannot be cached.
    """
    if isinstance(data.domain, Points):
        return of_points(options, data)
    if isinstance(options, MnistOptions) and not options.edges:
        network, code = classifier.shipped()
        return of_classifier(network, f"mnist-cnn-{code}", data.train.class_names)
    if len(data.train.labels.unique()) < 2:
        return of_random_network(data)
    network, code = trained(data.train, data)
    return of_classifier(network, f"{options.name if options else 'array'}-cnn-{code}", data.train.class_names)


def of_classifier(network: Classifier, name: str, class_names: tuple[str, ...]) -> Features:
    """Features of a classifier with a class "none of these"."""
    network.to(memory_format=torch.channels_last)  # two thirds of the time

    def see(samples: Tensor) -> Seen:
        hidden = in_chunks(network.features, resized(samples))
        with torch.no_grad():
            scores = network.scores(hidden)
        none = scores.softmax(1)[:, -1]
        return Seen(hidden, scores[:, :-1].softmax(1), none < NONE, look(samples))

    return Features(name, class_names, see)


def trained(samples: Samples, data: RealData) -> tuple[Classifier, str]:
    """Return the classifier of labelled data, trained at its first use, and 8 digits of its weights' SHA-256.

    Args:
        samples: the training samples of `data`, with these labels.
        data: what the classifier is kept for.

    Raises:
        DataError: it cannot be kept.
    """
    network = classifier.blank(samples.values.shape[1], len(samples.class_names))
    kind = f"{len(samples.class_names)}-classes"
    path = cache_folder() / "classifiers" / f"{data.fingerprint}-{kind}.safetensors"

    def is_whole(candidate: Path) -> bool:
        try:
            network.load_state_dict(load_file(candidate))
        except (OSError, SafetensorError, RuntimeError):
            return False
        return True

    def write(target: Path) -> None:
        log.info("training a classifier of these %d images, once: it is kept in %s", len(samples), path)
        images = torch.cat([resized(to_float(part)) for part in samples.values.split(IMAGES_AT_ONCE)])
        epochs = max(EPOCHS, math.ceil(TRAINING_IMAGES / len(images)))
        epochs = min(epochs, 10 * EPOCHS)
        classifier.write(classifier.fit(images, samples.labels, len(samples.class_names), epochs, log.info), target)

    build(path, is_whole, write)
    # `build` does not look again at what it has just written: the network is still the untrained one then.
    network.load_state_dict(load_file(path))
    return network, hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def of_random_network(data: RealData) -> Features:
    """Features of a network with fixed random weights, for images without classes.

    Random embeddings rank generators as trained ones do (Naeem et al. 2020, section 5). The classifier's own
    convolutions are used, at 28 x 28. What is garbage, a classifier of the data as one class says.
    """
    gate, code = trained(replace(data.train, labels=torch.zeros_like(data.train.labels), class_names=("data",)), data)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Classifier(data.train.values.shape[1], 1).eval()
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.orthogonal_(layer.weight, gain=math.sqrt(2))
                assert layer.bias is not None, "all layers of the classifier have one"
                nn.init.zeros_(layer.bias)
    judged = of_classifier(gate, "", ("data",))

    def see(samples: Tensor) -> Seen:
        # Pixels in coarse squares and what the convolutions see: neither alone separates noise from a grey image.
        small = resized(samples)
        embedded = torch.cat([in_chunks(network.features, small), look(small, side=7)], dim=1)
        return Seen(embedded, None, judged.see(samples).passing, look(samples))

    return Features(f"random-cnn-{code}", (), see)


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
        return Seen(samples, probabilities, distances.amin(1) <= 3 * spread, appearance)

    return Features(
        f"{options.name if options else 'array'}-coordinates", () if centres is None else data.train.class_names, see
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
