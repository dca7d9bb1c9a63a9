"""All metrics at once: reals judged as samples are, what each failure reads, and nothing that is not finite."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from ganlab.config.data import RingOptions, SwissRollOptions
from ganlab.data import RealData, to_float
from ganlab.data.points import load
from ganlab.data.selection import take
from ganlab.domain import Points
from ganlab.evaluation.copying import authenticity, copy_distances, pixel_space
from ganlab.evaluation.evaluate import (
    CLASS_METRICS,
    REFERENCE_METRICS,
    TRAINING_METRICS,
    Evaluator,
    _count,
    evaluate,
)
from ganlab.evaluation.features import Features, features_for
from ganlab.evaluation.fid import frechet_distance
from tests.evaluation.drawn import shapes_data

NAMES = {*REFERENCE_METRICS, *TRAINING_METRICS}
OF_PICTURES = {"good_modes", "good_mode_kl", "recognised"}
"""What points do not have: their modes are those of good points anyway, and no classifier names them."""
RING = RingOptions(name="ring", points=1500, held_out=0.4, std=0.05)


@pytest.fixture(scope="module")
def ring() -> RealData:
    """900 training and 600 held-out points of 8 modes."""
    return load(RING)


@pytest.fixture(scope="module")
def features(ring: RealData) -> Features:
    return features_for(RING, ring)


@pytest.fixture(scope="module")
def judge(ring: RealData, features: Features) -> Evaluator:
    return Evaluator(features, ring.train, ring.held_out, count=600, seed=0)


@pytest.fixture
def fresh() -> Tensor:
    """600 points of the same ring that nobody has seen: a perfect generator."""
    return load(RING.model_copy(update={"seed": 1})).held_out.values


def finite(entry: object) -> bool:
    json.dumps(entry, allow_nan=False)
    return True


def test_a_perfect_generator_reads_as_reals_do(judge: Evaluator, fresh: Tensor) -> None:
    metrics = judge(fresh)
    assert set(metrics) == NAMES
    assert finite(metrics)
    assert not any("why" in entry for name, entry in metrics.items() if name not in {"vendi_by_class", *OF_PICTURES})
    bands = {"kid": 0.02, "fid": 0.02, "fid_infinity": 0.02, "ndb": 0.1, "c_t": 1.5, "birthday_support": math.inf}
    for name in sorted(NAMES - OF_PICTURES - {"class_histogram", "lost_classes", "vendi_by_class"}):
        value, real = metrics[name]["value"], metrics[name]["real"]
        assert value == pytest.approx(real, abs=bands.get(name, 0.12)), name
    assert metrics["lost_classes"]["value"] == metrics["lost_classes"]["real"] == []
    assert sum(metrics["class_histogram"]["value"]) == round(600 * metrics["good"]["value"])


def test_reals_are_judged_by_the_same_protocol(judge: Evaluator) -> None:
    """Hand in the reals that took the samples' place: the value has to be the figure beside it."""
    for peers, names in ((judge.reals.peers, REFERENCE_METRICS), (judge.training.peers, TRAINING_METRICS)):
        assert len(peers) == 600
        metrics = judge(peers)
        for name in names:
            assert metrics[name]["value"] == metrics[name]["real"], name


def test_reals_in_the_samples_place_are_not_in_the_reference(judge: Evaluator, ring: RealData) -> None:
    train, held_out = ({tuple(row) for row in part.values.tolist()} for part in (ring.train, ring.held_out))
    assert {tuple(row) for row in judge.reals.peers.tolist()} < train
    assert {tuple(row) for row in judge.reals.reference.seen.features.tolist()} <= held_out
    assert {tuple(row) for row in judge.training.peers.tolist()} <= held_out


def test_figures_are_those_of_the_functions(judge: Evaluator, fresh: Tensor, ring: RealData) -> None:
    metrics = judge(fresh)
    # Points are their own features, and all 600 held-out ones are the reference.
    assert metrics["fid"]["value"] == pytest.approx(frechet_distance(fresh, ring.held_out.values), rel=1e-9)
    space = pixel_space(ring.train.values, Points())
    train = space(ring.train.values)
    assert metrics["authenticity"]["value"] == authenticity(copy_distances(space(fresh), train), train)


