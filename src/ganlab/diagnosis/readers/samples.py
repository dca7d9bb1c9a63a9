"""Samples that a foreign generator made, and the real data they are to look like: `--samples` and `--real`."""

from __future__ import annotations

import hashlib
import os
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from pydantic import ValidationError
from torch import Tensor
from torch.nn.functional import interpolate

from ganlab.config.data import DATA, DataOptions, FolderOptions
from ganlab.data import RealData, Samples, load, to_uint8
from ganlab.data.folder import FORMATS, find_images
from ganlab.data.selection import fingerprint, hold_out, take
from ganlab.diagnosis.evidence import Evidence
from ganlab.errors import DataError
from ganlab.evaluation.features import features_for
from ganlab.evaluation.statistics import SampleStatistics
from ganlab.runs.snapshots import Row
from ganlab.text import excerpt

FEWEST = 16
"""Samples of a step under which nothing can be said of them."""

MAX_VALUES = 1 << 28
"""Numbers that a file or folder of samples may hold: 342,000 images of MNIST, 1 GiB as float32."""

MAX_SIDE = 1024
"""Pixels of an image's side, at most."""

COUNT = 10_000
"""Samples of a step that are judged, at most: the first ones."""

HELD_OUT = 0.2
"""Share of a folder or array of real images that counts as never trained on."""

SLACK = 1e-3
"""How far beyond its range a pixel may lie by rounding."""

SEED = 0
"""Of the choice of reals: the same samples always get the same figures."""

NAME = re.compile(r"(?P<name>\w{1,40})(?:\[(?P<classes>[^\[\]]{1,200})\])?")

Steps = list[tuple[int | None, Tensor]]
"""Samples by rising step: images float32 (N, C, H, W) in [-1, 1], C = 1 or 3, or points (N, 2). The step is None where
the file does not say it; only a single sample lacks it."""


def with_samples(evidence: Evidence, samples: Path, real: str | None, tile: int | None) -> Evidence:
    """Return the evidence with a snapshot a step of the samples, in place of any that the run made itself.

    Raises:
        DataError: the samples or the real data are missing, broken, too few, or of another kind than each other.
    """
    found, notes = load_samples(samples, tile)
    shape = tuple(found[0][1].shape[1:])
    if real is not None:
        options, data = load_real(real, shape)
    elif evidence.experiment is not None:
        options = evidence.experiment.data
        data = load(options, 2)
    else:
        raise DataError(
            "--samples can be judged only beside the data they are to look like",
            "name them with --real: mnist, mnist[3,8], a folder of images, or an NPZ",
        )
    dated = [(evidence.last_step if step is None else step, each) for step, each in found]
    rows, more = snapshots_of(dated, options, data)
    replaced = ["the snapshots of the run were replaced by --samples"] if evidence.snapshots else []
    return replace(evidence, snapshots=tuple(rows), notes=(*evidence.notes, *notes, *more, *replaced, *data.notes))


def snapshots_of(
    samples: Sequence[tuple[int, Tensor]], options: DataOptions, real: RealData
) -> tuple[list[Row], list[str]]:
    """Return a snapshot row a step, thorough for the last one, and notes on what was changed to compare.

    Raises:
        DataError: images beside points.
    """
    features = features_for(options, real)
    shape = tuple(real.train.values.shape[1:])
    rows: list[Row] = []
    notes: list[str] = []
    counts: dict[int, SampleStatistics] = {}
    for index, (step, values) in enumerate(samples):
        alike, changes = as_real(values[:COUNT], shape)
        notes += [change for change in changes if change not in notes]
        if len(alike) not in counts:
            counts[len(alike)] = SampleStatistics(features, real.train, real.held_out, len(alike), SEED)
        row = counts[len(alike)].row(alike, thorough=index == len(samples) - 1)
        protocol = {"features": features.name, "n_fake": len(alike), "generator": "as given"}
        rows.append(Row({"step": step, **row, "protocol": protocol}))
    return rows, notes


