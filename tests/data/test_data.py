from __future__ import annotations

import pytest
import torch

from ganlab.config.data import MnistOptions, RingOptions
from ganlab.data import load, to_float, to_uint8
from ganlab.errors import DataError


def test_every_level_survives_the_way_to_float_and_back() -> None:
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    floats = to_float(levels)
    assert floats.dtype == torch.float32
    assert (floats.min(), floats.max()) == (-1.0, 1.0)
    assert floats.flatten()[51].item() == pytest.approx(51 / 127.5 - 1)
    assert torch.equal(to_uint8(floats), levels)
    assert torch.equal(levels.flatten(), torch.arange(256, dtype=torch.uint8)), "the source must stay as it is"


def test_points_pass_to_float_unchanged() -> None:
    points = torch.tensor([[3.0, -4.0]])
    assert torch.equal(to_float(points), points)


def test_to_uint8_rounds_clamps_and_has_a_level_for_nan() -> None:
    samples = torch.tensor([-7.0, -1.0, -1 + 0.4 / 127.5, -1 + 0.6 / 127.5, 1.0, 7.0, float("inf"), float("nan")])
    assert to_uint8(samples).tolist() == [0, 0, 0, 1, 255, 255, 255, 0]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_to_uint8_of_half_precision_is_computed_in_float32(dtype: torch.dtype) -> None:
    samples = torch.tensor([-1.0, 0.0, 0.5, 1.0], dtype=dtype)
    assert to_uint8(samples).tolist() == [0, 128, 191, 255]


def test_less_than_a_batch_is_refused_with_the_number_there_is() -> None:
    options = MnistOptions(classes=(8,), fraction=0.01)
    assert len(load(options, 58).train) == 58
    with pytest.raises(DataError, match=r"mnist leaves 58 training samples .* one batch of 59") as refused:
        load(options, 59)
    assert "at most 58" in refused.value.hint


def test_no_sample_left_at_all_is_refused_without_advice_that_cannot_help() -> None:
    with pytest.raises(DataError, match="leaves 0 training samples") as refused:
        load(RingOptions(name="ring", points=100, fraction=0.001), 1)
    assert "batch_size" not in refused.value.hint