def test_copies_are_told(judge: Evaluator, ring: RealData) -> None:
    metrics = judge(ring.train.values[:600])
    assert metrics["copies"]["value"] == 1 > 0.3 > metrics["copies"]["real"]
    assert metrics["authenticity"]["value"] == 0 < metrics["authenticity"]["real"]
    assert metrics["c_t"]["value"] < -3 < metrics["c_t"]["real"]
    assert metrics["nn_train_fake"]["value"] < 0.4 < metrics["nn_train_fake"]["real"]
    assert metrics["precision"]["value"] > 0.9


def test_lost_modes_are_told(judge: Evaluator, ring: RealData, features: Features) -> None:
    known = ring.held_out.values[ring.held_out.labels < 4]
    metrics = judge(known.repeat(3, 1)[:600] + 0.01 * torch.randn(600, 2, generator=torch.Generator().manual_seed(0)))
    assert metrics["lost_classes"]["value"] == list(features.class_names[4:])
    assert metrics["class_kl"]["value"] == pytest.approx(math.log(2), abs=0.1)
    assert metrics["inception_score"]["value"] == pytest.approx(4, abs=0.1)
    assert metrics["coverage"]["value"] < 0.6
    assert metrics["vendi_relative"]["value"] < 0.6


def test_garbage_is_told(judge: Evaluator) -> None:
    metrics = judge(4 * torch.rand(600, 2, generator=torch.Generator().manual_seed(0)) - 2)
    assert metrics["good"]["value"] < 0.1
    assert metrics["precision"]["value"] < 0.2
    assert metrics["nn_fake"]["value"] > 0.8


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [2, 3, 10, 600])
@pytest.mark.parametrize(
    "collapse",
    [
        lambda x: x[:1].repeat(len(x), 1),
        lambda x: 0 * x,
        lambda x: x[: (len(x) + 1) // 2].repeat(2, 1)[: len(x)],
        lambda x: 1e5 * x,
        lambda x: x,
    ],
    ids=["repeated", "constant", "duplicated", "far", "real"],
)
def test_every_figure_is_finite(
    count: int, collapse: Callable[[Tensor], Tensor], ring: RealData, features: Features
) -> None:
    metrics = evaluate(features, collapse(ring.train.values[:count]), ring.train, ring.held_out, seed=0)
    assert set(metrics) == NAMES
    assert finite(metrics)
    for name, entry in metrics.items():
        assert ("why" in entry) == (entry["value"] is None or entry["real"] is None), name
    assert {name for name, entry in metrics.items() if "why" in entry} <= {"c_t", *OF_PICTURES}


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1e30])
def test_samples_that_diverged_are_not_judged(bad: float, judge: Evaluator, fresh: Tensor) -> None:
    fresh = fresh.clone()
    fresh[17, 1] = bad
    metrics = judge(fresh)
    assert set(metrics) == NAMES
    assert finite(metrics)
    for entry in metrics.values():
        assert entry["value"] is None
        assert "not finite" in entry["why"]


@pytest.mark.parametrize(("fakes", "reals"), [(0, 900), (1, 900), (50, 3)])
def test_too_few_samples_are_not_judged(fakes: int, reals: int, ring: RealData, features: Features) -> None:
    few = take(ring.train, torch.arange(reals))
    metrics = evaluate(features, ring.train.values[:fakes], few, ring.held_out, seed=0)
    assert set(metrics) == NAMES
    assert all(entry["value"] is None and "at least 2 samples" in entry["why"] for entry in metrics.values())


def test_few_held_out_samples_leave_half_of_the_training_samples_as_reference(
    ring: RealData, features: Features, fresh: Tensor
) -> None:
    few = take(ring.held_out, torch.arange(40))
    metrics = evaluate(features, fresh, ring.train, few, seed=0)
    assert metrics["fid"]["protocol"] == "fid-ring-coordinates-450-vs-450-half-of-train"
    assert metrics["authenticity"]["protocol"] == "authenticity-pixels-40-vs-900-train"
    assert metrics["nn_train_real"]["protocol"] == "nn_train_real-pixels-40-vs-40-train"
    assert metrics["fid"]["real"] < 0.02


