from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ganlab.errors import DataError
from ganlab.monitor.reals import checked, given_data, named_data


def test_some_classes_of_a_named_set() -> None:
    options, data = named_data("mnist[3,8]")
    assert options is not None
    assert options.name == "mnist"
    assert data.train.labels.unique().tolist() == [3, 8]
    assert len(data.held_out) == 1010 + 974


@pytest.mark.parametrize("text", ["imagenet", "", "folder", "mnist[3", "mnist[eleven]", "ring[1]", "../mnist"])
def test_what_is_no_data_set_is_refused(text: str) -> None:
    with pytest.raises(DataError):
        named_data(text)


def test_an_array_is_split_and_keeps_its_bytes() -> None:
    images = torch.randint(0, 256, (50, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    labels = np.arange(50) % 3
    data = given_data(images / 127.5 - 1, labels, seed=1)
    rows = torch.cat([data.train.values, data.held_out.values])
    assert len(data.held_out) == 25
    assert sorted(row.sum().item() for row in rows.float()) == sorted(row.sum().item() for row in images.float())
    assert data.train.class_names == ("0", "1", "2")
    assert given_data(images, labels, seed=1).fingerprint == data.fingerprint


@pytest.mark.parametrize(
    ("real", "labels", "message"),
    [
        (torch.rand(20, 1, 8, 8), None, r"images in \[0, 1\]"),
        (torch.randn(20, 1, 8, 8) * 5, None, r"outside \[-1, 1\]"),
        (torch.zeros(20, 8, 8, 1) - 1, None, "shape"),
        (torch.zeros(20, 8, 8, 8, dtype=torch.uint8), None, "shape"),
        (torch.zeros(20, 1, 8, 8, dtype=torch.int64), None, "int64"),
        (torch.full((20, 2), float("nan")), None, "NaN"),
        (torch.randn(3, 2), None, "at least 4|3 samples"),
        (torch.randn(20, 2), torch.zeros(19, dtype=torch.int64), "labels"),
        (torch.randn(20, 2), torch.zeros(20), "labels"),
        (torch.randn(20, 2), torch.full((20,), -1), "labels"),
    ],
)
def test_reals_of_another_kind_are_refused(real: Any, labels: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        given_data(real, labels, seed=0)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (torch.zeros(4, 1, 8, 8, dtype=torch.uint8), "uint8"),
        (torch.zeros(4, 1, 9, 8), "real ones"),
        (torch.full((4, 1, 8, 8), 1.5), r"outside \[-1, 1\]"),
        (torch.zeros(1, 1, 8, 8), "at least 2"),
        (torch.zeros(64), "shape"),
    ],
)
def test_samples_of_another_kind_are_refused(samples: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        checked(samples, (1, 8, 8))


def test_broken_samples_are_let_through() -> None:
    """A generator that makes NaN is what a verdict is for."""
    samples = torch.zeros(4, 1, 8, 8)
    samples[0, 0, 0, 0] = float("nan")
    assert torch.equal(checked(samples, (1, 8, 8)).isnan(), samples.isnan())
    assert checked(np.zeros((3, 2)), None).dtype == torch.float32
