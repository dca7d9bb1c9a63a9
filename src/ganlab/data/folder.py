"""Any tree of images, decoded once into bytes that are memory-mapped from the cache."""

from __future__ import annotations

import hashlib
import json
import math
import os
import warnings
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import ExifTags, Image

from ganlab.config.data import EXTENSIONS, FolderOptions, held_out_size
from ganlab.config.networks import SIDES, STRIDED
from ganlab.data.arrays import REAL, held_out_share
from ganlab.data.cache import build, cache_folder
from ganlab.data.decoding import can_be_transparent, decoded
from ganlab.data.samples import RealData, Samples
from ganlab.data.selection import class_numbers, rare_classes
from ganlab.domain import Images
from ganlab.errors import DataError
from ganlab.randomness import seeded_generator
from ganlab.runs.files import write_synced
from ganlab.text import PATH, excerpt, one_line

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""What a file may really be: Pillow's other readers are not offered to strangers' files (EPS runs a program)."""
CACHE_VERSION = 2
"""To be raised when the same files would be decoded to other bytes, or the index says more."""
DECODED_AT_ONCE = 1024
"""Images decoded between two looks at the results: bounds the memory, and the wait after Ctrl-C."""
KEPT = 0.9
"""Share of their area that images must keep when they are cut; `survey` says so if less is kept."""
WORTH_IT = 0.05
"""Share of their area that images must gain by another size for `survey` to propose it."""
FEW = 50
"""Held-out images under which statistics say little."""
MEASURED = 1000
"""Images whose headers `survey` reads, at most."""
NAMED = 10
"""Broken images named in a message; the cache holds the whole list."""


@dataclass(frozen=True)
class ImageFile:
    """An image found in the tree: its path below the root, with `/`, and what changes when the file does."""

    path: str
    size: int
    modified: int

    @property
    def class_name(self) -> str:
        """The first folder below the root, `.` for an image that lies in the root itself."""
        first, slash, _ = self.path.partition("/")
        return first if slash else "."


@dataclass(frozen=True)
class Survey:
    """What a folder of images holds, as far as names and headers tell.

    Attributes:
        classes: images by class.
        sizes: how many of the images looked at have which height and width, in pixels; as they are shown, after EXIF.
        broken: those looked at that cannot be opened, with the reason.
        transparent: how many of those looked at can be transparent.
    """

    classes: Mapping[str, int]
    sizes: Mapping[tuple[int, int], int]
    broken: Sequence[tuple[str, str]]
    transparent: int = 0

    def words(self, domain: Images) -> str:
        """Say what there is, and what `domain` makes of it."""
        count, looked = sum(self.classes.values()), sum(self.sizes.values()) + len(self.broken)
        named = ", ".join(f"{one_line(name, PATH)} {number:,}" for name, number in list(self.classes.items())[:NAMED])
        more = f" and {len(self.classes) - NAMED} more" if len(self.classes) > NAMED else ""
        classes = f"in {len(self.classes)} classes ({named}{more})" if len(self.classes) > 1 else "without classes"
        parts = [f"{count:,} image{'s' * (count != 1)} {classes}"]
        if self.sizes:
            parts.append(self._sizes(domain) + (f" (of {looked:,} that were looked at)" if looked < count else ""))
        if self.broken:
            parts.append(f"{len(self.broken):,} of {looked:,} cannot be read: {_listed(self.broken)}")
        return "; ".join(parts)

    def remarks(self, options: FolderOptions) -> list[str]:
        """Say what becomes of the images, and what there is too little of, a sentence each."""
        train, held_out = self.split(options)
        said = [f"{train:,} are trained on and {held_out:,} held out to judge by (data.held_out: {options.held_out:g})"]
        looked = sum(self.sizes.values())
        if self.transparent:
            said.append(f"{self.transparent:,} of {looked:,} can be transparent: transparency is laid on white")
        if held_out < FEW:
            share = "" if options.held_out >= 0.2 else "set data.held_out to 0.2 and "
            more = f"{share}add images until at least {FEW} are held out"
            said.append(f"statistics of {held_out} held-out images say little: {more}")
        names = list(self.classes)
        chosen = [names[number] for number in class_numbers(options.classes, names)]
        if rare := rare_classes([(one_line(name, PATH), self.classes[name]) for name in chosen], "images"):
            said.append(rare)
        return said

    def split(self, options: FolderOptions) -> tuple[int, int]:
        """Return how many images are trained on and how many held out, if those not looked at can be read.

        Raises:
            DataError: an unknown class.
        """
        names = list(self.classes)
        chosen = sum(self.classes[names[number]] for number in class_numbers(options.classes, names))
        count = chosen - len(self.broken)
        held = held_out_size(count, options.held_out)
        return options.left_of(count - held), held

    def _sizes(self, domain: Images) -> str:
        """Say how large the images are, and how much of them is lost where they are cut."""
        height, width = max(self.sizes, key=lambda size: self.sizes[size])
        if len(self.sizes) == 1:
            what = f"all {height} x {width} pixels, height by width"
        else:
            lengths = [sorted(each) for each in zip(*self.sizes, strict=True)]
            (low, *_, high), (narrow, *_, wide) = lengths
            what = f"{low} to {high} pixels high and {narrow} to {wide} wide, most often {height} x {width}"
        if (height, width) != (domain.height, domain.width):
            what += f", resized to {domain.height} x {domain.width}"
        if (kept := self._kept(domain.height, domain.width)) < KEPT:
            what += f", which cuts {100 * (1 - kept):.0f} % of their area off at the edges"
            fitting = self._fitting(min(domain.height, domain.width))
            if (then := self._kept(*fitting)) > kept + WORTH_IT:
                what += f" ({100 * (1 - then):.0f} % with data.image_size=[{fitting[0]},{fitting[1]}])"
        return what

    def _kept(self, height: int, width: int) -> float:
        """Return the share of their area that the images keep when they are cut to these proportions."""
        ratios = {size: size[0] * width / (size[1] * height) for size in self.sizes}
        kept = sum(number * min(ratios[size], 1 / ratios[size]) for size, number in self.sizes.items())
        return kept / sum(self.sizes.values())

    def _fitting(self, short: int) -> tuple[int, int]:
        """Return the height and width with this short side, which most networks make, for the usual proportions."""
        ratio = sorted(height / width for height, width in Counter(self.sizes).elements())[
            sum(self.sizes.values()) // 2
        ]
        wanted = short * max(ratio, 1 / ratio)
        long = min(
            (side for side in SIDES if side >= short and STRIDED.fits(side)), key=lambda side: abs(side - wanted)
        )
        return (long, short) if ratio > 1 else (short, long)


def survey(options: FolderOptions) -> Survey:
    """Return what the folder holds: every image is counted, and the headers of at most MEASURED are read.

    Raises:
        DataError: no such folder, no image in it, or none of those looked at can be opened.
    """
    root = Path(os.path.expanduser(options.path))
    found = find_images(root)
    classes = Counter(file.class_name for file in found)
    sizes: Counter[tuple[int, int]] = Counter()
    broken, transparent = [], 0
    for file in found[:: math.ceil(len(found) / MEASURED)]:
        try:
            size, has_alpha = _header(root / file.path)
            sizes[size] += 1
            transparent += has_alpha
        except Exception as error:  # as when it is decoded: the reason is kept and reported
            broken.append((one_line(file.path, PATH), _reason(error, root)))
    if not sizes:
        raise _none_readable(root, len(found), broken)
    return Survey(dict(sorted(classes.items())), sizes, broken, transparent)


def _header(path: Path) -> tuple[tuple[int, int], bool]:
    """Return height and width of an image, as it is shown, and whether it can be transparent."""
    if not path.is_file():
        raise ValueError("not a regular file")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path, formats=FORMATS) as opened:
            turned = opened.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
            size = (opened.width, opened.height) if turned else (opened.height, opened.width)
            return size, can_be_transparent(opened)


def load(options: FolderOptions) -> RealData:
    """Return the images of the classes asked for, at the size asked for.

    Raises:
        DataError: as `load_as` does.
    """
    return load_as(options.domain, options)


def load_as(domain: Images, options: FolderOptions) -> RealData:
    """Return the images of the classes asked for, as `domain` says whatever the size in the options.

    A class is a folder in the root; classes are numbered in the order of their names. The cache holds the images in a
    random order fixed by `data.seed`, so that the held-out share and the training images are slices of one memory map.

    Raises:
        DataError: no such folder, no image in it, none that can be read, or an unknown class.
    """
    root = Path(os.path.expanduser(options.path))
    found = find_images(root)
    folders = sorted({file.class_name for file in found})
    names = tuple(one_line(name, PATH) for name in folders)
    label_of = {folders[number]: number for number in class_numbers(options.classes, names)}
    chosen = [file for file in found if file.class_name in label_of]
    order = torch.randperm(len(chosen), generator=seeded_generator(options.seed, "held_out"))
    shuffled = [chosen[i] for i in order.tolist()]

    target = cache_folder() / "folders" / _key(domain, shuffled, label_of)
    build(target, _is_whole, partial(_write_cache, root, domain, shuffled, label_of))
    index = _read_index(target)
    shape = (index["count"], *domain.shape)
    values = torch.from_file(str(target / "images.u8"), size=int(np.prod(shape)), dtype=torch.uint8).view(shape)
    labels = torch.tensor(index["labels"])

    held = held_out_size(len(values), options.held_out)
    end = held + int((len(values) - held) * options.fraction)
    return RealData(
        train=Samples(values[held:end], labels[held:end], names, domain),
        held_out=Samples(values[:held], labels[:held], names, domain),
        fingerprint=hashlib.sha256(f"{index['sha256']} {held} {end}".encode()).hexdigest(),
        notes=_notes(index["broken"], index["remarks"], len(chosen), target),
    )


def options_to_compare(path: str) -> FolderOptions:
    """Return the options of a folder whose images samples are compared with, a share of them held out.

    Raises:
        DataError: no such folder, or too few images in it.
    """
    count = len(find_images(Path(path)))
    if count < REAL.fewest:
        raise DataError(
            f"{excerpt(path)} holds {count} image{'s' * (count != 1)}, too few to compare samples with",
            f"give at least {REAL.fewest}, {REAL.why}",
        )
    return FolderOptions(name="folder", path=path, held_out=held_out_share(count))


def find_images(root: Path) -> list[ImageFile]:
    """Return the images of a tree in the order of their paths.

    Hidden files and folders are passed over. Links are followed, each folder is read once: a circle of links ends.

    Raises:
        DataError: the root or a folder in it cannot be read, or there is no image.
    """
    if not os.path.isdir(root):
        raise DataError(
            f"data.path: there is no folder {one_line(root, PATH)}",
            "name the folder that holds the images: data.path=FOLDER",
        )
    found = []
    for folder, names in _walk(root):
        for name in names:
            path = folder / name
            try:
                status = path.stat()
                found.append(ImageFile(path.relative_to(root).as_posix(), status.st_size, status.st_mtime_ns))
            except OSError:  # a dangling link: found to be broken when it is decoded
                found.append(ImageFile(path.relative_to(root).as_posix(), -1, -1))
    if not found:
        raise DataError(
            f"data.path: {one_line(root, PATH)} holds no images",
            f"images are files named {', '.join(sorted(EXTENSIONS))}",
        )
    return sorted(found, key=lambda file: file.path)


def read_image(path: Path, domain: Images) -> NDArray[np.uint8]:
    """Return an image of `domain.shape`: decoded as `decoded` says, resized to fill it, centre cut out.

    Resizing is Pillow's bilinear filter, antialiased, and works on the centre alone, however long the other side is.

    Raises:
        Exception: whatever Pillow makes of a broken file.
    """
    return _read(path, domain)[0]


def _read(path: Path, domain: Images) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Return an image as `read_image` does, and what that took, in words."""
    if not path.is_file():
        raise ValueError("not a regular file")
    with Image.open(path, formats=FORMATS) as opened:
        image, remarks = decoded(opened)
        image = image.convert("L" if domain.channels == 1 else "RGB")
        width, height = float(image.width), float(image.height)
        if width * domain.height <= height * domain.width:
            height = width * domain.height / domain.width
        else:
            width = height * domain.width / domain.height
        left, top = (image.width - width) / 2, (image.height - height) / 2
        box = (left, top, left + width, top + height)
        pixels = np.asarray(image.resize((domain.width, domain.height), Image.Resampling.BILINEAR, box=box))
    return np.ascontiguousarray(pixels[None] if domain.channels == 1 else pixels.transpose(2, 0, 1)), remarks


