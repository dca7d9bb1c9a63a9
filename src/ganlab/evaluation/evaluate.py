"""Every metric at once, each with its protocol and with what real samples score in the generator's place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from ganlab.data import Samples, to_float
from ganlab.data.selection import take
from ganlab.evaluation.battery import FEATURES, PIXELS, Entry, Reference, Sample, TrainingSet, Value, Vectors
from ganlab.evaluation.features import Features
from ganlab.evaluation.statistics import FEWEST_HELD_OUT
from ganlab.randomness import seeded_generator

PUBLISHED = {"class_counts": "class_histogram", "relative_vendi": "vendi_relative"}
"""Statistics that have another name in evaluation.json than in the battery: files keep the names they had."""

UNASKED = [entry for entry in FEATURES if entry.needs is None or not entry.needs.startswith("asked")]
"""Entries of the battery that can be measured without knowing what each sample was to be."""


def published(entries: Iterable[Entry[Any, Any]]) -> tuple[str, ...]:
    """Return the names that the statistics of entries have in evaluation.json."""
    return tuple(PUBLISHED.get(name, name) for entry in entries for name in entry.names)


REFERENCE_METRICS = published(UNASKED)
"""Seen through the features, against samples that are not trained on."""

CLASS_METRICS = published(entry for entry in UNASKED if entry.needs == "classes")
"""Of these, the ones that only data with classes have."""

TRAINING_METRICS = published(PIXELS)
"""In pixel space, against the training samples."""

FARTHEST = 1e6
"""Samples beyond it have diverged: squares and cubes of such numbers mean nothing."""

Progress = Callable[[str, float], None]
"""Called with what comes next and the share of the current samples' metrics that is done, 0 to 1."""


def evaluate(
    features: Features, fake: Tensor, train: Samples, held_out: Samples, seed: int, progress: Progress | None = None
) -> dict[str, dict[str, Any]]:
    """Return every metric of samples, JSON-ready: {name: {"value", "real", "protocol"}}, with "why" where one is None.

    `real` is what the same number of real samples score in place of the generated ones, by the same protocol: in
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
        if self.enough:
            self.progress("real samples", 0.0)
            self.reals = _BesideReals(features, train, held_out, count, seed)
            self.training = _BesideTraining(train, held_out, count, seed)
            self.real = self._real()

    def __call__(self, fake: Tensor) -> dict[str, dict[str, Any]]:
        """Return the metrics of `count` samples, as `evaluate` does.

        Raises:
            ValueError: another number of samples than was announced.
        """
        if len(fake) != self.count:
            raise ValueError(f"{self.count} samples were announced, but {len(fake)} came")
        if not self.enough:
            return self._figures({}, {}, "at least 2 samples and 4 training samples are needed")
        if not (fake.abs() <= FARTHEST).all():
            why = f"the samples hold numbers that are not finite, or beyond {FARTHEST:.0e}"
            return self._figures({}, {}, why)
        return self._figures(self._measure(fake[: self.reals.count], fake[: self.training.count]), self.real)

    def _real(self) -> dict[str, Value]:
        """Return what real samples score in the generator's place."""
        reals, training = self.reals, self.training
        compared = (reals.peers, reals.reference.seen.features, reals.reference.seen.appearance, reals.reference.labels)
        beside = (training.set.vectors, training.set.unseen, training.peers)
        return reals.reference.features.kept(
            "metrics",
            lambda: self._measure(reals.peers, training.peers),
            *compared,
            *beside,
            self.count,
            training.set.seed,
        )

    def _figures(
        self, values: Mapping[str, Value], real: Mapping[str, Value], why: str = ""
    ) -> dict[str, dict[str, Any]]:
        """Return all metrics, each with its value, that of reals, its protocol, and why one of them is missing."""
        found = {}
        protocols: list[tuple[Entry[Any, Any], str]] = [
            *((entry, self.reals.protocol(entry) if self.enough else "") for entry in UNASKED),
            *((entry, self.training.protocol(entry) if self.enough else "") for entry in PIXELS),
        ]
        for entry, protocol in protocols:
            for name in entry.names:
                public = PUBLISHED.get(name, name)
                how = f"{public}-{protocol}" if protocol else "none"
                unseen = self.enough and not entry.seen_through(self.reals.reference.features)
                reason = f"the features cannot see {entry.sees} on such samples" if unseen else entry.why
                found[public] = _figure(values.get(name), real.get(name), how, why or reason)
        return found

    def _measure(self, samples: Tensor, against_training: Tensor) -> dict[str, Value]:
        """Return the statistics of samples compared with reals and, if there are others, with the training set.

        Statistics that the data do not allow are left out.
        """
        self.progress("features", 0.0)
        sample = Sample(self.reals.reference.features.see(samples))
        vectors = self.training.set(against_training) if len(against_training) else None
        features = self.reals.reference.features
        entries = [entry for entry in UNASKED if sample.allows(entry.needs) and entry.seen_through(features)]
        values: dict[str, Value] = {}
        for number, entry in enumerate(entries, start=1):
            self.progress(entry.names[0], number / (len(entries) + len(PIXELS) + 1))
            taken = sample.first(self.reals.size(entry))
            values |= entry(taken, self.reals.reference)
        for number, beside in enumerate(PIXELS, start=len(entries) + 1):
            self.progress(beside.names[0], number / (len(entries) + len(PIXELS) + 1))
            if vectors is not None:
                values |= beside(vectors.first(self.training.size(beside)), self.training.set)
        return values


