"""The published files cannot be had in a test, so files of the same formats are written here."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torchvision import datasets

from ganlab.config.data import Cifar10Options, FashionMnistOptions, KmnistOptions
from ganlab.data import load
from ganlab.data.downloads import ArrayUnpickler, https, published
from ganlab.errors import DataError
from tests.data.idx import write_idx

RANDOM = np.random.default_rng(0)
IDX_SETS = {"fashion_mnist": (FashionMnistOptions, datasets.FashionMNIST), "kmnist": (KmnistOptions, datasets.KMNIST)}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANLAB_CACHE", str(tmp_path))
    return tmp_path / "downloads"


def _place(folder: Path, files: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Put files where a user would; return their names and checksums."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [(name, hashlib.md5(content).hexdigest()) for name, content in files.items()]


def _pickled_by_python_2(images: NDArray[np.uint8], labels: list[int]) -> bytes:
    """Write {"data": images, "labels": labels} in the opcodes that Python 2 writes: byte strings, old NumPy."""

    def text(value: bytes) -> bytes:
        return b"U" + bytes([len(value)]) + value

    def integer(value: int) -> bytes:
        return b"J" + struct.pack("<i", value)

    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text(b"b") + b"\x87R"
    dtype = b"cnumpy\ndtype\n" + text(b"u1") + b"K\x00K\x01\x87R"
    dtype += b"(K\x03" + text(b"|") + b"NNN" + integer(-1) + integer(-1) + b"K\x00tb"
    shape = integer(images.shape[0]) + integer(images.shape[1]) + b"\x86"
    pixels = b"T" + struct.pack("<i", images.size) + images.tobytes()
    state = b"(K\x01" + shape + dtype + b"\x89" + pixels + b"tb"
    numbers = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    return b"\x80\x02}(" + text(b"data") + array + state + text(b"labels") + numbers + b"u."


def _cifar10(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> bytes:
    """Write six batches, the last one the test split, as the published archive holds them."""
    content = io.BytesIO()
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, rows, numbers in zip(names, np.split(images, 6), np.split(labels, 6), strict=True):
            batch = _pickled_by_python_2(rows.reshape(len(rows), -1), numbers.tolist())
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(batch)
            archive.addfile(member, io.BytesIO(batch))
    return content.getvalue()


@pytest.mark.parametrize("name", IDX_SETS)
def test_idx_sets(name: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options, source = IDX_SETS[name]
    images, labels = RANDOM.integers(0, 256, (50, 28, 28), np.uint8), np.arange(50, dtype=np.uint8) % 10
    arrays = (images[:30], labels[:30], images[30:], labels[30:])
    names = [file for file, _ in source.resources]
    packed = (gzip.compress(write_idx(array)) for array in arrays)
    monkeypatch.setattr(source, "resources", _place(cache / name, dict(zip(names, packed, strict=True))))

    data = load(options(name=name), 1)
    assert np.array_equal(data.train.values[:, 0].numpy(), images[:30])
    assert np.array_equal(data.held_out.values[:, 0].numpy(), images[30:])
    assert data.train.labels.tolist() == labels[:30].tolist()
    assert data.train.class_names == tuple(source.classes)

    one = load(options(name=name, classes=(3, source.classes[7]), image_size=32), 1)
    assert one.train.labels.tolist() == [3, 7] * 3
    assert one.train.values.shape == (6, 1, 32, 32)
    assert one.held_out.values.shape == (4, 1, 32, 32)
    assert one.fingerprint != data.fingerprint


def test_cifar10(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = RANDOM.integers(0, 256, (60, 3, 32, 32), np.uint8), np.arange(60, dtype=np.uint8) % 10
    ((_, md5),) = _place(cache / "cifar10", {"cifar-10-python.tar.gz": _cifar10(images, labels)})
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", md5)

    data = load(Cifar10Options(name="cifar10"), 1)
    assert np.array_equal(data.train.values.numpy(), images[:50])
    assert np.array_equal(data.held_out.values.numpy(), images[50:])
    assert data.train.labels.tolist() == labels[:50].tolist()
    assert data.train.labels.dtype == torch.int64
    assert data.train.class_names[:2] == ("airplane", "automobile")

    frogs = load(Cifar10Options(name="cifar10", classes=("frog",), image_size=64, held_out=0.2), 1)
    assert frogs.train.values.shape == (4, 3, 64, 64)
    assert frogs.held_out.labels.tolist() == [6]


def test_another_file_in_its_place_is_not_used(cache: Path) -> None:
    images, labels = np.zeros((6, 3, 32, 32), np.uint8), np.zeros(6, np.uint8)
    _place(cache / "cifar10", {"cifar-10-python.tar.gz": _cifar10(images, labels)})
    assert not any(r.urls[0].startswith("http:") for r in published("cifar10"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets.CIFAR10, "url", "https://127.0.0.1:1/cifar-10-python.tar.gz")
        with pytest.raises(DataError, match="cifar10 is not in the cache and cannot be downloaded") as refused:
            load(Cifar10Options(name="cifar10"), 1)
    assert "c58f30108f718f92721af3b95e74349a" in refused.value.hint


def test_torchvisions_sources_are_all_asked_by_https() -> None:
    for name, count in {"fashion_mnist": 4, "kmnist": 4, "cifar10": 1}.items():
        remotes = published(name)
        assert len(remotes) == count
        assert all(len(r.md5) == 32 and "/" not in r.name for r in remotes)
        assert all(url.startswith("https://") and url.endswith(r.name) for r in remotes for url in r.urls)


def test_the_https_form_of_an_address() -> None:
    assert https("http://a.example/x/") == "https://a.example/x/"
    assert https("https://a.example/http://") == "https://a.example/http://"
    assert https("http://bucket.s3-website.some-region.example/") == "https://bucket.s3.some-region.example/"


class _Payload:
    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path) -> None:
    import os
    import subprocess

    marker = tmp_path / "executed"
    payloads = [
        _Payload(os.system, f"touch {marker}"),
        _Payload(eval, f"open({str(marker)!r}, 'w')"),
        _Payload(subprocess.Popen, ("touch", str(marker))),
        _Payload(np.memmap, str(marker), "uint8", "w+", 0, (1,)),
        _Payload(getattr, 1, "real"),
        _Payload(open, str(marker), "w"),
    ]
    for payload in payloads:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            content = pickle.dumps({"data": payload}, protocol=protocol)
            with pytest.raises(DataError, match=r"refused to load .* from a pickle"):
                ArrayUnpickler(io.BytesIO(content)).load()
    assert not marker.exists()


def test_an_array_pickled_by_python_2_is_read() -> None:
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    batch = ArrayUnpickler(io.BytesIO(_pickled_by_python_2(array, [1, 2]))).load()
    assert np.array_equal(batch[b"data"], array)
    assert batch[b"labels"] == [1, 2]