def as_real(values: Tensor, shape: tuple[int, ...]) -> tuple[Tensor, list[str]]:
    """Return samples in the shape of real ones, and notes on what that took: grey or repeated channels, another size.

    Grey is the first of three equal channels, else .299 R + .587 G + .114 B (ITU-R BT.601); sizes are changed by
    bilinear interpolation, antialiased.

    Raises:
        DataError: images beside points.
    """
    if (values.dim() == 4) != (len(shape) == 3):
        kinds = ("images", "points") if values.dim() == 4 else ("points", "images")
        raise DataError(f"the samples are {kinds[0]} and the real data {kinds[1]}", "name other data with --real")
    notes: list[str] = []
    if len(shape) == 1:
        return values, notes
    if values.shape[1] == 3 and shape[0] == 1:
        equal = bool((values[:, 1:] == values[:, :1]).all())
        weights = torch.tensor([1.0, 0.0, 0.0] if equal else [0.299, 0.587, 0.114]).view(1, 3, 1, 1)
        values = (values * weights).sum(1, keepdim=True)
        notes.append("samples have three channels and the real data one: grey was taken")
    elif values.shape[1] == 1 and shape[0] == 3:
        values = values.expand(-1, 3, -1, -1)
        notes.append("samples have one channel and the real data three: it was repeated")
    if tuple(values.shape[2:]) != shape[1:]:
        notes.append(f"samples were resized from {_size(values)} to {shape[1]} x {shape[2]} pixels")
        values = interpolate(values, shape[1:], mode="bilinear", antialias=True)
    return values.contiguous(), notes


def _size(values: Tensor) -> str:
    return f"{values.shape[2]} x {values.shape[3]}"


# --real


def load_real(text: str, shape: tuple[int, ...]) -> tuple[DataOptions, RealData]:
    """Load real data: a data set by name, `mnist`, some of its classes, `mnist[3,8]`; a folder of images; or an NPZ.

    Args:
        text: what `--real` says.
        shape: of one sample; a folder is read at the nearest size that ganlab knows, grey where the samples are.

    Returns:
        The data's options, which name an NPZ `array`, and the data.

    Raises:
        DataError: none of these, or it cannot be read.
    """
    path = Path(text)
    match = NAME.fullmatch(text.strip())
    if match and match["name"] in DATA and match["name"] != "folder":
        return _named(match["name"], match["classes"])
    if os.path.isdir(path):
        if len(shape) != 3:
            raise DataError("the samples are points and --real is a folder of images", "name ring or grid")
        sizes: tuple[int, ...] = (28, 32, 64, 128)
        nearest = min(sizes, key=lambda size: abs(size - shape[1]))
        values = {"name": "folder", "path": text, "image_size": nearest, "grayscale": shape[0] == 1}
        options = FolderOptions.model_validate({**values, "held_out": HELD_OUT})
        return options, load(options, 2)
    if os.path.isfile(path):
        found, _ = load_samples(path, None)
        return DataOptions(name="array"), _split(torch.cat([values for _, values in found]))
    names = ", ".join(name for name in DATA if name != "folder")
    raise DataError(
        f"--real {excerpt(text)}: no such data set, folder or file",
        f"name one of {names}, classes as in mnist[3,8], a folder of images, or an NPZ",
    )


def _named(name: str, classes: str | None) -> tuple[DataOptions, RealData]:
    values: dict[str, Any] = {"name": name}
    if classes:
        words = [word.strip() for word in classes.split(",")]
        values["classes"] = tuple(int(word) if word.isdecimal() else word for word in words)
    try:
        options = DATA[name].options.model_validate(values)
    except ValidationError as error:
        raise DataError(
            f"--real {name}[{excerpt(classes or '')}]: {name} has no classes to choose from", f"name it alone: {name}"
        ) from error
    return options, load(options, 2)


def _split(values: Tensor) -> RealData:
    """Return real images or points as data of one class, HELD_OUT of them set aside at random."""
    images = values.dim() == 4
    kept = to_uint8(values) if images else values
    everything = Samples(kept, torch.zeros(len(kept), dtype=torch.int64), ("real",))
    rows, held = hold_out(torch.arange(len(kept)), HELD_OUT, SEED)
    content = hashlib.sha256(kept.numpy().tobytes()).hexdigest()
    return RealData(take(everything, rows), take(everything, held), fingerprint(content, rows))


# --samples


@dataclass(frozen=True, eq=False)
class Raw:
    """An array as a file holds it.

    Attributes:
        name: the array's own, or the file's.
        step: the number in the name, None where it says none.
        values: of any shape and type.
    """

    name: str
    step: int | None
    values: NDArray[Any]