def _walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield each folder once, with the names of its images."""

    def stop(error: OSError) -> NoReturn:
        raise DataError(
            f"data.path: {one_line(error.filename, PATH)} cannot be read: {error.strerror}", "check its permissions"
        ) from error

    seen = set()
    for folder, subfolders, names in os.walk(root, onerror=stop, followlinks=True):
        try:
            status = os.stat(folder)
        except OSError as error:
            stop(error)
        identity = (status.st_dev, status.st_ino)
        if identity in seen:
            subfolders.clear()
            continue
        seen.add(identity)
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        images = [n for n in names if not n.startswith(".") and os.path.splitext(n)[1].lower() in EXTENSIONS]
        yield Path(folder), images


def _key(domain: Images, files: Sequence[ImageFile], label_of: dict[str, int]) -> str:
    """Return the cache's name for these files, in this order, labelled and decoded in this way."""
    digest = hashlib.sha256(f"{CACHE_VERSION} {domain.shape} {json.dumps(label_of)}".encode())
    for file in files:
        digest.update(f"\0{file.path}\0{file.size} {file.modified}".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:32]


def _is_whole(target: Path) -> bool:
    """Whether a cache is there and its images have the size that its index says."""
    try:
        size: int = _read_index(target)["bytes"]
        return (target / "images.u8").stat().st_size == size
    except (FileNotFoundError, ValueError, KeyError):
        return False


