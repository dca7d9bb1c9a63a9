"""The statistics of a snapshot: what a sample says beside as many real ones, cheaply enough to run while training."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ganlab.data import Samples, to_float
from ganlab.evaluation.copying import (
    Copies,
    HeldOutCells,
    PixelSpace,
    authenticity,
    c_t,
    copy_distances,
    held_out_cells,
    pixel_space,
)
from ganlab.evaluation.features import Features, Seen
from ganlab.evaluation.fid import frechet_distance, moments
from ganlab.evaluation.inception_score import inception_score
from ganlab.evaluation.manifold import balls, manifold_of_passing
from ganlab.evaluation.modes import agreement, class_counts, class_vendi, duplicate_threshold, vendi
from ganlab.randomness import seeded_generator

PER_CLASS = 200
"""Samples of a class whose variety is looked at, at most."""

VARIED = 2.0
"""Vendi score of a class's reals from which its variety can be judged. Points of one mode reach 1.9, digits 3 to 8."""

FEWEST_HELD_OUT = 100
"""Held-out reals under which training samples serve as reference: too few say nothing."""

MOST_HELD_OUT = 2000
"""Held-out reals that copies are compared with, at most."""

MOST_POINTS = 10_000
"""Training points that copies are looked for among, at most: denser ones leave no room between them."""


class Asked(NamedTuple):
    """What each sample was to be: labels (N,) int64, numbers of classes; or of codes of the generator's own choice."""

    labels: Tensor
    codes: bool = False


