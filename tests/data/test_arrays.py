from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ganlab.data.arrays import (
    FROM_FILES,
    GENERATED,
    LEVELS,
    REAL,
    SIGNED,
    UNIT,
    generated,
    held_out_share,
    real_data,
    scale_of,
    understand,
)
from ganlab.domain import Images, Points
from ganlab.errors import DataError

BYTES = torch.randint(0, 256, (50, 3, 12, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("accepted", [REAL, FROM_FILES])
def test_bytes_and_floats_hold_the_same_images(accepted: Any) -> None:
    from_bytes = understand([BYTES], "x", accepted)
    from_floats = understand([(BYTES / 127.5 - 1).numpy()], "x", accepted)
    assert from_bytes.domain == from_floats.domain == Images(3, 12, 8)
    torch.testing.assert_close(from_bytes.floats()[0], from_floats.floats()[0], atol=1e-6, rtol=0)
    assert torch.equal(from_bytes.stored()[0], BYTES)
    assert torch.equal(from_floats.stored()[0], BYTES)


def test_images_with_values_just_below_0_are_not_in_0_to_1() -> None:
    values = np.linspace(-5e-4, 1, 20 * 64).reshape(20, 8, 8)
    assert str(understand([values], "x", FROM_FILES)) == "images of [-1, 1], N,H,W"
    assert str(understand([abs(values)], "x", FROM_FILES)) == "images of [0, 1], N,H,W"


@pytest.mark.parametrize("accepted", [REAL, FROM_FILES])
def test_floats_are_read_on_the_scale_that_they_show(accepted: Any) -> None:
    """What torchvision makes of a picture, and what NumPy makes of its bytes."""
    for values, said in ((BYTES / 255, "[0, 1]"), (BYTES.float(), "[0, 255]"), (BYTES / 127.5 - 1, "[-1, 1]")):
        found = understand([values], "x", accepted)
        assert str(found) == f"images of {said}, N,C,H,W"
        assert torch.equal(found.stored()[0], BYTES)
    with pytest.raises(DataError, match="from 0 to 3"):
        understand([BYTES / 85], "x", accepted)


@pytest.mark.parametrize(
    ("low", "high", "reals", "scale"),
    [
        (-0.9, 0.9, None, SIGNED),
        (-1e-3, 0.9, None, SIGNED),
        (0.1, 0.9, None, UNIT),
        (0.1, 0.9, SIGNED, UNIT),
        (3, 250, None, LEVELS),
        (3, 250, UNIT, LEVELS),
        (-0.1, 0.8, UNIT, UNIT),  # no bounds: a little below black
        (-20, 200, LEVELS, LEVELS),
        (-0.9, 0.8, UNIT, SIGNED),
        (0.1, 1.4, SIGNED, SIGNED),
        (0.1, 1.4, None, None),
        (0.5, 0.5, SIGNED, None),
    ],
)
def test_samples_tell_their_scale(low: float, high: float, reals: Any, scale: Any) -> None:
    assert scale_of(np.linspace(low, high, 40).reshape(10, 2, 2), reals) is scale
    assert scale_of(np.linspace(low, high, 40).reshape(20, 2), reals) is None, "points have none"


def test_the_caller_s_array_is_left_alone() -> None:
    values = np.full((20, 8, 8), 0.25, np.float32)
    assert understand([values], "x", FROM_FILES).floats()[0].unique().tolist() == [-0.5]
    assert np.unique(values).tolist() == [0.25]


def test_an_array_is_split_and_keeps_its_bytes() -> None:
    labels = np.arange(50) % 3
    data, scale = real_data(BYTES / 127.5 - 1, labels, seed=1)
    assert scale is SIGNED
    rows = torch.cat([data.train.values, data.held_out.values])
    assert len(data.held_out) == 25
    assert data.domain == Images(3, 12, 8)
    assert sorted(row.sum().item() for row in rows.float()) == sorted(row.sum().item() for row in BYTES.float())
    assert data.train.class_names == ("0", "1", "2")
    assert real_data(BYTES, labels, seed=1)[0].fingerprint == data.fingerprint


def test_half_of_few_reals_and_a_thousand_of_many_are_set_aside() -> None:
    assert [int(count * held_out_share(count)) for count in (4, 50, 2000, 60_000)] == [2, 25, 1000, 1000]


@pytest.mark.parametrize(
    ("real", "labels", "message"),
    [
        (torch.rand(20, 1, 8, 8) * 3, None, r"floats in \[0, 1\]"),
        (torch.randn(20, 1, 8, 8) * 5, None, r"floats in \[-1, 1\]"),
        (torch.zeros(20, 8, 8, 2) - 1, None, "shape"),
        (torch.zeros(20, 8, 8, 8, dtype=torch.uint8), None, "shape"),
        (torch.full((20, 1, 8, 8), 300), None, "int64 from 300 to 300"),
        (torch.full((20, 2), float("nan")), None, "NaN"),
        (torch.randn(3, 2), None, "3 samples"),
        (torch.randn(20, 2), torch.zeros(19, dtype=torch.int64), "labels"),
        (torch.randn(20, 2), torch.zeros(20), "labels"),
        (torch.randn(20, 2), torch.full((20,), -1), "labels"),
    ],
)
def test_reals_of_another_kind_are_refused(real: Any, labels: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        real_data(real, labels, seed=0)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (torch.full((4, 1, 8, 8), 256), "int64"),
        (torch.full((4, 1, 8, 8), 1.5), "float32 from 1.5"),
        (torch.zeros(1, 1, 8, 8), "at least 2"),
        (torch.zeros(64), "shape"),
        (torch.tensor(1.0), "holds 1 sample"),
    ],
)
def test_samples_of_another_kind_are_refused(samples: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        generated(samples)


def test_broken_samples_are_let_through() -> None:
    """A generator that makes NaN is what a verdict is for."""
    samples = torch.zeros(4, 1, 8, 8)
    samples[0, 0, 0, :2] = torch.tensor([float("nan"), float("inf")])
    found, domain = generated(samples)
    assert domain == Images(1, 8, 8)
    assert torch.equal(found.nan_to_num(), samples.nan_to_num())
    assert generated(torch.full((4, 1, 8, 8), float("nan")))[0].isnan().all()
    assert generated(np.zeros((3, 2)))[1] == Points()


def test_untrained_samples_are_not_guessed_to_be_in_0_to_1() -> None:
    grey = torch.full((4, 1, 8, 8), 0.25, dtype=torch.bfloat16)
    assert generated(grey)[0].unique().tolist() == [0.25]
    assert str(understand([grey], "x", GENERATED)) == "images of [-1, 1], N,C,H,W"


class Elsewhere:
    """An array of another library on a device that cannot be read here."""

    def __dlpack__(self, **_: Any) -> Any:
        raise BufferError("on another device")

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


@pytest.mark.parametrize(
    "samples",
    [
        Elsewhere(),
        torch.ones(20, 2).to_sparse(),
        torch.ones(20, 2, device="meta"),
        torch.ones(20, 2, dtype=torch.complex64),
        torch.ones(20, 2, dtype=torch.complex64).conj(),
        [[1.0, 2.0], [3.0]],
        "samples",
    ],
)
def test_what_is_no_array_of_numbers_is_refused(samples: Any) -> None:
    with pytest.raises(DataError, match="samples"):
        generated(samples)
    with pytest.raises(DataError, match="labels"):
        real_data(BYTES, samples, seed=0)


@pytest.mark.filterwarnings("ignore:.*quantized:UserWarning")
def test_quantized_samples_are_refused() -> None:
    with pytest.raises(DataError, match="cannot be read as an array"):
        generated(torch.quantize_per_tensor(torch.ones(20, 2), 0.1, 0, torch.quint8))


class FromAnotherLibrary:
    """An array that has nothing but DLPack."""

    def __init__(self, values: torch.Tensor) -> None:
        self.values = values

    def __dlpack__(self, **options: Any) -> Any:
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.values.__dlpack_device__()


def test_arrays_of_other_libraries_come_through_dlpack() -> None:
    values = torch.linspace(-1, 1, 40).reshape(20, 2)
    assert torch.equal(generated(FromAnotherLibrary(values))[0], values)  # type: ignore[arg-type]


def test_views_and_small_floats_are_read() -> None:
    numbers = torch.linspace(-1, 1, 40).reshape(20, 2)
    negated = torch.complex(torch.zeros(20, 2), -numbers).conj().imag
    assert negated.is_neg()
    assert torch.equal(generated(negated)[0], numbers)
    for kind in (torch.bfloat16, torch.float16, torch.float8_e4m3fn):
        assert torch.equal(generated(numbers.to(kind))[0], numbers.to(kind).float())


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int64])
def test_labels_may_be_integers_of_any_type(kind: Any) -> None:
    data, _ = real_data(BYTES, (np.arange(50) % 3).astype(kind), seed=0)
    assert sorted({*data.train.labels.tolist(), *data.held_out.labels.tolist()}) == [0, 1, 2]


