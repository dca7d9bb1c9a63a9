"""Instance selection: which training images are kept, on data whose outliers are known."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ganlab.config.data import FolderOptions, MnistOptions, StackedMnistOptions
from ganlab.config.load import experiment_from_mapping
from ganlab.data import RealData, Samples, load, to_uint8
from ganlab.data.drawing import pixels
from ganlab.data.instances import COMPONENTS, densest, distances, principal_components
from ganlab.domain import Images
from ganlab.errors import ConfigError, DataError

NAMES = ("common", "rare")


def made(outliers: int = 20) -> tuple[RealData, torch.Tensor]:
    """Two classes of blurred images around a picture of their own, the smaller one of 50; some are noise instead."""
    source = torch.Generator().manual_seed(0)
    pictures = torch.rand(2, 3, 16, 16, generator=source) - 0.5
    labels = (torch.arange(250) >= 200).long()
    images = pictures[labels] + 0.05 * torch.randn(250, 3, 16, 16, generator=source)
    strange = torch.randperm(250, generator=source)[:outliers]
    images[strange] = torch.rand(outliers, 3, 16, 16, generator=source) * 2 - 1
    train = Samples(to_uint8(images), labels, NAMES, Images(3, 16, 16))
    return RealData(train, replace(train, values=train.values[:20], labels=labels[:20]), "0" * 64), strange


def test_outliers_go_and_classes_keep_their_shares() -> None:
    data, strange = made()
    kept = densest(data, 0.8)
    assert len(kept.train) == 200
    ordinary = torch.ones(250, dtype=torch.bool)
    ordinary[strange] = False
    rows = [int((data.train.values == each).flatten(1).all(1).nonzero()) for each in kept.train.values]
    assert rows == sorted(rows), "in their order"
    assert ordinary[rows].all(), "no outlier is left"
    assert torch.bincount(kept.train.labels).tolist() == [160, 40]
    assert torch.equal(kept.train.labels, data.train.labels[rows])


def test_what_is_held_out_stays_and_the_fingerprint_tells_the_choice() -> None:
    data, _ = made()
    half, more = densest(data, 0.5), densest(data, 0.8)
    assert half.held_out is data.held_out
    assert len({data.fingerprint, half.fingerprint, more.fingerprint}) == 3
    again = densest(data, 0.5)
    assert torch.equal(half.train.values, again.train.values)
    assert half.fingerprint == again.fingerprint


def test_the_distance_is_that_of_the_gaussian() -> None:
    """Of points on two axes with variances 4 and 1 it is x^2 / 4 + y^2, but for the ridge."""
    points = torch.randn(5000, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    points = (points - points.mean(0)) @ torch.linalg.inv(torch.linalg.cholesky(points.T.cov(correction=0))).T
    found = distances(points * torch.tensor([2.0, 1.0]) + torch.tensor([7.0, -3.0]))
    assert torch.allclose(found, points.square().sum(1), rtol=5e-3)


def test_components_are_the_widest_ones_around_their_mean() -> None:
    """Their variances are the largest squared singular values of the centred pixels, over the number of images."""
    data, _ = made()
    found = principal_components(data.train)
    assert found.shape == (250, COMPONENTS)
    assert torch.allclose(found.mean(0), torch.zeros(COMPONENTS, dtype=found.dtype), atol=1e-4)
    points = pixels(data.train.values).double()
    widest = torch.linalg.svdvals(points - points.mean(0))[:COMPONENTS].square() / 250
    assert torch.allclose(found.var(0, correction=0).flip(0), widest, rtol=1e-3)


@pytest.mark.parametrize("count", [1, 2, 30])
def test_alike_or_few_images_are_no_obstacle(count: int) -> None:
    data, _ = made()
    few = replace(data, train=replace(data.train, values=data.train.values[:count], labels=data.train.labels[:count]))
    assert len(densest(few, 0.5).train) == count // 2
    alike = replace(data, train=replace(data.train, values=data.train.values[:1].expand(250, -1, -1, -1).clone()))
    assert len(densest(alike, 0.5).train) == 125


def test_experiments_ask_for_it() -> None:
    options = MnistOptions(fraction=0.05, keep_densest=0.5)
    part, whole = load(options, 1), load(MnistOptions(fraction=0.05), 1)
    assert len(part.train) == options.known_size == 1500
    assert len(part.held_out) == len(whole.held_out) == 10_000
    shares = (torch.bincount(each.train.labels) / len(each.train) for each in (part, whole))
    assert torch.allclose(*shares, atol=1e-3)
    assert part.fingerprint != whole.fingerprint
    assert StackedMnistOptions(name="stacked_mnist", images=1000, keep_densest=0.25).known_size == 250
    assert FolderOptions(name="folder", path="x", keep_densest=0.5, fraction=0.5).left_of(100) == 25


def test_points_have_no_such_choice_and_too_few_images_are_refused() -> None:
    mlp = {"generator": {"name": "mlp"}, "discriminator": {"name": "mlp"}}
    with pytest.raises(ConfigError, match=r"data\.keep_densest: unknown key of ring"):
        experiment_from_mapping({"data": {"name": "ring", "keep_densest": 0.5}, **mlp}, ())
    with pytest.raises(ConfigError, match=r"leaves 60 training samples.*\n?.*raise data\.keep_densest"):
        experiment_from_mapping({"data": {"name": "mnist", "keep_densest": 0.001}}, ())
    with pytest.raises(DataError, match="leaves 60 training samples") as refused:
        load(MnistOptions(keep_densest=0.001), 64)
    assert "data.keep_densest" in refused.value.hint
