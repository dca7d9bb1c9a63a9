"""Every metric at once, each with its protocol and with what real samples score in the generator's place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from ganlab.data import Samples, to_float
from ganlab.data.selection import take
from ganlab.evaluation.copying import (
    Copies,
    authenticity,
    c_t,
    copy_distances,
    gan_train_test,
    held_out_cells,
    nearest_neighbour_test,
    pixel_space,
)
from ganlab.evaluation.features import Features, Seen
from ganlab.evaluation.fid import fid_infinity, frechet_distance, moments
from ganlab.evaluation.inception_score import inception_score
from ganlab.evaluation.kid import kernel_distance
from ganlab.evaluation.manifold import balls, manifold_of_passing, prd
from ganlab.evaluation.modes import (
    birthday_support,
    class_counts,
    class_vendi,
    duplicate_threshold,
    fit_bins,
    histogram_kl,
    lost_classes,
    ndb,
    relative_vendi,
    vendi,
)
from ganlab.evaluation.statistics import FEWEST_HELD_OUT
from ganlab.randomness import seeded_generator

CLASS_METRICS = (
    "inception_score",
    "conditional_entropy",
    "marginal_entropy",
    "class_histogram",
    "class_kl",
    "lost_classes",
    "vendi_by_class",
    "gan_train",
    "gan_test",
)
REFERENCE_METRICS = (
    "good",
    "fid",
    "fid_infinity",
    "kid",
    "precision",
    "recall",
    "f1",
    "density",
    "coverage",
    "prd_f8",
    "prd_f1_8",
    "nn_fake",
    "nn_real",
    "vendi",
    "vendi_relative",
    *CLASS_METRICS,
)
"""Seen through the features, against samples that are not trained on."""

EQUAL_SIZES = ("nn_fake", "nn_real", "vendi", "vendi_relative")
"""Of these, the ones that take as many samples as there are in the reference."""

TRAINING_METRICS = (
    "ndb",
    "ndb_js",
    "authenticity",
    "copies",
    "c_t",
    "nn_train_fake",
    "nn_train_real",
    "birthday_support",
)
"""In pixel space, against the training samples."""

FARTHEST = 1e6
"""Samples beyond it have diverged: squares and cubes of such numbers mean nothing."""

Progress = Callable[[str, float], None]
"""Is told what comes next, and which share of the metrics of the samples in hand, 0 to 1, is done."""

Values = dict[str, Any]
"""By metric: a number, or a list with an entry a class; None where nothing can be said."""


def evaluate(
    features: Features, fake: Tensor, train: Samples, held_out: Samples, seed: int, progress: Progress | None = None
) -> dict[str, dict[str, Any]]:
    """Return every metric of samples, JSON-ready: {name: {"value", "real", "protocol"}}, with "why" where one is None.

    `real` is what real samples score in the place of the generated ones, as many of them and by the same protocol: in
    REFERENCE_METRICS training samples against held-out ones, in TRAINING_METRICS held-out samples against the training
    set. So a figure takes no more samples than there are such reals; of more, the first ones count. The first number
    in a protocol says how many were taken.

    The names are always the same, also for samples that are collapsed, tiny or not finite.

    Args:
        features: what samples are seen through.
        fake: float32 images (N, C, H, W) in [-1, 1], or points (N, 2), in random order.
        train: the samples that were trained on.
        held_out: the samples that were not. Fewer than 100 are no reference: half of the training samples then serve,
            the other half being the reals in the samples' place.
        seed: decides which reals are drawn, and all else that is left to chance.
        progress: called before each step, for the reals first and then for the samples.
    """
    return Evaluator(features, train, held_out, len(fake), seed, progress)(fake)


class Evaluator:
    """`evaluate` for several generators of one data set: the reals are evaluated once, when it is made.

    Args:
        features, train, held_out, seed, progress: as in `evaluate`.
        count: samples there are of each generator.
    """

    def __init__(
        self,
        features: Features,
        train: Samples,
        held_out: Samples,
        count: int,
        seed: int,
        progress: Progress | None = None,
    ) -> None:
        self.progress = progress or (lambda step, share: None)
        self.count = count
        self.enough = count >= 2 and len(train) >= 4
        self.protocols = dict.fromkeys((*REFERENCE_METRICS, *TRAINING_METRICS), "none")
        if self.enough:
            self.progress("real samples", 0.0)
            self.reference = _Reference(features, train, held_out, count, seed)
            self.training = _TrainingSet(train, held_out, count, seed)
            self.protocols = self.reference.protocols() | self.training.protocols()
            self.real = self._measure(self.reference.peers, self.training.peers)

    def __call__(self, fake: Tensor) -> dict[str, dict[str, Any]]:
        """Return the metrics of `count` samples, as `evaluate` does.

        Raises:
            ValueError: another number of samples than was announced.
        """
        if len(fake) != self.count:
            raise ValueError(f"{self.count} samples were announced, but {len(fake)} came")
        if not self.enough:
            return self._unjudged("at least 2 samples and 4 training samples are needed")
        if not (fake.abs() <= FARTHEST).all():
            return self._unjudged(f"the samples hold numbers that are not finite, or beyond {FARTHEST:.0e}")
        values = self._measure(fake[: self.reference.count], fake[: self.training.count])
        return {
            name: _entry(values.get(name), self.real.get(name), protocol, WHY.get(name, "no held-out samples"))
            for name, protocol in self.protocols.items()
        }

    def _unjudged(self, why: str) -> dict[str, dict[str, Any]]:
        return {name: _entry(None, None, protocol, why) for name, protocol in self.protocols.items()}

    def _measure(self, samples: Tensor, against_training: Tensor) -> Values:
        self.progress("features", 0.0)
        seen = self.reference.features.see(samples)
        steps: list[tuple[str, Callable[[], Values]]] = [
            ("distances of distributions", lambda: self.reference.distances(seen)),
            ("neighbours", lambda: self.reference.neighbours(seen)),
            ("classes and variety", lambda: self.reference.variety(seen)),
            ("copies", lambda: self.training.copies(against_training)),
        ]
        values: Values = {}
        for number, (name, step) in enumerate(steps):
            self.progress(name, (number + 1) / (len(steps) + 1))
            values |= step()
        return values


class _Reference:
    """Reals that were not trained on, and what samples are beside them.

    Attributes:
        count: samples that a figure takes.
        peers: as many real ones to take their place.
    """

    def __init__(self, features: Features, train: Samples, held_out: Samples, count: int, seed: int) -> None:
        order = torch.randperm(len(train), generator=seeded_generator(seed, "evaluation/train"))
        self.split = "held-out"
        if len(held_out) < FEWEST_HELD_OUT:
            self.split = "half-of-train"
            held_out, order = take(train, order[::2].sort().values), order[1::2]
        self.count = min(count, len(order))
        rows = torch.randperm(len(held_out), generator=seeded_generator(seed, "evaluation/held_out"))[: self.count]
        self.features = features
        self.seed = seed
        self.peers = to_float(train.values[order[: self.count]])
        self.labels = held_out.labels[rows]
        self.seen = features.see(to_float(held_out.values[rows]))
        self.moments = moments(self.seen.features)
        self.balls = balls(self.seen.features)
        self.vendi = vendi(self.seen.appearance)

    def protocols(self) -> dict[str, str]:
        reals = len(self.labels)
        taken = dict.fromkeys(REFERENCE_METRICS, self.count) | dict.fromkeys(EQUAL_SIZES, reals)
        against = f"vs-{_count(reals)}-{self.split}"
        return {name: f"{name}-{self.features.name}-{_count(number)}-{against}" for name, number in taken.items()}

    def distances(self, seen: Seen) -> Values:
        return {
            "good": float(seen.good.double().mean()),
            "fid": frechet_distance(seen.features, self.moments),
            "fid_infinity": fid_infinity(seen.features, self.moments, self.seed),
            "kid": kernel_distance(seen.features, self.seen.features, self.seed),
        }

    def neighbours(self, seen: Seen) -> Values:
        curve = prd(seen.features, self.seen.features, self.seed)
        test = nearest_neighbour_test(seen.features[: len(self.labels)], self.seen.features)
        return {
            **asdict(manifold_of_passing(seen.features, self.balls, seen.good)),
            "prd_f8": curve.f8,
            "prd_f1_8": curve.f1_8,
            "nn_fake": test.accuracy_a,
            "nn_real": test.accuracy_b,
        }

    def variety(self, seen: Seen) -> Values:
        """Vendi scores, and what depends on the classes where there are any."""
        score = vendi(seen.appearance[: len(self.labels)])
        values: Values = {"vendi": score, "vendi_relative": relative_vendi(score, self.vendi)}
        if seen.probabilities is None:
            return values
        names = self.features.class_names
        counts, chosen, good = class_counts(seen.probabilities, seen.good), seen.probabilities.argmax(1), seen.good
        shares = torch.bincount(self.labels, minlength=len(names)) / len(self.labels)
        inception = inception_score(seen.probabilities)
        by_class = class_vendi(seen.appearance[good], chosen[good], self.seen.appearance, self.labels, len(names))
        transfer = gan_train_test(seen.features[good], chosen[good], self.seen.features, self.labels)
        return values | {
            "inception_score": inception.score,
            "conditional_entropy": inception.conditional_entropy,
            "marginal_entropy": inception.marginal_entropy,
            "class_histogram": counts.tolist(),
            "class_kl": histogram_kl(counts, shares),
            "lost_classes": [names[label] for label in lost_classes(counts, shares)],
            "vendi_by_class": [each.relative for each in by_class],
            "gan_train": transfer.gan_train,
            "gan_test": transfer.gan_test,
        }


class _TrainingSet:
    """The training samples in pixel space, and whether samples are copies of them.

    Attributes:
        count: samples that a figure takes.
        peers: as many held-out ones to take their place; none where there are fewer than 2.
    """

    def __init__(self, train: Samples, held_out: Samples, count: int, seed: int) -> None:
        judged = len(held_out) >= 2
        self.count = min(count, len(held_out) if judged else len(train))
        order = torch.randperm(len(held_out), generator=seeded_generator(seed, "evaluation/unseen"))[
            : judged * self.count
        ]
        self.peers = to_float(held_out.values[order])
        self.seed = seed
        self.space = pixel_space(train.values)
        self.vectors = self.space(train.values)
        self.some = self.vectors[
            torch.randperm(len(train), generator=seeded_generator(seed, "evaluation/twins"))[: self.count]
        ]
        self.bins = fit_bins(self.vectors, seed)
        self.threshold = duplicate_threshold(self.vectors, seed)
        # C_T compares with held-out samples, so that half of them are left to take the samples' place.
        self.half = len(self.peers) // 2
        self.cells = held_out_cells(self.vectors, self.space(self.peers[self.half :]), seed) if self.half else None

    def protocols(self) -> dict[str, str]:
        twins = len(self.some)
        taken = dict.fromkeys(TRAINING_METRICS, (self.count, len(self.vectors))) | {
            "c_t": (self.half, len(self.vectors)),
            "nn_train_fake": (twins, twins),
            "nn_train_real": (twins, twins),
        }
        return {
            name: f"{name}-pixels-{_count(number)}-vs-{_count(reals)}-train" for name, (number, reals) in taken.items()
        }

    def copies(self, samples: Tensor) -> Values:
        if not len(samples):
            return {}
        vectors = self.space(samples)
        copies = copy_distances(vectors, self.vectors)
        bins = ndb(self.bins, vectors)
        twins = nearest_neighbour_test(vectors[: len(self.some)], self.some[: len(vectors)])
        return {
            "ndb": bins.share,
            "ndb_js": bins.js,
            "authenticity": authenticity(copies, self.vectors),
            "copies": float((copies.distances <= self.threshold).double().mean()),
            "c_t": self._c_t(vectors, copies),
            "nn_train_fake": twins.accuracy_a,
            "nn_train_real": twins.accuracy_b,
            "birthday_support": birthday_support(vectors, self.threshold, self.seed).support,
        }

    def _c_t(self, vectors: Tensor, copies: Copies) -> float | None:
        if self.cells is None:
            return None
        first = Copies(copies.distances[: self.half], copies.indices[: self.half])
        return c_t(vectors[: self.half], first, self.cells)


WHY = dict.fromkeys(CLASS_METRICS, "the features know no classes") | {
    "c_t": "no cell has 5 samples and 5 held-out ones"
}
"""Why a metric cannot be judged, where that is not for want of held-out samples."""


def _entry(value: Any, real: Any, protocol: str, why: str) -> dict[str, Any]:
    entry = {"value": value, "real": real, "protocol": protocol}
    return entry | {"why": why} if value is None or real is None else entry


def _count(number: int) -> str:
    return f"{number // 1000}k" if number and number % 1000 == 0 else str(number)
