"""The statistics of a snapshot: the battery, asked of a sample and the same number of reals during training."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ganlab.data import Samples, to_float
from ganlab.domain import Points
from ganlab.evaluation.battery import (
    FEATURES,
    PIXELS,
    Asked,
    Entry,
    Reference,
    Sample,
    TrainingSet,
    Value,
    Vectors,
)
from ganlab.evaluation.features import Features
from ganlab.evaluation.kept import kept
from ganlab.evaluation.modes import Repeats, alike_in_shape, arranged, duplicate_threshold, pair_rate, repeats, vendi
from ganlab.evaluation.spread import Spread, compare
from ganlab.randomness import seeded_generator
from ganlab.runs.snapshots import MOST_REPEATED, STATISTICS, Taken

PER_CLASS = 200
"""Samples of a class whose variety is looked at, at most."""

VARIED = 2.0
"""Vendi score of a class's reals from which its variety can be judged. Points of one mode reach 1.9, digits 3 to 8."""

FEWEST_HELD_OUT = 100
"""Held-out reals under which training samples serve as reference: too few say nothing."""

MOST_HELD_OUT = 2000
"""Held-out reals that copies are compared with, at most."""

MOST_SEARCHED = 2000
"""Samples of which copies are looked for among the training samples, at most: as many as held-out reals; each costs a
search through all training samples."""

MOST_POINTS = 10_000
"""Maximum number of training points searched for copies; denser sets make every sample look like a copy."""


