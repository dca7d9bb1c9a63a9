"""The battery: one function per statistic of samples, which snapshots and `ganlab evaluate` ask alike.

To add a statistic, write a function below `@of_features` or `@of_pixels` and give it a line in
`runs.snapshots.TABLE`, which says what it is and when it is taken. Nothing else has to change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import torch
from torch import Tensor

from ganlab.domain import Domain, Images
from ganlab.evaluation import copying, fid, kid, manifold, modes
from ganlab.evaluation.copying import Copies, HeldOutCells, PixelSpace
from ganlab.evaluation.features import Features, Seen
from ganlab.evaluation.inception_score import inception_score
from ganlab.evaluation.kept import kept
from ganlab.randomness import seeded_generator
from ganlab.runs import snapshots

Value = float | list[int] | list[float | None] | list[str] | None
"""A number, or a list with an entry per class; None if nothing can be said."""


Needs = Literal["classes", "asked", "asked classes", "modes", "modes without classes", "classifier"]
"""What has to be known for a statistic: classes of the data; also what each sample was to be, a class or a
code; or that it was to be of a class; or the modes of the data; or such that are no classes, so that garbage too shows
modes; or how sure a classifier is of each sample."""

CERTAIN = 0.5
"""Probability of its likeliest class, "none of these" being one more, from which a sample is recognised. On labelled
runs of other people's trainers the share of tiles that a person names at once goes with that of recognised samples
(Spearman .68 over 94 runs), and hardly with that of samples that pass the garbage test (.19): `truth.readings`."""


class Asked(NamedTuple):
    """What each sample was to be: labels (N,) int64, numbers of classes; or of codes of the generator's own choice."""

    labels: Tensor
    codes: bool = False


# -- what is measured, and what it is compared with -----------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Sample:
    """Samples seen through features; reals that stand in for them are one too.

    Attributes:
        seen: what the features see.
        asked: what each was to be, if that is known.
    """

    seen: Seen
    asked: Asked | None = None

    def __len__(self) -> int:
        return len(self.seen.features)

    def first(self, count: int) -> Sample:
        """Return the first samples."""
        asked = None if self.asked is None else Asked(self.asked.labels[:count], self.asked.codes)
        return Sample(self.seen.first(count), asked)

    def allows(self, needs: Needs | None) -> bool:
        """Return whether what an entry needs to know is known."""
        if needs is None:
            return True
        if needs == "classifier":
            return self.seen.certainty is not None
        if needs in ("modes", "modes without classes"):
            return self.seen.modes is not None and (needs == "modes" or self.seen.probabilities is None)
        asked = self.asked
        return self.seen.probabilities is not None and (
            needs == "classes" or (asked is not None and (needs == "asked" or not asked.codes))
        )

    @cached_property
    def classes(self) -> Tensor:
        """The class that each sample looks like, (N,) int64; only if the data have classes."""
        assert self.seen.probabilities is not None
        return self.seen.probabilities.argmax(1)


@dataclass(frozen=True, eq=False)
class Reference:
    """Reals that were not trained on, seen through features.

    Attributes:
        features: what samples are seen through.
        seen: the reals.
        labels: their classes, (M,) int64.
        examples: `appearance` of reals that the variety of each class is compared with, (K, p).
        example_labels: their classes, (K,) int64.
        most: samples of each class whose variety is looked at, at most; None: all.
        varied: of each class, whether its reals vary enough to judge samples by; None: all do.
        seed: decides what is left to chance.
    """

    features: Features
    seen: Seen
    labels: Tensor
    examples: Tensor
    example_labels: Tensor
    seed: int
    most: int | None = None
    varied: tuple[bool, ...] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def moments(self) -> fid.Moments:
        """Moments of the features."""
        return fid.moments(self.seen.features)

    @cached_property
    def balls(self) -> manifold.Balls:
        """The features with the distances to their neighbours."""
        points = self.seen.features.double()
        found = self.features.kept(
            "neighbours of each real sample", lambda: {"distances": manifold.balls(points).distances}, points
        )
        return manifold.Balls(points, found["distances"])

    @cached_property
    def vendi(self) -> float:
        """Vendi score of the reals."""
        return modes.vendi(self.seen.appearance)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.features.class_names)

    @cached_property
    def shares(self) -> Tensor:
        """Share of each class, (classes,)."""
        return torch.bincount(self.labels, minlength=self.classes) / len(self.labels)

    def variety(self, sample: Sample, labels: Tensor) -> list[float | None]:
        """Return the relative variety of samples by class, as `modes.class_vendi` does."""
        kept = sample.seen.passing
        if self.most is not None:
            ranks = torch.nn.functional.one_hot(labels, self.classes).cumsum(0)[range(len(labels)), labels]
            kept = kept & (ranks <= self.most)
        found = modes.class_vendi(
            sample.seen.appearance[kept], labels[kept], self.examples, self.example_labels, self.classes
        )
        varied = self.varied or (True,) * self.classes
        return [each.relative if judged else None for each, judged in zip(found, varied, strict=True)]