class _BesideReals:
    """Reals that were not trained on, and how samples compare with them.

    Attributes:
        reference: the reals.
        count: samples that a figure takes.
        peers: the same number of real ones to take their place.
    """

    def __init__(self, features: Features, train: Samples, held_out: Samples, count: int, seed: int) -> None:
        order = torch.randperm(len(train), generator=seeded_generator(seed, "evaluation/train"))
        self.split = "held-out"
        if len(held_out) < FEWEST_HELD_OUT:
            self.split = "half-of-train"
            held_out, order = take(train, order[::2].sort().values), order[1::2]
        self.count = min(count, len(order))
        rows = torch.randperm(len(held_out), generator=seeded_generator(seed, "evaluation/held_out"))[: self.count]
        self.peers = to_float(train.values[order[: self.count]])
        seen, labels = features.see_reals(held_out.values[rows]), held_out.labels[rows]
        self.reference = Reference(features, seen, labels, seen.appearance, labels, seed)

    def size(self, entry: Entry[Sample, Reference]) -> int:
        """Return how many samples an entry takes, at most."""
        return len(self.reference) if entry.takes == "as many" else self.count

    def protocol(self, entry: Entry[Sample, Reference]) -> str:
        """Return what follows a figure's name in its protocol."""
        reals = f"{_count(len(self.reference))}-{self.split}"
        return f"{self.reference.features.name}-{_count(self.size(entry))}-vs-{reals}"


class _BesideTraining:
    """The training samples in pixel space, and whether samples are copies of them.

    Attributes:
        set: the training samples.
        count: samples that a figure takes.
        peers: the same number of held-out ones to take their place; none if there are fewer than 2.
    """

    def __init__(self, train: Samples, held_out: Samples, count: int, seed: int) -> None:
        judged = len(held_out) >= 2
        self.count = min(count, len(held_out) if judged else len(train))
        order = torch.randperm(len(held_out), generator=seeded_generator(seed, "evaluation/unseen"))[
            : judged * self.count
        ]
        self.peers = to_float(held_out.values[order])
        # C_T compares with held-out samples, so that half of them are left to take the samples' place.
        self.half = len(self.peers) // 2
        self.set = TrainingSet(train.values, self.peers[self.half :], train.domain, seed, twins=self.count)

    def size(self, entry: Entry[Vectors, TrainingSet]) -> int:
        """Return how many samples an entry takes, at most."""
        return self.half if entry.takes == "half" else self.count

    def protocol(self, entry: Entry[Vectors, TrainingSet]) -> str:
        """Return what follows a figure's name in its protocol."""
        twins = len(self.set.some)
        taken, reals = (twins, twins) if entry.takes == "twins" else (self.size(entry), len(self.set.vectors))
        return f"pixels-{_count(taken)}-vs-{_count(reals)}-train"


def _figure(value: Value, real: Value, protocol: str, why: str) -> dict[str, Any]:
    figure = {"value": value, "real": real, "protocol": protocol}
    return figure | {"why": why} if value is None or real is None else figure


def _count(number: int) -> str:
    return f"{number // 1000}k" if number and number % 1000 == 0 else str(number)
