from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganlab.config.data import MnistOptions
from ganlab.data import RealData, load
from ganlab.data.mnist import TRAINING_IMAGES, pack, unpack
from ganlab.data.mnist.pack import MD5, run_lengths
from ganlab.errors import DataError
from tests.data.idx import write_idx

PACKAGE = Path(pack.__file__).parent
ORIGINALS = Path(__file__).parents[3] / "shared" / "data" / "mnist"


def _load(**options: object) -> RealData:
    return load(MnistOptions.model_validate(options), batch_size=1)


def test_the_embedded_copy_is_the_published_data_bit_for_bit() -> None:
    images, labels = unpack()
    parts = {
        "train-images-idx3-ubyte": images[:TRAINING_IMAGES],
        "train-labels-idx1-ubyte": labels[:TRAINING_IMAGES],
        "t10k-images-idx3-ubyte": images[TRAINING_IMAGES:],
        "t10k-labels-idx1-ubyte": labels[TRAINING_IMAGES:],
    }
    assert {name: hashlib.md5(write_idx(part)).hexdigest() for name, part in parts.items()} == MD5


def test_the_archive_is_small_and_its_licence_stands_beside_it() -> None:
    assert (PACKAGE / "mnist.npz").stat().st_size <= 10_000_000
    licence = (PACKAGE / "LICENSE.txt").read_text()
    assert "Yann LeCun and Corinna Cortes" in licence
    assert "https://creativecommons.org/licenses/by-sa/3.0/" in licence


def test_all_digits() -> None:
    data = _load()
    assert data.train.values.shape == (60_000, 1, 28, 28)
    assert data.held_out.values.shape == (10_000, 1, 28, 28)
    assert data.train.values.dtype == torch.uint8
    assert data.train.labels.dtype == torch.int64
    assert data.train.class_names == tuple("0123456789")
    assert torch.bincount(data.train.labels).tolist() == list(MnistOptions.class_sizes.values())


def test_one_digit_keeps_its_number() -> None:
    data = _load(classes=(8,))
    assert len(data.train) == 5851
    assert data.train.labels.unique().tolist() == [8]
    assert len(data.held_out) == 974
    assert data.held_out.labels.unique().tolist() == [8]
    by_name = _load(classes=("8",))
    assert torch.equal(by_name.train.values, data.train.values)
    assert by_name.fingerprint == data.fingerprint


def test_a_held_out_share_comes_out_of_the_training_images_before_the_fraction() -> None:
    data = _load(classes=(8,), held_out=0.1, fraction=0.5)
    assert (len(data.held_out), len(data.train)) == (585, (5851 - 585) // 2)
    train = {image.numpy().tobytes() for image in data.train.values}
    held = {image.numpy().tobytes() for image in data.held_out.values}
    assert not train & held
    assert torch.equal(data.held_out.values, _load(classes=(8,), held_out=0.1).held_out.values)


@pytest.mark.parametrize(
    "options", [{}, {"classes": (8,)}, {"fraction": 0.3}, {"held_out": 0.2}, {"held_out": 0.07, "fraction": 0.33}]
)
def test_the_size_known_before_loading_is_the_size_loaded(options: dict[str, object]) -> None:
    assert MnistOptions.model_validate(options).known_size == len(_load(**options).train)


def test_imbalance_thins_classes_out_geometrically_held_out_ones_too() -> None:
    data = _load(classes=(1, 3, 8), imbalance=0.04)
    assert torch.bincount(data.train.labels)[[1, 3, 8]].tolist() == [6742, int(6131 * 0.2), int(5851 * 0.04)]
    assert torch.bincount(data.held_out.labels)[[1, 3, 8]].tolist() == [1135, int(1010 * 0.2), int(974 * 0.04)]
    assert MnistOptions(classes=(1, 3, 8), imbalance=0.04).known_size == len(data.train)


def test_a_fraction_does_not_touch_the_test_split() -> None:
    assert len(_load(fraction=0.01).held_out) == 10_000


@pytest.mark.parametrize("size", [32, 64, 128])
def test_resizing_agrees_with_pillow(size: int) -> None:
    small, large = _load(classes=(8,), fraction=0.005), _load(classes=(8,), fraction=0.005, image_size=size)
    assert large.train.values.shape == (29, 1, size, size)
    assert large.held_out.values.shape == (974, 1, size, size)
    for before, after in zip(small.train.values, large.train.values, strict=True):
        expected = Image.fromarray(before[0].numpy()).resize((size, size), Image.Resampling.BILINEAR)
        assert np.abs(np.asarray(expected).astype(int) - after[0].numpy()).max() <= 1


def test_the_fingerprint_tells_other_training_data_apart() -> None:
    options: list[dict[str, object]] = [
        {"classes": (8,)},
        {"classes": (3,)},
        {"classes": (8,), "fraction": 0.5},
        {"classes": (8,), "fraction": 0.5, "seed": 1},
        {"classes": (8,), "held_out": 0.1},
        {"classes": (8,), "image_size": 32},
    ]
    prints = [_load(**o).fingerprint for o in options]
    assert len(set(prints)) == len(prints)
    assert prints == [_load(**o).fingerprint for o in options]


def test_a_class_that_is_not_there_is_refused() -> None:
    with pytest.raises(DataError, match="10 is not among the 10 classes"):
        _load(classes=(10,))


def test_long_runs_are_cut_so_that_they_fit_a_byte() -> None:
    mask = np.array([True] * 2 + [False] * 600 + [True] * 255 + [False])
    runs = run_lengths(mask)
    assert runs.tolist() == [0, 2, 255, 0, 255, 0, 90, 255, 1]
    assert np.array_equal(np.repeat(np.arange(len(runs)) % 2 == 1, runs), mask)


@pytest.mark.skipif(not ORIGINALS.is_dir(), reason="needs the original MNIST files")
def test_packing_the_originals_gives_the_embedded_archive_again(tmp_path: Path) -> None:
    pack.pack(ORIGINALS, tmp_path / "mnist.npz")
    # Other builds of zlib pack the same content into other bytes, so the content is compared.
    with np.load(tmp_path / "mnist.npz") as ours, np.load(PACKAGE / "mnist.npz") as shipped:
        assert all(np.array_equal(ours[name], shipped[name]) for name in ("runs", "ink", "labels"))