@dataclass(frozen=True, eq=False)
class Vectors:
    """Samples in the pixel space of a training set; held-out samples that stand in for them are one too.

    Attributes:
        vectors: (N, q).
        copies: the training sample nearest to each.
    """

    vectors: Tensor
    copies: Copies

    def __len__(self) -> int:
        return len(self.vectors)

    def first(self, count: int) -> Vectors:
        """Return the first samples."""
        return Vectors(self.vectors[:count], self.copies.first(count))


class TrainingSet:
    """Training samples in their pixel space.

    Args:
        train: training samples (N, *domain.shape), images as bytes or floats.
        unseen: samples that were not trained on, likewise: what C_T compares with. There may be none.
        domain: what a sample is.
        seed: decides what is left to chance.
        twins: training samples in the nearest-neighbour test, at most.

    Attributes:
        space: principal components of the training samples' pixels.
        vectors: the training samples there, (M, q).
        cells: how unseen samples compare with them; None without any.
        threshold: distance within which two samples are near-duplicates.
    """

    def __init__(self, train: Tensor, unseen: Tensor, domain: Domain, seed: int, twins: int = 0) -> None:
        self.seed = seed
        self.twins = twins
        self.keeps = isinstance(domain, Images)
        pixels = kept("pixels of real samples", lambda: _pixels(train, domain), train, when=self.keeps)
        self.space = PixelSpace(domain, pixels["mean"], pixels["axes"])
        self.vectors: Tensor = pixels["vectors"]
        self.unseen = self.space(unseen)
        self.threshold: float = kept(
            "distances of near-duplicates",
            lambda: {"found": modes.duplicate_threshold(self.vectors, seed)}, self.vectors, seed,
            when=self.keeps,
        )["found"]  # fmt: skip
        self.cells: HeldOutCells | None = None
        if len(unseen):
            cells = kept(
                "training images nearest to held-out ones",
                self._held_out_cells,
                self.vectors,
                self.unseen,
                seed,
                when=self.keeps,
            )
            copies = Copies(cells["distances"], cells["indices"])
            self.cells = HeldOutCells(cells["centres"], cells["cells"], copies)

    def _held_out_cells(self) -> dict[str, Tensor]:
        found = copying.held_out_cells(self.vectors, self.unseen, self.seed)
        return {"centres": found.centres, "cells": found.cells, **vars(found.copies)}

    def __call__(self, samples: Tensor) -> Vectors:
        """Return samples, taken as the training samples are, by what they are in this space."""
        vectors = self.space(samples)
        return Vectors(vectors, copying.copy_distances(vectors, self.vectors))

    def stand_in(self, count: int) -> Vectors | None:
        """Return up to `count` of the unseen samples, to take the place of samples; None without any."""
        return None if self.cells is None else Vectors(self.unseen[:count], self.cells.copies.first(count))

    @cached_property
    def some(self) -> Tensor:
        """A few training samples."""
        order = torch.randperm(len(self.vectors), generator=seeded_generator(self.seed, "evaluation/twins"))
        return self.vectors[order[: self.twins]]

    @cached_property
    def bins(self) -> modes.Bins:
        """Cells of the training set, with how many training samples each holds."""
        return modes.Bins(
            **kept(
                "clusters of real samples",
                lambda: vars(modes.fit_bins(self.vectors, self.seed)),
                self.vectors,
                self.seed,
                when=self.keeps,
            )
        )


def _pixels(train: Tensor, domain: Domain) -> dict[str, Tensor]:
    """Return the pixel space of training samples, and what they are in it."""
    space = copying.pixel_space(train, domain)
    return {"mean": space.mean, "axes": space.axes, "vectors": space(train)}


# -- the registry ---------------------------------------------------------------------------------------------------

Of = TypeVar("Of", Sample, Vectors)
Beside = TypeVar("Beside", Reference, TrainingSet)
Takes = Literal["all", "as many", "half", "twins"]
"""How many samples `ganlab evaluate` takes for a figure. `as many` as there are reals in the reference, if the figure
depends on the number; `half`, if the other half of the unseen samples is what it compares with; `twins`: as many
samples as training samples."""