class SampleStatistics:
    """Statistics of samples of one size against reals, everything about the reals computed once.

    The reference is drawn from the held-out reals; most statistics come with that of equally many training samples
    against the same reference (`..._real`), which is what a perfect generator would reach.

    Args:
        features: what samples are seen through.
        train, held_out: real samples.
        count: samples in a snapshot, at least 2.
        seed: chooses the reals.
    """

    def __init__(self, features: Features, train: Samples, held_out: Samples, count: int, seed: int) -> None:
        self.features = features
        self.train = train
        self.held_out = held_out
        self.seed = seed
        if len(held_out) >= min(count, FEWEST_HELD_OUT):
            rows, values = chosen(held_out, count, seed, "statistics"), held_out
            peers = chosen(train, count, seed, "statistics")
        else:
            both = chosen(train, 2 * count, seed, "statistics")
            rows, values, peers = both[::2], train, both[1::2]
        seen = features.see_reals(values.values[rows])
        self.peers = Sample(features.see_reals(train.values[peers]), Asked(train.labels[peers]))
        examples, labels = self._examples()
        varied = [vendi(examples[labels == label]) > VARIED for label in range(len(features.class_names))]
        # Classes whose reals hardly vary themselves have no variety to lose.
        self.reference = Reference(
            features, seen, values.labels[rows], examples, labels, seed, most=PER_CLASS, varied=tuple(varied)
        )
        self._real: dict[Taken, dict[str, Value]] = {}

    def prepare(self, thorough: bool) -> None:
        """Compute all that rows need of the reals, which the first of them does otherwise."""
        self._reals("each")
        if self._repeats_judged:
            self._repeated_reals  # noqa: B018
        if thorough:
            self._reals("last")
            self._unseen(len(self.peers))

    def _examples(self) -> tuple[Tensor, Tensor]:
        """Appearance and labels of up to PER_CLASS training samples of each class; of none, if there are no classes."""
        labels = self.train.labels
        classes = labels.unique() if self.features.class_names else labels[:0]
        rows = torch.cat([labels[:0], *((labels == label).nonzero().flatten()[:PER_CLASS] for label in classes)])
        if not len(rows):
            return torch.zeros(0, 1), rows
        return self.features.see_reals(self.train.values[rows]).appearance, labels[rows]

    def row(
        self, samples: Tensor, thorough: bool, asked: Asked | None = None, columns: int | None = None
    ) -> dict[str, Any]:
        """Return the statistics of samples: float32 images (N, C, H, W) in [-1, 1] or points (N, 2), N >= 2.

        Args:
            samples: what the generator made.
            thorough: also take the statistics of a last snapshot, which takes seconds.
            asked: what each of them was to be.
            columns: samples in a row of the sheet that they were cut from, row by row; None: from none.

        Returns:
            The statistics that `runs.snapshots.STATISTICS` says are taken at `each` snapshot, and if thorough at the
            `last` one, most with their `_real`: plain numbers and lists, None if nothing can be said. Beside them `n`
            and, of data with classes, `classes`, `class_shares_real` and what was `asked` for; and what of the reals is
            `unseen` by the features, if anything is. If a sample is not finite, `n` alone.
        """
        row: dict[str, Any] = {"n": len(samples)}
        if not samples.isfinite().all():
            return row
        sample = Sample(self.features.see(samples), asked)
        if sample.seen.probabilities is not None:
            shares = torch.bincount(self.train.labels, minlength=len(self.features.class_names)).double()
            row |= {"class_shares_real": (shares / shares.sum()).tolist(), "classes": list(self.features.class_names)}
            row |= {} if asked is None else {"asked": "codes" if asked.codes else "classes"}
        row |= {"unseen": list(self.features.blind)} if self.features.blind else {}
        row |= self._beside_reals(sample, "each") | self._repeats(sample, samples, columns)
        if thorough:
            row |= self._beside_reals(sample, "last") | self._beside_training(samples)
        return {key: _plain(value) for key, value in row.items()}

    def _beside_reals(self, sample: Sample, taken: Taken) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for entry, names in self._entries(sample, taken):
            real = {name: self._reals(taken)[name] for name in names} if entry.paired else None
            found |= _paired(names, entry(sample, self.reference), real)
        return found

    def _entries(self, sample: Sample, taken: Taken) -> Iterator[tuple[Entry[Sample, Reference], list[str]]]:
        """Yield what can be said of samples, with the names of its statistics."""
        for entry in FEATURES:
            names = [name for name in entry.names if STATISTICS[name].taken == taken]
            if names and sample.allows(entry.needs) and entry.seen_through(self.features):
                yield entry, names

    def _reals(self, taken: Taken) -> dict[str, Value]:
        """Return what the peers score."""
        if taken not in self._real:
            self._real[taken] = self.features.kept(
                "reals against reals", lambda: self._scores(taken), taken, *self._compared, self.seed
            )
        return self._real[taken]

    def _scores(self, taken: Taken) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for entry, _ in self._entries(self.peers, taken):
            found |= entry(self.peers, self.reference) if entry.paired else {}
        return found

    @property
    def _compared(self) -> tuple[Tensor, ...]:
        """All that what the peers score depends on, with the features and the seed."""
        assert self.peers.asked is not None
        sides = (self.peers.seen, self.reference.seen)
        seen = (value for side in sides for value in vars(side).values() if value is not None)
        varied = torch.tensor(self.reference.varied)
        labels = (self.peers.asked.labels, self.reference.labels, self.reference.example_labels)
        return *seen, *labels, self.reference.examples, varied

    def _repeats(self, sample: Sample, samples: Tensor, columns: int | None) -> dict[str, Any]:
        """Return how far samples repeat each other; of points, which lie close where modes are small, nothing.

        Features are fitted to reals, and see no difference between one kind of garbage and another: of a pair of which
        either fails the garbage test, pixels must agree, too.
        """
        if not self._repeats_judged:
            return {}
        threshold, rate, real = self._repeated_reals
        looks = sample.seen.appearance[:MOST_REPEATED]
        passing = sample.seen.passing[:MOST_REPEATED]
        alike = None
        if not passing.all():
            alike = alike_in_shape(samples[:MOST_REPEATED]) | (passing[:, None] & passing)
        found = repeats(looks, threshold, rate, alike)
        order = arranged(looks, threshold, columns, alike) if columns and found.share else None
        return {
            **({"sorted_by": order} if order else {}),
            "near_duplicates": found.share,
            "near_duplicates_real": real.share,
            "distinct": found.distinct,
            "distinct_real": real.distinct,
            "repeats_chance": found.chance,
        }

    @property
    def _repeats_judged(self) -> bool:
        return not isinstance(self.train.domain, Points) and "variety" not in self.features.blind

    @cached_property
    def _repeated_reals(self) -> tuple[float, float, Repeats]:
        """Distance of near-duplicates, how likely two reals are some, and how far as many reals repeat each other."""
        stored = self.train.values[chosen(self.train, MOST_REPEATED, self.seed, "statistics/repeats")]
        peers = self.peers.seen.appearance[:MOST_REPEATED]

        def make() -> dict[str, Any]:
            looks = self.features.see(to_float(stored)).appearance
            threshold = duplicate_threshold(looks, self.seed)
            rate = pair_rate(looks, threshold, len(self.train))
            return {"threshold": threshold, "rate": rate, "real": asdict(repeats(peers, threshold, rate))}

        found = self.features.kept("near-duplicates among reals", make, stored, peers, len(self.train), self.seed)
        return found["threshold"], found["rate"], Repeats(**found["real"])

    def _beside_training(self, samples: Tensor) -> dict[str, Value]:
        vectors = self.training(samples[:MOST_SEARCHED])
        real = self._unseen(len(vectors))
        found: dict[str, Value] = {}
        for entry, names in self._of_pixels():
            found |= _paired(names, entry(vectors, self.training), real if entry.paired else None)
        return found

    @staticmethod
    def _of_pixels() -> list[tuple[Entry[Vectors, TrainingSet], list[str]]]:
        found = [(entry, [name for name in entry.names if STATISTICS[name].taken == "last"]) for entry in PIXELS]
        return [(entry, names) for entry, names in found if names]

    def _unseen(self, count: int) -> dict[str, Value]:
        """Return what up to `count` held-out samples score against the training set; nothing if there are none."""
        training = self.training
        unseen = training.stand_in(count)
        if unseen is None:
            return {}

        def make() -> dict[str, Value]:
            scores = [entry(unseen, training) for entry, _ in self._of_pixels() if entry.paired]
            return {name: value for each in scores for name, value in each.items()}

        return kept(
            "held-out reals against training images",
            make,
            training.vectors,
            unseen.vectors,
            self.seed,
            when=training.keeps,
        )

    @cached_property
    def training(self) -> TrainingSet:
        """All training samples in pixel space, and how held-out ones compare with them."""
        values = self.train.values[:MOST_POINTS] if isinstance(self.train.domain, Points) else self.train.values
        return TrainingSet(values, self.held_out.values[:MOST_HELD_OUT], self.train.domain, self.seed)


