"""What is true of a finished run: a rule on its final samples, fixed before any diagnosis and without shared code.

The rule draws 2,000 samples from the newest live generator with its own latents and compares them with real data, in
pixels and their first 50 principal components (images) or in coordinates (points). Nothing here comes from
`ganlab.diagnosis` or `ganlab.evaluation`: no network, no features and none of their metrics.

Labels, in the order in which they are tested:

| label | meaning |
| --- | --- |
| nonfinite | the run was stopped by NaN or Inf, or its samples contain some |
| total | all samples are (nearly) the same: their mean distance is below `TOTAL` times that of real data |
| garbage | hardly any sample passes as data: a share below `GARBAGE` |
| copies | samples are copies of training samples: at most half as far from them as held-out data are |
| partial | samples pass, but classes (images) or modes (points) are missing |
| within_mode | samples pass and no class is missing, but there is little variety within a class |
| poor | in between: a person could say either |
| good | a person would call this fine |

An image passes if at least four of its five nearest training images agree on its digit and it is within four limits
that held-out images of that digit define (`LIMITS`). A point passes within three standard deviations of a mode.
`truth.scoring` says which verdicts are right for a label.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganlab.config.data import GridOptions, RingOptions
from ganlab.config.experiment import Experiment
from ganlab.data import load, to_float
from ganlab.data.mnist import unpack
from ganlab.data.points import modes
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import read_history
from ganlab.training.trained import generate, load_game, sample_inputs

Array = NDArray[np.floating[Any]]

LABELS = ("good", "poor", "garbage", "total", "partial", "within_mode", "copies", "nonfinite")

SAMPLES = 2000
"""Number of samples that are judged."""
LATENT_SEED = 20_250_101
"""Seed of their latents, not used anywhere else."""
REFERENCE_IMAGES, COMPONENTS, NEIGHBOURS, VOTES = 10_000, 50, 5, 4
"""Numbers of training images that an image is compared with, components, neighbours, and neighbours that must agree."""
LIMITS = {"near": 0.99, "residual": 0.99, "deviation": 0.01, "ink": 0.005}
"""Quantiles of held-out images of the same digit: the first two are upper bounds, the others lower bounds."""

TOTAL = 0.2
"""Mean distance between samples, relative to real data, below which all samples count as the same."""
GARBAGE = {"images": 0.15, "points": 0.3}
PASSING = {"images": 0.35, "points": 0.6}
"""Share of passing samples below which a run is garbage, and above which it can be good. Real images reach .94."""
COPIES, FEW = 0.5, 1000
"""Relative distance to the nearest training sample below which samples are copies; only checked for training
sets of up to 1,000 samples, because the runs of this corpus cannot memorise larger ones."""
LOST, PARTIAL = 0.1, 0.15
"""A class is lost if its share of the passing samples is below a tenth of its real share; lost mass above which a run
is partial. A run on images that lost less than that is poor."""
VARIETY_BAD = {"images": 0.6, "points": 0.15}
VARIETY_GOOD = {"images": 0.75, "points": 0.3}
"""Mean distance within a class, relative to real data, median over classes: within_mode below the first, good above the
second. Limits for points are lower: the literature counts modes and high-quality samples, not the width of a mode."""
REPEATS_BAD, REPEATS_GOOD = 0.3, 0.5
"""The same for the median distance between an image and the nearest other sample: a one-dimensional latent can draw a
long curve of images, but its images repeat."""


@dataclass(frozen=True)
class Truth:
    """What is true of a run.

    Attributes:
        label: see the module's docstring.
        mechanism: how it failed, if its log alone proves it: diverged, batch_norm_leak,
            vanishing_gradient, discriminator_dominates, generator_dominates, or an empty string.
        statistics: the numbers behind the label.
    """

    label: str
    mechanism: str
    statistics: dict[str, Any]


def distances(a: Array, b: Array) -> Array:
    """Return Euclidean distances (N, M) between rows of (N, F) and (M, F), exact to .03 for images."""
    a, b = a.astype(np.float32), b.astype(np.float32)
    squared = a @ b.T
    squared *= -2
    squared += (a * a).sum(1)[:, None]
    squared += (b * b).sum(1)
    roots: Array = np.sqrt(np.maximum(squared, 0, out=squared), out=squared)
    return roots


def spread(samples: Array) -> float:
    """Return the mean distance between two of the first 1,000 samples (N, F); 0 if there is no pair."""
    some = samples[:1000]
    return float(distances(some, some).sum() / (len(some) * (len(some) - 1))) if len(some) > 1 else 0.0


def nearest_other(samples: Array) -> float:
    """Return the median distance from a sample to the nearest other one."""
    between = distances(samples, samples)
    np.fill_diagonal(between, np.inf)
    return float(np.median(between.min(1)))


def flat(values: Any) -> Array:
    """Return samples as float32 (N, F); images, uint8 or float, are in [-1, 1]."""
    array = np.asarray(values)
    flattened = array.reshape(len(array), -1).astype(np.float32)
    return flattened / 127.5 - 1 if array.dtype == np.uint8 else flattened


@dataclass(frozen=True)
class Digits:
    """Real digits in principal components, which images are compared with."""

    mean: Array
    axes: Array
    reference: Array
    labels: NDArray[np.int64]
    limits: Mapping[str, Array]

    def measure(self, images: Array) -> tuple[NDArray[np.int64], NDArray[np.int64], dict[str, Array]]:
        """Return class (N,), its votes (N,) of five nearest neighbours, and the measures in `LIMITS`, each (N,).

        `near`: distance to the nearest reference image in the components. `residual`: distance from their subspace,
        large for noise. `deviation`: distance from the mean image, too small for blends of digits. `ink`: mean pixel,
        too small for empty images.
        """
        centred = images - self.mean
        coordinates = centred @ self.axes.T
        between = distances(coordinates, self.reference)
        rows = np.argpartition(between, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
        votes = np.stack([(self.labels[rows] == c).sum(1) for c in range(10)], axis=1)
        squared = (centred**2).sum(1)
        measured = {
            "near": between.min(1),
            "residual": np.sqrt(np.maximum(squared - (coordinates**2).sum(1), 0.0)),
            "deviation": np.sqrt(squared),
            "ink": images.mean(1),
        }
        return votes.argmax(1), votes.max(1), measured

    def classify(self, images: Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the class (N,) of images (N, 784), and whether each passes as a digit of that class."""
        classes, votes, measured = self.measure(images)
        limit = {name: values[classes] for name, values in self.limits.items()}
        passes = (votes >= VOTES) & (measured["near"] <= limit["near"]) & (measured["residual"] <= limit["residual"])
        return classes, passes & (measured["deviation"] >= limit["deviation"]) & (measured["ink"] >= limit["ink"])