def load_samples(path: Path, tile: int | None) -> tuple[Steps, list[str]]:
    """Read samples: a folder of images or of NPZs, an NPZ or NPY, or with `tile` a picture that holds a grid.

    Args:
        path: file or folder.
        tile: side of an image in the grid, in pixels; gaps of up to 8 pixels between images are found.

    Returns:
        The samples by rising step, and notes: which layout and range was seen, what was left out.

    Raises:
        DataError: nothing there, too few or too many samples, pickled or broken files, a shape, type or range that
            cannot be told, NaN or infinities.
    """
    shown = excerpt(str(path))
    if os.path.isdir(path):
        archives = sorted(each for each in path.iterdir() if each.suffix.lower() in (".npz", ".npy"))
        raws = [raw for each in archives for raw in _arrays(each)] if archives else [_images(path)]
    elif not os.path.isfile(path):
        raise DataError(f"--samples: there is no file or folder {shown}", "name a folder of images, an NPZ or a grid")
    elif tile is not None:
        raws = [_grid(path, tile)]
    else:
        raws = list(_arrays(path))
    if not raws:
        raise DataError(f"{shown} holds no arrays", "save samples with numpy.savez(path, step_1000=samples)")
    if sum(raw.values.size for raw in raws) > MAX_VALUES:
        raise DataError(f"{shown} holds more than {MAX_VALUES:,} numbers", "give fewer samples; 10,000 a step will do")
    values, note = _in_range(raws, shown)
    steps = [raw.step for raw in raws] if len(raws) > 1 else [_own_step(raws[0])]
    if len(raws) > 1 and (None in steps or len(set(steps)) < len(steps)):
        names = ", ".join(excerpt(raw.name, 40) for raw in raws[:5])
        raise DataError(
            f"{shown}: the steps of its {len(raws)} arrays cannot be told from their names: {names}",
            "name each after its step: step_1000",
        )
    ordered = sorted(zip(steps, values, strict=True), key=lambda pair: pair[0] or 0)
    return ordered, [f"--samples: {note}"]


def _own_step(raw: Raw) -> int | None:
    """Return the step of an array that is alone; the number NumPy gives to an array without a name is none."""
    return None if re.fullmatch(r"arr_[0-9]+", raw.name) else raw.step


def _in_range(raws: Sequence[Raw], shown: str) -> tuple[list[Tensor], str]:
    """Return all arrays as float32 images (N, C, H, W) in [-1, 1] or points (N, 2), and how they were understood.

    The range is judged over all arrays together: an untrained generator's few levels tell nothing.
    """
    shapes = {raw.values.shape[1:] for raw in raws}
    kinds = {raw.values.dtype for raw in raws}
    if len(shapes) > 1 or len(kinds) > 1:
        raise DataError(f"the arrays of {shown} are not of one shape and type", "save samples of one kind a file")
    few = min(raws, key=lambda raw: len(raw.values) if raw.values.ndim else 0)
    if few.values.ndim == 0 or len(few.values) < FEWEST:
        count = len(few.values) if few.values.ndim else 1
        raise DataError(
            f"{shown} holds {count} samples" + (f" in {excerpt(few.name, 40)}" if len(raws) > 1 else ""),
            f"give at least {FEWEST} a step, and 1,000 or more for a verdict that means much",
        )
    layout = _layout(raws[0].values.shape, shown)
    arrays = [_channels_first(raw.values, layout) for raw in raws]
    kind = arrays[0].dtype
    if kind.kind not in "buif":
        raise DataError(f"{shown} holds {excerpt(str(kind))}, not numbers", "save samples as uint8 or float32")
    if kind.kind == "f" and not all(np.isfinite(array).all() for array in arrays):
        raise DataError(f"{shown} holds NaN or infinite numbers", "the samples themselves are broken: diagnose the log")
    low, high = float(min(a.min() for a in arrays)), float(max(a.max() for a in arrays))
    if layout == "points":
        return [torch.from_numpy(array.astype(np.float32)) for array in arrays], "points"
    if kind.kind == "f":
        if -1 - SLACK <= low < 0 and high <= 1 + SLACK:
            scale, said = (1.0, 0.0), "[-1, 1]"
        elif low >= 0 and high <= 1 + SLACK:
            scale, said = (2.0, -1.0), "[0, 1]"
        else:
            raise DataError(
                f"{shown} holds floats from {low:.4g} to {high:.4g}, neither [0, 1] nor [-1, 1]",
                "bring them into [-1, 1], or save 0 to 255 as uint8",
            )
    elif kind.kind == "b":
        scale, said = (2.0, -1.0), "false and true"
    elif low >= 0 and high <= 255:
        scale, said = (1 / 127.5, -1.0), "whole numbers, 0 to 255"
    else:
        raise DataError(f"{shown} holds whole numbers from {low:g} to {high:g}", "images of bytes run from 0 to 255")
    factor, offset = scale
    images = [torch.from_numpy(a.astype(np.float32)).mul_(factor).add_(offset).clamp_(-1, 1) for a in arrays]
    return images, f"images of {said}, {layout}"