class SampleStatistics:
    """Statistics of samples of one size against reals, everything about the reals computed once.

    The reference is drawn from the held-out reals; every statistic has beside it what as many training samples score
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
            reference, rows = draw(held_out, count, seed, "statistics"), chosen(train, count, seed, "statistics")
        else:
            both = chosen(train, 2 * count, seed, "statistics")
            reference, rows = to_float(train.values[both[::2]]), both[1::2]
        self.reference, self.peers = features.see(reference), features.see(to_float(train.values[rows]))
        self.peer_labels = train.labels[rows]
        self.moments = moments(self.reference.features)
        self.balls = balls(self.reference.features)
        classes = len(features.class_names)
        if classes:
            self.examples, self.example_labels = self._examples()
            # Where reals of a class hardly vary themselves there is no variety to lose.
            self.varied = [vendi(self.examples[self.example_labels == label]) > VARIED for label in range(classes)]
        self.real = {f"{key}_real": value for key, value in self._against_reference(self.peers).items()}

    def _examples(self) -> tuple[Tensor, Tensor]:
        """Appearance and labels of up to PER_CLASS training samples of each class."""
        labels = self.train.labels
        rows = torch.cat([(labels == label).nonzero().flatten()[:PER_CLASS] for label in labels.unique()])
        return self.features.see(to_float(self.train.values[rows])).appearance, labels[rows]

    def row(self, samples: Tensor, thorough: bool, asked: Asked | None = None) -> dict[str, Any]:
        """Return the statistics of samples: float32 images (N, C, H, W) in [-1, 1] or points (N, 2), N >= 2.

        Args:
            samples: what the generator made.
            thorough: also look for copies among all training samples, which takes seconds.
            asked: what each of them was to be.

        Returns:
            `n`; `good` (share that passes the garbage test), `precision`, `recall`, `density`, `coverage`, `fid`,
            `vendi`, and with classes `inception_score`, each with its `_real`; `class_counts` (good samples by class),
            `class_shares_real`, `classes` and `vendi_by_class` (relative, None where too few to judge). Where something
            was asked for, what `_against_asked` gives. Where thorough, `authenticity`, `copies` (with `_real`) and
            `c_t`. Plain numbers; None where nothing can be said.
        """
        if not samples.isfinite().all():
            return {"n": len(samples)}
        seen = self.features.see(samples)
        row: dict[str, Any] = {"n": len(samples), **self._against_reference(seen), **self.real}
        if seen.probabilities is not None:
            counts = class_counts(seen.probabilities, seen.good)
            shares = torch.bincount(self.train.labels, minlength=len(counts)).double()
            row |= {
                "class_counts": counts.tolist(),
                "class_shares_real": (shares / shares.sum()).tolist(),
                "classes": list(self.features.class_names),
                "vendi_by_class": self._variety_by_class(seen, seen.probabilities.argmax(1)),
            }
            if asked is not None:
                row |= self._against_asked(seen, asked)
        if thorough:
            row |= self._copying(samples)
        return {key: _plain(value) for key, value in row.items()}

    def _against_reference(self, seen: Seen) -> dict[str, float]:
        found = manifold_of_passing(seen.features, self.balls, seen.good)
        statistics = {
            "good": float(seen.good.double().mean()),
            "precision": found.precision,
            "recall": found.recall,
            "density": found.density,
            "coverage": found.coverage,
            "fid": frechet_distance(seen.features, self.moments),
            "vendi": vendi(seen.appearance),
        }
        if seen.probabilities is not None:
            statistics["inception_score"] = inception_score(seen.probabilities).score
        return statistics

    def _against_asked(self, seen: Seen, asked: Asked) -> dict[str, Any]:
        """Return how far samples are what they were to be.

        `asked`: "classes" or "codes". `agreement`: share of all samples that pass and are of the class asked for; for
        codes, after the best matching of codes to classes, as `agreement_matched` is for both (Chen et al. 2016,
        section 7.2). `agreement_real`: what reals reach with their labels. `agreement_chance`: what samples made
        without regard to what is asked for would reach. `vendi_by_asked`: relative variety of each class's samples.
        """
        assert seen.probabilities is not None
        assert self.peers.probabilities is not None
        found = agreement(asked.labels, seen.probabilities.argmax(1), seen.good, seen.probabilities.shape[1])
        made = self.peers.probabilities.argmax(1)
        row = {
            "asked": "codes" if asked.codes else "classes",
            "agreement": found.matched if asked.codes else found.agreement,
            "agreement_matched": found.matched,
            "agreement_chance": found.chance,
            "agreement_real": agreement(self.peer_labels, made, self.peers.good, len(self.varied)).agreement,
        }
        return row if asked.codes else {**row, "vendi_by_asked": self._variety_by_class(seen, asked.labels)}

    def _variety_by_class(self, seen: Seen, labels: Tensor) -> list[float | None]:
        classes = len(self.features.class_names)
        few = seen.good & (
            torch.nn.functional.one_hot(labels, classes).cumsum(0)[range(len(labels)), labels] <= PER_CLASS
        )
        found = class_vendi(seen.appearance[few], labels[few], self.examples, self.example_labels, classes)
        return [each.relative if varied else None for each, varied in zip(found, self.varied, strict=True)]

    @cached_property
    def _training_set(self) -> tuple[PixelSpace, Tensor, HeldOutCells, float]:
        """All training samples in pixel space, and what held-out ones look like beside them."""
        values = self.train.values[:MOST_POINTS] if self.train.values.is_floating_point() else self.train.values
        space = pixel_space(values)
        train, unseen = space(values), space(self.held_out.values[:MOST_HELD_OUT])
        return space, train, held_out_cells(train, unseen, self.seed), duplicate_threshold(train, self.seed)

    def _copying(self, samples: Tensor) -> dict[str, float | None]:
        space, train, cells, threshold = self._training_set

        def found(copies: Copies) -> tuple[float, float]:
            return authenticity(copies, train), float((copies.distances < threshold).double().mean())

        fakes = space(samples)
        copies = copy_distances(fakes, train)
        authentic, copied = found(copies)
        unseen = Copies(cells.copies.distances[: len(fakes)], cells.copies.indices[: len(fakes)])
        authentic_real, copied_real = found(unseen)
        return {
            "authenticity": authentic,
            "authenticity_real": authentic_real,
            "copies": copied,
            "copies_real": copied_real,
            "c_t": c_t(fakes, copies, cells),
        }


def draw(samples: Samples, count: int, seed: int, stream: str) -> Tensor:
    """Return `count` of the samples, or all where there are fewer, as floats: chosen at random by the seed."""
    return to_float(samples.values[chosen(samples, count, seed, stream)])


def chosen(samples: Samples, count: int, seed: int, stream: str) -> Tensor:
    """Return the rows that `draw` takes, int64."""
    return torch.randperm(len(samples), generator=seeded_generator(seed, stream))[:count]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