@dataclass(frozen=True)
class Entry(Generic[Of, Beside]):
    """Statistics that one function gives.

    Attributes:
        names: of the statistics, as in `runs.snapshots.STATISTICS`.
        measure: gives one value, or a mapping of all names.
        needs: what has to be known; else there are no such statistics.
        sees: what features have to see for it, of `features.SIGHTS`; None: any features will do.
        takes: how many samples `ganlab evaluate` takes for it.
        paired: whether snapshots too hold what reals score, as `<name>_real`.
        unknown: why there may be no value, if all that has to be known is.
    """

    names: tuple[str, ...]
    measure: Callable[[Of, Beside], Any]
    needs: Needs | None = None
    sees: str | None = None
    takes: Takes = "all"
    paired: bool = True
    unknown: str = "no held-out samples"

    @property
    def why(self) -> str:
        """Why there may be no value."""
        if self.needs == "modes":
            return "the modes of such data are not known"
        if self.needs == "modes without classes":
            return "modes of good images are counted on stacked MNIST only"
        if self.needs == "classifier":
            return "no classifier was trained on such data"
        return "the features know no classes" if self.needs else self.unknown

    def seen_through(self, features: Features) -> bool:
        """Return whether the features see what this needs."""
        return self.sees not in features.blind

    def __call__(self, samples: Of, beside: Beside) -> dict[str, Value]:
        """Return the statistics of samples compared with reals."""
        found = self.measure(samples, beside)
        return dict(found) if isinstance(found, Mapping) else {self.names[0]: found}


FEATURES: list[Entry[Sample, Reference]] = []
"""Statistics that are seen through the features, compared with reals that were not trained on."""

PIXELS: list[Entry[Vectors, TrainingSet]] = []
"""Statistics in pixel space, compared with the training samples."""

OfFeatures = Callable[[Sample, Reference], Any]
OfPixels = Callable[[Vectors, TrainingSet], Any]


def of_features(*names: str, **options: Any) -> Callable[[OfFeatures], OfFeatures]:
    """Register a function of samples and reals, both seen through the features.

    Args:
        names: the statistics that it gives.
        options: `needs`, `sees`, `takes`, `paired` and `unknown` of `Entry`.
    """

    def register(measure: OfFeatures) -> OfFeatures:
        FEATURES.append(Entry(names, measure, **options))
        return measure

    return register


def of_pixels(*names: str, **options: Any) -> Callable[[OfPixels], OfPixels]:
    """Register a function of samples in the pixel space of a training set, with arguments as `of_features` takes."""

    def register(measure: OfPixels) -> OfPixels:
        PIXELS.append(Entry(names, measure, **options))
        return measure

    return register


# -- the statistics -------------------------------------------------------------------------------------------------


@of_features("good", sees="quality")
def _good(sample: Sample, reals: Reference) -> float:
    return float(sample.seen.passing.double().mean())


@of_features("recognised", needs="classifier")
def _recognised(sample: Sample, reals: Reference) -> float:
    assert sample.seen.certainty is not None
    return float((sample.seen.certainty > CERTAIN).double().mean())


@of_features("fid")
def _fid(sample: Sample, reals: Reference) -> float:
    return fid.frechet_distance(sample.seen.features, reals.moments)


@of_features("fid_infinity")
def _fid_infinity(sample: Sample, reals: Reference) -> float:
    return fid.fid_infinity(sample.seen.features, reals.moments, reals.seed)


@of_features("kid")
def _kid(sample: Sample, reals: Reference) -> float:
    return kid.kernel_distance(sample.seen.features, reals.seen.features, reals.seed)


@of_features("precision", "recall", "f1", "density", "coverage", sees="quality")
def _manifolds(sample: Sample, reals: Reference) -> Mapping[str, float]:
    return asdict(manifold.manifold_of_passing(sample.seen.features, reals.balls, sample.seen.passing))


@of_features("prd_f8", "prd_f1_8")
def _prd(sample: Sample, reals: Reference) -> Mapping[str, float]:
    found = manifold.prd(sample.seen.features, reals.seen.features, reals.seed)
    return {"prd_f8": found.f8, "prd_f1_8": found.f1_8}


@of_features("nn_fake", "nn_real", takes="as many")
def _nearest_neighbours(sample: Sample, reals: Reference) -> Mapping[str, float]:
    count = min(len(sample), len(reals))
    found = copying.nearest_neighbour_test(sample.seen.features[:count], reals.seen.features[:count])
    return {"nn_fake": found.accuracy_a, "nn_real": found.accuracy_b}


@of_features("vendi", sees="variety", takes="as many")
def _vendi(sample: Sample, reals: Reference) -> float:
    return modes.vendi(sample.seen.appearance)


@of_features("relative_vendi", sees="variety", takes="as many", unknown="the reals do not vary themselves")
def _relative_vendi(sample: Sample, reals: Reference) -> float | None:
    return snapshots.relative_vendi(modes.vendi(sample.seen.appearance), reals.vendi)


@of_features("inception_score", "conditional_entropy", "marginal_entropy", needs="classes")
def _inception_score(sample: Sample, reals: Reference) -> Mapping[str, float]:
    assert sample.seen.probabilities is not None
    found = inception_score(sample.seen.probabilities)
    return {
        "inception_score": found.score,
        "conditional_entropy": found.conditional_entropy,
        "marginal_entropy": found.marginal_entropy,
    }


