"""Runs a public trainer, written for older libraries and a GPU, as it stands, on this machine's CPU.

The data sets of torchvision that trainers load hand out the pictures of an NPZ instead of a download, the GPU is left
out, names that libraries have dropped since are there again, and modules that a trainer imports but never needs here
are empty. The trainer's own log and pictures stay as they are.
"""

from __future__ import annotations

import io
import os
import random
import runpy
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import scipy
import torch
import yaml
from PIL import Image
from torch.utils import tensorboard
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, transforms

NEVER_NEEDED = ("cv2", "git", "ipdb", "pytorch_gan_metrics", "tensorflow", "torchnet")


@dataclass(frozen=True)
class Seen:
    """What a run is given.

    Attributes:
        pictures: an NPZ with `x` (N, H, W) or (N, H, W, 3) of bytes and `y` (N,).
        images: how many of them.
        digits: the classes to keep; None keeps all.
        batches: after so many the run is cut off, as if by hand; None never cuts.
        seed: of all chance.
    """

    pictures: Path
    images: int
    digits: list[int] | None
    batches: int | None
    seed: int

    def load(self) -> tuple[Any, Any]:
        """The pictures and labels, in an order that the seed does not change."""
        archive = np.load(self.pictures)
        values, labels = archive["x"], archive["y"]
        rows = np.random.default_rng(0).permutation(len(values))
        if self.digits is not None:
            rows = rows[np.isin(labels[rows], self.digits)]
        rows = rows[: self.images]
        return values[rows], labels[rows]


class Pictures(Dataset[tuple[Any, int]]):
    """The pictures under another data set's name. What a transform without chance gives is kept: PIL is slow."""

    mode = "RGB"
    seen: Seen

    def __init__(self, root: str = "", *_: object, transform: Callable[[Any], Any] | None = None, **__: object) -> None:
        self.transform = transform
        self.kept: dict[int, Any] = {}
        self.keep = "Random" not in repr(transform)
        self.data, self.targets = self.seen.load()

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, row: int) -> tuple[Any, int]:
        if row not in self.kept:
            picture = Image.fromarray(self.data[row]).convert(self.mode)
            value = self.transform(picture) if self.transform else picture
            if not self.keep:
                return value, int(self.targets[row])
            self.kept[row] = value
        return self.kept[row], int(self.targets[row])


class GreyPictures(Pictures):
    mode = "L"


class Cut(SystemExit):
    """The run has had its batches."""


class Batches:
    """What TensorFlow's tutorials had for MNIST: `train.next_batch`, flat pictures from 0 to 1."""

    def __init__(self, seen: Seen, count: Callable[[], None]) -> None:
        values, labels = seen.load()
        self.images = values.reshape(len(values), -1).astype(np.float32) / 255
        self.labels = np.eye(10, dtype=np.float32)[labels]
        self.count = count

    def next_batch(self, size: int) -> tuple[Any, Any]:
        self.count()
        rows = torch.randint(len(self.images), (size,)).numpy()
        return self.images[rows], self.labels[rows]


def module(name: str, **names: Any) -> ModuleType:
    """Make a module that can be imported, and its parents; what it lacks is empty."""
    made = ModuleType(name)
    made.__dict__.update(__path__=[], __getattr__=lambda _: object, **names)
    sys.modules[name] = made
    parent = name.rpartition(".")[0]
    if parent and parent not in sys.modules:
        module(parent)
    return made


def counter(limit: int | None) -> Callable[[], None]:
    seen = 0

    def count() -> None:
        nonlocal seen
        seen += 1
        if limit is not None and seen > limit:
            raise Cut(0)

    return count


def prepare(seen: Seen) -> None:
    """Put the data, the dropped names and the empty modules in place."""
    torch.manual_seed(seen.seed)
    random.seed(seen.seed)
    np.random.seed(seen.seed)  # noqa: NPY002 (it is what trainers draw from)
    torch.set_num_threads(1)
    count = counter(seen.batches)
    changed: Any = DataLoader
    made, rows = changed.__init__, changed.__iter__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **{**kwargs, "num_workers": 0, "pin_memory": False})

    def counted(self: Any) -> Iterator[Any]:
        for batch in rows(self):
            count()
            yield batch

    changed.__init__, changed.__iter__ = init, counted
    for name in ("CIFAR10", "ImageFolder"):
        setattr(datasets, name, Pictures)
    for name in ("MNIST", "FashionMNIST"):
        setattr(datasets, name, GreyPictures)
    old: dict[Any, dict[str, Any]] = {
        transforms: {"Scale": transforms.Resize},
        torch.nn.Module: {"cuda": lambda self, *_: self},
        torch.Tensor: {"cuda": lambda self, *_: self},
        torch: {"save": lambda *_, **__: None},
        np: {"float": float, "int": int},
    }
    for owner, names in old.items():
        for name, value in names.items():
            setattr(owner, name, value)
    for name in NEVER_NEEDED:
        module(name)
    sys.modules.update(tensorboardX=tensorboard, oyaml=yaml)
    Pictures.seen = seen
    module("StringIO", StringIO=io.StringIO)
    sys.modules["scipy"] = scipy
    scipy.misc = module(
        "scipy.misc", imsave=lambda path, x: Image.fromarray((np.clip(x, 0, 1) * 255).astype(np.uint8)).save(path)
    )
    digits = SimpleNamespace(read_data_sets=lambda *_, **__: SimpleNamespace(train=Batches(seen, count)))
    module("tensorflow.examples.tutorials.mnist", input_data=digits)


def run(script: Path, root: Path, arguments: list[str], seen: Seen, log: Path, errors: Path) -> None:
    """Run a script in its folder; this process is used up: its modules, folder and streams are the trainer's."""
    for stream, path in ((1, log), (2, errors)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    os.chdir(script.parent)
    prepare(seen)
    sys.argv = [script.name, *arguments]
    sys.path[:0] = [str(script.parent), str(root)]
    runpy.run_path(script.name, run_name="__main__")