def _layout(shape: tuple[int, ...], shown: str) -> str:
    """Return how an array's axes are to be read: points, N,H,W, N,H,W,C or N,C,H,W.

    Raises:
        DataError: in none of these ways.
    """
    if len(shape) == 2 and shape[1] == 2:
        return "points"
    layout = ""
    if len(shape) == 3:
        layout = "N,H,W"
    elif len(shape) == 4 and shape[1] in (1, 3):
        layout = "N,C,H,W"
    elif len(shape) == 4 and shape[3] in (1, 3):
        layout = "N,H,W,C"
    sides = {"N,H,W": shape[1:], "N,C,H,W": shape[2:], "N,H,W,C": shape[1:3]}.get(layout, ())
    if not layout or not all(4 <= side <= MAX_SIDE for side in sides):
        raise DataError(
            f"{shown} holds an array of shape {excerpt(str(shape), 60)}",
            "images are N,H,W or N,H,W,C or N,C,H,W with 1 or 3 channels and sides of 4 to 1024; points are N,2",
        )
    return layout


def _channels_first(values: NDArray[Any], layout: str) -> NDArray[Any]:
    if layout == "N,H,W":
        return values[:, None]
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2)) if layout == "N,H,W,C" else values


# Files


def _number_in(name: str) -> int | None:
    """Return the last number in a name."""
    found = re.findall(r"[0-9]{1,15}", name)
    return int(found[-1]) if found else None


def _arrays(path: Path) -> Iterator[Raw]:
    """Yield the arrays of an NPZ or NPY; each one's size is checked before a byte of it is read.

    Raises:
        DataError: it is neither, broken, pickled, or too large.
    """
    shown = excerpt(str(path))
    try:
        with open(path, "rb") as file:
            if file.read(6) == np.lib.format.MAGIC_PREFIX:
                file.seek(0)
                yield Raw(path.stem, _number_in(path.stem), _array(file, shown, os.path.getsize(path)))
                return
        if not zipfile.is_zipfile(path):
            raise DataError(
                f"{shown} is no NPZ", "name a folder of images or an NPZ; a picture of a grid needs --tile, such as 28"
            )
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                name = entry.filename.removesuffix(".npy")
                if name == entry.filename:
                    continue
                with archive.open(entry) as member:
                    values = _array(member, shown, entry.file_size)
                number = _number_in(name)
                yield Raw(name, _number_in(path.stem) if number is None else number, values)
    except DataError:
        raise
    except (OSError, ValueError, EOFError, RuntimeError, NotImplementedError, SyntaxError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{shown} cannot be read: {excerpt(str(error), 200)}", "save it anew with numpy.savez"
        ) from error


def _array(file: IO[bytes], shown: str, size: int) -> NDArray[Any]:
    """Read one array of the NPY format, never a pickled one.

    Raises:
        DataError: it holds objects, says it is larger than MAX_VALUES, or is larger than its file.
        ValueError: it is broken.
    """
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, kind = read_header(file)
    if kind.hasobject or kind.kind not in "buif":
        raise DataError(f"{shown} holds {excerpt(str(kind), 40)}, not numbers", "save samples as uint8 or float32")
    count = 1
    for side in shape:
        count *= side
    if count > MAX_VALUES or count * kind.itemsize > size:
        raise DataError(
            f"{shown} says that it holds {count:,} numbers",
            f"at most {MAX_VALUES:,} are read, and no more than are there",
        )
    content = file.read(count * kind.itemsize)
    return np.frombuffer(content, dtype=kind, count=count).reshape(shape, order="F" if fortran else "C")