def _read_index(target: Path) -> dict[str, Any]:
    index: dict[str, Any] = json.loads((target / "index.json").read_text())
    return index


def _write_cache(
    root: Path, domain: Images, files: Sequence[ImageFile], label_of: dict[str, int], target: Path
) -> None:
    """Decode the files into a new folder `target`: images.u8, index.json and, for people, broken.txt."""
    target.mkdir()
    labels: list[int] = []
    broken: list[tuple[str, str]] = []
    remarks: Counter[str] = Counter()
    digest, size = hashlib.sha256(), 0
    with open(target / "images.u8", "wb") as out, closing(_decode(root, domain, files)) as decoded:
        for file, found in decoded:
            if isinstance(found, str):
                broken.append((one_line(file.path, PATH), found))
                continue
            pixels, said = found
            remarks.update(said)
            size += out.write(pixels.data)
            digest.update(pixels.data)
            labels.append(label_of[file.class_name])
        out.flush()
        os.fsync(out.fileno())
    if not labels:
        raise _none_readable(root, len(files), broken)
    digest.update(json.dumps(labels).encode())
    index = {"count": len(labels), "bytes": size, "labels": labels, "sha256": digest.hexdigest()}
    index |= {"broken": broken, "remarks": remarks}
    write_synced(target / "index.json", json.dumps(index).encode())
    if broken:
        write_synced(target / "broken.txt", "".join(f"{name}: {reason}\n" for name, reason in broken).encode())