@pytest.mark.parametrize("held_out", [0, 1])
def test_without_held_out_samples_copies_have_nothing_beside_them(
    held_out: int, ring: RealData, features: Features, fresh: Tensor
) -> None:
    none = take(ring.held_out, torch.arange(held_out))
    metrics = evaluate(features, fresh, ring.train, none, seed=0)
    for name in TRAINING_METRICS:
        assert metrics[name]["real"] is None
        assert "held-out" in metrics[name]["why"]
    assert metrics["authenticity"]["value"] > 0.3
    assert metrics["c_t"]["value"] is None
    assert finite(metrics)


def test_without_classes_or_modes_their_metrics_say_so(fresh: Tensor) -> None:
    options = SwissRollOptions(name="swiss_roll", points=600, held_out=0.5)
    data = load(options)
    metrics = evaluate(features_for(options, data), data.train.values, data.train, data.held_out, seed=0)
    for name in NAMES:
        assert (metrics[name]["value"] is None) == (name in (*CLASS_METRICS, "modes", "mode_kl", *OF_PICTURES)), name
    assert metrics["class_kl"]["why"] == "the features know no classes"
    assert metrics["mode_kl"]["why"] == "the modes of such data are not known"


def test_images() -> None:
    data = shapes_data()
    features = features_for(None, data)
    metrics = evaluate(features, to_float(data.held_out.values), data.train, data.held_out, seed=0)
    assert finite(metrics)
    assert metrics["fid"]["value"] == pytest.approx(0, abs=1e-6)
    assert metrics["fid"]["protocol"] == f"fid-{features.name}-200-vs-200-held-out"
    grey = evaluate(features, torch.zeros(150, 3, 32, 32), data.train, data.held_out, seed=0)
    assert finite(grey)
    assert grey["fid"]["value"] > 10 * abs(grey["fid"]["real"])
    assert grey["precision"]["value"] == grey["coverage"]["value"] == 0


def test_what_the_features_do_not_see_has_no_figure() -> None:
    data = shapes_data()
    features = replace(features_for(None, data), blind=("variety",))
    metrics = evaluate(features, to_float(data.held_out.values), data.train, data.held_out, seed=0)
    assert metrics["vendi_relative"]["value"] is None
    assert metrics["vendi_relative"]["why"] == "the features cannot see variety on such samples"
    assert metrics["coverage"]["value"] is not None


def test_depends_on_nothing_but_its_arguments(judge: Evaluator, ring: RealData, features: Features) -> None:
    fake = ring.train.values[:600] + 0.01
    before = fake.clone()
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = evaluate(features, fake, ring.train, ring.held_out, seed=0)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(fake, before)
    assert judge(fake) == judge(fake) == first
    assert evaluate(features, fake, ring.train, ring.held_out, seed=1) != first


def test_progress_runs_from_nothing_to_nearly_all(ring: RealData, features: Features, fresh: Tensor) -> None:
    told: list[tuple[str, float]] = []
    evaluate(features, fresh, ring.train, ring.held_out, 0, progress=lambda step, share: told.append((step, share)))
    shares = [share for _, share in told]
    half = (len(shares) + 1) // 2
    assert shares[half:] == sorted(shares[half:]) == shares[1:half]
    assert shares[0] == shares[half] == 0
    assert max(shares) < 1


def test_another_number_of_samples_is_refused(judge: Evaluator, fresh: Tensor) -> None:
    with pytest.raises(ValueError, match="600 samples were announced, but 599 came"):
        judge(fresh[:599])


@pytest.mark.parametrize(("number", "text"), [(0, "0"), (974, "974"), (1000, "1k"), (10_000, "10k"), (5851, "5851")])
def test_counts_in_protocols(number: int, text: str) -> None:
    assert _count(number) == text
