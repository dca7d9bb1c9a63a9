"""Samples from a foreign generator, and the data they should look like: `--samples` and `--real`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.special import bdtr
from torch import Tensor

from ganlab.config.data import DataOptions
from ganlab.data import RealData, Samples, load, to_float, to_stored, to_uint8
from ganlab.data.arrays import FROM_FILES, Array, split
from ganlab.data.drawing import is_coloured, is_grey, reshaped
from ganlab.data.folder import find_images, load_as, options_to_compare
from ganlab.data.named import KNOWN_DATA, load_named, named_options
from ganlab.data.scales import other_scale, shows_nothing
from ganlab.diagnosis.alignment import align
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.readers.pictures import find_reals, folder_size, holds_grids, open_picture
from ganlab.diagnosis.readers.samples import SampleSource, SavedSamples, load_samples
from ganlab.diagnosis.sample_levels import CHANCE
from ganlab.domain import Domain, Images, Points
from ganlab.errors import DataError
from ganlab.evaluation.features import features_for
from ganlab.evaluation.statistics import Distances, SampleStatistics
from ganlab.plots.cuts import SHOWN, cut_sheet
from ganlab.plots.grids import Pixels
from ganlab.runs.snapshots import Row
from ganlab.text import excerpt, listed

COUNT = 10_000
"""Samples of a step that are judged, at most: the first ones."""

MAX_SIDE = 128
"""Longer side of the images that a folder of real ones is read as, at most: features see 28 x 28."""

KIND = 64
"""Samples, and real images, by which their kind is told."""

MOST_APART = 1000
"""Samples of a step whose distances to each other and to reals are taken, at most."""

WARMTH = 1000
"""Samples, and real images, whose pixels are compared, at most."""
SURE = 5.0
"""Standard errors by which red differs from blue, at least."""

SEEN_OFTEN = 0.05
"""Share of the samples that pass from which a class is one that they show."""

NEARLY_ALL = 0.9
"""Share of the samples that pass, in classes that they show, from which they show nothing else."""

BY_CHANCE = 1e-6
"""Chance that as many real samples show so few of the other classes, at most, for this to say anything. Small, since
any of a thousand sets of ten classes may be the one that is missing."""

STRANGE = 0.1
"""Share of the samples that pass from which a class of which there is nothing real is no slip of the classifier."""

MOSTLY = 0.5
"""Share of samples with a near-duplicate above which their classes say nothing of what a run was trained on."""

SEED = 0
"""Of the choice of reals: the same samples always get the same figures."""


@dataclass(frozen=True, eq=False)
class Compared:
    """Samples and the real data that they should look like.

    Attributes:
        saved: the samples.
        options: of the real data; None if they are no data set.
        data: the real data.
        notes: what was found.
    """

    saved: SavedSamples
    options: DataOptions | None
    data: RealData
    notes: tuple[str, ...]


class OtherKindError(DataError):
    """Samples and real images are of two kinds.

    Attributes:
        compared: both of them.
    """

    def __init__(self, message: str, hint: str, compared: Compared) -> None:
        super().__init__(message, hint)
        self.compared = compared


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
    compared = read_both(evidence, samples, real, tile)
    saved, data = compared.saved, compared.data
    _check_kinds(compared)
    steps, unit, aligned = align([step for step, _ in saved.steps], saved.unit, evidence)
    # A log of few rows can't tell apart all of the pictures.
    dated = dict(zip(steps, (values for _, values in saved.steps), strict=True))
    judged = [(step, values[:most]) for step, values in dated.items()]
    rows, more = snapshots_of(judged, saved.domain, compared.options, data, saved.columns)
    replaced = ["the snapshots of the run were replaced by --samples"] if evidence.snapshots else []
    swapped = _swapped_channels(judged[-1][1], data)
    notes = (*evidence.notes, *compared.notes, *aligned, *more, *swapped, *replaced, *data.notes)
    return replace(evidence, snapshots=tuple(rows), unit=unit, notes=notes)


def read_both(evidence: Evidence, samples: SampleSource, real: str | Array | None, tile: int | None) -> Compared:
    """Return samples and the real data that they should look like: `--real`, the run's own, or those beside them.

    Raises:
        DataError: one of them is missing, broken, or too few.
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
    return Compared(saved, options, data, (*(f"--samples: {note}" for note in (*saved.notes, *saved.chosen)), *found))


