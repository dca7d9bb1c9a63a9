"""A verdict as files: verdict.json and the pictures that show why it is true."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from ganlab.config.data import MnistOptions
from ganlab.diagnosis.drawing import draw_verdict
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.judged_folder import KEPT
from ganlab.diagnosis.places import at
from ganlab.diagnosis.verdict import Verdict
from ganlab.domain import Points
from ganlab.plots import grids
from ganlab.plots.figures import save_figure
from ganlab.plots.grids import Pixels, evenly_spaced, save_png
from ganlab.plots.shown import Shown, read_shown
from ganlab.plots.verdicts import SHEET, classes_over_time, mode_sheet, sample_sheet
from ganlab.randomness import seeded_generator
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import write_json

if TYPE_CHECKING:
    from ganlab.data.arrays import Array
    from ganlab.diagnosis.readers.samples import SampleSource

NEAR_DUPLICATE = 0.09
"""Root-mean-square difference per pixel, of pixels in [-1, 1] averaged to at most 16 x 16, below which two samples
count as near-duplicates if no reals are available: 5 % of 10,000 MNIST digits have a neighbour that near."""

FEW = 25
"""Samples next to the curves, five in a row: the first ones, which are not chosen."""

REALS = 10_000
"""Training images at most that say how near is near; all 60,000 digits would take five seconds."""


@dataclass(frozen=True)
class LastSamples:
    """Pictures of what a generator made last.

    Attributes:
        title: what they are.
        sheet: up to 100, near-duplicates underlined; or points, and how many reached each mode. None for points of a
            run whose data are not known.
        few: the first 25, five in a row, or points: uint8 (H, W, 3).
        by_step: what evenly spaced steps of a foreign run show, by rising step; a run of ours keeps that itself.
    """

    title: str
    sheet: Pixels | Figure | None
    few: Pixels
    by_step: Sequence[tuple[int, Shown]] = ()


def draw_samples(
    evidence: Evidence,
    run: RunDirectory | None,
    samples: SampleSource | None,
    tile: int | None,
    real: str | Array | None = None,
) -> LastSamples | None:
    """Draw the last samples: those of `--samples`, as `--tile` and `--real` say, else the run's own; None without any.

    Raises:
        RunError, DataError: they cannot be read.
    """
    if samples is not None:
        return other_samples(evidence, samples, tile, real)
    return None if run is None else samples_of_run(run, evidence)


def samples_of_run(run: RunDirectory, evidence: Evidence) -> LastSamples | None:
    """Draw the run's last samples; None if the run keeps none as numbers, as runs of older versions did not.

    Raises:
        RunError: their file is damaged.
    """
    kept, experiment = run.shown(), evidence.experiment
    if not kept:
        return None
    step, path = kept[-1]
    shown, title = read_shown(path), f"Samples at step {step:,}"
    if shown.images is None:
        picture = shown.picture()
        sheet = None if experiment is None else mode_sheet(picture, evidence.snapshots, title)
        return LastSamples(title, sheet, picture)
    data = experiment.data if experiment is not None else None
    return of_images(shown.images, title, data if isinstance(data, MnistOptions) else None)


def other_samples(
    evidence: Evidence, samples: SampleSource, tile: int | None, real: str | Array | None
) -> LastSamples | None:
    """Draw the last step's samples of a foreign run, cut as those that were judged; None if they are points.

    Raises:
        DataError: they cannot be read.
    """
    from ganlab.data import to_uint8
    from ganlab.diagnosis.readers.samples import load_samples
    from ganlab.diagnosis.samples import real_size

    saved = load_samples(samples, tile, real_size(real, evidence))
    step, values = saved.steps[-1]
    if isinstance(saved.domain, Points):
        return None
    # Where they stand on the axis of the log: epoch 200 may be step 10,000.
    place = at(evidence.snapshots[-1].step, evidence.unit) if evidence.snapshots else ""
    title = "Samples" if step is None else f"Samples at {place or step}"
    drawn = of_images(to_uint8(values[:SHEET]).permute(0, 2, 3, 1).numpy(), title)
    # Two pictures that stand at the same step of the log are one snapshot.
    steps = [row.step for row in evidence.snapshots] if len(evidence.snapshots) == len(saved.steps) else []
    chosen = [(steps[index], saved.steps[index][1]) for index in evenly_spaced(len(steps), KEPT)]
    return replace(drawn, by_step=[(step, Shown.of(values.numpy(), saved.domain)) for step, values in chosen])


def of_images(images: Pixels, title: str, data: MnistOptions | None = None) -> LastSamples:
    """Draw images, uint8 (N, H, W, 1 or 3), N >= 1, as `sheet_of_images` does, and the first of them alone.

    If they are blank, the title says so: their picture looks like empty space in the figure.
    """
    import torch

    from ganlab.data import to_float
    from ganlab.data.scales import shows_nothing

    if shows_nothing(to_float(torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))))):
        title += ": blank"
    return LastSamples(title, sheet_of_images(images, title, data), few_of(images))


def few_of(images: Pixels) -> Pixels:
    """Return the first 25 of images, uint8 (N, H, W, 1 or 3), N >= 1, five in a row: uint8 (H', W', 3)."""
    return grids.tile(np.broadcast_to(images[:FEW], (*images[:FEW].shape[:3], 3)), columns=5)


def sheet_of_images(images: Pixels, title: str, data: MnistOptions | None = None) -> Pixels:
    """Draw samples with near-duplicates, as `duplicate_groups` finds them, underlined in one colour a group.

    Args:
        images: uint8 (N, H, W, 1 or 3); the first 100 are shown.
        title: what they are.
        data: the real data, if they are at hand without a download.
    """
    return sample_sheet(images[:SHEET], duplicate_groups([images], data)[0], title)


def duplicate_groups(batches: Sequence[Pixels], data: MnistOptions | None = None) -> list[list[list[int]]]:
    """Return, for each batch of samples, groups of near-duplicates among its first 100, as lists of indices.

    Two samples are near-duplicates if their pixels, averaged to at most 16 x 16, are nearer than NEAR_DUPLICATE, the
    root-mean-square difference in [-1, 1]; with `data`, nearer than 5 % of its training images have a neighbour.

    Args:
        batches: images, uint8 (N, H, W, 1 or 3) each; a growing generator's differ in size.
        data: the real data, if they are at hand without a download.
    """
    import torch

    from ganlab.data.drawing import pixels
    from ganlab.evaluation.modes import near_duplicates

    found = []
    for images in (batch[:SHEET] for batch in batches):
        grey = images[..., :1] if (images == images[..., :1]).all() else images
        vectors = pixels(torch.from_numpy(np.ascontiguousarray(grey.transpose(0, 3, 1, 2))))
        threshold = NEAR_DUPLICATE * math.sqrt(vectors.shape[1]) if data is None else _measured_threshold(data)
        found.append([list(group) for group in near_duplicates(vectors, threshold)])
    return found


@cache
def _measured_threshold(data: MnistOptions) -> float:
    """Return how near 5 % of the training images have a neighbour; kept, as unpacking the digits takes longest."""
    import torch

    from ganlab.data import load
    from ganlab.data.drawing import pixels
    from ganlab.evaluation.modes import duplicate_threshold

    reals = load(data, batch_size=1).train.values
    chosen = torch.randperm(len(reals), generator=seeded_generator(0, "sheet/reals"))[:REALS]
    return duplicate_threshold(pixels(reals[chosen]), seed=0)


def nearest_training(images: Pixels, data: MnistOptions, count: int) -> Pixels | None:
    """Return the samples that are nearest to a training image, then that image of each.

    Args:
        images: uint8 (N, H, W, 1 or 3).
        data: the training data.
        count: how many samples, the nearest first.

    Returns:
        uint8 (2 K, H, W, 1), K = `count` or N; None if the data have another size.
    """
    import torch

    from ganlab.data import load, to_uint8
    from ganlab.data.drawing import pixels
    from ganlab.evaluation.copying import copy_distances

    train = load(data, batch_size=1).train.values
    samples = torch.from_numpy(np.ascontiguousarray(images[..., :1].transpose(0, 3, 1, 2)))
    if samples.shape[1:] != train.shape[1:]:
        return None
    found = copy_distances(pixels(samples), pixels(train))
    chosen = found.distances.argsort()[:count]
    nearest = train[found.indices[chosen]]
    pairs = torch.cat([samples[chosen], nearest if nearest.dtype == torch.uint8 else to_uint8(nearest)])
    return pairs.permute(0, 2, 3, 1).numpy()


def write_verdict(folder: Path, evidence: Evidence, verdict: Verdict, samples: LastSamples | None) -> list[Path]:
    """Write verdict.json, and below `plots/` the pictures that show why it is true, each atomically.

    Args:
        folder: a run, or any other folder; it is made if it is not there.
        evidence: what was judged.
        verdict: what came of it.
        samples: the last ones, as `draw_samples` draws them.

    Returns:
        What was written: verdict.json, plots/verdict.png and .svg, plots/classes.png if classes were counted,
        plots/samples.png if there is a sheet.

    Raises:
        Interrupted: the disk is full.
        OSError: the folder cannot be written.
    """
    plots = folder / "plots"
    plots.mkdir(parents=True, exist_ok=True)
    written = [RunDirectory(folder).verdict, plots / "verdict.png", plots / "verdict.svg"]
    write_json(written[0], verdict.as_json())
    few = None if samples is None else (samples.title, samples.few)
    save_figure(draw_verdict(evidence, verdict, few), plots / "verdict")
    classes = classes_over_time(evidence.snapshots)
    for name, picture in (("classes", classes), ("samples", None if samples is None else samples.sheet)):
        path = plots / f"{name}.png"
        if isinstance(picture, Figure):
            save_figure(picture, plots / name, ("png",))
        elif picture is not None:
            save_png(picture, path)
        else:
            continue
        written.append(path)
    return written
