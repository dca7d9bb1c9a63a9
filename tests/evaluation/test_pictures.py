from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from ganlab.data import RealData, Samples, to_float
from ganlab.diagnosis.case import Case
from ganlab.diagnosis.evidence import Evidence
from ganlab.domain import Images
from ganlab.evaluation import pictures
from ganlab.evaluation.features import Features, features_for
from ganlab.evaluation.modes import vendi
from ganlab.evaluation.statistics import SampleStatistics
from ganlab.runs.snapshots import Row
from tests.evaluation.drawn import KINDS, shapes, shapes_data

N = 200


@pytest.fixture(scope="module")
def data() -> RealData:
    return shapes_data()


@pytest.fixture(scope="module")
def features(data: RealData) -> Features:
    return features_for(None, data)


@pytest.fixture(scope="module")
def statistics(data: RealData, features: Features) -> SampleStatistics:
    return SampleStatistics(features, data.train, data.held_out, N, seed=0)


@pytest.fixture(scope="module")
def fresh() -> Tensor:
    """Pictures like the data that nothing was fitted to."""
    return to_float(shapes(N, seed=7).values)


def test_pictures_like_the_data_pass_and_are_as_varied(statistics: SampleStatistics, fresh: Tensor) -> None:
    row = Row(statistics.row(fresh, thorough=False))
    assert row["good"] > 0.8
    assert row.relative_vendi() == pytest.approx(1, abs=0.15)
    assert row["coverage"] > 0.8


def _broken(kind: str, real: Tensor) -> Tensor:
    source = torch.Generator().manual_seed(3)
    coarse = torch.rand(len(real), 3, 5, 5, generator=source) * 2 - 1
    return {
        "noise": lambda: torch.rand(real.shape, generator=source) * 2 - 1,
        "faint noise": lambda: 0.2 * torch.randn(real.shape, generator=source),
        "greys": lambda: (torch.rand(len(real), 1, 1, 1, generator=source) * 2 - 1).expand(real.shape),
        "mush": lambda: torch.nn.functional.interpolate(coarse, real.shape[2:], mode="bilinear"),
        "upside-down colours": lambda: -real,
    }[kind]()


@pytest.mark.parametrize("kind", ["noise", "faint noise", "greys", "mush", "upside-down colours"])
def test_garbage_is_seen(kind: str, statistics: SampleStatistics, fresh: Tensor) -> None:
    row = statistics.row(_broken(kind, fresh), thorough=False)
    assert row["good"] < 0.25
    assert row["coverage"] < 0.25


@pytest.mark.parametrize("different", [1, 4, 16, 64])
def test_repeated_pictures_are_counted(different: int, features: Features, fresh: Tensor) -> None:
    repeated = fresh[torch.arange(N) % different]
    assert different * 0.5 < vendi(features.see(repeated).appearance) <= different + 1e-3


def test_classes_are_known_where_the_features_tell_them_apart(features: Features) -> None:
    held = shapes(N, seed=8)
    seen = features.see(to_float(held.values))
    assert features.class_names == KINDS
    assert seen.probabilities is not None
    assert torch.allclose(seen.probabilities.sum(1), torch.ones(N))
    assert (seen.probabilities.argmax(1) == held.labels).float().mean() > 0.8


def test_classes_that_look_alike_are_not_counted(data: RealData) -> None:
    drawn = torch.Generator().manual_seed(0)
    chance = torch.randint(3, (len(data.train),), generator=drawn)
    blind = features_for(None, replace(data, train=replace(data.train, labels=chance)))
    assert blind.class_names == ()
    assert blind.see(to_float(data.held_out.values)).probabilities is None


def test_what_is_fitted_is_the_same_for_every_split_and_order(
    data: RealData, features: Features, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "fit", lambda pictures: pytest.fail("fitted again"))
    values = torch.cat([data.train.values, data.held_out.values])
    labels = torch.cat([data.train.labels, data.held_out.labels])
    order = torch.randperm(len(values), generator=torch.Generator().manual_seed(5))
    for held in (0, 7, len(values) // 2):
        train, held_out = (
            replace(data.train, values=values[rows], labels=labels[rows]) for rows in (order[held:], order[:held])
        )
        found = features_for(None, RealData(train, held_out, fingerprint="of another split"))
        assert found.name == features.name
        images = to_float(values[:20])
        assert torch.equal(found.see(images).features, features.see(images).features)


def test_other_pictures_and_other_labels_are_fitted_to(data: RealData, features: Features) -> None:
    turned = replace(data, train=replace(data.train, values=data.train.values.flip(3)))
    alone = replace(data, **{name: replace(part, labels=part.labels * 0) for name, part in _parts(data).items()})
    names = {features_for(None, each).name for each in (data, turned, alone)}
    assert len(names) == 3


def _parts(data: RealData) -> dict[str, Samples]:
    return {"train": data.train, "held_out": data.held_out}


def test_figures_are_the_same_whether_what_the_reals_give_was_kept_or_not(
    data: RealData, features: Features, fresh: Tensor
) -> None:
    def row(features: Features) -> dict[str, Any]:
        return SampleStatistics(features, data.train, data.held_out, 60, seed=3).row(fresh[:60], thorough=True)

    never = row(replace(features, content=""))
    assert never == row(features) == row(features)


def test_fitting_leaves_the_global_generator_alone(data: RealData) -> None:
    before = torch.random.get_rng_state()
    pictures.fit(shapes(60))
    assert torch.equal(torch.random.get_rng_state(), before)


def _of(values: Tensor) -> RealData:
    data = shapes_data()
    labels = torch.zeros(len(values)).long()
    domain = Images(*values.shape[1:])
    train = replace(data.train, values=values, labels=labels, class_names=("all",), domain=domain)
    return RealData(
        train, replace(train, values=values[:0], labels=labels[:0]), fingerprint=f"{int(values.sum()):064d}"
    )


@pytest.mark.parametrize("kind", ["noise", "constant"])
def test_what_the_features_cannot_see_on_the_reals_is_not_judged(kind: str) -> None:
    noise = torch.randint(256, (120, 3, 28, 28), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    data = _of(noise if kind == "noise" else torch.full_like(noise, 130))
    features = features_for(None, data)
    assert features.blind
    row = SampleStatistics(features, data.train, data.held_out, 50, 0).row(to_float(noise[:50]), thorough=False)
    assert row["unseen"] == list(features.blind)
    gone = {"quality": {"good", "precision", "coverage"}, "variety": {"vendi"}}
    assert not any(gone[sight] & set(row) for sight in features.blind)
    case = Case(Evidence("made up", snapshots=(Row({"step": 100, **row}),)))
    assert any(f"cannot judge {features.blind[0]} on such images" in each.how for each in case.missing)


def test_few_pictures_are_enough_to_fit() -> None:
    data = shapes_data(24)
    features = features_for(None, data)
    seen = features.see(to_float(data.held_out.values))
    assert seen.features.isfinite().all()
    assert seen.appearance.isfinite().all()