def _check_kinds(compared: Compared) -> None:
    """Refuse grey samples beside colour pictures, colours beside grey ones, and pixels on two scales.

    One of them is not what was meant. Samples that show nothing, as those of a collapsed generator do, have no kind.

    Raises:
        OtherKindError: they differ.
    """
    saved, data = compared.saved, compared.data
    if not isinstance(saved.domain, Images) or not isinstance(data.domain, Images):
        return
    steps = [values[:KIND] for _, values in saved.steps]
    empty = all(shows_nothing(values) for values in steps)
    coloured = all(is_coloured(values) for values in steps)
    real = is_coloured(to_float(data.train.values[:KIND]))
    grey = all(is_grey(values) for values in steps)
    if not empty and ((grey and real) or (coloured and data.domain.channels == 1)):
        kinds = ("grey", "in colour") if grey else ("in colour", "grey")
        raise OtherKindError(
            f"the samples are {kinds[0]} and the real images {kinds[1]}",
            "name with --real the images that the generator was trained on, as it was given them",
            compared,
        )
    if mistake := other_scale(saved.steps[-1][1][:WARMTH], to_float(data.train.values[:WARMTH])):
        raise OtherKindError(*mistake, compared)


def _swapped_channels(values: Tensor, data: RealData) -> list[str]:
    """Return a note if samples (N, C, H, W) in [-1, 1] are as blue as the reals are red, or the reverse."""
    if values.ndim != 4 or values.shape[1] != 3 or data.domain.shape[0] != 3:
        return []
    reals = to_float(data.train.values[:WARMTH])
    warmth, of_real = ((each[:, 0] - each[:, 2]).mean(dim=(1, 2)) for each in (values[:WARMTH], reals))
    if min(map(len, (warmth, of_real))) < FROM_FILES.fewest:
        return []
    sure = all(abs(each.mean()) > SURE * each.std() / len(each) ** 0.5 for each in (warmth, of_real))
    if not sure or abs(warmth.mean() + of_real.mean()) > abs(of_real.mean()) / 2:
        return []
    return [
        f"red and blue of the samples seem to be swapped, as OpenCV writes them: red minus blue is "
        f"{float(warmth.mean()):+.2f} on average, and {float(of_real.mean()):+.2f} in the real images"
    ]


def sheet_of_both(compared: Compared) -> Pixels:
    """Draw how pictures were cut, and the first samples of the last step, as they are judged, above real images."""
    saved, reals = compared.saved, to_float(compared.data.train.values[:SHOWN])
    judged, _ = as_real(saved.steps[-1][1][:SHOWN], saved.domain, compared.data.domain)
    kinds = [("samples of the last step, as they are judged", judged), ("real images", reals)]
    return cut_sheet(saved.cuts, [(heading, _shown(values)) for heading, values in kinds])


def _shown(values: Tensor) -> Pixels:
    """Return images (N, C, H, W) in [-1, 1] as (N, H, W, C); points have no pictures."""
    if values.ndim != 4:
        return np.zeros((0, 1, 1, 1), np.uint8)
    return to_uint8(values).permute(0, 2, 3, 1).numpy()


