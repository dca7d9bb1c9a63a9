from __future__ import annotations

import pytest

from ganlab.config.data import DATA, FolderOptions
from ganlab.config.load import experiment_from_mapping
from ganlab.data import load
from ganlab.domain import Images, Points


def test_what_a_sample_is_says_its_shape() -> None:
    assert Images(3, 48, 32).shape == (3, 48, 32)
    assert Points(5).shape == (5,)
    assert Images(1, 28, 28).side == 28
    with pytest.raises(ValueError, match="48 x 32"):
        _ = Images(3, 48, 32).side


@pytest.mark.parametrize("name", ["mnist", "ring", "grid", "swiss_roll"])
def test_options_and_data_agree_on_what_a_sample_is(name: str) -> None:
    options = DATA[name].options.model_validate({"name": name})
    data = load(options, 2)
    assert options.domain == data.domain == data.held_out.domain
    assert data.train.values.shape[1:] == options.shape == options.domain.shape


def test_other_sizes_and_channels() -> None:
    options = experiment_from_mapping({"data": {"name": "mnist", "image_size": 32, "fraction": 0.01}}).data
    data = load(options, 2)
    assert data.domain == options.domain == Images(1, 32, 32)
    assert data.train.values.shape[1:] == (1, 32, 32)
    assert FolderOptions(name="folder", path="x", grayscale=True).domain == Images(1, 64, 64)
    assert FolderOptions(name="folder", path="x").domain == Images(3, 64, 64)