@cache
def digits() -> Digits:
    """Fit the reference on 10,000 training images and its limits on the first 5,000 test images."""
    images, labels = unpack()
    numbers = labels.astype(np.int64)
    chosen = np.random.default_rng(0).permutation(60_000)[:REFERENCE_IMAGES]
    reference = flat(images[chosen])
    mean = reference.mean(0)
    centred = reference - mean
    axes = np.linalg.eigh(centred.T @ centred)[1][:, : -COMPONENTS - 1 : -1].T
    bare = Digits(mean, axes, centred @ axes.T, numbers[chosen], {})
    held, measured = numbers[60_000:65_000], bare.measure(flat(images[60_000:65_000]))[2]
    limits = {
        name: np.array([np.quantile(measured[name][held == c], quantile) for c in range(10)])
        for name, quantile in LIMITS.items()
    }
    return Digits(mean, axes, bare.reference, bare.labels, limits)


@dataclass(frozen=True)
class Reals:
    """The held-out data of a run's own classes, which give every statistic its scale.

    `classify` returns class numbers (N,), from 0 in the order of `shares`, -1 for others, and which samples pass (N,).
    """

    held: Array
    classes: NDArray[np.int64]
    options: Any

    @property
    def images(self) -> bool:
        """True for images, False for points."""
        return bool(self.held.shape[1] > 2)

    @property
    def kind(self) -> str:
        """`images` or `points`, which have different limits."""
        return "images" if self.images else "points"

    @property
    def shares(self) -> Array:
        """Share of each class."""
        return np.bincount(self.classes) / len(self.classes)

    def classify(self, samples: Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the class (N,) of samples (N, F), and whether each passes as a sample of that class (N,)."""
        if self.images:
            return digits().classify(samples)
        options: RingOptions | GridOptions = self.options
        between = distances(samples, modes(options).numpy())
        return between.argmin(1), between.min(1) <= 3 * options.std

    def lost(self, classes: NDArray[np.int64], passes: NDArray[np.bool_]) -> list[int]:
        """Return the classes that are missing.

        Images: a class with less than a tenth of its share of the passing samples. Points: a mode with less than a
        twentieth of its fair share of all samples.
        """
        counts = np.bincount(classes[passes], minlength=len(self.shares))
        total, needed = (passes.sum(), LOST) if self.images else (len(passes), 0.05)
        return [int(c) for c in np.flatnonzero(self.shares > 0) if counts[c] <= needed * self.shares[c] * total]

    @cached_property
    def spread(self) -> float:
        """Mean distance between two real samples."""
        return spread(self.held)

    def course(self, samples: Array) -> dict[str, Any]:
        """Return the statistics that are computed for every snapshot."""
        classes, passes = self.classify(samples)
        passes = passes & np.isin(classes, np.flatnonzero(self.shares > 0))
        lost = self.lost(classes, passes)
        return {
            "passing": float(passes.mean()),
            "spread": spread(samples) / self.spread,
            "lost": lost,
            "lost_mass": float(self.shares[lost].sum()),
            # Median distance to the nearest real sample, relative to real data: is the run still getting closer?
            "away": float(np.median(distances(samples, self.held[:1000]).min(1)) / nearest_other(self.held[:1000])),
        }

    def detail(self, samples: Array) -> dict[str, Any]:
        """Return the statistics that are computed for the final samples only."""
        classes, passes = self.classify(samples)
        variety = [
            spread(samples[passes & (classes == c)]) / spread(self.held[self.classes == c])
            for c in np.flatnonzero(self.shares > 0)
            if (passes & (classes == c)).sum() >= 30
        ]
        size = min(len(samples), len(self.held))
        return {
            "variety": float(np.median(variety)) if variety else None,
            "repeats": nearest_other(samples[:size]) / nearest_other(self.held[:size]),
        }

    def copying(self, samples: Array, train: Array) -> float | None:
        """Return the median distance of passing samples to training data, relative to held-out data of their class.

        1: as new as held-out data. None if no sample passes.
        """
        classes, passes = self.classify(samples)
        judged = passes & np.isin(classes, np.flatnonzero(self.shares > 0))
        if not judged.any():
            return None
        usual = distances(self.held, train).min(1)
        of_class = [np.median(usual[self.classes == c]) if share else 1.0 for c, share in enumerate(self.shares)]
        return float(np.median(distances(samples, train).min(1)[judged] / np.array(of_class)[classes[judged]]))


def measure(reals: Reals, samples: Array, train: Array) -> dict[str, Any]:
    """Return the numbers that `label` is based on, from finite samples (N, F) and the training set (M, F)."""
    copying = reals.copying(samples, train) if len(train) <= FEW else None
    numbers = {**reals.course(samples), **reals.detail(samples)}
    return {**numbers, "copying": copying, "training_samples": len(train)}


def label(kind: str, numbers: Mapping[str, Any]) -> str:
    """Return the label of finite samples; the order is that of the module's table."""
    passing, lost, variety = numbers["passing"], numbers["lost_mass"], numbers["variety"]
    repeats = numbers["repeats"] if kind == "images" else 1.0
    if numbers["spread"] < TOTAL:
        return "total"
    if passing < GARBAGE[kind] or variety is None:
        return "garbage"
    if numbers["copying"] is not None and numbers["copying"] < COPIES:
        return "copies"
    if lost >= PARTIAL:
        return "partial"
    if variety < VARIETY_BAD[kind] or repeats < REPEATS_BAD:
        return "within_mode"
    varied = variety >= VARIETY_GOOD[kind] and repeats >= REPEATS_GOOD and (kind == "points" or not lost)
    return "good" if varied and passing >= PASSING[kind] else "poor"


def mechanism(experiment: Experiment, history: Mapping[str, Array]) -> str:
    """Return how the run failed, if the last fifth of its log proves it, or an empty string.

    This does not check whether the samples are bad: a winning discriminator with good samples is not a failure.
    """
    steps = len(history["step"])
    late = {name: float(column[-max(1, steps // 5) :].mean()) for name, column in history.items()}
    for name in ("d_loss", "g_loss", "grad_d", "grad_g"):
        if not np.isfinite(history[name]).all():
            return "diverged"
    for name in ("grad_d", "grad_g"):
        if np.median(history[name][-max(1, steps // 5) :]) > 100 * np.median(history[name][: max(1, steps // 2)]):
            return "diverged"
    if experiment.loss not in ("minimax", "non_saturating"):
        return ""
    if experiment.loss == "non_saturating" and late["d_loss"] < 0.02 and late["g_loss"] < 0.02:
        return "batch_norm_leak"
    if min(late["d_acc_real"], late["d_acc_fake"]) > 0.99 and late["d_loss"] < 0.1:
        return "vanishing_gradient" if experiment.loss == "minimax" else "discriminator_dominates"
    return "generator_dominates" if late["d_fake"] > 0.9 else ""


def judge(path: Path) -> Truth:
    """Label a finished run from its directory."""
    run = RunDirectory(path)
    status = run.status()
    game = load_game(run, "newest", live=True)
    experiment = game.experiment
    how = mechanism(experiment, read_history(run.history))
    samples = flat(generate(game, sample_inputs(game, SAMPLES, LATENT_SEED).inputs).numpy())
    if status.reason == "non_finite" or not np.isfinite(samples).all():
        return Truth("nonfinite", "diverged", {"step": status.step})
    data = load(experiment.data, batch_size=1)
    reals = Reals(flat(to_float(data.held_out.values)), data.held_out.labels.numpy(), experiment.data)
    numbers = measure(reals, samples, flat(to_float(data.train.values)))
    numbers["earlier"] = [
        {"step": int(file.stem.split("_")[1]), **reals.course(flat(next(iter(np.load(file).values())))[:500])}
        for file in sorted(run.samples.glob("step_*.npz"))[:-1]
    ]
    return Truth(label(reals.kind, numbers), how, numbers)