class Distances:
    """How far samples lie from each other and from real ones, whatever they show: nothing is looked at but numbers.

    Args:
        train, held_out: real samples.
        count: samples that are compared with as many held-out reals, at least 2.
        seed: chooses the reals.

    Attributes:
        held_out: those that samples are compared with.
        floor: training data against them, which is what a perfect generator would score.
    """

    def __init__(self, train: Samples, held_out: Samples, count: int, seed: int) -> None:
        others = held_out if len(held_out) > 1 else train
        self.held_out = draw(others, count, seed, "snapshot/held_out")
        drawn = draw(train, count, seed, "snapshot/train")
        self.floor: Spread = compare(drawn.flatten(1), self.held_out.flatten(1))

    def row(self, samples: Tensor) -> dict[str, float]:
        """Return `diversity` and `energy_distance` of samples (N, ...), N >= 2, each with its `_real`."""
        found = compare(samples.flatten(1), self.held_out.flatten(1), self.floor.diversity_real)
        return {
            "diversity": found.diversity,
            "diversity_real": found.diversity_real,
            "energy_distance": found.energy_distance,
            "energy_distance_real": self.floor.energy_distance,
        }


def _paired(names: list[str], found: dict[str, Value], real: dict[str, Value] | None) -> dict[str, Value]:
    """Return statistics by name, and with what reals score, if that is asked for, by `<name>_real`."""
    pairs = {} if real is None else {f"{name}_real": real.get(name) for name in names}
    return {name: found[name] for name in names} | pairs


def draw(samples: Samples, count: int, seed: int, stream: str) -> Tensor:
    """Return `count` of the samples, or all if there are fewer, as floats: chosen at random by the seed."""
    return to_float(samples.values[chosen(samples, count, seed, stream)])


def chosen(samples: Samples, count: int, seed: int, stream: str) -> Tensor:
    """Return the rows that `draw` takes, int64."""
    return torch.randperm(len(samples), generator=seeded_generator(seed, stream))[:count]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
