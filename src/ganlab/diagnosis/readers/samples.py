"""Files of samples that a foreign generator made: NPZ, NPY, folders of pictures, a picture of a grid."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlab.data.arrays import FROM_FILES, NUMBERS, Array, as_numpy, checked_labels, domain_of, understand
from ganlab.diagnosis.readers.arrays import read_header
from ganlab.diagnosis.readers.pictures import Shown, Size, is_picture, read_folder, read_grid
from ganlab.diagnosis.readers.step_names import steps_in
from ganlab.domain import Domain, Images, Points
from ganlab.errors import DataError
from ganlab.plots.cuts import CutPicture
from ganlab.text import excerpt, listed

CLASSES = frozenset({"y", "label", "labels", "class", "classes", "target", "targets"})
"""Words in the names of arrays that hold the classes of images."""

SampleSource = Path | Array | Mapping[int, Array]
"""Files; or what a program has at hand, an array or one for each of several steps."""

MAX_VALUES = 1 << 28
"""Numbers that a file or folder of samples may hold: 342,000 images of MNIST, 1 GiB as float32."""


@dataclass(frozen=True, eq=False)
class SavedSamples:
    """What files hold.

    Attributes:
        steps: samples by rising step: images float32 (N, C, H, W) in [-1, 1], C = 1 or 3, or points (N, 2). The step
            is None if the file does not say it; only a single sample lacks it.
        domain: whether they are images or points, of which size.
        notes: which layout and range was seen.
        unit: what steps count: `epoch`, `step`, `kimg`, or `number` if nothing says it.
        cuts: the first and the last picture of a grid, with their tiles.
        chosen: which arrays of the file were taken, and what for; empty if that is all of them.
        labels: of real images, int64 (N,), as an array beside them says; None: nothing does.
        columns: images in a row of the grid that each step is, if it is one.
    """

    steps: list[tuple[int | None, Tensor]]
    domain: Domain
    notes: tuple[str, ...]
    unit: str = "number"
    cuts: tuple[CutPicture, ...] = ()
    chosen: tuple[str, ...] = ()
    labels: Tensor | None = None
    columns: int | None = None


@dataclass(frozen=True, eq=False)
class Raw:
    """An array as a file holds it.

    Attributes:
        name: the array's own, or the file's.
        step: the number in the name, None if it says none.
        values: of any shape and type.
        unit: what the name says that the number counts: `epoch`, `step`, `kimg`, or `number`.
    """

    name: str
    step: int | None
    values: NDArray[Any]
    unit: str = "number"


def load_samples(
    source: SampleSource, tile: int | None = None, size: Size | None = None, kind: str = "generated"
) -> SavedSamples:
    """Read samples: a folder of pictures or of NPZs, an NPZ or NPY, a picture of a grid; or arrays.

    Pictures may be grids of images, whose tiles are found.

    Args:
        source: file or folder, or arrays.
        tile: side of an image in grids, in pixels; None: found.
        size: height and width of the real images, if known: which tiles are looked for first.
        kind: which pictures of a folder are meant, where their names say it: `generated` or `real`. The steps of real
            ones do not matter: all of them are one.

    Raises:
        DataError: nothing there, too few or too many samples, pickled or broken files, an unknown shape, type or range,
            NaN or infinities.
    """
    notes: tuple[str, ...] = ()
    unit = "number"
    cuts: tuple[CutPicture, ...] = ()
    columns: int | None = None
    if isinstance(source, Path):
        shown = excerpt(str(source))
        if (pictures := _pictures(source, tile, size, kind)) is not None:
            raws = [Raw(shown, step, values) for step, values in pictures.steps]
            notes, unit, cuts, columns = pictures.notes, pictures.unit, pictures.cuts, pictures.columns
        else:
            raws = _read(source)
            units = {raw.unit for raw in raws}
            unit = units.pop() if len(units) == 1 else "number"
    else:
        arrays = list(source.items()) if isinstance(source, Mapping) else [(None, source)]
        unit = "step" if isinstance(source, Mapping) else unit
        shown, raws = "samples", [Raw(str(step), step, as_numpy(values, "samples")) for step, values in arrays]
    if not raws:
        raise DataError(f"{shown} holds no arrays", "save samples with numpy.savez(path, step_1000=samples)")
    raws, aside = _of_one_kind(raws, shown)
    labels, of_labels = _labels(raws, aside) if kind == "real" else (None, [])
    chosen: tuple[str, ...] = ()
    if aside:
        parts = {"images": raws, "classes": of_labels, "left out": [raw for raw in aside if raw not in of_labels]}
        chosen = ("; ".join(f"{part}: {_kinds(each)}" for part, each in parts.items() if each),)
    if sum(raw.values.size for raw in raws) > MAX_VALUES:
        raise DataError(f"{shown} holds more than {MAX_VALUES:,} numbers", "give fewer samples; 10,000 a step will do")
    raws, short = _long_enough(raws) if kind == "generated" else (raws, ())
    understood = understand([raw.values for raw in raws], shown, FROM_FILES)
    values = understood.floats()
    if isinstance(understood.domain, Images):
        values = [each.clamp_(-1, 1) for each in values]
    if kind == "real":
        together: list[tuple[int | None, Tensor]] = [(None, torch.cat(values))]
        return SavedSamples(together, understood.domain, notes or (str(understood),), unit, cuts, chosen, labels)
    steps = [raw.step for raw in raws] if len(raws) > 1 else [_own_step(raws[0])]
    if len(raws) > 1 and (None in steps or len(set(steps)) < len(steps)):
        names = ", ".join(excerpt(raw.name, 40) for raw in raws[:5])
        raise DataError(
            f"{shown}: the steps of its {len(raws)} arrays cannot be told from their names: {names}",
            "name each after its step: step_1000",
        )
    ordered = sorted(zip(steps, values, strict=True), key=lambda pair: pair[0] or 0)
    seen = (*(notes or (str(understood),)), *short)
    return SavedSamples(ordered, understood.domain, seen, unit, cuts, chosen, columns=columns)


def _long_enough(raws: list[Raw]) -> tuple[list[Raw], tuple[str, ...]]:
    """Return the arrays with enough samples to be judged, and a note on others: all of them if none has enough.

    Of an epoch's last batch a sheet may show a few tiles only.
    """
    enough = [raw for raw in raws if raw.values.ndim and len(raw.values) >= FROM_FILES.fewest]
    if not enough or len(enough) == len(raws):
        return raws, ()
    short = [raw.name if raw.step is None else f"step {raw.step:,}" for raw in raws if raw not in enough]
    return enough, (f"left out, with fewer than {FROM_FILES.fewest} samples each: {listed(short, 5)}",)


def _of_one_kind(raws: list[Raw], shown: str) -> tuple[list[Raw], list[Raw]]:
    """Return the arrays that hold images, or points if none does, and the others.

    Raises:
        DataError: none does, or images are of several sizes or types.
    """
    found: dict[tuple[Any, ...], list[Raw]] = {}
    for raw in raws:
        found.setdefault((raw.values.shape[1:], raw.values.dtype.str), []).append(raw)
    if len(found) == 1 and raws[0].values.dtype.kind in NUMBERS:
        return raws, []
    domains = [domain_of(group[0].values.shape, FROM_FILES) for group in found.values()]
    for kind in (Images, Points):
        groups = [group for group, domain in zip(found.values(), domains, strict=True) if isinstance(domain, kind)]
        if len(groups) > 1:
            raise DataError(
                f"the arrays of {shown} are not of one shape and type: {_kinds([group[0] for group in groups])}",
                "save samples of one kind a file",
            )
        if groups:
            return groups[0], [raw for raw in raws if raw not in groups[0]]
    strange = next((raw.values.dtype for raw in raws if raw.values.dtype.kind not in NUMBERS), None)
    if strange is not None:
        raise DataError(f"{shown} holds {excerpt(str(strange), 40)}, not numbers", "save samples as uint8 or float32")
    raise DataError(f"no array of {shown} holds images or points: {_kinds(raws)}", "save samples of one kind a file")


def _kinds(raws: Sequence[Raw]) -> str:
    """Return names, shapes and types of arrays."""
    shapes = [f"{raw.values.shape} " * (raw.values.dtype.kind in NUMBERS) for raw in raws]
    return listed([f"{raw.name} {shape}{raw.values.dtype}" for raw, shape in zip(raws, shapes, strict=True)])


def _labels(raws: Sequence[Raw], aside: Sequence[Raw]) -> tuple[Tensor | None, list[Raw]]:
    """Return the classes of images and the arrays that hold them; no classes if these are not found for all images.

    Each array of images needs one of as many whole numbers that is named after classes.
    """
    named = [raw for raw in aside if set(re.findall("[a-z]+", raw.name.lower())) & CLASSES]
    found: list[Tensor] = []
    taken: list[Raw] = []
    for raw in raws:
        fitting = [each for each in named if each.values.size == len(raw.values)]
        if len(fitting) != 1:
            return None, []
        try:
            found.append(checked_labels(fitting[0].values.reshape(-1), len(raw.values)))
        except DataError:
            return None, []
        taken += fitting
    labels = torch.cat(found)
    return (labels, taken) if len(labels.unique()) > 1 else (None, [])


def _pictures(path: Path, tile: int | None, size: Size | None, kind: str) -> Shown | None:
    """Read a folder of pictures or a picture of a grid; None for all else.

    Raises:
        DataError: no images can be told apart in them, or they cannot be read.
    """
    if os.path.isdir(path):
        return None if _archives(path) else read_folder(path, tile, size, kind)
    return read_grid(path, tile, size) if os.path.isfile(path) and (is_picture(path) or tile is not None) else None


def _archives(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.suffix.lower() in (".npz", ".npy"))


def _read(path: Path) -> list[Raw]:
    """Read the arrays of a file, or of the files of a folder.

    Raises:
        DataError: there is no such file or folder, or it is broken.
    """
    if os.path.isdir(path):
        return [raw for each in _archives(path) for raw in _arrays(each)]
    if not os.path.isfile(path):
        raise DataError(
            f"--samples: there is no file or folder {excerpt(str(path))}",
            "name a folder of pictures, an NPZ or a picture of a grid",
        )
    return list(_arrays(path))


def _own_step(raw: Raw) -> int | None:
    """Return the step of an array that is alone; the number NumPy gives to an array without a name is none."""
    return None if re.fullmatch(r"arr_[0-9]+", raw.name) else raw.step


def _number_in(name: str) -> int | None:
    """Return the last number in a name."""
    found = re.findall(r"[0-9]{1,15}", name)
    return int(found[-1]) if found else None


def _unit_in(name: str) -> str:
    """Return what the last number in a name counts, as the word before it says: `step` in `step_000200`."""
    named = steps_in([name])
    return named.unit if named.steps == (_number_in(name),) else "number"


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
                values = _array(file, shown, os.path.getsize(path))
                yield Raw(path.stem, _number_in(path.stem), values, _unit_in(path.stem))
                return
        if not zipfile.is_zipfile(path):
            raise DataError(f"{shown} is no NPZ", "name a folder of pictures, an NPZ or a picture of a grid")
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                name = entry.filename.removesuffix(".npy")
                if name == entry.filename:
                    continue
                with archive.open(entry) as member:
                    values = _array(member, shown, entry.file_size)
                numbered = path.stem if _number_in(name) is None else name
                yield Raw(name, _number_in(numbered), values, _unit_in(numbered))
    except DataError:
        raise
    except (OSError, ValueError, EOFError, RuntimeError, NotImplementedError, SyntaxError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{shown} cannot be read: {excerpt(str(error), 200)}", "save it again with numpy.savez"
        ) from error


def _array(file: IO[bytes], shown: str, size: int) -> NDArray[Any]:
    """Read one array of the NPY format; of one that holds no numbers only the type, never pickled objects.

    Raises:
        DataError: it says it is larger than MAX_VALUES, or is larger than its file.
        ValueError: it is broken.
    """
    shape, fortran, kind = read_header(file)
    if kind.hasobject or kind.kind not in NUMBERS:
        return np.empty(0, kind)
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
