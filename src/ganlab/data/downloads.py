"""Fashion-MNIST, Kuzushiji-MNIST and CIFAR-10: downloaded on first use from where torchvision says they are."""

from __future__ import annotations

import gzip
import pickle
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from ganlab.config.data import TestSplitOptions
from ganlab.data.cache import cache_folder
from ganlab.data.fetch import Remote, fetch
from ganlab.data.idx import read_idx
from ganlab.data.samples import RealData, Samples
from ganlab.data.selection import select
from ganlab.domain import Images
from ganlab.errors import DataError

MNIST_SIZE, CIFAR_SIZE = Images(1, 28, 28), Images(3, 32, 32)
"""Of the images as they are published."""


def load(options: TestSplitOptions) -> RealData:
    """Return the images asked for, from the cache or else from the network; a label is the published class number."""
    remotes = published(options.name)
    paths = fetch(options.name, remotes, cache_folder() / "downloads" / options.name)
    names = tuple(options.class_sizes)
    train, test = _read_cifar10(paths[0], names) if options.name == "cifar10" else _read_idx_pairs(paths, names)
    return select(options, train, test, " ".join([options.name, *(remote.md5 for remote in remotes)]))


def published(name: str) -> list[Remote]:
    """Return the files of a data set, with the addresses and checksums that torchvision publishes.

    IDX sets: training images, training labels, test images, test labels.
    """
    from torchvision import datasets  # takes a second, and only a download needs it

    if name == "cifar10":
        source = datasets.CIFAR10
        return [Remote(source.filename, source.tgz_md5, (https(source.url),))]
    source = {"fashion_mnist": datasets.FashionMNIST, "kmnist": datasets.KMNIST}[name]
    return [Remote(file, md5, tuple(https(m + file) for m in source.mirrors)) for file, md5 in source.resources]


def https(url: str) -> str:
    """Return the https form of an address that may be published as http.

    S3's website endpoints answer to http only; the same object stands under the bucket's REST endpoint with https.
    """
    return f"https://{url.partition('://')[2]}".replace(".s3-website.", ".s3.", 1)


def _read_idx_pairs(paths: Sequence[Path], names: tuple[str, ...]) -> tuple[Samples, Samples]:
    arrays = [torch.from_numpy(read_idx(gzip.decompress(path.read_bytes()), str(path)).copy()) for path in paths]
    train, test = (Samples(arrays[i].unsqueeze(1), arrays[i + 1].long(), names, MNIST_SIZE) for i in (0, 2))
    return train, test


def _read_cifar10(path: Path, names: tuple[str, ...]) -> tuple[Samples, Samples]:
    """Read the batches straight out of the archive, in the published order; nothing is unpacked to disk."""
    with tarfile.open(path) as archive:
        batches = [_read_batch(archive, f"data_batch_{number}") for number in range(1, 6)]
        test_images, test_labels = _read_batch(archive, "test_batch")
    train_images = np.concatenate([images for images, _ in batches])
    train_labels = [label for _, labels in batches for label in labels]
    train = Samples(torch.from_numpy(train_images), torch.tensor(train_labels), names, CIFAR_SIZE)
    return train, Samples(torch.from_numpy(test_images), torch.tensor(test_labels), names, CIFAR_SIZE)


def _read_batch(archive: tarfile.TarFile, name: str) -> tuple[NDArray[np.uint8], list[int]]:
    """Return one batch's images (n, 3, 32, 32) and class numbers."""
    member = archive.extractfile(f"cifar-10-batches-py/{name}")
    assert member is not None, "extractfile gives None only for folders and devices"
    batch = ArrayUnpickler(member).load()
    return np.array(batch[b"data"], np.uint8).reshape(-1, 3, 32, 32), batch[b"labels"]


class ArrayUnpickler(pickle.Unpickler):
    """Reads a Python 2 pickle of plain values and arrays, and refuses every other name: a pickle can run code."""

    _ALLOWED: ClassVar[dict[tuple[str, str], Any]] = {
        # The function that NumPy's own pickles name, wherever this version of NumPy keeps it.
        ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, encoding="bytes")

    def find_class(self, module: str, name: str) -> Any:
        """Return what an allowed name stands for.

        Raises:
            DataError: any other name.
        """
        if (module, name) not in self._ALLOWED:
            raise DataError(f"refused to load {module}.{name} from a pickle", "do not use this file: it is not data")
        return self._ALLOWED[module, name]