def _images(folder: Path) -> Raw:
    """Read a folder of images of one size.

    Raises:
        DataError: there is none, one is broken, or their sizes differ.
    """
    files = find_images(folder)
    pixels: list[NDArray[np.uint8]] = []
    for file in files:
        read = _picture(folder / file.path)
        if pixels and read.shape[:2] != pixels[0].shape[:2]:
            raise DataError(
                f"{excerpt(str(folder))}: {excerpt(file.path)} is {read.shape[1]} x {read.shape[0]} pixels, and "
                f"those before it {pixels[0].shape[1]} x {pixels[0].shape[0]}",
                "save all samples at one size",
            )
        if (len(pixels) + 1) * read.size > MAX_VALUES:
            raise DataError(f"{excerpt(str(folder))} holds more images than can be read", "give 10,000 of them")
        pixels.append(read)
    return Raw(folder.name, None, _one_kind(pixels))


def _one_kind(pixels: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return images (N, H, W), grey where all of them are, else (N, H, W, 3)."""
    if all(each.ndim == 2 for each in pixels):
        return np.stack(pixels)
    return np.stack([each if each.ndim == 3 else np.repeat(each[:, :, None], 3, axis=2) for each in pixels])


def _picture(path: Path, limit: int = MAX_SIDE) -> NDArray[np.uint8]:
    """Return a picture as (H, W), grey, or (H, W, 3); transparency is laid on white.

    Raises:
        DataError: it is none, or a side is longer than `limit`.
    """
    shown = excerpt(str(path))
    try:
        with warnings.catch_warnings(), Image.open(path, formats=FORMATS) as opened:
            warnings.simplefilter("ignore")
            if max(opened.size) > limit:
                raise DataError(
                    f"{shown} is {opened.width} x {opened.height} pixels", f"at most {limit} a side are read"
                )
            grey = opened.mode in ("1", "L")
            if opened.mode in ("RGBA", "LA", "PA") or "transparency" in opened.info:
                layer = opened.convert("RGBA")
                opened_rgb = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
                return np.asarray(opened_rgb)
            if opened.mode.startswith(("I", "F")):
                raise DataError(f"{shown} has {opened.mode} pixels, more than 8 bits", "save samples as 8-bit images")
            return np.asarray(opened.convert("L" if grey else "RGB"))
    except DataError:
        raise
    except Exception as error:  # a broken file makes Pillow raise nearly anything
        raise DataError(f"{shown} is no image that can be read: {excerpt(str(error), 200)}", "remove it") from error


def _grid(path: Path, side: int) -> Raw:
    """Cut a picture of square images into them; blank ones at the end are left out.

    Between images, and around them or not, there may be a gap of one width.

    Raises:
        DataError: images of that side do not fill the picture.
    """
    picture = _picture(path, limit=1 << 14)
    height, width = picture.shape[:2]
    if not 4 <= side <= MAX_SIDE:
        raise DataError(f"--tile {side}: no image is {side} pixels wide", "give 4 to 1024")
    for gap in range(9):
        for border in (gap, 0)[: 2 if gap else 1]:
            inner = [length - 2 * border + gap for length in (height, width)]
            if all(length > 0 and length % (side + gap) == 0 for length in inner):
                rows, columns = (length // (side + gap) for length in inner)
                starts = [
                    (border + r * (side + gap), border + c * (side + gap)) for r in range(rows) for c in range(columns)
                ]
                tiles = [picture[top : top + side, left : left + side] for top, left in starts]
                return Raw(path.stem, _number_in(path.stem), np.stack(_without_blank_end(tiles)))
    raise DataError(
        f"{excerpt(str(path))} is {width} x {height} pixels, which images of {side} pixels do not fill",
        "give the side of one image in the picture as it was saved, enlarged or not, without the gap",
    )


def _without_blank_end(tiles: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """Leave out tiles at the end that are of one colour, which fill up the last row; not where all are."""
    end = len(tiles)
    while end and np.ptp(tiles[end - 1]) == 0:
        end -= 1
    return tiles[:end] or tiles
