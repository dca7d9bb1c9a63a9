"""Files of samples that a foreign generator made: NPZ, NPY, a folder of images, a picture of a grid."""

from __future__ import annotations

import os
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ganlab.data.arrays import FROM_FILES, Array, as_numpy, understand
from ganlab.data.folder import FORMATS, find_images
from ganlab.domain import Domain, Images
from ganlab.errors import DataError
from ganlab.text import excerpt

SampleSource = Path | Array | Mapping[int, Array]
"""Files; or what a program has at hand, an array or one for each of several steps."""

MAX_VALUES = 1 << 28
"""Numbers that a file or folder of samples may hold: 342,000 images of MNIST, 1 GiB as float32."""

SMALLEST, LARGEST = FROM_FILES.sides
"""Pixels of an image's side."""


@dataclass(frozen=True, eq=False)
class SavedSamples:
    """What files hold.

    Attributes:
        steps: samples by rising step: images float32 (N, C, H, W) in [-1, 1], C = 1 or 3, or points (N, 2). The step
            is None if the file does not say it; only a single sample lacks it.
        domain: whether they are images or points, of which size.
        notes: which layout and range was seen.
    """

    steps: list[tuple[int | None, Tensor]]
    domain: Domain
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Raw:
    """An array as a file holds it.

    Attributes:
        name: the array's own, or the file's.
        step: the number in the name, None if it says none.
        values: of any shape and type.
    """

    name: str
    step: int | None
    values: NDArray[Any]


def load_samples(source: SampleSource, tile: int | None = None) -> SavedSamples:
    """Read samples: a folder of images or of NPZs, an NPZ or NPY, or with `tile` a picture that holds a grid.

    Args:
        source: file or folder, or arrays.
        tile: side of an image in the grid, in pixels; gaps of up to 8 pixels between images are found.

    Raises:
        DataError: nothing there, too few or too many samples, pickled or broken files, an unknown shape, type or range,
            NaN or infinities.
    """
    if isinstance(source, Path):
        shown, raws = excerpt(str(source)), _read(source, tile)
    else:
        arrays = list(source.items()) if isinstance(source, Mapping) else [(None, source)]
        shown, raws = "samples", [Raw(str(step), step, as_numpy(values, "samples")) for step, values in arrays]
    if not raws:
        raise DataError(f"{shown} holds no arrays", "save samples with numpy.savez(path, step_1000=samples)")
    if sum(raw.values.size for raw in raws) > MAX_VALUES:
        raise DataError(f"{shown} holds more than {MAX_VALUES:,} numbers", "give fewer samples; 10,000 a step will do")
    understood = understand([raw.values for raw in raws], shown, FROM_FILES)
    values = understood.floats()
    if isinstance(understood.domain, Images):
        values = [each.clamp_(-1, 1) for each in values]
    steps = [raw.step for raw in raws] if len(raws) > 1 else [_own_step(raws[0])]
    if len(raws) > 1 and (None in steps or len(set(steps)) < len(steps)):
        names = ", ".join(excerpt(raw.name, 40) for raw in raws[:5])
        raise DataError(
            f"{shown}: the steps of its {len(raws)} arrays cannot be told from their names: {names}",
            "name each after its step: step_1000",
        )
    ordered = sorted(zip(steps, values, strict=True), key=lambda pair: pair[0] or 0)
    return SavedSamples(ordered, understood.domain, (f"--samples: {understood}",))


def _read(path: Path, tile: int | None) -> list[Raw]:
    """Read the arrays of a file or folder.

    Raises:
        DataError: there is no such file or folder, or it is broken.
    """
    if os.path.isdir(path):
        archives = sorted(each for each in path.iterdir() if each.suffix.lower() in (".npz", ".npy"))
        return [raw for each in archives for raw in _arrays(each)] if archives else [_images(path)]
    if not os.path.isfile(path):
        raise DataError(
            f"--samples: there is no file or folder {excerpt(str(path))}", "name a folder of images, an NPZ or a grid"
        )
    return [_grid(path, tile)] if tile is not None else list(_arrays(path))


def _own_step(raw: Raw) -> int | None:
    """Return the step of an array that is alone; the number NumPy gives to an array without a name is none."""
    return None if re.fullmatch(r"arr_[0-9]+", raw.name) else raw.step


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
            f"{shown} cannot be read: {excerpt(str(error), 200)}", "save it again with numpy.savez"
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


def _picture(path: Path, limit: int = LARGEST) -> NDArray[np.uint8]:
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
    if not SMALLEST <= side <= LARGEST:
        raise DataError(f"--tile {side}: no image is {side} pixels wide", f"give {SMALLEST} to {LARGEST}")
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