@of_features("class_counts", needs="classes", paired=False)
def _class_counts(sample: Sample, reals: Reference) -> list[int]:
    return _counts(sample).tolist()


@of_features("class_kl", needs="classes")
def _class_kl(sample: Sample, reals: Reference) -> float:
    return modes.histogram_kl(_counts(sample), reals.shares)


@of_features("lost_classes", needs="classes")
def _lost_classes(sample: Sample, reals: Reference) -> list[str]:
    return [reals.features.class_names[label] for label in modes.lost_classes(_counts(sample), reals.shares)]


@of_features("modes", "mode_kl", needs="modes")
def _modes(sample: Sample, reals: Reference) -> Mapping[str, float]:
    assert sample.seen.modes is not None
    return modes.covered(sample.seen.modes, reals.features.modes)._asdict()


@of_features("good_modes", "good_mode_kl", needs="modes without classes")
def _good_modes(sample: Sample, reals: Reference) -> Mapping[str, float]:
    assert sample.seen.modes is not None
    found = modes.covered(torch.where(sample.seen.passing, sample.seen.modes, -1), reals.features.modes)
    return {"good_modes": found.modes, "good_mode_kl": found.mode_kl}


def _counts(sample: Sample) -> Tensor:
    assert sample.seen.probabilities is not None
    return modes.class_counts(sample.seen.probabilities, sample.seen.passing)


@of_features("vendi_by_class", needs="classes", sees="variety", paired=False)
def _vendi_by_class(sample: Sample, reals: Reference) -> list[float | None]:
    return reals.variety(sample, sample.classes)


@of_features("gan_train", "gan_test", needs="classes")
def _transfer(sample: Sample, reals: Reference) -> Mapping[str, float]:
    passing = sample.seen.passing
    return asdict(
        copying.gan_train_test(
            sample.seen.features[passing], sample.classes[passing], reals.seen.features, reals.labels
        )
    )


@of_features("agreement", needs="asked")
def _agreement(sample: Sample, reals: Reference) -> float:
    return agreement(sample)


@of_features("agreement_matched", "agreement_chance", needs="asked", paired=False)
def _other_agreements(sample: Sample, reals: Reference) -> Mapping[str, float]:
    found = _agreements(sample)
    return {"agreement_matched": found.matched, "agreement_chance": found.chance}


def agreement(sample: Sample) -> float:
    """Return the share of samples that pass and are of the class asked for; of codes, after their best matching.

    The matching of codes to classes is that of Chen et al. 2016, section 7.2.
    """
    found = _agreements(sample)
    assert sample.asked is not None
    return found.matched if sample.asked.codes else found.agreement


def _agreements(sample: Sample) -> modes.Agreement:
    assert sample.asked is not None
    assert sample.seen.probabilities is not None
    classes = sample.seen.probabilities.shape[1]
    return modes.agreement(sample.asked.labels, sample.classes, sample.seen.passing, classes)


@of_features("vendi_by_asked", needs="asked classes", sees="variety", paired=False)
def _vendi_by_asked(sample: Sample, reals: Reference) -> list[float | None]:
    assert sample.asked is not None
    return reals.variety(sample, sample.asked.labels)


@of_pixels("ndb", "ndb_js")
def _ndb(sample: Vectors, training: TrainingSet) -> Mapping[str, float]:
    found = modes.ndb(training.bins, sample.vectors)
    return {"ndb": found.share, "ndb_js": found.js}


@of_pixels("authenticity")
def _authenticity(sample: Vectors, training: TrainingSet) -> float:
    return copying.authenticity(sample.copies, training.vectors)


@of_pixels("copies")
def _copies(sample: Vectors, training: TrainingSet) -> float:
    return copying.copied_share(sample.copies, training.threshold, training.vectors)


@of_pixels("c_t", takes="half", paired=False, unknown="no cell has 5 samples and 5 held-out ones")
def _c_t(sample: Vectors, training: TrainingSet) -> float | None:
    return None if training.cells is None else copying.c_t(sample.vectors, sample.copies, training.cells)


@of_pixels("nn_train_fake", "nn_train_real", takes="twins")
def _nearest_training_neighbours(sample: Vectors, training: TrainingSet) -> Mapping[str, float]:
    some = training.some
    found = copying.nearest_neighbour_test(sample.vectors[: len(some)], some[: len(sample)])
    return {"nn_train_fake": found.accuracy_a, "nn_train_real": found.accuracy_b}


@of_pixels("birthday_support")
def _birthday_support(sample: Vectors, training: TrainingSet) -> float:
    return modes.birthday_support(sample.vectors, training.threshold, training.seed).support
