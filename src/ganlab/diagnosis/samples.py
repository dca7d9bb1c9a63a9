"""Samples from a foreign generator, and the data they should look like: `--samples` and `--real`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ganlab.config.data import DataOptions, FolderOptions
from ganlab.data import RealData, Samples, load, to_stored
from ganlab.data.arrays import Array, held_out_share, split
from ganlab.data.folder import find_images, load_as
from ganlab.data.named import KNOWN_DATA, load_named, named_options
from ganlab.diagnosis.alignment import align
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.readers.pictures import find_reals, folder_size
from ganlab.diagnosis.readers.samples import SampleSource, SavedSamples, load_samples
from ganlab.domain import Domain, Images, Points
from ganlab.errors import DataError
from ganlab.evaluation.features import features_for
from ganlab.evaluation.statistics import SampleStatistics
from ganlab.runs.snapshots import Row
from ganlab.text import excerpt

COUNT = 10_000
"""Samples of a step that are judged, at most: the first ones."""

MAX_SIDE = 128
"""Longer side of the images that a folder of real ones is read as, at most: features see 28 x 28."""

SEED = 0
"""Of the choice of reals: the same samples always get the same figures."""


def with_samples(
    evidence: Evidence, samples: SampleSource, real: str | Array | None, tile: int | None, most: int = COUNT
) -> Evidence:
    """Return the evidence with a snapshot a step of the samples, in place of any that the run made itself.

    Args:
        evidence: of the run.
        samples, real, tile: as `--samples`, `--real` and `--tile` say.
        most: samples of a step that are judged, at most.

    Raises:
        DataError: the samples or the real data are missing, broken, too few, or of another kind than each other.
    """
    saved = load_samples(samples, tile, real_size(real, evidence))
    found: tuple[str, ...] = ()
    if real is not None:
        options, data = load_real(real, saved.domain)
    elif evidence.experiment is not None:
        options = evidence.experiment.data
        data = load(options, 2)
    elif isinstance(samples, Path) and (beside := find_reals(samples)) is not None:
        options, (data, found) = None, _beside(beside, saved.domain, tile)
    else:
        raise DataError(
            "samples can be judged only against the data they should look like",
            "name them with --real (`real` in Python): mnist, mnist[3,8], a folder of images, an NPZ or a grid",
        )
    steps, unit, aligned = align([step for step, _ in saved.steps], saved.unit, evidence)
    # A log of few rows can't tell apart all of the pictures.
    dated = dict(zip(steps, (values for _, values in saved.steps), strict=True))
    rows, more = snapshots_of([(step, values[:most]) for step, values in dated.items()], saved.domain, options, data)
    replaced = ["the snapshots of the run were replaced by --samples"] if evidence.snapshots else []
    seen = [f"--samples: {note}" for note in saved.notes]
    notes = (*evidence.notes, *seen, *found, *aligned, *more, *replaced, *data.notes)
    return replace(evidence, snapshots=tuple(rows), unit=unit, notes=notes)


def real_size(real: str | Array | None, evidence: Evidence) -> tuple[int, int] | None:
    """Return height and width of the real images, if they are known before the samples are.

    Raises:
        DataError: they cannot be read.
    """
    if real is None:
        domain = evidence.experiment.data.domain if evidence.experiment is not None else None
    elif isinstance(real, str) and os.path.isdir(real):
        return folder_size(Path(real))
    elif isinstance(real, str) and (options := named_options(real)) is not None:
        domain = options.domain
    else:
        domain = load_real(real, Points())[1].domain
    return (domain.height, domain.width) if isinstance(domain, Images) else None


def _beside(path: Path, domain: Domain, tile: int | None) -> tuple[RealData, tuple[str, ...]]:
    """Return the real images that lie beside the samples, and what was found.

    Raises:
        DataError: they cannot be read.
    """
    if isinstance(domain, Points):
        raise DataError(f"the samples are points, and {excerpt(str(path))} holds images", "name the reals with --real")
    saved = load_samples(path, tile, (domain.height, domain.width))
    return _taken(saved), (
        f"no --real is given: {excerpt(str(path))} is taken",
        *(f"--real: {note}" for note in saved.notes),
    )


def snapshots_of(
    samples: Sequence[tuple[int, Tensor]], domain: Domain, options: DataOptions | None, real: RealData
) -> tuple[list[Row], list[str]]:
    """Return a snapshot row a step, thorough for the last one, and notes on what was changed to compare.

    Raises:
        DataError: one of them images, the other points.
    """
    features = features_for(options, real)
    rows: list[Row] = []
    notes: list[str] = []
    counts: dict[int, SampleStatistics] = {}
    for index, (step, values) in enumerate(samples):
        alike, changes = as_real(values, domain, real.domain)
        notes += [change for change in changes if change not in notes]
        if len(alike) not in counts:
            counts[len(alike)] = SampleStatistics(features, real.train, real.held_out, len(alike), SEED)
        row = counts[len(alike)].row(alike, thorough=index == len(samples) - 1)
        protocol = {"features": features.name, "n_fake": len(alike), "generator": "as given"}
        rows.append(Row({"step": step, **row, "protocol": protocol}))
    return rows, notes


def as_real(values: Tensor, domain: Domain, real: Domain) -> tuple[Tensor, list[str]]:
    """Return samples in the real data's domain, and notes on what that took: grey or repeated channels, another size.

    Grey is the first of three equal channels, else .299 R + .587 G + .114 B (ITU-R BT.601); sizes are changed by
    bilinear interpolation, antialiased.

    Raises:
        DataError: one of them images, the other points.
    """
    if isinstance(domain, Points) and isinstance(real, Points):
        return values, []
    if isinstance(domain, Points) or isinstance(real, Points):
        raise DataError(f"the samples are {domain.noun} and the real data {real.noun}", "name other data with --real")
    notes: list[str] = []
    if domain.channels == 3 and real.channels == 1:
        equal = bool((values[:, 1:] == values[:, :1]).all())
        weights = torch.tensor([1.0, 0.0, 0.0] if equal else [0.299, 0.587, 0.114]).view(1, 3, 1, 1)
        values = (values * weights).sum(1, keepdim=True)
        notes.append("samples have three channels and the real data one: grey was taken")
    elif domain.channels == 1 and real.channels == 3:
        values = values.expand(-1, 3, -1, -1)
        notes.append("samples have one channel and the real data three: it was repeated")
    size = (real.height, real.width)
    if (domain.height, domain.width) != size:
        notes.append(
            f"samples were resized from {domain.height} x {domain.width} to {real.height} x {real.width} pixels"
        )
        values = interpolate(values, size, mode="bilinear", antialias=True)
    return values.contiguous(), notes


# --real


def load_real(real: str | Array, domain: Domain) -> tuple[DataOptions | None, RealData]:
    """Load real data: a data set by name, `mnist`, some of its classes, `mnist[3,8]`; a folder of images; or an NPZ.

    Args:
        real: what `--real` says, or an array that a program has at hand.
        domain: of the samples; a folder is read as such images, shrunk to at most 128 pixels a side.

    Returns:
        The options of data that have a name, None of an NPZ; and the data.

    Raises:
        DataError: none of these, or it cannot be read.
    """
    if not isinstance(real, str):
        return None, _taken(load_samples(real))
    named = load_named(real)
    if named is not None:
        return named
    if os.path.isdir(real):
        if isinstance(domain, Points):
            raise DataError("the samples are points and --real is a folder of images", "name ring or grid")
        share = held_out_share(len(find_images(Path(real))))
        options = FolderOptions(name="folder", path=real, held_out=share)
        return options, load_as(shrunk(domain), options)
    if os.path.isfile(real):
        return None, _taken(load_samples(Path(real)))
    raise DataError(
        f"--real {excerpt(real)}: no such data set, folder or file",
        f"name one of {', '.join(KNOWN_DATA)}, classes as in mnist[3,8], a folder of images, an NPZ or a grid",
    )


def _taken(saved: SavedSamples) -> RealData:
    """Return samples as real data of one class."""
    values = to_stored(torch.cat([values for _, values in saved.steps]), saved.domain)
    labels = torch.zeros(len(values), dtype=torch.int64)
    return split(Samples(values, labels, ("real",), saved.domain), SEED)


def shrunk(images: Images) -> Images:
    """Return images of the same aspect ratio, their longer side at most MAX_SIDE pixels."""
    scale = min(1.0, MAX_SIDE / max(images.height, images.width))
    return replace(images, height=max(1, round(images.height * scale)), width=max(1, round(images.width * scale)))
