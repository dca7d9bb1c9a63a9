"""Real digits in pixel space."""

from __future__ import annotations

import pytest
from torch import Tensor

from ganlab.config.data import MnistOptions
from ganlab.data import RealData, load
from ganlab.evaluation.copying import PixelSpace, pixel_space


@pytest.fixture(scope="module")
def mnist() -> RealData:
    return load(MnistOptions(), 64)


@pytest.fixture(scope="module")
def space(mnist: RealData) -> PixelSpace:
    return pixel_space(mnist.train.values, mnist.domain)


@pytest.fixture(scope="module")
def train(mnist: RealData, space: PixelSpace) -> Tensor:
    return space(mnist.train.values)