def real_size(real: str | Array | None, evidence: Evidence) -> tuple[int, int] | None:
    """Return height and width of the real images, if they are known before the samples are.

    Raises:
        DataError: they cannot be read.
    """
    if real is None:
        domain = evidence.experiment.data.domain if evidence.experiment is not None else None
    elif isinstance(real, str) and os.path.isdir(real):
        if not holds_grids(Path(real)):
            return folder_size(Path(real))
        domain = load_samples(Path(real), kind="real").domain
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
    samples: Sequence[tuple[int, Tensor]],
    domain: Domain,
    options: DataOptions | None,
    real: RealData,
    columns: int | None = None,
) -> tuple[list[Row], list[str]]:
    """Return a snapshot row a step, thorough for the last one, and notes on what was changed to compare.

    Samples that stand on a sheet in rows of `columns`, sorted so that those of a row or column are alike, may be so by
    design: of a class, or with the same latent. Whether they repeat each other by accident cannot be told.

    Raises:
        DataError: one of them images, the other points.
    """
    features = features_for(options, real)
    rows: list[Row] = []
    notes: list[str] = []
    classes = len(real.train.class_names)
    if classes > 1 and not features.class_names:
        notes.append(f"the features cannot tell the {classes} classes of the real images apart: no class is counted")
    counts: dict[int, tuple[SampleStatistics, Distances]] = {}
    for index, (step, values) in enumerate(samples):
        alike, changes = as_real(values, domain, real.domain)
        notes += [change for change in changes if change not in notes]
        if len(alike) not in counts:
            counts[len(alike)] = (
                SampleStatistics(features, real.train, real.held_out, len(alike), SEED),
                Distances(real.train, real.held_out, min(len(alike), MOST_APART), SEED),
            )
        statistics, distances = counts[len(alike)]
        row = statistics.row(alike, thorough=index == len(samples) - 1, columns=columns)
        row |= distances.row(alike[:MOST_APART])
        protocol = {"features": features.name, "n_fake": len(alike), "generator": "as given"}
        rows.append(Row({"step": step, **row, "protocol": protocol}))
    last = samples[-1][1]
    if len(last) > 1 and bool((last == last[:1]).all()):
        notes.append(f"the {len(last):,} samples of the last step are equal in every pixel: is z drawn anew for each?")
    notes += _on_classes(rows[-1], options)
    return sorted_alike(rows, notes)


def _on_classes(row: Row, options: DataOptions | None) -> list[str]:
    """Say what the classes of the last samples raise as a question about the data that they are held against.

    Nobody but the user knows what a run was trained on: a good generator of threes and fives has lost eight of ten
    digits; held against threes alone, half of what it makes is strange.
    """
    counts, real, names = (row.get(key) or () for key in ("class_counts", "class_shares_real", "classes"))
    passing, repeats = sum(counts), row.number("near_duplicates") or 0
    selectable = options is None or options.name not in KNOWN_DATA or "classes" in type(options).model_fields
    if not passing or not len(counts) == len(real) == len(names) or repeats > MOSTLY or not selectable:
        return []
    strange = [place for place, count in enumerate(counts) if not real[place] and count >= STRANGE * passing]
    if strange:
        share = sum(counts[place] for place in strange) / passing
        return [
            f"{100 * share:.0f} % of the last samples that pass show {listed([str(names[each]) for each in strange])}, "
            "of which --real holds none: name all that the run was trained on"
        ]
    shown = [place for place, count in enumerate(counts) if count >= SEEN_OFTEN * passing]
    among = sum(counts[place] for place in shown)
    # How likely as many real samples would show so few of the other classes.
    chance = bdtr(passing - among, passing, max(0.0, 1 - sum(real[place] for place in shown)))
    if among < NEARLY_ALL * passing or chance > BY_CHANCE:
        return []
    words = ",".join(str(names[place]) for place in shown)
    known = f'--real "{options.name}[{words}]"' if options is not None and options.name in KNOWN_DATA else ""
    return [
        f"{100 * among / passing:.0f} % of the last samples that pass show "
        f"{listed([str(names[place]) for place in shown])}; if the run was trained on nothing else, say so: "
        f"{known or '--real with a folder of these classes alone'}"
    ]