@pytest.mark.parametrize("label", [-1, 1 << 16, 10**12])
def test_what_is_no_class_number_is_refused(label: int) -> None:
    with pytest.raises(DataError, match="one integer from 0"):
        real_data(BYTES, np.full(50, label), seed=0)


class Foreign:
    """An array of another library, which NumPy can read."""

    def __init__(self, values: np.ndarray[Any, Any]) -> None:
        self.values = values


class WithArray(Foreign):
    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
        return self.values


class WithNumpy(Foreign):
    def numpy(self) -> np.ndarray[Any, Any]:
        return self.values


@pytest.mark.parametrize("wrap", [WithArray, WithNumpy, np.asarray, torch.from_numpy])
def test_arrays_of_any_library_and_layout_hold_the_same_images(wrap: Any) -> None:
    first = np.random.default_rng(0).integers(0, 256, (20, 3, 8, 10), np.uint8)
    last = np.ascontiguousarray(first.transpose(0, 2, 3, 1))
    floats = (first / 127.5 - 1).astype(np.float32)
    for values in (first, last, floats, floats.transpose(0, 2, 3, 1).copy()):
        found, domain = generated(wrap(values))
        assert domain == Images(3, 8, 10)
        np.testing.assert_allclose(found.numpy(), floats, atol=1e-6)
        data, _ = real_data(wrap(values), None, seed=0)
        assert data.domain == Images(3, 8, 10)
        assert len(data.train) + len(data.held_out) == 20