def _decode(
    root: Path, domain: Images, files: Sequence[ImageFile]
) -> Generator[tuple[ImageFile, tuple[NDArray[np.uint8], tuple[str, ...]] | str]]:
    """Yield each file with its pixels and remarks, or the reason why it has none; several are decoded at a time."""

    def attempt(file: ImageFile) -> tuple[NDArray[np.uint8], tuple[str, ...]] | str:
        try:
            return _read(root / file.path, domain)
        except Exception as error:  # a broken file makes Pillow raise nearly anything; the reason is kept and reported
            return _reason(error, root)

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks about odd metadata, one an image
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        for start in range(0, len(files), DECODED_AT_ONCE):
            chunk = files[start : start + DECODED_AT_ONCE]
            yield from zip(chunk, pool.map(attempt, chunk), strict=True)


def _reason(error: Exception, root: Path) -> str:
    """Return why an image cannot be read, without the path of the folder."""
    return one_line(f"{type(error).__name__}: {error}".replace(f"{root}{os.sep}", ""), PATH)


def _none_readable(root: Path, total: int, broken: Sequence[tuple[str, str]]) -> DataError:
    return DataError(
        f"data.path: none of the {total} images in {one_line(root, PATH)} could be read: {_listed(broken)}",
        "check that they are whole images",
    )


def _notes(broken: Sequence[tuple[str, str]], remarks: Mapping[str, int], total: int, target: Path) -> tuple[str, ...]:
    notes = [f"{remark} ({count} of {total} images)" for remark, count in remarks.items()]
    if broken:
        listed = _listed(broken)
        notes.append(f"{len(broken)} of {total} images could not be read: {listed}; the list: {target / 'broken.txt'}")
    return tuple(notes)


def _listed(broken: Sequence[tuple[str, str]]) -> str:
    """Return the first broken images with their reasons, and how many more there are."""
    more = f" and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
    return ", ".join(f"{name} ({reason})" for name, reason in broken[:NAMED]) + more