def sorted_alike(rows: Sequence[Row], notes: list[str]) -> tuple[list[Row], list[str]]:
    """Return rows that all say how their sheets are sorted, as most of those with repeats do, and a note if so."""
    chances = [(row, row.number("repeats_chance")) for row in rows]
    told = Counter(row.get("sorted_by") for row, chance in chances if chance is not None and chance < CHANCE)
    order, count = told.most_common(1)[0] if told else (None, 0)
    plain = [Row({key: value for key, value in row.items() if key != "sorted_by"}) for row in rows]
    if order is None or 2 * count <= told.total():
        return plain, notes
    note = f"images in the same {order[:-1]} of a sheet are alike, as if by design: no repeats are counted"
    return [Row({**row, "sorted_by": order}) for row in plain], [*notes, note]


def as_real(values: Tensor, domain: Domain, real: Domain) -> tuple[Tensor, list[str]]:
    """Return samples in the real data's domain, and notes on what that took: grey or repeated channels, another size.

    Raises:
        DataError: one of them images, the other points.
    """
    if isinstance(domain, Points) and isinstance(real, Points):
        return values, []
    if isinstance(domain, Points) or isinstance(real, Points):
        raise DataError(f"the samples are {domain.noun} and the real data {real.noun}", "name other data with --real")
    notes: list[str] = []
    if domain.channels == 3 and real.channels == 1:
        notes.append("samples have three channels and the real data one: grey was taken")
    elif domain.channels == 1 and real.channels == 3:
        notes.append("samples have one channel and the real data three: it was repeated")
    if (domain.height, domain.width) != (real.height, real.width):
        notes.append(
            f"samples were resized from {domain.height} x {domain.width} to {real.height} x {real.width} pixels"
        )
    return reshaped(values, real), notes


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
        return None, _taken(load_samples(real, kind="real"))
    named = load_named(real)
    if named is not None:
        return named
    if os.path.isdir(real):
        if isinstance(domain, Points):
            raise DataError("the samples are points and --real is a folder of images", "name ring or grid")
        if holds_grids(Path(real)):
            saved = load_samples(Path(real), size=(domain.height, domain.width), kind="real")
            return None, replace(_taken(saved), notes=tuple(f"--real: {note}" for note in saved.notes))
        options = options_to_compare(real)
        if domain.channels == 1 and is_coloured(first_pictures(Path(real))):
            domain = replace(domain, channels=3)
        return options, load_as(shrunk(domain), options)
    if os.path.isfile(real):
        return None, _taken(load_samples(Path(real), kind="real"))
    raise DataError(
        f"--real {excerpt(real)}: no such data set, folder or file",
        f"name one of {', '.join(KNOWN_DATA)}, classes as in mnist[3,8], a folder of images, an NPZ or a grid",
    )


def first_pictures(folder: Path) -> Tensor:
    """Return some pictures of a folder, small, (N, 3, 16, 16) in [-1, 1]; N is 0 if none can be read."""
    found = []
    for file in find_images(folder)[: FROM_FILES.fewest]:
        try:
            pixels, _ = open_picture(folder / file.path)
        except DataError:
            continue
        small = Image.fromarray(pixels).convert("RGB").resize((16, 16))
        found.append(torch.from_numpy(np.array(small)).permute(2, 0, 1))
    return to_float(torch.stack(found)) if found else torch.zeros(0, 3, 16, 16)


def _taken(saved: SavedSamples) -> RealData:
    """Return samples as real data, of one class if nothing says theirs."""
    values = to_stored(torch.cat([values for _, values in saved.steps]), saved.domain)
    labels = torch.zeros(len(values), dtype=torch.int64) if saved.labels is None else saved.labels
    names = ("real",) if saved.labels is None else tuple(map(str, range(int(labels.max()) + 1)))
    notes = tuple(f"--real: {note}" for note in saved.chosen)
    return replace(split(Samples(values, labels, names, saved.domain), SEED), notes=notes)


def shrunk(images: Images) -> Images:
    """Return images of the same aspect ratio, their longer side at most MAX_SIDE pixels."""
    scale = min(1.0, MAX_SIDE / max(images.height, images.width))
    return replace(images, height=max(1, round(images.height * scale)), width=max(1, round(images.width * scale)))
